/* Four threads per rank wait in every way at once: none may be forgotten, and no message may reach another's receive. */
#include "harness.h"
#include <pthread.h>
#include <time.h>

enum { THREADS = 4, BURST = 20, LARGE = 40000, COMMON = 500 };

static int rounds = 200;
static MPI_Comm own[THREADS];

static int next_rank(void)
{
    return (t_rank + 1) % t_size;
}

static int previous_rank(void)
{
    return (t_rank + t_size - 1) % t_size;
}

static int value(int from, int thread, int round)
{
    return from * 1000000 + thread * 100000 + round;
}

/* Pauses now and then for longer than a waiting thread polls. */
static void dawdle(int me, int round)
{
    struct timespec t = {0, 300000};
    if ((round + me) % 16 == 0)
        nanosleep(&t, NULL);
}

static void blocking(int me, int round)
{
    int out = value(t_rank, me, round), in = -1;
    if (t_rank % 2 == 0)
        CALL(MPI_Send(&out, 1, MPI_INT, next_rank(), me, MPI_COMM_WORLD));
    CALL(MPI_Recv(&in, 1, MPI_INT, previous_rank(), me, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    if (t_rank % 2 == 1)
        CALL(MPI_Send(&out, 1, MPI_INT, next_rank(), me, MPI_COMM_WORLD));
    EQ(in, value(previous_rank(), me, round));
}

static void burst(int me, int round, int how)
{
    int out[BURST], in[BURST], index, flag = 0, done = 0, indices[2 * BURST];
    MPI_Request requests[2 * BURST];
    for (int i = 0; i < BURST; i++) {
        out[i] = value(t_rank, me, round) + i;
        CALL(MPI_Irecv(&in[i], 1, MPI_INT, previous_rank(), me, MPI_COMM_WORLD, &requests[i]));
    }
    for (int i = 0; i < BURST; i++)
        CALL(MPI_Isend(&out[i], 1, MPI_INT, next_rank(), me, MPI_COMM_WORLD, &requests[BURST + i]));
    for (int i = 0; how == 0 && i < 2 * BURST; i++)
        CALL(MPI_Waitany(2 * BURST, requests, &index, MPI_STATUS_IGNORE));
    while (how == 1 && done < 2 * BURST) {
        CALL(MPI_Waitsome(2 * BURST, requests, &index, indices, MPI_STATUSES_IGNORE));
        done += index;
    }
    while (how == 2 && !flag)
        CALL(MPI_Testall(2 * BURST, requests, &flag, MPI_STATUSES_IGNORE));
    CALL(MPI_Waitall(2 * BURST, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < BURST; i++)
        EQ(in[i], value(previous_rank(), me, round) + i);
}

/* Any source, any tag: on the thread's own communicator. */
static void anything(int me, int round)
{
    int out = value(t_rank, me, round), in = -1;
    MPI_Status status;
    MPI_Request request;
    CALL(MPI_Issend(&out, 1, MPI_INT, next_rank(), round, own[me], &request));
    CALL(MPI_Recv(&in, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, own[me], &status));
    CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    EQ(in, value(status.MPI_SOURCE, me, round));
    EQ(status.MPI_TAG, round);
}

static void probed(int me, int round, int matched)
{
    int out = value(t_rank, me, round), in = -1, count;
    MPI_Status status;
    MPI_Message message;
    CALL(MPI_Send(&out, 1, MPI_INT, next_rank(), me, MPI_COMM_WORLD));
    if (matched) {
        CALL(MPI_Mprobe(previous_rank(), me, MPI_COMM_WORLD, &message, &status));
        CALL(MPI_Mrecv(&in, 1, MPI_INT, &message, MPI_STATUS_IGNORE));
    } else {
        CALL(MPI_Probe(previous_rank(), me, MPI_COMM_WORLD, &status));
        CALL(MPI_Recv(&in, 1, MPI_INT, previous_rank(), me, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    CALL(MPI_Get_count(&status, MPI_INT, &count));
    EQ(count, 1);
    EQ(in, value(previous_rank(), me, round));
}

static void large(int me, int round)
{
    static char out[THREADS][LARGE], in[THREADS][LARGE];
    t_fill(out[me], LARGE, (unsigned)(round + me));
    CALL(MPI_Sendrecv(out[me], LARGE, MPI_CHAR, next_rank(), me, in[me], LARGE, MPI_CHAR, previous_rank(), me,
                      MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CHECK_BYTES(in[me], LARGE, (unsigned)(round + me));
}

static void together(int me, int round)
{
    int in = value(0, me, round), sum = 0;
    MPI_Request request;
    CALL(MPI_Allreduce(&in, &sum, 1, MPI_INT, MPI_SUM, own[me]));
    EQ(sum, in * t_size);
    CALL(MPI_Ibarrier(own[me], &request));
    CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
}

/* One queue for all threads of a rank: whoever takes a message, each arrives once. */
static long long taken[THREADS];

static void common(int me, int round)
{
    int in;
    CALL(MPI_Send(&round, 1, MPI_INT, next_rank(), COMMON, MPI_COMM_WORLD));
    CALL(MPI_Recv(&in, 1, MPI_INT, MPI_ANY_SOURCE, COMMON, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    taken[me] += in;
}

static void *talk(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int i = 0; i < rounds; i++) {
        dawdle(me, i);
        common(me, i);
        switch ((i + i / 8) % 8) {
        case 0: blocking(me, i); break;
        case 1: burst(me, i, 0); break;
        case 2: anything(me, i); break;
        case 3: probed(me, i, 0); break;
        case 4: burst(me, i, 1); break;
        case 5: large(me, i); break;
        case 6: probed(me, i, 1); break;
        case 7: burst(me, i, 2); together(me, i); break;
        }
    }
    return NULL;
}

/* Threads that sleep until the end beside one that works: each is woken by the message for it alone. */
static void *sleepy(void *arg)
{
    int me = (int)(intptr_t)arg, in = -1;
    MPI_Status status;
    if (me % 2)
        CALL(MPI_Probe(previous_rank(), 1000 + me, MPI_COMM_WORLD, &status));
    CALL(MPI_Recv(&in, 1, MPI_INT, previous_rank(), 1000 + me, MPI_COMM_WORLD, &status));
    EQ(in, me);
    return NULL;
}

static void beside(void)
{
    pthread_t threads[THREADS];
    for (int i = 1; i < THREADS; i++)
        pthread_create(&threads[i], NULL, sleepy, (void *)(intptr_t)i);
    for (int i = 0; i < 10 * rounds; i++)
        blocking(0, i);
    for (int i = THREADS - 1; i > 0; i--) {
        dawdle(0, 0);
        CALL(MPI_Send(&i, 1, MPI_INT, next_rank(), 1000 + i, MPI_COMM_WORLD));
    }
    for (int i = 1; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    int provided;
    long long sum = 0;
    pthread_t threads[THREADS];
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &t_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t_size);
    EQ(provided, MPI_THREAD_MULTIPLE);
    if (argc > 1)
        rounds = atoi(argv[1]);
    for (int i = 0; i < THREADS; i++)
        CALL(MPI_Comm_dup(MPI_COMM_WORLD, &own[i]));
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, talk, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += taken[i];
    }
    EQ(sum, (long long)THREADS * rounds * (rounds - 1) / 2);
    beside();
    for (int i = 0; i < THREADS; i++)
        CALL(MPI_Comm_free(&own[i]));
    return t_end();
}
