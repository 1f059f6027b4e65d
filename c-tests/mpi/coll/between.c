/* Collectives between two groups of unlike sizes, in both directions, more often than it takes until a communicator is
 * given its board or its leaders. */
#include "harness.h"

enum { ROUNDS = 8 };

/* The root is rank 0 of the world. */
static void rooted(MPI_Comm inter, int low, int round)
{
    int root = low ? (t_rank == 0 ? MPI_ROOT : MPI_PROC_NULL) : 0;
    long value = t_rank == 0 ? round + 7 : -1, got = -1, blocks[64];
    CALL(MPI_Bcast(&value, 1, MPI_LONG, root, inter));
    if (!low)
        EQ(value, round + 7);
    for (int i = 0; i < 64; i++)
        blocks[i] = round * 100L + i;
    CALL(MPI_Scatter(blocks, 1, MPI_LONG, &got, 1, MPI_LONG, root, inter));
    if (!low)
        EQ(got, round * 100L + t_rank - 1);
}

static void of_all(MPI_Comm inter, int low)
{
    long mine = t_rank, sum = 0, all = (long)t_size * (t_size - 1) / 2;
    CALL(MPI_Barrier(inter));
    CALL(MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, inter));
    EQ(sum, low ? all : 0);
}

int main(int argc, char **argv)
{
    MPI_Comm half, inter;
    t_start(&argc, &argv);
    int low = t_rank == 0;
    CALL(MPI_Comm_split(MPI_COMM_WORLD, low, t_rank, &half));
    CALL(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, low ? 1 : 0, 5, &inter));
    for (int round = 0; round < ROUNDS; round++) {
        rooted(inter, low, round);
        of_all(inter, low);
    }
    CALL(MPI_Comm_free(&inter));
    CALL(MPI_Comm_free(&half));
    return t_end();
}
