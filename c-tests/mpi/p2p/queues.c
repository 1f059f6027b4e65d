/* Long queues: 10,000 unexpected messages taken from either end, 10,000 posted receives filled from either end. */
#include "harness.h"

enum { N = 10000 };
static int values[N];
static MPI_Request requests[N];

static void unexpected(int backwards)
{
    if (t_rank == 1)
        for (int i = 0; i < N; i++)
            CALL(MPI_Send(&i, 1, MPI_INT, 0, i, MPI_COMM_WORLD));
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < N && t_rank == 0; i++) {
        int tag = backwards ? N - 1 - i : i, got = -1;
        CALL(MPI_Recv(&got, 1, MPI_INT, 1, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        EQ(got, tag);
    }
}

static void posted(int backwards)
{
    for (int i = 0; i < N && t_rank == 0; i++)
        CALL(MPI_Irecv(&values[i], 1, MPI_INT, i % 4 == 3 ? MPI_ANY_SOURCE : 1, i, MPI_COMM_WORLD, &requests[i]));
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < N && t_rank == 1; i++) {
        int tag = backwards ? N - 1 - i : i;
        CALL(MPI_Send(&tag, 1, MPI_INT, 0, tag, MPI_COMM_WORLD));
    }
    if (t_rank != 0)
        return;
    CALL(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < N; i++)
        EQ(values[i], i);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int backwards = 0; backwards < 2; backwards++) {
        unexpected(backwards);
        posted(backwards);
    }
    return t_end();
}
