/* Duplicates are separate worlds; splits order by key, then by rank. */
#include "harness.h"

static void contexts(void)
{
    MPI_Comm a, b;
    int x, got = -1, result;
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &a));
    CALL(MPI_Comm_dup(a, &b));
    CALL(MPI_Comm_compare(a, b, &result));
    EQ(result, MPI_CONGRUENT);
    CALL(MPI_Comm_compare(a, a, &result));
    EQ(result, MPI_IDENT);
    if (t_rank == 0) {
        x = 1;
        CALL(MPI_Send(&x, 1, MPI_INT, 1, 5, a));
        x = 2;
        CALL(MPI_Send(&x, 1, MPI_INT, 1, 5, b));
        x = 3;
        CALL(MPI_Send(&x, 1, MPI_INT, 1, 5, MPI_COMM_WORLD));
    }
    if (t_rank == 1) {
        CALL(MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        EQ(got, 3);
        CALL(MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, b, MPI_STATUS_IGNORE));
        EQ(got, 2);
        CALL(MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, a, MPI_STATUS_IGNORE));
        EQ(got, 1);
    }
    CALL(MPI_Comm_free(&a));
    CHECK(a == MPI_COMM_NULL);
    CALL(MPI_Comm_free(&b));
}

static void splits(void)
{
    MPI_Comm half, none, turned;
    int rank, size, sum;
    CALL(MPI_Comm_split(MPI_COMM_WORLD, t_rank % 2, -t_rank, &half));
    CALL(MPI_Comm_size(half, &size));
    CALL(MPI_Comm_rank(half, &rank));
    EQ(size, (t_size + 1 - t_rank % 2) / 2);
    EQ(rank, size - 1 - t_rank / 2);
    CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_SUM, half));
    int want = 0;
    for (int i = t_rank % 2; i < t_size; i += 2)
        want += i;
    EQ(sum, want);
    CALL(MPI_Comm_free(&half));
    CALL(MPI_Comm_split(MPI_COMM_WORLD, t_rank == 0 ? MPI_UNDEFINED : 3, 0, &none));
    if (t_rank == 0) {
        CHECK(none == MPI_COMM_NULL);
    } else {
        CALL(MPI_Comm_rank(none, &rank));
        EQ(rank, t_rank - 1);
        CALL(MPI_Comm_free(&none));
    }
    CALL(MPI_Comm_split(MPI_COMM_WORLD, 0, t_size - t_rank, &turned));
    CALL(MPI_Comm_rank(turned, &rank));
    EQ(rank, t_size - 1 - t_rank);
    CALL(MPI_Comm_compare(turned, MPI_COMM_WORLD, &rank));
    EQ(rank, t_size == 1 ? MPI_CONGRUENT : MPI_SIMILAR);
    CALL(MPI_Comm_free(&turned));
}

static void by_type(void)
{
    MPI_Comm node;
    int size;
    CALL(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, t_rank, MPI_INFO_NULL, &node));
    CALL(MPI_Comm_size(node, &size));
    CHECK(size >= 1 && size <= t_size);
    CALL(MPI_Comm_free(&node));
    CALL(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_UNDEFINED, 0, MPI_INFO_NULL, &node));
    CHECK(node == MPI_COMM_NULL);
}

static void nonblocking(void)
{
    MPI_Comm copy;
    MPI_Request request;
    int sum;
    CALL(MPI_Comm_idup(MPI_COMM_WORLD, &copy, &request));
    CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_MAX, copy));
    EQ(sum, t_size - 1);
    CALL(MPI_Comm_free(&copy));
}

/* Freed while a message is under way: the message arrives. */
static void free_early(void)
{
    MPI_Comm copy;
    MPI_Request request;
    int out = 9, in = 0;
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    if (t_rank == 0)
        CALL(MPI_Irecv(&in, 1, MPI_INT, 1, 1, copy, &request));
    if (t_rank == 1)
        CALL(MPI_Isend(&out, 1, MPI_INT, 0, 1, copy, &request));
    CALL(MPI_Comm_free(&copy));
    if (t_rank < 2)
        CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    if (t_rank == 0)
        EQ(in, 9);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    contexts();
    splits();
    by_type();
    nonblocking();
    free_early();
    return t_end();
}
