//! Requests: waiting for and testing nonblocking operations (MPI-5.0 §3.7, §3.8.4, §3.9, §13.2).
//!
//! One up: the emitters, and every module that starts nonblocking operations. One down: [`crate::p2p::protocol`]
//! completes the requests in [`table`].

pub mod complete;
pub mod generalized;
pub mod persistent;
pub mod status;
pub mod table;

pub use complete::*;
pub use generalized::*;
pub use persistent::*;
pub use status::*;
pub use table::{COMPLETED, Start, Step};

use crate::comm::Comm;
use crate::constants::class;
use crate::datatype::{Datatype, Memory};
use crate::error::{Error, Result};
use crate::matching::Envelope;
use crate::p2p::SendMode;
use crate::p2p::protocol::Outgoing;
use crate::{Eng, Handle, RequestId, Status, UserBuf};
use std::rc::Rc;
use table::{Body, Generalized, Outcome, Requests};

/// Starts a send to rank `dest` (checked by the caller, not MPI_PROC_NULL) with context `context`.
#[allow(clippy::too_many_arguments, reason = "the arguments of a send")]
pub fn isend_raw(
    e: Eng,
    mode: SendMode,
    comm: &Rc<Comm>,
    context: u32,
    buf: UserBuf,
    count: i64,
    datatype: &Rc<Datatype>,
    dest: i32,
    tag: i32,
) -> Result<RequestId> {
    let (peer, envelope) = (comm.proc_of(dest), Envelope { context, source: comm.rank, tag });
    let from = Memory::new(buf, count, datatype);
    let mut traffic = e.traffic.borrow_mut();
    let fetchable =
        mode == SendMode::Nonblocking && from.bytes() > traffic.stream_from && from.block().is_some();
    let eager = mode != SendMode::Sync && !(fetchable && traffic.in_stream(peer));
    if eager && traffic.send_now(peer, envelope, &from) {
        return Ok(COMPLETED);
    }
    let total = from.bytes();
    let (sent, limit, theirs, offered) = (0, 0, 0, false);
    let sync = mode == SendMode::Sync;
    let out = Outgoing { peer, envelope, from, total, eager, sync, sent, limit, theirs, offered, lent: None };
    let request = traffic.requests.insert(Some(comm.clone()), Body::Send(out));
    traffic.send_later(request);
    Ok(Requests::handle(request))
}

/// Starts a receive from rank `source` (checked; MPI_ANY_SOURCE allowed, MPI_PROC_NULL not) with context `context`.
#[inline]
#[allow(clippy::too_many_arguments, reason = "the arguments of a receive")]
pub fn irecv_raw(
    e: Eng,
    comm: &Rc<Comm>,
    context: u32,
    buf: UserBuf,
    count: i64,
    datatype: &Rc<Datatype>,
    source: i32,
    tag: i32,
) -> Result<RequestId> {
    Ok(irecv_memory(e, comm, Memory::new(buf, count, datatype), Envelope { context, source, tag }))
}

/// As [`irecv_raw`], for a pattern and memory.
pub fn irecv_memory(e: Eng, comm: &Rc<Comm>, memory: Memory, pattern: Envelope) -> RequestId {
    Requests::handle(e.traffic.borrow_mut().receive(comm, memory, pattern))
}

/// Outcome of a request if it is complete; the request is released then.
#[inline]
pub fn poll_done(e: Eng, id: RequestId) -> Option<Result<Status>> {
    let mut traffic = e.traffic.borrow_mut();
    if !traffic.requests.is_done(id) {
        return None;
    }
    let Outcome { status, error } = traffic.requests.take(id);
    Some(error.map_or(Ok(status), Err))
}

/// Takes back a receive that no message has matched; it is complete then.
pub fn withdraw(e: Eng, id: RequestId) {
    if let Some(number) = Requests::number(id) {
        e.traffic.borrow_mut().cancel(number);
    }
}

/// Adds an operation that advances by being asked, whenever the library makes progress.
pub fn insert_generic(e: Eng, step: Step) -> RequestId {
    let mut traffic = e.traffic.borrow_mut();
    let request = traffic.requests.insert(None, Body::Generic(Some(step)));
    traffic.requests.generic.push(request);
    e.generic_live.set(e.generic_live.get() + 1);
    Requests::handle(request)
}

/// Lets every generic operation advance once; true if one completed.
pub fn step_generic(e: Eng) -> bool {
    let live = e.traffic.borrow().requests.generic.clone();
    let mut any = false;
    for request in live {
        // Taken out while it runs: it may start other operations, or call back into the program.
        let step = match e.traffic.borrow_mut().requests.pending_body(request) {
            Some(Body::Generic(step)) => step.take(),
            _ => None,
        };
        let Some(mut step) = step else { continue };
        let outcome = step(e);
        let mut traffic = e.traffic.borrow_mut();
        let Some(outcome) = outcome else {
            if let Some(Body::Generic(place)) = traffic.requests.pending_body(request) {
                *place = Some(step);
            }
            continue;
        };
        any = true;
        traffic.requests.generic.retain(|&r| r != request);
        e.generic_live.set(e.generic_live.get() - 1);
        let (status, error) = outcome.map_or_else(|error| (Status::EMPTY, Some(error)), |s| (s, None));
        traffic.requests.complete(request, status, error);
        drop(traffic);
        drop(step);
    }
    any
}

/// Waits for an internal request.
pub fn wait_raw(e: Eng, id: RequestId) -> Result<Status> {
    loop {
        if let Some(outcome) = poll_done(e, id) {
            return outcome;
        }
        e.progress_wait()?;
    }
}

pub(crate) fn unknown(id: RequestId) -> Error {
    let text =
        format!("request handle {:#x} names no live request (completed or freed before?)", id.to_u32());
    Error::new(class::REQUEST, text)
}

/// How far a request handle of the program has come.
pub(crate) enum Ready {
    No,
    /// MPI_REQUEST_NULL or an inactive persistent request: completes at once with an empty status.
    Inactive,
    Yes,
}

pub(crate) fn ready(e: Eng, id: RequestId) -> Result<Ready> {
    if id == RequestId::NULL {
        return Ok(Ready::Inactive);
    }
    if id == COMPLETED {
        return Ok(Ready::Yes);
    }
    let mut traffic = e.traffic.borrow_mut();
    let round = match traffic.requests.body(id) {
        None => return Err(unknown(id)),
        Some(Body::Persistent(p)) => match p.active {
            None => return Ok(Ready::Inactive),
            Some(round) => round,
        },
        Some(Body::Generalized(g)) => return Ok(if g.complete { Ready::Yes } else { Ready::No }),
        Some(_) => id,
    };
    Ok(if traffic.requests.is_done(round) { Ready::Yes } else { Ready::No })
}

/// Takes the outcome of a request that is [`Ready::Yes`]; the handle becomes MPI_REQUEST_NULL unless persistent.
pub(crate) fn consume(e: Eng, id: &mut RequestId) -> Outcome {
    let mut traffic = e.traffic.borrow_mut();
    let generalized: Option<Generalized> = match traffic.requests.body(*id) {
        Some(Body::Persistent(p)) => {
            let round = p.active.take().unwrap_or(COMPLETED);
            return traffic.requests.take(round);
        }
        Some(Body::Generalized(g)) => Some(*g),
        _ => None,
    };
    let mut outcome = traffic.requests.take(*id);
    drop(traffic);
    if let Some(g) = generalized {
        outcome = generalized::conclude(e, &g);
    }
    *id = RequestId::NULL;
    outcome
}
