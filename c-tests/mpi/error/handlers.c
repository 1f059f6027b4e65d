/* Error handlers: user functions, return, what duplicates inherit, user classes, codes and strings. */
#include "harness.h"

static int calls, last_class;
static MPI_Comm last_comm;

static void on_error(MPI_Comm *comm, int *code, ...)
{
    calls++;
    last_comm = *comm;
    MPI_Error_class(*code, &last_class);
}

static void user_handler(void)
{
    MPI_Errhandler handler, got;
    MPI_Comm copy, child;
    int x = 0;
    CALL(MPI_Comm_create_errhandler(on_error, &handler));
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    CALL(MPI_Comm_set_errhandler(copy, handler));
    CALL(MPI_Comm_get_errhandler(copy, &got));
    CHECK(got == handler);
    CALL(MPI_Errhandler_free(&got));
    CALL(MPI_Errhandler_free(&handler)); /* lives on while it is set */
    CHECK(handler == MPI_ERRHANDLER_NULL);
    CHECK(MPI_Send(&x, 1, MPI_INT, t_size + 3, 1, copy) != MPI_SUCCESS);
    EQ(calls, 1);
    EQ(last_class, MPI_ERR_RANK);
    CHECK(last_comm == copy);
    CALL(MPI_Comm_dup(copy, &child)); /* inherits the handler */
    CHECK(MPI_Send(&x, -1, MPI_INT, 0, 1, child) != MPI_SUCCESS);
    EQ(calls, 2);
    EQ(last_class, MPI_ERR_COUNT);
    CALL(MPI_Comm_call_errhandler(child, MPI_ERR_OTHER));
    EQ(calls, 3);
    CALL(MPI_Comm_free(&child));
    CALL(MPI_Comm_free(&copy));
}

static void codes(void)
{
    int class, code, got, len;
    char text[MPI_MAX_ERROR_STRING];
    void *value;
    CALL(MPI_Add_error_class(&class));
    CALL(MPI_Add_error_code(class, &code));
    CALL(MPI_Add_error_string(class, "our class"));
    CALL(MPI_Add_error_string(code, "our code"));
    CALL(MPI_Error_class(code, &got));
    EQ(got, class);
    CALL(MPI_Error_string(code, text, &len));
    CHECK(!strcmp(text, "our code"));
    EQ(len, 8);
    CALL(MPI_Error_string(class, text, &len));
    CHECK(!strcmp(text, "our class"));
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &value, &got));
    CHECK(got && *(int *)value >= class);
    for (int i = 0; i < 100; i++) {
        CALL(MPI_Add_error_code(MPI_ERR_OTHER, &code));
        CALL(MPI_Error_class(code, &got));
        EQ(got, MPI_ERR_OTHER);
    }
}

static void every_class_has_a_text(void)
{
    const int classes[] = {MPI_SUCCESS, MPI_ERR_BUFFER, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_TAG, MPI_ERR_COMM,
                           MPI_ERR_RANK, MPI_ERR_REQUEST, MPI_ERR_ROOT, MPI_ERR_GROUP, MPI_ERR_OP, MPI_ERR_TOPOLOGY,
                           MPI_ERR_DIMS, MPI_ERR_ARG, MPI_ERR_UNKNOWN, MPI_ERR_TRUNCATE, MPI_ERR_OTHER, MPI_ERR_INTERN,
                           MPI_ERR_IN_STATUS, MPI_ERR_PENDING, MPI_ERR_KEYVAL, MPI_ERR_NO_MEM, MPI_ERR_INFO_KEY,
                           MPI_ERR_UNSUPPORTED_OPERATION, MPI_ERR_WIN, MPI_ERR_FILE};
    char text[MPI_MAX_ERROR_STRING];
    int len, class;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        CALL(MPI_Error_string(classes[i], text, &len));
        CHECK(len > 0 && len < MPI_MAX_ERROR_STRING && (size_t)len == strlen(text));
        CALL(MPI_Error_class(classes[i], &class));
        EQ(class, classes[i]);
    }
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    user_handler();
    codes();
    every_class_has_a_text();
    return t_end();
}
