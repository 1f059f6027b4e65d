//! The table of requests: one slot each, reused after completion.

use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::p2p::protocol::{Outgoing, Receiving};
use crate::{Eng, Handle, RequestId, Status, UserFn};
use std::rc::Rc;
use vmi_mpi_args::FIRST_DYNAMIC;

/// A nonblocking operation that advances when asked: a collective, an idup.
pub type Step = Box<dyn FnMut(Eng) -> Option<Result<Status>>>;
/// Starts one round of a persistent operation.
pub type Start = Rc<dyn Fn(Eng) -> Result<RequestId>>;

/// What a request stands for.
pub enum Body {
    Nothing,
    Send(Outgoing),
    Receive(Receiving),
    /// None while it is being run.
    Generic(Option<Step>),
    Persistent(Persistent),
    Generalized(Generalized),
}

pub struct Persistent {
    pub start: Start,
    /// The round under way.
    pub active: Option<RequestId>,
}

/// MPI-5.0 §13.2: completed by the program.
#[derive(Clone, Copy)]
pub struct Generalized {
    pub query: UserFn,
    pub free: UserFn,
    pub cancel: UserFn,
    pub extra_state: usize,
    pub complete: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Pending,
    /// Freed by the program while pending: the slot goes back when the operation is complete.
    Orphan,
    /// Complete, without and with an error.
    Done,
    Failed,
}

struct Slot {
    state: State,
    status: Status,
    error: Option<Error>,
    comm: Option<Rc<Comm>>,
    body: Body,
}

impl Slot {
    const FREE: Slot =
        Slot { state: State::Free, status: Status::EMPTY, error: None, comm: None, body: Body::Nothing };

    /// The program knows it.
    #[inline]
    fn is_known(&self) -> bool {
        !matches!(self.state, State::Free | State::Orphan)
    }

    #[inline]
    fn is_complete(&self) -> bool {
        matches!(self.state, State::Done | State::Failed)
    }

    #[inline]
    fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending | State::Orphan)
    }
}

impl Body {
    /// Drops what it holds. (Most hold nothing that must be dropped; the compiler's own code for that is a call.)
    #[inline]
    fn clear(&mut self) {
        match self {
            Body::Nothing => {}
            Body::Receive(to) if to.memory.block().is_some() => {
                std::mem::forget(std::mem::replace(self, Body::Nothing));
            }
            _ => *self = Body::Nothing,
        }
    }
}

/// The outcome of a completed request.
pub struct Outcome {
    pub status: Status,
    pub error: Option<Error>,
}

/// A request that is complete from the start: an eager send. It needs no slot and is never released.
pub const COMPLETED: RequestId = RequestId(FIRST_DYNAMIC);

#[derive(Default)]
pub struct Requests {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Live generic requests, in order of creation.
    pub generic: Vec<u32>,
}

impl Requests {
    fn index(id: RequestId) -> Option<usize> {
        id.to_u32().checked_sub(FIRST_DYNAMIC + 1).map(|i| i as usize)
    }

    /// Handle of the slot that the protocol calls `request`.
    pub fn handle(request: u32) -> RequestId {
        RequestId(FIRST_DYNAMIC + 1 + request)
    }

    /// The protocol's number of a handle.
    pub fn number(id: RequestId) -> Option<u32> {
        Self::index(id).map(|i| i as u32)
    }

