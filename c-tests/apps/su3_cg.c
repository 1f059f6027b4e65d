/* Lattice QCD in small: solves (m² − D²) x = b for staggered fermions on random SU(3) links, on the even sites.
 *
 *   D x(s) = Σ_μ η_μ(s) [ U_μ(s) x(s+μ) − U_μ(s−μ)† x(s−μ) ] / 2
 *
 * D joins even and odd sites only and D† = −D, so A = m² − D_eo D_oe is Hermitian, positive, and acts on even sites alone:
 * conjugate gradients need nothing more. The lattice is cut in up to four directions; each application of D swaps faces
 * of vectors with the neighbours while the sites inside are computed, and each step needs two global sums.
 *
 * Every number comes from a counter that is seeded by the site, so the lattice is the same for each number of ranks.
 * What is printed on stdout is rounded so that it does not depend on the order of summation either. Three things are
 * checked: A on a plane wave over unit links, where the answer is known (m² + Σ sin² p_μ); the true residual; and for
 * lattices in the table the plaquette and the solution, to 1e-10.
 *
 * Flops: one D on one site is 570: 8 products of a 3×3 matrix with a vector (66 each) and 7 additions of vectors (6 each).
 * A on an even site is two D and 12 more, the vector updates of a step are 48: 1200 per even site and step. */
#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOPS_PER_SITE_AND_STEP = 2 * 570 + 12 + 48 };

typedef struct { double re, im; } complex_t;
typedef struct { complex_t c[3]; } vector_t;
typedef struct { complex_t e[3][3]; } matrix_t;

/* Where a neighbour's vectors come from: 2 directions × 4 axes. `face` lists the sites that are sent that way. */
typedef struct {
    int rank, cut;
    int *face[2], count[2]; /* by the parity of the sites that are sent */
    int ghost[2];           /* first ghost, by the parity of the sites that arrive */
    vector_t *buffer;
} side_t;

static int rank, size;
static int lattice[4] = {8, 8, 8, 8}, grid[4], place[4], local[4], sites, half;
static int max_steps = 2000, verbose, repeats = 1;
static double mass = 0.1, tolerance = 1e-12;
static matrix_t *links[4], *back[4]; /* U_μ(s) η_μ(s) / 2, and the same of the neighbour below */
static int *neighbour[8];            /* vector indices of s+μ (0..3) and s−μ (4..7) */
static int *order[2], inside[2];     /* sites by parity; those without a ghost neighbour first */
static side_t sides[8];
static int vectors;                  /* sites and ghosts */
static double face_seconds, sum_seconds;
static MPI_Comm cart;

/* ---- numbers ---- */

static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

/* The n-th number of a site, in (−1, 1). */
static double number(uint64_t site, unsigned n)
{
    return (double)(int64_t)(mix(mix(site) + n) >> 11) / 4503599627370496.0 - 1.0;
}

static complex_t times(complex_t a, complex_t b)
{
    return (complex_t){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static complex_t conj_times(complex_t a, complex_t b)
{
    return (complex_t){a.re * b.re + a.im * b.im, a.re * b.im - a.im * b.re};
}

/* Two random rows made orthonormal, the third their conjugated cross product: a matrix of SU(3). */
static matrix_t random_su3(uint64_t site, int axis)
{
    matrix_t u;
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 3; i++) {
            unsigned n = (unsigned)(axis * 12 + row * 6 + i * 2);
            u.e[row][i] = (complex_t){number(site, n), number(site, n + 1)};
        }
    for (int row = 0; row < 2; row++) {
        double norm = 0;
        if (row == 1) {
            complex_t dot = {0, 0};
            for (int i = 0; i < 3; i++) {
                complex_t t = conj_times(u.e[0][i], u.e[1][i]);
                dot = (complex_t){dot.re + t.re, dot.im + t.im};
            }
            for (int i = 0; i < 3; i++) {
                complex_t t = times(dot, u.e[0][i]);
                u.e[1][i] = (complex_t){u.e[1][i].re - t.re, u.e[1][i].im - t.im};
            }
        }
        for (int i = 0; i < 3; i++)
            norm += u.e[row][i].re * u.e[row][i].re + u.e[row][i].im * u.e[row][i].im;
        norm = 1 / sqrt(norm);
        for (int i = 0; i < 3; i++)
            u.e[row][i] = (complex_t){u.e[row][i].re * norm, u.e[row][i].im * norm};
    }
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        complex_t a = times(u.e[0][j], u.e[1][k]), b = times(u.e[0][k], u.e[1][j]);
        u.e[2][i] = (complex_t){a.re - b.re, -(a.im - b.im)};
    }
    return u;
}

