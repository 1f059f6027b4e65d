/* Predefined operations on the types they are defined for, and MAXLOC and MINLOC. */
#include "harness.h"

#define ARITHMETIC(C, TYPE)                                                             \
    do {                                                                                \
        C x[2] = {(C)(t_rank + 2), (C)(t_size - t_rank)}, y[2];                         \
        C sum = 0, product = 1;                                                         \
        for (int i = 0; i < t_size; i++) {                                              \
            sum = (C)(sum + (C)(i + 2));                                                \
            product = (C)(product * (C)(i + 2));                                        \
        }                                                                               \
        CALL(MPI_Allreduce(x, y, 2, TYPE, MPI_SUM, MPI_COMM_WORLD));                    \
        CHECK(y[0] == sum);                                                             \
        CALL(MPI_Allreduce(x, y, 1, TYPE, MPI_PROD, MPI_COMM_WORLD));                   \
        CHECK(y[0] == product);                                                         \
        CALL(MPI_Allreduce(x, y, 2, TYPE, MPI_MAX, MPI_COMM_WORLD));                    \
        CHECK(y[0] == (C)(t_size + 1) && y[1] == (C)t_size);                            \
        CALL(MPI_Allreduce(x, y, 2, TYPE, MPI_MIN, MPI_COMM_WORLD));                    \
        CHECK(y[0] == (C)2 && y[1] == (C)1);                                            \
    } while (0)

#define BITS(C, TYPE)                                                                   \
    do {                                                                                \
        C x = (C)(1u << (t_rank % 7)), y, or = 0, xor = 0, and = (C)~(C)0;              \
        for (int i = 0; i < t_size; i++) {                                              \
            or |= (C)(1u << (i % 7));                                                   \
            xor ^= (C)(1u << (i % 7));                                                  \
            and &= (C)(1u << (i % 7));                                                  \
        }                                                                               \
        CALL(MPI_Allreduce(&x, &y, 1, TYPE, MPI_BOR, MPI_COMM_WORLD));                  \
        CHECK(y == or);                                                                 \
        CALL(MPI_Allreduce(&x, &y, 1, TYPE, MPI_BXOR, MPI_COMM_WORLD));                 \
        CHECK(y == xor);                                                                \
        CALL(MPI_Allreduce(&x, &y, 1, TYPE, MPI_BAND, MPI_COMM_WORLD));                 \
        CHECK(y == and);                                                                \
    } while (0)

#define LOCATION(C, TYPE)                                                               \
    do {                                                                                \
        struct { C value; int at; } x = {(C)(t_rank % 3), t_rank}, y;                   \
        CALL(MPI_Allreduce(&x, &y, 1, TYPE, MPI_MAXLOC, MPI_COMM_WORLD));               \
        EQ(y.value, t_size > 2 ? 2 : t_size - 1);                                       \
        EQ(y.at, t_size > 2 ? 2 : t_size - 1);                                          \
        CALL(MPI_Allreduce(&x, &y, 1, TYPE, MPI_MINLOC, MPI_COMM_WORLD));               \
        EQ(y.value, 0);                                                                 \
        EQ(y.at, 0);                                                                    \
    } while (0)

static void logical(void)
{
    int x = t_rank == 0 ? 0 : 5, y;
    CALL(MPI_Allreduce(&x, &y, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD));
    EQ(y, 0);
    CALL(MPI_Allreduce(&x, &y, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD));
    EQ(y, t_size > 1);
    CALL(MPI_Allreduce(&x, &y, 1, MPI_INT, MPI_LXOR, MPI_COMM_WORLD));
    EQ(y, (t_size - 1) % 2);
    _Bool p = 1, q = 0;
    CALL(MPI_Allreduce(&p, &q, 1, MPI_C_BOOL, MPI_LAND, MPI_COMM_WORLD));
    CHECK(q);
}

static void complex_numbers(void)
{
    double x[2] = {1 + t_rank, 2}, y[2];
    CALL(MPI_Allreduce(x, y, 1, MPI_C_DOUBLE_COMPLEX, MPI_SUM, MPI_COMM_WORLD));
    CHECK(y[0] == t_size * (t_size + 1) / 2 && y[1] == 2 * t_size);
    double i[2] = {0, 1}, want[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    CALL(MPI_Allreduce(i, y, 1, MPI_C_DOUBLE_COMPLEX, MPI_PROD, MPI_COMM_WORLD));
    CHECK(y[0] == want[t_size % 4][0] && y[1] == want[t_size % 4][1]);
}

static void local(void)
{
    int a[3] = {1, 2, 3}, b[3] = {10, 20, 30}, flag;
    CALL(MPI_Reduce_local(a, b, 3, MPI_INT, MPI_SUM));
    EQ(b[2], 33);
    CALL(MPI_Op_commutative(MPI_SUM, &flag));
    CHECK(flag);
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    ARITHMETIC(signed char, MPI_SIGNED_CHAR);
    ARITHMETIC(unsigned char, MPI_UNSIGNED_CHAR);
    ARITHMETIC(short, MPI_SHORT);
    ARITHMETIC(unsigned short, MPI_UNSIGNED_SHORT);
    ARITHMETIC(int, MPI_INT);
    ARITHMETIC(unsigned, MPI_UNSIGNED);
    ARITHMETIC(long, MPI_LONG);
    ARITHMETIC(unsigned long, MPI_UNSIGNED_LONG);
    ARITHMETIC(long long, MPI_LONG_LONG);
    ARITHMETIC(int8_t, MPI_INT8_T);
    ARITHMETIC(uint16_t, MPI_UINT16_T);
    ARITHMETIC(int32_t, MPI_INT32_T);
    ARITHMETIC(uint64_t, MPI_UINT64_T);
    ARITHMETIC(float, MPI_FLOAT);
    ARITHMETIC(double, MPI_DOUBLE);
    ARITHMETIC(long double, MPI_LONG_DOUBLE);
    ARITHMETIC(MPI_Aint, MPI_AINT);
    ARITHMETIC(MPI_Offset, MPI_OFFSET);
    ARITHMETIC(MPI_Count, MPI_COUNT);
    BITS(unsigned char, MPI_BYTE);
    BITS(short, MPI_SHORT);
    BITS(unsigned, MPI_UNSIGNED);
    BITS(long, MPI_LONG);
    BITS(uint64_t, MPI_UINT64_T);
    LOCATION(int, MPI_2INT);
    LOCATION(float, MPI_FLOAT_INT);
    LOCATION(double, MPI_DOUBLE_INT);
    LOCATION(long, MPI_LONG_INT);
    LOCATION(short, MPI_SHORT_INT);
    LOCATION(long double, MPI_LONG_DOUBLE_INT);
    logical();
    complex_numbers();
    local();
    return t_end();
}
