/* A program without MPI_COMM_WORLD: a session, its groups, communicators made from them. */
#include "harness.h"

static void communicate(MPI_Session session)
{
    MPI_Group all, half, other;
    MPI_Comm comm, inter;
    int rank, size, sum, n = 0, m = 0, mine[64], theirs[64], remote;
    CALL(MPI_Group_from_session_pset(session, "mpi://WORLD", &all));
    CALL(MPI_Comm_create_from_group(all, "tests/sessions", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    CALL(MPI_Comm_rank(comm, &rank));
    CALL(MPI_Comm_size(comm, &size));
    t_rank = rank;
    CALL(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm));
    EQ(sum, size * (size - 1) / 2);
    for (int i = 0; i < size; i++) {
        if (i % 2 == rank % 2)
            mine[n++] = i;
        else
            theirs[m++] = i;
    }
    CALL(MPI_Group_incl(all, n, mine, &half));
    CALL(MPI_Group_incl(all, m, theirs, &other));
    CALL(MPI_Intercomm_create_from_groups(half, n - 1, other, m - 1, "tests/halves", MPI_INFO_NULL, MPI_ERRORS_RETURN,
                                          &inter));
    CALL(MPI_Comm_remote_size(inter, &remote));
    EQ(remote, m);
    CALL(MPI_Barrier(inter));
    CALL(MPI_Comm_free(&inter));
    CALL(MPI_Comm_free(&comm));
    CALL(MPI_Group_free(&half));
    CALL(MPI_Group_free(&other));
    CALL(MPI_Group_free(&all));
}

int main(void)
{
    for (int round = 0; round < 3; round++) {
        MPI_Session session;
        int psets, initialized;
        CALL(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &session));
        CALL(MPI_Session_get_num_psets(session, MPI_INFO_NULL, &psets));
        CHECK(psets >= 2);
        CALL(MPI_Initialized(&initialized));
        EQ(initialized, 0);
        communicate(session);
        CALL(MPI_Session_finalize(&session));
        CHECK(session == MPI_SESSION_NULL);
    }
    if (t_failures == 0 && t_rank == 0)
        printf("PASS\n");
    return t_failures != 0;
}
