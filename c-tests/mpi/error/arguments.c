/* Wrong arguments: the standard's error class comes back, nothing else happens, and the program goes on. */
#include "harness.h"

static int data[10];
static MPI_Comm W(void) { return MPI_COMM_WORLD; }

static void point_to_point(void)
{
    MPI_Request request;
    int n = t_size;
    ERROR_CLASS(MPI_Send(data, 1, MPI_INT, n, 1, W()), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Send(data, 1, MPI_INT, -77, 1, W()), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Send(data, 1, MPI_INT, MPI_ANY_SOURCE, 1, W()), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Send(data, 1, MPI_INT, 0, -5, W()), MPI_ERR_TAG);
    ERROR_CLASS(MPI_Send(data, 1, MPI_INT, 0, MPI_ANY_TAG, W()), MPI_ERR_TAG);
    ERROR_CLASS(MPI_Send(data, -1, MPI_INT, 0, 1, W()), MPI_ERR_COUNT);
    ERROR_CLASS(MPI_Send(data, 1, MPI_DATATYPE_NULL, 0, 1, W()), MPI_ERR_TYPE);
    ERROR_CLASS(MPI_Send(data, 1, MPI_INT, 0, 1, MPI_COMM_NULL), MPI_ERR_COMM);
    ERROR_CLASS(MPI_Recv(data, 1, MPI_INT, n, 1, W(), MPI_STATUS_IGNORE), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Recv(data, 1, MPI_INT, 0, -5, W(), MPI_STATUS_IGNORE), MPI_ERR_TAG);
    ERROR_CLASS(MPI_Recv(data, -1, MPI_INT, 0, 1, W(), MPI_STATUS_IGNORE), MPI_ERR_COUNT);
    ERROR_CLASS(MPI_Isend(data, 1, MPI_INT, n, 1, W(), &request), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Irecv(data, 1, MPI_INT, n, 1, W(), &request), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Send_init(data, -1, MPI_INT, 0, 1, W(), &request), MPI_ERR_COUNT);
    ERROR_CLASS(MPI_Probe(n, 1, W(), MPI_STATUS_IGNORE), MPI_ERR_RANK);
    ERROR_CLASS(MPI_Sendrecv(data, 1, MPI_INT, n, 1, data + 5, 1, MPI_INT, 0, 1, W(), MPI_STATUS_IGNORE),
                MPI_ERR_RANK);
}

static void not_committed(void)
{
    MPI_Datatype type;
    CALL(MPI_Type_contiguous(2, MPI_INT, &type));
    ERROR_CLASS(MPI_Send(data, 1, type, 0, 1, W()), MPI_ERR_TYPE);
    CALL(MPI_Type_free(&type));
}

static void null_buffers(void)
{
    int code = MPI_Send(NULL, 5, MPI_INT, MPI_PROC_NULL, 1, W());
    (void)code; /* to nobody: either answer is right */
    if (NULL != MPI_BOTTOM)
        ERROR_CLASS(MPI_Send(NULL, 5, MPI_INT, 0, 1, W()), MPI_ERR_BUFFER);
    CALL(MPI_Send(NULL, 0, MPI_INT, MPI_PROC_NULL, 1, W()));
}

static void collectives(void)
{
    int out[10];
    ERROR_CLASS(MPI_Bcast(data, 1, MPI_INT, t_size, W()), MPI_ERR_ROOT);
    ERROR_CLASS(MPI_Bcast(data, 1, MPI_INT, -1, W()), MPI_ERR_ROOT);
    ERROR_CLASS(MPI_Bcast(data, -1, MPI_INT, 0, W()), MPI_ERR_COUNT);
    ERROR_CLASS(MPI_Bcast(data, 1, MPI_INT, 0, MPI_COMM_NULL), MPI_ERR_COMM);
    ERROR_CLASS(MPI_Reduce(data, out, 1, MPI_INT, MPI_OP_NULL, 0, W()), MPI_ERR_OP);
    ERROR_CLASS(MPI_Allreduce(data, out, 1, MPI_DOUBLE, MPI_BAND, W()), MPI_ERR_OP);
    ERROR_CLASS(MPI_Bcast(data, 1, MPI_DATATYPE_NULL, 0, W()), MPI_ERR_TYPE);
    ERROR_CLASS(MPI_Barrier(MPI_COMM_NULL), MPI_ERR_COMM);
}

static void objects(void)
{
    MPI_Comm comm = MPI_COMM_NULL;
    MPI_Datatype type = MPI_DATATYPE_NULL, predefined = MPI_INT;
    MPI_Group group, one;
    MPI_Op op = MPI_SUM;
    int rank = t_size, size;
    ERROR_CLASS(MPI_Comm_size(MPI_COMM_NULL, &size), MPI_ERR_COMM);
    ERROR_CLASS(MPI_Comm_free(&comm), MPI_ERR_COMM);
    ERROR_CLASS(MPI_Type_free(&type), MPI_ERR_TYPE);
    ERROR_CLASS(MPI_Type_free(&predefined), MPI_ERR_TYPE);
    CHECK(MPI_Op_free(&op) != MPI_SUCCESS);
    ERROR_CLASS(MPI_Type_contiguous(-1, MPI_INT, &type), MPI_ERR_COUNT);
    CALL(MPI_Comm_group(W(), &group));
    ERROR_CLASS(MPI_Group_incl(group, 1, &rank, &one), MPI_ERR_RANK);
    CALL(MPI_Group_free(&group));
    ERROR_CLASS(MPI_Group_size(MPI_GROUP_NULL, &size), MPI_ERR_GROUP);
}

/* After all this, ordinary work is still done. */
static void goes_on(void)
{
    int sum = 0;
    CALL(MPI_Allreduce(&t_rank, &sum, 1, MPI_INT, MPI_SUM, W()));
    EQ(sum, t_size * (t_size - 1) / 2);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    point_to_point();
    not_committed();
    null_buffers();
    goes_on();
    collectives();
    objects();
    goes_on();
    return t_end();
}
