/* Wrong arguments and wrong order: the standard's error class, and the window stays usable. */
#include "harness.h"

static MPI_Win win;
static int cell[8], value;

static void arguments(void)
{
    MPI_Datatype raw;
    MPI_Win none = MPI_WIN_NULL;
    ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, t_size, 0, 1, MPI_INT, win), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, -77, 0, 1, MPI_INT, win), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Put(&value, -1, MPI_INT, 0, 0, 1, MPI_INT, win), MPI_ERR_COUNT);
    ERROR_CLASS(MPI_Get(&value, 1, MPI_INT, 0, 0, -1, MPI_INT, win), MPI_ERR_COUNT);
    ERROR_CLASS(MPI_Put(&value, 1, MPI_DATATYPE_NULL, 0, 0, 1, MPI_INT, win), MPI_ERR_TYPE);
    ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, 0, -1, 1, MPI_INT, win), MPI_ERR_DISP);
    ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, 0, 8, 1, MPI_INT, win), MPI_ERR_RMA_RANGE);
    ERROR_CLASS(MPI_Get(cell, 8, MPI_INT, t_size - 1, 1, 8, MPI_INT, win), MPI_ERR_RMA_RANGE);
    ERROR_CLASS(MPI_Put(NULL, 1, MPI_INT, 0, 0, 1, MPI_INT, win), MPI_ERR_BUFFER);
    ERROR_CLASS(MPI_Accumulate(&value, 1, MPI_INT, 0, 0, 1, MPI_INT, MPI_OP_NULL, win), MPI_ERR_OP);
    ERROR_CLASS(MPI_Accumulate(&value, 1, MPI_INT, 0, 0, 1, MPI_INT, MPI_NO_OP, win), MPI_ERR_OP);
    ERROR_CLASS(MPI_Accumulate(&value, 1, MPI_FLOAT, 0, 0, 1, MPI_FLOAT, MPI_BAND, win), MPI_ERR_OP);
    MPI_Type_contiguous(1, MPI_INT, &raw);
    ERROR_CLASS(MPI_Put(&value, 1, raw, 0, 0, 1, MPI_INT, win), MPI_ERR_TYPE);
    MPI_Type_commit(&raw);
    ERROR_CLASS(MPI_Fetch_and_op(&value, cell, raw, 0, 0, MPI_SUM, win), MPI_ERR_TYPE);
    MPI_Type_free(&raw);
    ERROR_CLASS(MPI_Compare_and_swap(&value, &value, cell, MPI_FLOAT, 0, 0, win), MPI_ERR_TYPE);
    ERROR_CLASS(MPI_Win_fence(MPI_MODE_NOCHECK, win), MPI_ERR_ASSERT);
    ERROR_CLASS(MPI_Win_free(&none), MPI_ERR_WIN);
    CALL(MPI_Put(NULL, 0, MPI_INT, 0, 0, 0, MPI_INT, win));
    CALL(MPI_Put(&value, 1, MPI_INT, MPI_PROC_NULL, 999, 1, MPI_INT, win));
    CALL(MPI_Get(cell, 4, MPI_INT, MPI_PROC_NULL, 0, 4, MPI_INT, win));
}

static void order(void)
{
    MPI_Request request;
    MPI_Group self;
    int flag, r = 0;
    MPI_Comm_group(MPI_COMM_SELF, &self);
    ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, 0, 0, 1, MPI_INT, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_complete(win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_wait(win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_test(win, &flag), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_unlock(0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_unlock_all(win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_flush(0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_flush_local_all(win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_lock(4711, 0, 0, win), MPI_ERR_LOCKTYPE);
    ERROR_CLASS(MPI_Win_lock(MPI_LOCK_SHARED, t_size, 0, win), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Win_lock(MPI_LOCK_SHARED, 0, MPI_MODE_NOPUT, win), MPI_ERR_ASSERT);
    CALL(MPI_Win_lock(MPI_LOCK_SHARED, r, 0, win));
    ERROR_CLASS(MPI_Win_lock(MPI_LOCK_SHARED, r, 0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_lock_all(0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_fence(0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_start(self, 0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Win_free(&win), MPI_ERR_RMA_SYNC);
    if (t_size > 1)
        ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, 1, 0, 1, MPI_INT, win), MPI_ERR_RMA_SYNC);
    CALL(MPI_Win_unlock(r, win));
    CALL(MPI_Win_lock_all(0, win));
    ERROR_CLASS(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win), MPI_ERR_RMA_SYNC);
    CALL(MPI_Win_unlock_all(win));
    CALL(MPI_Win_post(self, 0, win));
    ERROR_CLASS(MPI_Win_post(self, 0, win), MPI_ERR_RMA_SYNC);
    CALL(MPI_Win_start(self, 0, win));
    ERROR_CLASS(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win), MPI_ERR_RMA_SYNC);
    ERROR_CLASS(MPI_Rput(&value, 1, MPI_INT, t_rank, 0, 1, MPI_INT, win, &request), MPI_ERR_RMA_SYNC);
    if (t_size > 1)
        ERROR_CLASS(MPI_Put(&value, 1, MPI_INT, (t_rank + 1) % t_size, 0, 1, MPI_INT, win), MPI_ERR_RMA_SYNC);
    CALL(MPI_Win_complete(win));
    CALL(MPI_Win_wait(win));
    MPI_Group_free(&self);
}

static void creation(void)
{
    MPI_Win bad = MPI_WIN_NULL;
    MPI_Comm self;
    void *base;
    MPI_Comm_dup(MPI_COMM_SELF, &self);
    MPI_Comm_set_errhandler(self, MPI_ERRORS_RETURN);
    ERROR_CLASS(MPI_Win_create(cell, -1, 1, MPI_INFO_NULL, self, &bad), MPI_ERR_SIZE);
    ERROR_CLASS(MPI_Win_create(cell, 4, 0, MPI_INFO_NULL, self, &bad), MPI_ERR_DISP);
    ERROR_CLASS(MPI_Win_create(NULL, 4, 1, MPI_INFO_NULL, self, &bad), MPI_ERR_BASE);
    ERROR_CLASS(MPI_Win_allocate(-5, 1, MPI_INFO_NULL, self, &base, &bad), MPI_ERR_SIZE);
    CALL(MPI_Win_create(NULL, 0, 1, MPI_INFO_NULL, self, &bad));
    MPI_Win_set_errhandler(bad, MPI_ERRORS_RETURN);
    ERROR_CLASS(MPI_Win_attach(bad, cell, 4), MPI_ERR_RMA_FLAVOR);
    CALL(MPI_Win_free(&bad));
    MPI_Comm_free(&self);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    CALL(MPI_Win_create(cell, sizeof cell, sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    CALL(MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN));
    order();
    CALL(MPI_Win_fence(0, win));
    arguments();
    CALL(MPI_Win_fence(0, win));
    value = t_rank + 1;
    CALL(MPI_Put(&value, 1, MPI_INT, (t_rank + 1) % t_size, 7, 1, MPI_INT, win));
    CALL(MPI_Win_fence(0, win));
    EQ(cell[7], (t_rank + t_size - 1) % t_size + 1);
    CALL(MPI_Win_free(&win));
    creation();
    return t_end();
}
