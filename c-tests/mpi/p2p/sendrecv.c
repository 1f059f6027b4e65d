/* Sendrecv and sendrecv_replace: ring, self, MPI_PROC_NULL ends, small and large. */
#include "harness.h"

static void shift(size_t len, int replace)
{
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size, count;
    char *out = malloc(len + 1), *in = malloc(len + 1);
    MPI_Status status;
    t_fill(out, len, (unsigned)t_rank);
    if (replace) {
        memcpy(in, out, len);
        CALL(MPI_Sendrecv_replace(in, (int)len, MPI_CHAR, next, 4, before, 4, MPI_COMM_WORLD, &status));
    } else {
        CALL(MPI_Sendrecv(out, (int)len, MPI_CHAR, next, 4, in, (int)len, MPI_CHAR, before, 4, MPI_COMM_WORLD,
                          &status));
    }
    EQ(status.MPI_SOURCE, before);
    CALL(MPI_Get_count(&status, MPI_CHAR, &count));
    EQ(count, len);
    CHECK_BYTES(in, len, (unsigned)before);
    free(out);
    free(in);
}

static void open_chain(void)
{
    int next = t_rank + 1 < t_size ? t_rank + 1 : MPI_PROC_NULL;
    int before = t_rank > 0 ? t_rank - 1 : MPI_PROC_NULL;
    int out = t_rank, in = -1;
    MPI_Status status;
    CALL(MPI_Sendrecv(&out, 1, MPI_INT, next, 1, &in, 1, MPI_INT, before, 1, MPI_COMM_WORLD, &status));
    EQ(in, t_rank > 0 ? t_rank - 1 : -1);
    EQ(status.MPI_SOURCE, before);
}

static void replace_typed(void)
{
    MPI_Datatype column;
    double grid[6][4];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 4; j++)
            grid[i][j] = t_rank * 100 + i * 4 + j;
    CALL(MPI_Type_vector(6, 1, 4, MPI_DOUBLE, &column));
    CALL(MPI_Type_commit(&column));
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    CALL(MPI_Sendrecv_replace(&grid[0][1], 1, column, next, 2, before, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    for (int i = 0; i < 6; i++) {
        EQ(grid[i][1], before * 100 + i * 4 + 1);
        EQ(grid[i][2], t_rank * 100 + i * 4 + 2);
    }
    CALL(MPI_Type_free(&column));
}

static void self(void)
{
    int out = 7, in = 0;
    CALL(MPI_Sendrecv(&out, 1, MPI_INT, t_rank, 1, &in, 1, MPI_INT, t_rank, MPI_ANY_TAG, MPI_COMM_WORLD,
                      MPI_STATUS_IGNORE));
    EQ(in, 7);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int replace = 0; replace < 2; replace++)
        for (size_t len = 0; len <= 2000000; len = len * 5 + 1)
            shift(len, replace);
    open_chain();
    replace_typed();
    self();
    return t_end();
}
