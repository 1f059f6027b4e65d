/* Grids: every rank's place, its neighbours and the parts of the grid. */
#include "harness.h"

static void places(MPI_Comm grid, const int dims[2])
{
    int rank, coords[2], back, from, to, kind;
    CALL(MPI_Comm_rank(grid, &rank));
    CALL(MPI_Cart_coords(grid, rank, 2, coords));
    EQ(coords[0] * dims[1] + coords[1], rank);
    CALL(MPI_Cart_rank(grid, coords, &back));
    EQ(back, rank);
    CALL(MPI_Cart_shift(grid, 0, 1, &from, &to));
    EQ(to, (coords[0] + 1) % dims[0] * dims[1] + coords[1]);
    EQ(from, (coords[0] + dims[0] - 1) % dims[0] * dims[1] + coords[1]);
    CALL(MPI_Cart_shift(grid, 1, 1, &from, &to));
    EQ(to, coords[1] + 1 < dims[1] ? rank + 1 : MPI_PROC_NULL);
    EQ(from, coords[1] > 0 ? rank - 1 : MPI_PROC_NULL);
    CALL(MPI_Topo_test(grid, &kind));
    EQ(kind, MPI_CART);
}

/* The sum over a row is known from the coordinates. */
static void rows(MPI_Comm grid, const int dims[2])
{
    const int keep[2] = {0, 1};
    int rank, sum, coords[2], want = 0, ndims;
    MPI_Comm row;
    CALL(MPI_Comm_rank(grid, &rank));
    CALL(MPI_Cart_coords(grid, rank, 2, coords));
    CALL(MPI_Cart_sub(grid, keep, &row));
    CALL(MPI_Cartdim_get(row, &ndims));
    EQ(ndims, 1);
    CALL(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, row));
    for (int i = 0; i < dims[1]; i++)
        want += coords[0] * dims[1] + i;
    EQ(sum, want);
    CALL(MPI_Comm_free(&row));
}

static void errors(MPI_Comm grid)
{
    int dims[2] = {t_size, 2}, periods[2] = {0, 0}, rank, far[2] = {0, 1 << 20}, from, to;
    MPI_Comm too_large = MPI_COMM_SELF;
    CALL(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    CALL(MPI_Comm_set_errhandler(grid, MPI_ERRORS_RETURN));
    ERROR_CLASS(MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periods, 0, &too_large), MPI_ERR_DIMS);
    CHECK(too_large == MPI_COMM_NULL);
    ERROR_CLASS(MPI_Cart_rank(grid, far, &rank), MPI_ERR_ARG);
    ERROR_CLASS(MPI_Cart_shift(grid, 2, 1, &from, &to), MPI_ERR_ARG);
    ERROR_CLASS(MPI_Cart_shift(MPI_COMM_WORLD, 0, 1, &from, &to), MPI_ERR_TOPOLOGY);
}

int main(int argc, char **argv)
{
    int dims[2] = {0, 0}, periods[2] = {1, 0};
    MPI_Comm grid, copy;
    t_start(&argc, &argv);
    CALL(MPI_Dims_create(t_size, 2, dims));
    EQ(dims[0] * dims[1], t_size);
    CALL(MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periods, 1, &grid));
    places(grid, dims);
    CALL(MPI_Comm_dup(grid, &copy));
    places(copy, dims);
    rows(grid, dims);
    errors(grid);
    CALL(MPI_Comm_free(&copy));
    CALL(MPI_Comm_free(&grid));
    return t_end();
}
