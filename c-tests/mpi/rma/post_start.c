/* Post, start, complete, wait: around a ring, with everybody, with nobody, and by testing. */
#include "mpi/rma/windows.h"

static MPI_Group group_of(int n, const int ranks[])
{
    MPI_Group world, group;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    CALL(MPI_Group_incl(world, n, ranks, &group));
    MPI_Group_free(&world);
    return group;
}

static void ring(int kind, int count)
{
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size, bad = 0;
    int *base, *mine = malloc(count * sizeof(int)), *got = malloc(count * sizeof(int));
    MPI_Win win = t_window(kind, count * (MPI_Aint)sizeof(int), sizeof(int), &base);
    MPI_Group to = group_of(1, &next), from = group_of(1, &before);
    for (int round = 1; round <= 5; round++) {
        for (int i = 0; i < count; i++)
            mine[i] = round * 100 + t_rank + i;
        CALL(MPI_Win_post(from, 0, win));
        CALL(MPI_Win_start(to, 0, win));
        CALL(MPI_Put(mine, count, MPI_INT, next, 0, count, MPI_INT, win));
        CALL(MPI_Win_complete(win));
        if (round % 2) {
            CALL(MPI_Win_wait(win));
        } else {
            int done = 0;
            while (!done)
                CALL(MPI_Win_test(win, &done));
        }
        for (int i = 0; i < count; i++)
            bad += base[i] != round * 100 + before + i;
        CALL(MPI_Win_post(from, 0, win));
        CALL(MPI_Win_start(to, 0, win));
        CALL(MPI_Get(got, count, MPI_INT, next, 0, count, MPI_INT, win));
        CALL(MPI_Win_complete(win));
        CALL(MPI_Win_wait(win));
        for (int i = 0; i < count; i++)
            bad += got[i] != mine[i];
    }
    EQ(bad, 0);
    MPI_Group_free(&to);
    MPI_Group_free(&from);
    t_window_end(kind, &win, base);
    free(mine);
    free(got);
}

/* Everybody adds to everybody, also to itself. */
static void everybody(int kind)
{
    int *base, one = t_rank + 1;
    MPI_Win win = t_window(kind, 2 * (MPI_Aint)sizeof(int), sizeof(int), &base);
    MPI_Group all;
    MPI_Comm_group(MPI_COMM_WORLD, &all);
    CALL(MPI_Win_post(all, MPI_MODE_NOSTORE, win));
    CALL(MPI_Win_start(all, 0, win));
    for (int r = 0; r < t_size; r++)
        CALL(MPI_Accumulate(&one, 1, MPI_INT, r, 1, 1, MPI_INT, MPI_SUM, win));
    CALL(MPI_Win_complete(win));
    CALL(MPI_Win_wait(win));
    EQ(base[1], t_size * (t_size + 1) / 2);
    CALL(MPI_Win_post(MPI_GROUP_EMPTY, 0, win));
    CALL(MPI_Win_start(MPI_GROUP_EMPTY, 0, win));
    CALL(MPI_Win_complete(win));
    CALL(MPI_Win_wait(win));
    /* The program itself has made sure that the window is posted. */
    CALL(MPI_Win_post(all, MPI_MODE_NOCHECK, win));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    CALL(MPI_Win_start(all, MPI_MODE_NOCHECK, win));
    CALL(MPI_Put(&one, 1, MPI_INT, (t_rank + 1) % t_size, 0, 1, MPI_INT, win));
    CALL(MPI_Win_complete(win));
    CALL(MPI_Win_wait(win));
    EQ(base[0], (t_rank + t_size - 1) % t_size + 1);
    MPI_Group_free(&all);
    t_window_end(kind, &win, base);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int kind = 0; kind < T_KINDS; kind++) {
        ring(kind, 10);
        ring(kind, 100000);
        everybody(kind);
    }
    return t_end();
}
