/* Handles used after they were freed: an error, never a crash. Ours only: others may crash. */
#include "harness.h"

static void operation(void *in, void *inout, int *len, MPI_Datatype *type)
{
    (void)in, (void)inout, (void)len, (void)type;
}

int main(int argc, char **argv)
{
    MPI_Comm comm, stale_comm;
    MPI_Datatype type, stale_type;
    MPI_Group group, stale_group;
    MPI_Op op, stale_op;
    MPI_Info info, stale_info;
    MPI_Request request, stale_request;
    MPI_Errhandler handler, stale_handler;
    int x = 0, size;
    t_start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);

    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    stale_comm = comm;
    CALL(MPI_Comm_free(&comm));
    ERROR_CLASS(MPI_Comm_free(&stale_comm), MPI_ERR_COMM);
    ERROR_CLASS(MPI_Send(&x, 1, MPI_INT, 0, 1, stale_comm), MPI_ERR_COMM);

    CALL(MPI_Type_contiguous(2, MPI_INT, &type));
    stale_type = type;
    CALL(MPI_Type_free(&type));
    ERROR_CLASS(MPI_Type_free(&stale_type), MPI_ERR_TYPE);
    ERROR_CLASS(MPI_Type_size(stale_type, &size), MPI_ERR_TYPE);

    CALL(MPI_Comm_group(MPI_COMM_WORLD, &group));
    stale_group = group;
    CALL(MPI_Group_free(&group));
    ERROR_CLASS(MPI_Group_size(stale_group, &size), MPI_ERR_GROUP);

    CALL(MPI_Op_create(operation, 1, &op));
    stale_op = op;
    CALL(MPI_Op_free(&op));
    ERROR_CLASS(MPI_Op_free(&stale_op), MPI_ERR_OP);

    CALL(MPI_Info_create(&info));
    stale_info = info;
    CALL(MPI_Info_free(&info));
    ERROR_CLASS(MPI_Info_get_nkeys(stale_info, &size), MPI_ERR_INFO);

    CALL(MPI_Recv_init(&x, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, &request));
    stale_request = request;
    CALL(MPI_Request_free(&request));
    ERROR_CLASS(MPI_Request_free(&stale_request), MPI_ERR_REQUEST);
    ERROR_CLASS(MPI_Start(&stale_request), MPI_ERR_REQUEST);

    CALL(MPI_Comm_get_errhandler(MPI_COMM_WORLD, &handler));
    CALL(MPI_Errhandler_free(&handler));
    stale_handler = handler;
    CHECK(MPI_Errhandler_free(&stale_handler) != MPI_SUCCESS);
    return t_end();
}
