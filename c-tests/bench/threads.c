/* MPI_THREAD_MULTIPLE: two ranks, 1 to 4 threads each; every thread speaks with its like over a communicator of its own,
 * 64 messages of 8 bytes in flight one way. Microseconds per message of all threads together, by the number of threads. */
#include "bench.h"
#include <pthread.h>

enum { WINDOW = 64, MOST = 4 };

static const int counts[] = {1, 2, 3, MOST, -1};

static struct thread {
    pthread_t id;
    MPI_Comm comm;
    int repeat, bad;
    long stamp;
} threads[MOST];

static void send_window(struct thread *t, long *data, MPI_Request *requests)
{
    for (int i = 0; i < WINDOW; i++) {
        data[i] = t->stamp + i;
        MPI_Isend(&data[i], 1, MPI_LONG, 1, 1, t->comm, &requests[i]);
    }
    MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
    MPI_Recv(NULL, 0, MPI_LONG, 1, 2, t->comm, MPI_STATUS_IGNORE);
}

static void receive_window(struct thread *t, long *data, MPI_Request *requests)
{
    for (int i = 0; i < WINDOW; i++)
        MPI_Irecv(&data[i], 1, MPI_LONG, 0, 1, t->comm, &requests[i]);
    MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < WINDOW; i++)
        t->bad |= data[i] != t->stamp + i;
    MPI_Send(NULL, 0, MPI_LONG, 0, 2, t->comm);
}

static void *work(void *what)
{
    struct thread *t = what;
    long data[WINDOW];
    MPI_Request requests[WINDOW];
    for (int i = 0; i < t->repeat; i++) {
        t->stamp += WINDOW;
        if (b_rank == 0)
            send_window(t, data, requests);
        else
            receive_window(t, data, requests);
    }
    return NULL;
}

/* Seconds that `n` threads need for `repeat` windows each. */
static double all_threads(int n, int repeat)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = b_now();
    for (int i = 0; i < n; i++) {
        threads[i].repeat = repeat;
        if (pthread_create(&threads[i].id, NULL, work, &threads[i]))
            MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i].id, NULL);
        b_expect(!threads[i].bad);
    }
    double took = b_now() - start;
    MPI_Bcast(&took, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    return took;
}

/* Twice the usual time, so that starting the threads does not count. */
static double point(int n)
{
    double seconds = 2 * b_seconds;
    if (b_used > b_budget)
        return b_last = -1;
    for (int repeat = 1;;) {
        double took = all_threads(n, repeat), more = seconds / took;
        b_used += took;
        b_last = took / repeat;
        if (took > seconds * 0.6)
            return took / repeat / n / WINDOW;
        repeat = (int)(repeat * (more > 50 ? 50 : more < 2 ? 2 : more));
    }
}

int main(int argc, char **argv)
{
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    b_ready(argc, argv);
    if (provided != MPI_THREAD_MULTIPLE || b_size != 2)
        MPI_Abort(MPI_COMM_WORLD, 2);
    for (int i = 0; i < MOST; i++)
        MPI_Comm_dup(MPI_COMM_WORLD, &threads[i].comm);
    b_section("thread-rate", counts, point);
    return b_end();
}
