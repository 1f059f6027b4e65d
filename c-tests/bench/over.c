/* More ranks than processors, microseconds per step: `ring`, everyone sends 1 KiB to the right; `sum`, an allreduce of
 * 8 bytes; `ring+sum`, both after one another as in a solver. */
#include "bench.h"

enum { LONGS = 128 };

static const int sizes[] = {LONGS * 8, -1}, no_sizes[] = {8, -1};
static long step, out[LONGS], in[LONGS];

static double ring(void *unused)
{
    (void)unused;
    int right = (b_rank + 1) % b_size, left = (b_rank + b_size - 1) % b_size;
    step++;
    out[0] = out[LONGS - 1] = step * 1000 + b_rank;
    MPI_Sendrecv(out, LONGS, MPI_LONG, right, 1, in, LONGS, MPI_LONG, left, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    b_expect(in[0] == step * 1000 + left && in[LONGS - 1] == in[0]);
    return 0;
}

static double sum(void *unused)
{
    (void)unused;
    long mine = ++step + b_rank, all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    b_expect(all == step * b_size + (long)b_size * (b_size - 1) / 2);
    return 0;
}

static double both(void *unused)
{
    return ring(unused) + sum(unused);
}

static double ring_point(int unused)
{
    return b_measure(ring, &unused);
}

static double sum_point(int unused)
{
    return b_measure(sum, &unused);
}

static double both_point(int unused)
{
    return b_measure(both, &unused);
}

int main(int argc, char **argv)
{
    b_start(argc, argv);
    b_section("ring", sizes, ring_point);
    b_section("sum", no_sizes, sum_point);
    b_section("ring+sum", sizes, both_point);
    return b_end();
}
