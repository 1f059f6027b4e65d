/* Statuses made by hand, null and inactive requests, empty statuses. */
#include "harness.h"

static void check_empty(MPI_Status *status)
{
    int count = -1, flag = 1;
    EQ(status->MPI_SOURCE, MPI_ANY_SOURCE);
    EQ(status->MPI_TAG, MPI_ANY_TAG);
    CALL(MPI_Get_count(status, MPI_INT, &count));
    EQ(count, 0);
    CALL(MPI_Test_cancelled(status, &flag));
    EQ(flag, 0);
}

static void nulls(void)
{
    MPI_Request none[3] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    MPI_Status status, statuses[3];
    int flag, at;
    CALL(MPI_Wait(&none[0], &status));
    check_empty(&status);
    CALL(MPI_Test(&none[0], &flag, &status));
    CHECK(flag);
    check_empty(&status);
    CALL(MPI_Waitall(3, none, statuses));
    for (int i = 0; i < 3; i++)
        check_empty(&statuses[i]);
    CALL(MPI_Testall(3, none, &flag, statuses));
    CHECK(flag);
    CALL(MPI_Waitany(3, none, &at, &status));
    EQ(at, MPI_UNDEFINED);
    check_empty(&status);
    CALL(MPI_Waitall(0, NULL, MPI_STATUSES_IGNORE));
}

static void by_hand(void)
{
    MPI_Status status;
    MPI_Count big = 0;
    int count, flag;
    memset(&status, 0, sizeof status);
    CALL(MPI_Status_set_elements(&status, MPI_INT, 12));
    CALL(MPI_Get_count(&status, MPI_INT, &count));
    EQ(count, 12);
    CALL(MPI_Get_elements(&status, MPI_INT, &count));
    EQ(count, 12);
    CALL(MPI_Status_set_elements_x(&status, MPI_CHAR, (MPI_Count)5000000000LL));
    CALL(MPI_Get_elements_x(&status, MPI_CHAR, &big));
    EQ(big, 5000000000LL);
    CALL(MPI_Get_count(&status, MPI_CHAR, &count));
    EQ(count, MPI_UNDEFINED);
    CALL(MPI_Status_set_cancelled(&status, 1));
    CALL(MPI_Test_cancelled(&status, &flag));
    CHECK(flag);
    CALL(MPI_Status_set_cancelled(&status, 0));
    CALL(MPI_Test_cancelled(&status, &flag));
    EQ(flag, 0);
}

static void inactive(void)
{
    int x, flag, count;
    MPI_Request request;
    MPI_Status status;
    CALL(MPI_Recv_init(&x, 1, MPI_INT, MPI_ANY_SOURCE, 1, MPI_COMM_SELF, &request));
    CALL(MPI_Wait(&request, &status));
    check_empty(&status);
    CALL(MPI_Request_get_status(request, &flag, &status));
    CHECK(flag);
    CALL(MPI_Testsome(1, &request, &count, &x, &status));
    EQ(count, MPI_UNDEFINED);
    CALL(MPI_Request_free(&request));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    nulls();
    by_hand();
    inactive();
    return t_end();
}
