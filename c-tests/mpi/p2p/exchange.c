/* Everyone sends to everyone at once, sizes at random, many rounds, several communicators. */
#include "harness.h"

enum { MAX = 64, LARGEST = 70000 };

static size_t size_of(int from, int to, int round)
{
    uint64_t state = (uint64_t)(from * 131 + to * 17 + round * 7919);
    t_random(&state);
    uint64_t pick = t_random(&state);
    return pick % 5 == 0 ? (size_t)(t_random(&state) % LARGEST) : (size_t)(t_random(&state) % 200);
}

static void round_of(MPI_Comm comm, int round, char *out[], char *in[])
{
    MPI_Request requests[2 * MAX];
    int n = 0;
    for (int i = 0; i < t_size; i++) {
        int peer = (t_rank + i) % t_size;
        CALL(MPI_Irecv(in[peer], LARGEST, MPI_CHAR, peer, round, comm, &requests[n++]));
    }
    for (int i = 0; i < t_size; i++) {
        int peer = (t_rank + i + round) % t_size;
        size_t len = size_of(t_rank, peer, round);
        t_fill(out[peer], len, (unsigned)(t_rank * 100 + round));
        CALL(MPI_Isend(out[peer], (int)len, MPI_CHAR, peer, round, comm, &requests[n++]));
    }
    CALL(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
    for (int peer = 0; peer < t_size; peer++)
        CHECK_BYTES(in[peer], size_of(peer, t_rank, round), (unsigned)(peer * 100 + round));
}

int main(int argc, char **argv)
{
    char *out[MAX], *in[MAX];
    MPI_Comm other;
    t_start(&argc, &argv);
    for (int i = 0; i < t_size; i++) {
        out[i] = malloc(LARGEST);
        in[i] = malloc(LARGEST);
    }
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &other));
    for (int round = 0; round < 40; round++)
        round_of(round % 2 ? other : MPI_COMM_WORLD, round, out, in);
    CALL(MPI_Comm_free(&other));
    for (int i = 0; i < t_size; i++) {
        free(out[i]);
        free(in[i]);
    }
    return t_end();
}
