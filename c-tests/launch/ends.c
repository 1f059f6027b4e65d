/* Ends of a job: `ends HOW` where rank 1 (or the only one) does HOW and the others wait for ever.
 *   exit N      rank 1 leaves with code N after MPI_Finalize, the others too with 0
 *   leave       rank 1 leaves with code 7 without MPI_Finalize
 *   abort N     rank 1 calls MPI_Abort with N
 *   segv, kill  rank 1 dies by a signal
 *   wait        everyone waits; each rank prints "pid RANK PID" first
 *   after       rank 1 dies after MPI_Finalize, with code 9 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wait_for_ever(void)
{
    int x;
    MPI_Recv(&x, 1, MPI_INT, MPI_ANY_SOURCE, 12345, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "exit";
    int rank, size, code = argc > 2 ? atoi(argv[2]) : 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Barrier(MPI_COMM_WORLD);
    if (!strcmp(how, "wait")) {
        printf("pid %d %d\n", rank, (int)getpid());
        fflush(stdout);
        wait_for_ever();
    }
    if (!strcmp(how, "exit") || !strcmp(how, "after")) {
        MPI_Finalize();
        return rank != size - 1 ? 0 : !strcmp(how, "after") ? 9 : code;
    }
    if (rank != (size > 1))
        wait_for_ever();
    if (!strcmp(how, "leave"))
        exit(7);
    if (!strcmp(how, "abort"))
        MPI_Abort(MPI_COMM_WORLD, code);
    raise(!strcmp(how, "segv") ? SIGSEGV : SIGKILL);
    return 0;
}
