/* Rank 0 counts the bytes and lines of its standard input; the others must see its end at once. */
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    int rank, c, lines = 0;
    long bytes = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    while ((c = getchar()) != EOF) {
        bytes++;
        lines += c == '\n';
    }
    if (rank == 0)
        printf("rank 0 read %ld bytes, %d lines\n", bytes, lines);
    else if (bytes)
        printf("rank %d read %ld bytes\n", rank, bytes);
    MPI_Finalize();
    return 0;
}
