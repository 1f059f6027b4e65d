/* Pack and unpack by hand, MPI_PACKED messages, and the big-endian external32 form. */
#include "harness.h"

static void by_hand(void)
{
    char buffer[1000];
    int position = 0, i = 42 + t_rank, got_i = 0, size;
    double d[3] = {1.5, 2.5, 3.5}, got_d[3];
    CALL(MPI_Pack_size(3, MPI_DOUBLE, MPI_COMM_WORLD, &size));
    CHECK(size >= 24);
    CALL(MPI_Pack(&i, 1, MPI_INT, buffer, sizeof buffer, &position, MPI_COMM_WORLD));
    CALL(MPI_Pack(d, 3, MPI_DOUBLE, buffer, sizeof buffer, &position, MPI_COMM_WORLD));
    if (t_rank == 0)
        CALL(MPI_Send(buffer, position, MPI_PACKED, 1, 1, MPI_COMM_WORLD));
    if (t_rank == 1) {
        memset(buffer, 0, sizeof buffer);
        CALL(MPI_Recv(buffer, sizeof buffer, MPI_PACKED, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        position = 0;
        CALL(MPI_Unpack(buffer, sizeof buffer, &position, &got_i, 1, MPI_INT, MPI_COMM_WORLD));
        CALL(MPI_Unpack(buffer, sizeof buffer, &position, got_d, 3, MPI_DOUBLE, MPI_COMM_WORLD));
        EQ(got_i, 42);
        CHECK(got_d[2] == 3.5);
    }
    /* Sent packed, received as what it is. */
    if (t_rank == 0) {
        int many[5] = {1, 2, 3, 4, 5};
        position = 0;
        CALL(MPI_Pack(many, 5, MPI_INT, buffer, sizeof buffer, &position, MPI_COMM_WORLD));
        CALL(MPI_Send(buffer, position, MPI_PACKED, 1, 2, MPI_COMM_WORLD));
    }
    if (t_rank == 1) {
        int many[5] = {0};
        CALL(MPI_Recv(many, 5, MPI_INT, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        EQ(many[4], 5);
    }
}

static void external(void)
{
    unsigned char buffer[256];
    const unsigned char want[] = {0x01, 0x02, 0x03, 0x04, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xab, 0xcd};
    int i = 0x01020304, got_i = 0;
    double d = 1.5, got_d = 0;
    short s = (short)0xabcd, got_s = 0;
    MPI_Aint position = 0, size = 0;
    CALL(MPI_Pack_external_size("external32", 1, MPI_INT, &size));
    EQ(size, 4);
    CALL(MPI_Pack_external("external32", &i, 1, MPI_INT, buffer, sizeof buffer, &position));
    CALL(MPI_Pack_external("external32", &d, 1, MPI_DOUBLE, buffer, sizeof buffer, &position));
    CALL(MPI_Pack_external("external32", &s, 1, MPI_SHORT, buffer, sizeof buffer, &position));
    EQ(position, sizeof want);
    CHECK(memcmp(buffer, want, sizeof want) == 0);
    position = 0;
    CALL(MPI_Unpack_external("external32", buffer, sizeof want, &position, &got_i, 1, MPI_INT));
    CALL(MPI_Unpack_external("external32", buffer, sizeof want, &position, &got_d, 1, MPI_DOUBLE));
    CALL(MPI_Unpack_external("external32", buffer, sizeof want, &position, &got_s, 1, MPI_SHORT));
    EQ(got_i, i);
    CHECK(got_d == d);
    EQ(got_s, s);
}

static void external_typed(void)
{
    int grid[4][4], back[4][4] = {{0}};
    unsigned char buffer[64];
    MPI_Aint position = 0;
    MPI_Datatype column;
    for (int i = 0; i < 16; i++)
        grid[i / 4][i % 4] = i;
    CALL(MPI_Type_vector(4, 1, 4, MPI_INT, &column));
    CALL(MPI_Type_commit(&column));
    CALL(MPI_Pack_external("external32", &grid[0][2], 1, column, buffer, sizeof buffer, &position));
    EQ(position, 16);
    EQ(buffer[3], 2);
    EQ(buffer[7], 6);
    position = 0;
    CALL(MPI_Unpack_external("external32", buffer, 16, &position, &back[0][2], 1, column));
    EQ(back[3][2], 14);
    CALL(MPI_Type_free(&column));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    by_hand();
    external();
    external_typed();
    return t_end();
}
