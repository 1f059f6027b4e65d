/* The text of an error names the function, the argument's value and what was expected. Ours only: others word it otherwise. */
#include "harness.h"

static void expect(int code, const char *function, const char *value)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int len;
    CHECK(code != MPI_SUCCESS);
    CALL(MPI_Error_string(code, text, &len));
    if (!strstr(text, function) || !strstr(text, value))
        FAIL("'%s' does not tell %s and %s", text, function, value);
}

int main(int argc, char **argv)
{
    int x = 0;
    t_start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    expect(MPI_Send(&x, 1, MPI_INT, 4711, 1, MPI_COMM_WORLD), "MPI_Send", "4711");
    expect(MPI_Send(&x, 1, MPI_INT, 0, -1234, MPI_COMM_WORLD), "MPI_Send", "-1234");
    expect(MPI_Recv(&x, -99, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE), "MPI_Recv", "-99");
    expect(MPI_Bcast(&x, 1, MPI_INT, 815, MPI_COMM_WORLD), "MPI_Bcast", "815");
    expect(MPI_Comm_size(MPI_COMM_NULL, &x), "MPI_Comm_size", "null");
    return t_end();
}
