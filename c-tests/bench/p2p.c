/* Two ranks, microseconds per message and size.
 *   latency      half a round trip            wildcard   the same, received from anyone with any tag
 *   oneway       64 in flight, one way        both       64 in flight each way
 *   preposted    64 sent when their receives are known to be posted
 *   unexpected   receiving 64 that have all arrived before
 *   cold-…       as above with buffers that are in no cache */
#include "bench.h"
#include <emmintrin.h>

enum { WINDOW = 64, LARGEST = 16 << 20, GO = 7, BACK = 8, DATA = 9 };

static const int all_sizes[] = {0,    1,    8,     64,    256,    512,     1024,    2048,
                                4096, 8192, 16384, 65536, 262144, 1048576, 4194304, LARGEST, -1};
static const int data_sizes[] = {1, 8, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 262144, 1048576, 4194304, LARGEST, -1};
static const int cold_sizes[] = {8, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, LARGEST, -1};
static const int eager_sizes[] = {0, 8, 64, 256, 1024, 4096, 16384, 65536, -1};

static struct test {
    int len, window, ways, source, tag, cold;
    unsigned stamp;
    char *out, *in;
} t;

static char pattern(unsigned stamp, int at)
{
    return (char)(stamp + (unsigned)at * 7u + ((unsigned)at >> 8));
}

static void mark(void)
{
    t.stamp++;
    if (t.len > 0) {
        t.out[0] = pattern(t.stamp, 0);
        t.out[t.len - 1] = pattern(t.stamp, t.len - 1);
    }
}

/* Each message is checked at both ends; a whole one before the clock runs. */
static void check(void)
{
    if (t.len > 0)
        b_expect(t.in[0] == pattern(t.stamp, 0) && t.in[t.len - 1] == pattern(t.stamp, t.len - 1));
}

static void send(void)
{
    MPI_Send(t.out, t.len, MPI_CHAR, 1 - b_rank, DATA, MPI_COMM_WORLD);
}

