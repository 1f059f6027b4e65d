/* Every collective, blocking and not, against results that each rank computes alone: what a rank contributes follows from
 * its number, and MPI_Reduce_local combines in the order of ranks. All predefined operations and one that does not
 * commute, types with and without gaps, in place or not, all roots, sizes around the switches between algorithms. Ranks
 * in the order of the world and dealt out over two halves. The environment says which way the collectives go. */
#include "harness.h"
#include <math.h>

enum { ROOM = 8 << 20, MANY = 64 };

static char *out, *in, *want, *scratch;
static MPI_Comm comm;
static int rank, size, turn;
static MPI_Datatype matrix, loose_matrix;
static MPI_Op product;

/* --- what a rank contributes --- */

static uint64_t number(int from, int i)
{
    uint64_t state = (uint64_t)turn * 1000003u + (uint64_t)from * 10007u + (uint64_t)i;
    return t_random(&state) ^ t_random(&state) << 20;
}

static void make_int(void *at, uint64_t n) { *(int *)at = (int)n; }
static void make_long(void *at, uint64_t n) { *(long *)at = (long)n; }
static void make_byte(void *at, uint64_t n) { *(unsigned char *)at = (unsigned char)n; }
static void make_bool(void *at, uint64_t n) { *(_Bool *)at = n % 3 != 0; }
static void make_float(void *at, uint64_t n) { *(float *)at = (float)(n % 1000) / 700 - 0.7f; }
static void make_double(void *at, uint64_t n) { *(double *)at = (double)(n % 1000000) / 700000 - 0.7; }

static void make_complex(void *at, uint64_t n)
{
    make_double(at, n);
    make_double((double *)at + 1, n / 7);
}

static void make_pair(void *at, uint64_t n)
{
    struct { double value; int place; } *pair = at;
    pair->value = (double)(n % 4);
    pair->place = (int)(n % 1001);
}

static void make_words(void *at, uint64_t n)
{
    uint32_t *words = at;
    for (int i = 0; i < 4; i++)
        words[i] = (uint32_t)(n >> 4 * i);
}

static void make_loose(void *at, uint64_t n)
{
    uint32_t *words = at;
    for (int i = 0; i < 4; i++)
        words[2 * i] = (uint32_t)(n >> 4 * i);
}

enum class { WHOLE = 1, LOGICAL = 2, REAL = 4, COMPLEX = 8, PAIR = 16, MATRIX = 32, GAPS = 64 };

static struct kind {
    const char *name;
    MPI_Datatype type;
    int extent, class;
    double epsilon;
    void (*make)(void *, uint64_t);
} kinds[10];

static int n_kinds;

static void kind(const char *name, MPI_Datatype type, int extent, int class, double epsilon,
                 void (*make)(void *, uint64_t))
{
    kinds[n_kinds++] = (struct kind){name, type, extent, class, epsilon, make};
}

/* Products of 2 x 2 matrices do not commute. */
static void multiply(void *in_, void *inout_, int *len, MPI_Datatype *type)
{
    int step = *type == matrix ? 1 : 2;
    uint32_t *a = in_, *b = inout_;
    for (int i = 0; i < *len; i++, a += 4 * step, b += 4 * step) {
        uint32_t c[4];
        for (int k = 0; k < 4; k++)
            c[k] = a[(k & 2) * step] * b[(k & 1) * step] + a[((k & 2) + 1) * step] * b[((k & 1) + 2) * step];
        for (int k = 0; k < 4; k++)
            b[k * step] = c[k];
    }
}

static void types(void)
{
    MPI_Datatype gaps;
    CALL(MPI_Type_contiguous(4, MPI_UINT32_T, &matrix));
    CALL(MPI_Type_vector(4, 1, 2, MPI_UINT32_T, &gaps));
    CALL(MPI_Type_create_resized(gaps, 0, 32, &loose_matrix));
    CALL(MPI_Type_free(&gaps));
    CALL(MPI_Type_commit(&matrix));
    CALL(MPI_Type_commit(&loose_matrix));
    CALL(MPI_Op_create(multiply, 0, &product));
    kind("int", MPI_INT, 4, WHOLE, 0, make_int);
    kind("long", MPI_LONG, 8, WHOLE, 0, make_long);
    kind("byte", MPI_UNSIGNED_CHAR, 1, WHOLE, 0, make_byte);
    kind("bool", MPI_C_BOOL, 1, LOGICAL, 0, make_bool);
    kind("float", MPI_FLOAT, 4, REAL, 1.2e-7, make_float);
    kind("double", MPI_DOUBLE, 8, REAL, 2.3e-16, make_double);
    kind("complex", MPI_C_DOUBLE_COMPLEX, 16, COMPLEX, 2.3e-16, make_complex);
    kind("pair", MPI_DOUBLE_INT, 16, PAIR, 0, make_pair);
    kind("matrix", matrix, 16, MATRIX, 0, make_words);
    kind("matrix with gaps", loose_matrix, 32, MATRIX | GAPS, 0, make_loose);
}

