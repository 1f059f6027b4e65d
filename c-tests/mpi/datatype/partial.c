/* Messages that end in the middle of a type: get_count is undefined, get_elements counts basic items. */
#include "harness.h"

int main(int argc, char **argv)
{
    MPI_Datatype pair, spread;
    MPI_Status status;
    int data[12], got[24], count;
    t_start(&argc, &argv);
    CALL(MPI_Type_contiguous(2, MPI_INT, &pair));
    CALL(MPI_Type_commit(&pair));
    CALL(MPI_Type_vector(2, 1, 2, MPI_INT, &spread));
    CALL(MPI_Type_commit(&spread));
    for (int i = 0; i < 12; i++)
        data[i] = i + 1;
    for (int n = 0; n <= 9; n++) {
        if (t_rank == 0) {
            CALL(MPI_Send(data, n, MPI_INT, 1, n, MPI_COMM_WORLD));
            CALL(MPI_Send(data, n, MPI_INT, 1, n, MPI_COMM_WORLD));
        }
        if (t_rank != 1)
            continue;
        memset(got, 0, sizeof got);
        CALL(MPI_Recv(got, 6, pair, 0, n, MPI_COMM_WORLD, &status));
        CALL(MPI_Get_count(&status, pair, &count));
        EQ(count, n % 2 ? MPI_UNDEFINED : n / 2);
        CALL(MPI_Get_elements(&status, pair, &count));
        EQ(count, n);
        EQ(got[n], 0);
        memset(got, 0, sizeof got);
        CALL(MPI_Recv(got, 6, spread, 0, n, MPI_COMM_WORLD, &status));
        CALL(MPI_Get_elements(&status, spread, &count));
        EQ(count, n);
        /* Item k of the message lies in the k/2-th copy, whose extent is three ints. */
        for (int k = 0; k < n; k++)
            EQ(got[k / 2 * 3 + k % 2 * 2], k + 1);
    }
    CALL(MPI_Type_free(&pair));
    CALL(MPI_Type_free(&spread));
    return t_end();
}
