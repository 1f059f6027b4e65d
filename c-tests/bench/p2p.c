/* Two ranks: `latency` half round trip, `bandwidth` 64 messages one way per answer, `both` 64 each way; microseconds per size. */
#include "bench.h"

enum { WINDOW = 64, LARGEST = 16 << 20 };

struct test {
    int len, window, ways, stamp;
    char *out, *in;
};

static void check(const struct test *t)
{
    if (t->len > 0)
        b_expect(t->in[0] == (char)t->stamp && t->in[t->len - 1] == (char)t->stamp);
}

static void mark(struct test *t)
{
    t->stamp++;
    if (t->len > 0)
        t->out[0] = t->out[t->len - 1] = (char)t->stamp;
}

static void latency(void *what)
{
    struct test *t = what;
    mark(t);
    if (b_rank == 0) {
        MPI_Send(t->out, t->len, MPI_CHAR, 1, 1, MPI_COMM_WORLD);
        MPI_Recv(t->in, t->len, MPI_CHAR, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        MPI_Recv(t->in, t->len, MPI_CHAR, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(t->out, t->len, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
    }
    check(t);
}

static void window(void *what)
{
    struct test *t = what;
    MPI_Request requests[2 * WINDOW];
    int n = 0, peer = 1 - b_rank, sends = t->ways == 2 || b_rank == 0, receives = t->ways == 2 || b_rank == 1;
    mark(t);
    for (int i = 0; i < t->window && receives; i++)
        MPI_Irecv(t->in, t->len, MPI_CHAR, peer, 2, MPI_COMM_WORLD, &requests[n++]);
    for (int i = 0; i < t->window && sends; i++)
        MPI_Isend(t->out, t->len, MPI_CHAR, peer, 2, MPI_COMM_WORLD, &requests[n++]);
    MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    if (receives)
        check(t);
    if (t->ways == 1 && b_rank == 1)
        MPI_Send(NULL, 0, MPI_CHAR, 0, 3, MPI_COMM_WORLD);
    if (t->ways == 1 && b_rank == 0)
        MPI_Recv(NULL, 0, MPI_CHAR, 1, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

int main(int argc, char **argv)
{
    b_start(&argc, &argv);
    if (argc < 4 || b_size != 2) {
        fprintf(stderr, "p2p latency|bandwidth|both SECONDS SIZE...   with two ranks\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    struct test t = {.window = 1, .ways = strcmp(argv[1], "both") ? 1 : 2};
    t.out = calloc(LARGEST + 4096, 1);
    t.in = calloc(LARGEST + 4096, 1);
    int is_latency = !strcmp(argv[1], "latency");
    for (int i = 3; i < argc; i++) {
        t.len = atoi(argv[i]);
        t.window = t.len > (1 << 20) ? 16 : WINDOW;
        t.stamp = 0;
        /* Every page of both buffers was touched before the clock runs. */
        memset(t.out, 1, (size_t)t.len);
        memset(t.in, 1, (size_t)t.len);
        double each = b_measure(is_latency ? latency : window, &t, atof(argv[2]));
        each /= is_latency ? 2 : t.window * t.ways;
        if (b_rank == 0)
            printf("%d %.9f\n", t.len, each * 1e6);
    }
    return b_end();
}
