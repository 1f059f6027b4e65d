/* Collectives on types with gaps: the gaps of the receive buffers are left alone. */
#include "harness.h"

int main(int argc, char **argv)
{
    enum { N = 9 };
    MPI_Datatype spread, column;
    static int a[64 * N * 2], b[64 * N * 2];
    t_start(&argc, &argv);
    MPI_Datatype raw;
    CALL(MPI_Type_vector(N, 1, 2, MPI_INT, &raw));
    CALL(MPI_Type_create_resized(raw, 0, 2 * N * sizeof(int), &spread));
    CALL(MPI_Type_commit(&spread));
    CALL(MPI_Type_free(&raw));

    for (int i = 0; i < 2 * N; i++)
        a[i] = t_rank == 1 ? i : -1;
    CALL(MPI_Bcast(a, 1, spread, 1, MPI_COMM_WORLD));
    for (int i = 0; i < 2 * N; i++)
        EQ(a[i], i % 2 == 0 || t_rank == 1 ? i : -1);

    for (int i = 0; i < N; i++)
        a[i] = t_rank * 100 + i;
    memset(b, 0xff, sizeof b);
    CALL(MPI_Allgather(a, N, MPI_INT, b, 1, spread, MPI_COMM_WORLD));
    for (int i = 0; i < 2 * N * t_size; i++)
        EQ(b[i], i % 2 ? -1 : i / (2 * N) * 100 + i % (2 * N) / 2);

    memset(a, 0xff, sizeof a);
    CALL(MPI_Alltoall(b, 1, spread, a, N, MPI_INT, MPI_COMM_WORLD));
    for (int i = 0; i < N * t_size; i++)
        EQ(a[i], t_rank * 100 + i % N);

    memset(a, 0xff, sizeof a);
    CALL(MPI_Gather(b, 1, spread, a, N, MPI_INT, 0, MPI_COMM_WORLD));
    for (int i = 0; i < N * t_size && t_rank == 0; i++)
        EQ(a[i], i % N);
    for (int i = 0; i < N * t_size; i++)
        a[i] = i;
    memset(b, 0xff, sizeof b);
    CALL(MPI_Scatter(a, N, MPI_INT, b, 1, spread, 0, MPI_COMM_WORLD));
    for (int i = 0; i < 2 * N; i++)
        EQ(b[i], i % 2 ? -1 : t_rank * N + i / 2);

    /* A matrix by rows, transposed through alltoallw. */
    int rows[64], offsets[64], column_offsets[64], ones[64];
    MPI_Datatype types[64], ints[64];
    CALL(MPI_Type_vector(1, 1, t_size, MPI_INT, &column));
    CALL(MPI_Type_commit(&column));
    for (int r = 0; r < t_size; r++) {
        a[r] = t_rank * 1000 + r;
        rows[r] = ones[r] = 1;
        offsets[r] = column_offsets[r] = r * (int)sizeof(int);
        types[r] = column;
        ints[r] = MPI_INT;
    }
    CALL(MPI_Alltoallw(a, ones, offsets, ints, b, rows, column_offsets, types, MPI_COMM_WORLD));
    for (int r = 0; r < t_size; r++)
        EQ(b[r], r * 1000 + t_rank);
    CALL(MPI_Type_free(&column));
    CALL(MPI_Type_free(&spread));
    return t_end();
}
