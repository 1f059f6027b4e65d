/* Types larger than an int can count: described, never moved. */
#include "harness.h"

int main(int argc, char **argv)
{
    MPI_Datatype megabytes, huge, spread;
    MPI_Count size = 0, lb = 0, extent = 0;
    MPI_Aint alb, aextent;
    MPI_Status status;
    int small;
    t_start(&argc, &argv);
    CALL(MPI_Type_contiguous(1 << 20, MPI_BYTE, &megabytes));
    CALL(MPI_Type_contiguous(5000, megabytes, &huge));
    CALL(MPI_Type_size_x(huge, &size));
    EQ(size, 5000ll << 20);
    CALL(MPI_Type_size(huge, &small));
    EQ(small, MPI_UNDEFINED);
    CALL(MPI_Type_get_extent_x(huge, &lb, &extent));
    EQ(lb, 0);
    EQ(extent, 5000ll << 20);
    CALL(MPI_Type_get_extent(huge, &alb, &aextent));
    EQ(aextent, 5000ll << 20);
    CALL(MPI_Type_create_hvector(3, 1, (MPI_Aint)1 << 40, MPI_INT, &spread));
    CALL(MPI_Type_get_true_extent_x(spread, &lb, &extent));
    EQ(extent, (2ll << 40) + 4);
    CALL(MPI_Type_size(spread, &small));
    EQ(small, 12);

    CALL(MPI_Type_commit(&huge));
    memset(&status, 0, sizeof status);
    CALL(MPI_Status_set_elements_x(&status, huge, 5000ll << 20));
    CALL(MPI_Get_elements_x(&status, huge, &size));
    EQ(size, 5000ll << 20);
    CALL(MPI_Get_elements(&status, huge, &small));
    EQ(small, MPI_UNDEFINED);
    CALL(MPI_Get_count(&status, huge, &small));
    EQ(small, 1);
#if MPI_VERSION >= 4
    MPI_Datatype wide;
    CALL(MPI_Type_contiguous_c(6000000000ll, MPI_SHORT, &wide));
    CALL(MPI_Type_size_c(wide, &size));
    EQ(size, 12000000000ll);
    MPI_Count ints, aints, counts, types, big[2];
    MPI_Datatype inner[1];
    int combiner;
    CALL(MPI_Type_get_envelope_c(wide, &ints, &aints, &counts, &types, &combiner));
    EQ(combiner, MPI_COMBINER_CONTIGUOUS);
    EQ(ints + counts, 1);
    EQ(counts, 1);
    CALL(MPI_Type_get_contents_c(wide, ints, aints, counts, types, NULL, NULL, big, inner));
    EQ(big[0], 6000000000ll);
    CALL(MPI_Type_free(&wide));
#endif
    CALL(MPI_Type_free(&spread));
    CALL(MPI_Type_free(&huge));
    CALL(MPI_Type_free(&megabytes));
    return t_end();
}
