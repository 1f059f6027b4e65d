/* Each send mode, each basic status field, MPI_PROC_NULL, zero bytes. */
#include "harness.h"

static void one_way(int mode, int tag)
{
    int value = 1000 + tag, got = -1, count = -1;
    MPI_Status status;
    if (t_rank == 1) {
        switch (mode) {
        case 0: CALL(MPI_Send(&value, 1, MPI_INT, 0, tag, MPI_COMM_WORLD)); break;
        case 1: CALL(MPI_Ssend(&value, 1, MPI_INT, 0, tag, MPI_COMM_WORLD)); break;
        case 2:
            CALL(MPI_Recv(NULL, 0, MPI_INT, 0, 7777, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            CALL(MPI_Rsend(&value, 1, MPI_INT, 0, tag, MPI_COMM_WORLD));
            break;
        default: CALL(MPI_Bsend(&value, 1, MPI_INT, 0, tag, MPI_COMM_WORLD));
        }
    } else if (t_rank == 0) {
        memset(&status, 0x55, sizeof status);
        if (mode == 2) {
            MPI_Request request;
            CALL(MPI_Irecv(&got, 1, MPI_INT, 1, tag, MPI_COMM_WORLD, &request));
            CALL(MPI_Send(NULL, 0, MPI_INT, 1, 7777, MPI_COMM_WORLD));
            CALL(MPI_Wait(&request, &status));
        } else {
            CALL(MPI_Recv(&got, 1, MPI_INT, 1, tag, MPI_COMM_WORLD, &status));
        }
        EQ(got, value);
        EQ(status.MPI_SOURCE, 1);
        EQ(status.MPI_TAG, tag);
        CALL(MPI_Get_count(&status, MPI_INT, &count));
        EQ(count, 1);
    }
}

static void zero_bytes(void)
{
    MPI_Status status;
    int count = -1;
    if (t_rank == 0) {
        CALL(MPI_Send(NULL, 0, MPI_DOUBLE, 1, 3, MPI_COMM_WORLD));
    } else if (t_rank == 1) {
        CALL(MPI_Recv(NULL, 0, MPI_DOUBLE, 0, 3, MPI_COMM_WORLD, &status));
        CALL(MPI_Get_count(&status, MPI_DOUBLE, &count));
        EQ(count, 0);
    }
}

static void proc_null(void)
{
    int x = 5, count = -1;
    MPI_Status status;
    CALL(MPI_Send(&x, 1, MPI_INT, MPI_PROC_NULL, 1, MPI_COMM_WORLD));
    CALL(MPI_Ssend(&x, 1, MPI_INT, MPI_PROC_NULL, 1, MPI_COMM_WORLD));
    CALL(MPI_Recv(&x, 1, MPI_INT, MPI_PROC_NULL, 1, MPI_COMM_WORLD, &status));
    EQ(x, 5);
    EQ(status.MPI_SOURCE, MPI_PROC_NULL);
    EQ(status.MPI_TAG, MPI_ANY_TAG);
    CALL(MPI_Get_count(&status, MPI_INT, &count));
    EQ(count, 0);
}

/* A shorter message than the buffer leaves the rest alone. */
static void shorter_message(void)
{
    int data[8] = {1, 2, 3, 4, 5, 6, 7, 8}, got[8] = {0}, count;
    MPI_Status status;
    if (t_rank == 0)
        CALL(MPI_Send(data, 3, MPI_INT, 1, 9, MPI_COMM_WORLD));
    if (t_rank != 1)
        return;
    CALL(MPI_Recv(got, 8, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status));
    CALL(MPI_Get_count(&status, MPI_INT, &count));
    EQ(count, 3);
    EQ(got[2], 3);
    EQ(got[3], 0);
    EQ(status.MPI_TAG, 9);
}

static void ring(void)
{
    int token = 0;
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    if (t_rank == 0) {
        CALL(MPI_Send(&token, 1, MPI_INT, next, 1, MPI_COMM_WORLD));
        CALL(MPI_Recv(&token, 1, MPI_INT, before, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        EQ(token, t_size - 1);
        return;
    }
    CALL(MPI_Recv(&token, 1, MPI_INT, before, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    token++;
    CALL(MPI_Send(&token, 1, MPI_INT, next, 1, MPI_COMM_WORLD));
}

int main(int argc, char **argv)
{
    static char space[4096];
    void *detached;
    int size;
    t_start(&argc, &argv);
    CALL(MPI_Buffer_attach(space, sizeof space));
    for (int mode = 0; mode < 4; mode++)
        for (int tag = 0; tag < 5; tag++)
            one_way(mode, tag);
    CALL(MPI_Buffer_detach(&detached, &size));
    CHECK(detached == space);
    EQ(size, sizeof space);
    zero_bytes();
    proc_null();
    shorter_message();
    for (int i = 0; i < 10; i++)
        ring();
    return t_end();
}
