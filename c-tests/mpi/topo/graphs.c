/* Graphs: a star that everybody knows, and a ring of which each rank knows its own edges or names another's. */
#include "harness.h"

static void star(void)
{
    int *index = malloc(sizeof *index * t_size), *edges = malloc(sizeof *edges * 2 * t_size);
    int n, around[64];
    MPI_Comm graph;
    for (int i = 0; i < t_size; i++)
        index[i] = t_size - 1 + i;
    for (int i = 0; i < t_size - 1; i++) {
        edges[i] = i + 1;
        edges[t_size - 1 + i] = 0;
    }
    CALL(MPI_Graph_create(MPI_COMM_WORLD, t_size, index, edges, 0, &graph));
    CALL(MPI_Graph_neighbors_count(graph, t_rank, &n));
    EQ(n, t_rank ? 1 : t_size - 1);
    CALL(MPI_Graph_neighbors(graph, t_rank, 64, around));
    for (int i = 0; i < n; i++)
        EQ(around[i], t_rank ? 0 : i + 1);
    CALL(MPI_Comm_free(&graph));
    free(index);
    free(edges);
}

static void ring_is(MPI_Comm graph, int weight)
{
    int in, out, weighted, from, to, from_weight = -1, to_weight = -1;
    CALL(MPI_Dist_graph_neighbors_count(graph, &in, &out, &weighted));
    EQ(in, 1);
    EQ(out, 1);
    EQ(weighted, 1);
    CALL(MPI_Dist_graph_neighbors(graph, 1, &from, &from_weight, 1, &to, &to_weight));
    EQ(from, (t_rank + t_size - 1) % t_size);
    EQ(to, (t_rank + 1) % t_size);
    EQ(from_weight, weight + from);
    EQ(to_weight, weight + t_rank);
}

static void rings(void)
{
    int left = (t_rank + t_size - 1) % t_size, right = (t_rank + 1) % t_size, one = 1;
    int left_weight = 10 + left, own_weight = 10 + t_rank, next, next_weight = 20 + right;
    MPI_Comm graph;
    CALL(MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 1, &left, &left_weight, 1, &right, &own_weight, MPI_INFO_NULL, 0,
                                        &graph));
    ring_is(graph, 10);
    CALL(MPI_Comm_free(&graph));
    next = (right + 1) % t_size;
    CALL(MPI_Dist_graph_create(MPI_COMM_WORLD, 1, &right, &one, &next, &next_weight, MPI_INFO_NULL, 0, &graph));
    ring_is(graph, 20);
    CALL(MPI_Comm_free(&graph));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    star();
    rings();
    return t_end();
}
