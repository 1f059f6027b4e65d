/* Generalized requests: query, free and cancel callbacks, completion through every wait. */
#include "harness.h"

static int queried, freed, cancelled;

static int query(void *state, MPI_Status *status)
{
    queried++;
    MPI_Status_set_elements(status, MPI_INT, *(int *)state);
    MPI_Status_set_cancelled(status, 0);
    status->MPI_SOURCE = MPI_UNDEFINED;
    status->MPI_TAG = MPI_UNDEFINED;
    return MPI_SUCCESS;
}

static int release(void *state)
{
    (void)state;
    freed++;
    return MPI_SUCCESS;
}

static int cancel(void *state, int complete)
{
    (void)state;
    cancelled += 1 + complete;
    return MPI_SUCCESS;
}

int main(int argc, char **argv)
{
    MPI_Request request, both[2];
    MPI_Status status, statuses[2];
    int state = 17, flag, count, at;
    t_start(&argc, &argv);

    CALL(MPI_Grequest_start(query, release, cancel, &state, &request));
    CALL(MPI_Test(&request, &flag, &status));
    EQ(flag, 0);
    EQ(queried, 0);
    CALL(MPI_Grequest_complete(request));
    CALL(MPI_Wait(&request, &status));
    CHECK(request == MPI_REQUEST_NULL);
    CALL(MPI_Get_count(&status, MPI_INT, &count));
    EQ(count, 17);
    EQ(status.MPI_TAG, MPI_UNDEFINED);
    EQ(queried, 1);
    EQ(freed, 1);

    for (int i = 0; i < 2; i++)
        CALL(MPI_Grequest_start(query, release, cancel, &state, &both[i]));
    CALL(MPI_Grequest_complete(both[1]));
    CALL(MPI_Waitany(2, both, &at, &status));
    EQ(at, 1);
    EQ(freed, 2);
    CALL(MPI_Cancel(&both[0]));
    EQ(cancelled, 1);
    CALL(MPI_Grequest_complete(both[0]));
    CALL(MPI_Waitall(2, both, statuses));
    EQ(freed, 3);

    /* Freed before it completed: the callback waits for the completion. */
    CALL(MPI_Grequest_start(query, release, cancel, &state, &request));
    both[0] = request;
    CALL(MPI_Request_free(&request));
    CALL(MPI_Grequest_complete(both[0]));
    EQ(freed, 4);
    return t_end();
}
