/* Microseconds per collective: `coll allreduce|bcast|barrier|alltoall|allgather|reduce SECONDS BYTES...` */
#include "bench.h"

enum { LARGEST = 4 << 20 };

struct test {
    const char *name;
    int n, round;
    long *out, *in;
};

static void once(void *what)
{
    struct test *t = what;
    int n = t->n;
    t->round++;
    if (n)
        t->out[0] = t->out[n - 1] = t->round + b_rank;
    if (!strcmp(t->name, "allreduce")) {
        MPI_Allreduce(t->out, t->in, n, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
        b_expect(n == 0 || t->in[n - 1] == (long)t->round * b_size + b_size * (b_size - 1) / 2);
    } else if (!strcmp(t->name, "reduce")) {
        MPI_Reduce(t->out, t->in, n, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
        b_expect(b_rank || n == 0 || t->in[n - 1] == (long)t->round * b_size + b_size * (b_size - 1) / 2);
    } else if (!strcmp(t->name, "bcast")) {
        MPI_Bcast(t->out, n, MPI_LONG, 0, MPI_COMM_WORLD);
        b_expect(n == 0 || (t->out[0] == t->round && t->out[n - 1] == t->round));
    } else if (!strcmp(t->name, "alltoall")) {
        for (int i = 0; i < b_size && n; i++)
            t->out[(i + 1) * n - 1] = t->round + b_rank;
        MPI_Alltoall(t->out, n, MPI_LONG, t->in, n, MPI_LONG, MPI_COMM_WORLD);
        b_expect(n == 0 || t->in[n * b_size - 1] == t->round + b_size - 1);
    } else if (!strcmp(t->name, "allgather")) {
        MPI_Allgather(t->out, n, MPI_LONG, t->in, n, MPI_LONG, MPI_COMM_WORLD);
        b_expect(n == 0 || t->in[n * b_size - 1] == t->round + b_size - 1);
    } else {
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

int main(int argc, char **argv)
{
    b_start(&argc, &argv);
    if (argc < 4)
        MPI_Abort(MPI_COMM_WORLD, 2);
    struct test t = {.name = argv[1]};
    t.out = calloc(LARGEST, (size_t)b_size);
    t.in = calloc(LARGEST, (size_t)b_size);
    for (int i = 3; i < argc; i++) {
        t.n = atoi(argv[i]) / (int)sizeof(long);
        t.round = 0;
        double each = b_measure(once, &t, atof(argv[2]));
        if (b_rank == 0)
            printf("%s %.9f\n", argv[i], each * 1e6);
    }
    return b_end();
}
