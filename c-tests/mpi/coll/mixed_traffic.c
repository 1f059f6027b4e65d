/* Collectives and messages at the same time, with the same tags, on overlapping communicators: nothing is mixed up. */
#include "harness.h"

int main(int argc, char **argv)
{
    MPI_Comm odd, all;
    int in[2], out[2], sum;
    MPI_Request requests[4];
    t_start(&argc, &argv);
    CALL(MPI_Comm_split(MPI_COMM_WORLD, t_rank % 2, t_rank, &odd));
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &all));
    int next = (t_rank + 1) % t_size, before = (t_rank + t_size - 1) % t_size;
    for (int round = 0; round < 300; round++) {
        out[0] = round * 100 + t_rank;
        out[1] = -out[0];
        CALL(MPI_Irecv(&in[0], 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &requests[0]));
        CALL(MPI_Irecv(&in[1], 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, all, &requests[1]));
        CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_SUM, odd));
        CALL(MPI_Isend(&out[0], 1, MPI_INT, next, round, MPI_COMM_WORLD, &requests[2]));
        CALL(MPI_Barrier(MPI_COMM_WORLD));
        CALL(MPI_Isend(&out[1], 1, MPI_INT, next, round, all, &requests[3]));
        CALL(MPI_Allreduce(&round, &sum, 1, MPI_INT, MPI_MAX, all));
        EQ(sum, round);
        CALL(MPI_Waitall(4, requests, MPI_STATUSES_IGNORE));
        EQ(in[0], round * 100 + before);
        EQ(in[1], -(round * 100 + before));
    }
    CALL(MPI_Comm_free(&odd));
    CALL(MPI_Comm_free(&all));
    return t_end();
}