/* ---- geometry ---- */

static void site_of(int index, int x[4])
{
    for (int axis = 0; axis < 4; axis++) {
        x[axis] = index % local[axis];
        index /= local[axis];
    }
}

static int index_of(const int x[4])
{
    return x[0] + local[0] * (x[1] + local[1] * (x[2] + local[2] * x[3]));
}

static void global_of(const int x[4], int g[4])
{
    for (int axis = 0; axis < 4; axis++)
        g[axis] = (place[axis] * local[axis] + x[axis] + lattice[axis]) % lattice[axis];
}

static uint64_t number_of(const int g[4])
{
    uint64_t n = 0;
    for (int axis = 3; axis >= 0; axis--)
        n = n * (uint64_t)lattice[axis] + (uint64_t)g[axis];
    return n;
}

static int parity_of(const int g[4]) { return (g[0] + g[1] + g[2] + g[3]) & 1; }

/* η_μ(s) = (−1)^(x_0 + … + x_{μ−1}) */
static double phase(const int g[4], int axis)
{
    int sum = 0;
    for (int lower = 0; lower < axis; lower++)
        sum += g[lower];
    return sum & 1 ? -1 : 1;
}

/* Cuts the longest remaining local extent by the largest prime factors of the number of ranks. */
static int cut_lattice(void)
{
    int left = size;
    memcpy(local, lattice, sizeof local);
    for (int axis = 0; axis < 4; axis++)
        grid[axis] = 1;
    while (left > 1) {
        int prime = 2, best = -1;
        for (int n = left, p = 2; n > 1; p++)
            while (n % p == 0) {
                prime = p;
                n /= p;
            }
        for (int axis = 3; axis >= 0; axis--) /* a local extent must stay even, so that a parity is a checkerboard */
            if (local[axis] % (2 * prime) == 0 && (best < 0 || local[axis] > local[best]))
                best = axis;
        if (best < 0)
            return 0;
        local[best] /= prime;
        grid[best] *= prime;
        left /= prime;
    }
    return 1;
}

/* Side `way` (0..3: up, 4..7: down): what we send there is our face on that side; the ghosts come from there. */
static void make_side(int way)
{
    side_t *side = &sides[way];
    int axis = way % 4, edge = way < 4 ? local[axis] - 1 : 0, below, above, x[4];
    MPI_Cart_shift(cart, axis, 1, &below, &above);
    side->rank = way < 4 ? above : below;
    side->cut = grid[axis] > 1;
    if (!side->cut)
        return;
    int most = sites / local[axis];
    for (int parity = 0; parity < 2; parity++) {
        side->face[parity] = malloc(sizeof(int) * (size_t)most);
        side->ghost[parity] = vectors;
        vectors += most / 2;
    }
    for (int s = 0; s < sites; s++) {
        site_of(s, x);
        if (x[axis] == edge) {
            int g[4];
            global_of(x, g);
            int parity = parity_of(g);
            side->face[parity][side->count[parity]++] = s;
        }
    }
    side->buffer = malloc(sizeof(vector_t) * (size_t)most);
}

/* The place of a neighbour beyond a cut: its rank among those of its parity on the sender's face, which is listed in
 * the order of site numbers, as is ours across the cut. */
static int ghost_of(int way, const int x[4], int parity)
{
    int axis = way % 4, at = 0, scale = 1;
    for (int other = 0; other < 4; other++)
        if (other != axis) {
            at += scale * x[other];
            scale *= local[other];
        }
    return sides[way].ghost[parity] + at / 2;
}

