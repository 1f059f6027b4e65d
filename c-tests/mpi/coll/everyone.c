/* Allreduce, allgather(v), alltoall(v,w), reduce_scatter(_block), scan, exscan, barrier, with and without IN_PLACE. */
#include "harness.h"

static int *a, *b;

static void allreduce(int n, int in_place)
{
    for (int i = 0; i < n; i++)
        a[i] = b[i] = (t_rank + 1) * (i % 13);
    CALL(MPI_Allreduce(in_place ? MPI_IN_PLACE : a, b, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++)
        EQ(b[i], t_size * (t_size + 1) / 2 * (i % 13));
}

static void allgather(int n, int in_place)
{
    int *mine = in_place ? b + n * t_rank : a;
    memset(b, 0xff, sizeof *b * (size_t)(n * t_size));
    for (int i = 0; i < n; i++)
        mine[i] = t_rank * 7 + i;
    if (in_place)
        CALL(MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, b, n, MPI_INT, MPI_COMM_WORLD));
    else
        CALL(MPI_Allgather(a, n, MPI_INT, b, n, MPI_INT, MPI_COMM_WORLD));
    for (int i = 0; i < n * t_size; i++)
        EQ(b[i], i / (n ? n : 1) * 7 + i % (n ? n : 1));
}

static void alltoall(int n, int in_place)
{
    int *from = in_place ? b : a;
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < n; i++)
            from[r * n + i] = t_rank * 10000 + r * 100 + i % 100;
    if (in_place)
        CALL(MPI_Alltoall(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, b, n, MPI_INT, MPI_COMM_WORLD));
    else
        CALL(MPI_Alltoall(a, n, MPI_INT, b, n, MPI_INT, MPI_COMM_WORLD));
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < n; i++)
            EQ(b[r * n + i], r * 10000 + t_rank * 100 + i % 100);
}

static void v_forms(int base)
{
    int counts[64], places[64], back_counts[64], back_places[64], at = 0;
    for (int r = 0; r < t_size; r++) {
        counts[r] = (r * base) % 5;
        places[r] = at;
        at += counts[r] + 1;
    }
    memset(b, 0xff, sizeof *b * (size_t)at);
    for (int i = 0; i < counts[t_rank]; i++)
        a[i] = t_rank * 50 + i;
    CALL(MPI_Allgatherv(a, counts[t_rank], MPI_INT, b, counts, places, MPI_INT, MPI_COMM_WORLD));
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i <= counts[r]; i++)
            EQ(b[places[r] + i], i < counts[r] ? r * 50 + i : -1);
    /* From rank s to rank r go (s + r * base) % 4 items. */
    int out = 0, in = 0;
    for (int r = 0; r < t_size; r++) {
        counts[r] = (t_rank + r * base) % 4;
        places[r] = out;
        out += counts[r];
        back_counts[r] = (r + t_rank * base) % 4;
        back_places[r] = in;
        in += back_counts[r];
        for (int i = 0; i < counts[r]; i++)
            a[places[r] + i] = t_rank * 1000 + r * 10 + i;
    }
    memset(b, 0xff, sizeof *b * (size_t)(in + 1));
    CALL(MPI_Alltoallv(a, counts, places, MPI_INT, b, back_counts, back_places, MPI_INT, MPI_COMM_WORLD));
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < back_counts[r]; i++)
            EQ(b[back_places[r] + i], r * 1000 + t_rank * 10 + i);
    MPI_Datatype types[64], back_types[64];
    for (int r = 0; r < t_size; r++) {
        places[r] *= (int)sizeof(int);
        back_places[r] *= (int)sizeof(int);
        types[r] = back_types[r] = MPI_INT;
    }
    memset(b, 0xff, sizeof *b * (size_t)(in + 1));
    CALL(MPI_Alltoallw(a, counts, places, types, b, back_counts, back_places, back_types, MPI_COMM_WORLD));
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < back_counts[r]; i++)
            EQ(b[back_places[r] / (int)sizeof(int) + i], r * 1000 + t_rank * 10 + i);
}

static void reduce_scatter(int n, int in_place)
{
    int counts[64], total = 0, before = 0;
    for (int r = 0; r < t_size; r++) {
        counts[r] = r % 2 ? n : n / 2;
        before += r < t_rank ? counts[r] : 0;
        total += counts[r];
    }
    for (int i = 0; i < total; i++)
        a[i] = b[i] = t_rank + i;
    CALL(MPI_Reduce_scatter(in_place ? MPI_IN_PLACE : a, b, counts, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    for (int i = 0; i < counts[t_rank]; i++)
        EQ(b[i], t_size * (t_size - 1) / 2 + (before + i) * t_size);
    for (int i = 0; i < n * t_size; i++)
        a[i] = b[i] = t_rank + i;
    CALL(MPI_Reduce_scatter_block(in_place ? MPI_IN_PLACE : a, b, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++)
        EQ(b[i], t_size * (t_size - 1) / 2 + (t_rank * n + i) * t_size);
}

static void scans(int n, int in_place)
{
    for (int i = 0; i < n; i++)
        a[i] = b[i] = t_rank + i;
    CALL(MPI_Scan(in_place ? MPI_IN_PLACE : a, b, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++)
        EQ(b[i], t_rank * (t_rank + 1) / 2 + i * (t_rank + 1));
    for (int i = 0; i < n; i++)
        a[i] = b[i] = t_rank + i;
    CALL(MPI_Exscan(in_place ? MPI_IN_PLACE : a, b, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    for (int i = 0; i < n && t_rank > 0; i++)
        EQ(b[i], t_rank * (t_rank - 1) / 2 + i * t_rank);
}

/* Nobody leaves a barrier before everybody entered it: a rank that left knows that all earlier messages were sent. */
static void barrier(void)
{
    for (int i = 0; i < 50; i++)
        CALL(MPI_Barrier(MPI_COMM_WORLD));
    int x = 5, flag;
    if (t_rank == t_size - 1)
        CALL(MPI_Send(&x, 1, MPI_INT, 0, 3, MPI_COMM_WORLD));
    CALL(MPI_Barrier(MPI_COMM_WORLD));
    if (t_rank == 0) {
        for (flag = 0; !flag;)
            CALL(MPI_Iprobe(t_size - 1, 3, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE));
        CALL(MPI_Recv(&x, 1, MPI_INT, t_size - 1, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
}

int main(int argc, char **argv)
{
    const int sizes[] = {0, 1, 3, 16, 99, 1000, 20000};
    t_start(&argc, &argv);
    a = malloc(sizeof *a * 20000 * (size_t)t_size + 4096);
    b = malloc(sizeof *b * 20000 * (size_t)t_size + 4096);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int in_place = 0; in_place < 2; in_place++) {
            allreduce(sizes[s], in_place);
            allgather(sizes[s], in_place);
            alltoall(sizes[s], in_place);
            reduce_scatter(sizes[s], in_place);
            scans(sizes[s], in_place);
        }
    for (int base = 1; base < 8; base++)
        v_forms(base);
    barrier();
    free(a);
    free(b);
    return t_end();
}