/* Gaps keep what the buffer held: all buffers begin as zeros. */
static void clear(void *buffer, const struct kind *k, int n) { memset(buffer, 0, (size_t)n * (size_t)k->extent); }

static char *at(char *buffer, const struct kind *k, int i) { return buffer + (size_t)i * (size_t)k->extent; }

/* Elements `first` to `first + n` of what rank `from` has. */
static void contribute(char *buffer, const struct kind *k, int from, int first, int n)
{
    clear(buffer, k, n);
    for (int i = 0; i < n; i++)
        k->make(at(buffer, k, i), number(from, first + i));
}

/* --- comparing --- */

static const char *what;

/* Ranks may be combined in any grouping, so a sum of `size` terms of about 1 differs by as many roundings of each. */
static int near(double a, double b, double epsilon) { return fabs(a - b) <= epsilon * size * size * (1 + fabs(b)); }

static int same(const struct kind *k, MPI_Op op, const char *a, const char *b)
{
    if (op == MPI_MAX || op == MPI_MIN || !(k->class & (REAL | COMPLEX)))
        return !memcmp(a, b, (size_t)(k->class & PAIR ? 12 : k->extent));
    if (k->extent == 4)
        return near(*(const float *)a, *(const float *)b, k->epsilon);
    for (int i = 0; i < k->extent / 8; i++)
        if (!near(((const double *)a)[i], ((const double *)b)[i], k->epsilon))
            return 0;
    return 1;
}

static void compare(const char *got, const struct kind *k, MPI_Op op, int n)
{
    for (int i = 0; i < n; i++)
        if (!same(k, op, at((char *)(uintptr_t)got, k, i), at(want, k, i))) {
            FAIL("%s of %d %s, turn %d: element %d is wrong on rank %d of %d", what, n, k->name, turn, i, rank, size);
            return;
        }
}

/* What ranks 0 to `last` have, combined, from element `first` on. */
static void expect(const struct kind *k, MPI_Op op, int last, int first, int n)
{
    contribute(want, k, last, first, n);
    for (int r = last - 1; r >= 0; r--) {
        contribute(scratch, k, r, first, n);
        CALL(MPI_Reduce_local(scratch, want, n, k->type, op));
    }
}

/* Every third operation does not block, every third is persistent. */
#define RUN(blocking, starting, preparing) do { \
        MPI_Request request = MPI_REQUEST_NULL; \
        what = #blocking; \
        if (turn % 3 == 0) { \
            CALL(blocking); \
        } else if (turn % 3 == 1) { \
            CALL(starting); \
            CALL(MPI_Wait(&request, MPI_STATUS_IGNORE)); \
        } else { \
            CALL(preparing); \
            CALL(MPI_Start(&request)); \
            CALL(MPI_Wait(&request, MPI_STATUS_IGNORE)); \
            CALL(MPI_Request_free(&request)); \
        } \
    } while (0)
#define FORMS(name, start, ...) RUN(MPI_##name(__VA_ARGS__), MPI_I##start(__VA_ARGS__, &request), \
                                    MPI_##name##_init(__VA_ARGS__, MPI_INFO_NULL, &request))

/* --- reductions --- */

/* The operand, in place or not; the place of the result is clear otherwise. */
static void *operand(const struct kind *k, int n, int in_place)
{
    turn++;
    clear(in, k, n);
    contribute(in_place ? in : out, k, rank, 0, n);
    return in_place ? MPI_IN_PLACE : out;
}

static void reduce(const struct kind *k, MPI_Op op, int n, int root, int in_place)
{
    void *from = operand(k, n, in_place && rank == root);
    FORMS(Reduce, reduce, from, in, n, k->type, op, root, comm);
    if (rank == root) {
        expect(k, op, size - 1, 0, n);
        compare(in, k, op, n);
    }
}

static void allreduce(const struct kind *k, MPI_Op op, int n, int in_place)
{
    void *from = operand(k, n, in_place);
    FORMS(Allreduce, allreduce, from, in, n, k->type, op, comm);
    expect(k, op, size - 1, 0, n);
    compare(in, k, op, n);
}

static void scan(const struct kind *k, MPI_Op op, int n, int in_place)
{
    void *from = operand(k, n, in_place);
    FORMS(Scan, scan, from, in, n, k->type, op, comm);
    expect(k, op, rank, 0, n);
    compare(in, k, op, n);
    from = operand(k, n, in_place);
    FORMS(Exscan, exscan, from, in, n, k->type, op, comm);
    if (rank > 0) {
        expect(k, op, rank - 1, 0, n);
        compare(in, k, op, n);
    }
}

