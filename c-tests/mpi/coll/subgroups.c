/* The same collectives on communicators of every size from 1 to all. */
#include "harness.h"

static void on(MPI_Comm comm, int n)
{
    int rank, size, sum = 0, all[64], here;
    long big[2000], total[2000];
    CALL(MPI_Comm_rank(comm, &rank));
    CALL(MPI_Comm_size(comm, &size));
    EQ(size, n);
    CALL(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm));
    EQ(sum, n * (n - 1) / 2);
    CALL(MPI_Allgather(&rank, 1, MPI_INT, all, 1, MPI_INT, comm));
    for (int i = 0; i < n; i++)
        EQ(all[i], i);
    here = rank == n - 1 ? 77 : 0;
    CALL(MPI_Bcast(&here, 1, MPI_INT, n - 1, comm));
    EQ(here, 77);
    for (int i = 0; i < 2000; i++)
        big[i] = rank * 3 + i;
    CALL(MPI_Allreduce(big, total, 2000, MPI_LONG, MPI_SUM, comm));
    for (int i = 0; i < 2000; i++)
        EQ(total[i], 3L * n * (n - 1) / 2 + (long)i * n);
    CALL(MPI_Scan(&rank, &sum, 1, MPI_INT, MPI_MAX, comm));
    EQ(sum, rank);
    CALL(MPI_Barrier(comm));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int n = 1; n <= t_size; n++) {
        MPI_Comm comm;
        CALL(MPI_Comm_split(MPI_COMM_WORLD, t_rank < n ? 0 : MPI_UNDEFINED, t_rank, &comm));
        if (comm == MPI_COMM_NULL)
            continue;
        for (int round = 0; round < 5; round++)
            on(comm, n);
        CALL(MPI_Comm_free(&comm));
    }
    on(MPI_COMM_SELF, 1);
    return t_end();
}
