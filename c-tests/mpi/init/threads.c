/* MPI_THREAD_MULTIPLE: four threads per rank talk at once, on one communicator by tag and each on its own. */
#include "harness.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 300 };
static MPI_Comm comms[THREADS];

static void *talk(void *arg)
{
    int me = (int)(intptr_t)arg, peer = t_rank ^ 1, sum;
    static char big_out[THREADS][60000], big_in[THREADS][60000];
    for (int i = 0; i < ROUNDS; i++) {
        int out = t_rank * 1000000 + me * 10000 + i, in = -1;
        MPI_Request requests[2];
        if (peer < t_size) {
            CALL(MPI_Irecv(&in, 1, MPI_INT, peer, me, MPI_COMM_WORLD, &requests[0]));
            CALL(MPI_Isend(&out, 1, MPI_INT, peer, me, MPI_COMM_WORLD, &requests[1]));
            CALL(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
            EQ(in, peer * 1000000 + me * 10000 + i);
        }
        if (i % 10 == 0) {
            CALL(MPI_Allreduce(&me, &sum, 1, MPI_INT, MPI_SUM, comms[me]));
            EQ(sum, me * t_size);
        }
        if (i % 50 == 0 && peer < t_size) {
            t_fill(big_out[me], 60000, (unsigned)(i + me));
            CALL(MPI_Sendrecv(big_out[me], 60000, MPI_CHAR, peer, 9, big_in[me], 60000, MPI_CHAR, peer, 9, comms[me],
                              MPI_STATUS_IGNORE));
            CHECK_BYTES(big_in[me], 60000, (unsigned)(i + me));
        }
    }
    return NULL;
}

/* One thread waits in a receive; another sends the message it waits for. */
static void *late(void *arg)
{
    int x = 8;
    (void)arg;
    CALL(MPI_Send(&x, 1, MPI_INT, t_rank, 99, MPI_COMM_WORLD));
    return NULL;
}

int main(int argc, char **argv)
{
    int provided, main_thread, x = 0;
    pthread_t threads[THREADS];
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &t_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t_size);
    EQ(provided, MPI_THREAD_MULTIPLE);
    for (int i = 0; i < THREADS; i++)
        CALL(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, talk, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_create(&threads[0], NULL, late, NULL);
    CALL(MPI_Recv(&x, 1, MPI_INT, t_rank, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    EQ(x, 8);
    pthread_join(threads[0], NULL);
    CALL(MPI_Is_thread_main(&main_thread));
    CHECK(main_thread);
    for (int i = 0; i < THREADS; i++)
        CALL(MPI_Comm_free(&comms[i]));
    return t_end();
}
