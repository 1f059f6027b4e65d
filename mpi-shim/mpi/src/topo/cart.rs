//! Grids (MPI-5.0 §8.5.1 to §8.5.7).

use super::{Topology, check_rank, int_array, put, room, with_topology};
use crate::comm::{self, Comm};
use crate::constants::{PROC_NULL, UNDEFINED};
use crate::error::Result;
use crate::{CommId, Eng, Ints, fail};
use std::rc::Rc;

/// A grid of processes; ranks count through the last dimension first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub dims: Vec<i32>,
    pub periods: Vec<bool>,
}

impl Cart {
    pub fn size(&self) -> i32 {
        self.dims.iter().product()
    }

    pub fn coords(&self, rank: i32) -> Vec<i32> {
        let mut rest = rank;
        let mut coords: Vec<i32> = self.dims.iter().rev().map(|&dim| modulo(&mut rest, dim)).collect();
        coords.reverse();
        coords
    }

    /// The rank at `coords`, which wrap in periodic dimensions; None outside of the grid.
    pub fn rank(&self, coords: &[i32]) -> Option<i32> {
        let mut rank = 0;
        for ((&at, &dim), &periodic) in coords.iter().zip(&self.dims).zip(&self.periods) {
            let at = if periodic { at.rem_euclid(dim) } else { at };
            if at < 0 || at >= dim {
                return None;
            }
            rank = rank * dim + at;
        }
        Some(rank)
    }

    /// The rank `disp` steps away along a dimension, or MPI_PROC_NULL.
    fn step(&self, rank: i32, direction: usize, disp: i64) -> i32 {
        let mut coords = self.coords(rank);
        let dim = self.dims[direction] as i64;
        let at = coords[direction] as i64 + disp;
        let at = if self.periods[direction] { at.rem_euclid(dim) } else { at };
        if at < 0 || at >= dim {
            return PROC_NULL;
        }
        coords[direction] = at as i32;
        self.rank(&coords).unwrap_or(PROC_NULL)
    }

    /// The neighbours of `rank`: for each dimension the one below, then the one above.
    pub fn around(&self, rank: i32) -> Vec<i32> {
        (0..self.dims.len()).flat_map(|d| [self.step(rank, d, -1), self.step(rank, d, 1)]).collect()
    }

    /// The grid of the dimensions to keep, with the ranks here of its processes, for the one that has `rank`.
    fn sub(&self, rank: i32, keep: &[bool]) -> (Cart, Vec<i32>) {
        let pick =
            |list: &[i32]| list.iter().zip(keep).filter(|(_, k)| **k).map(|(v, _)| *v).collect::<Vec<_>>();
        let dims = pick(&self.dims);
        let periods = self.periods.iter().zip(keep).filter(|(_, k)| **k).map(|(p, _)| *p).collect();
        let part = Cart { dims, periods };
        let here = self.coords(rank);
        let ranks = (0..part.size()).map(|r| {
            let mut within = part.coords(r).into_iter();
            let coords: Vec<i32> = here
                .iter()
                .zip(keep)
                .map(|(&at, &k)| if k { within.next().unwrap_or(0) } else { at })
                .collect();
            self.rank(&coords).unwrap_or(0)
        });
        let ranks = ranks.collect();
        (part, ranks)
    }
}

/// Takes the lowest digit of a mixed-radix number.
fn modulo(rest: &mut i32, dim: i32) -> i32 {
    let digit = *rest % dim;
    *rest /= dim;
    digit
}

fn with_cart<R>(e: Eng, comm: CommId, f: impl FnOnce(&Rc<Comm>, &Cart) -> Result<R>) -> Result<R> {
    with_topology(e, comm, "Cartesian", |comm, topo| match topo {
        Topology::Cart(cart) => Some(f(comm, cart)),
        _ => None,
    })
}

