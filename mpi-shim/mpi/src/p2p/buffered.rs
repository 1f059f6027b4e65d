//! Buffered sends (MPI-5.0 §3.6): the message is copied, the send completes at once.
//!
//! The program attaches buffers and we count how much of each is in use; the copies themselves live in memory
//! of our own, so a program that overwrites an attached buffer harms nobody. MPI_BUFFER_AUTOMATIC has no bound.

use crate::comm::Comm;
use crate::constants::{BSEND_OVERHEAD, class};
use crate::datatype::Datatype;
use crate::error::{Error, Result};
use crate::request::{self, COMPLETED, insert_generic, poll_done};
use crate::{CommId, Eng, RequestId, SessionId, Status, UserBuf, fail};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// Whose buffer: a communicator's own comes before its session's, and that before the process's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Owner {
    Process,
    Comm(CommId),
    Session(SessionId),
}

/// An attached buffer. Shared with the sends that use it.
struct Attached {
    address: usize,
    size: i64,
    automatic: bool,
    used: Cell<u64>,
    /// Sends whose copies are not delivered yet.
    pending: Cell<usize>,
}

#[derive(Default)]
pub struct Buffers {
    attached: RefCell<HashMap<Owner, Rc<Attached>>>,
}

/// Address by which the emitters pass MPI_BUFFER_AUTOMATIC.
pub const AUTOMATIC: usize = 2;

fn attach(e: Eng, owner: Owner, buffer: UserBuf, size: i64) -> Result {
    if size < 0 {
        fail!(ARG, "size is {size}, expected 0 or more");
    }
    let mut attached = e.buffers.attached.borrow_mut();
    if attached.contains_key(&owner) {
        fail!(BUFFER, "a buffer is attached already, expected MPI_Buffer_detach first");
    }
    let automatic = buffer.addr() == AUTOMATIC;
    let (address, used, pending) = (buffer.addr(), Cell::new(0), Cell::new(0));
    attached.insert(owner, Rc::new(Attached { address, size, automatic, used, pending }));
    Ok(())
}

/// Waits until all messages of the buffer are delivered, then gives it back.
fn detach(e: Eng, owner: Owner) -> Result<(usize, i64)> {
    flush(e, owner)?;
    match e.buffers.attached.borrow_mut().remove(&owner) {
        Some(a) => Ok((a.address, if a.automatic { 0 } else { a.size })),
        None => Ok((0, 0)),
    }
}

fn flush(e: Eng, owner: Owner) -> Result {
    let Some(attached) = e.buffers.attached.borrow().get(&owner).cloned() else { return Ok(()) };
    while attached.pending.get() > 0 {
        e.progress_wait()?;
    }
    Ok(())
}

/// A request that completes when all messages of the buffer are delivered.
fn iflush(e: Eng, owner: Owner) -> Result<RequestId> {
    let Some(attached) = e.buffers.attached.borrow().get(&owner).cloned() else { return Ok(COMPLETED) };
    Ok(insert_generic(e, Box::new(move |_| (attached.pending.get() == 0).then_some(Ok(Status::EMPTY)))))
}

pub fn buffer_attach(e: Eng, buffer: UserBuf, size: i64) -> Result {
    attach(e, Owner::Process, buffer, size)
}

pub fn buffer_detach(e: Eng) -> Result<(usize, i64)> {
    detach(e, Owner::Process)
}

pub fn buffer_flush(e: Eng) -> Result {
    flush(e, Owner::Process)
}

pub fn buffer_iflush(e: Eng) -> Result<RequestId> {
    iflush(e, Owner::Process)
}

pub fn comm_attach_buffer(e: Eng, comm: CommId, buffer: UserBuf, size: i64) -> Result {
    e.comms.get(comm)?;
    attach(e, Owner::Comm(comm), buffer, size)
}

