/* Many blocking collectives in a row, drawn from one seed on all ranks: every function, roots, sizes around the borders
 * of what travels together, communicators of all, of some and reordered, in place or not, while messages between the
 * ranks are under way. `board ROUNDS [SECONDS]` goes on until the time is over. */
#include "harness.h"
#include <time.h>

enum { MOST = 300000, SIZES = 20 };

static const int sizes[SIZES] = {0, 1, 2, 5, 6, 7, 13, 14, 15, 64, 255, 256, 257, 2047, 2048, 2049, 4096, 16384, 16385, 70000};
static uint64_t state = 4711;
static long *out, *in;
static int rank, size;

static int draw(int below)
{
    return (int)(t_random(&state) % (unsigned)below);
}

static long value(int round, int from, int to, int i)
{
    return round * 1000003L + from * 10007L + to * 101L + i;
}

static void bcast(MPI_Comm comm, int round, int n, int root)
{
    for (int i = 0; i < n; i++)
        out[i] = rank == root ? value(round, root, 0, i) : -1;
    CALL(MPI_Bcast(out, n, MPI_LONG, root, comm));
    for (int i = 0; i < n; i++)
        EQ(out[i], value(round, root, 0, i));
}

static long sum(int round, int to, int i)
{
    return size * (round * 1000003L + to * 101L + i) + 10007L * size * (size - 1) / 2;
}

static void reduce(MPI_Comm comm, int round, int n, int root, int in_place)
{
    for (int i = 0; i < n; i++)
        out[i] = in[i] = value(round, rank, 0, i);
    if (in_place && rank == root)
        CALL(MPI_Reduce(MPI_IN_PLACE, in, n, MPI_LONG, MPI_SUM, root, comm));
    else
        CALL(MPI_Reduce(out, in, n, MPI_LONG, MPI_SUM, root, comm));
    for (int i = 0; i < n && rank == root; i++)
        EQ(in[i], sum(round, 0, i));
}

static void allreduce(MPI_Comm comm, int round, int n, int in_place)
{
    for (int i = 0; i < n; i++)
        out[i] = in[i] = value(round, rank, 0, i);
    CALL(MPI_Allreduce(in_place ? MPI_IN_PLACE : out, in, n, MPI_LONG, MPI_SUM, comm));
    for (int i = 0; i < n; i++)
        EQ(in[i], sum(round, 0, i));
}

static void reduce_scatter(MPI_Comm comm, int round, int n, int in_place)
{
    for (int r = 0; r < size; r++)
        for (int i = 0; i < n; i++)
            out[r * n + i] = in[r * n + i] = value(round, rank, r, i);
    CALL(MPI_Reduce_scatter_block(in_place ? MPI_IN_PLACE : out, in, n, MPI_LONG, MPI_SUM, comm));
    for (int i = 0; i < n; i++)
        EQ(in[i], sum(round, rank, i));
}

static void scan(MPI_Comm comm, int round, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = value(round, rank, 0, i);
    CALL(MPI_Scan(out, in, n, MPI_LONG, MPI_SUM, comm));
    for (int i = 0; i < n; i++)
        EQ(in[i], (rank + 1) * (round * 1000003L + i) + 10007L * rank * (rank + 1) / 2);
}

static void gather(MPI_Comm comm, int round, int n, int root, int varying)
{
    int counts[64], places[64];
    for (int r = 0; r < size; r++) {
        counts[r] = varying ? n * (r % 3) : n;
        places[r] = r * (2 * n + 1);
    }
    for (int i = 0; i < counts[rank]; i++)
        out[i] = value(round, rank, 0, i);
    if (varying)
        CALL(MPI_Gatherv(out, counts[rank], MPI_LONG, in, counts, places, MPI_LONG, root, comm));
    else
        CALL(MPI_Gather(out, n, MPI_LONG, in, n, MPI_LONG, root, comm));
    for (int r = 0; r < size && rank == root; r++)
        for (int i = 0; i < counts[r]; i++)
            EQ(in[(varying ? places[r] : r * n) + i], value(round, r, 0, i));
}

static void scatter(MPI_Comm comm, int round, int n, int root, int varying)
{
    int counts[64], places[64];
    for (int r = 0; r < size; r++) {
        counts[r] = varying ? n * (r % 3) : n;
        places[r] = varying ? r * (2 * n + 1) : r * n;
        for (int i = 0; i < counts[r] && rank == root; i++)
            out[places[r] + i] = value(round, root, r, i);
    }
    if (varying)
        CALL(MPI_Scatterv(out, counts, places, MPI_LONG, in, counts[rank], MPI_LONG, root, comm));
    else if (rank == root && round % 2)
        CALL(MPI_Scatter(out, n, MPI_LONG, MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, root, comm));
    else
        CALL(MPI_Scatter(out, n, MPI_LONG, in, n, MPI_LONG, root, comm));
    for (int i = 0; i < counts[rank] && !(rank == root && round % 2 && !varying); i++)
        EQ(in[i], value(round, root, rank, i));
}

static void allgather(MPI_Comm comm, int round, int n, int varying)
{
    int counts[64], places[64];
    for (int r = 0; r < size; r++) {
        counts[r] = varying ? n * (r % 3) : n;
        places[r] = varying ? r * (2 * n + 1) : r * n;
    }
    for (int i = 0; i < counts[rank]; i++)
        out[i] = value(round, rank, 0, i);
    if (varying)
        CALL(MPI_Allgatherv(out, counts[rank], MPI_LONG, in, counts, places, MPI_LONG, comm));
    else
        CALL(MPI_Allgather(out, n, MPI_LONG, in, n, MPI_LONG, comm));
    for (int r = 0; r < size; r++)
        for (int i = 0; i < counts[r]; i++)
            EQ(in[places[r] + i], value(round, r, 0, i));
}

