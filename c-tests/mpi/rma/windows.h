/* Windows of every kind with memory, for tests that must hold on all of them. */
#ifndef VMI_TEST_WINDOWS_H
#define VMI_TEST_WINDOWS_H

#include "harness.h"

enum { T_CREATE, T_ALLOCATE, T_SHARED, T_KINDS };

/* Ranks of several hosts cannot load and store each other's memory. */
static int T_UNUSED t_one_host(void)
{
    MPI_Comm node;
    int n;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &n);
    MPI_Comm_free(&node);
    return n == t_size;
}

/* A window of zeroed bytes; displacements count units of `unit` bytes. */
static MPI_Win T_UNUSED t_window(int kind, MPI_Aint bytes, int unit, void *base)
{
    MPI_Win win = MPI_WIN_NULL;
    void *memory = NULL;
    if (kind == T_CREATE) {
        CALL(MPI_Alloc_mem(bytes + 1, MPI_INFO_NULL, &memory));
        CALL(MPI_Win_create(memory, bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, &win));
    } else if (kind == T_ALLOCATE || !t_one_host()) {
        CALL(MPI_Win_allocate(bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win));
    } else {
        CALL(MPI_Win_allocate_shared(bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win));
    }
    memset(memory, 0, (size_t)bytes);
    *(void **)base = memory;
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    return win;
}

static void T_UNUSED t_window_end(int kind, MPI_Win *win, void *memory)
{
    CALL(MPI_Win_free(win));
    CHECK(*win == MPI_WIN_NULL);
    if (kind == T_CREATE)
        CALL(MPI_Free_mem(memory));
}

#endif
