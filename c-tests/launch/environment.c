/* Prints, in rank order, one environment variable, the working directory's last part and all arguments. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int rank, size;
    char here[4096] = "", line[8192];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const char *value = getenv("VMI_TEST_VALUE");
    if (!getcwd(here, sizeof here))
        return 1;
    const char *last = strrchr(here, '/');
    int at = snprintf(line, sizeof line, "%d: %s %s", rank, value ? value : "(none)", last ? last + 1 : here);
    for (int i = 1; i < argc; i++)
        at += snprintf(line + at, sizeof line - (size_t)at, " [%s]", argv[i]);
    if (rank > 0) {
        MPI_Send(line, at + 1, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
    } else {
        puts(line);
        for (int i = 1; i < size; i++) {
            MPI_Recv(line, sizeof line, MPI_CHAR, i, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            puts(line);
        }
    }
    MPI_Finalize();
    return 0;
}
