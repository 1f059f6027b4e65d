/* Microseconds per collective and bytes per rank. The roots take turns. The ends of every block are checked each time,
 * whole blocks once per point. The v forms have blocks of two lengths and gaps between them. */
#include "bench.h"

enum { LARGEST = 4 << 20, MOST = 32 << 20 };

static const int sizes[] = {8, 1024, 16384, 262144, LARGEST, -1};

static struct test {
    int n, root, whole, *counts, *places;
    long round, *out, *in;
} t;

static MPI_Comm world;

/* Element k of the block that rank `from` has for rank `to`. */
static long value(int from, int to, int k)
{
    return t.round * 1000 + from * 100 + to + k * 7L;
}

static void fill(long *block, int n, int from, int to)
{
    if (t.whole)
        for (int k = 0; k < n; k++)
            block[k] = value(from, to, k);
    else if (n)
        block[0] = value(from, to, 0), block[n - 1] = value(from, to, n - 1);
}

static void compare(const long *block, int n, int from, int to)
{
    if (t.whole)
        for (int k = 0; k < n; k++)
            b_expect(block[k] == value(from, to, k));
    else if (n)
        b_expect(block[0] == value(from, to, 0) && block[n - 1] == value(from, to, n - 1));
}

/* The sum of what the first `ranks` ranks have for rank 0. */
static void compare_sum(long ranks)
{
    long rest = 100L * ranks * (ranks - 1) / 2;
    for (int k = 0; k < t.n; k += t.whole || t.n == 1 ? 1 : t.n - 1)
        b_expect(t.in[k] == value(0, 0, k) * ranks + rest);
}

/* Blocks for all ranks in `out`, of the lengths `counts` or all alike. */
static void fill_all(const int *counts)
{
    for (int to = 0; to < b_size; to++)
        fill(t.out + (size_t)to * (size_t)t.n, counts ? counts[to] : t.n, b_rank, to);
}

static void compare_all(const int *counts, int same, int to)
{
    for (int from = 0; from < b_size; from++)
        compare(t.in + (size_t)from * (size_t)t.n, counts ? counts[same ? b_rank : from] : t.n, from, to);
}

static void bcast(void)
{
    if (b_rank == t.root)
        fill(t.out, t.n, t.root, 0);
    MPI_Bcast(t.out, t.n, MPI_LONG, t.root, world);
    compare(t.out, t.n, t.root, 0);
}

static void reduce(void)
{
    fill(t.out, t.n, b_rank, 0);
    MPI_Reduce(t.out, t.in, t.n, MPI_LONG, MPI_SUM, t.root, world);
    if (b_rank == t.root)
        compare_sum(b_size);
}

static void allreduce(void)
{
    fill(t.out, t.n, b_rank, 0);
    MPI_Allreduce(t.out, t.in, t.n, MPI_LONG, MPI_SUM, world);
    compare_sum(b_size);
}

static void scan(void)
{
    fill(t.out, t.n, b_rank, 0);
    MPI_Scan(t.out, t.in, t.n, MPI_LONG, MPI_SUM, world);
    compare_sum(b_rank + 1);
}

static void exscan(void)
{
    fill(t.out, t.n, b_rank, 0);
    MPI_Exscan(t.out, t.in, t.n, MPI_LONG, MPI_SUM, world);
    if (b_rank)
        compare_sum(b_rank);
}

static void gather(void)
{
    fill(t.out, t.n, b_rank, 0);
    MPI_Gather(t.out, t.n, MPI_LONG, t.in, t.n, MPI_LONG, t.root, world);
    if (b_rank == t.root)
        compare_all(NULL, 0, 0);
}

static void gatherv(void)
{
    fill(t.out, t.counts[b_rank], b_rank, 0);
    MPI_Gatherv(t.out, t.counts[b_rank], MPI_LONG, t.in, t.counts, t.places, MPI_LONG, t.root, world);
    if (b_rank == t.root)
        compare_all(t.counts, 0, 0);
}

static void scatter(void)
{
    if (b_rank == t.root)
        fill_all(NULL);
    MPI_Scatter(t.out, t.n, MPI_LONG, t.in, t.n, MPI_LONG, t.root, world);
    compare(t.in, t.n, t.root, b_rank);
}

static void scatterv(void)
{
    if (b_rank == t.root)
        fill_all(t.counts);
    MPI_Scatterv(t.out, t.counts, t.places, MPI_LONG, t.in, t.counts[b_rank], MPI_LONG, t.root, world);
    compare(t.in, t.counts[b_rank], t.root, b_rank);
}

