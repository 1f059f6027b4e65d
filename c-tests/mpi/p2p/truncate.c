/* A message longer than the receive buffer: MPI_ERR_TRUNCATE, nothing written past the end, the next message arrives. */
#include "harness.h"

enum { BIG = 1 << 20 };
static char out[BIG], in[BIG];

static void one(int len, int room, int early)
{
    MPI_Request request;
    MPI_Status status;
    int code = MPI_SUCCESS;
    if (t_rank == 1) {
        MPI_Barrier(MPI_COMM_WORLD);
        t_fill(out, (size_t)len, 1);
        CALL(MPI_Send(out, len, MPI_CHAR, 0, 1, MPI_COMM_WORLD));
        CALL(MPI_Send(out, room, MPI_CHAR, 0, 2, MPI_COMM_WORLD));
        return;
    }
    if (t_rank == 0) {
        memset(in, 0x77, sizeof in);
        if (early)
            CALL(MPI_Irecv(in, room, MPI_CHAR, 1, 1, MPI_COMM_WORLD, &request));
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (t_rank != 0)
        return;
    code = early ? MPI_Wait(&request, &status) : MPI_Recv(in, room, MPI_CHAR, 1, 1, MPI_COMM_WORLD, &status);
    ERROR_CLASS(code, MPI_ERR_TRUNCATE);
    for (int i = room; i < room + 64 && i < BIG; i++)
        EQ(in[i], 0x77);
    CALL(MPI_Recv(in, room, MPI_CHAR, 1, 2, MPI_COMM_WORLD, &status));
    CHECK_BYTES(in, (size_t)room, 1);
}

/* Waitall reports which of its requests failed. */
static void in_status(void)
{
    int a[2] = {0}, b[2] = {0}, code, class;
    MPI_Request requests[2];
    MPI_Status statuses[2];
    if (t_rank == 1) {
        int data[2] = {11, 22};
        CALL(MPI_Send(data, 2, MPI_INT, 0, 3, MPI_COMM_WORLD));
        CALL(MPI_Send(data, 2, MPI_INT, 0, 4, MPI_COMM_WORLD));
    }
    if (t_rank != 0)
        return;
    CALL(MPI_Irecv(a, 1, MPI_INT, 1, 3, MPI_COMM_WORLD, &requests[0]));
    CALL(MPI_Irecv(b, 2, MPI_INT, 1, 4, MPI_COMM_WORLD, &requests[1]));
    code = MPI_Waitall(2, requests, statuses);
    ERROR_CLASS(code, MPI_ERR_IN_STATUS);
    MPI_Error_class(statuses[0].MPI_ERROR, &class);
    EQ(class, MPI_ERR_TRUNCATE);
    if (statuses[1].MPI_ERROR == MPI_ERR_PENDING)
        CALL(MPI_Wait(&requests[1], MPI_STATUS_IGNORE));
    else
        EQ(statuses[1].MPI_ERROR, MPI_SUCCESS);
    EQ(b[1], 22);
    EQ(a[1], 0);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int early = 0; early < 2; early++) {
        one(8, 4, early);
        one(100, 0, early);
        one(5000, 100, early);
        one(BIG, 1000, early);
        one(BIG, BIG / 2, early);
    }
    in_status();
    return t_end();
}
