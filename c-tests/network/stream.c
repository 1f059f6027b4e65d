/* One-way bandwidth, every byte verified: stream [seconds [message]]. The lower half of the ranks sends to the upper
 * half, eight messages in flight. Prints MB/s as the receivers saw it. */
#include "../harness.h"
#include <stdint.h>

enum { FLIGHT = 8 };

static void pattern(uint64_t *words, size_t n, uint64_t number)
{
    for (size_t i = 0; i < n; i++)
        words[i] = (number + i) * 0x9e3779b97f4a7c15u;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1, start, mine = 0, sum;
    size_t bytes = argc > 2 ? (size_t)atol(argv[2]) : 1 << 20, n = bytes / 8;
    uint64_t *buffers[FLIGHT], *expected = malloc(bytes), number = 0, last = UINT64_MAX;
    MPI_Request requests[FLIGHT];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &t_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t_size);
    int half = t_size / 2, sender = t_rank < half, peer = sender ? t_rank + half : t_rank - half;
    for (int i = 0; i < FLIGHT; i++) {
        buffers[i] = malloc(bytes);
        requests[i] = MPI_REQUEST_NULL;
        if (!sender)
            MPI_Irecv(buffers[i], (int)bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, &requests[i]);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    start = MPI_Wtime();
    for (; number < last; number++) {
        int slot = (int)(number % FLIGHT);
        MPI_Wait(&requests[slot], MPI_STATUS_IGNORE);
        if (sender) {
            if (MPI_Wtime() - start > seconds)
                last = number + 1;
            pattern(buffers[slot], n, number);
            buffers[slot][0] = last;
            MPI_Isend(buffers[slot], (int)bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, &requests[slot]);
        } else {
            pattern(expected, n, number);
            last = expected[0] = buffers[slot][0];
            CHECK(memcmp(expected, buffers[slot], bytes) == 0);
            MPI_Irecv(buffers[slot], (int)bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, &requests[slot]);
        }
    }
    if (!sender)
        mine = (double)number * (double)bytes / (MPI_Wtime() - start) / 1e6;
    for (int i = 0; i < FLIGHT; i++) {
        if (!sender)
            MPI_Cancel(&requests[i]);
        MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
    MPI_Reduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (t_rank == 0)
        printf("%.1f MB/s\n", sum);
    return t_end();
}