/// Checks the description of a grid for a communicator of `size` processes.
fn grid(ndims: i32, dims: Ints, periods: Ints, size: i32) -> Result<Cart> {
    if ndims < 0 {
        fail!(DIMS, "ndims is {ndims}, expected 0 or more");
    }
    let dims = int_array("dims", dims, ndims)?;
    let periods = int_array("periods", periods, ndims)?.into_iter().map(|p| p != 0).collect();
    let mut product = 1i64;
    for (i, &dim) in dims.iter().enumerate() {
        if dim <= 0 {
            fail!(DIMS, "dims[{i}] is {dim}, expected 1 or more");
        }
        product = product.saturating_mul(dim as i64);
    }
    if product > size as i64 {
        fail!(DIMS, "dims describe {product} processes, and comm has {size}");
    }
    Ok(Cart { dims, periods })
}

pub fn cart_create(
    e: Eng,
    comm_old: CommId,
    ndims: i32,
    dims: Ints,
    periods: Ints,
    _reorder: i32,
) -> Result<CommId> {
    let comm = e.comms.get(comm_old)?;
    comm::check_intra(&comm)?;
    let cart = grid(ndims, dims, periods, comm.size())?;
    let count = cart.size();
    comm::first_members(e, &comm, count, Topology::Cart(cart))
}

/// Ranks are not reordered, so the new rank is the old one, for processes that are in the grid.
pub fn cart_map(e: Eng, comm: CommId, ndims: i32, dims: Ints, periods: Ints) -> Result<i32> {
    let comm = e.comms.get(comm)?;
    comm::check_intra(&comm)?;
    let cart = grid(ndims, dims, periods, comm.size())?;
    Ok(if comm.rank < cart.size() { comm.rank } else { UNDEFINED })
}

pub fn cartdim_get(e: Eng, comm: CommId) -> Result<i32> {
    with_cart(e, comm, |_, cart| Ok(cart.dims.len() as i32))
}

pub fn cart_get(e: Eng, comm: CommId, maxdims: i32, dims: Ints, periods: Ints, coords: Ints) -> Result {
    with_cart(e, comm, |comm, cart| {
        room("maxdims", maxdims, cart.dims.len())?;
        put(dims, cart.dims.iter().copied());
        put(periods, cart.periods.iter().map(|&p| p as i32));
        put(coords, cart.coords(comm.rank));
        Ok(())
    })
}

pub fn cart_rank(e: Eng, comm: CommId, coords: Ints) -> Result<i32> {
    with_cart(e, comm, |_, cart| {
        let coords = int_array("coords", coords, cart.dims.len() as i32)?;
        match cart.rank(&coords) {
            Some(rank) => Ok(rank),
            None => fail!(ARG, "coords are {coords:?}, outside of the grid of {:?} processes", cart.dims),
        }
    })
}

pub fn cart_coords(e: Eng, comm: CommId, rank: i32, maxdims: i32, coords: Ints) -> Result {
    with_cart(e, comm, |comm, cart| {
        check_rank(rank, comm.size())?;
        room("maxdims", maxdims, cart.dims.len())?;
        put(coords, cart.coords(rank));
        Ok(())
    })
}

/// Returns the rank to receive from and the rank to send to.
pub fn cart_shift(e: Eng, comm: CommId, direction: i32, disp: i32) -> Result<(i32, i32)> {
    with_cart(e, comm, |comm, cart| {
        let Some(d) = usize::try_from(direction).ok().filter(|&d| d < cart.dims.len()) else {
            fail!(ARG, "direction is {direction}, expected 0 ≤ direction < {}", cart.dims.len());
        };
        Ok((cart.step(comm.rank, d, -(disp as i64)), cart.step(comm.rank, d, disp as i64)))
    })
}

pub fn cart_sub(e: Eng, comm: CommId, remain_dims: Ints) -> Result<CommId> {
    let (comm, (part, ranks)) = with_cart(e, comm, |comm, cart| {
        let keep = int_array("remain_dims", remain_dims, cart.dims.len() as i32)?;
        let keep: Vec<bool> = keep.into_iter().map(|k| k != 0).collect();
        Ok((comm.clone(), cart.sub(comm.rank, &keep)))
    })?;
    comm::some_members(e, &comm, &ranks, Topology::Cart(part))
}
