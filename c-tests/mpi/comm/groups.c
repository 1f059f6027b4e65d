/* Groups: set operations, ranges, comparison, translation. */
#include "harness.h"

static MPI_Group world;

static MPI_Group of(int n, const int *ranks)
{
    MPI_Group group;
    CALL(MPI_Group_incl(world, n, ranks, &group));
    return group;
}

static void expect(MPI_Group group, int n, const int *ranks)
{
    int size, mine[16], theirs[16];
    CALL(MPI_Group_size(group, &size));
    EQ(size, n);
    for (int i = 0; i < n; i++)
        mine[i] = i;
    CALL(MPI_Group_translate_ranks(group, n, mine, world, theirs));
    for (int i = 0; i < n; i++)
        EQ(theirs[i], ranks[i]);
    if (group != MPI_GROUP_EMPTY)
        CALL(MPI_Group_free(&group));
}

static void sets(void)
{
    MPI_Group a = of(3, (int[]){0, 1, 2}), b = of(3, (int[]){3, 2, 1}), c;
    int result;
    CALL(MPI_Group_union(a, b, &c));
    expect(c, 4, (int[]){0, 1, 2, 3});
    CALL(MPI_Group_union(b, a, &c));
    expect(c, 4, (int[]){3, 2, 1, 0});
    CALL(MPI_Group_intersection(a, b, &c));
    expect(c, 2, (int[]){1, 2});
    CALL(MPI_Group_intersection(b, a, &c));
    expect(c, 2, (int[]){2, 1});
    CALL(MPI_Group_difference(a, b, &c));
    expect(c, 1, (int[]){0});
    CALL(MPI_Group_difference(a, a, &c));
    CHECK(c == MPI_GROUP_EMPTY);
    CALL(MPI_Group_compare(a, b, &result));
    EQ(result, MPI_UNEQUAL);
    CALL(MPI_Group_compare(a, a, &result));
    EQ(result, MPI_IDENT);
    c = of(3, (int[]){2, 1, 0});
    CALL(MPI_Group_compare(a, c, &result));
    EQ(result, MPI_SIMILAR);
    CALL(MPI_Group_free(&a));
    CALL(MPI_Group_free(&b));
    CALL(MPI_Group_free(&c));
    CHECK(c == MPI_GROUP_NULL);
}

static void picks(void)
{
    MPI_Group c;
    int ranges[2][3] = {{3, 1, -2}, {0, 2, 2}}, empty_rank, ranks[3] = {0, MPI_PROC_NULL, 1}, out[3];
    CALL(MPI_Group_excl(world, 2, (int[]){0, 2}, &c));
    expect(c, 2, (int[]){1, 3});
    CALL(MPI_Group_range_incl(world, 2, ranges, &c));
    expect(c, 4, (int[]){3, 1, 0, 2});
    CALL(MPI_Group_range_excl(world, 1, ranges, &c));
    expect(c, 2, (int[]){0, 2});
    CALL(MPI_Group_incl(world, 0, NULL, &c));
    CHECK(c == MPI_GROUP_EMPTY);
    CALL(MPI_Group_rank(MPI_GROUP_EMPTY, &empty_rank));
    EQ(empty_rank, MPI_UNDEFINED);
    c = of(2, (int[]){1, 3});
    CALL(MPI_Group_translate_ranks(world, 3, ranks, c, out));
    EQ(out[0], MPI_UNDEFINED);
    EQ(out[1], MPI_PROC_NULL);
    EQ(out[2], 0);
    CALL(MPI_Group_rank(c, &empty_rank));
    EQ(empty_rank, t_rank == 1 ? 0 : t_rank == 3 ? 1 : MPI_UNDEFINED);
    CALL(MPI_Group_free(&c));
}

static void communicators(void)
{
    MPI_Group c = of(2, (int[]){3, 1});
    MPI_Comm comm;
    int rank, sum = -1;
    CALL(MPI_Comm_create(MPI_COMM_WORLD, c, &comm));
    CHECK((comm != MPI_COMM_NULL) == (t_rank == 1 || t_rank == 3));
    if (comm != MPI_COMM_NULL) {
        CALL(MPI_Comm_rank(comm, &rank));
        EQ(rank, t_rank == 3 ? 0 : 1);
        CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_SUM, comm));
        EQ(sum, 4);
        CALL(MPI_Comm_free(&comm));
        CALL(MPI_Comm_create_group(MPI_COMM_WORLD, c, 77, &comm)); /* the others know nothing of it */
        CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_MAX, comm));
        EQ(sum, 3);
        CALL(MPI_Comm_free(&comm));
    }
    CALL(MPI_Group_free(&c));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    CALL(MPI_Comm_group(MPI_COMM_WORLD, &world));
    sets();
    picks();
    communicators();
    CALL(MPI_Group_free(&world));
    return t_end();
}
