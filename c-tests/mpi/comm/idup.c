/* Copies in the making: many at once, on several communicators, used as soon as they are complete. */
#include "harness.h"

enum { COPIES = 40 };

int main(int argc, char **argv)
{
    MPI_Comm half, inter, copies[COPIES];
    MPI_Request requests[COPIES];
    int leader, size;
    t_start(&argc, &argv);
    CALL(MPI_Comm_split(MPI_COMM_WORLD, t_rank % 2, t_rank, &half));
    leader = 1 - t_rank % 2;
    CALL(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, leader, 17, &inter));
    for (int i = 0; i < COPIES; i++) {
        MPI_Comm from = i % 3 == 0 ? MPI_COMM_WORLD : i % 3 == 1 ? half : inter;
        CALL(MPI_Comm_idup(from, &copies[i], &requests[i]));
        CALL(MPI_Comm_set_errhandler(copies[i], MPI_ERRORS_RETURN));
        CALL(MPI_Comm_set_name(copies[i], "copy"));
    }
    CALL(MPI_Waitall(COPIES, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < COPIES; i++) {
        MPI_Comm from = i % 3 == 0 ? MPI_COMM_WORLD : i % 3 == 1 ? half : inter;
        int result, inter_copy, len, one = 1, sum;
        char name[MPI_MAX_OBJECT_NAME];
        MPI_Errhandler handler;
        CALL(MPI_Comm_compare(from, copies[i], &result));
        EQ(result, MPI_CONGRUENT);
        CALL(MPI_Comm_get_name(copies[i], name, &len));
        CHECK(!strcmp(name, "copy"));
        CALL(MPI_Comm_get_errhandler(copies[i], &handler));
        CHECK(handler == MPI_ERRORS_RETURN);
        CALL(MPI_Errhandler_free(&handler));
        CALL(MPI_Comm_test_inter(copies[i], &inter_copy));
        EQ(inter_copy, i % 3 == 2);
        CALL(inter_copy ? MPI_Comm_remote_size(from, &size) : MPI_Comm_size(from, &size));
        CALL(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, copies[i]));
        EQ(sum, size);
        CALL(MPI_Comm_free(&copies[i]));
    }
    CALL(MPI_Comm_free(&inter));
    CALL(MPI_Comm_free(&half));
    return t_end();
}
