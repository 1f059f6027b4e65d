//! Graphs that every process knows whole (MPI-5.0 §8.5.3).

use super::{Topology, check_rank, int_array, put, room, with_topology};
use crate::comm::{self, Comm};
use crate::constants::UNDEFINED;
use crate::error::Result;
use crate::{CommId, Eng, Ints, fail};
use std::rc::Rc;

/// `index[i]` is the number of edges of nodes 0 to i; `edges` are their ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    pub index: Vec<i32>,
    pub edges: Vec<i32>,
}

impl Graph {
    /// Checks the description of a graph for a communicator of `size` processes.
    fn new(nnodes: i32, index: Ints, edges: Ints, size: i32) -> Result<Graph> {
        if nnodes < 0 || nnodes > size {
            fail!(ARG, "nnodes is {nnodes}, expected 0 ≤ nnodes ≤ {size} (the size of comm)");
        }
        let index = int_array("index", index, nnodes)?;
        let mut before = 0;
        for (i, &end) in index.iter().enumerate() {
            if end < before {
                fail!(ARG, "index[{i}] is {end}, expected {before} or more (numbers of edges add up)");
            }
            before = end;
        }
        let edges = int_array("edges", edges, before)?;
        if let Some(i) = edges.iter().position(|end| !(0..nnodes).contains(end)) {
            fail!(ARG, "edges[{i}] is {}, expected 0 ≤ node < {nnodes}", edges[i]);
        }
        Ok(Graph { index, edges })
    }

    pub fn neighbors(&self, rank: i32) -> &[i32] {
        let start = if rank == 0 { 0 } else { self.index[rank as usize - 1] };
        &self.edges[start as usize..self.index[rank as usize] as usize]
    }
}

fn with_graph<R>(e: Eng, comm: CommId, f: impl FnOnce(&Rc<Comm>, &Graph) -> Result<R>) -> Result<R> {
    with_topology(e, comm, "graph", |comm, topo| match topo {
        Topology::Graph(graph) => Some(f(comm, graph)),
        _ => None,
    })
}

pub fn graph_create(
    e: Eng,
    comm_old: CommId,
    nnodes: i32,
    index: Ints,
    edges: Ints,
    _reorder: i32,
) -> Result<CommId> {
    let comm = e.comms.get(comm_old)?;
    comm::check_intra(&comm)?;
    let graph = Graph::new(nnodes, index, edges, comm.size())?;
    comm::first_members(e, &comm, nnodes, Topology::Graph(graph))
}

/// Ranks are not reordered.
pub fn graph_map(e: Eng, comm: CommId, nnodes: i32, index: Ints, edges: Ints) -> Result<i32> {
    let comm = e.comms.get(comm)?;
    comm::check_intra(&comm)?;
    Graph::new(nnodes, index, edges, comm.size())?;
    Ok(if comm.rank < nnodes { comm.rank } else { UNDEFINED })
}

/// Numbers of nodes and of edges.
pub fn graphdims_get(e: Eng, comm: CommId) -> Result<(i32, i32)> {
    with_graph(e, comm, |_, graph| Ok((graph.index.len() as i32, graph.edges.len() as i32)))
}

pub fn graph_get(e: Eng, comm: CommId, maxindex: i32, maxedges: i32, index: Ints, edges: Ints) -> Result {
    with_graph(e, comm, |_, graph| {
        room("maxindex", maxindex, graph.index.len())?;
        room("maxedges", maxedges, graph.edges.len())?;
        put(index, graph.index.iter().copied());
        put(edges, graph.edges.iter().copied());
        Ok(())
    })
}

pub fn graph_neighbors_count(e: Eng, comm: CommId, rank: i32) -> Result<i32> {
    with_graph(e, comm, |comm, graph| {
        check_rank(rank, comm.size())?;
        Ok(graph.neighbors(rank).len() as i32)
    })
}

pub fn graph_neighbors(e: Eng, comm: CommId, rank: i32, maxneighbors: i32, neighbors: Ints) -> Result {
    with_graph(e, comm, |comm, graph| {
        check_rank(rank, comm.size())?;
        let list = graph.neighbors(rank);
        room("maxneighbors", maxneighbors, list.len())?;
        put(neighbors, list.iter().copied());
        Ok(())
    })
}
