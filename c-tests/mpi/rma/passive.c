/* Locks: contended counters end with the right sum, whatever operation counts; flushes; operations with requests. */
#include "mpi/rma/windows.h"

static int rounds = 200;

static void counters(int kind)
{
    long *base, one = 1, old, value;
    MPI_Win win = t_window(kind, 4 * (MPI_Aint)sizeof(long), sizeof(long), &base);
    for (int i = 0; i < rounds; i++) {
        int target = i % t_size;
        /* Under a shared lock the operation itself must be atomic. */
        CALL(MPI_Win_lock(MPI_LOCK_SHARED, target, 0, win));
        CALL(MPI_Fetch_and_op(&one, &old, MPI_LONG, target, 0, MPI_SUM, win));
        CALL(MPI_Win_unlock(target, win));
        CHECK(old >= 0 && old < (long)rounds * t_size);
        /* Under an exclusive lock several operations are one. */
        CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, win));
        CALL(MPI_Get(&value, 1, MPI_LONG, target, 1, 1, MPI_LONG, win));
        CALL(MPI_Win_flush(target, win));
        value++;
        CALL(MPI_Put(&value, 1, MPI_LONG, target, 1, 1, MPI_LONG, win));
        CALL(MPI_Win_unlock(target, win));
    }
    CALL(MPI_Win_lock_all(0, win));
    for (int i = 0; i < rounds; i++) {
        int target = i % t_size;
        long expected = 0, wanted;
        do {
            old = expected;
            wanted = old + 1;
            CALL(MPI_Compare_and_swap(&wanted, &old, &expected, MPI_LONG, target, 2, win));
            CALL(MPI_Win_flush(target, win));
        } while (expected != old);
        CALL(MPI_Accumulate(&one, 1, MPI_LONG, target, 3, 1, MPI_LONG, MPI_SUM, win));
        CALL(MPI_Win_flush_local(target, win));
    }
    CALL(MPI_Win_flush_all(win));
    CALL(MPI_Win_unlock_all(win));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    long mine[4], sums[4];
    CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, t_rank, 0, win));
    memcpy(mine, base, sizeof mine);
    CALL(MPI_Win_unlock(t_rank, win));
    CALL(MPI_Allreduce(mine, sums, 4, MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
    for (int i = 0; i < 4; i++)
        EQ(sums[i], (long)rounds * t_size);
    t_window_end(kind, &win, base);
}

/* Small and large operations with requests, in any order of completion. */
static void requests(int kind)
{
    enum { LARGE = 100000 };
    int next = (t_rank + 1) % t_size, bad = 0;
    int *base, *mine = malloc(LARGE * sizeof(int)), *got = malloc(LARGE * sizeof(int)), small = 5, old = -1;
    MPI_Win win = t_window(kind, (LARGE + 2) * (MPI_Aint)sizeof(int), sizeof(int), &base);
    MPI_Request r[3];
    for (int i = 0; i < LARGE; i++)
        mine[i] = t_rank + 3 * i;
    CALL(MPI_Win_lock_all(MPI_MODE_NOCHECK, win));
    CALL(MPI_Rput(mine, LARGE, MPI_INT, next, 0, LARGE, MPI_INT, win, &r[0]));
    CALL(MPI_Rput(&small, 1, MPI_INT, next, LARGE, 1, MPI_INT, win, &r[1]));
    CALL(MPI_Raccumulate(&small, 1, MPI_INT, next, LARGE + 1, 1, MPI_INT, MPI_SUM, win, &r[2]));
    CALL(MPI_Waitall(3, r, MPI_STATUSES_IGNORE));
    CALL(MPI_Win_flush(next, win));
    CALL(MPI_Rget(got, LARGE, MPI_INT, next, 0, LARGE, MPI_INT, win, &r[0]));
    CALL(MPI_Rget_accumulate(&small, 1, MPI_INT, &old, 1, MPI_INT, next, LARGE, 1, MPI_INT, MPI_SUM, win, &r[1]));
    CALL(MPI_Waitall(2, r, MPI_STATUSES_IGNORE));
    for (int i = 0; i < LARGE; i++)
        bad += got[i] != mine[i];
    EQ(bad, 0);
    EQ(old, 5);
    CALL(MPI_Rget_accumulate(mine, LARGE, MPI_INT, got, LARGE, MPI_INT, next, 0, LARGE, MPI_INT, MPI_SUM, win, &r[0]));
    CALL(MPI_Wait(&r[0], MPI_STATUS_IGNORE));
    for (int i = 0; i < LARGE; i++)
        bad += got[i] != mine[i];
    EQ(bad, 0);
    CALL(MPI_Rput(NULL, 0, MPI_INT, MPI_PROC_NULL, 0, 0, MPI_INT, win, &r[0]));
    CALL(MPI_Wait(&r[0], MPI_STATUS_IGNORE));
    CALL(MPI_Win_flush_local_all(win));
    CALL(MPI_Win_unlock_all(win));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    CALL(MPI_Win_lock(MPI_LOCK_SHARED, t_rank, 0, win));
    CALL(MPI_Win_sync(win));
    int before = (t_rank + t_size - 1) % t_size;
    for (int i = 0; i < LARGE; i++)
        bad += base[i] != 2 * (before + 3 * i);
    EQ(bad, 0);
    EQ(base[LARGE], 10);
    EQ(base[LARGE + 1], 5);
    CALL(MPI_Win_unlock(t_rank, win));
    t_window_end(kind, &win, base);
    free(mine);
    free(got);
}

/* Accumulate operations of one origin stay in order, small ones behind large ones too. */
static void order(int kind)
{
    enum { LARGE = 40000 };
    int *base, *mine = malloc(LARGE * sizeof(int)), bad = 0;
    MPI_Win win = t_window(kind, LARGE * (MPI_Aint)sizeof(int), sizeof(int), &base);
    CALL(MPI_Win_lock_all(0, win));
    if (t_rank == t_size - 1) {
        for (int turn = 0; turn < 3; turn++) {
            for (int i = 0; i < LARGE; i++)
                mine[i] = 100 * turn;
            CALL(MPI_Accumulate(mine, LARGE, MPI_INT, 0, 0, LARGE, MPI_INT, MPI_REPLACE, win));
            for (int last = 1; last <= 50; last++)
                CALL(MPI_Accumulate(&last, 1, MPI_INT, 0, last % 7, 1, MPI_INT, MPI_REPLACE, win));
            CALL(MPI_Win_flush_local(0, win));
        }
    }
    CALL(MPI_Win_unlock_all(win));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    for (int i = 0; t_rank == 0 && i < LARGE; i++)
        bad += base[i] != (i == 0 ? 49 : i == 1 ? 50 : i < 7 ? 42 + i : 200);
    EQ(bad, 0);
    t_window_end(kind, &win, base);
    free(mine);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    if (argc > 1)
        rounds = atoi(argv[1]);
    for (int kind = 0; kind < T_KINDS; kind++) {
        counters(kind);
        requests(kind);
        order(kind);
    }
    return t_end();
}
