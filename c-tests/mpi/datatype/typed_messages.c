/* Typed messages between two ranks: different types with one signature, overtaking nothing, small and large. */
#include "harness.h"
#include <stddef.h>

/* A column goes out, a row comes in. */
static void column_to_row(int n)
{
    double *grid = calloc((size_t)n * (size_t)n, sizeof *grid), *row = calloc((size_t)n, sizeof *row);
    MPI_Datatype column;
    CALL(MPI_Type_vector(n, 1, n, MPI_DOUBLE, &column));
    CALL(MPI_Type_commit(&column));
    for (int i = 0; i < n * n; i++)
        grid[i] = i;
    if (t_rank == 0)
        CALL(MPI_Send(grid + n / 2, 1, column, 1, 1, MPI_COMM_WORLD));
    if (t_rank == 1) {
        CALL(MPI_Recv(row, n, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        for (int i = 0; i < n; i++)
            EQ(row[i], i * n + n / 2);
    }
    CALL(MPI_Type_free(&column));
    free(grid);
    free(row);
}

/* Transpose by a type of columns. */
static void transpose(int n)
{
    int *a = malloc(sizeof *a * (size_t)(n * n)), *b = malloc(sizeof *b * (size_t)(n * n));
    MPI_Datatype column, columns;
    for (int i = 0; i < n * n; i++)
        a[i] = i;
    CALL(MPI_Type_vector(n, 1, n, MPI_INT, &column));
    CALL(MPI_Type_create_hvector(n, 1, sizeof(int), column, &columns));
    CALL(MPI_Type_commit(&columns));
    CALL(MPI_Type_free(&column)); /* a type may go before those made from it */
    if (t_rank == 0)
        CALL(MPI_Send(a, n * n, MPI_INT, 1, 2, MPI_COMM_WORLD));
    if (t_rank == 1) {
        CALL(MPI_Recv(b, 1, columns, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                EQ(b[j * n + i], i * n + j);
    }
    CALL(MPI_Type_free(&columns));
    free(a);
    free(b);
}

/* Structures with gaps; the gaps of the receiver stay. */
static void structures(int n)
{
    struct item { char tag; double value; short small; };
    struct item *items = calloc((size_t)n, sizeof *items);
    int lengths[3] = {1, 1, 1};
    MPI_Aint offsets[3] = {offsetof(struct item, tag), offsetof(struct item, value), offsetof(struct item, small)};
    MPI_Datatype parts[3] = {MPI_CHAR, MPI_DOUBLE, MPI_SHORT}, raw, type;
    CALL(MPI_Type_create_struct(3, lengths, offsets, parts, &raw));
    CALL(MPI_Type_create_resized(raw, 0, sizeof(struct item), &type));
    CALL(MPI_Type_commit(&type));
    memset(items, 0x5a, (size_t)n * sizeof *items);
    if (t_rank == 0) {
        for (int i = 0; i < n; i++) {
            items[i].tag = (char)i;
            items[i].value = i * 0.5;
            items[i].small = (short)(i * 3);
        }
        MPI_Request request;
        CALL(MPI_Isend(items, n, type, 1, 3, MPI_COMM_WORLD, &request));
        CALL(MPI_Type_free(&type)); /* still used by the send */
        CALL(MPI_Wait(&request, MPI_STATUS_IGNORE));
    } else {
        if (t_rank == 1) {
            MPI_Status status;
            int count;
            CALL(MPI_Recv(items, n, type, 0, 3, MPI_COMM_WORLD, &status));
            CALL(MPI_Get_count(&status, type, &count));
            EQ(count, n);
            CALL(MPI_Get_elements(&status, type, &count));
            EQ(count, 3 * n);
            for (int i = 0; i < n; i++) {
                EQ(items[i].tag, (char)i);
                CHECK(items[i].value == i * 0.5);
                EQ(items[i].small, (short)(i * 3));
                EQ(((char *)&items[i])[1], 0x5a);
            }
        }
        CALL(MPI_Type_free(&type));
    }
    CALL(MPI_Type_free(&raw));
    free(items);
}

/* Absolute addresses with MPI_BOTTOM. */
static void bottom(void)
{
    int a = 1 + t_rank, lengths[2] = {1, 1};
    double b = 2.5 + t_rank;
    MPI_Aint places[2];
    MPI_Datatype parts[2] = {MPI_INT, MPI_DOUBLE}, type;
    CALL(MPI_Get_address(&a, &places[0]));
    CALL(MPI_Get_address(&b, &places[1]));
    CALL(MPI_Type_create_struct(2, lengths, places, parts, &type));
    CALL(MPI_Type_commit(&type));
    if (t_rank == 0)
        CALL(MPI_Send(MPI_BOTTOM, 1, type, 1, 4, MPI_COMM_WORLD));
    if (t_rank == 1) {
        CALL(MPI_Recv(MPI_BOTTOM, 1, type, 0, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        EQ(a, 1);
        CHECK(b == 2.5);
    }
    CALL(MPI_Type_free(&type));
}

int main(int argc, char **argv)
{
    const int sizes[] = {1, 3, 30, 300, 1000};
    t_start(&argc, &argv);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        column_to_row(sizes[i]);
        transpose(sizes[i]);
        structures(sizes[i] * 50);
    }
    bottom();
    return t_end();
}
