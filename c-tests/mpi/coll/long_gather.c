/* Gather of more than caches hold to roots whose memory is in no cache, which goes through pipes (coll/board/pipe.rs) unless
 * there are gaps where it arrives: even and uneven contributions, short and empty ones between long ones, some in no cache
 * either, with gaps, in place, longer or shorter than the root expects; ranks that come late; another root each time, other
 * collectives in between. */
#include "harness.h"
#include <time.h>

/* All contributions together, and what must stay as it is behind them; ints. */
enum { TOTAL = 10 << 20, GUARD = 5000 };

static int *a, *b;
static MPI_Datatype second;
static int longest, round_no;

static int item(int from, int i)
{
    return round_no * 77 + from * 1000003 + i;
}

/* Now one rank is late, now another. */
static void dawdle(void)
{
    struct timespec pause = {0, (round_no * 7 + t_rank * 5) % 4 * 300000};
    if ((round_no + t_rank) % 3 == 0)
        nanosleep(&pause, NULL);
}

enum { EVEN, UNEVEN, WITH_SHORT, WITH_EMPTY, KINDS };

static int length(int kind, int from)
{
    int twist = (from + round_no) % 3;
    if (kind == WITH_SHORT && twist == 1)
        return 100 + from;
    if (kind == WITH_EMPTY && twist == 1)
        return 0;
    return kind == EVEN ? longest : longest - twist * 1001;
}

/* Contributions, and their places, have gaps: every second int. What rank `odd` sends is by `more` longer than expected. */
static void gather(int kind, int gaps, int in_place, int odd, int more)
{
    int counts[64], places[64], room = 0, root = ++round_no % t_size;
    int leave = gaps & 1 ? 2 : 1, arrive = gaps & 2 ? 2 : 1, own = length(kind, t_rank);
    for (int r = 0; r < t_size; r++) {
        counts[r] = length(kind, r) - (r == odd ? more : 0);
        places[r] = room;
        room += length(kind, r) + 17;
    }
    if (odd == t_rank && more < 0)
        counts[t_rank] = own;
    for (int i = 0; i < own; i++)
        a[i * leave] = item(t_rank, i);
    if ((round_no + t_rank) % 4 == 0)
        t_cool(a, sizeof *a * (size_t)(own * leave));
    if (t_rank == root) {
        memset(b, 0xff, sizeof *b * (size_t)(room * arrive + GUARD));
        for (int i = 0; in_place && i < own; i++)
            b[(places[root] + i) * arrive] = item(root, i);
        t_cool(b, sizeof *b * (size_t)(room * arrive + GUARD));
    }
    dawdle();
    const void *from = in_place && t_rank == root ? MPI_IN_PLACE : a;
    MPI_Datatype leaves = gaps & 1 ? second : MPI_INT, arrives = gaps & 2 ? second : MPI_INT;
    int code = MPI_Gatherv(from, own, leaves, b, counts, places, arrives, root, MPI_COMM_WORLD);
    if (t_rank == root && more > 0)
        ERROR_CLASS(code, MPI_ERR_TRUNCATE);
    else
        CALL(code);
    for (int r = 0, at = 0; t_rank == root && r < t_size; r++) {
        int n = length(kind, r) - (r == odd && more > 0 ? more : 0);
        for (int i = 0; i < length(kind, r) + 17; i++, at++) {
            int *got = b + at * arrive;
            if (got[0] != (i < n ? item(r, i) : -1) || (arrive == 2 && got[1] != -1)) {
                FAIL("kind %d, gaps %d, odd %d: item %d of rank %d is %d", kind, gaps, odd, i, r, got[0]);
                break;
            }
        }
        at = r + 1 < t_size ? places[r + 1] : at;
    }
    for (int i = 0; t_rank == root && i < GUARD; i++)
        EQ(b[room * arrive + i], -1);
}

static void sum(void)
{
    int one = 1, all = 0;
    CALL(MPI_Allreduce(&one, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    EQ(all, t_size);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    CALL(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    CALL(MPI_Type_create_resized(MPI_INT, 0, 2 * sizeof(int), &second));
    CALL(MPI_Type_commit(&second));
    longest = TOTAL / t_size;
    a = malloc(2 * sizeof *a * (size_t)longest);
    b = malloc(2 * sizeof *b * (size_t)(TOTAL + t_size * 17) + GUARD * sizeof *b);
    if (!a || !b) {
        FAIL("no memory");
        return 1;
    }
    for (int i = 0; i < 5; i++)
        sum();
    for (int kind = 0; kind < KINDS; kind++)
        for (int gaps = 0; gaps < 4; gaps++) {
            gather(kind, gaps, 0, -1, 0);
            for (int i = 0; i < kind * 3; i++)
                sum();
            gather(kind, gaps, 1, -1, 0);
        }
    /* To one root, on and on, without anything in between. */
    for (int i = 0; i < 12; i++) {
        round_no += t_size - 1;
        gather(UNEVEN, 0, 0, -1, 0);
    }
    for (int odd = 0; odd < t_size; odd++) {
        gather(EVEN, 0, 0, odd, 1000);
        gather(EVEN, 0, 0, odd, -15);
        gather(EVEN, 0, 0, odd, longest - 10);
        gather(EVEN, 1, 0, odd, longest / 2);
    }
    sum();
    MPI_Type_free(&second);
    free(a);
    free(b);
    return t_end();
}
