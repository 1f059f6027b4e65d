/* Thread levels: what is provided, asked and answered; the argument is the level wanted. */
#include "harness.h"

int main(int argc, char **argv)
{
    const int levels[4] = {MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, MPI_THREAD_MULTIPLE};
    int want = levels[atoi(argv[1])], provided, again, flag;
    CALL(MPI_Init_thread(&argc, &argv, want, &provided));
    MPI_Comm_rank(MPI_COMM_WORLD, &t_rank);
    CHECK(provided >= want);
    CALL(MPI_Query_thread(&again));
    EQ(again, provided);
    CALL(MPI_Is_thread_main(&flag));
    CHECK(flag);
    return t_end();
}