static void alltoall(MPI_Comm comm, int round, int n, int in_place)
{
    long *from = in_place ? in : out;
    for (int r = 0; r < size; r++)
        for (int i = 0; i < n; i++)
            from[r * n + i] = value(round, rank, r, i);
    CALL(MPI_Alltoall(in_place ? MPI_IN_PLACE : out, n, MPI_LONG, in, n, MPI_LONG, comm));
    for (int r = 0; r < size; r++)
        for (int i = 0; i < n; i++)
            EQ(in[r * n + i], value(round, r, rank, i));
}

static void alltoallv(MPI_Comm comm, int round, int n)
{
    int counts[64], places[64], back[64], landing[64];
    for (int r = 0; r < size; r++) {
        counts[r] = n * ((rank + 2 * r) % 3);
        back[r] = n * ((r + 2 * rank) % 3);
        places[r] = landing[r] = r * (2 * n + 1);
        for (int i = 0; i < counts[r]; i++)
            out[places[r] + i] = value(round, rank, r, i);
    }
    CALL(MPI_Alltoallv(out, counts, places, MPI_LONG, in, back, landing, MPI_LONG, comm));
    for (int r = 0; r < size; r++)
        for (int i = 0; i < back[r]; i++)
            EQ(in[landing[r] + i], value(round, r, rank, i));
}

/* Every second element: what is sent is packed on its way. */
static void strided(MPI_Comm comm, int round, int n, int root)
{
    MPI_Datatype pairs;
    CALL(MPI_Type_vector(n, 1, 2, MPI_LONG, &pairs));
    CALL(MPI_Type_commit(&pairs));
    for (int i = 0; i < 2 * n; i++)
        out[i] = rank == root && i % 2 == 0 ? value(round, root, 0, i) : -1;
    CALL(MPI_Bcast(out, 1, pairs, root, comm));
    for (int i = 0; i < 2 * n - 1; i++)
        EQ(out[i], i % 2 ? -1 : value(round, root, 0, i));
    CALL(MPI_Type_free(&pairs));
}

static void collective(MPI_Comm comm, int round)
{
    int which = draw(14), root = draw(size), in_place = draw(2), n = sizes[draw(SIZES)];
    if ((long)n * size * 3 > MOST)
        n %= 2049;
    switch (which) {
    case 0: CALL(MPI_Barrier(comm)); break;
    case 1: bcast(comm, round, n, root); break;
    case 2: reduce(comm, round, n, root, in_place); break;
    case 3: allreduce(comm, round, n, in_place); break;
    case 4: reduce_scatter(comm, round, n, in_place); break;
    case 5: scan(comm, round, n); break;
    case 6: gather(comm, round, n, root, in_place); break;
    case 7: scatter(comm, round, n, root, in_place); break;
    case 8: allgather(comm, round, n, in_place); break;
    case 9: alltoall(comm, round, n, in_place); break;
    case 10: alltoallv(comm, round, n % 5000); break;
    case 11: strided(comm, round, n + 1, root); break;
    case 12: bcast(comm, round, 1 + n % 7, root); break;
    default: allreduce(comm, round, 1 + n % 7, in_place); break;
    }
}

static int time_is_up(time_t start, int seconds)
{
    int up = time(NULL) - start >= seconds;
    CALL(MPI_Bcast(&up, 1, MPI_INT, 0, MPI_COMM_WORLD));
    return up;
}

int main(int argc, char **argv)
{
    MPI_Comm comms[3];
    MPI_Request requests[2];
    t_start(&argc, &argv);
    int rounds = argc > 1 ? atoi(argv[1]) : 600, seconds = argc > 2 ? atoi(argv[2]) : 0;
    out = calloc(MOST, sizeof *out);
    in = calloc(MOST, sizeof *in);
    comms[0] = MPI_COMM_WORLD;
    CALL(MPI_Comm_split(MPI_COMM_WORLD, 0, -t_rank, &comms[1]));
    CALL(MPI_Comm_split(MPI_COMM_WORLD, t_rank % 2, t_rank, &comms[2]));
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    long *sent = calloc(20000, sizeof *sent), *got = calloc(20000, sizeof *got);
    time_t start = time(NULL);
    if (seconds && t_rank == 0) {
        puts("computing");
        fflush(stdout);
    }
    for (int round = 0; round < rounds || !time_is_up(start, seconds); round++) {
        int of = draw(3), n = draw(2) ? 20000 : 10;
        sent[n - 1] = round * 64L + t_rank;
        CALL(MPI_Isend(sent, n, MPI_LONG, next, 3, MPI_COMM_WORLD, &requests[0]));
        if (round % 2)
            CALL(MPI_Irecv(got, n, MPI_LONG, before, 3, MPI_COMM_WORLD, &requests[1]));
        CALL(MPI_Comm_rank(comms[of], &rank));
        CALL(MPI_Comm_size(comms[of], &size));
        uint64_t drawn = state;
        for (int i = 0; i < 3; i++)
            collective(comms[of], round);
        state = drawn + 1;
        if (round % 2 == 0)
            CALL(MPI_Irecv(got, n, MPI_LONG, before, 3, MPI_COMM_WORLD, &requests[1]));
        CALL(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
        EQ(got[n - 1], round * 64L + before);
    }
    CALL(MPI_Comm_free(&comms[1]));
    CALL(MPI_Comm_free(&comms[2]));
    return t_end();
}
