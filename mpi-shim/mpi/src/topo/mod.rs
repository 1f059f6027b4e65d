//! Topologies: the shape the program gives to the processes of a communicator (MPI-5.0 §8).
//!
//! A topology is part of a communicator from its birth and never changes; copies of the communicator share it.
//! Ranks are never reordered: on shared memory and flat networks there is nothing to gain that we could know.
//! One down: [`crate::comm`] makes the communicators.

mod cart;
mod dims;
mod dist_graph;
mod graph;
#[cfg(test)]
mod tests;

pub use cart::*;
pub use dims::dims_create;
pub use dist_graph::*;
pub use graph::*;

use crate::comm::Comm;
use crate::constants::{CART, DIST_GRAPH, GRAPH, UNDEFINED};
use crate::error::Result;
use crate::{CommId, Eng, Ints, fail};
use std::rc::Rc;

/// The topology of one communicator.
pub enum Topology {
    Cart(Cart),
    Graph(Graph),
    Dist(DistGraph),
}

/// Ranks that this process receives from, and ranks that it sends to, in the order of the neighbourhood
/// collectives (MPI-5.0 §8.6). MPI_PROC_NULL beyond the border of a grid.
pub fn neighbors(comm: &Comm) -> Result<(Vec<i32>, Vec<i32>)> {
    match comm.topo.as_deref() {
        Some(Topology::Cart(cart)) => {
            let around = cart.around(comm.rank);
            Ok((around.clone(), around))
        }
        Some(Topology::Graph(graph)) => {
            let around = graph.neighbors(comm.rank).to_vec();
            Ok((around.clone(), around))
        }
        Some(Topology::Dist(graph)) => Ok((graph.sources.clone(), graph.destinations.clone())),
        None => fail!(TOPOLOGY, "comm has no topology"),
    }
}

pub fn topo_test(e: Eng, comm: CommId) -> Result<i32> {
    Ok(match e.comms.get(comm)?.topo.as_deref() {
        Some(Topology::Cart(_)) => CART,
        Some(Topology::Graph(_)) => GRAPH,
        Some(Topology::Dist(_)) => DIST_GRAPH,
        None => UNDEFINED,
    })
}

/// The communicator named by an argument, which must have the topology that `pick` accepts.
fn with_topology<R>(
    e: Eng,
    comm: CommId,
    kind: &str,
    pick: impl FnOnce(&Rc<Comm>, &Topology) -> Option<Result<R>>,
) -> Result<R> {
    let comm = e.comms.get(comm)?;
    match comm.topo.as_deref().and_then(|topo| pick(&comm, topo)) {
        Some(result) => result,
        None => fail!(TOPOLOGY, "comm has no {kind} topology"),
    }
}

/// An array argument of `n` elements, as `i32`.
fn int_array(name: &str, array: Ints, n: i32) -> Result<Vec<i32>> {
    if n > 0 && array.is_null() {
        fail!(ARG, "{name} is NULL, expected {n} elements");
    }
    Ok((0..n as usize).map(|i| array.get(i) as i32).collect())
}

/// Checks that an output array of `max` elements holds `need` elements.
fn room(name: &str, max: i32, need: usize) -> Result {
    match usize::try_from(max) {
        Ok(max) if max >= need => Ok(()),
        _ => fail!(ARG, "{name} is {max}, expected {need} or more"),
    }
}

fn check_rank(rank: i32, size: i32) -> Result {
    match (0..size).contains(&rank) {
        true => Ok(()),
        false => fail!(RANK, "rank is {rank}, expected 0 ≤ rank < {size}"),
    }
}

fn put(array: Ints, values: impl IntoIterator<Item = i32>) {
    for (i, value) in values.into_iter().enumerate() {
        array.set(i, value as i64);
    }
}
