/* Long queues, two ranks, microseconds per message and length of the queue. Every message has a tag of its own.
 *   posted-first       the receives are posted, and their messages come in the same order: each matches the first
 *   posted-last        they come in the opposite order: each matches the last
 *   posted-wildcard    as posted-last, receives from any source
 *   unexpected-…       the same with messages that have all arrived before their receives are posted */
#include "bench.h"

enum { LONGEST = 10000, GO = 20001, BACK = 20002 };

static const int lengths[] = {100, 1000, LONGEST, -1};

static struct test {
    int n, backwards, unexpected, source, stamp;
} t;

static int message[LONGEST];
static MPI_Request requests[LONGEST];

static void mark(void)
{
    t.stamp++;
    for (int i = 0; i < t.n; i++)
        message[i] = b_rank ? -1 : t.stamp * LONGEST + i;
}

static void check(void)
{
    for (int i = 0; i < t.n; i++)
        b_expect(message[i] == t.stamp * LONGEST + i);
}

static void nothing(int send, int tag)
{
    if (send)
        MPI_Send(NULL, 0, MPI_INT, 1 - b_rank, tag, MPI_COMM_WORLD);
    else
        MPI_Recv(NULL, 0, MPI_INT, 1 - b_rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void send_all(int backwards)
{
    for (int i = 0; i < t.n; i++) {
        int k = backwards ? t.n - 1 - i : i;
        MPI_Send(&message[k], 1, MPI_INT, 1, k, MPI_COMM_WORLD);
    }
}

static void receive_all(int backwards)
{
    for (int i = 0; i < t.n; i++) {
        int k = backwards ? t.n - 1 - i : i;
        MPI_Recv(&message[k], 1, MPI_INT, t.source, k, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

static double sender(void)
{
    double took = 0;
    nothing(0, BACK);
    send_all(t.backwards && !t.unexpected);
    if (t.unexpected)
        nothing(1, GO);
    MPI_Recv(&took, 1, MPI_DOUBLE, 1, BACK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return took;
}

static void receiver_of_posted(double *start)
{
    for (int i = 0; i < t.n; i++)
        MPI_Irecv(&message[i], 1, MPI_INT, t.source, i, MPI_COMM_WORLD, &requests[i]);
    *start = b_now();
    nothing(1, BACK);
    MPI_Waitall(t.n, requests, MPI_STATUSES_IGNORE);
}

/* What was sent last is here, so all is. */
static void receiver_of_unexpected(double *start)
{
    nothing(1, BACK);
    nothing(0, GO);
    *start = b_now();
    receive_all(t.backwards);
}

/* The receiver's clock counts. */
static double once(void *unused)
{
    (void)unused;
    double start = 0;
    mark();
    if (b_rank == 0)
        return sender();
    if (t.unexpected)
        receiver_of_unexpected(&start);
    else
        receiver_of_posted(&start);
    double took = b_now() - start;
    check();
    MPI_Send(&took, 1, MPI_DOUBLE, 0, BACK, MPI_COMM_WORLD);
    return took;
}

static double point(int n)
{
    t.n = n;
    double each = b_measure(once, NULL);
    return each < 0 ? each : each / n;
}

static void section(const char *name, int unexpected, int backwards, int source)
{
    t = (struct test){.unexpected = unexpected, .backwards = backwards, .source = source, .stamp = t.stamp % 1000};
    b_section(name, lengths, point);
}

int main(int argc, char **argv)
{
    b_start(argc, argv);
    if (b_size != 2)
        MPI_Abort(MPI_COMM_WORLD, 2);
    section("posted-first", 0, 0, 0);
    section("posted-last", 0, 1, 0);
    section("posted-wildcard", 0, 1, MPI_ANY_SOURCE);
    section("unexpected-first", 1, 0, 0);
    section("unexpected-last", 1, 1, 0);
    section("unexpected-wildcard", 1, 1, MPI_ANY_SOURCE);
    return b_end();
}
