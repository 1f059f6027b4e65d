/* Distributed arrays: the pieces of all ranks of a grid cover the array once, at the places the rules say. */
#include "harness.h"

enum { ROWS = 7, COLUMNS = 10 };

/* The owner of index i of n over p processes. */
static int owner(int kind, int arg, int i, int n, int p)
{
    if (kind == MPI_DISTRIBUTE_NONE)
        return 0;
    if (kind == MPI_DISTRIBUTE_BLOCK)
        return i / (arg == MPI_DISTRIBUTE_DFLT_DARG ? (n + p - 1) / p : arg);
    return i / (arg == MPI_DISTRIBUTE_DFLT_DARG ? 1 : arg) % p;
}

static void check(int kind0, int arg0, int kind1, int arg1, int p0, int p1, int order)
{
    const int sizes[2] = {ROWS, COLUMNS}, kinds[2] = {kind0, kind1}, args[2] = {arg0, arg1}, grid[2] = {p0, p1};
    for (int rank = 0; rank < p0 * p1; rank++) {
        int whole[ROWS * COLUMNS], part[ROWS * COLUMNS], size, position = 0, n = 0;
        MPI_Aint lb, extent;
        MPI_Datatype type;
        CALL(MPI_Type_create_darray(p0 * p1, rank, 2, sizes, kinds, args, grid, order, MPI_INT, &type));
        CALL(MPI_Type_commit(&type));
        for (int i = 0; i < ROWS * COLUMNS; i++)
            whole[i] = i;
        CALL(MPI_Type_size(type, &size));
        CALL(MPI_Type_get_extent(type, &lb, &extent));
        EQ(lb, 0);
        EQ(extent, sizeof whole);
        CALL(MPI_Pack(whole, 1, type, part, sizeof part, &position, MPI_COMM_WORLD));
        EQ(position, size);
        int outer = order == MPI_ORDER_C ? ROWS : COLUMNS, inner = order == MPI_ORDER_C ? COLUMNS : ROWS;
        for (int a = 0; a < outer; a++)
            for (int b = 0; b < inner; b++) {
                int row = order == MPI_ORDER_C ? a : b, column = order == MPI_ORDER_C ? b : a;
                int at = owner(kind0, arg0, row, ROWS, p0) * p1 + owner(kind1, arg1, column, COLUMNS, p1);
                if (at != rank)
                    continue;
                if (n < size / 4)
                    EQ(part[n], a * inner + b);
                n++;
            }
        EQ(n, size / 4);
        CALL(MPI_Type_free(&type));
    }
}

int main(int argc, char **argv)
{
    const int D = MPI_DISTRIBUTE_DFLT_DARG;
    t_start(&argc, &argv);
    for (int order = 0; order < 2; order++) {
        int o = order ? MPI_ORDER_FORTRAN : MPI_ORDER_C;
        check(MPI_DISTRIBUTE_BLOCK, D, MPI_DISTRIBUTE_BLOCK, D, 2, 2, o);
        check(MPI_DISTRIBUTE_BLOCK, 4, MPI_DISTRIBUTE_CYCLIC, D, 2, 3, o);
        check(MPI_DISTRIBUTE_CYCLIC, 2, MPI_DISTRIBUTE_CYCLIC, 3, 2, 2, o);
        check(MPI_DISTRIBUTE_NONE, D, MPI_DISTRIBUTE_CYCLIC, 2, 1, 4, o);
        check(MPI_DISTRIBUTE_CYCLIC, D, MPI_DISTRIBUTE_NONE, D, 3, 1, o);
        check(MPI_DISTRIBUTE_BLOCK, D, MPI_DISTRIBUTE_BLOCK, D, 3, 4, o);
        if (D != 19) /* a block size that another ABI uses as the constant */
            check(MPI_DISTRIBUTE_BLOCK, 19, MPI_DISTRIBUTE_BLOCK, D, 1, 4, o);
    }
    return t_end();
}
