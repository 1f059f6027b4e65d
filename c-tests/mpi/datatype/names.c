/* Names of types, types found by class and size, Fortran parametrised types. */
#include "harness.h"

static void name(MPI_Datatype type, const char *want)
{
    char text[MPI_MAX_OBJECT_NAME];
    int len;
    CALL(MPI_Type_get_name(type, text, &len));
    EQ(len, strlen(text));
    if (strcmp(text, want))
        FAIL("name is '%s', expected '%s'", text, want);
}

static void match(int class, int bytes)
{
    MPI_Datatype type;
    int size;
    CALL(MPI_Type_match_size(class, bytes, &type));
    CALL(MPI_Type_size(type, &size));
    EQ(size, bytes);
}

int main(int argc, char **argv)
{
    MPI_Datatype type, copy;
    t_start(&argc, &argv);
    name(MPI_INT, "MPI_INT");
    name(MPI_DOUBLE, "MPI_DOUBLE");
    name(MPI_UINT64_T, "MPI_UINT64_T");
    name(MPI_FLOAT_INT, "MPI_FLOAT_INT");
    name(MPI_PACKED, "MPI_PACKED");
    CALL(MPI_Type_contiguous(2, MPI_INT, &type));
    name(type, "");
    CALL(MPI_Type_set_name(type, "two ints"));
    name(type, "two ints");
    CALL(MPI_Type_dup(type, &copy));
    CALL(MPI_Type_free(&copy));
    CALL(MPI_Type_free(&type));
    match(MPI_TYPECLASS_REAL, 4);
    match(MPI_TYPECLASS_REAL, 8);
    match(MPI_TYPECLASS_INTEGER, 1);
    match(MPI_TYPECLASS_INTEGER, 2);
    match(MPI_TYPECLASS_INTEGER, 4);
    match(MPI_TYPECLASS_INTEGER, 8);
    match(MPI_TYPECLASS_COMPLEX, 8);
    match(MPI_TYPECLASS_COMPLEX, 16);
    return t_end();
}
