/* Messages to oneself, before and after the receive is posted, small and large, and on MPI_COMM_SELF. */
#include "harness.h"

enum { BIG = 3 << 20 };

static void loop(MPI_Comm comm, int me, int len, int receive_first)
{
    char *out = malloc((size_t)len + 1), *in = malloc((size_t)len + 1);
    MPI_Request requests[2];
    MPI_Status statuses[2];
    int count;
    t_fill(out, (size_t)len, (unsigned)len);
    memset(in, 0, (size_t)len);
    for (int step = 0; step < 2; step++) {
        if ((step == 0) == receive_first)
            CALL(MPI_Irecv(in, len, MPI_CHAR, me, 2, comm, &requests[0]));
        else
            CALL(MPI_Isend(out, len, MPI_CHAR, me, 2, comm, &requests[1]));
    }
    CALL(MPI_Waitall(2, requests, statuses));
    CALL(MPI_Get_count(&statuses[0], MPI_CHAR, &count));
    EQ(count, len);
    EQ(statuses[0].MPI_SOURCE, me);
    CHECK_BYTES(in, (size_t)len, (unsigned)len);
    free(out);
    free(in);
}

static void probe_self(void)
{
    int x = 3, y = 0, count;
    MPI_Request request;
    MPI_Status status;
    CALL(MPI_Isend(&x, 1, MPI_INT, 0, 9, MPI_COMM_SELF, &request));
    CALL(MPI_Probe(0, 9, MPI_COMM_SELF, &status));
    CALL(MPI_Get_count(&status, MPI_INT, &count));
    EQ(count, 1);
    CALL(MPI_Recv(&y, 1, MPI_INT, 0, 9, MPI_COMM_SELF, MPI_STATUS_IGNORE));
    EQ(y, 3);
    CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
}

int main(int argc, char **argv)
{
    const int sizes[] = {0, 1, 48, 64, 5000, 100000, BIG};
    t_start(&argc, &argv);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int first = 0; first < 2; first++) {
            loop(MPI_COMM_SELF, 0, sizes[i], first);
            loop(MPI_COMM_WORLD, t_rank, sizes[i], first);
        }
    probe_self();
    return t_end();
}