static void receive(void)
{
    MPI_Recv(t.in, t.len, MPI_CHAR, t.source, t.tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void signal_to_peer(int tag)
{
    MPI_Send(NULL, 0, MPI_CHAR, 1 - b_rank, tag, MPI_COMM_WORLD);
}

static void wait_for_peer(int tag)
{
    MPI_Recv(NULL, 0, MPI_CHAR, 1 - b_rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void flush(const char *from)
{
    for (int i = 0; i < t.len + 64; i += 64)
        _mm_clflush(from + i);
    _mm_mfence();
}

/* Takes the buffers out of all caches; rank 0's clock starts when both have done so. */
static void cool(void)
{
    flush(t.out);
    flush(t.in);
    if (b_rank) {
        signal_to_peer(BACK);
        wait_for_peer(GO);
    } else {
        wait_for_peer(BACK);
        signal_to_peer(GO);
    }
}

static double latency(void *unused)
{
    (void)unused;
    mark();
    if (t.cold)
        cool();
    double start = t.cold ? b_now() : 0;
    if (b_rank == 0) {
        send();
        receive();
    } else {
        receive();
        send();
    }
    double took = t.cold ? b_now() - start : 0;
    check();
    return took;
}

static double window(void *unused)
{
    (void)unused;
    MPI_Request requests[2 * WINDOW];
    int n = 0, sends = t.ways == 2 || b_rank == 0, receives = t.ways == 2 || b_rank == 1;
    mark();
    if (t.cold)
        cool();
    double start = t.cold ? b_now() : 0;
    for (int i = 0; i < t.window && receives; i++)
        MPI_Irecv(t.in, t.len, MPI_CHAR, 1 - b_rank, DATA, MPI_COMM_WORLD, &requests[n++]);
    for (int i = 0; i < t.window && sends; i++)
        MPI_Isend(t.out, t.len, MPI_CHAR, 1 - b_rank, DATA, MPI_COMM_WORLD, &requests[n++]);
    MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    if (receives)
        check();
    if (t.ways == 1 && b_rank == 1)
        signal_to_peer(BACK);
    if (t.ways == 1 && b_rank == 0)
        wait_for_peer(BACK);
    return t.cold ? b_now() - start : 0;
}

/* The receiver posts all, then asks; the sender's clock runs from the question to the answer. */
static double preposted(void *unused)
{
    (void)unused;
    MPI_Request requests[WINDOW];
    double took = 0;
    mark();
    for (int i = 0; i < WINDOW && b_rank; i++)
        MPI_Irecv(t.in, t.len, MPI_CHAR, 0, DATA, MPI_COMM_WORLD, &requests[i]);
    if (b_rank) {
        signal_to_peer(GO);
        MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
        check();
        signal_to_peer(BACK);
    } else {
        wait_for_peer(GO);
        double start = b_now();
        for (int i = 0; i < WINDOW; i++)
            MPI_Isend(t.out, t.len, MPI_CHAR, 1, DATA, MPI_COMM_WORLD, &requests[i]);
        MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
        wait_for_peer(BACK);
        took = b_now() - start;
    }
    return took;
}

/* What was sent after the messages has arrived, so they have too; the receiver's clock counts. */
static double unexpected(void *unused)
{
    (void)unused;
    MPI_Request requests[WINDOW];
    double took = 0;
    mark();
    if (b_rank == 0) {
        for (int i = 0; i < WINDOW; i++)
            MPI_Isend(t.out, t.len, MPI_CHAR, 1, DATA, MPI_COMM_WORLD, &requests[i]);
        signal_to_peer(GO);
        MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
        MPI_Recv(&took, 1, MPI_DOUBLE, 1, BACK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        return took;
    }
    wait_for_peer(GO);
    double start = b_now();
    for (int i = 0; i < WINDOW; i++)
        receive();
    took = b_now() - start;
    check();
    MPI_Send(&took, 1, MPI_DOUBLE, 0, BACK, MPI_COMM_WORLD);
    return took;
}

/* One whole message each way, compared byte by byte; it also touches every page. */
static void verify(void)
{
    t.stamp++;
    for (int i = 0; i < t.len; i++)
        t.out[i] = pattern(t.stamp, i);
    memset(t.in, 0, (size_t)t.len);
    MPI_Sendrecv(t.out, t.len, MPI_CHAR, 1 - b_rank, GO, t.in, t.len, MPI_CHAR, 1 - b_rank, GO, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    for (int i = 0; i < t.len; i++)
        if (t.in[i] != pattern(t.stamp, i))
            b_expect(0);
}

static double point(int len, double (*once)(void *), double messages)
{
    t.len = len;
    verify();
    double each = b_measure(once, NULL);
    return each < 0 ? each : each / messages;
}

static double latency_point(int len)
{
    return point(len, latency, 2);
}

static double window_point(int len)
{
    t.window = len > 1 << 20 ? 8 : len > 1 << 17 ? 16 : WINDOW;
    return point(len, window, t.window * t.ways);
}

static double preposted_point(int len)
{
    return point(len, preposted, WINDOW);
}

static double unexpected_point(int len)
{
    return point(len, unexpected, WINDOW);
}

/* Cold buffers are used once before they are cooled again: a window of one message. */
static double cold_window_point(int len)
{
    t.window = 1;
    return point(len, window, t.ways);
}

static void windows(const char *section, const int *sizes, int ways, double (*what)(int))
{
    t.ways = ways;
    b_section(section, sizes, what);
}

int main(int argc, char **argv)
{
    b_start(argc, argv);
    if (b_size != 2)
        MPI_Abort(MPI_COMM_WORLD, 2);
    t.out = aligned_alloc(4096, LARGEST + 4096);
    t.in = aligned_alloc(4096, LARGEST + 4096);
    t.source = 1 - b_rank;
    t.tag = DATA;
    b_section("latency", all_sizes, latency_point);
    windows("oneway", data_sizes, 1, window_point);
    windows("both", data_sizes, 2, window_point);
    b_section("preposted", eager_sizes, preposted_point);
    b_section("unexpected", eager_sizes, unexpected_point);
    t.source = MPI_ANY_SOURCE;
    t.tag = MPI_ANY_TAG;
    b_section("wildcard", eager_sizes, latency_point);
    t.source = 1 - b_rank;
    t.tag = DATA;
    t.cold = 1;
    b_section("cold-latency", cold_sizes, latency_point);
    windows("cold-oneway", cold_sizes, 1, cold_window_point);
    windows("cold-both", cold_sizes, 2, cold_window_point);
    return b_end();
}
