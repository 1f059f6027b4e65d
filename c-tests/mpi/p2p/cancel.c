/* A receive that cannot match is cancelled; one that matched is not; order is kept after a cancel. */
#include "harness.h"

int main(int argc, char **argv)
{
    int x = 0, y = 0, flag;
    MPI_Request request;
    MPI_Status status;
    t_start(&argc, &argv);

    CALL(MPI_Irecv(&x, 1, MPI_INT, MPI_ANY_SOURCE, 999, MPI_COMM_WORLD, &request));
    CALL(MPI_Cancel(&request));
    CALL(MPI_Wait(&request, &status));
    CALL(MPI_Test_cancelled(&status, &flag));
    CHECK(flag);
    CHECK(request == MPI_REQUEST_NULL);

    /* A cancelled receive in front of another one does not swallow the message. */
    if (t_rank == 0) {
        MPI_Request second;
        CALL(MPI_Irecv(&x, 1, MPI_INT, 1, 5, MPI_COMM_WORLD, &request));
        CALL(MPI_Irecv(&y, 1, MPI_INT, 1, 5, MPI_COMM_WORLD, &second));
        CALL(MPI_Cancel(&request));
        CALL(MPI_Wait(&request, &status));
        CALL(MPI_Test_cancelled(&status, &flag));
        CHECK(flag);
        MPI_Barrier(MPI_COMM_WORLD);
        CALL(MPI_Wait(&second, &status));
        CALL(MPI_Test_cancelled(&status, &flag));
        EQ(flag, 0);
        EQ(y, 55);
    } else {
        MPI_Barrier(MPI_COMM_WORLD);
        y = 55;
        if (t_rank == 1)
            CALL(MPI_Send(&y, 1, MPI_INT, 0, 5, MPI_COMM_WORLD));
    }

    /* Too late: the message is already there, so the cancel has no effect. */
    if (t_rank == 0) {
        CALL(MPI_Irecv(&x, 1, MPI_INT, 1, 6, MPI_COMM_WORLD, &request));
        MPI_Barrier(MPI_COMM_WORLD);
        for (flag = 0; !flag;)
            CALL(MPI_Request_get_status(request, &flag, MPI_STATUS_IGNORE));
        CALL(MPI_Cancel(&request));
        CALL(MPI_Wait(&request, &status));
        CALL(MPI_Test_cancelled(&status, &flag));
        EQ(flag, 0);
        EQ(x, 66);
    } else {
        x = 66;
        if (t_rank == 1)
            CALL(MPI_Send(&x, 1, MPI_INT, 0, 6, MPI_COMM_WORLD));
        MPI_Barrier(MPI_COMM_WORLD);
    }
    return t_end();
}
