/* Computes for a while without calling MPI, then talks: every round each rank exchanges a message with every other, checks
 * each byte, and all sum up. `work [compute_ms rounds pause_ms]`: rank 0 says when it computes, when it talks, and the
 * result, which is the same whatever is done to the connections meanwhile. */
#include "harness.h"
#include <time.h>

enum { MOST = 200000 };
static unsigned char out[MOST], in[MOST];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Work without MPI. */
static void compute(int ms)
{
    volatile double x = 1;
    for (double end = now() + ms; now() < end;)
        for (int i = 0; i < 1000; i++)
            x = x * 1.0000001 + 1e-9;
}

static void say(const char *word)
{
    if (t_rank == 0) {
        puts(word);
        fflush(stdout);
    }
}

static unsigned char byte(int round, int from, int to, int at)
{
    return (unsigned char)(round * 31 + from * 7 + to * 3 + at);
}

/* Sizes below, around and above the limits of eager messages. */
static int length(int round) { return (int)((unsigned)round * 7919u % (round % 5 == 0 ? MOST : 3000)); }

static long long exchange(int round, int peer)
{
    int n = length(round), got;
    long long sum = 0;
    MPI_Status status;
    for (int i = 0; i < n; i++)
        out[i] = byte(round, t_rank, peer, i);
    CALL(MPI_Sendrecv(out, n, MPI_BYTE, peer, round % 100, in, MOST, MPI_BYTE, peer, round % 100, MPI_COMM_WORLD,
                      &status));
    CALL(MPI_Get_count(&status, MPI_BYTE, &got));
    EQ(got, n);
    for (int i = 0; i < n; i++) {
        if (in[i] != byte(round, peer, t_rank, i)) {
            FAIL("round %d, from %d: byte %d of %d is wrong", round, peer, i, n);
            break;
        }
        sum += in[i];
    }
    return sum;
}

int main(int argc, char **argv)
{
    int compute_ms = argc > 1 ? atoi(argv[1]) : 100, rounds = argc > 2 ? atoi(argv[2]) : 50;
    int pause_ms = argc > 3 ? atoi(argv[3]) : 0;
    long long result = 0;
    t_start(&argc, &argv);
    /* Rank 0 knows when all others compute: each one's last message is to it. */
    if (t_rank != 0)
        CALL(MPI_Send(NULL, 0, MPI_BYTE, 0, 200, MPI_COMM_WORLD));
    for (int i = 1; t_rank == 0 && i < t_size; i++)
        CALL(MPI_Recv(NULL, 0, MPI_BYTE, i, 200, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    say("computing");
    compute(compute_ms);
    say("talking");
    for (int round = 0; round < rounds; round++) {
        long long mine = round, all;
        for (int step = 0; step < t_size; step++) {
            int peer = (step - t_rank + t_size) % t_size;
            if (peer != t_rank)
                mine += exchange(round, peer);
        }
        CALL(MPI_Allreduce(&mine, &all, 1, MPI_LONG_LONG, MPI_SUM, MPI_COMM_WORLD));
        result = result * 31 + all;
        compute(pause_ms);
    }
    if (t_rank == 0)
        printf("result %016llx\n", result);
    return t_end();
}
