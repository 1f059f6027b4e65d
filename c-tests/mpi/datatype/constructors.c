/* Size, bounds and true bounds of what each constructor makes. */
#include "harness.h"

static void bounds(const char *what, MPI_Datatype type, long size, long lb, long extent, long true_lb, long true_extent)
{
    MPI_Aint got_lb, got_extent, got_true_lb, got_true_extent;
    int got_size;
    CALL(MPI_Type_size(type, &got_size));
    CALL(MPI_Type_get_extent(type, &got_lb, &got_extent));
    CALL(MPI_Type_get_true_extent(type, &got_true_lb, &got_true_extent));
    if (got_size != size || got_lb != lb || got_extent != extent || got_true_lb != true_lb ||
        got_true_extent != true_extent)
        FAIL("%s: size %d lb %ld extent %ld true %ld %ld, expected %ld %ld %ld %ld %ld", what, got_size, (long)got_lb,
             (long)got_extent, (long)got_true_lb, (long)got_true_extent, size, lb, extent, true_lb, true_extent);
}

static void simple(void)
{
    MPI_Datatype type, pair;
    CALL(MPI_Type_contiguous(5, MPI_INT, &type));
    bounds("contiguous", type, 20, 0, 20, 0, 20);
    CALL(MPI_Type_free(&type));
    CHECK(type == MPI_DATATYPE_NULL);
    CALL(MPI_Type_contiguous(0, MPI_INT, &type));
    bounds("contiguous of none", type, 0, 0, 0, 0, 0);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_vector(3, 2, 4, MPI_INT, &type));
    bounds("vector", type, 24, 0, 40, 0, 40);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_vector(3, 2, -4, MPI_INT, &type));
    bounds("vector backwards", type, 24, -32, 40, -32, 40);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_create_hvector(3, 1, 5, MPI_CHAR, &type));
    bounds("hvector", type, 3, 0, 11, 0, 11);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_contiguous(2, MPI_DOUBLE_INT, &pair));
    CALL(MPI_Type_commit(&pair));
    bounds("two double-int", pair, 24, 0, 32, 0, 28);
    CALL(MPI_Type_free(&pair));
}

static void indexed(void)
{
    const int lengths[3] = {1, 0, 3}, places[3] = {5, 100, 1};
    const MPI_Aint offsets[3] = {20, 400, 4};
    MPI_Datatype type;
    CALL(MPI_Type_indexed(3, lengths, places, MPI_INT, &type));
    bounds("indexed", type, 16, 4, 20, 4, 20);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_create_hindexed(3, lengths, offsets, MPI_INT, &type));
    bounds("hindexed", type, 16, 4, 20, 4, 20);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_create_indexed_block(3, 2, places, MPI_SHORT, &type));
    bounds("indexed block", type, 12, 2, 202, 2, 202);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_create_hindexed_block(3, 2, offsets, MPI_SHORT, &type));
    bounds("hindexed block", type, 12, 4, 400, 4, 400);
    CALL(MPI_Type_free(&type));
}

static void structure(void)
{
    struct thing { char c; double d; int i; } thing;
    int lengths[3] = {1, 1, 1};
    MPI_Aint base, offsets[3];
    MPI_Datatype parts[3] = {MPI_CHAR, MPI_DOUBLE, MPI_INT}, type, sized, twice;
    CALL(MPI_Get_address(&thing, &base));
    CALL(MPI_Get_address(&thing.c, &offsets[0]));
    CALL(MPI_Get_address(&thing.d, &offsets[1]));
    CALL(MPI_Get_address(&thing.i, &offsets[2]));
    for (int i = 0; i < 3; i++)
        offsets[i] = MPI_Aint_diff(offsets[i], base);
    CALL(MPI_Type_create_struct(3, lengths, offsets, parts, &type));
    bounds("struct", type, 13, 0, 24, 0, 20); /* padded to the alignment of double */
    CALL(MPI_Type_create_resized(type, -8, 48, &sized));
    bounds("resized", sized, 13, -8, 48, 0, 20);
    CALL(MPI_Type_contiguous(2, sized, &twice));
    bounds("two resized", twice, 26, -8, 96, 0, 68);
    CALL(MPI_Type_free(&twice));
    CALL(MPI_Type_dup(sized, &twice));
    bounds("dup", twice, 13, -8, 48, 0, 20);
    CALL(MPI_Type_free(&twice));
    CALL(MPI_Type_free(&sized));
    CALL(MPI_Type_free(&type));
}

static void arrays(void)
{
    const int sizes[2] = {4, 6}, parts[2] = {2, 3}, starts[2] = {1, 2};
    MPI_Datatype type;
    CALL(MPI_Type_create_subarray(2, sizes, parts, starts, MPI_ORDER_C, MPI_INT, &type));
    bounds("subarray", type, 24, 0, 96, 32, 36);
    CALL(MPI_Type_free(&type));
    CALL(MPI_Type_create_subarray(2, sizes, parts, starts, MPI_ORDER_FORTRAN, MPI_INT, &type));
    bounds("subarray fortran", type, 24, 0, 96, 36, 40);
    CALL(MPI_Type_free(&type));
}

static void predefined(void)
{
    bounds("char", MPI_CHAR, 1, 0, 1, 0, 1);
    bounds("long double", MPI_LONG_DOUBLE, 16, 0, 16, 0, 16);
    bounds("float int", MPI_FLOAT_INT, 8, 0, 8, 0, 8);
    bounds("short int", MPI_SHORT_INT, 6, 0, 8, 0, 8);
    bounds("int64", MPI_INT64_T, 8, 0, 8, 0, 8);
    bounds("double complex", MPI_C_DOUBLE_COMPLEX, 16, 0, 16, 0, 16);
    bounds("aint", MPI_AINT, 8, 0, 8, 0, 8);
    bounds("bool", MPI_C_BOOL, 1, 0, 1, 0, 1);
    bounds("wchar", MPI_WCHAR, 4, 0, 4, 0, 4);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    simple();
    indexed();
    structure();
    arrays();
    predefined();
    return t_end();
}
