//! Groups: ordered sets of processes.
//!
//! A [`Group`] names processes by their number in the world of the job. It never changes after it is built, so
//! communicators, windows and group handles share it by `Rc`. The arithmetic on groups is in `algebra`, free of
//! the engine; this file holds the functions of MPI (MPI-5.0 §7.3). One down: [`crate::handle::Table`].
//!
//! Groups of no process have one handle, `MPI_GROUP_EMPTY`, as the standard demands.

mod algebra;
#[cfg(test)]
mod tests;

use crate::constants::{IDENT, PROC_NULL, SIMILAR, UNDEFINED, UNEQUAL, predefined};
use crate::error::{Error, Result};
use crate::{Eng, GroupId, Ints, SessionId, fail};
use std::cell::OnceCell;
use std::rc::Rc;

/// An ordered set of processes.
pub struct Group {
    procs: Vec<u32>,
    rank: i32,
    /// The session it comes from, through however many other groups; null for the world.
    session: SessionId,
    /// World process number → rank + 1 (0 = not a member); built on first use.
    inverse: OnceCell<Vec<u32>>,
}

impl Group {
    /// `procs` are distinct world process numbers; `me` is this process.
    pub fn new(procs: Vec<u32>, me: u32) -> Group {
        let rank = procs.iter().position(|&p| p == me).map_or(UNDEFINED, |r| r as i32);
        Group { procs, rank, session: SessionId::NULL, inverse: OnceCell::new() }
    }
    /// The same group, as one that comes from `session`.
    pub fn of_session(mut self, session: SessionId) -> Group {
        self.session = session;
        self
    }
    /// Another group, from the same session.
    pub fn derive(&self, procs: Vec<u32>, me: u32) -> Group {
        Group::new(procs, me).of_session(self.session)
    }
    pub fn session(&self) -> SessionId {
        self.session
    }
    pub fn size(&self) -> i32 {
        self.procs.len() as i32
    }
    /// Rank of this process, or `MPI_UNDEFINED`.
    pub fn rank(&self) -> i32 {
        self.rank
    }
    /// World process numbers in rank order.
    pub fn procs(&self) -> &[u32] {
        &self.procs
    }
    /// World process number of `rank`, which the caller has checked.
    #[inline]
    pub fn proc_of(&self, rank: i32) -> u32 {
        self.procs[rank as usize]
    }
    pub fn rank_of(&self, proc: u32) -> Option<i32> {
        let inverse = self.inverse.get_or_init(|| invert(&self.procs));
        match inverse.get(proc as usize) {
            None | Some(0) => None,
            Some(&rank) => Some(rank as i32 - 1),
        }
    }
    /// `MPI_IDENT`, `MPI_SIMILAR` or `MPI_UNEQUAL`.
    pub fn compare(&self, other: &Group) -> i32 {
        if self.procs == other.procs {
            IDENT
        } else if self.procs.len() == other.procs.len()
            && other.procs.iter().all(|&p| self.rank_of(p).is_some())
        {
            SIMILAR
        } else {
            UNEQUAL
        }
    }
}

fn invert(procs: &[u32]) -> Vec<u32> {
    let len = procs.iter().max().map_or(0, |&p| p as usize + 1);
    let mut inverse = vec![0; len];
    for (rank, &proc) in procs.iter().enumerate() {
        inverse[proc as usize] = rank as u32 + 1;
    }
    inverse
}

/// A handle for a group of `procs`, derived from another group; of no process: `MPI_GROUP_EMPTY`.
fn insert(e: Eng, procs: Vec<u32>, from: &Group) -> GroupId {
    if procs.is_empty() {
        return predefined::GROUP_EMPTY;
    }
    e.groups.insert(from.derive(procs, e.me.get()))
}

/// A handle for an existing group (that of a communicator, for example).
pub fn insert_rc(e: Eng, group: &Rc<Group>) -> GroupId {
    if group.size() == 0 { predefined::GROUP_EMPTY } else { e.groups.insert_rc(group.clone()) }
}

pub fn group_size(e: Eng, group: GroupId) -> Result<i32> {
    Ok(e.groups.get(group)?.size())
}

pub fn group_rank(e: Eng, group: GroupId) -> Result<i32> {
    Ok(e.groups.get(group)?.rank())
}

