/* User operations: not commutative ones in rank order, on derived types, large, and in every reducing collective. */
#include "harness.h"

/* 2x2 matrices modulo a prime: associative, not commutative. */
enum { P = 10007 };
typedef struct { long m[4]; } matrix;

static matrix of(int rank) { return (matrix){{rank + 2, 1 + rank % 3, 5, rank * rank + 1}}; }

static matrix times(matrix a, matrix b)
{
    return (matrix){{(a.m[0] * b.m[0] + a.m[1] * b.m[2]) % P, (a.m[0] * b.m[1] + a.m[1] * b.m[3]) % P,
                     (a.m[2] * b.m[0] + a.m[3] * b.m[2]) % P, (a.m[2] * b.m[1] + a.m[3] * b.m[3]) % P}};
}

static matrix product(int from, int to)
{
    matrix x = of(from);
    for (int i = from + 1; i <= to; i++)
        x = times(x, of(i));
    return x;
}

static MPI_Datatype matrix_type;

static void multiply(void *in, void *inout, int *len, MPI_Datatype *type)
{
    matrix *a = in, *b = inout;
    if (*type != matrix_type)
        FAIL("the operation got another type than the caller's");
    for (int i = 0; i < *len; i++)
        b[i] = times(a[i], b[i]);
}

static void check(const matrix *got, matrix want, int n)
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < 4; i++)
            EQ(got[k].m[i], want.m[i]);
}

int main(int argc, char **argv)
{
    const int sizes[] = {1, 2, 50, 3000};
    MPI_Op op;
    int flag;
    t_start(&argc, &argv);
    CALL(MPI_Type_contiguous(4, MPI_LONG, &matrix_type));
    CALL(MPI_Type_commit(&matrix_type));
    CALL(MPI_Op_create(multiply, 0, &op));
    CALL(MPI_Op_commutative(op, &flag));
    EQ(flag, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int n = sizes[s], counts[64];
        matrix *a = malloc(sizeof *a * (size_t)(n * t_size)), *b = malloc(sizeof *b * (size_t)(n * t_size));
        for (int i = 0; i < n * t_size; i++)
            a[i] = of(t_rank);
        for (int root = 0; root < t_size; root++) {
            CALL(MPI_Reduce(a, b, n, matrix_type, op, root, MPI_COMM_WORLD));
            if (t_rank == root)
                check(b, product(0, t_size - 1), n);
        }
        CALL(MPI_Allreduce(a, b, n, matrix_type, op, MPI_COMM_WORLD));
        check(b, product(0, t_size - 1), n);
        CALL(MPI_Scan(a, b, n, matrix_type, op, MPI_COMM_WORLD));
        check(b, product(0, t_rank), n);
        CALL(MPI_Exscan(a, b, n, matrix_type, op, MPI_COMM_WORLD));
        if (t_rank > 0)
            check(b, product(0, t_rank - 1), n);
        CALL(MPI_Reduce_scatter_block(a, b, n, matrix_type, op, MPI_COMM_WORLD));
        check(b, product(0, t_size - 1), n);
        for (int r = 0; r < t_size; r++)
            counts[r] = n;
        CALL(MPI_Reduce_scatter(a, b, counts, matrix_type, op, MPI_COMM_WORLD));
        check(b, product(0, t_size - 1), n);
        matrix left = of(3), right = of(4);
        CALL(MPI_Reduce_local(&left, &right, 1, matrix_type, op));
        check(&right, times(of(3), of(4)), 1);
        free(a);
        free(b);
    }
    CALL(MPI_Op_free(&op));
    CHECK(op == MPI_OP_NULL);
    CALL(MPI_Type_free(&matrix_type));
    return t_end();
}
