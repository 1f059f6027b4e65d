/* Envelope and contents give back what each constructor was told. */
#include "harness.h"

static int ints[32];
static MPI_Aint aints[32];
static MPI_Datatype types[8];

static void look(MPI_Datatype type, int combiner, int n_ints, int n_aints, int n_types)
{
    int got_ints, got_aints, got_types, got;
    CALL(MPI_Type_get_envelope(type, &got_ints, &got_aints, &got_types, &got));
    EQ(got, combiner);
    EQ(got_ints, n_ints);
    EQ(got_aints, n_aints);
    EQ(got_types, n_types);
    if (combiner == MPI_COMBINER_NAMED)
        return;
    CALL(MPI_Type_get_contents(type, got_ints, got_aints, got_types, ints, aints, types));
}

static void release(MPI_Datatype *type)
{
    int n_ints, n_aints, n_types, combiner;
    CALL(MPI_Type_get_envelope(types[0], &n_ints, &n_aints, &n_types, &combiner));
    if (combiner != MPI_COMBINER_NAMED)
        CALL(MPI_Type_free(&types[0]));
    CALL(MPI_Type_free(type));
}

int main(int argc, char **argv)
{
    const int lengths[3] = {1, 2, 3}, places[3] = {0, 4, 9};
    const MPI_Aint offsets[3] = {0, 40, 90};
    const MPI_Datatype parts[3] = {MPI_INT, MPI_CHAR, MPI_DOUBLE};
    MPI_Datatype type, inner;
    t_start(&argc, &argv);
    look(MPI_INT, MPI_COMBINER_NAMED, 0, 0, 0);

    CALL(MPI_Type_contiguous(7, MPI_INT, &type));
    look(type, MPI_COMBINER_CONTIGUOUS, 1, 0, 1);
    EQ(ints[0], 7);
    CHECK(types[0] == MPI_INT);
    release(&type);

    CALL(MPI_Type_vector(3, 2, 5, MPI_FLOAT, &type));
    look(type, MPI_COMBINER_VECTOR, 3, 0, 1);
    EQ(ints[0], 3);
    EQ(ints[1], 2);
    EQ(ints[2], 5);
    release(&type);

    CALL(MPI_Type_create_hvector(3, 2, 50, MPI_FLOAT, &type));
    look(type, MPI_COMBINER_HVECTOR, 2, 1, 1);
    EQ(aints[0], 50);
    release(&type);

    CALL(MPI_Type_indexed(3, lengths, places, MPI_INT, &type));
    look(type, MPI_COMBINER_INDEXED, 7, 0, 1);
    EQ(ints[0], 3);
    EQ(ints[3], 3);
    EQ(ints[6], 9);
    release(&type);

    CALL(MPI_Type_create_hindexed(3, lengths, offsets, MPI_INT, &type));
    look(type, MPI_COMBINER_HINDEXED, 4, 3, 1);
    EQ(aints[2], 90);
    release(&type);

    CALL(MPI_Type_create_indexed_block(3, 2, places, MPI_INT, &type));
    look(type, MPI_COMBINER_INDEXED_BLOCK, 5, 0, 1);
    EQ(ints[1], 2);
    EQ(ints[4], 9);
    release(&type);

    CALL(MPI_Type_create_hindexed_block(3, 2, offsets, MPI_INT, &type));
    look(type, MPI_COMBINER_HINDEXED_BLOCK, 2, 3, 1);
    release(&type);

    CALL(MPI_Type_create_struct(3, lengths, offsets, parts, &type));
    look(type, MPI_COMBINER_STRUCT, 4, 3, 3);
    CHECK(types[2] == MPI_DOUBLE);
    release(&type);

    CALL(MPI_Type_create_resized(MPI_INT, -4, 16, &type));
    look(type, MPI_COMBINER_RESIZED, 0, 2, 1);
    EQ(aints[0], -4);
    EQ(aints[1], 16);
    release(&type);

    const int sizes[2] = {8, 9}, subs[2] = {2, 3}, starts[2] = {4, 5};
    CALL(MPI_Type_create_subarray(2, sizes, subs, starts, MPI_ORDER_C, MPI_INT, &type));
    look(type, MPI_COMBINER_SUBARRAY, 8, 0, 1);
    EQ(ints[0], 2);
    EQ(ints[2], 9);
    EQ(ints[6], 5);
    EQ(ints[7], MPI_ORDER_C);
    release(&type);

    const int kinds[2] = {MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_CYCLIC};
    const int args[2] = {MPI_DISTRIBUTE_DFLT_DARG, 2}, grid[2] = {2, 2};
    CALL(MPI_Type_create_darray(4, 1, 2, sizes, kinds, args, grid, MPI_ORDER_FORTRAN, MPI_INT, &type));
    look(type, MPI_COMBINER_DARRAY, 12, 0, 1);
    EQ(ints[0], 4);
    EQ(ints[1], 1);
    EQ(ints[5], MPI_DISTRIBUTE_BLOCK);
    EQ(ints[7], MPI_DISTRIBUTE_DFLT_DARG);
    EQ(ints[11], MPI_ORDER_FORTRAN);
    release(&type);

    /* A derived inner type comes back usable, as a handle of its own. */
    CALL(MPI_Type_contiguous(3, MPI_INT, &inner));
    CALL(MPI_Type_dup(inner, &type));
    look(type, MPI_COMBINER_DUP, 0, 0, 1);
    CALL(MPI_Type_free(&inner));
    int size;
    CALL(MPI_Type_size(types[0], &size));
    EQ(size, 12);
    release(&type);
    return t_end();
}