static void allgather(void)
{
    fill(t.out, t.n, b_rank, 0);
    MPI_Allgather(t.out, t.n, MPI_LONG, t.in, t.n, MPI_LONG, world);
    compare_all(NULL, 0, 0);
}

static void allgatherv(void)
{
    fill(t.out, t.counts[b_rank], b_rank, 0);
    MPI_Allgatherv(t.out, t.counts[b_rank], MPI_LONG, t.in, t.counts, t.places, MPI_LONG, world);
    compare_all(t.counts, 0, 0);
}

static void alltoall(void)
{
    fill_all(NULL);
    MPI_Alltoall(t.out, t.n, MPI_LONG, t.in, t.n, MPI_LONG, world);
    compare_all(NULL, 0, b_rank);
}

/* The length of a block depends on who receives it. */
static void alltoallv(void)
{
    static int mine[1024];
    for (int i = 0; i < b_size; i++)
        mine[i] = t.counts[b_rank];
    fill_all(t.counts);
    MPI_Alltoallv(t.out, t.counts, t.places, MPI_LONG, t.in, mine, t.places, MPI_LONG, world);
    compare_all(t.counts, 1, b_rank);
}

/* Nobody may leave before the last has come; the clock is the same for all processes of a host. */
static void barrier(void)
{
    if (!t.whole) {
        MPI_Barrier(world);
        return;
    }
    double came = b_now(), left, last = 0, first = 0;
    MPI_Barrier(world);
    left = b_now();
    MPI_Allreduce(&came, &last, 1, MPI_DOUBLE, MPI_MAX, world);
    MPI_Allreduce(&left, &first, 1, MPI_DOUBLE, MPI_MIN, world);
    b_expect(first >= last);
}

static struct operation {
    const char *name;
    void (*run)(void);
    int blocks, slow; /* blocks: a rank holds one for every rank */
} operations[] = {
    {"barrier", barrier, 0, 0},       {"bcast", bcast, 0, 0},         {"reduce", reduce, 0, 0},
    {"allreduce", allreduce, 0, 0},   {"scan", scan, 0, 0},           {"exscan", exscan, 0, 0},
    {"gather", gather, 1, 0},         {"gatherv", gatherv, 1, 0},     {"scatter", scatter, 1, 0},
    {"scatterv", scatterv, 1, 0},     {"allgather", allgather, 1, 0}, {"allgatherv", allgatherv, 1, 0},
    {"alltoall", alltoall, 1, 0},     {"alltoallv", alltoallv, 1, 0},
};

static double once(void *what)
{
    t.round++;
    t.root = (int)(t.round % b_size);
    ((struct operation *)what)->run();
    return 0;
}

/* A page that is touched for the first time costs more than the operation. */
static void touch(size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096)
        ((volatile char *)t.out)[i] = ((volatile char *)t.in)[i] = 1;
}

static double point(struct operation *op)
{
    if (op->slow)
        return -1;
    touch(sizeof *t.in * (size_t)t.n * (size_t)(op->blocks ? b_size : 1));
    t.whole = 1;
    once(op);
    t.whole = 0;
    double each = b_measure(once, op);
    op->slow = b_last > B_TOO_SLOW || b_last < 0;
    return each;
}

static void lengths(int bytes)
{
    t.n = bytes / (int)sizeof(long);
    for (int i = 0; i < b_size; i++) {
        t.counts[i] = i % 2 ? t.n - t.n / 4 : t.n;
        t.places[i] = i * t.n;
    }
}

int main(int argc, char **argv)
{
    b_start(argc, argv);
    world = MPI_COMM_WORLD;
    size_t room = (size_t)b_size * LARGEST > MOST ? MOST : (size_t)b_size * LARGEST;
    t.out = calloc(1, room > LARGEST ? room : LARGEST);
    t.in = calloc(1, room > LARGEST ? room : LARGEST);
    t.counts = calloc((size_t)b_size, sizeof(int));
    t.places = calloc((size_t)b_size, sizeof(int));
    /* Small sizes of all first: a slow library has no time for the large ones. */
    for (int i = 0; sizes[i] >= 0; i++) {
        lengths(sizes[i]);
        for (size_t k = 0; k < sizeof operations / sizeof *operations; k++) {
            struct operation *op = &operations[k];
            char label[16];
            int is_barrier = op->run == barrier;
            snprintf(label, sizeof label, "%d", is_barrier ? 0 : sizes[i]);
            int fits = !op->blocks || (size_t)sizes[i] * (size_t)b_size <= MOST;
            if (b_wanted(op->name) && fits && !(is_barrier && i) && !(b_few && i % 2))
                b_row(op->name, label, point(op));
        }
    }
    return b_end();
}
