/* Every operation between fences, on each kind of window, from every rank to every rank. */
#include "mpi/rma/windows.h"

enum { CELLS = 64, BIG = 300000 };

static void transfers(int kind)
{
    int *base, mine[CELLS], got[CELLS];
    MPI_Win win = t_window(kind, t_size * CELLS * (MPI_Aint)sizeof(int), sizeof(int), &base);
    CALL(MPI_Win_fence(MPI_MODE_NOPRECEDE, win));
    for (int r = 0; r < t_size; r++) {
        for (int i = 0; i < CELLS; i++)
            mine[i] = t_rank * 1000 + i;
        CALL(MPI_Put(mine, CELLS, MPI_INT, r, t_rank * CELLS, CELLS, MPI_INT, win));
    }
    CALL(MPI_Win_fence(0, win));
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < CELLS; i++)
            EQ(base[r * CELLS + i], r * 1000 + i);
    for (int r = 0; r < t_size; r++) {
        memset(got, 0, sizeof got);
        CALL(MPI_Get(got, CELLS, MPI_INT, r, ((t_rank + r) % t_size) * CELLS, CELLS, MPI_INT, win));
        CALL(MPI_Win_fence(0, win));
        for (int i = 0; i < CELLS; i++)
            EQ(got[i], (t_rank + r) % t_size * 1000 + i);
    }
    CALL(MPI_Win_fence(MPI_MODE_NOSUCCEED, win));
    t_window_end(kind, &win, base);
}

static void updates(int kind)
{
    int *base, one = 1, rank1 = t_rank + 1, old = -1;
    MPI_Win win = t_window(kind, 8 * (MPI_Aint)sizeof(int), sizeof(int), &base);
    CALL(MPI_Win_fence(0, win));
    for (int r = 0; r < t_size; r++) {
        CALL(MPI_Accumulate(&one, 1, MPI_INT, r, 0, 1, MPI_INT, MPI_SUM, win));
        CALL(MPI_Accumulate(&rank1, 1, MPI_INT, r, 1, 1, MPI_INT, MPI_MAX, win));
        CALL(MPI_Get_accumulate(&one, 1, MPI_INT, &old, 1, MPI_INT, r, 2, 1, MPI_INT, MPI_SUM, win));
    }
    CALL(MPI_Win_fence(0, win));
    EQ(base[0], t_size);
    EQ(base[1], t_size);
    EQ(base[2], t_size);
    CHECK(old >= 0 && old < t_size);
    /* One of them wins the exchange of cell 3 of rank 0. */
    int zero = 0, found = -1, winners = 0;
    CALL(MPI_Compare_and_swap(&rank1, &zero, &found, MPI_INT, 0, 3, win));
    CALL(MPI_Win_fence(0, win));
    int won = found == 0;
    CALL(MPI_Allreduce(&won, &winners, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    EQ(winners, 1);
    int ticket = -1, sum = 0;
    CALL(MPI_Fetch_and_op(&one, &ticket, MPI_INT, 0, 4, MPI_SUM, win));
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Allreduce(&ticket, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    EQ(sum, t_size * (t_size - 1) / 2);
    CALL(MPI_Fetch_and_op(NULL, &ticket, MPI_INT, 0, 4, MPI_NO_OP, win));
    CALL(MPI_Win_fence(0, win));
    EQ(ticket, t_size);
    t_window_end(kind, &win, base);
}

/* Data that need a message of their own, in several pieces for updates. */
static void large(int kind)
{
    int *base, *mine = malloc(BIG * sizeof(int)), *got = malloc(BIG * sizeof(int));
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size, bad = 0;
    MPI_Win win = t_window(kind, BIG * (MPI_Aint)sizeof(int), sizeof(int), &base);
    for (int i = 0; i < BIG; i++)
        mine[i] = t_rank * 7 + i;
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Put(mine, BIG, MPI_INT, next, 0, BIG, MPI_INT, win));
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Get(got, BIG, MPI_INT, next, 0, BIG, MPI_INT, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < BIG; i++)
        bad += base[i] != before * 7 + i || got[i] != mine[i];
    EQ(bad, 0);
    CALL(MPI_Win_fence(0, win));
    for (int r = 0; r < t_size; r++)
        CALL(MPI_Accumulate(mine, BIG, MPI_INT, r, 0, BIG, MPI_INT, MPI_SUM, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < BIG; i++)
        bad += base[i] != before * 7 + i + 7 * t_size * (t_size - 1) / 2 + t_size * i;
    EQ(bad, 0);
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Get_accumulate(mine, BIG, MPI_INT, got, BIG, MPI_INT, next, 0, BIG, MPI_INT, MPI_REPLACE, win));
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < BIG; i++)
        bad += base[i] != before * 7 + i || got[i] != t_rank * 7 + i + 7 * t_size * (t_size - 1) / 2 + t_size * i;
    EQ(bad, 0);
    t_window_end(kind, &win, base);
    free(mine);
    free(got);
}

/* More operations than a target lets one origin have open. */
static void many(int kind)
{
    enum { N = 5000 };
    int *base, *mine = malloc(N * sizeof(int)), bad = 0;
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    MPI_Win win = t_window(kind, N * (MPI_Aint)sizeof(int), sizeof(int), &base);
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < N; i++) {
        mine[i] = t_rank + i;
        CALL(MPI_Put(&mine[i], 1, MPI_INT, next, i, 1, MPI_INT, win));
    }
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < N; i++)
        bad += base[i] != before + i;
    EQ(bad, 0);
    t_window_end(kind, &win, base);
    free(mine);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int kind = 0; kind < T_KINDS; kind++) {
        transfers(kind);
        updates(kind);
        large(kind);
        many(kind);
    }
    return t_end();
}
