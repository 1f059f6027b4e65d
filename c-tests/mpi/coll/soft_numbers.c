/* Sums, products, minima and maxima of long doubles, quads and halves, bit for bit as the compiler computes them. */
#include "harness.h"
#include <float.h>

static uint64_t state = 4711;

static uint64_t bits(void)
{
    return t_random(&state) << 33 ^ t_random(&state) << 11 ^ t_random(&state);
}

static const MPI_Datatype none = MPI_DATATYPE_NULL;

static MPI_Op op_of(int i)
{
    const MPI_Op ops[4] = {MPI_SUM, MPI_PROD, MPI_MIN, MPI_MAX};
    return ops[i & 3];
}

/* Exponents of every range, so that results overflow, underflow and cancel. */
static uint16_t exponent(unsigned precision)
{
    switch (bits() % 5) {
    case 0: return bits() % 0x7fff;
    case 1: return 0x7ffe - bits() % 3;
    case 2: return bits() % (precision + 6);
    case 3: return 0x2000 - bits() % (2 * precision);
    default: return 0x3fff - precision + bits() % (2 * precision);
    }
}

#define EXPECT(i, a, b) ((i & 3) == 0 ? a + b : (i & 3) == 1 ? a * b : (i & 3) == 2 ? (a < b ? a : b) : (a > b ? a : b))

#define COMPARE(i, type, size, a, b)                                                                      \
    do {                                                                                                  \
        volatile type x_ = a, y_ = b;                                                                     \
        type input = a, inout = b, want = EXPECT(i, x_, y_);                                              \
        CALL(MPI_Reduce_local(&input, &inout, 1, datatype, op_of(i)));                                    \
        if (memcmp(&inout, &want, size) != 0 && !(inout != inout && want != want))                        \
            FAIL("operation %d: %Lg and %Lg give %Lg, expected %Lg", i & 3, (long double)x_, (long double)y_, \
                 (long double)inout, (long double)want);                                                  \
    } while (0)

#if LDBL_MANT_DIG == 64
static long double extended(void)
{
    union { long double v; struct { uint64_t m; uint16_t e; } p; } u = {0};
    uint16_t e = exponent(64);
    u.p.m = bits() & (bits() % 4 ? ~0ull : 0xffffffff00000000ull);
    u.p.m = e == 0 ? u.p.m & ~(1ull << 63) : u.p.m | 1ull << 63;
    u.p.e = e | (bits() & 1) << 15;
    return u.v;
}

static void extended_numbers(MPI_Datatype datatype)
{
    for (int i = 0; i < 200000; i++) {
        long double a = extended(), b = extended();
        COMPARE(i, long double, 10, a, b);
    }
}
#else
static void extended_numbers(MPI_Datatype datatype) { (void)datatype; }
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__cplusplus)
static _Float128 quad(void)
{
    union { _Float128 v; uint64_t w[2]; } u;
    u.w[0] = bits() & (bits() % 4 ? ~0ull : 0);
    u.w[1] = (bits() & 0x0000ffffffffffffull) | (uint64_t)exponent(113) << 48 | bits() << 63;
    return u.v;
}

static void quads(MPI_Datatype datatype)
{
    if (datatype == none)
        return;
    for (int i = 0; i < 200000; i++) {
        _Float128 a = quad(), b = quad();
        COMPARE(i, _Float128, 16, a, b);
    }
}
#else
static void quads(MPI_Datatype datatype) { (void)datatype; }
#endif

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    extended_numbers(MPI_LONG_DOUBLE);
    quads(MPI_REAL16);
    return t_end();
}
