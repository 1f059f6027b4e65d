/* Inter-communicators: creation, sizes, messages between the groups, merge, dup. */
#include "harness.h"

int main(int argc, char **argv)
{
    MPI_Comm half, inter, copy, merged;
    int low, flag, size, rank, remote, x, got = -1, sum;
    MPI_Status status;
    t_start(&argc, &argv);
    low = t_rank < t_size / 2;
    CALL(MPI_Comm_split(MPI_COMM_WORLD, low, t_rank, &half));
    CALL(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, low ? t_size / 2 : 0, 12, &inter));
    CALL(MPI_Comm_test_inter(inter, &flag));
    CHECK(flag);
    CALL(MPI_Comm_test_inter(half, &flag));
    EQ(flag, 0);
    CALL(MPI_Comm_remote_size(inter, &remote));
    EQ(remote, low ? t_size - t_size / 2 : t_size / 2);
    CALL(MPI_Comm_size(inter, &size));
    CALL(MPI_Comm_rank(inter, &rank));
    EQ(size, t_size - remote);
    CALL(MPI_Comm_dup(inter, &copy));
    x = t_rank;
    if (rank < remote && rank < size) {
        CALL(MPI_Sendrecv(&x, 1, MPI_INT, rank, 1, &got, 1, MPI_INT, MPI_ANY_SOURCE, 1, copy, &status));
        EQ(got, low ? t_rank + t_size / 2 : t_rank - t_size / 2);
        EQ(status.MPI_SOURCE, rank);
    }
    CALL(MPI_Intercomm_merge(inter, low, &merged));
    CALL(MPI_Comm_rank(merged, &rank));
    CALL(MPI_Comm_size(merged, &size));
    EQ(size, t_size);
    EQ(rank, low ? t_rank + (t_size - t_size / 2) : t_rank - t_size / 2);
    CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_SUM, merged));
    EQ(sum, t_size * (t_size - 1) / 2);
    CALL(MPI_Comm_free(&merged));
    CALL(MPI_Comm_free(&copy));
    CALL(MPI_Comm_free(&inter));
    CALL(MPI_Comm_free(&half));
    return t_end();
}
