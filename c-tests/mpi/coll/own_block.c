/* The root, or rank 0, has not enough room for what it sends to itself: it hears of it, the others are served all the same, and
 * the next operation works. */
#include "harness.h"

enum { ROOM = 1 << 20 };

static int a[ROOM], b[ROOM];

/* Blocks of `n` ints; rank 0 has room for half of its own. */
static void short_of_room(int n)
{
    int full[64], mine[64], places[64], first = t_rank == 0, one = 1, all = 0;
    for (int r = 0; r < t_size; r++) {
        full[r] = mine[r] = n;
        places[r] = r * n;
    }
    if (first)
        mine[0] = n / 2;
    int codes[] = {
        MPI_Gatherv(a, n, MPI_INT, b, mine, places, MPI_INT, 0, MPI_COMM_WORLD),
        MPI_Scatterv(a, full, places, MPI_INT, b, mine[0], MPI_INT, 0, MPI_COMM_WORLD),
        MPI_Alltoallv(a, full, places, MPI_INT, b, mine, places, MPI_INT, MPI_COMM_WORLD),
        MPI_Allgather(a, first ? n : n / 2, MPI_INT, b, n / 2, MPI_INT, MPI_COMM_WORLD),
    };
    for (int i = 0; i < 3; i++)
        ERROR_CLASS(codes[i], first ? MPI_ERR_TRUNCATE : MPI_SUCCESS);
    if (first)
        ERROR_CLASS(codes[3], MPI_ERR_TRUNCATE);
    CALL(MPI_Allreduce(&one, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    EQ(all, t_size);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    CALL(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    for (int round = 0; round < 3; round++)
        for (int n = 4; n < 100000; n *= 9)
            short_of_room(n);
    return t_end();
}
