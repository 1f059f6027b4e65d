//! Where the blocks of a buffer lie: one per rank, described in the four ways that MPI's collectives know.

use super::check;
use super::needs::*;
use super::part::Part;
use crate::error::Result;
use crate::{Eng, Handles, Ints, TypeId, UserBuf, fail};
use std::rc::Rc;

/// One side (send or receive) of a collective.
pub struct Spread {
    buf: UserBuf,
    shape: Shape,
}

enum Shape {
    /// The same data for every rank.
    One { count: i64, dt: Rc<Datatype> },
    /// Blocks of `count` elements, one after the other.
    Even { count: i64, dt: Rc<Datatype> },
    /// Displacements count in extents of the type.
    Varying { counts: Vec<i64>, displs: Vec<i64>, dt: Rc<Datatype> },
    /// Displacements count in bytes, each block has its type.
    Each { counts: Vec<i64>, displs: Vec<i64>, dts: Vec<Rc<Datatype>> },
}

/// Names of the arguments that describe one side, for messages: buffer, count(s), displacements.
#[derive(Clone, Copy)]
pub struct Names {
    pub buf: &'static str,
    pub count: &'static str,
    pub displs: &'static str,
    pub types: &'static str,
}

/// Bytes of a block of a gather or scatter as far as all ranks know them: nothing unless blocks are `even`. `one` is the
/// side of one block, `all` the root's; the root's own block stands for one that stays in place.
#[inline]
pub fn known_len(even: bool, one: Option<&Spread>, all: Option<&Spread>, root: usize) -> usize {
    let own = || all.map(|all| all.part(root));
    let block = one.map(|one| one.part(0)).or_else(own);
    block.filter(|_| even).map_or(0, |block| block.len())
}

pub const SEND: Names = Names { buf: "sendbuf", count: "sendcount", displs: "displs", types: "sendtypes" };
pub const RECV: Names = Names { buf: "recvbuf", count: "recvcount", displs: "displs", types: "recvtypes" };
pub const SENDS: Names = Names { buf: "sendbuf", count: "sendcounts", displs: "sdispls", types: "sendtypes" };
pub const RECVS: Names = Names { buf: "recvbuf", count: "recvcounts", displs: "rdispls", types: "recvtypes" };

impl Spread {
    /// The part for rank `i`.
    pub fn part(&self, i: usize) -> Part<'_> {
        match &self.shape {
            Shape::One { count, dt } => Part::new(self.buf, *count, dt),
            Shape::Even { count, dt } => Part::new(self.buf, 0, dt).at(i as i64 * count, *count),
            Shape::Varying { counts, displs, dt } => Part::new(self.buf, 0, dt).at(displs[i], counts[i]),
            Shape::Each { counts, displs, dts } => {
                Part::new(self.buf.offset(displs[i] as isize), counts[i], &dts[i])
            }
        }
    }

    pub fn buf(&self) -> UserBuf {
        self.buf
    }

    pub fn one(e: Eng, names: Names, buf: UserBuf, count: i64, datatype: TypeId) -> Result<Spread> {
        let dt = check::data(e, (names.buf, names.count), buf, count, datatype)?;
        Ok(Spread { buf, shape: Shape::One { count, dt } })
    }

    pub fn even(e: Eng, names: Names, buf: UserBuf, count: i64, datatype: TypeId) -> Result<Spread> {
        let dt = check::data(e, (names.buf, names.count), buf, count, datatype)?;
        Ok(Spread { buf, shape: Shape::Even { count, dt } })
    }

    pub fn varying(
        e: Eng,
        names: Names,
        buf: UserBuf,
        (counts, displs): (Ints, Ints),
        datatype: TypeId,
        n: usize,
    ) -> Result<Spread> {
        let dt = find_type(e, datatype)?;
        let counts = check::counts(names.count, counts, n)?;
        let most = counts.iter().copied().max().unwrap_or(0);
        let displs = displacements(names, displs, n, most)?;
        check::buffer(names.buf, buf, most, &dt)?;
        Ok(Spread { buf, shape: Shape::Varying { counts, displs, dt } })
    }

    pub fn each(
        e: Eng,
        names: Names,
        buf: UserBuf,
        (counts, displs): (Ints, Ints),
        types: Handles<TypeId>,
        n: usize,
    ) -> Result<Spread> {
        let counts = check::counts(names.count, counts, n)?;
        let most = counts.iter().copied().max().unwrap_or(0);
        let displs = displacements(names, displs, n, most)?;
        if types.is_null() && n > 0 {
            fail!(ARG, "{} is NULL, expected an array of {n} datatypes", names.types);
        }
        let mut dts = Vec::with_capacity(n);
        for i in 0..n {
            let dt = match counts[i] {
                // The standard does not ask for a valid type where nothing is moved, and programs pass none.
                0 if types.get(i) == TypeId::NULL => byte(e),
                _ => find_type(e, types.get(i))?,
            };
            // A NULL buffer is MPI_BOTTOM to addresses given as displacements.
            if displs[i] == 0 {
                check::buffer(names.buf, buf, counts[i], &dt)?;
            }
            dts.push(dt);
        }
        Ok(Spread { buf, shape: Shape::Each { counts, displs, dts } })
    }
}

fn displacements(names: Names, displs: Ints, n: usize, most: i64) -> Result<Vec<i64>> {
    match most {
        0 => Ok(vec![0; n]),
        _ => check::ints(names.displs, displs, n),
    }
}
