/* VMI 1.0: every pair of processes connects, from either side or both, and plays ping-pong with messages of all sizes;
 * then a flood in order, with the sender held back by VMI1_AGAIN. */
#include <vmi1.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int rank, size, failures;

#define FAIL(...) do { \
        fprintf(stderr, "FAIL %s:%d rank %d: ", __FILE__, __LINE__, rank); \
        fprintf(stderr, __VA_ARGS__); \
        fprintf(stderr, " (%s)\n", VMI1_Error()); \
        if (++failures > 20) exit(1); \
    } while (0)
#define EQ(got, want) do { \
        long long t_got = (long long)(got), t_want = (long long)(want); \
        if (t_got != t_want) FAIL("%s is %lld, expected %lld", #got, t_got, t_want); \
    } while (0)

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Repeats a call while it returns VMI1_AGAIN. */
#define DONE(call) do { \
        double end = now() + 60; \
        int answer; \
        while ((answer = (call)) == VMI1_AGAIN) { \
            sched_yield(); \
            if (now() > end) { FAIL("waited in vain for %s", #call); exit(1); } \
        } \
        if (answer != VMI1_OK) { FAIL("%s gives %d", #call, answer); exit(1); } \
    } while (0)

static unsigned char byte(int message, size_t at)
{
    uint64_t x = ((uint64_t)at + 1) * 0x9E3779B97F4A7C15u + (uint64_t)message * 0xD1B54A32D192ED03u;
    return (unsigned char)(x >> 56);
}

/* In three pieces. */
static void send(int peer, const unsigned char *bytes, size_t len)
{
    vmi1_piece_t pieces[3];
    pieces[0].at = bytes;
    pieces[0].len = len / 3;
    pieces[1].at = bytes + len / 3;
    pieces[1].len = 0;
    pieces[2].at = bytes + len / 3;
    pieces[2].len = len - len / 3;
    DONE(VMI1_Send(peer, pieces, 3));
}

/* Messages of peers whose turn it is not yet. */
static vmi1_message_t kept[256];
static int kept_count;

static vmi1_message_t next_from(int peer)
{
    vmi1_message_t message;
    int at;
    for (at = 0; at < kept_count; at++)
        if (kept[at].peer == peer) {
            message = kept[at];
            memmove(kept + at, kept + at + 1, sizeof kept[0] * (size_t)(--kept_count - at));
            return message;
        }
    for (;;) {
        DONE(VMI1_Receive(&message));
        if (message.peer == peer)
            return message;
        if (kept_count == 256) {
            FAIL("too many messages of others");
            exit(1);
        }
        kept[kept_count++] = message;
    }
}

static void take(int from, int number, size_t len)
{
    vmi1_message_t message = next_from(from);
    size_t at;
    EQ(message.peer, from);
    EQ(message.len, len);
    for (at = 0; at < message.len; at++)
        if (((const unsigned char *)message.data)[at] != byte(number, at)) {
            FAIL("byte %lu of message %d from %d is wrong", (unsigned long)at, number, from);
            break;
        }
    EQ(VMI1_Release(&message), VMI1_OK);
}

static const size_t sizes[] = {0, 1, 8, 60, 1000, 20000, 32768};
#define KINDS (int)(sizeof sizes / sizeof sizes[0])
#define FLOOD 3000

static void play(int peer)
{
    static unsigned char bytes[32769];
    int round, kind, number;
    size_t at;
    for (kind = 0; kind < KINDS; kind++)
        for (round = 0; round < 20; round++) {
            number = 20 * kind + round;
            if (rank > peer)
                take(peer, number, sizes[kind]);
            for (at = 0; at < sizes[kind]; at++)
                bytes[at] = byte(number, at);
            send(peer, bytes, sizes[kind]);
            memset(bytes, 0, sizes[kind]);
            if (rank < peer)
                take(peer, number, sizes[kind]);
        }
    for (number = 0; number < FLOOD; number++) {
        if (rank > peer) {
            take(peer, number, 2000);
            continue;
        }
        for (at = 0; at < 2000; at++)
            bytes[at] = byte(number, at);
        send(peer, bytes, 2000);
    }
    if (rank > peer)
        send(peer, bytes, 0);
    else
        take(peer, 0, 0);
    {
        vmi1_piece_t piece;
        piece.at = bytes;
        piece.len = 32769;
        if (VMI1_Limit(peer) < piece.len && VMI1_Send(peer, &piece, 1) != VMI1_ERROR)
            FAIL("a message over the limit of %lu bytes is taken", (unsigned long)VMI1_Limit(peer));
    }
}

/* A pair at a time: rank 0 with all others, then rank 1 with those above it, and so on. */
int main(void)
{
    int low, high;
    vmi1_message_t message;
    EQ(VMI1_Connect(0), VMI1_ERROR);
    if (VMI1_Init() != VMI1_OK) {
        FAIL("VMI1_Init");
        return 1;
    }
    rank = VMI1_Rank();
    size = VMI1_Size();
    EQ(VMI1_Init(), VMI1_ERROR);
    EQ(VMI1_Connect(size), VMI1_ERROR);
    EQ(VMI1_Connect(-1), VMI1_ERROR);
    EQ(VMI1_Receive(NULL), VMI1_ERROR);
    EQ(VMI1_Send((rank + 1) % size, NULL, 0), VMI1_ERROR);
    for (low = 0; low < size; low++)
        for (high = low + 1; high < size; high++) {
            int peer = rank == low ? high : low;
            if (rank != low && rank != high)
                continue;
            DONE(VMI1_Connect(peer));
            if (VMI1_Network(peer) == NULL || strcmp(VMI1_Network(peer), "vmi2") != 0)
                FAIL("the network of %d", peer);
            play(peer);
        }
    while (VMI1_Owes())
        sched_yield();
    EQ(VMI1_Receive(&message), VMI1_AGAIN);
    EQ(VMI1_Finalize(), VMI1_OK);
    EQ(VMI1_Finalize(), VMI1_ERROR);
    if (failures == 0 && rank == 0)
        printf("PASS\n");
    return failures != 0;
}
