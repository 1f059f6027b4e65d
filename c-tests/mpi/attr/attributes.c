/* Attributes of communicators and types: copy and delete callbacks, their order and their refusals; the predefined ones. */
#include "harness.h"

static int copies, deletes, last_deleted;

static int copy_plus_one(MPI_Comm comm, int key, void *extra, void *in, void *out, int *flag)
{
    (void)comm;
    (void)key;
    copies += *(int *)extra;
    *(void **)out = (char *)in + 1;
    *flag = 1;
    return MPI_SUCCESS;
}

static int copy_never(MPI_Comm comm, int key, void *extra, void *in, void *out, int *flag)
{
    (void)comm, (void)key, (void)extra, (void)in, (void)out;
    *flag = 0;
    return MPI_SUCCESS;
}

static int on_delete(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)comm, (void)key, (void)extra;
    deletes++;
    last_deleted = (int)(intptr_t)value;
    return MPI_SUCCESS;
}

static int delete_refuses(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)comm, (void)key, (void)value, (void)extra;
    return MPI_ERR_OTHER;
}

static void communicators(void)
{
    MPI_Comm copy;
    int key, plain, silent, extra = 1, flag, value_holder = 0;
    void *value = NULL;
    CALL(MPI_Comm_create_keyval(copy_plus_one, on_delete, &key, &extra));
    CALL(MPI_Comm_create_keyval(MPI_COMM_DUP_FN, MPI_COMM_NULL_DELETE_FN, &plain, NULL));
    CALL(MPI_Comm_create_keyval(copy_never, MPI_COMM_NULL_DELETE_FN, &silent, NULL));
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, key, &value, &flag));
    EQ(flag, 0);
    CALL(MPI_Comm_set_attr(MPI_COMM_WORLD, key, (void *)(intptr_t)40));
    CALL(MPI_Comm_set_attr(MPI_COMM_WORLD, plain, &value_holder));
    CALL(MPI_Comm_set_attr(MPI_COMM_WORLD, silent, &value_holder));
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    EQ(copies, 1);
    CALL(MPI_Comm_get_attr(copy, key, &value, &flag));
    CHECK(flag);
    EQ((intptr_t)value, 41);
    CALL(MPI_Comm_get_attr(copy, plain, &value, &flag));
    CHECK(flag && value == &value_holder);
    CALL(MPI_Comm_get_attr(copy, silent, &value, &flag));
    EQ(flag, 0);
    CALL(MPI_Comm_set_attr(copy, key, (void *)(intptr_t)50)); /* replacing deletes the old value */
    EQ(deletes, 1);
    EQ(last_deleted, 41);
    CALL(MPI_Comm_free(&copy));
    EQ(deletes, 2);
    EQ(last_deleted, 50);
    CALL(MPI_Comm_delete_attr(MPI_COMM_WORLD, key));
    EQ(last_deleted, 40);
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, key, &value, &flag));
    EQ(flag, 0);
    CALL(MPI_Comm_delete_attr(MPI_COMM_WORLD, plain));
    CALL(MPI_Comm_delete_attr(MPI_COMM_WORLD, silent));
    CALL(MPI_Comm_free_keyval(&key));
    EQ(key, MPI_KEYVAL_INVALID);
    CALL(MPI_Comm_free_keyval(&plain));
    CALL(MPI_Comm_free_keyval(&silent));
}

static void refusal(void)
{
    MPI_Comm copy;
    int key;
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
    MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN);
    CALL(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, delete_refuses, &key, NULL));
    CALL(MPI_Comm_set_attr(copy, key, NULL));
    CHECK(MPI_Comm_delete_attr(copy, key) != MPI_SUCCESS);
    CALL(MPI_Comm_free_keyval(&key));
}

static int type_copies, type_deletes;

static int type_copy(MPI_Datatype type, int key, void *extra, void *in, void *out, int *flag)
{
    (void)type, (void)key, (void)extra;
    type_copies++;
    *(void **)out = in;
    *flag = 1;
    return MPI_SUCCESS;
}

static int type_delete(MPI_Datatype type, int key, void *value, void *extra)
{
    (void)type, (void)key, (void)value, (void)extra;
    type_deletes++;
    return MPI_SUCCESS;
}

static void types(void)
{
    MPI_Datatype type, copy;
    int key, flag, x = 0;
    void *value;
    CALL(MPI_Type_contiguous(3, MPI_INT, &type));
    CALL(MPI_Type_create_keyval(type_copy, type_delete, &key, NULL));
    CALL(MPI_Type_set_attr(type, key, &x));
    CALL(MPI_Type_dup(type, &copy));
    EQ(type_copies, 1);
    CALL(MPI_Type_get_attr(copy, key, &value, &flag));
    CHECK(flag && value == &x);
    CALL(MPI_Type_free(&copy));
    CALL(MPI_Type_free(&type));
    EQ(type_deletes, 2);
    CALL(MPI_Type_free_keyval(&key));
}

static void predefined(void)
{
    void *value;
    int flag;
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &flag));
    CHECK(flag && *(int *)value >= 32767);
    int tag = *(int *)value, x = 1;
    CALL(MPI_Sendrecv(&x, 1, MPI_INT, t_rank, tag, &x, 1, MPI_INT, t_rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_WTIME_IS_GLOBAL, &value, &flag));
    CHECK(!flag || *(int *)value == 0 || *(int *)value == 1);
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_UNIVERSE_SIZE, &value, &flag));
    CHECK(!flag || *(int *)value >= 1);
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_LASTUSEDCODE, &value, &flag));
    CHECK(flag && *(int *)value > 0);
    CALL(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &value, &flag));
    CHECK(!flag || *(int *)value >= 0);
}

/* Attributes of MPI_COMM_SELF are deleted first thing in MPI_Finalize, last set first. */
static int finalize_order[2], finalize_calls;
static int at_finalize(MPI_Comm comm, int key, void *value, void *extra)
{
    int up = 0;
    (void)comm, (void)key, (void)extra;
    MPI_Finalized(&up);
    EQ(up, 0);
    finalize_order[finalize_calls++ % 2] = (int)(intptr_t)value;
    return MPI_SUCCESS;
}

int main(int argc, char **argv)
{
    int key[2];
    t_start(&argc, &argv);
    communicators();
    refusal();
    types();
    predefined();
    for (int i = 0; i < 2; i++) {
        CALL(MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, at_finalize, &key[i], NULL));
        CALL(MPI_Comm_set_attr(MPI_COMM_SELF, key[i], (void *)(intptr_t)(i + 1)));
    }
    MPI_Finalize();
    EQ(finalize_calls, 2);
    EQ(finalize_order[0], 2);
    if (t_rank == 0 && !t_failures)
        printf("PASS\n");
    return t_failures != 0;
}
