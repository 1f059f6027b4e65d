//! Graphs of which every process knows its own edges (MPI-5.0 §8.5.4).

use super::{Topology, int_array, with_topology};
use crate::comm::{self, Comm};
use crate::error::Result;
use crate::{CommId, Eng, InfoId, Ints, coll, fail, info};
use std::rc::Rc;

/// `MPI_UNWEIGHTED`, as the border passes it.
const UNWEIGHTED: usize = 10;
/// `MPI_WEIGHTS_EMPTY`: weighted, with no edge.
const WEIGHTS_EMPTY: usize = 11;

/// The edges of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistGraph {
    pub sources: Vec<i32>,
    pub source_weights: Vec<i32>,
    pub destinations: Vec<i32>,
    pub destination_weights: Vec<i32>,
    pub weighted: bool,
}

/// One edge: from, to, weight.
type Edge = [i32; 3];

impl DistGraph {
    /// The part of the graph that belongs to `rank`.
    fn part(edges: impl Iterator<Item = Edge>, rank: i32, weighted: bool) -> DistGraph {
        let mut graph = DistGraph { weighted, ..DistGraph::default() };
        for [from, to, weight] in edges {
            if to == rank {
                graph.sources.push(from);
                graph.source_weights.push(weight);
            }
            if from == rank {
                graph.destinations.push(to);
                graph.destination_weights.push(weight);
            }
        }
        graph
    }
}

fn is_weighted(weights: Ints) -> bool {
    weights.addr() != UNWEIGHTED
}

/// Weights of `n` edges; 1 each when there are none. Returned with the values: the argument's error.
fn weights_of(name: &str, weights: Ints, n: i32) -> Result<Vec<i32>> {
    let list = match weights.addr() {
        UNWEIGHTED => vec![1; n as usize],
        WEIGHTS_EMPTY if n == 0 => Vec::new(),
        WEIGHTS_EMPTY => fail!(ARG, "{name} is MPI_WEIGHTS_EMPTY, expected weights of {n} edges"),
        _ => int_array(name, weights, n)?,
    };
    match list.iter().position(|&w| w < 0) {
        Some(i) => fail!(ARG, "{name}[{i}] is {}, expected 0 or more", list[i]),
        None => Ok(list),
    }
}

/// Ranks of one side of `n` edges.
fn ends(name: &str, array: Ints, n: i32, size: i32) -> Result<Vec<i32>> {
    if n < 0 {
        fail!(ARG, "the number of {name} is {n}, expected 0 or more");
    }
    let list = int_array(name, array, n)?;
    match list.iter().position(|rank| !(0..size).contains(rank)) {
        Some(i) => fail!(RANK, "{name}[{i}] is {}, expected 0 ≤ rank < {size}", list[i]),
        None => Ok(list),
    }
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn dist_graph_create_adjacent(
    e: Eng,
    comm_old: CommId,
    indegree: i32,
    sources: Ints,
    sourceweights: Ints,
    outdegree: i32,
    destinations: Ints,
    destweights: Ints,
    info: InfoId,
    _reorder: i32,
) -> Result<CommId> {
    let comm = e.comms.get(comm_old)?;
    comm::check_intra(&comm)?;
    info::pairs_of(e, info)?;
    if is_weighted(sourceweights) != is_weighted(destweights) {
        fail!(ARG, "only one of sourceweights and destweights is MPI_UNWEIGHTED, expected both or none");
    }
    let graph = DistGraph {
        sources: ends("sources", sources, indegree, comm.size())?,
        source_weights: weights_of("sourceweights", sourceweights, indegree)?,
        destinations: ends("destinations", destinations, outdegree, comm.size())?,
        destination_weights: weights_of("destweights", destweights, outdegree)?,
        weighted: is_weighted(sourceweights),
    };
    comm::first_members(e, &comm, comm.size(), Topology::Dist(graph))
}

/// Every process names edges of any processes; all are told to all, and each keeps its own.
#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn dist_graph_create(
    e: Eng,
    comm_old: CommId,
    n: i32,
    sources: Ints,
    degrees: Ints,
    destinations: Ints,
    weights: Ints,
    info: InfoId,
    _reorder: i32,
) -> Result<CommId> {
    let comm = e.comms.get(comm_old)?;
    comm::check_intra(&comm)?;
    info::pairs_of(e, info)?;
    let edges = named_edges(n, sources, degrees, destinations, weights, comm.size())?;
    let bytes: Vec<u8> = edges.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    let all = coll::allgather_bytes(e, &comm, &bytes)?;
    let edges = all.iter().flat_map(|bytes| bytes.chunks_exact(12)).map(edge_of);
    let graph = DistGraph::part(edges, comm.rank, is_weighted(weights));
    comm::first_members(e, &comm, comm.size(), Topology::Dist(graph))
}

