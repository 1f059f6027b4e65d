/* A synchronous send is not complete before its receive started. */
#include "harness.h"
#include <unistd.h>

static void one(int len)
{
    char *data = calloc((size_t)len + 1, 1);
    MPI_Request request;
    int flag = 0;
    if (t_rank == 0) {
        CALL(MPI_Issend(data, len, MPI_CHAR, 1, 1, MPI_COMM_WORLD, &request));
        for (int i = 0; i < 50; i++) {
            CALL(MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
            EQ(flag, 0);
            usleep(200);
        }
        CALL(MPI_Send(NULL, 0, MPI_CHAR, 1, 2, MPI_COMM_WORLD));
        CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    } else if (t_rank == 1) {
        CALL(MPI_Recv(NULL, 0, MPI_CHAR, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CALL(MPI_Recv(data, len, MPI_CHAR, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    free(data);
}

/* ... nor by a probe, which is not a receive. */
static void probed(void)
{
    MPI_Request request;
    int x = 1, flag;
    if (t_rank == 0) {
        CALL(MPI_Issend(&x, 1, MPI_INT, 1, 3, MPI_COMM_WORLD, &request));
        CALL(MPI_Recv(NULL, 0, MPI_CHAR, 1, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CALL(MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
        EQ(flag, 0);
        CALL(MPI_Send(NULL, 0, MPI_CHAR, 1, 5, MPI_COMM_WORLD));
        CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    } else if (t_rank == 1) {
        CALL(MPI_Probe(0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CALL(MPI_Send(NULL, 0, MPI_CHAR, 0, 4, MPI_COMM_WORLD));
        CALL(MPI_Recv(NULL, 0, MPI_CHAR, 0, 5, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CALL(MPI_Recv(&x, 1, MPI_INT, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    one(0);
    one(4);
    one(4000);
    one(1 << 20);
    probed();
    return t_end();
}
