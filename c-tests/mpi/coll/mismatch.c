/* Ranks that disagree about the length of a collective hear of it, and the next one works. `mismatch varying`: only those
 * whose lengths not all ranks know. */
#include "harness.h"

enum { MOST = 1 << 16 };

static long a[2 * MOST], b[2 * MOST];

/* Rank 0 has twice the length that the others have. */
static int length(int n)
{
    return t_rank ? n : 2 * n;
}

/* At least one rank hears of it, as a message of the wrong length. */
static void heard(int code)
{
    int mine = code != MPI_SUCCESS, any = 0;
    if (code != MPI_SUCCESS)
        ERROR_CLASS(code, MPI_ERR_TRUNCATE);
    CALL(MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
    EQ(any, 1);
}

/* Lengths that not all ranks know, small and large: a block goes with others or alone. */
static void varying(int n)
{
    int sent[64], received[64], places[64];
    for (int r = 0; r < t_size; r++) {
        sent[r] = length(n);
        received[r] = n;
        places[r] = r * (MOST / 16);
    }
    heard(MPI_Gatherv(a, length(n), MPI_LONG, b, received, places, MPI_LONG, 1, MPI_COMM_WORLD));
    heard(MPI_Scatterv(a, sent, places, MPI_LONG, b, n, MPI_LONG, 0, MPI_COMM_WORLD));
    heard(MPI_Alltoallv(a, sent, places, MPI_LONG, b, received, places, MPI_LONG, MPI_COMM_WORLD));
}

/* Lengths on both sides of where a scan changes its way, of rank 0 or of the last rank. */
static void scans(void)
{
    static const int lengths[] = {1, 6, 200, 256, 257, 4096, 8192, 8193, 20000, MOST, 2 * MOST};
    enum { N = sizeof lengths / sizeof *lengths };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int odd = 0; odd < t_size && i != j; odd += t_size - 1) {
                int n = lengths[t_rank == odd ? i : j];
                heard(MPI_Scan(a, b, n, MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
                heard(MPI_Exscan(a, b, n, MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
                CALL(MPI_Scan(a, b, lengths[i], MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
            }
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    CALL(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    for (int i = 0; i < 10; i++)
        CALL(MPI_Barrier(MPI_COMM_WORLD));
    for (int i = 0; i < 3; i++) {
        for (int n = 1; n < MOST / 32; n = n * 7 + 1)
            varying(n);
        if (argc > 1)
            continue;
        heard(MPI_Bcast(a, length(1), MPI_LONG, 0, MPI_COMM_WORLD));
        heard(MPI_Bcast(a, length(MOST), MPI_LONG, 0, MPI_COMM_WORLD));
        heard(MPI_Allreduce(a, b, length(1), MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
        heard(MPI_Allreduce(a, b, length(MOST), MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
        heard(MPI_Reduce_scatter_block(a, b, length(1), MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
        heard(MPI_Scan(a, b, length(1), MPI_LONG, MPI_SUM, MPI_COMM_WORLD));
        scans();
        heard(MPI_Gather(a, length(1), MPI_LONG, b, 1, MPI_LONG, 1, MPI_COMM_WORLD));
        heard(MPI_Scatter(a, length(1), MPI_LONG, b, 1, MPI_LONG, 0, MPI_COMM_WORLD));
        heard(MPI_Alltoall(a, length(1), MPI_LONG, b, length(1), MPI_LONG, MPI_COMM_WORLD));
    }
    return t_end();
}
