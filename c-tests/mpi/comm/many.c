/* Contexts are given back: thousands of communicators one after the other, hundreds at once. */
#include "harness.h"

enum { TURNS = 3000, TOGETHER = 200 };

int main(int argc, char **argv)
{
    static MPI_Comm comms[TOGETHER];
    int sum;
    t_start(&argc, &argv);
    for (int i = 0; i < TURNS; i++) {
        CALL(MPI_Comm_dup(MPI_COMM_WORLD, &comms[0]));
        CALL(MPI_Comm_free(&comms[0]));
    }
    for (int i = 0; i < TOGETHER; i++)
        CALL(MPI_Comm_split(i ? comms[i - 1] : MPI_COMM_WORLD, 0, t_rank, &comms[i]));
    for (int i = 0; i < TOGETHER; i++) {
        CALL(MPI_Allreduce(&i, &sum, 1, MPI_INT, MPI_SUM, comms[i]));
        EQ(sum, i * t_size);
    }
    for (int i = TOGETHER - 1; i >= 0; i--)
        CALL(MPI_Comm_free(&comms[i]));
    return t_end();
}