pub fn comm_detach_buffer(e: Eng, comm: CommId) -> Result<(usize, i64)> {
    e.comms.get(comm)?;
    detach(e, Owner::Comm(comm))
}

pub fn comm_flush_buffer(e: Eng, comm: CommId) -> Result {
    e.comms.get(comm)?;
    flush(e, Owner::Comm(comm))
}

pub fn comm_iflush_buffer(e: Eng, comm: CommId) -> Result<RequestId> {
    e.comms.get(comm)?;
    iflush(e, Owner::Comm(comm))
}

pub fn session_attach_buffer(e: Eng, session: SessionId, buffer: UserBuf, size: i64) -> Result {
    e.sessions.get(session)?;
    attach(e, Owner::Session(session), buffer, size)
}

pub fn session_detach_buffer(e: Eng, session: SessionId) -> Result<(usize, i64)> {
    e.sessions.get(session)?;
    detach(e, Owner::Session(session))
}

pub fn session_flush_buffer(e: Eng, session: SessionId) -> Result {
    e.sessions.get(session)?;
    flush(e, Owner::Session(session))
}

pub fn session_iflush_buffer(e: Eng, session: SessionId) -> Result<RequestId> {
    e.sessions.get(session)?;
    iflush(e, Owner::Session(session))
}

/// Space for a message in the buffer that serves `comm`.
fn reserve(e: Eng, comm: &Comm, bytes: u64) -> Result<Rc<Attached>> {
    let need = bytes + BSEND_OVERHEAD as u64;
    let attached = e.buffers.attached.borrow();
    let own = attached.get(&Owner::Comm(comm.id.get()));
    let of_session = || attached.get(&Owner::Session(comm.group.session()));
    let Some(buffer) = own.or_else(of_session).or_else(|| attached.get(&Owner::Process)) else {
        fail!(BUFFER, "no buffer is attached, expected one of at least {need} bytes (MPI_Buffer_attach)");
    };
    let free = (buffer.size as u64).saturating_sub(buffer.used.get());
    if !buffer.automatic && free < need.min(bytes + 1) {
        fail!(
            BUFFER,
            "message needs {need} bytes of the attached buffer, {free} of {} are free",
            buffer.size
        );
    }
    buffer.used.set(buffer.used.get() + bytes);
    buffer.pending.set(buffer.pending.get() + 1);
    Ok(buffer.clone())
}

/// Starts a buffered send; the returned request is complete.
pub(super) fn start(
    e: Eng,
    comm: &Rc<Comm>,
    buf: UserBuf,
    count: i64,
    datatype: &Rc<Datatype>,
    dest: i32,
    tag: i32,
) -> Result<RequestId> {
    let bytes = datatype.bytes(count);
    e.progress_test();
    let buffer = reserve(e, comm, bytes)?;
    let mut copy = vec![0; bytes as usize];
    datatype.pack(buf, count, 0, UserBuf::of(&mut copy), bytes as usize);
    let byte =
        e.types.get(crate::TypeId(583)).map_err(|_| Error::new(class::INTERN, "MPI_BYTE is missing"))?;
    let from = UserBuf::of(&mut copy);
    let request = request::isend_raw(
        e,
        super::SendMode::Standard,
        comm,
        comm.context,
        from,
        bytes as i64,
        &byte,
        dest,
        tag,
    )?;
    let give_back = move || {
        buffer.used.set(buffer.used.get() - bytes);
        buffer.pending.set(buffer.pending.get() - 1);
    };
    if request == COMPLETED {
        give_back();
        return Ok(COMPLETED);
    }
    let tracker = insert_generic(
        e,
        Box::new(move |e| {
            let _keep = &copy;
            let outcome = poll_done(e, request)?;
            give_back();
            Some(outcome)
        }),
    );
    // Nobody waits for the tracker: it goes when the message is delivered.
    e.traffic.borrow_mut().requests.abandon(tracker);
    Ok(COMPLETED)
}
