/* Messages that lie in no cache, which pass through bounce buffers (p2p/bounce.rs) where their length suits: one way, both ways,
 * several at a time, to and from all others; a sender that computes, a receiver that only looks in, one that comes late;
 * messages that are too long, that are scattered, that end anywhere. Contents are checked. `cold MS`: stays for so many
 * milliseconds without calling MPI. */
#include "harness.h"
#include <time.h>

enum { LARGEST = 5 << 20, MANY = 6, TAG = 3 };

static char *out[MANY], *in[MANY];
static unsigned message;

/* What rank `from` sends as the k-th message of this round. */
static unsigned seed(int from, int k)
{
    return message * 64 + (unsigned)from * 8 + (unsigned)k;
}

static void prepare(size_t len, int k, int shift)
{
    t_fill(out[k] + shift, len, seed(t_rank, k));
    memset(in[k], 0x55, len + 128);
    t_cool(out[k], len + 128);
    t_cool(in[k], len + 192);
}

static void check(size_t len, int from, int k, int shift)
{
    CHECK_BYTES(in[k] + shift, len, seed(from, k));
    for (int i = 0; i < 16; i++)
        EQ(in[k][(size_t)shift + len + (size_t)i], 0x55);
}

static void pause_for(long microseconds)
{
    struct timespec pause = {0, microseconds * 1000};
    nanosleep(&pause, NULL);
}