/* Blocks of n, 0, 2n, n, 0 … elements, and of n. */
static void reduce_scatter(const struct kind *k, MPI_Op op, int n, int in_place)
{
    int counts[MANY], first = 0, total = 0;
    for (int r = 0; r < size; r++) {
        counts[r] = n * ((r * 2 + 1) % 3);
        first += r < rank ? counts[r] : 0;
        total += counts[r];
    }
    void *from = operand(k, total, in_place);
    FORMS(Reduce_scatter, reduce_scatter, from, in, counts, k->type, op, comm);
    expect(k, op, size - 1, first, counts[rank]);
    compare(in, k, op, counts[rank]);
    from = operand(k, n * size, in_place);
    FORMS(Reduce_scatter_block, reduce_scatter_block, from, in, n, k->type, op, comm);
    expect(k, op, size - 1, n * rank, n);
    compare(in, k, op, n);
}

static void reductions(const struct kind *k, MPI_Op op, int n, int root)
{
    for (int in_place = 0; in_place < 2; in_place++) {
        reduce(k, op, n, root, in_place);
        allreduce(k, op, n, in_place);
        scan(k, op, n, in_place);
        reduce_scatter(k, op, n, in_place);
    }
}

static void every_operation(void)
{
    struct { MPI_Op op; int classes; } ops[] = {
        {MPI_MAX, WHOLE | REAL}, {MPI_MIN, WHOLE | REAL}, {MPI_SUM, WHOLE | REAL | COMPLEX},
        {MPI_PROD, WHOLE | REAL | COMPLEX}, {MPI_LAND, WHOLE | LOGICAL}, {MPI_LOR, WHOLE | LOGICAL},
        {MPI_LXOR, WHOLE | LOGICAL}, {MPI_BAND, WHOLE}, {MPI_BOR, WHOLE}, {MPI_BXOR, WHOLE},
        {MPI_MAXLOC, PAIR}, {MPI_MINLOC, PAIR}, {product, MATRIX},
    };
    for (unsigned o = 0; o < sizeof ops / sizeof *ops; o++)
        for (int k = 0; k < n_kinds; k++)
            if (ops[o].classes & kinds[k].class)
                reductions(&kinds[k], ops[o].op, k % 2 ? 3 : 40, turn % size);
}

/* --- blocks --- */

static int counts[MANY], places[MANY];

/* Blocks of rank `r`: of n elements, or of n, 2n or none. */
static void blocks(int n, int varying)
{
    for (int r = 0; r < size; r++) {
        counts[r] = varying ? n * ((r + 1) % 3) : n;
        places[r] = varying ? r * (2 * n + 1) : r * n;
    }
}

/* Block `to` of rank `from`, which lies at `place`. */
static void check_block(const struct kind *k, char *place, int from, int to, int n)
{
    contribute(want, k, from, to * 100000, n);
    compare(place, k, MPI_MAX, n);
}

static void bcast(const struct kind *k, int n, int root)
{
    turn++;
    clear(in, k, n);
    if (rank == root)
        contribute(in, k, root, 0, n);
    FORMS(Bcast, bcast, in, n, k->type, root, comm);
    check_block(k, in, root, 0, n);
}

static void gather(const struct kind *k, int n, int root, int varying, int in_place)
{
    turn++;
    blocks(n, varying);
    clear(in, k, size * (2 * n + 1));
    in_place = in_place && rank == root;
    contribute(in_place ? at(in, k, places[rank]) : out, k, rank, 0, counts[rank]);
    void *from = in_place ? MPI_IN_PLACE : out;
    if (varying)
        FORMS(Gatherv, gatherv, from, counts[rank], k->type, in, counts, places, k->type, root, comm);
    else
        FORMS(Gather, gather, from, n, k->type, in, n, k->type, root, comm);
    for (int r = 0; r < size && rank == root; r++)
        check_block(k, at(in, k, places[r]), r, 0, counts[r]);
}

static void scatter(const struct kind *k, int n, int root, int varying, int in_place)
{
    turn++;
    blocks(n, varying);
    clear(in, k, 2 * n);
    in_place = in_place && rank == root;
    for (int r = 0; r < size && rank == root; r++)
        contribute(at(out, k, places[r]), k, root, r * 100000, counts[r]);
    void *into = in_place ? MPI_IN_PLACE : in;
    if (varying)
        FORMS(Scatterv, scatterv, out, counts, places, k->type, into, counts[rank], k->type, root, comm);
    else
        FORMS(Scatter, scatter, out, n, k->type, into, n, k->type, root, comm);
    check_block(k, in_place ? at(out, k, places[rank]) : in, root, rank, counts[rank]);
}

