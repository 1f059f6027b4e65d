/* Names and hints of communicators. */
#include "harness.h"

static void name(MPI_Comm comm, const char *want)
{
    char text[MPI_MAX_OBJECT_NAME];
    int len;
    CALL(MPI_Comm_get_name(comm, text, &len));
    EQ(len, strlen(want));
    if (strcmp(text, want))
        FAIL("name is '%s', expected '%s'", text, want);
}

int main(int argc, char **argv)
{
    MPI_Comm copy;
    MPI_Info info;
    char long_name[MPI_MAX_OBJECT_NAME];
    t_start(&argc, &argv);
    name(MPI_COMM_WORLD, "MPI_COMM_WORLD");
    name(MPI_COMM_SELF, "MPI_COMM_SELF");
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    name(copy, "");
    CALL(MPI_Comm_set_name(copy, "workers"));
    name(copy, "workers");
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    CALL(MPI_Comm_set_name(copy, long_name));
    name(copy, long_name);
    CALL(MPI_Comm_set_name(MPI_COMM_WORLD, "everyone"));
    name(MPI_COMM_WORLD, "everyone");
    CALL(MPI_Info_create(&info));
    CALL(MPI_Info_set(info, "a_hint_nobody_knows", "1"));
    CALL(MPI_Comm_set_info(copy, info));
    CALL(MPI_Info_free(&info));
    CALL(MPI_Comm_get_info(copy, &info));
    CHECK(info != MPI_INFO_NULL);
    CALL(MPI_Info_free(&info));
    CALL(MPI_Comm_free(&copy));
    return t_end();
}
