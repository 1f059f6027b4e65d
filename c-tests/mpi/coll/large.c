/* Alltoall and alltoallv of more than caches hold (FROM in coll/board/swap.rs): even and uneven blocks, blocks with gaps,
 * some empty; ranks that come late; other collectives and communicators in between; lengths that ranks disagree about. */
#include "harness.h"
#include <time.h>

/* All blocks of all ranks together, and what must stay as it is behind those of one rank; ints. */
enum { TOTAL = 13 << 20, GUARD = 5000 };

static int *a, *b;
static MPI_Datatype second;
static int longest;

static int item(int from, int to, int i)
{
    return from * 1000003 + to * 10007 + i;
}

/* Now one rank is late, now another. */
static void dawdle(int round)
{
    struct timespec pause = {0, (round * 7 + t_rank * 5) % 4 * 300000};
    if ((round + t_rank) % 3 == 0)
        nanosleep(&pause, NULL);
}

static void untouched(size_t from, size_t items)
{
    for (size_t i = from; i < from + items; i++)
        if (b[i] != -1) {
            FAIL("int %zu is overwritten", i);
            break;
        }
}

/* Every rank has gaps of its own choice, where blocks leave and where they arrive. */
static void even(int round, MPI_Comm comm)
{
    int rank, size;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    int n = longest - round % 3 * 5, leave = 1 + (round + rank) % 2, arrive = 1 + (round + rank) / 2 % 2;
    for (int r = 0; r < size; r++)
        for (int i = 0; i < n; i++)
            a[(r * n + i) * leave] = item(rank, r, i + round);
    memset(b, 0xff, sizeof *b * (size_t)(n * size * arrive + GUARD));
    dawdle(round);
    CALL(MPI_Alltoall(a, n, leave == 2 ? second : MPI_INT, b, n, arrive == 2 ? second : MPI_INT, comm));
    for (int r = 0; r < size; r++)
        for (int i = 0; i < n; i++) {
            int *got = b + (r * n + i) * arrive;
            if (got[0] != item(r, rank, i + round) || (arrive == 2 && got[1] != -1)) {
                FAIL("round %d: item %d of rank %d is %d", round, i, r, got[0]);
                break;
            }
        }
    untouched((size_t)(n * size * arrive), GUARD);
}

static void in_place(void)
{
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < longest; i++)
            b[r * longest + i] = item(t_rank, r, i);
    CALL(MPI_Alltoall(MPI_IN_PLACE, 0, MPI_INT, b, longest, MPI_INT, MPI_COMM_WORLD));
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < longest; i++)
            if (b[r * longest + i] != item(r, t_rank, i)) {
                FAIL("in place: item %d of rank %d is %d", i, r, b[r * longest + i]);
                break;
            }
}

/* Items that go from one rank to another. `kind` 0: nearly even, 1: also empty ones, 2: most are short. */
static int length(int kind, int from, int to)
{
    int twist = (from * 7 + to * 3) % 5;
    if (kind == 1 && twist == 2)
        return 0;
    if (kind == 2 && twist)
        return 10 * twist;
    return longest - twist * 1001;
}

/* Blocks with gaps where they leave, or where they arrive, if `gaps` says so: every second int. */
static void uneven(int kind, int gaps, int odd)
{
    int out[64], in[64], out_at[64], in_at[64], x = 0, y = 0;
    int leave = gaps & 1 ? 2 : 1, arrive = gaps & 2 ? 2 : 1;
    for (int r = 0; r < t_size; r++) {
        out[r] = length(kind, t_rank, r);
        in[r] = length(kind, r, t_rank);
        out_at[r] = x;
        in_at[r] = y;
        x += out[r];
        y += in[r];
        for (int i = 0; i < out[r]; i++)
            a[(out_at[r] + i) * leave] = item(t_rank, r, i);
    }
    memset(b, 0xff, sizeof *b * (size_t)(y * arrive + GUARD));
    /* A block of another rank is too long for its place, or the one of rank 0 for itself. */
    if (odd && t_rank == 0)
        in[odd == 1] -= GUARD / 2;
    dawdle(kind + gaps);
    int code = MPI_Alltoallv(a, out, out_at, gaps & 1 ? second : MPI_INT, b, in, in_at,
                             gaps & 2 ? second : MPI_INT, MPI_COMM_WORLD);
    if (odd && t_rank == 0)
        ERROR_CLASS(code, MPI_ERR_TRUNCATE);
    else
        CALL(code);
    for (int r = 0; r < t_size; r++)
        for (int i = 0; i < in[r]; i++) {
            int *got = b + (in_at[r] + i) * arrive;
            if (got[0] != item(r, t_rank, i) || (arrive == 2 && got[1] != -1)) {
                FAIL("kind %d, gaps %d: item %d of rank %d is %d", kind, gaps, i, r, got[0]);
                break;
            }
        }
    untouched((size_t)(y * arrive), GUARD);
    if (odd && t_rank == 0)
        untouched((size_t)(in_at[odd == 1] + in[odd == 1]), GUARD / 2);
}

/* Ranks that disagree: everybody hears of it or gets what was sent, and nobody waits for ever. */
static void disagree(void)
{
    int n = t_rank ? longest : longest / 2;
    int code = MPI_Alltoall(a, n, MPI_INT, b, n, MPI_INT, MPI_COMM_WORLD), mine = code != MPI_SUCCESS, any = 0;
    if (mine)
        ERROR_CLASS(code, MPI_ERR_TRUNCATE);
    CALL(MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
    EQ(any, 1);
}

static void sum(int want)
{
    int one = 1, all = 0;
    CALL(MPI_Allreduce(&one, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    EQ(all, want);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    CALL(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    CALL(MPI_Type_create_resized(MPI_INT, 0, 2 * sizeof(int), &second));
    CALL(MPI_Type_commit(&second));
    longest = TOTAL / (t_size * t_size);
    size_t room = 2 * sizeof *a * (size_t)longest * (size_t)t_size + GUARD * sizeof *a;
    a = malloc(room);
    b = malloc(room);
    if (!a || !b) {
        FAIL("no memory");
        return 1;
    }
    MPI_Comm twin, back;
    CALL(MPI_Comm_dup(MPI_COMM_WORLD, &twin));
    CALL(MPI_Comm_split(MPI_COMM_WORLD, 0, -t_rank, &back));
    for (int round = 0; round < 4; round++) {
        even(round, MPI_COMM_WORLD);
        for (int i = 0; i < round * 5; i++)
            sum(t_size);
        even(round, round % 2 ? twin : back);
    }
    for (int kind = 0; kind < 3; kind++)
        for (int gaps = 0; gaps < 4; gaps++) {
            uneven(kind, gaps, 0);
            sum(t_size);
        }
    in_place();
    for (int i = 0; i < 2 && t_size > 1; i++) {
        uneven(0, 0, 1);
        uneven(0, 0, 2);
        sum(t_size);
        disagree();
        even(i, MPI_COMM_WORLD);
    }
    MPI_Type_free(&second);
    MPI_Comm_free(&twin);
    MPI_Comm_free(&back);
    free(a);
    free(b);
    return t_end();
}
