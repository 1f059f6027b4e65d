/* Info objects: keys in order, lengths, deletion, duplicates, what was never there. */
#include "harness.h"

static void check(MPI_Info info, const char *key, const char *want)
{
    char value[MPI_MAX_INFO_VAL + 1];
    int flag, len;
    CALL(MPI_Info_get(info, key, MPI_MAX_INFO_VAL, value, &flag));
    EQ(flag, want != NULL);
    if (want && strcmp(value, want))
        FAIL("%s is '%s', expected '%s'", key, value, want);
    CALL(MPI_Info_get_valuelen(info, key, &len, &flag));
    EQ(flag, want != NULL);
    if (want)
        EQ(len, strlen(want));
}

int main(int argc, char **argv)
{
    MPI_Info info, copy;
    char key[MPI_MAX_INFO_KEY + 1], value[MPI_MAX_INFO_VAL + 1];
    int n, flag;
    t_start(&argc, &argv);
    CALL(MPI_Info_create(&info));
    CALL(MPI_Info_get_nkeys(info, &n));
    EQ(n, 0);
    CALL(MPI_Info_set(info, "one", "1"));
    CALL(MPI_Info_set(info, "two", "22"));
    CALL(MPI_Info_set(info, "three", "333"));
    CALL(MPI_Info_set(info, "two", "changed"));
    CALL(MPI_Info_get_nkeys(info, &n));
    EQ(n, 3);
    check(info, "one", "1");
    check(info, "two", "changed");
    check(info, "four", NULL);
    for (int i = 0, seen = 0; i < 3; i++) {
        CALL(MPI_Info_get_nthkey(info, i, key));
        CHECK(!strcmp(key, "one") || !strcmp(key, "two") || !strcmp(key, "three"));
        seen++;
    }
    CALL(MPI_Info_dup(info, &copy));
    CALL(MPI_Info_delete(info, "one"));
    check(info, "one", NULL);
    check(copy, "one", "1");
    memset(value, 'v', MPI_MAX_INFO_VAL);
    value[MPI_MAX_INFO_VAL - 1] = 0;
    memset(key, 'k', MPI_MAX_INFO_KEY);
    key[MPI_MAX_INFO_KEY - 1] = 0;
    CALL(MPI_Info_set(copy, key, value));
    check(copy, key, value);
    CALL(MPI_Info_get(copy, "three", 2, value, &flag)); /* cut to the room given */
    CHECK(flag && !strcmp(value, "33"));
#if MPI_VERSION >= 4
    n = sizeof value;
    CALL(MPI_Info_get_string(copy, "three", &n, value, &flag));
    CHECK(flag && !strcmp(value, "333"));
    EQ(n, 4);
#endif
    CALL(MPI_Info_free(&info));
    CHECK(info == MPI_INFO_NULL);
    CALL(MPI_Info_free(&copy));
    /* What the job was started with. */
    CALL(MPI_Info_get(MPI_INFO_ENV, "no_such_key", 10, value, &flag));
    EQ(flag, 0);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN); /* MPI-4: errors without an object go there */
    CALL(MPI_Info_create(&info));
    ERROR_CLASS(MPI_Info_delete(info, "absent"), MPI_ERR_INFO_NOKEY);
    ERROR_CLASS(MPI_Info_set(info, "", "x"), MPI_ERR_INFO_KEY);
    CALL(MPI_Info_free(&info));
    return t_end();
}
