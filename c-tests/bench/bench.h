/* Shared by the benchmark programs: repetition counts that fill a given time, results that were checked. */
#ifndef VMI_BENCH_H
#define VMI_BENCH_H

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int b_rank, b_size, b_bad;

static void b_start(int *argc, char ***argv)
{
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &b_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b_size);
}

/* A wrong result anywhere makes the whole run worthless: the job says so and ends with code 1. */
static int b_end(void)
{
    int bad = 0;
    MPI_Allreduce(&b_bad, &bad, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (b_rank == 0)
        printf(bad ? "WRONG RESULTS\n" : "CHECKED\n");
    MPI_Finalize();
    return bad != 0;
}

static void b_expect(int truth)
{
    b_bad |= !truth;
}

/* Repeats `once` until it fills about `seconds`, everyone equally often; returns seconds per repetition. */
__attribute__((unused)) static double b_measure(void (*once)(void *), void *what, double seconds)
{
    int n = 10;
    double took = 0;
    for (int i = 0; i < 5; i++)
        once(what);
    for (;;) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        for (int i = 0; i < n; i++)
            once(what);
        took = MPI_Wtime() - start;
        MPI_Bcast(&took, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        if (took > seconds * 0.6 || n > 50000000)
            return took / n;
        double more = took > 1e-5 ? seconds / took : 100;
        n = (int)(n * (more > 100 ? 100 : more < 2 ? 2 : more));
    }
}

#endif
