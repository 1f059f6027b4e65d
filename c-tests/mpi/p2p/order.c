/* Messages of one sender are matched in the order sent, whatever their size and however received. */
#include "harness.h"

enum { N = 400, BIG = 100000 };

static int length(int i) { return i % 7 == 3 ? BIG - i : 4 + (i * 37) % 600 / 4 * 4; }

static void sender(void)
{
    static char data[BIG];
    for (int i = 0; i < N; i++) {
        memcpy(data, &i, sizeof i);
        CALL(MPI_Send(data, length(i), MPI_CHAR, 0, 1, MPI_COMM_WORLD));
    }
}

static void receiver(void)
{
    static char data[BIG];
    int next[64] = {0}, number, count;
    MPI_Status status;
    for (int i = 0; i < N * (t_size - 1); i++) {
        CALL(MPI_Recv(data, BIG, MPI_CHAR, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status));
        memcpy(&number, data, sizeof number);
        EQ(number, next[status.MPI_SOURCE]);
        CALL(MPI_Get_count(&status, MPI_CHAR, &count));
        EQ(count, length(number));
        next[status.MPI_SOURCE]++;
    }
}

/* Wildcard and exact receives posted alternately take the messages in posting order. */
static void posted_mix(void)
{
    enum { M = 60 };
    int in[M], out[M];
    MPI_Request requests[M];
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < M; i++) {
        out[i] = i;
        if (t_rank == 0)
            CALL(MPI_Irecv(&in[i], 1, MPI_INT, i % 2 ? MPI_ANY_SOURCE : 1, i % 3 ? MPI_ANY_TAG : 8, MPI_COMM_WORLD,
                           &requests[i]));
    }
    for (int i = 0; i < M && t_rank == 1; i++)
        CALL(MPI_Send(&out[i], 1, MPI_INT, 0, 8, MPI_COMM_WORLD));
    if (t_rank != 0)
        return;
    CALL(MPI_Waitall(M, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < M; i++)
        EQ(in[i], i);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    if (t_rank == 0)
        receiver();
    else
        sender();
    posted_mix();
    return t_end();
}
