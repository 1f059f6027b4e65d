/* Shared by the benchmark programs. Each is called `PROGRAM SECONDS BUDGET all|few SECTION...`: every point fills about
 * SECONDS; when the whole run has used BUDGET seconds the points that are left are given up. A point is one line,
 * `SECTION LABEL MICROSECONDS`, or `SECTION LABEL slow`. The last word is CHECKED if all results were right. */
#ifndef VMI_BENCH_H
#define VMI_BENCH_H

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A point whose single repetition takes longer than this ends its section: what is larger is not measured. */
#define B_TOO_SLOW 0.25

static int b_rank, b_size, b_bad, b_few, b_argc;
static char **b_argv;
static double b_seconds = 0.03, b_budget = 1e9, b_began, b_used, b_last;

/* One clock for all processes of a host, whatever the MPI. */
static double b_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

__attribute__((unused)) static void b_ready(int argc, char **argv)
{
    MPI_Comm_rank(MPI_COMM_WORLD, &b_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b_size);
    b_began = b_now();
    b_argc = argc;
    b_argv = argv;
    if (argc > 3) {
        b_seconds = atof(argv[1]);
        b_budget = atof(argv[2]);
        b_few = !strcmp(argv[3], "few");
    }
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
}

__attribute__((unused)) static void b_start(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    b_ready(argc, argv);
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

__attribute__((unused)) static int b_wanted(const char *section)
{
    for (int i = 4; i < b_argc; i++)
        if (!strcmp(b_argv[i], section))
            return 1;
    return b_argc <= 4;
}

/* Seconds per repetition, as many as fill the time, everyone equally often; the time of the slowest rank counts: in
 * a scan or bcast the first one may be done long before. Below 0 when the budget is used up. `once` returns the seconds that count
 * on rank 0, or 0 when all of the time counts. */
__attribute__((unused)) static double b_measure(double (*once)(void *), void *what)
{
    if (b_used > b_budget)
        return b_last = -1;
    once(what);
    for (int n = 1;;) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = b_now(), own = 0;
        for (int i = 0; i < n; i++)
            own += once(what);
        double end = b_now(), mine[3] = {end - start, end - b_began, b_rank ? 0 : own}, values[3];
        MPI_Allreduce(mine, values, 3, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        b_used = values[1];
        b_last = values[0] / n;
        if (values[0] > b_seconds * 0.6 || n > 50000000)
            return (values[2] > 0 ? values[2] : values[0]) / n;
        double more = values[0] > 1e-6 ? b_seconds / values[0] : 100;
        n = (int)(n * (more > 100 ? 100 : more < 2 ? 2 : more));
    }
}

static void b_row(const char *section, const char *label, double seconds)
{
    if (b_rank)
        return;
    if (seconds < 0)
        printf("%s %s slow\n", section, label);
    else
        printf("%s %s %.9f\n", section, label, seconds * 1e6);
}

/* A section: the point of each size (a list that ends with -1) until one is too slow. */
__attribute__((unused)) static void b_section(const char *section, const int *sizes, double (*point)(int))
{
    char label[16];
    int slow = 0;
    for (int i = 0; sizes[i] >= 0 && b_wanted(section); i++) {
        if (b_few && i % 2)
            continue;
        snprintf(label, sizeof label, "%d", sizes[i]);
        b_row(section, label, slow ? -1 : point(sizes[i]));
        slow |= b_last > B_TOO_SLOW || b_last < 0;
    }
}

#endif