static void find_neighbours(void)
{
    for (int s = 0; s < sites; s++) {
        int x[4], g[4];
        site_of(s, x);
        global_of(x, g);
        for (int way = 0; way < 8; way++) {
            int axis = way % 4, step = way < 4 ? 1 : -1, y[4];
            memcpy(y, x, sizeof y);
            y[axis] += step;
            int out = y[axis] < 0 || y[axis] == local[axis];
            y[axis] = (y[axis] + local[axis]) % local[axis];
            neighbour[way][s] = out && sides[way].cut ? ghost_of(way, y, 1 - parity_of(g)) : index_of(y);
        }
    }
}

static int touches_ghost(int s)
{
    for (int way = 0; way < 8; way++)
        if (neighbour[way][s] >= sites)
            return 1;
    return 0;
}

static void sort_sites(void)
{
    for (int parity = 0; parity < 2; parity++) {
        int n = 0;
        order[parity] = malloc(sizeof(int) * (size_t)half);
        for (int pass = 0; pass < 2; pass++) {
            for (int s = 0; s < sites; s++) {
                int x[4], g[4];
                site_of(s, x);
                global_of(x, g);
                if (parity_of(g) == parity && touches_ghost(s) == pass)
                    order[parity][n++] = s;
            }
            if (pass == 0)
                inside[parity] = n;
        }
    }
}

/* Random links, or unit ones. */
static void make_links(int unit)
{
    static const matrix_t one = {{{{1, 0}, {0, 0}, {0, 0}}, {{0, 0}, {1, 0}, {0, 0}}, {{0, 0}, {0, 0}, {1, 0}}}};
    for (int axis = 0; axis < 4; axis++) {
        if (!links[axis]) {
            links[axis] = malloc(sizeof(matrix_t) * (size_t)sites);
            back[axis] = malloc(sizeof(matrix_t) * (size_t)sites);
        }
        for (int s = 0; s < sites; s++) {
            int x[4], g[4];
            site_of(s, x);
            global_of(x, g);
            double factor = phase(g, axis) / 2;
            matrix_t here = unit ? one : random_su3(number_of(g), axis);
            g[axis] = (g[axis] + lattice[axis] - 1) % lattice[axis];
            matrix_t below = unit ? one : random_su3(number_of(g), axis);
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++) {
                    complex_t h = here.e[i][j], b = below.e[j][i];
                    links[axis][s].e[i][j] = (complex_t){factor * h.re, factor * h.im};
                    /* daggered already, with the sign of the formula */
                    back[axis][s].e[i][j] = (complex_t){-factor * b.re, factor * b.im};
                }
        }
    }
}

static void make_lattice(void)
{
    int periodic[4] = {1, 1, 1, 1};
    MPI_Cart_create(MPI_COMM_WORLD, 4, grid, periodic, 0, &cart);
    MPI_Comm_rank(cart, &rank);
    MPI_Cart_coords(cart, rank, 4, place);
    sites = local[0] * local[1] * local[2] * local[3];
    half = sites / 2;
    vectors = sites;
    for (int way = 0; way < 8; way++) {
        neighbour[way] = malloc(sizeof(int) * (size_t)sites);
        make_side(way);
    }
    find_neighbours();
    sort_sites();
}

/* ---- Dslash ---- */

/* Sends the faces of parity `parity` to all sides; the ghosts of that parity arrive at the end of `x`. */
static int start_swap(vector_t *x, int parity, MPI_Request *requests)
{
    int n = 0;
    for (int way = 0; way < 8; way++) {
        side_t *side = &sides[way];
        if (side->cut)
            MPI_Irecv(x + side->ghost[parity], side->count[parity] * 6, MPI_DOUBLE, side->rank, way, cart,
                      &requests[n++]);
    }
    for (int way = 0; way < 8; way++) {
        side_t *side = &sides[way];
        if (!side->cut)
            continue;
        for (int i = 0; i < side->count[parity]; i++)
            side->buffer[i] = x[side->face[parity][i]];
        /* what goes up arrives from below: the tag is the side where it arrives */
        MPI_Isend(side->buffer, side->count[parity] * 6, MPI_DOUBLE, side->rank, (way + 4) % 8, cart, &requests[n++]);
    }
    return n;
}

