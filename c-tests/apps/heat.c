/* Heat flows through a plate whose upper edge is hot: each rank owns a band of rows, swaps its edge rows with its
 * neighbours, and rank 0 draws what came out. `heat [columns rows steps]`. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int rank, size, columns = 256, rows = 256, steps = 4000;

static int first_row(int of) { return (int)((long)rows * of / size); }

static double *line(double *plate, int row) { return plate + (size_t)row * (size_t)columns; }

/* Edge rows of the band travel to the neighbours; theirs arrive above row 1 and below row n. */
static void swap_edges(double *plate, int n)
{
    int up = rank > 0 ? rank - 1 : MPI_PROC_NULL, down = rank < size - 1 ? rank + 1 : MPI_PROC_NULL;
    MPI_Sendrecv(line(plate, 1), columns, MPI_DOUBLE, up, 0, line(plate, n + 1), columns, MPI_DOUBLE, down, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(line(plate, n), columns, MPI_DOUBLE, down, 1, line(plate, 0), columns, MPI_DOUBLE, up, 1,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* One relaxation step; returns the largest change. */
static double relax(const double *old, double *new, int n)
{
    double most = 0;
    for (int row = 1; row <= n; row++) {
        const double *above = old + (size_t)(row - 1) * (size_t)columns, *here = above + columns, *below = here + columns;
        double *out = line(new, row);
        for (int x = 1; x < columns - 1; x++) {
            out[x] = 0.25 * (above[x] + below[x] + here[x - 1] + here[x + 1]);
            double change = fabs(out[x] - here[x]);
            most = change > most ? change : most;
        }
    }
    return most;
}

/* The plate's fixed borders: a hot upper edge, a warm spot on the right, the rest cold. */
static void heat_borders(double *plate, int n)
{
    if (rank == 0)
        for (int x = 0; x < columns; x++)
            line(plate, 0)[x] = 100;
    for (int row = 1; row <= n; row++) {
        double at = (double)(first_row(rank) + row - 1) / rows;
        line(plate, row)[columns - 1] = at > 0.55 && at < 0.8 ? 80 : 0;
    }
}

static void draw(const double *all)
{
    const char shades[] = " .:-=+*#%@";
    for (int y = 0; y < 20; y++) {
        for (int x = 0; x < 60; x++) {
            double t = all[(size_t)(y * rows / 20) * (size_t)columns + (size_t)(x * columns / 60)];
            int shade = (int)(10 * sqrt(t / 100));
            putchar(shades[shade > 9 ? 9 : shade]);
        }
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 3) {
        columns = atoi(argv[1]);
        rows = atoi(argv[2]);
        steps = atoi(argv[3]);
    }
    if (columns < 3 || rows < size || steps < 1) {
        fprintf(stderr, "heat: needs 3 columns, a row per rank and a step\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    int n = first_row(rank + 1) - first_row(rank), step = 0;
    size_t cells = (size_t)(n + 2) * (size_t)columns;
    double *plate[2] = {calloc(cells, sizeof(double)), calloc(cells, sizeof(double))};
    double change = 0, start = MPI_Wtime(), heat = 0, total;
    for (int i = 0; i < 2; i++)
        heat_borders(plate[i], n);
    for (step = 0; step < steps; step++) {
        swap_edges(plate[step % 2], n);
        double mine = relax(plate[step % 2], plate[1 - step % 2], n);
        if (step % 100 == 99)
            MPI_Allreduce(&mine, &change, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    }
    double *mine = plate[step % 2];
    for (int i = columns; i < columns * (n + 1); i++)
        heat += mine[i];
    MPI_Reduce(&heat, &total, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    int *counts = malloc(sizeof *counts * (size_t)size), *places = malloc(sizeof *places * (size_t)size);
    for (int i = 0; i < size; i++) {
        counts[i] = (first_row(i + 1) - first_row(i)) * columns;
        places[i] = first_row(i) * columns;
    }
    double *all = rank == 0 ? malloc(sizeof *all * (size_t)rows * (size_t)columns) : NULL;
    MPI_Gatherv(line(mine, 1), n * columns, MPI_DOUBLE, all, counts, places, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        draw(all);
        printf("%d ranks, %d x %d cells, %d steps: mean %.4f degrees, last change %.2e\n", size, columns, rows, steps,
               total / rows / columns, change);
        fprintf(stderr, "%.3f s\n", MPI_Wtime() - start);
    }
    free(plate[0]);
    free(plate[1]);
    free(counts);
    free(places);
    free(all);
    MPI_Finalize();
    return 0;
}
