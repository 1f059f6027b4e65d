/* Traffic that verifies every byte and the order, for so many seconds: traffic [seconds [largest message]].
 * With TRAFFIC_MOVING, rank 0 makes the file of that name when all ranks have met: whoever disturbs the job waits for it.
 * Each pair of ranks (2k, 2k+1 from the other end of the job) exchanges messages of random sizes both ways, several
 * in flight; every message carries its number and a content that only that number has. Prints what was moved and
 * the longest time for which a rank saw nothing arrive. */
#include "../harness.h"
#include <stdint.h>

enum { FLIGHT = 6 };

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static size_t size_of(uint64_t number, size_t largest)
{
    uint64_t r = mix(number * 3);
    size_t limit = (size_t)8 << (r % 20);
    if (limit > largest)
        limit = largest;
    return 16 + mix(r) % limit / 8 * 8;
}

static void fill(uint64_t *words, size_t bytes, int from, uint64_t number, uint64_t last)
{
    words[0] = number;
    words[1] = last;
    for (size_t i = 2; i < bytes / 8; i++)
        words[i] = mix(number * 1000003u + (uint64_t)from * 17 + i);
}

static void check(const uint64_t *words, size_t bytes, int from, uint64_t number)
{
    if (words[0] != number) {
        fprintf(stderr, "rank %d: message %llu of rank %d, expected %llu\n", t_rank, (unsigned long long)words[0], from,
                (unsigned long long)number);
        MPI_Abort(MPI_COMM_WORLD, 3);
    }
    for (size_t i = 2; i < bytes / 8; i++)
        if (words[i] != mix(number * 1000003u + (uint64_t)from * 17 + i)) {
            fprintf(stderr, "rank %d: word %zu of message %llu from rank %d is wrong\n", t_rank, i,
                    (unsigned long long)number, from);
            MPI_Abort(MPI_COMM_WORLD, 4);
        }
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1, longest = 0, all_longest, start, before;
    size_t largest = argc > 2 ? (size_t)atol(argv[2]) : 262144;
    uint64_t sent = 0, received = 0, bytes = 0, totals[2], sums[2], end = UINT64_MAX;
    uint64_t *out[FLIGHT], *in[FLIGHT];
    MPI_Request sends[FLIGHT], receives[FLIGHT];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &t_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t_size);
    int peer = t_size - 1 - t_rank;
    if (t_size % 2)
        MPI_Abort(MPI_COMM_WORLD, 2);
    for (int i = 0; i < FLIGHT; i++) {
        out[i] = malloc(largest + 16);
        in[i] = malloc(largest + 16);
        sends[i] = MPI_REQUEST_NULL;
        MPI_Irecv(in[i], (int)largest + 16, MPI_BYTE, peer, 7, MPI_COMM_WORLD, &receives[i]);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    const char *moving = getenv("TRAFFIC_MOVING");
    if (moving && t_rank == 0) {
        FILE *mark = fopen(moving, "w");
        if (!mark || fclose(mark))
            MPI_Abort(MPI_COMM_WORLD, 5);
    }
    start = before = MPI_Wtime();
    for (uint64_t turn = 0; received < end || sent < end; turn++) {
        int slot = (int)(turn % FLIGHT);
        MPI_Status status;
        int n;
        MPI_Wait(&sends[slot], MPI_STATUS_IGNORE);
        if (sent < end) {
            /* The lower rank of a pair decides which message is the last one; the other follows. */
            uint64_t last = t_rank < peer && MPI_Wtime() - start > seconds ? sent + 1 : UINT64_MAX;
            size_t size = size_of(sent + (uint64_t)t_rank * 7919, largest);
            if (last != UINT64_MAX)
                end = last;
            fill(out[slot], size, t_rank, sent++, last);
            MPI_Isend(out[slot], (int)size, MPI_BYTE, peer, 7, MPI_COMM_WORLD, &sends[slot]);
        }
        if (received < end) {
            MPI_Wait(&receives[slot], &status);
            MPI_Get_count(&status, MPI_BYTE, &n);
            EQ((size_t)n, size_of(received + (uint64_t)peer * 7919, largest));
            check(in[slot], (size_t)n, peer, received++);
            bytes += (uint64_t)n;
            if (in[slot][1] != UINT64_MAX)
                end = in[slot][1];
            MPI_Irecv(in[slot], (int)largest + 16, MPI_BYTE, peer, 7, MPI_COMM_WORLD, &receives[slot]);
        }
        double now = MPI_Wtime();
        if (now - before > longest)
            longest = now - before;
        before = now;
    }
    EQ(sent, received);
    for (int i = 0; i < FLIGHT; i++) {
        MPI_Wait(&sends[i], MPI_STATUS_IGNORE);
        MPI_Cancel(&receives[i]);
        MPI_Wait(&receives[i], MPI_STATUS_IGNORE);
    }
    totals[0] = received;
    totals[1] = bytes;
    MPI_Reduce(totals, sums, 2, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Reduce(&longest, &all_longest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (t_rank == 0)
        printf("%llu messages, %.1f MB in %.1f s, longest silence %.0f ms\n", (unsigned long long)sums[0],
               (double)sums[1] / 1e6, MPI_Wtime() - start, all_longest * 1e3);
    return t_end();
}
