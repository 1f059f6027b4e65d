/* Buffered sends: they return before a receive exists, the buffer's limit is an error, detach waits. */
#include "harness.h"

enum { MESSAGES = 100, LEN = 500 };

int main(int argc, char **argv)
{
    int piece, size, bytes, data[LEN], got[LEN];
    char *space;
    void *detached;
    t_start(&argc, &argv);
    CALL(MPI_Pack_size(LEN, MPI_INT, MPI_COMM_WORLD, &piece));
    bytes = MESSAGES * (piece + MPI_BSEND_OVERHEAD);
    space = malloc((size_t)bytes);
    if (t_rank == 0) {
        CALL(MPI_Buffer_attach(space, bytes));
        for (int m = 0; m < MESSAGES; m++) {
            for (int i = 0; i < LEN; i++)
                data[i] = m * LEN + i;
            CALL(MPI_Bsend(data, LEN, MPI_INT, 1, m, MPI_COMM_WORLD));
        }
        memset(data, 0xff, sizeof data);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    for (int m = MESSAGES - 1; m >= 0 && t_rank == 1; m--) {
        CALL(MPI_Recv(got, LEN, MPI_INT, 0, m, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        for (int i = 0; i < LEN; i++)
            EQ(got[i], m * LEN + i);
    }
    if (t_rank == 0) {
        CALL(MPI_Buffer_detach(&detached, &size));
        CHECK(detached == space);
        EQ(size, bytes);
    }
    /* Without room the send is refused and the program goes on. */
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (t_rank == 0) {
        static int big[100000];
        CALL(MPI_Buffer_attach(space, MPI_BSEND_OVERHEAD + 100));
        ERROR_CLASS(MPI_Bsend(big, 100000, MPI_INT, 1, 1, MPI_COMM_WORLD), MPI_ERR_BUFFER);
        CALL(MPI_Buffer_detach(&detached, &size));
    }
    MPI_Barrier(MPI_COMM_WORLD);
    free(space);
    return t_end();
}
