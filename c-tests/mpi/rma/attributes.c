/* What a window tells about itself, what the program hangs on it, and its error handler. */
#include "harness.h"

static int deleted, raised, last_code;

static int forget(MPI_Win win, int keyval, void *attribute, void *extra)
{
    (void)win, (void)keyval;
    EQ((MPI_Aint)attribute, 42);
    CHECK(extra == &deleted);
    deleted++;
    return MPI_SUCCESS;
}

static void handler(MPI_Win *win, int *code, ...)
{
    CHECK(*win != MPI_WIN_NULL);
    last_code = *code;
    raised++;
}

static void predefined(MPI_Win win, void *base, MPI_Aint size, int unit, int flavor)
{
    void *at;
    MPI_Aint *bytes;
    int *number, flag;
    CALL(MPI_Win_get_attr(win, MPI_WIN_BASE, &at, &flag));
    CHECK(flag && at == base);
    CALL(MPI_Win_get_attr(win, MPI_WIN_SIZE, &bytes, &flag));
    CHECK(flag && *bytes == size);
    CALL(MPI_Win_get_attr(win, MPI_WIN_DISP_UNIT, &number, &flag));
    CHECK(flag && *number == unit);
    CALL(MPI_Win_get_attr(win, MPI_WIN_CREATE_FLAVOR, &number, &flag));
    CHECK(flag && *number == flavor);
    CALL(MPI_Win_get_attr(win, MPI_WIN_MODEL, &number, &flag));
    CHECK(flag && *number == MPI_WIN_UNIFIED);
}

int main(int argc, char **argv)
{
    int memory[4], keyval, flag, len, relation;
    void *base, *value;
    char name[MPI_MAX_OBJECT_NAME], text[MPI_MAX_INFO_VAL + 1];
    MPI_Win win;
    MPI_Info info;
    MPI_Group group, world;
    MPI_Errhandler errhandler, same;
    t_start(&argc, &argv);
    CALL(MPI_Win_create(memory, sizeof memory, 2, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    predefined(win, memory, sizeof memory, 2, MPI_WIN_FLAVOR_CREATE);
    CALL(MPI_Win_get_group(win, &group));
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_compare(group, world, &relation);
    EQ(relation, MPI_IDENT);
    MPI_Group_free(&group);
    MPI_Group_free(&world);
    CALL(MPI_Win_get_name(win, name, &len));
    EQ(len, 0);
    CALL(MPI_Win_set_name(win, "results"));
    CALL(MPI_Win_get_name(win, name, &len));
    EQ(len, 7);
    CHECK(strcmp(name, "results") == 0);
    MPI_Info_create(&info);
    MPI_Info_set(info, "no_locks", "true");
    MPI_Info_set(info, "unheard_of", "1");
    CALL(MPI_Win_set_info(win, info));
    MPI_Info_free(&info);
    CALL(MPI_Win_get_info(win, &info));
    MPI_Info_get(info, "no_locks", MPI_MAX_INFO_VAL, text, &flag);
    CHECK(flag && strcmp(text, "true") == 0);
    MPI_Info_get(info, "accumulate_ordering", MPI_MAX_INFO_VAL, text, &flag);
    CHECK(flag && strcmp(text, "rar,raw,war,waw") == 0);
    MPI_Info_free(&info);
    CALL(MPI_Win_create_keyval(MPI_WIN_NULL_COPY_FN, forget, &keyval, &deleted));
    CALL(MPI_Win_get_attr(win, keyval, &value, &flag));
    EQ(flag, 0);
    CALL(MPI_Win_set_attr(win, keyval, (void *)42));
    CALL(MPI_Win_get_attr(win, keyval, &value, &flag));
    CHECK(flag && (MPI_Aint)value == 42);
    CALL(MPI_Win_delete_attr(win, keyval));
    EQ(deleted, 1);
    CALL(MPI_Win_set_attr(win, keyval, (void *)42));
    CALL(MPI_Win_create_errhandler(handler, &errhandler));
    CALL(MPI_Win_set_errhandler(win, errhandler));
    CALL(MPI_Win_get_errhandler(win, &same));
    CHECK(same == errhandler);
    MPI_Errhandler_free(&same);
    MPI_Errhandler_free(&errhandler);
    int code = MPI_Win_unlock(0, win);
    EQ(raised, 1);
    EQ(code, last_code);
    CALL(MPI_Win_call_errhandler(win, MPI_ERR_OTHER));
    EQ(raised, 2);
    ERROR_CLASS(MPI_Win_set_attr(win, MPI_WIN_BASE, NULL), MPI_ERR_KEYVAL);
    CALL(MPI_Win_free(&win));
    EQ(deleted, 2);
    CALL(MPI_Win_free_keyval(&keyval));
    CALL(MPI_Win_allocate(100, 4, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    predefined(win, base, 100, 4, MPI_WIN_FLAVOR_ALLOCATE);
    CALL(MPI_Win_free(&win));
    CALL(MPI_Win_allocate_shared(100, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win));
    predefined(win, base, 100, 1, MPI_WIN_FLAVOR_SHARED);
    CALL(MPI_Win_free(&win));
    CALL(MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    predefined(win, MPI_BOTTOM, 0, 1, MPI_WIN_FLAVOR_DYNAMIC);
    CALL(MPI_Win_free(&win));
    return t_end();
}