static void one_way(size_t len, int shift)
{
    message++;
    prepare(len, 0, shift);
    for (int turn = 0; turn < 2; turn++) {
        if (t_rank == turn)
            CALL(MPI_Send(out[0] + shift, (int)len, MPI_CHAR, 1 - turn, TAG, MPI_COMM_WORLD));
        else if (t_rank == 1 - turn)
            CALL(MPI_Recv(in[0] + shift, (int)len, MPI_CHAR, turn, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    if (t_rank < 2)
        check(len, 1 - t_rank, 0, shift);
}

/* `many` messages to each of the others, and from each. */
static void all_ways(size_t len, int many)
{
    MPI_Request requests[2 * MANY];
    int n = 0, k = 0;
    message++;
    for (int i = 0; i < MANY; i++)
        prepare(len, i, 0);
    for (int step = 1; step < t_size; step++)
        for (int i = 0; i < many && k < MANY; i++, k++) {
            int to = (t_rank + step) % t_size, from = (t_rank + t_size - step) % t_size;
            CALL(MPI_Irecv(in[k], (int)len, MPI_CHAR, from, TAG + k, MPI_COMM_WORLD, &requests[n++]));
            CALL(MPI_Isend(out[k], (int)len, MPI_CHAR, to, TAG + k, MPI_COMM_WORLD, &requests[n++]));
        }
    CALL(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
    k = 0;
    for (int step = 1; step < t_size; step++)
        for (int i = 0; i < many && k < MANY; i++, k++)
            check(len, (t_rank + t_size - step) % t_size, k, 0);
}

/* The sender does something else after it has offered the message. */
static void absent_sender(size_t len)
{
    MPI_Request request;
    int flag = 0;
    message++;
    prepare(len, 0, 0);
    if (t_rank == 0) {
        CALL(MPI_Isend(out[0], (int)len, MPI_CHAR, 1, TAG, MPI_COMM_WORLD, &request));
        CALL(MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
        pause_for(20000);
        if (!flag)
            CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    } else if (t_rank == 1) {
        CALL(MPI_Recv(in[0], (int)len, MPI_CHAR, 0, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        check(len, 0, 0, 0);
    }
}

/* The receiver only looks in, or comes when the message has long been offered. */
static void absent_receiver(size_t len, int tests)
{
    MPI_Request request;
    int flag = 0;
    message++;
    prepare(len, 0, 0);
    if (t_rank == 0)
        CALL(MPI_Send(out[0], (int)len, MPI_CHAR, 1, TAG, MPI_COMM_WORLD));
    if (t_rank != 1)
        return;
    if (!tests)
        pause_for(2000);
    CALL(MPI_Irecv(in[0], (int)len, MPI_CHAR, 0, TAG, MPI_COMM_WORLD, &request));
    while (tests && !flag) {
        CALL(MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
        pause_for(50);
    }
    if (!flag)
        CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    check(len, 0, 0, 0);
}

/* While a cold message is under way, a warm one and small ones of the same peer are not lost. */
static void mixed(size_t len)
{
    MPI_Request requests[4];
    int small[2] = {t_rank, t_rank + 10}, got[2] = {-1, -1}, peer = 1 - t_rank;
    message++;
    prepare(len, 0, 0);
    prepare(len, 1, 0);
    if (t_rank > 1)
        return;
    for (size_t i = 0; i < len; i += 64)
        ((volatile char *)out[1])[i];
    CALL(MPI_Irecv(in[0], (int)len, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[0]));
    CALL(MPI_Irecv(in[1], (int)len, MPI_CHAR, peer, TAG + 1, MPI_COMM_WORLD, &requests[1]));
    CALL(MPI_Isend(out[0], (int)len, MPI_CHAR, peer, TAG, MPI_COMM_WORLD, &requests[2]));
    CALL(MPI_Isend(out[1], (int)len, MPI_CHAR, peer, TAG + 1, MPI_COMM_WORLD, &requests[3]));
    CALL(MPI_Sendrecv(&small[0], 1, MPI_INT, peer, 1, &got[0], 1, MPI_INT, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CALL(MPI_Sendrecv(&small[1], 1, MPI_INT, peer, 2, &got[1], 1, MPI_INT, peer, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CALL(MPI_Waitall(4, requests, MPI_STATUSES_IGNORE));
    EQ(got[0], peer);
    EQ(got[1], peer + 10);
    check(len, peer, 0, 0);
    check(len, peer, 1, 0);
}

/* More than fits: what fits arrives, and the error says so. */
static void too_long(size_t len, size_t room)
{
    message++;
    prepare(len, 0, 0);
    if (t_rank == 0)
        CALL(MPI_Send(out[0], (int)len, MPI_CHAR, 1, TAG, MPI_COMM_WORLD));
    if (t_rank == 1) {
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
        ERROR_CLASS(MPI_Recv(in[0], (int)room, MPI_CHAR, 0, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE), MPI_ERR_TRUNCATE);
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
        t_fill(out[1], len, seed(0, 0));
        CHECK(memcmp(in[0], out[1], room) == 0);
        EQ(in[0][room], 0x55);
    }
}

/* The receiver takes it apart. */
static void scattered(size_t len)
{
    MPI_Datatype rows;
    int row = 1024, count = (int)(len / (size_t)row / 2);
    message++;
    prepare(len, 0, 0);
    CALL(MPI_Type_vector(count, row, 2 * row, MPI_CHAR, &rows));
    CALL(MPI_Type_commit(&rows));
    if (t_rank == 0)
        CALL(MPI_Send(out[0], count * row, MPI_CHAR, 1, TAG, MPI_COMM_WORLD));
    if (t_rank == 1) {
        CALL(MPI_Recv(in[0], 1, rows, 0, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        t_fill(out[1], len, seed(0, 0));
        for (int i = 0; i < count; i++)
            CHECK(memcmp(in[0] + (size_t)i * 2 * (size_t)row, out[1] + (size_t)i * (size_t)row, (size_t)row) == 0);
    }
    CALL(MPI_Type_free(&rows));
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {20000, 40000, 65535, 65536, 65537, 73728, 100000, 131072, 200003, 262144, 1 << 20, (3 << 20) + 12345, LARGEST};
    t_start(&argc, &argv);
    for (int i = 0; i < MANY; i++) {
        out[i] = aligned_alloc(4096, LARGEST + 4096);
        in[i] = aligned_alloc(4096, LARGEST + 4096);
        memset(out[i], 0, LARGEST + 4096);
    }
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t len = sizes[i];
            one_way(len, 0);
            one_way(len, 13 + round);
            all_ways(len, 1);
            all_ways(len, 3);
            absent_sender(len);
            absent_receiver(len, round % 2);
            mixed(len);
            too_long(len, len - (round ? len / 3 : 1));
            scattered(len);
        }
    if (argc > 1) {
        CALL(MPI_Barrier(MPI_COMM_WORLD));
        if (t_rank == 0) {
            puts("computing");
            fflush(stdout);
        }
        for (int ms = atoi(argv[1]); ms > 0; ms--)
            pause_for(1000);
    }
    return t_end();
}
