/* Derived datatypes on either side, small and large, and types of pairs. */
#include "mpi/rma/windows.h"
#include <stddef.h>

/* A matrix's column goes into another's row and comes back as a column. */
static void columns(int kind, int n)
{
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size, bad = 0;
    int *base, *mine = calloc((size_t)n * n, sizeof(int));
    MPI_Datatype column;
    MPI_Win win = t_window(kind, (MPI_Aint)n * n * (MPI_Aint)sizeof(int), sizeof(int), &base);
    CALL(MPI_Type_vector(n, 1, n, MPI_INT, &column));
    CALL(MPI_Type_commit(&column));
    for (int i = 0; i < n * n; i++)
        mine[i] = t_rank + i;
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Put(mine + 1, 1, column, next, 2 * n, n, MPI_INT, win));
    CALL(MPI_Put(mine, n, MPI_INT, next, 3, 1, column, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < n; i++) {
        if (i != 3)
            bad += base[2 * n + i] != before + i * n + 1;
        if (i != 2)
            bad += base[i * n + 3] != before + i;
    }
    EQ(bad, 0);
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Get(mine + 2, 1, column, next, 2 * n, n, MPI_INT, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < n; i++)
        if (i != 3)
            bad += mine[i * n + 2] != t_rank + i * n + 1;
    EQ(bad, 0);
    /* Twice a column onto a column, once remembered. */
    memset(base, 0, (size_t)n * n * sizeof(int));
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Accumulate(mine + 2, 1, column, next, 5, 1, column, MPI_SUM, win));
    CALL(MPI_Get_accumulate(mine + 2, 1, column, mine + 7, 1, column, next, 5, 1, column, MPI_SUM, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < n; i++) {
        int sent = i == 3 ? mine[i * n + 2] : t_rank + i * n + 1;
        bad += mine[i * n + 7] != sent;
        if (i != 3)
            bad += base[i * n + 5] != 2 * (before + i * n + 1);
        bad += base[i * n + 4] != 0 || base[i * n + 6] != 0;
    }
    EQ(bad, 0);
    MPI_Type_free(&column);
    t_window_end(kind, &win, base);
    free(mine);
}

struct mixed {
    char name;
    double value;
    short pair[2];
};

static void structs(int kind)
{
    struct mixed *base, mine[3], got[3];
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    int lens[3] = {1, 1, 2};
    MPI_Aint at[3] = {offsetof(struct mixed, name), offsetof(struct mixed, value), offsetof(struct mixed, pair)};
    MPI_Datatype parts[3] = {MPI_CHAR, MPI_DOUBLE, MPI_SHORT}, packed, type, nested;
    MPI_Win win = t_window(kind, 6 * (MPI_Aint)sizeof *base, sizeof *base, &base);
    CALL(MPI_Type_create_struct(3, lens, at, parts, &packed));
    CALL(MPI_Type_create_resized(packed, 0, sizeof *base, &type));
    int blocks[2] = {1, 2}, places[2] = {4, 0};
    CALL(MPI_Type_indexed(2, blocks, places, type, &nested));
    CALL(MPI_Type_commit(&type));
    CALL(MPI_Type_commit(&nested));
    memset(mine, 0, sizeof mine);
    for (int i = 0; i < 3; i++)
        mine[i] = (struct mixed){(char)('a' + i), t_rank + i / 4.0, {(short)i, (short)t_rank}};
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Put(mine, 3, type, next, 0, 1, nested, win));
    CALL(MPI_Win_fence(0, win));
    EQ(base[4].name, 'a');
    EQ(base[0].name, 'b');
    EQ(base[1].name, 'c');
    CHECK(base[1].value == before + 0.5);
    EQ(base[1].pair[0], 2);
    EQ(base[1].pair[1], before);
    EQ(base[2].name, 0);
    memset(got, 0, sizeof got);
    CALL(MPI_Get(got, 3, type, next, 0, 1, nested, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < 3; i++)
        CHECK(got[i].name == mine[i].name && got[i].value == mine[i].value && got[i].pair[1] == t_rank);
    /* Several predefined types cannot be summed. */
    MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN);
    CHECK(MPI_Accumulate(mine, 1, type, next, 0, 1, type, MPI_SUM, win) != MPI_SUCCESS);
    CALL(MPI_Win_fence(0, win));
    MPI_Type_free(&packed);
    MPI_Type_free(&type);
    MPI_Type_free(&nested);
    t_window_end(kind, &win, base);
}

static void pairs(int kind)
{
    struct {
        double value;
        int index;
    } *base, mine;
    MPI_Win win = t_window(kind, 2 * (MPI_Aint)sizeof *base, sizeof *base, &base);
    memset(&mine, 0, sizeof mine);
    mine.value = (t_rank * 7 + 3) % 5;
    mine.index = t_rank;
    base[1].value = -1;
    double best = -1;
    int where = 0;
    for (int r = t_size - 1; r >= 0; r--)
        if ((r * 7 + 3) % 5 >= best)
            best = (r * 7 + 3) % 5, where = r;
    CALL(MPI_Win_fence(0, win));
    for (int r = 0; r < t_size; r++)
        CALL(MPI_Accumulate(&mine, 1, MPI_DOUBLE_INT, r, 1, 1, MPI_DOUBLE_INT, MPI_MAXLOC, win));
    CALL(MPI_Win_fence(0, win));
    CHECK(base[1].value == best);
    EQ(base[1].index, where);
    t_window_end(kind, &win, base);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int kind = 0; kind < T_KINDS; kind++) {
        columns(kind, 10);
        columns(kind, 300);
        columns(kind, 2000);
        structs(kind);
        pairs(kind);
    }
    return t_end();
}
