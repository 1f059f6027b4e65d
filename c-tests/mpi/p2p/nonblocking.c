/* Completion calls: wait and test in their one, any, some and all forms. */
#include "harness.h"

enum { N = 40 };
static int in[N], out[N];
static MPI_Request requests[N];

static void post(void)
{
    for (int i = 0; i < N; i++) {
        in[i] = -1;
        out[i] = 100 * t_rank + i;
        if (t_rank == 0)
            CALL(MPI_Irecv(&in[i], 1, MPI_INT, 1, i, MPI_COMM_WORLD, &requests[i]));
    }
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < N && t_rank == 1; i++) /* backwards: completion is not in posting order */
        CALL(MPI_Isend(&out[N - 1 - i], 1, MPI_INT, 0, N - 1 - i, MPI_COMM_WORLD, &requests[N - 1 - i]));
    for (int i = 0; i < N && t_rank > 1; i++)
        requests[i] = MPI_REQUEST_NULL;
}

static void check_all(void)
{
    for (int i = 0; i < N; i++) {
        CHECK(requests[i] == MPI_REQUEST_NULL);
        if (t_rank == 0)
            EQ(in[i], 100 + i);
    }
}

static void check_status(const MPI_Status *status, int at)
{
    if (t_rank != 0)
        return;
    EQ(status->MPI_SOURCE, 1);
    EQ(status->MPI_TAG, at);
}

static void waitany(void)
{
    int seen[N] = {0}, at;
    MPI_Status status;
    post();
    for (int i = 0; i < N && t_rank < 2; i++) {
        CALL(MPI_Waitany(N, requests, &at, &status));
        CHECK(at >= 0 && at < N && !seen[at]);
        seen[at] = 1;
        check_status(&status, at);
    }
    CALL(MPI_Waitany(N, requests, &at, &status));
    EQ(at, MPI_UNDEFINED);
    EQ(status.MPI_SOURCE, MPI_ANY_SOURCE);
    EQ(status.MPI_TAG, MPI_ANY_TAG);
    check_all();
}

static void testany(void)
{
    int at, flag, done = 0;
    MPI_Status status;
    post();
    while (t_rank < 2 && done < N) {
        CALL(MPI_Testany(N, requests, &at, &flag, &status));
        if (!flag) {
            EQ(at, MPI_UNDEFINED);
            continue;
        }
        check_status(&status, at);
        done++;
    }
    CALL(MPI_Testany(N, requests, &at, &flag, &status));
    CHECK(flag);
    EQ(at, MPI_UNDEFINED);
    check_all();
}

static void some(int test)
{
    int got, indices[N], done = 0;
    MPI_Status statuses[N];
    post();
    while (t_rank < 2 && done < N) {
        if (test)
            CALL(MPI_Testsome(N, requests, &got, indices, statuses));
        else
            CALL(MPI_Waitsome(N, requests, &got, indices, statuses));
        CHECK(got >= !test && got <= N - done);
        for (int i = 0; i < got; i++)
            check_status(&statuses[i], indices[i]);
        done += got;
    }
    if (test)
        CALL(MPI_Testsome(N, requests, &got, indices, MPI_STATUSES_IGNORE));
    else
        CALL(MPI_Waitsome(N, requests, &got, indices, MPI_STATUSES_IGNORE));
    EQ(got, MPI_UNDEFINED);
    check_all();
}

static void all(int test)
{
    MPI_Status statuses[N];
    int flag = 0;
    post();
    if (!test)
        CALL(MPI_Waitall(N, requests, statuses));
    while (test && !flag)
        CALL(MPI_Testall(N, requests, &flag, statuses));
    for (int i = 0; i < N; i++)
        check_status(&statuses[i], i);
    check_all();
}

static void one(int test)
{
    MPI_Status status;
    int flag;
    post();
    for (int i = 0; i < N; i++) {
        if (test)
            for (flag = 0; !flag;)
                CALL(MPI_Test(&requests[i], &flag, &status));
        else
            CALL(MPI_Wait(&requests[i], &status));
        check_status(&status, i);
    }
    check_all();
}

/* A request that is asked about stays; one that is freed still completes. */
static void get_status_and_free(void)
{
    int flag = 0;
    MPI_Status status;
    post();
    if (t_rank == 0) {
        while (!flag)
            CALL(MPI_Request_get_status(requests[3], &flag, &status));
        EQ(status.MPI_TAG, 3);
        CHECK(requests[3] != MPI_REQUEST_NULL);
        EQ(in[3], 103);
    }
    if (t_rank == 1) {
        CALL(MPI_Request_free(&requests[5]));
        CHECK(requests[5] == MPI_REQUEST_NULL);
    }
    CALL(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
    check_all();
    CALL(MPI_Request_get_status(MPI_REQUEST_NULL, &flag, &status));
    CHECK(flag);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int round = 0; round < 20; round++) {
        waitany();
        testany();
        some(0);
        some(1);
        all(0);
        all(1);
        one(0);
        one(1);
        get_status_and_free();
    }
    return t_end();
}
