/* Every size class from nothing to 16 MiB, both ways at once, contents checked. */
#include "harness.h"

static char *out, *in;

static void exchange(size_t len, unsigned message)
{
    int peer = 1 - t_rank, count;
    MPI_Request requests[2];
    MPI_Status statuses[2];
    t_fill(out, len, message + (unsigned)t_rank);
    memset(in, 0, len);
    CALL(MPI_Irecv(in, (int)len, MPI_CHAR, peer, 5, MPI_COMM_WORLD, &requests[0]));
    CALL(MPI_Isend(out, (int)len, MPI_CHAR, peer, 5, MPI_COMM_WORLD, &requests[1]));
    CALL(MPI_Waitall(2, requests, statuses));
    CALL(MPI_Get_count(&statuses[0], MPI_CHAR, &count));
    EQ(count, len);
    CHECK_BYTES(in, len, message + (unsigned)peer);
}

static void one_way(size_t len, unsigned message)
{
    if (t_rank == 0) {
        t_fill(out, len, message);
        CALL(MPI_Send(out, (int)len, MPI_CHAR, 1, 6, MPI_COMM_WORLD));
        CALL(MPI_Recv(in, (int)len, MPI_CHAR, 1, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK_BYTES(in, len, message);
        return;
    }
    CALL(MPI_Recv(in, (int)len, MPI_CHAR, 0, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CALL(MPI_Send(in, (int)len, MPI_CHAR, 0, 6, MPI_COMM_WORLD));
}

int main(int argc, char **argv)
{
    const size_t largest = 16u << 20;
    unsigned message = 1;
    t_start(&argc, &argv);
    out = malloc(largest + 1);
    in = malloc(largest + 1);
    for (size_t len = 0; len <= 140; len++)
        exchange(len, message += 2);
    for (size_t power = 256; power <= largest; power *= 2) {
        for (int off = -1; off <= 1; off++) {
            exchange(power + (size_t)off, message += 2);
            one_way(power + (size_t)off, message += 2);
        }
    }
    free(out);
    free(in);
    return t_end();
}
