//! What a communicator is: sizes, ranks, groups, kind, name, likeness.

use crate::constants::{CONGRUENT, IDENT, MAX_OBJECT_NAME, SIMILAR, UNEQUAL};
use crate::error::Result;
use crate::{CommId, Eng, GroupId, StrOut, fail, group};

pub fn comm_size(e: Eng, comm: CommId) -> Result<i32> {
    Ok(e.comms.get(comm)?.size())
}

pub fn comm_rank(e: Eng, comm: CommId) -> Result<i32> {
    Ok(e.comms.get(comm)?.rank)
}

pub fn comm_test_inter(e: Eng, comm: CommId) -> Result<bool> {
    Ok(e.comms.get(comm)?.is_inter())
}

pub fn comm_remote_size(e: Eng, comm: CommId) -> Result<i32> {
    match &e.comms.get(comm)?.remote {
        Some(remote) => Ok(remote.size()),
        None => fail!(COMM, "comm is an intracommunicator, expected an intercommunicator"),
    }
}

pub fn comm_group(e: Eng, comm: CommId) -> Result<GroupId> {
    Ok(group::insert_rc(e, &e.comms.get(comm)?.group))
}

pub fn comm_remote_group(e: Eng, comm: CommId) -> Result<GroupId> {
    match &e.comms.get(comm)?.remote {
        Some(remote) => Ok(group::insert_rc(e, remote)),
        None => fail!(COMM, "comm is an intracommunicator, expected an intercommunicator"),
    }
}

pub fn comm_compare(e: Eng, comm1: CommId, comm2: CommId) -> Result<i32> {
    let (a, b) = (e.comms.get(comm1)?, e.comms.get(comm2)?);
    if comm1 == comm2 {
        return Ok(IDENT);
    }
    let local = a.group.compare(&b.group);
    let remote = match (&a.remote, &b.remote) {
        (None, None) => IDENT,
        (Some(x), Some(y)) => x.compare(y),
        _ => UNEQUAL,
    };
    Ok(match (local, remote) {
        (IDENT, IDENT) => CONGRUENT,
        (UNEQUAL, _) | (_, UNEQUAL) => UNEQUAL,
        _ => SIMILAR,
    })
}

pub fn comm_set_name(e: Eng, comm: CommId, name: &str) -> Result {
    let comm = e.comms.get(comm)?;
    if name.len() >= MAX_OBJECT_NAME {
        fail!(ARG, "comm_name has {} characters, expected at most {}", name.len(), MAX_OBJECT_NAME - 1);
    }
    *comm.name.borrow_mut() = name.to_string();
    Ok(())
}

/// Returns the length of the name.
pub fn comm_get_name(e: Eng, comm: CommId, name: StrOut) -> Result<i32> {
    if comm == CommId::NULL {
        return Ok(name.set_limited("MPI_COMM_NULL", MAX_OBJECT_NAME) as i32);
    }
    let comm = e.comms.get(comm)?;
    let text = comm.name.borrow();
    Ok(name.set_limited(&text, MAX_OBJECT_NAME) as i32)
}

/// MPI_COMM_NULL: no process of ours was spawned by another job.
pub fn comm_get_parent(_e: Eng) -> Result<CommId> {
    Ok(CommId::NULL)
}