static inline void add_product(vector_t *sum, const matrix_t *u, const vector_t *x)
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            sum->c[i].re += u->e[i][j].re * x->c[j].re - u->e[i][j].im * x->c[j].im;
            sum->c[i].im += u->e[i][j].re * x->c[j].im + u->e[i][j].im * x->c[j].re;
        }
}

static void dslash_on(const int *list, int count, const vector_t *x, vector_t *y)
{
    for (int i = 0; i < count; i++) {
        int s = list[i];
        vector_t sum = {{{0, 0}}};
        for (int axis = 0; axis < 4; axis++) {
            add_product(&sum, &links[axis][s], &x[neighbour[axis][s]]);
            add_product(&sum, &back[axis][s], &x[neighbour[4 + axis][s]]);
        }
        y[s] = sum;
    }
}

/* y on the sites of `parity` = D x, from the sites of the other parity. */
static void dslash(vector_t *x, vector_t *y, int parity)
{
    MPI_Request requests[16];
    int n = start_swap(x, 1 - parity, requests);
    dslash_on(order[parity], inside[parity], x, y);
    double start = MPI_Wtime();
    MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
    face_seconds += MPI_Wtime() - start;
    dslash_on(order[parity] + inside[parity], half - inside[parity], x, y);
}

/* y = (m² − D²) x on even sites; `between` holds D x on the odd ones. */
static void apply(vector_t *x, vector_t *between, vector_t *y)
{
    dslash(x, between, 1);
    dslash(between, y, 0);
    for (int i = 0; i < half; i++) {
        int s = order[0][i];
        for (int c = 0; c < 3; c++) {
            y[s].c[c].re = mass * mass * x[s].c[c].re - y[s].c[c].re;
            y[s].c[c].im = mass * mass * x[s].c[c].im - y[s].c[c].im;
        }
    }
}

/* ---- sums ---- */

static double total(double mine)
{
    double all, start = MPI_Wtime();
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, cart);
    sum_seconds += MPI_Wtime() - start;
    return all;
}

/* Re ⟨x, y⟩ over the even sites. */
static double dot(const vector_t *x, const vector_t *y)
{
    double sum = 0;
    for (int i = 0; i < half; i++) {
        const vector_t *a = &x[order[0][i]], *b = &y[order[0][i]];
        for (int c = 0; c < 3; c++)
            sum += a->c[c].re * b->c[c].re + a->c[c].im * b->c[c].im;
    }
    return total(sum);
}

/* y = a x + b y on even sites. */
static void combine(double a, const vector_t *x, double b, vector_t *y)
{
    for (int i = 0; i < half; i++) {
        int s = order[0][i];
        for (int c = 0; c < 3; c++) {
            y[s].c[c].re = a * x[s].c[c].re + b * y[s].c[c].re;
            y[s].c[c].im = a * x[s].c[c].im + b * y[s].c[c].im;
        }
    }
}

static vector_t *new_vectors(void)
{
    vector_t *x = calloc((size_t)vectors, sizeof *x);
    if (!x)
        MPI_Abort(MPI_COMM_WORLD, 3);
    return x;
}

/* ---- the solver ---- */

static void fill_source(vector_t *b)
{
    for (int i = 0; i < half; i++) {
        int s = order[0][i], x[4], g[4];
        site_of(s, x);
        global_of(x, g);
        for (int c = 0; c < 3; c++)
            b[s].c[c] = (complex_t){number(number_of(g), 100 + 2 * (unsigned)c), number(number_of(g), 101 + 2 * (unsigned)c)};
    }
}

