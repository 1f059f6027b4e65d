//! Process topologies.

#[macro_export]
#[rustfmt::skip]
macro_rules! topo_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done topo::cart_coords "MPI_Cart_coords" (comm: Comm, rank: Rank, maxdims: Int, coords: Ints);
        done topo::cart_create "MPI_Cart_create" (comm_old: Comm, ndims: Int, dims: Ints, periods: Ints, reorder: Flag, > comm_cart: Comm);
        done topo::cart_get "MPI_Cart_get" (comm: Comm, maxdims: Int, dims: Ints, periods: Ints, coords: Ints);
        done topo::cart_map "MPI_Cart_map" (comm: Comm, ndims: Int, dims: Ints, periods: Ints, > newrank: Rank);
        done topo::cart_rank "MPI_Cart_rank" (comm: Comm, coords: Ints, > rank: Rank);
        done topo::cart_shift "MPI_Cart_shift" (comm: Comm, direction: Int, disp: Int, > rank_source: Rank, > rank_dest: Rank);
        done topo::cart_sub "MPI_Cart_sub" (comm: Comm, remain_dims: Ints, > newcomm: Comm);
        done topo::cartdim_get "MPI_Cartdim_get" (comm: Comm, > ndims: Int);
        done topo::dims_create "MPI_Dims_create" (nnodes: Int, ndims: Int, dims: Ints);
        done topo::dist_graph_create "MPI_Dist_graph_create" (comm_old: Comm, n: Int, sources: Ints, degrees: Ints, destinations: Ints, weights: Weights, info: Info, reorder: Flag, > comm_dist_graph: Comm);
        done topo::dist_graph_create_adjacent "MPI_Dist_graph_create_adjacent" (comm_old: Comm, indegree: Int, sources: Ints, sourceweights: Weights, outdegree: Int, destinations: Ints, destweights: Weights, info: Info, reorder: Flag, > comm_dist_graph: Comm);
        done topo::dist_graph_neighbors "MPI_Dist_graph_neighbors" (comm: Comm, maxindegree: Int, sources: Ints, sourceweights: Weights, maxoutdegree: Int, destinations: Ints, destweights: Weights);
        done topo::dist_graph_neighbors_count "MPI_Dist_graph_neighbors_count" (comm: Comm, > indegree: Int, > outdegree: Int, > weighted: Flag);
        done topo::graph_create "MPI_Graph_create" (comm_old: Comm, nnodes: Int, index: Ints, edges: Ints, reorder: Flag, > comm_graph: Comm);
        done topo::graph_get "MPI_Graph_get" (comm: Comm, maxindex: Int, maxedges: Int, index: Ints, edges: Ints);
        done topo::graph_map "MPI_Graph_map" (comm: Comm, nnodes: Int, index: Ints, edges: Ints, > newrank: Rank);
        done topo::graph_neighbors "MPI_Graph_neighbors" (comm: Comm, rank: Rank, maxneighbors: Int, neighbors: Ints);
        done topo::graph_neighbors_count "MPI_Graph_neighbors_count" (comm: Comm, rank: Rank, > nneighbors: Int);
        done topo::graphdims_get "MPI_Graphdims_get" (comm: Comm, > nnodes: Int, > nedges: Int);
        done topo::topo_test "MPI_Topo_test" (comm: Comm, > status: Topology);
    } };
}
