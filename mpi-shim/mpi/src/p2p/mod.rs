//! Point-to-point communication (MPI-5.0 §3).
//!
//! One up: the emitters. One down: [`protocol`], which turns messages into frames, and [`crate::matching`].
//!
//! What 8 bytes cost, in instructions (callgrind; two ranks, 64 messages each way in flight, standard ABI):
//!
//! ```text
//!   MPI_Isend    439   entering, handles 65 · checks 93 · credit, header, ring, bell 281
//!   MPI_Irecv    375   entering, handles 65 · checks 124 · matching and request 186
//!   arrival      467   looking at the rings and frames, also when nothing has come 267, matching 100, copying 48,
//!                      completing the request and credit 52
//!   MPI_Waitall   80   for each request that is complete
//! ```
//! Cache lines that pass from core to core for each message that goes through a ring or its cells, by the layout of
//! `vmi::shm::ring` (the processor's own counters cannot be read here, so a time stands beside):
//!
//! ```text
//!   to the receiver   1 up to 48 bytes, else 1 and one for each 64 bytes
//!                     8 bytes, half a round trip: 0.177 µs, a raw line 0.142: one transfer, and 34 to 43 ns around it
//!   to the sender     the same ones again, ahead of when they are written next
//!                     8 bytes, 64 in flight: 0.071 µs each: the transfers overlap
//!   to the sender     1/64 for how far the receiver is, looked at when the ring seems full
//! ```

mod bounce;
pub mod buffered;
mod direct;
pub mod exchange;
mod fetch;
mod frames;
pub mod init;
mod kept;
mod landing;
mod lend;
mod pieces;
pub mod probe;
pub mod progress;
pub mod protocol;

pub use buffered::*;
pub use exchange::*;
pub use init::*;
pub use probe::*;

use crate::comm::Comm;
use crate::constants::{ANY_SOURCE, ANY_TAG, PROC_NULL};
use crate::datatype::{self, Datatype, Memory};
use crate::error::Result;
use crate::matching::Envelope;
use crate::request::{self, COMPLETED};
use crate::{CommId, Eng, RequestId, Status, Statuses, TypeId, UserBuf, fail};
use direct::{Short, Target};
use std::rc::Rc;

/// How a send may complete (MPI-5.0 §3.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendMode {
    Standard,
    /// As Standard, by a caller that does not wait for it at once.
    Nonblocking,
    Buffered,
    Sync,
    Ready,
}

/// Status of a receive from MPI_PROC_NULL (MPI-5.0 §3.11).
pub const NO_PROC: Status = Status { source: PROC_NULL, tag: ANY_TAG, error: 0, bytes: 0, cancelled: false };

/// Arguments common to sends and receives, checked.
pub(crate) struct Checked {
    pub comm: Rc<Comm>,
    pub datatype: Rc<Datatype>,
}

#[inline(always)]
pub(crate) fn check_buffer(buf: UserBuf, count: i64, datatype: &Datatype) -> Result {
    if count < 0 {
        fail!(COUNT, "count is {count}, expected 0 or more");
    }
    // MPI_BOTTOM is NULL: then the datatype holds addresses.
    if buf.is_null() && count > 0 && datatype.size() > 0 && datatype.true_lb().unsigned_abs() < 4096 {
        fail!(
            BUFFER,
            "buf is NULL and the datatype holds no absolute addresses, expected a buffer of {count} elements"
        );
    }
    if buf.is_in_place() {
        fail!(BUFFER, "buf is MPI_IN_PLACE, expected a buffer");
    }
    Ok(())
}

/// None: the peer is MPI_PROC_NULL, the buffer does not matter.
#[inline(always)]
pub(crate) fn check_send(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    dest: i32,
    tag: i32,
    comm: CommId,
) -> Result<Option<Checked>> {
    let comm = e.comms.get(comm)?;
    if dest != PROC_NULL && (dest < 0 || dest >= comm.remote_size()) {
        fail!(RANK, "dest is {dest}, expected 0 to {} or MPI_PROC_NULL", comm.remote_size() - 1);
    }
    if tag < 0 {
        fail!(TAG, "tag is {tag}, expected 0 to MPI_TAG_UB ({})", crate::constants::TAG_UB);
    }
    if dest == PROC_NULL {
        return Ok(None);
    }
    let datatype = datatype::usable(e, datatype)?;
    check_buffer(buf, count, &datatype)?;
    Ok(Some(Checked { comm, datatype }))
}

