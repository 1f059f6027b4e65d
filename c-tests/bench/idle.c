/* The share of a core, in percent, that a rank uses while blocked in MPI_Recv: `idle 0 PERCENT`. */
#include "bench.h"
#include <sys/resource.h>
#include <unistd.h>

static double cpu_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    int x = 5;
    double share = 0;
    b_start(argc, argv);
    MPI_Barrier(MPI_COMM_WORLD);
    if (b_rank == 0) {
        usleep(500000);
        MPI_Send(&x, 1, MPI_INT, 1, 1, MPI_COMM_WORLD);
        MPI_Recv(&share, 1, MPI_DOUBLE, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        printf("idle 0 %.4f\n", share);
    } else if (b_rank == 1) {
        double start = b_now(), before = cpu_seconds();
        MPI_Recv(&x, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        share = 100 * (cpu_seconds() - before) / (b_now() - start);
        b_expect(x == 5);
        MPI_Send(&share, 1, MPI_DOUBLE, 0, 2, MPI_COMM_WORLD);
    }
    return b_end();
}