    /// The number that the next request gets.
    #[inline]
    pub fn next(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.slots.len() as u32)
    }

    #[inline]
    pub fn insert(&mut self, comm: Option<Rc<Comm>>, body: Body) -> u32 {
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.slots.push(Slot::FREE);
                self.slots.len() as u32 - 1
            }
        };
        let slot = &mut self.slots[at as usize];
        (slot.state, slot.status, slot.comm) = (State::Pending, Status::EMPTY, comm);
        // A free slot's body holds nothing.
        std::mem::forget(std::mem::replace(&mut slot.body, body));
        at
    }

    #[inline]
    fn slot(&self, id: RequestId) -> Option<&Slot> {
        self.slots.get(Self::index(id)?).filter(|s| s.is_known())
    }

    pub fn contains(&self, id: RequestId) -> bool {
        id == COMPLETED || self.slot(id).is_some()
    }

    pub fn comm(&self, id: RequestId) -> Option<Rc<Comm>> {
        self.slot(id)?.comm.clone()
    }

    pub fn body(&mut self, id: RequestId) -> Option<&mut Body> {
        let slot = self.slots.get_mut(Self::index(id)?).filter(|s| s.is_known())?;
        Some(&mut slot.body)
    }

    /// Freed by the program, not yet complete.
    pub fn is_abandoned(&self, id: RequestId) -> bool {
        Self::index(id).and_then(|at| self.slots.get(at)).is_some_and(|s| s.state == State::Orphan)
    }

    /// As [`Requests::body`], for abandoned requests too.
    pub fn any_body(&mut self, id: RequestId) -> Option<&mut Body> {
        self.slots.get_mut(Self::index(id)?).filter(|s| s.state != State::Free).map(|s| &mut s.body)
    }

    #[inline]
    pub fn is_done(&self, id: RequestId) -> bool {
        id == COMPLETED || self.slot(id).is_none_or(Slot::is_complete)
    }

    /// Status and error of a completed request, without releasing it.
    pub fn peek(&self, id: RequestId) -> Option<(Status, Option<&Error>)> {
        let slot = self.slot(id).filter(|s| s.is_complete())?;
        Some((slot.status, slot.error.as_ref()))
    }

    /// Takes the outcome of a completed request and releases its slot.
    #[inline]
    pub fn take(&mut self, id: RequestId) -> Outcome {
        let Some(at) = Self::index(id).filter(|&at| at < self.slots.len()) else {
            return Outcome { status: Status::EMPTY, error: None };
        };
        let slot = &mut self.slots[at];
        let comm = slot.comm.take();
        let error = slot.error.take().map(|e| match &comm {
            Some(comm) if e.target().is_none() => crate::p2p::protocol::on_comm(e, comm),
            _ => e,
        });
        let status = slot.status;
        self.release(at as u32);
        Outcome { status, error }
    }

    /// As [`Requests::take`], for a request that has ended without error; the handle becomes MPI_REQUEST_NULL.
    /// None: it is another one.
    #[inline]
    pub fn take_settled(&mut self, id: RequestId) -> Option<Status> {
        if id == RequestId::NULL || id == COMPLETED {
            return Some(Status::EMPTY);
        }
        let at = Self::index(id)?;
        let slot = self.slots.get(at).filter(|s| s.state == State::Done)?;
        let status = slot.status;
        self.release(at as u32);
        Some(status)
    }

    #[inline]
    fn release(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        if slot.state != State::Free {
            slot.state = State::Free;
            slot.comm = None;
            slot.error = None;
            slot.body.clear();
            self.free.push(at);
        }
    }

    /// The program lets go of a request.
    pub fn abandon(&mut self, id: RequestId) {
        let Some(at) = Self::index(id).filter(|&at| at < self.slots.len()) else { return };
        let slot = &mut self.slots[at];
        if slot.is_complete() || matches!(slot.body, Body::Persistent(_)) {
            self.release(at as u32);
        } else if slot.state == State::Pending {
            slot.state = State::Orphan;
        }
    }

    // ---- used by the protocol ----

    #[inline]
    pub fn pending_body(&mut self, request: u32) -> Option<&mut Body> {
        let slot = self.slots.get_mut(request as usize)?;
        slot.is_pending().then_some(&mut slot.body)
    }

    pub fn pending_where(&self, wanted: impl Fn(&Body) -> bool) -> Vec<u32> {
        let pending = self.slots.iter().enumerate().filter(|(_, s)| s.is_pending() && wanted(&s.body));
        pending.map(|(i, _)| i as u32).collect()
    }

    /// Sets the outcome before the request is complete.
    #[inline]
    pub fn set_result(&mut self, request: u32, status: Status, error: Option<Error>) {
        let slot = &mut self.slots[request as usize];
        slot.status = status;
        slot.error = error;
    }

    #[inline]
    pub fn complete(&mut self, request: u32, status: Status, error: Option<Error>) {
        self.set_result(request, status, error);
        self.finish(request);
    }

    /// As [`Requests::complete`], without error.
    #[inline]
    pub fn succeed(&mut self, request: u32, status: Status) {
        let slot = &mut self.slots[request as usize];
        slot.status = status;
        match slot.state {
            State::Pending => {
                slot.state = State::Done;
                slot.body.clear();
            }
            _ => self.finish(request),
        }
    }

    /// The request is complete; its outcome has been set.
    #[inline]
    pub fn finish(&mut self, request: u32) {
        let slot = &mut self.slots[request as usize];
        if slot.state == State::Orphan {
            return self.release(request);
        }
        slot.state = if slot.error.is_some() { State::Failed } else { State::Done };
        slot.body.clear();
    }

    pub fn live(&self) -> usize {
        self.slots.iter().filter(|s| s.state != State::Free).count()
    }
}
