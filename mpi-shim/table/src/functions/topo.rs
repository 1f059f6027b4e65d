//! Process topologies.

#[macro_export]
#[rustfmt::skip]
macro_rules! topo_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Cart_coords" (comm: Comm, rank: Rank, maxdims: Int, coords: Ints);
        stub "MPI_Cart_create" (comm_old: Comm, ndims: Int, dims: Ints, periods: Ints, reorder: Flag, > comm_cart: Comm);
        stub "MPI_Cart_get" (comm: Comm, maxdims: Int, dims: Ints, periods: Ints, coords: Ints);
        stub "MPI_Cart_map" (comm: Comm, ndims: Int, dims: Ints, periods: Ints, > newrank: Rank);
        stub "MPI_Cart_rank" (comm: Comm, coords: Ints, > rank: Rank);
        stub "MPI_Cart_shift" (comm: Comm, direction: Int, disp: Int, > rank_source: Rank, > rank_dest: Rank);
        stub "MPI_Cart_sub" (comm: Comm, remain_dims: Ints, > newcomm: Comm);
        stub "MPI_Cartdim_get" (comm: Comm, > ndims: Int);
        stub "MPI_Dims_create" (nnodes: Int, ndims: Int, dims: Ints);
        stub "MPI_Dist_graph_create" (comm_old: Comm, n: Int, sources: Ints, degrees: Ints, destinations: Ints, weights: Weights, info: Info, reorder: Flag, > comm_dist_graph: Comm);
        stub "MPI_Dist_graph_create_adjacent" (comm_old: Comm, indegree: Int, sources: Ints, sourceweights: Weights, outdegree: Int, destinations: Ints, destweights: Weights, info: Info, reorder: Flag, > comm_dist_graph: Comm);
        stub "MPI_Dist_graph_neighbors" (comm: Comm, maxindegree: Int, sources: Ints, sourceweights: Weights, maxoutdegree: Int, destinations: Ints, destweights: Weights);
        stub "MPI_Dist_graph_neighbors_count" (comm: Comm, > indegree: Int, > outdegree: Int, > weighted: Flag);
        stub "MPI_Graph_create" (comm_old: Comm, nnodes: Int, index: Ints, edges: Ints, reorder: Flag, > comm_graph: Comm);
        stub "MPI_Graph_get" (comm: Comm, maxindex: Int, maxedges: Int, index: Ints, edges: Ints);
        stub "MPI_Graph_map" (comm: Comm, nnodes: Int, index: Ints, edges: Ints, > newrank: Rank);
        stub "MPI_Graph_neighbors" (comm: Comm, rank: Rank, maxneighbors: Int, neighbors: Ints);
        stub "MPI_Graph_neighbors_count" (comm: Comm, rank: Rank, > nneighbors: Int);
        stub "MPI_Graphdims_get" (comm: Comm, > nnodes: Int, > nedges: Int);
        stub "MPI_Topo_test" (comm: Comm, > status: Topology);
    } };
}
