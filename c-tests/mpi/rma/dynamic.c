/* Memory attached to a window after it was made, and memory that is not. */
#include "harness.h"

enum { N = 3, CELLS = 50000 };

int main(int argc, char **argv)
{
    int *blocks[N], *got = malloc(CELLS * sizeof(int)), bad = 0;
    MPI_Aint mine[N], *all;
    MPI_Win win;
    t_start(&argc, &argv);
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    all = malloc(sizeof(MPI_Aint) * N * (size_t)t_size);
    CALL(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN);
    for (int i = 0; i < N; i++) {
        blocks[i] = calloc(CELLS, sizeof(int));
        CALL(MPI_Win_attach(win, blocks[i], CELLS * sizeof(int)));
        MPI_Get_address(blocks[i], &mine[i]);
    }
    ERROR_CLASS(MPI_Win_attach(win, blocks[0] + 5, 100), MPI_ERR_RMA_ATTACH);
    CALL(MPI_Allgather(mine, N, MPI_AINT, all, N, MPI_AINT, MPI_COMM_WORLD));
    for (int i = 0; i < CELLS; i++)
        got[i] = t_rank + i;
    CALL(MPI_Win_fence(0, win));
    for (int i = 0; i < N; i++)
        CALL(MPI_Put(got, CELLS, MPI_INT, next, all[N * next + i], CELLS, MPI_INT, win));
    CALL(MPI_Win_fence(0, win));
    for (int b = 0; b < N; b++)
        for (int i = 0; i < CELLS; i++)
            bad += blocks[b][i] != before + i;
    EQ(bad, 0);
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    int one = 1, old = -1;
    CALL(MPI_Win_lock_all(0, win));
    CALL(MPI_Fetch_and_op(&one, &old, MPI_INT, next, MPI_Aint_add(all[N * next + 1], 8 * sizeof(int)), MPI_SUM, win));
    CALL(MPI_Win_flush(next, win));
    EQ(old, t_rank + 8);
    CALL(MPI_Get(&old, 1, MPI_INT, next, MPI_Aint_add(all[N * next + 1], 8 * sizeof(int)), 1, MPI_INT, win));
    CALL(MPI_Win_flush(next, win));
    EQ(old, t_rank + 9);
    CALL(MPI_Win_unlock_all(win));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    CALL(MPI_Win_detach(win, blocks[2]));
    CHECK(MPI_Win_detach(win, blocks[2]) != MPI_SUCCESS);
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    /* What is not attached is an error that the next synchronization tells, if not the operation itself. */
    CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, next, 0, win));
    int code = MPI_Put(&one, 1, MPI_INT, next, all[N * next + 2], 1, MPI_INT, win);
    int later = MPI_Win_unlock(next, win);
    ERROR_CLASS(code == MPI_SUCCESS ? later : code, MPI_ERR_RMA_RANGE);
    CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, next, 0, win));
    code = MPI_Get(got, CELLS, MPI_INT, next, all[N * next + 2], CELLS, MPI_INT, win);
    later = MPI_Win_unlock(next, win);
    ERROR_CLASS(code == MPI_SUCCESS ? later : code, MPI_ERR_RMA_RANGE);
    CALL(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, next, 0, win));
    code = MPI_Put(got, CELLS, MPI_INT, next, all[N * next + 2], CELLS, MPI_INT, win);
    later = MPI_Win_unlock(next, win);
    ERROR_CLASS(code == MPI_SUCCESS ? later : code, MPI_ERR_RMA_RANGE);
    /* The window is still good. */
    CALL(MPI_Win_fence(0, win));
    CALL(MPI_Put(&one, 1, MPI_INT, next, all[N * next], 1, MPI_INT, win));
    CALL(MPI_Win_fence(0, win));
    EQ(blocks[0][0], 1);
    CALL(MPI_Win_detach(win, blocks[0]));
    CALL(MPI_Win_detach(win, blocks[1]));
    CALL(MPI_Win_free(&win));
    return t_end();
}
