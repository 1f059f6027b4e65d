/* Errors nobody handles end the job: argument "send" a wrong rank, "before" a call before init, "after" one after finalize. */
#include "harness.h"

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "send";
    int x = 0;
    if (!strcmp(what, "before")) {
        MPI_Comm_rank(MPI_COMM_WORLD, &x);
        printf("went on\n");
        return 0;
    }
    t_start(&argc, &argv);
    if (!strcmp(what, "send") && t_rank == 0)
        MPI_Send(&x, 1, MPI_INT, 4711, 1, MPI_COMM_WORLD);
    else if (!strcmp(what, "send"))
        MPI_Recv(&x, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE); /* never comes */
    MPI_Finalize();
    if (!strcmp(what, "after")) {
        MPI_Comm_rank(MPI_COMM_WORLD, &x);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    printf("went on\n");
    return 0;
}
