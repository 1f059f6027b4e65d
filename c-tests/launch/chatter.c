/* Two ranks exchange messages of all sizes for some seconds. The bytes are not looked at: another process may be
 * writing over them. Errors end it like any MPI program. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static char out[300000], in[300000];
    int rank, go = 1;
    double limit = argc > 1 ? atof(argv[1]) : 1;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    double end = MPI_Wtime() + limit;
    if (rank == 0) {
        printf("chatting\n");
        fflush(stdout);
    }
    for (int round = 0; go > 0; round++) {
        int len = round % 50 == 0 ? (int)sizeof out : round % 7 == 0 ? 5000 : round % 200;
        MPI_Sendrecv(out, len, MPI_CHAR, 1 - rank, 1, in, sizeof in, MPI_CHAR, 1 - rank, 1, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        if (round % 100 == 0) {
            go = MPI_Wtime() < end;
            MPI_Bcast(&go, 1, MPI_INT, 0, MPI_COMM_WORLD);
        }
    }
    MPI_Finalize();
    return 0;
}