fn named_edges(
    n: i32,
    sources: Ints,
    degrees: Ints,
    to: Ints,
    weights: Ints,
    size: i32,
) -> Result<Vec<Edge>> {
    let sources = ends("sources", sources, n, size)?;
    let degrees = int_array("degrees", degrees, n)?;
    if let Some(i) = degrees.iter().position(|&d| d < 0) {
        fail!(ARG, "degrees[{i}] is {}, expected 0 or more", degrees[i]);
    }
    let total: i64 = degrees.iter().map(|&d| d as i64).sum();
    let Ok(total) = i32::try_from(total) else {
        fail!(ARG, "degrees add up to {total}, expected at most {}", i32::MAX);
    };
    let to = ends("destinations", to, total, size)?;
    let weights = weights_of("weights", weights, total)?;
    let froms = sources.iter().zip(&degrees).flat_map(|(&from, &d)| std::iter::repeat_n(from, d as usize));
    Ok(froms.zip(to).zip(weights).map(|((from, to), weight)| [from, to, weight]).collect())
}

fn edge_of(bytes: &[u8]) -> Edge {
    let word = |i: usize| i32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
    [word(0), word(4), word(8)]
}

fn with_dist<R>(e: Eng, comm: CommId, f: impl FnOnce(&Rc<Comm>, &DistGraph) -> Result<R>) -> Result<R> {
    with_topology(e, comm, "distributed graph", |comm, topo| match topo {
        Topology::Dist(graph) => Some(f(comm, graph)),
        _ => None,
    })
}

/// Numbers of incoming and outgoing edges, and whether they have weights.
pub fn dist_graph_neighbors_count(e: Eng, comm: CommId) -> Result<(i32, i32, bool)> {
    with_dist(e, comm, |_, g| Ok((g.sources.len() as i32, g.destinations.len() as i32, g.weighted)))
}

/// Fills as much of the edges as the arrays have room for.
#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn dist_graph_neighbors(
    e: Eng,
    comm: CommId,
    maxindegree: i32,
    sources: Ints,
    sourceweights: Ints,
    maxoutdegree: i32,
    destinations: Ints,
    destweights: Ints,
) -> Result {
    with_dist(e, comm, |_, g| {
        if maxindegree < 0 || maxoutdegree < 0 {
            fail!(ARG, "maxindegree is {maxindegree} and maxoutdegree is {maxoutdegree}, expected 0 or more");
        }
        fill(g.weighted, maxindegree, sources, sourceweights, &g.sources, &g.source_weights);
        fill(g.weighted, maxoutdegree, destinations, destweights, &g.destinations, &g.destination_weights);
        Ok(())
    })
}

fn fill(weighted: bool, max: i32, ranks: Ints, weights: Ints, from: &[i32], from_weights: &[i32]) {
    let n = from.len().min(max as usize);
    super::put(ranks, from[..n].iter().copied());
    if weighted && weights.addr() != UNWEIGHTED && weights.addr() != WEIGHTS_EMPTY {
        super::put(weights, from_weights[..n].iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_keeps_the_edges_that_touch_it() {
        let edges = [[0, 1, 5], [1, 0, 6], [1, 1, 7], [2, 0, 8]];
        let g = DistGraph::part(edges.into_iter(), 1, true);
        assert_eq!((g.sources, g.source_weights), (vec![0, 1], vec![5, 7]));
        assert_eq!((g.destinations, g.destination_weights), (vec![0, 1], vec![6, 7]));
    }

    #[test]
    fn an_edge_survives_the_wire() {
        let edge = [3, -1, i32::MAX];
        let bytes: Vec<u8> = edge.iter().flat_map(|v: &i32| v.to_le_bytes()).collect();
        assert_eq!(edge_of(&bytes), edge);
    }
}
