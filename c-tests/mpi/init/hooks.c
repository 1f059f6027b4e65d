/* A profiling tool: the program's own MPI_Send is called, and reaches the library by its PMPI name. */
#include "harness.h"

static int seen;

int MPI_Send(const void *buffer, int count, MPI_Datatype type, int dest, int tag, MPI_Comm comm)
{
    seen++;
    return PMPI_Send(buffer, count, type, dest, tag, comm);
}

int main(int argc, char **argv)
{
    int x = 3, y = 0;
    t_start(&argc, &argv);
    if (t_rank == 0)
        CALL(MPI_Send(&x, 1, MPI_INT, 1, 1, MPI_COMM_WORLD));
    if (t_rank == 1)
        CALL(MPI_Recv(&y, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    EQ(seen, t_rank == 0);
    EQ(y, t_rank == 1 ? 3 : 0);
    CALL(MPI_Pcontrol(1));
    return t_end();
}
