/* Memory that all ranks of a host load and store: where it lies, and that it is the same. */
#include "harness.h"

static void layout(int noncontiguous)
{
    MPI_Comm node;
    MPI_Info info;
    MPI_Win win;
    MPI_Aint size;
    int rank, n, unit, *mine, *theirs, *end = NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &rank);
    MPI_Comm_size(node, &n);
    EQ(n, t_size);
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", noncontiguous ? "true" : "false");
    CALL(MPI_Win_allocate_shared((rank + 1) * (MPI_Aint)sizeof(int), sizeof(int), info, node, &mine, &win));
    MPI_Info_free(&info);
    for (int i = 0; i <= rank; i++)
        mine[i] = 100 * rank + i;
    CALL(MPI_Win_fence(0, win));
    for (int r = 0; r < n; r++) {
        CALL(MPI_Win_shared_query(win, r, &size, &unit, &theirs));
        EQ(size, (r + 1) * (MPI_Aint)sizeof(int));
        EQ(unit, sizeof(int));
        for (int i = 0; i <= r; i++)
            EQ(theirs[i], 100 * r + i);
        if (r > 0 && !noncontiguous)
            CHECK(theirs == end);
        if (r == rank)
            CHECK(theirs == mine);
        end = theirs + r + 1;
    }
    CALL(MPI_Win_shared_query(win, MPI_PROC_NULL, &size, &unit, &theirs));
    EQ(size, sizeof(int));
    EQ(theirs[0], 0);
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Win_free(&win));
    MPI_Comm_free(&node);
}

/* Only the first rank has memory; the others reach it through a query. */
static void one_owner(void)
{
    int *memory, unit, sum = 0;
    MPI_Aint size;
    MPI_Win win;
    CALL(MPI_Win_allocate_shared(t_rank == 0 ? 4096 : 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win));
    CALL(MPI_Win_shared_query(win, 0, &size, &unit, &memory));
    EQ(size, 4096);
    CALL(MPI_Win_lock_all(MPI_MODE_NOCHECK, win));
    memory[t_rank] = t_rank + 1;
    CALL(MPI_Win_sync(win));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    CALL(MPI_Win_sync(win));
    for (int r = 0; r < t_size; r++)
        sum += memory[r];
    EQ(sum, t_size * (t_size + 1) / 2);
    CALL(MPI_Win_unlock_all(win));
    CALL(MPI_Win_free(&win));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    layout(0);
    layout(1);
    one_owner();
    return t_end();
}
