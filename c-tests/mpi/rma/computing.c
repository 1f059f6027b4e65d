/* Ranks of one host access each other's allocated memory while the target computes and calls no MPI function. */
#include "mpi/rma/windows.h"
#include <unistd.h>

enum { CELLS = 20000 };

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int kind = T_ALLOCATE; kind < T_KINDS; kind++) {
        int *base, bad = 0, one = 1, old, *mine = malloc(CELLS * sizeof(int));
        MPI_Win win = t_window(kind, (CELLS + 2) * (MPI_Aint)sizeof(int), sizeof(int), &base);
        if (t_size == 1) {
            /* Nobody else is there. */
        } else if (t_rank == 0) {
            volatile int *arrived = base + CELLS;
            while (*arrived != t_size - 1)
                usleep(100);
            CALL(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win));
            for (int i = 0; i < CELLS; i++)
                bad += base[i] != i;
            EQ(bad, 0);
            EQ(base[CELLS + 1], t_size - 1);
            CALL(MPI_Win_unlock(0, win));
        } else {
            for (int i = 0; i < CELLS; i++)
                mine[i] = i;
            CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win));
            CALL(MPI_Put(mine, CELLS, MPI_INT, 0, 0, CELLS, MPI_INT, win));
            CALL(MPI_Accumulate(&one, 1, MPI_INT, 0, CELLS + 1, 1, MPI_INT, MPI_SUM, win));
            CALL(MPI_Win_flush(0, win));
            memset(mine, 0, CELLS * sizeof(int));
            CALL(MPI_Get(mine, CELLS, MPI_INT, 0, 0, CELLS, MPI_INT, win));
            CALL(MPI_Win_unlock(0, win));
            for (int i = 0; i < CELLS; i++)
                bad += mine[i] != i;
            EQ(bad, 0);
            CALL(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win));
            CALL(MPI_Fetch_and_op(&one, &old, MPI_INT, 0, CELLS, MPI_SUM, win));
            CALL(MPI_Win_unlock(0, win));
        }
        t_window_end(kind, &win, base);
        free(mine);
    }
    return t_end();
}
