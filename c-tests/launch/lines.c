/* Every rank writes long lines in small pieces; a launcher that keeps lines whole never mixes them. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_all(const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t done = write(1, text, len);
        if (done <= 0)
            return;
        text += done;
        len -= (size_t)done;
    }
}

int main(int argc, char **argv)
{
    int rank;
    char letter[8];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    snprintf(letter, sizeof letter, "%c%c%c", 'a' + rank, 'a' + rank, 'a' + rank);
    for (int line = 0; line < 50; line++) {
        for (int piece = 0; piece < 20; piece++)
            write_all(letter);
        write_all("\n");
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        write_all("the last line has no end");
    MPI_Finalize();
    return 0;
}