/* Solves A x = b; returns the number of steps. Work vectors are ours alone. */
static int solve(const vector_t *b, vector_t *x, vector_t *r, vector_t *p, vector_t *between, vector_t *ap)
{
    memset(x, 0, sizeof *x * (size_t)vectors);
    combine(1, b, 0, r);
    combine(1, b, 0, p);
    double norm = dot(b, b), rr = norm;
    int step = 0;
    while (step < max_steps && rr > tolerance * tolerance * norm) {
        apply(p, between, ap);
        double alpha = rr / dot(p, ap);
        combine(alpha, p, 1, x);
        combine(-alpha, ap, 1, r);
        double next = dot(r, r);
        combine(1, r, next / rr, p);
        rr = next;
        step++;
        if (verbose && rank == 0)
            printf("step %4d residual %.6e\n", step, sqrt(rr / norm));
    }
    return step;
}

/* Mean of Re tr(U U U† U†)/3 over the planes of all sites: tells that the links are the same everywhere. Links beyond
 * the edge are not at hand, so all are made again. */
static double plaquette(void)
{
    double sum = 0;
    for (int s = 0; s < sites; s++) {
        int x[4], g[4];
        site_of(s, x);
        for (int a = 0; a < 3; a++)
            for (int b = a + 1; b < 4; b++) {
                global_of(x, g);
                matrix_t u = random_su3(number_of(g), a), z = random_su3(number_of(g), b);
                g[a] = (g[a] + 1) % lattice[a];
                matrix_t v = random_su3(number_of(g), b);
                global_of(x, g);
                g[b] = (g[b] + 1) % lattice[b];
                matrix_t w = random_su3(number_of(g), a);
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++) {
                        complex_t uv = {0, 0}, zw = {0, 0};
                        for (int k = 0; k < 3; k++) {
                            complex_t t = times(u.e[i][k], v.e[k][j]);
                            uv = (complex_t){uv.re + t.re, uv.im + t.im};
                            t = times(z.e[i][k], w.e[k][j]);
                            zw = (complex_t){zw.re + t.re, zw.im + t.im};
                        }
                        sum += conj_times(zw, uv).re;
                    }
            }
    }
    double all = (double)lattice[0] * lattice[1] * lattice[2] * lattice[3];
    return total(sum) / (18 * all);
}

/* |b − A x| / |b|, computed anew. */
static double true_residual(const vector_t *b, vector_t *x, vector_t *r, vector_t *between)
{
    apply(x, between, r);
    combine(1, b, -1, r);
    return sqrt(dot(r, r) / dot(b, b));
}

/* Σ (1 + s mod 7) |x(s)|²: also tells whether values are at the right sites. */
static double weighed(const vector_t *x)
{
    double sum = 0;
    for (int i = 0; i < half; i++) {
        int s = order[0][i], at[4], g[4];
        site_of(s, at);
        global_of(at, g);
        double weight = 1 + (double)(number_of(g) % 7);
        for (int c = 0; c < 3; c++)
            sum += weight * (x[s].c[c].re * x[s].c[c].re + x[s].c[c].im * x[s].c[c].im);
    }
    return total(sum);
}

/* How far A is from what it must be on a plane wave over unit links, relative. */
static double free_field(vector_t *x, vector_t *between, vector_t *y)
{
    const double pi = 3.14159265358979323846;
    double eigenvalue = mass * mass;
    for (int axis = 0; axis < 4; axis++)
        eigenvalue += pow(sin(2 * pi * (axis + 1) / lattice[axis]), 2);
    for (int i = 0; i < half; i++) {
        int s = order[0][i], at[4], g[4];
        double angle = 0;
        site_of(s, at);
        global_of(at, g);
        for (int axis = 0; axis < 4; axis++)
            angle += 2 * pi * (axis + 1) * g[axis] / lattice[axis];
        for (int c = 0; c < 3; c++)
            x[s].c[c] = (complex_t){(c + 1) * cos(angle), (c + 1) * sin(angle)};
    }
    apply(x, between, y);
    combine(-eigenvalue, x, 1, y);
    return sqrt(dot(y, y) / dot(x, x));
}

