/* Persistent requests of all four modes, started alone and together. */
#include "harness.h"

enum { ROUNDS = 50, LEN = 3000 };

static void make(int mode, int *data, MPI_Request *request)
{
    MPI_Comm world = MPI_COMM_WORLD;
    switch (mode) {
    case 0: CALL(MPI_Send_init(data, LEN, MPI_INT, 1, mode, world, request)); break;
    case 1: CALL(MPI_Ssend_init(data, LEN, MPI_INT, 1, mode, world, request)); break;
    case 2: CALL(MPI_Bsend_init(data, LEN, MPI_INT, 1, mode, world, request)); break;
    default: CALL(MPI_Rsend_init(data, LEN, MPI_INT, 1, mode, world, request));
    }
}

static void sender(void)
{
    static int data[4][LEN];
    static char space[4 * (LEN * sizeof(int) + 1000)];
    MPI_Request requests[4];
    void *detached;
    int size;
    CALL(MPI_Buffer_attach(space, sizeof space));
    for (int mode = 0; mode < 4; mode++)
        make(mode, data[mode], &requests[mode]);
    for (int round = 0; round < ROUNDS; round++) {
        for (int mode = 0; mode < 4; mode++)
            for (int i = 0; i < LEN; i++)
                data[mode][i] = round * 10000 + mode * 1000 + i;
        MPI_Barrier(MPI_COMM_WORLD); /* the receives are posted: ready mode is legal */
        if (round % 2)
            CALL(MPI_Startall(4, requests));
        else
            for (int mode = 0; mode < 4; mode++)
                CALL(MPI_Start(&requests[mode]));
        CALL(MPI_Waitall(4, requests, MPI_STATUSES_IGNORE));
        for (int mode = 0; mode < 4; mode++)
            CHECK(requests[mode] != MPI_REQUEST_NULL);
    }
    for (int mode = 0; mode < 4; mode++) {
        CALL(MPI_Request_free(&requests[mode]));
        CHECK(requests[mode] == MPI_REQUEST_NULL);
    }
    CALL(MPI_Buffer_detach(&detached, &size));
}

static void receiver(void)
{
    static int data[4][LEN];
    MPI_Request requests[4];
    MPI_Status statuses[4];
    int flag;
    for (int mode = 0; mode < 4; mode++)
        CALL(MPI_Recv_init(data[mode], LEN, MPI_INT, mode % 2 ? MPI_ANY_SOURCE : 0, mode, MPI_COMM_WORLD,
                           &requests[mode]));
    /* An inactive request is complete and says nothing. */
    CALL(MPI_Test(&requests[0], &flag, &statuses[0]));
    CHECK(flag);
    EQ(statuses[0].MPI_TAG, MPI_ANY_TAG);
    for (int round = 0; round < ROUNDS; round++) {
        CALL(MPI_Startall(4, requests));
        MPI_Barrier(MPI_COMM_WORLD);
        CALL(MPI_Waitall(4, requests, statuses));
        for (int mode = 0; mode < 4; mode++) {
            EQ(statuses[mode].MPI_SOURCE, 0);
            EQ(data[mode][0], round * 10000 + mode * 1000);
            EQ(data[mode][LEN - 1], round * 10000 + mode * 1000 + LEN - 1);
        }
    }
    for (int mode = 0; mode < 4; mode++)
        CALL(MPI_Request_free(&requests[mode]));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    if (t_rank == 0)
        sender();
    else
        receiver();
    return t_end();
}