pub fn group_translate_ranks(
    e: Eng,
    group1: GroupId,
    n: i32,
    ranks1: Ints,
    group2: GroupId,
    ranks2: Ints,
) -> Result {
    let (from, to) = (e.groups.get(group1)?, e.groups.get(group2)?);
    let n = array_len("n", n, &[("ranks1", &ranks1), ("ranks2", &ranks2)])?;
    for i in 0..n {
        let rank = ranks1.get(i);
        if rank != PROC_NULL as i64 && (rank < 0 || rank >= from.size() as i64) {
            fail!(RANK, "ranks1[{i}] is {rank}, expected 0 ≤ rank < {} or MPI_PROC_NULL", from.size());
        }
    }
    for i in 0..n {
        let rank = ranks1.get(i) as i32;
        let translated = match rank {
            PROC_NULL => PROC_NULL,
            _ => to.rank_of(from.proc_of(rank)).unwrap_or(UNDEFINED),
        };
        ranks2.set(i, translated as i64);
    }
    Ok(())
}

pub fn group_compare(e: Eng, group1: GroupId, group2: GroupId) -> Result<i32> {
    Ok(e.groups.get(group1)?.compare(&*e.groups.get(group2)?))
}

pub fn group_union(e: Eng, group1: GroupId, group2: GroupId) -> Result<GroupId> {
    let (a, b) = (e.groups.get(group1)?, e.groups.get(group2)?);
    Ok(insert(e, algebra::union(&a, &b), &a))
}

pub fn group_intersection(e: Eng, group1: GroupId, group2: GroupId) -> Result<GroupId> {
    let (a, b) = (e.groups.get(group1)?, e.groups.get(group2)?);
    Ok(insert(e, algebra::intersection(&a, &b), &a))
}

pub fn group_difference(e: Eng, group1: GroupId, group2: GroupId) -> Result<GroupId> {
    let (a, b) = (e.groups.get(group1)?, e.groups.get(group2)?);
    Ok(insert(e, algebra::difference(&a, &b), &a))
}

pub fn group_incl(e: Eng, group: GroupId, n: i32, ranks: Ints) -> Result<GroupId> {
    let group = e.groups.get(group)?;
    let ranks = ranks.to_vec(array_len("n", n, &[("ranks", &ranks)])?);
    Ok(insert(e, algebra::include(&group, &ranks)?, &group))
}

pub fn group_excl(e: Eng, group: GroupId, n: i32, ranks: Ints) -> Result<GroupId> {
    let group = e.groups.get(group)?;
    let ranks = ranks.to_vec(array_len("n", n, &[("ranks", &ranks)])?);
    Ok(insert(e, algebra::exclude(&group, &ranks)?, &group))
}

pub fn group_range_incl(e: Eng, group: GroupId, n: i32, ranges: Ints) -> Result<GroupId> {
    let group = e.groups.get(group)?;
    let n = array_len("n", n, &[("ranges", &ranges)])?;
    let ranks = algebra::expand(&ranges.to_vec(3 * n), group.size())?;
    Ok(insert(e, algebra::include(&group, &ranks)?, &group))
}

pub fn group_range_excl(e: Eng, group: GroupId, n: i32, ranges: Ints) -> Result<GroupId> {
    let group = e.groups.get(group)?;
    let n = array_len("n", n, &[("ranges", &ranges)])?;
    let ranks = algebra::expand(&ranges.to_vec(3 * n), group.size())?;
    Ok(insert(e, algebra::exclude(&group, &ranks)?, &group))
}

/// `MPI_GROUP_EMPTY` may be freed: it is what many functions return for a group of nobody, and the caller
/// frees what it is given. The predefined group itself stays.
pub fn group_free(e: Eng, group: &mut GroupId) -> Result {
    if *group != predefined::GROUP_EMPTY {
        e.groups.remove(*group)?;
    }
    *group = GroupId::NULL;
    Ok(())
}

/// Checks a length argument and the arrays that go with it.
pub(crate) fn array_len(name: &str, n: i32, arrays: &[(&str, &Ints)]) -> Result<usize> {
    if n < 0 {
        fail!(ARG, "{name} is {n}, expected 0 or more");
    }
    for (array, view) in arrays {
        if n > 0 && view.is_null() {
            return Err(Error::new(
                crate::constants::class::ARG,
                format!("{array} is NULL and {name} is {n}"),
            ));
        }
    }
    Ok(n as usize)
}