#[inline(always)]
pub(crate) fn check_source(comm: &Comm, source: i32, tag: i32) -> Result {
    if source != PROC_NULL && source != ANY_SOURCE && (source < 0 || source >= comm.remote_size()) {
        fail!(
            RANK,
            "source is {source}, expected 0 to {}, MPI_ANY_SOURCE or MPI_PROC_NULL",
            comm.remote_size() - 1
        );
    }
    if tag < 0 && tag != ANY_TAG {
        fail!(TAG, "tag is {tag}, expected 0 to MPI_TAG_UB ({}) or MPI_ANY_TAG", crate::constants::TAG_UB);
    }
    Ok(())
}

/// None: the peer is MPI_PROC_NULL, the buffer does not matter.
#[inline(always)]
pub(crate) fn check_recv(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    source: i32,
    tag: i32,
    comm: CommId,
) -> Result<Option<Checked>> {
    let comm = e.comms.get(comm)?;
    check_source(&comm, source, tag)?;
    if source == PROC_NULL {
        return Ok(None);
    }
    let datatype = datatype::usable(e, datatype)?;
    check_buffer(buf, count, &datatype)?;
    Ok(Some(Checked { comm, datatype }))
}

#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Send")]
fn start_send(
    e: Eng,
    mode: SendMode,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    dest: i32,
    tag: i32,
    comm: CommId,
) -> Result<RequestId> {
    let Some(Checked { comm, datatype }) = check_send(e, buf, count, datatype, dest, tag, comm)? else {
        return Ok(COMPLETED);
    };
    if mode == SendMode::Buffered {
        return buffered::start(e, &comm, buf, count, &datatype, dest, tag);
    }
    request::isend_raw(e, mode, &comm, comm.context, buf, count, &datatype, dest, tag)
}

#[inline]
#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Send")]
fn blocking_send(
    e: Eng,
    mode: SendMode,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    dest: i32,
    tag: i32,
    comm: CommId,
) -> Result {
    let request = start_send(e, mode, buf, count, datatype, dest, tag, comm)?;
    if request == COMPLETED || mode == SendMode::Buffered {
        return Ok(());
    }
    request::wait_raw(e, request).map(|_| ())
}

macro_rules! sends {
    ($($blocking:ident $mode:ident $nonblocking:ident $its:ident;)*) => {$(
        #[inline]
        pub fn $blocking(e: Eng, buf: UserBuf, count: i64, datatype: TypeId, dest: i32, tag: i32, comm: CommId) -> Result {
            blocking_send(e, SendMode::$mode, buf, count, datatype, dest, tag, comm)
        }
        pub fn $nonblocking(e: Eng, buf: UserBuf, count: i64, datatype: TypeId, dest: i32, tag: i32, comm: CommId) -> Result<RequestId> {
            start_send(e, SendMode::$its, buf, count, datatype, dest, tag, comm)
        }
    )*};
}

sends! {
    send Standard isend Nonblocking;
    bsend Buffered ibsend Buffered;
    ssend Sync issend Sync;
    rsend Ready irsend Ready;
}

#[inline]
#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Recv")]
pub fn recv(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    source: i32,
    tag: i32,
    comm: CommId,
    status: Statuses,
) -> Result {
    let Some(Checked { comm, datatype }) = check_recv(e, buf, count, datatype, source, tag, comm)? else {
        status.set(0, &NO_PROC);
        return Ok(());
    };
    let mut way = Short::No;
    if e.generic_live.get() == 0 && !e.windows.any() {
        let memory = &Memory::new(buf, count, &datatype);
        let to = Target { pattern: pattern(&comm, source, tag), memory, comm: &comm };
        way = e.traffic.borrow_mut().receive_now(&to, e.waiting.polls());
    }
    let request = match way {
        Short::Received(received, error) => {
            status.set(0, &received);
            return error.map_or(Ok(()), Err);
        }
        Short::Filed(request) => request,
        Short::No => request::irecv_raw(e, &comm, comm.context, buf, count, &datatype, source, tag)?,
    };
    let received = request::wait_raw(e, request)?;
    status.set(0, &received);
    Ok(())
}

pub fn irecv(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    source: i32,
    tag: i32,
    comm: CommId,
) -> Result<RequestId> {
    let Some(Checked { comm, datatype }) = check_recv(e, buf, count, datatype, source, tag, comm)? else {
        return Ok(completed_with(e, NO_PROC));
    };
    request::irecv_raw(e, &comm, comm.context, buf, count, &datatype, source, tag)
}

/// A request that is complete with a status worth keeping.
pub(crate) fn completed_with(e: Eng, status: Status) -> RequestId {
    use crate::request::table::{Body, Requests};
    let requests = &mut e.traffic.borrow_mut().requests;
    let number = requests.insert(None, Body::Nothing);
    requests.complete(number, status, None);
    Requests::handle(number)
}

/// What a receive from `source` with `tag` on `comm` matches.
pub(crate) fn pattern(comm: &Comm, source: i32, tag: i32) -> Envelope {
    Envelope { context: comm.context, source, tag }
}
