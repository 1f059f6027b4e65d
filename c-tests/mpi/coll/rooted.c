/* Bcast, reduce, gather(v), scatter(v): every root, sizes small to large, IN_PLACE at the root. */
#include "harness.h"

static long *a, *b;

static void bcast(int n, int root)
{
    for (int i = 0; i < n; i++)
        a[i] = t_rank == root ? root * 1000 + i : -1;
    CALL(MPI_Bcast(a, n, MPI_LONG, root, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++)
        EQ(a[i], root * 1000 + i);
}

static void reduce(int n, int root, int in_place)
{
    long ranks = (long)t_size * (t_size - 1) / 2;
    for (int i = 0; i < n; i++) {
        a[i] = t_rank + i;
        b[i] = in_place && t_rank == root ? a[i] : -7;
    }
    CALL(MPI_Reduce(in_place && t_rank == root ? MPI_IN_PLACE : a, b, n, MPI_LONG, MPI_SUM, root, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++)
        EQ(b[i], t_rank == root ? ranks + (long)i * t_size : -7);
}

static void gather(int n, int root, int in_place)
{
    for (int i = 0; i < n; i++)
        a[i] = t_rank * 100000 + i;
    memset(b, 0xff, sizeof *b * (size_t)(n * t_size));
    if (in_place && t_rank == root) {
        memcpy(b + n * root, a, sizeof *a * (size_t)n);
        CALL(MPI_Gather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, b, n, MPI_LONG, root, MPI_COMM_WORLD));
    } else {
        CALL(MPI_Gather(a, n, MPI_LONG, b, n, MPI_LONG, root, MPI_COMM_WORLD));
    }
    for (int r = 0; r < t_size && t_rank == root; r++)
        for (int i = 0; i < n; i++)
            EQ(b[r * n + i], r * 100000 + i);
}

static void scatter(int n, int root, int in_place)
{
    for (int i = 0; i < n * t_size && t_rank == root; i++)
        a[i] = i;
    memset(b, 0xff, sizeof *b * (size_t)n);
    if (in_place && t_rank == root) {
        CALL(MPI_Scatter(a, n, MPI_LONG, MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, root, MPI_COMM_WORLD));
        return;
    }
    CALL(MPI_Scatter(a, n, MPI_LONG, b, n, MPI_LONG, root, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++)
        EQ(b[i], t_rank * n + i);
}

/* Rank r holds r + 1 items (rank 1 none), placed backwards with gaps. */
static void v_forms(int root)
{
    int counts[64], places[64], at = 0, mine;
    for (int r = t_size - 1; r >= 0; r--) {
        counts[r] = r == 1 ? 0 : r + 1;
        places[r] = at;
        at += counts[r] + 2;
    }
    mine = counts[t_rank];
    for (int i = 0; i < mine; i++)
        a[i] = t_rank * 100 + i;
    memset(b, 0xff, sizeof *b * (size_t)at);
    CALL(MPI_Gatherv(a, mine, MPI_LONG, b, counts, places, MPI_LONG, root, MPI_COMM_WORLD));
    for (int r = 0; r < t_size && t_rank == root; r++) {
        for (int i = 0; i < counts[r]; i++)
            EQ(b[places[r] + i], r * 100 + i);
        EQ(b[places[r] + counts[r]], -1);
    }
    memset(a, 0, sizeof *a * (size_t)(mine + 1));
    CALL(MPI_Scatterv(b, counts, places, MPI_LONG, a, mine, MPI_LONG, root, MPI_COMM_WORLD));
    for (int i = 0; i < mine; i++)
        EQ(a[i], t_rank * 100 + i);
}

int main(int argc, char **argv)
{
    const int sizes[] = {0, 1, 2, 7, 100, 1000, 5000, 40000};
    t_start(&argc, &argv);
    a = malloc(sizeof *a * 40000 * (size_t)t_size);
    b = malloc(sizeof *b * 40000 * (size_t)t_size);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int root = 0; root < t_size; root++) {
            if (sizes[s] > 1000 && root > 1)
                continue;
            bcast(sizes[s], root);
            for (int in_place = 0; in_place < 2; in_place++) {
                reduce(sizes[s], root, in_place);
                gather(sizes[s], root, in_place);
                scatter(sizes[s], root, in_place);
            }
        }
    for (int root = 0; root < t_size; root++)
        v_forms(root);
    free(a);
    free(b);
    return t_end();
}