/* For lattices whose answer is known, to 1e-10: the same for every number of ranks. */
static int is_known_answer(double plaq, double sum)
{
    static const struct {
        int extent[4];
        double plaquette, solution;
    } known[] = {
        {{4, 4, 4, 4}, 2.47610294021844e-03, 3.10180325861890e+05},
        {{8, 8, 8, 8}, 3.15876811735645e-04, 4.55848167346544e+06},
        {{12, 12, 12, 12}, -3.66442266431076e-04, 2.83543337287835e+07},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known && mass == 0.1 && tolerance <= 1e-12; i++) {
        if (memcmp(known[i].extent, lattice, sizeof lattice) != 0)
            continue;
        if (fabs(plaq / known[i].plaquette - 1) < 1e-10 && fabs(sum / known[i].solution - 1) < 1e-10)
            continue;
        if (rank == 0)
            fprintf(stderr, "FAIL su3_cg: plaquette %.14e solution %.14e, expected %.14e and %.14e\n", plaq, sum,
                    known[i].plaquette, known[i].solution);
        return 0;
    }
    return 1;
}

static void usage(void)
{
    if (rank == 0)
        fprintf(stderr, "su3_cg: [-l NXxNYxNZxNT] [-m MASS] [-t TOLERANCE] [-n MOST_STEPS] [-r REPEATS] [-v]\n"
                        "Extents are even, and the ranks must divide them into even parts.\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "-v") == 0) {
            verbose = 1;
            continue;
        }
        if (!value || argv[i][0] != '-' || !argv[i][1] || argv[i][2])
            usage();
        i++;
        switch (argv[i - 1][1]) {
        case 'l':
            if (sscanf(value, "%dx%dx%dx%d", &lattice[0], &lattice[1], &lattice[2], &lattice[3]) != 4)
                usage();
            break;
        case 'm': mass = atof(value); break;
        case 't': tolerance = atof(value); break;
        case 'n': max_steps = atoi(value); break;
        case 'r': repeats = atoi(value); break;
        default: usage();
        }
    }
    for (int axis = 0; axis < 4; axis++)
        if (lattice[axis] < 2 || lattice[axis] % 2 || lattice[axis] > 256)
            usage();
    if (!(mass > 0) || !(tolerance > 0) || max_steps < 1 || repeats < 1)
        usage();
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    read_options(argc, argv);
    if (!cut_lattice())
        usage();
    make_lattice();
    vector_t *b = new_vectors(), *x = new_vectors(), *r = new_vectors(), *p = new_vectors();
    vector_t *between = new_vectors(), *ap = new_vectors();
    make_links(1);
    double off = free_field(p, between, ap);
    make_links(0);
    fill_source(b);
    int steps = 0;
    double best = 0, faces = 0, sums = 0;
    for (int i = 0; i < repeats; i++) {
        MPI_Barrier(cart);
        face_seconds = sum_seconds = 0;
        double start = MPI_Wtime();
        steps = solve(b, x, r, p, between, ap);
        double took = MPI_Wtime() - start;
        if (i == 0 || took < best) {
            best = took;
            faces = face_seconds;
            sums = sum_seconds;
        }
    }
    double residual = true_residual(b, x, r, between), plaq = plaquette(), sum = weighed(x);
    int good = off < 1e-13 && residual <= 10 * tolerance && is_known_answer(plaq, sum);
    if (rank == 0) {
        double volume = (double)lattice[0] * lattice[1] * lattice[2] * lattice[3];
        double flops = (double)FLOPS_PER_SITE_AND_STEP * steps * volume / 2;
        printf("lattice %d x %d x %d x %d, mass %g\n", lattice[0], lattice[1], lattice[2], lattice[3], mass);
        printf("plaquette %.9e\nsolution %.9e\n%s\n", plaq, sum, good ? "CHECKED" : "WRONG");
        if (!good)
            fprintf(stderr, "FAIL su3_cg: plane wave off by %.1e, true residual %.3e, wanted %.3e\n", off, residual,
                    tolerance);
        fprintf(stderr, "plaquette %.14e solution %.14e\n", plaq, sum);
        fprintf(stderr, "ranks %d = %d x %d x %d x %d steps %d residual %.3e seconds %.6f mflops %.1f faces %.6f sums %.6f\n",
                size, grid[0], grid[1], grid[2], grid[3], steps, residual, best, flops / best / 1e6, faces, sums);
    }
    MPI_Comm_free(&cart);
    MPI_Finalize();
    return !good;
}
