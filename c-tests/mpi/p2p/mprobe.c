/* Matched probe takes the message out of matching; mrecv and imrecv receive exactly it. */
#include "harness.h"

enum { BIG = 300000 };
static char data[BIG];

static void receiver(int tags)
{
    MPI_Message messages[8];
    MPI_Status status;
    int len[8], flag, count, other;
    for (int i = 0; i < tags; i++) {
        flag = 0;
        if (i % 2)
            CALL(MPI_Mprobe(0, i, MPI_COMM_WORLD, &messages[i], &status));
        while (i % 2 == 0 && !flag)
            CALL(MPI_Improbe(0, i, MPI_COMM_WORLD, &flag, &messages[i], &status));
        EQ(status.MPI_TAG, i);
        CALL(MPI_Get_count(&status, MPI_CHAR, &len[i]));
        /* A message that was taken is not seen again. */
        CALL(MPI_Iprobe(0, i, MPI_COMM_WORLD, &other, MPI_STATUS_IGNORE));
        EQ(other, 0);
    }
    for (int i = tags - 1; i >= 0; i--) {
        MPI_Request request;
        if (i % 3 == 0) {
            CALL(MPI_Imrecv(data, len[i], MPI_CHAR, &messages[i], &request));
            CALL(MPI_Wait(&request, &status));
        } else {
            CALL(MPI_Mrecv(data, len[i], MPI_CHAR, &messages[i], &status));
        }
        CHECK(messages[i] == MPI_MESSAGE_NULL);
        CALL(MPI_Get_count(&status, MPI_CHAR, &count));
        EQ(count, len[i]);
        EQ(status.MPI_SOURCE, 0);
        CHECK_BYTES(data, (size_t)len[i], (unsigned)i);
    }
}

static void no_proc(void)
{
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status;
    int flag = 0;
    CALL(MPI_Mprobe(MPI_PROC_NULL, 1, MPI_COMM_WORLD, &message, &status));
    CHECK(message == MPI_MESSAGE_NO_PROC);
    CALL(MPI_Mrecv(data, 10, MPI_CHAR, &message, &status));
    CHECK(message == MPI_MESSAGE_NULL);
    EQ(status.MPI_SOURCE, MPI_PROC_NULL);
    CALL(MPI_Improbe(MPI_PROC_NULL, 1, MPI_COMM_WORLD, &flag, &message, &status));
    CHECK(flag && message == MPI_MESSAGE_NO_PROC);
    CALL(MPI_Mrecv(data, 10, MPI_CHAR, &message, &status));
}

int main(int argc, char **argv)
{
    enum { TAGS = 8 };
    t_start(&argc, &argv);
    for (int round = 0; round < 10; round++) {
        if (t_rank == 0) {
            static char out[TAGS][BIG];
            MPI_Request requests[TAGS];
            for (int i = 0; i < TAGS; i++) {
                int len = i % 2 ? BIG - i : 17 * i;
                t_fill(out[i], (size_t)len, (unsigned)i);
                CALL(MPI_Isend(out[i], len, MPI_CHAR, 1, i, MPI_COMM_WORLD, &requests[i]));
            }
            CALL(MPI_Waitall(TAGS, requests, MPI_STATUSES_IGNORE));
        } else if (t_rank == 1) {
            receiver(TAGS);
        }
    }
    no_proc();
    return t_end();
}