static void allgather(const struct kind *k, int n, int varying, int in_place)
{
    turn++;
    blocks(n, varying);
    clear(in, k, size * (2 * n + 1));
    contribute(in_place ? at(in, k, places[rank]) : out, k, rank, 0, counts[rank]);
    void *from = in_place ? MPI_IN_PLACE : out;
    if (varying)
        FORMS(Allgatherv, allgatherv, from, counts[rank], k->type, in, counts, places, k->type, comm);
    else
        FORMS(Allgather, allgather, from, n, k->type, in, n, k->type, comm);
    for (int r = 0; r < size; r++)
        check_block(k, at(in, k, places[r]), r, 0, counts[r]);
}

/* The lengths of the varying forms follow from both ranks, alike in both directions. */
static void alltoall(const struct kind *k, int n, int varying, int in_place)
{
    MPI_Datatype of_each[MANY];
    int bytes[MANY];
    turn++;
    blocks(n, varying);
    for (int r = 0; r < size; r++) {
        counts[r] = varying ? n * ((r + rank) % 3) : n;
        of_each[r] = k->type;
        bytes[r] = places[r] * k->extent;
    }
    char *blocks = in_place ? in : out;
    clear(in, k, size * (2 * n + 1));
    for (int r = 0; r < size; r++)
        contribute(at(blocks, k, places[r]), k, rank, r * 100000, counts[r]);
    void *from = in_place ? MPI_IN_PLACE : out;
    if (varying == 2)
        FORMS(Alltoallw, alltoallw, from, counts, bytes, of_each, in, counts, bytes, of_each, comm);
    else if (varying)
        FORMS(Alltoallv, alltoallv, from, counts, places, k->type, in, counts, places, k->type, comm);
    else
        FORMS(Alltoall, alltoall, from, n, k->type, in, n, k->type, comm);
    for (int r = 0; r < size; r++)
        check_block(k, at(in, k, places[r]), r, rank, counts[r]);
}

static void movements(const struct kind *k, int n, int root)
{
    bcast(k, n, root);
    for (int form = 0; form < 4; form++) {
        gather(k, n, root, form / 2, form % 2);
        scatter(k, n, root, form / 2, form % 2);
        allgather(k, n, form / 2, form % 2);
        alltoall(k, n, form / 2, form % 2);
    }
    alltoall(k, n, 2, 0);
}

/* Around the switches between algorithms and what travels together, for a block or a vector. */
static void every_size(void)
{
    static const int bytes[] = {0, 8, 1024, 1032, 2048, 2056, 4096, 4104, 16384, 16392, 32760, 32768, 65544, 131080};
    const struct kind *number = &kinds[1], *gaps = &kinds[n_kinds - 1];
    for (unsigned i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        movements(number, bytes[i] / 8, turn % size);
        movements(gaps, bytes[i] / 16, turn % size);
        reductions(number, MPI_SUM, bytes[i] / 8, turn % size);
        reductions(gaps, product, bytes[i] / 16, turn % size);
    }
    bcast(number, 600000 / 8, size - 1);
    allreduce(number, MPI_SUM, 600000 / 8, 1);
}

static void every_root(void)
{
    for (int root = 0; root < size; root++) {
        movements(&kinds[0], 5, root);
        movements(&kinds[0], 5000, root);
        for (int n = 3; n < 10000; n = n * 40 + 1) {
            reduce(&kinds[0], MPI_SUM, n, root, root % 2);
            reduce(&kinds[n_kinds - 1], product, n, root, root % 2);
        }
    }
}

static void everything(MPI_Comm on)
{
    comm = on;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    /* Leaders and boards are made after some. */
    for (int i = 0; i < 8; i++)
        CALL(MPI_Barrier(comm));
    every_operation();
    every_size();
    every_root();
}

int main(int argc, char **argv)
{
    MPI_Comm dealt;
    t_start(&argc, &argv);
    out = calloc(ROOM, 1), in = calloc(ROOM, 1), want = calloc(ROOM, 1), scratch = calloc(ROOM, 1);
    types();
    int half = (t_size + 1) / 2;
    CALL(MPI_Comm_split(MPI_COMM_WORLD, 0, t_rank % half * 2 + t_rank / half, &dealt));
    everything(MPI_COMM_WORLD);
    everything(dealt);
    CALL(MPI_Comm_free(&dealt));
    CALL(MPI_Op_free(&product));
    CALL(MPI_Type_free(&matrix));
    CALL(MPI_Type_free(&loose_matrix));
    return t_end();
}
