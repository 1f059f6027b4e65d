/* One job whose ranks were built for different MPIs: each tells which, then all talk and run collectives together. */
#include "harness.h"

#if defined(OMPI_MAJOR_VERSION)
#define BUILT "Open MPI"
#elif defined(MPICH_VERSION)
#define BUILT "MPICH"
#else
#define BUILT "the standard ABI"
#endif

static void who_is_who(void)
{
    char mine[32] = BUILT, all[64][32];
    CALL(MPI_Gather(mine, 32, MPI_CHAR, all, 32, MPI_CHAR, 0, MPI_COMM_WORLD));
    for (int i = 0; i < t_size && t_rank == 0; i++)
        printf("rank %d was built for %s\n", i, all[i]);
}

static void messages(void)
{
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size, count;
    for (size_t len = 0; len < 3000000; len = len * 9 + 1) {
        char *out = malloc(len + 1), *in = malloc(len + 1);
        MPI_Status status;
        MPI_Request request;
        t_fill(out, len, (unsigned)t_rank);
        CALL(MPI_Irecv(in, (int)len, MPI_CHAR, MPI_ANY_SOURCE, 7, MPI_COMM_WORLD, &request));
        CALL(MPI_Ssend(out, (int)len, MPI_CHAR, next, 7, MPI_COMM_WORLD));
        CALL(MPI_Wait(&request, &status));
        CALL(MPI_Get_count(&status, MPI_CHAR, &count));
        EQ(count, len);
        EQ(status.MPI_SOURCE, before);
        CHECK_BYTES(in, len, (unsigned)before);
        free(out);
        free(in);
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

static void collectives(void)
{
    double x = t_rank + 0.5, sum;
    struct { double value; int at; } place = {-t_rank, t_rank}, best;
    int all[64];
    MPI_Comm half;
    CALL(MPI_Allreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    CHECK(sum == t_size * (t_size - 1) / 2 + 0.5 * t_size);
    CALL(MPI_Allreduce(&place, &best, 1, MPI_DOUBLE_INT, MPI_MINLOC, MPI_COMM_WORLD));
    EQ(best.at, t_size - 1);
    CALL(MPI_Allgather(&t_rank, 1, MPI_INT, all, 1, MPI_INT, MPI_COMM_WORLD));
    for (int i = 0; i < t_size; i++)
        EQ(all[i], i);
    CALL(MPI_Comm_split(MPI_COMM_WORLD, 0, -t_rank, &half));
    int first = t_rank;
    CALL(MPI_Bcast(&first, 1, MPI_INT, 0, half));
    EQ(first, t_size - 1);
    CALL(MPI_Comm_free(&half));
}

/* Typed messages: the type maps differ in how they were named, not in what they mean. */
static void types(void)
{
    MPI_Datatype column;
    int grid[5][5], row[5], peer = t_rank ^ 1;
    if (peer >= t_size)
        return;
    for (int i = 0; i < 25; i++)
        grid[i / 5][i % 5] = t_rank * 100 + i;
    CALL(MPI_Type_vector(5, 1, 5, MPI_INT, &column));
    CALL(MPI_Type_commit(&column));
    CALL(MPI_Sendrecv(&grid[0][2], 1, column, peer, 1, row, 5, MPI_INT, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    for (int i = 0; i < 5; i++)
        EQ(row[i], peer * 100 + i * 5 + 2);
    CALL(MPI_Type_free(&column));
}

/* One-sided: the target's type is described to it by a rank of another ABI. */
static void windows(void)
{
    MPI_Datatype every_other;
    MPI_Win win;
    long *base, mine[4], one = 1;
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    for (int shared = 0; shared < 2; shared++) {
        if (shared) {
            CALL(MPI_Win_allocate(9 * sizeof(long), sizeof(long), MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
        } else {
            base = malloc(9 * sizeof(long));
            CALL(MPI_Win_create(base, 9 * sizeof(long), sizeof(long), MPI_INFO_NULL, MPI_COMM_WORLD, &win));
        }
        memset(base, 0, 9 * sizeof(long));
        for (int i = 0; i < 4; i++)
            mine[i] = t_rank * 10 + i;
        CALL(MPI_Type_vector(4, 1, 2, MPI_LONG, &every_other));
        CALL(MPI_Type_commit(&every_other));
        CALL(MPI_Win_fence(MPI_MODE_NOPRECEDE, win));
        CALL(MPI_Put(mine, 4, MPI_LONG, next, 0, 1, every_other, win));
        for (int r = 0; r < t_size; r++)
            CALL(MPI_Accumulate(&one, 1, MPI_LONG, r, 8, 1, MPI_LONG, MPI_SUM, win));
        CALL(MPI_Win_fence(MPI_MODE_NOSUCCEED, win));
        for (int i = 0; i < 4; i++)
            EQ(base[2 * i], before * 10 + i);
        EQ(base[8], t_size);
        CALL(MPI_Barrier(MPI_COMM_WORLD)); /* all have looked at their base[8] */
        CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win));
        CALL(MPI_Fetch_and_op(&one, mine, MPI_LONG, 0, 8, MPI_SUM, win));
        CALL(MPI_Win_unlock(0, win));
        CHECK(mine[0] >= t_size && mine[0] < 2 * t_size);
        CALL(MPI_Type_free(&every_other));
        CALL(MPI_Win_free(&win));
        if (!shared)
            free(base);
    }
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    who_is_who();
    messages();
    collectives();
    types();
    windows();
    return t_end();
}
