//! Argument checks that several collectives share. Each names the argument, its value and what was expected.

use super::fold::Fold;
use super::needs::*;
use crate::constants::{PROC_NULL, ROOT};
use crate::error::Result;
use crate::{CommId, Eng, Ints, OpId, TypeId, UserBuf, fail};
use std::rc::Rc;

pub fn comm(e: Eng, comm: CommId) -> Result<Rc<Comm>> {
    e.comms.get(comm)
}

/// The communicator of an operation that exists only within one group.
pub fn intra_comm(e: Eng, id: CommId) -> Result<Rc<Comm>> {
    let comm = comm(e, id)?;
    if comm.is_inter() {
        fail!(COMM, "comm is an intercommunicator, expected an intracommunicator");
    }
    Ok(comm)
}

/// Who the root of an operation is, seen from this rank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    /// A rank of this group (intracommunicator).
    Local(usize),
    /// A rank of the other group.
    Remote(usize),
    /// This rank, for the other group (`MPI_ROOT`).
    Me,
    /// Another rank of this group, for the other group: nothing to do (`MPI_PROC_NULL`).
    Absent,
}

impl Root {
    /// Whether this rank has the root's buffer.
    pub fn is_me(self, comm: &Comm) -> bool {
        self == Root::Me || self == Root::Local(comm.rank as usize)
    }
}

pub fn root(comm: &Comm, root: i32) -> Result<Root> {
    if !comm.is_inter() {
        if !(0..comm.size()).contains(&root) {
            fail!(ROOT, "root is {root}, expected 0 ≤ root < {}", comm.size());
        }
        return Ok(Root::Local(root as usize));
    }
    match root {
        ROOT => Ok(Root::Me),
        PROC_NULL => Ok(Root::Absent),
        _ if (0..comm.remote_size()).contains(&root) => Ok(Root::Remote(root as usize)),
        _ => fail!(
            ROOT,
            "root is {root}, expected MPI_ROOT, MPI_PROC_NULL or 0 ≤ root < {} (size of the remote group)",
            comm.remote_size()
        ),
    }
}

/// Checks a buffer, its count and its datatype; the names are those of the first two arguments.
pub fn data(
    e: Eng,
    (buf_name, count_name): (&str, &str),
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
) -> Result<Rc<Datatype>> {
    self::count(count_name, count)?;
    let dt = find_type(e, datatype)?;
    buffer(buf_name, buf, count, &dt)?;
    Ok(dt)
}

pub fn count(name: &str, count: i64) -> Result {
    if count < 0 {
        fail!(COUNT, "{name} is {count}, expected 0 or more");
    }
    Ok(())
}

/// A buffer that holds `count` elements, where `MPI_IN_PLACE` is not allowed.
pub fn buffer(name: &str, buf: UserBuf, count: i64, dt: &Datatype) -> Result {
    if buf.is_in_place() {
        fail!(
            BUFFER,
            "{name} is MPI_IN_PLACE, expected a buffer (not allowed for this argument on this rank)"
        );
    }
    // Datatypes with absolute addresses are used with MPI_BOTTOM, which is NULL.
    if buf.is_null() && count > 0 && dt.size() > 0 && dt.true_lb() == 0 {
        fail!(BUFFER, "{name} is NULL, expected a buffer of {count} elements");
    }
    Ok(())
}

/// Send and receive buffer must not be the same memory.
pub fn no_alias(send: (&str, UserBuf), recv: (&str, UserBuf), bytes: usize) -> Result {
    if bytes > 0 && send.1 == recv.1 && !send.1.is_null() && !send.1.is_in_place() {
        fail!(
            BUFFER,
            "{} and {} are the same address {:#x}, expected distinct buffers or MPI_IN_PLACE",
            send.0,
            recv.0,
            send.1.addr()
        );
    }
    Ok(())
}

/// `MPI_IN_PLACE` does not exist between two groups.
pub fn not_in_place(comm: &Comm, name: &str, buf: UserBuf) -> Result {
    if comm.is_inter() && buf.is_in_place() {
        fail!(BUFFER, "{name} is MPI_IN_PLACE, expected a buffer on an intercommunicator");
    }
    Ok(())
}

/// The buffers of a reduction whose result every rank receives.
pub fn operands(
    comm: &Comm,
    sendbuf: UserBuf,
    count: i64,
    recvbuf: UserBuf,
    received: i64,
    fold: &Fold,
) -> Result {
    not_in_place(comm, "sendbuf", sendbuf)?;
    buffer("recvbuf", recvbuf, received, fold.dt())?;
    if !sendbuf.is_in_place() {
        buffer("sendbuf", sendbuf, count, fold.dt())?;
        no_alias(("sendbuf", sendbuf), ("recvbuf", recvbuf), fold.bytes(received))?;
    }
    Ok(())
}

/// Copies an array of counts.
pub fn counts(name: &str, array: Ints, n: usize) -> Result<Vec<i64>> {
    let counts = ints(name, array, n)?;
    if let Some(i) = counts.iter().position(|&c| c < 0) {
        fail!(COUNT, "{name}[{i}] is {}, expected 0 or more", counts[i]);
    }
    Ok(counts)
}

/// Copies an array of displacements or counts.
pub fn ints(name: &str, array: Ints, n: usize) -> Result<Vec<i64>> {
    if array.is_null() && n > 0 {
        fail!(ARG, "{name} is NULL, expected an array of {n} elements");
    }
    Ok(array.to_vec(n))
}

/// The operation of a reduction on `count` elements of `datatype`.
pub fn fold(e: Eng, op: OpId, count: i64, datatype: TypeId) -> Result<Fold> {
    self::count("count", count)?;
    let dt = find_type(e, datatype)?;
    let op = e.ops.get(op)?;
    op::check(&op, &dt)?;
    Ok(Fold::Mpi { op, dt, id: datatype })
}

/// The type of data that does not exist on this rank.
pub fn no_type(e: Eng) -> Rc<Datatype> {
    byte(e)
}
