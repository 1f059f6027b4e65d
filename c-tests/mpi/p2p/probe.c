/* Probe and iprobe tell source, tag and length before the receive, in order, and with wildcards. */
#include "harness.h"

static void sender(void)
{
    static char data[200000];
    for (int i = 0; i < 30; i++) {
        int len = i % 3 == 2 ? 150000 + i : 10 * i;
        t_fill(data, (size_t)len, (unsigned)i);
        CALL(MPI_Send(data, len, MPI_CHAR, 0, i, MPI_COMM_WORLD));
    }
}

static void receive_one(int from, int tag, int use_iprobe)
{
    static char data[200000];
    MPI_Status probed, received;
    int len, count, flag = 0;
    if (use_iprobe)
        while (!flag)
            CALL(MPI_Iprobe(from, tag, MPI_COMM_WORLD, &flag, &probed));
    else
        CALL(MPI_Probe(from, tag, MPI_COMM_WORLD, &probed));
    CALL(MPI_Get_count(&probed, MPI_CHAR, &len));
    CHECK(probed.MPI_SOURCE > 0 && probed.MPI_SOURCE < t_size);
    CALL(MPI_Recv(data, len, MPI_CHAR, probed.MPI_SOURCE, probed.MPI_TAG, MPI_COMM_WORLD, &received));
    CALL(MPI_Get_count(&received, MPI_CHAR, &count));
    EQ(count, len);
    EQ(received.MPI_SOURCE, probed.MPI_SOURCE);
    EQ(received.MPI_TAG, probed.MPI_TAG);
    CHECK_BYTES(data, (size_t)len, (unsigned)probed.MPI_TAG);
}

int main(int argc, char **argv)
{
    MPI_Status status;
    int flag = 7;
    t_start(&argc, &argv);
    if (t_rank == 0) {
        CALL(MPI_Iprobe(MPI_ANY_SOURCE, 4444, MPI_COMM_WORLD, &flag, &status));
        EQ(flag, 0);
        for (int i = 0; i < 30 * (t_size - 1); i++)
            receive_one(MPI_ANY_SOURCE, MPI_ANY_TAG, i % 2);
        CALL(MPI_Probe(MPI_PROC_NULL, 3, MPI_COMM_WORLD, &status));
        EQ(status.MPI_SOURCE, MPI_PROC_NULL);
    } else {
        sender();
    }
    MPI_Barrier(MPI_COMM_WORLD);
    /* By tag, against the order of arrival. */
    if (t_rank == 0)
        for (int tag = 29; tag >= 0; tag--)
            receive_one(1, tag, tag % 2);
    else if (t_rank == 1)
        for (int tag = 0; tag < 30; tag++) {
            static char data[200000];
            MPI_Request request;
            int len = 10 * tag;
            t_fill(data, (size_t)len, (unsigned)tag);
            CALL(MPI_Isend(data, len, MPI_CHAR, 0, tag, MPI_COMM_WORLD, &request));
            CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
        }
    return t_end();
}
