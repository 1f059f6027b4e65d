//! The wire of one collective operation: messages between the ranks of a communicator, as futures.
//!
//! One up: the algorithms of this folder, each an `async fn` over [`Wire`]. One down: the raw point-to-point
//! calls of `request`. There is no executor and no waker: whoever drives the operation polls it again after
//! every step of progress ([`super::drive`]).
//!
//! Messages of one operation carry its tag and travel on the communicator's collective context, so operations
//! on one communicator never mix. A message of unexpected length is noted and the algorithm goes on, so that
//! this rank's peers are not left waiting; [`Wire::verdict`] reports it at the end.
//!
//! Invariant: every request is awaited before the memory it uses is given back. An operation that stops early
//! on a broken connection leaks its temporary memory instead of letting a late message write into it.

use super::fold::Fold;
use super::needs::*;
use super::part::Part;
use super::pool::Pool;
use crate::datatype::Memory;
use crate::error::{Error, Result};
use crate::matching::Envelope;
use crate::{RequestId, Status, UserBuf, fail};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// What carries the messages.
pub enum Port {
    Engine(crate::Eng, Rc<Comm>),
    #[cfg(test)]
    Sim(Rc<super::sim::Sim>),
}

pub struct Wire {
    port: Port,
    tag: i32,
    /// My rank in the (local) group.
    pub rank: usize,
    /// Size of the (local) group.
    pub size: usize,
    /// Number of ranks that messages can be addressed to: the size, or the remote group's on an intercommunicator.
    pub peers: usize,
    byte: Rc<Datatype>,
    word: Rc<Datatype>,
    fault: RefCell<Option<Error>>,
    open: Cell<usize>,
}

impl Wire {
    /// `byte` and `word` are the types of one byte and of eight.
    pub fn new(
        port: Port,
        tag: i32,
        (rank, size, peers): (usize, usize, usize),
        (byte, word): (Rc<Datatype>, Rc<Datatype>),
    ) -> Wire {
        Wire { port, tag, rank, size, peers, byte, word, fault: RefCell::new(None), open: Cell::new(0) }
    }

    /// The type of a 64-bit integer.
    pub fn word(&self) -> Rc<Datatype> {
        self.word.clone()
    }

    /// `len` bytes at `buf`.
    pub fn bytes(&self, buf: UserBuf, len: usize) -> Part<'_> {
        Part { buf, count: len as i64, dt: &self.byte }
    }

    pub fn isend(&self, part: Part, dest: usize) -> Result<Pending<'_>> {
        let id = match &self.port {
            Port::Engine(e, comm) => request::isend_raw(
                e,
                SendMode::Standard,
                comm,
                context(comm),
                part.buf,
                part.count,
                part.dt,
                dest as i32,
                self.tag,
            )?,
            #[cfg(test)]
            Port::Sim(sim) => sim.isend(part, dest, self.tag),
        };
        Ok(self.pending(id, Length::Sent))
    }

    /// A receive whose message must be exactly as long as `part`.
    pub fn irecv(&self, part: Part, source: usize) -> Result<Pending<'_>> {
        self.post(part, source, Length::Exactly(part.len(), source), |memory| memory)
    }

    /// A receive whose message may be shorter than `part`: peers accept this from careless programs.
    pub fn irecv_up_to(&self, part: Part, source: usize) -> Result<Pending<'_>> {
        self.post(part, source, Length::UpTo, |memory| memory)
    }

    /// As [`Wire::recv`], of what is combined as soon as it has come.
    pub async fn recv_operand(&self, part: Part<'_>, source: usize) -> Result {
        self.post(part, source, Length::Exactly(part.len(), source), Memory::used_at_once)?.await
    }

    fn post(
        &self,
        part: Part,
        source: usize,
        length: Length,
        with: impl FnOnce(Memory) -> Memory,
    ) -> Result<Pending<'_>> {
        let id = match &self.port {
            Port::Engine(e, comm) => {
                let pattern = Envelope { context: context(comm), source: source as i32, tag: self.tag };
                request::irecv_memory(e, comm, with(Memory::new(part.buf, part.count, part.dt)), pattern)
            }
            #[cfg(test)]
            Port::Sim(sim) => sim.irecv(part, source, self.tag),
        };
        Ok(self.pending(id, length))
    }

    fn pending(&self, id: RequestId, length: Length) -> Pending<'_> {
        self.open.set(self.open.get() + 1);
        Pending { wire: self, id, length }
    }

    pub async fn send(&self, part: Part<'_>, dest: usize) -> Result {
        self.isend(part, dest)?.await
    }

    pub async fn recv(&self, part: Part<'_>, source: usize) -> Result {
        self.irecv(part, source)?.await
    }

    /// Sends and receives at the same time.
    pub async fn exchange(&self, out: Part<'_>, dest: usize, into: Part<'_>, source: usize) -> Result {
        let received = self.irecv(into, source)?;
        let sent = self.isend(out, dest)?;
        received.await?;
        sent.await
    }

    /// Combines `count` elements: `inout = input op inout`.
    pub fn fold(&self, fold: &Fold, input: UserBuf, inout: UserBuf, count: i64) -> Result {
        if count == 0 {
            return Ok(());
        }
        match &self.port {
            Port::Engine(e, _) => fold.apply(e, input, inout, count),
            #[cfg(test)]
            Port::Sim(sim) => sim.fold(fold, input, inout, count),
        }
    }

    /// Temporary memory of `len` bytes; its content is arbitrary.
    pub fn temp(&self, len: usize) -> Temp<'_> {
        Temp::of(std::slice::from_ref(self), len)
    }

    /// Temporary memory for `count` elements of `dt`; `base` is the address of the first element.
    pub fn temp_for(&self, dt: &Datatype, count: i64) -> Temp<'_> {
        Temp::for_elements(std::slice::from_ref(self), dt, count)
    }

    fn pool(&self) -> Option<&Pool> {
        match &self.port {
            Port::Engine(e, _) => Some(&e.coll.pool),
            #[cfg(test)]
            Port::Sim(_) => None,
        }
    }

    fn poll_request(&self, id: RequestId) -> Option<Result<Status>> {
        match &self.port {
            Port::Engine(e, _) => request::poll_done(e, id),
            #[cfg(test)]
            Port::Sim(sim) => sim.poll_done(id),
        }
    }

    /// Keeps the first fault of this operation.
    pub fn note(&self, error: Error) {
        self.fault.borrow_mut().get_or_insert(error);
    }

    /// The result of the whole operation: `result`, or the fault noted on the way.
    pub fn verdict(&self, result: Result) -> Result {
        result?;
        match self.fault.borrow_mut().take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// What is known about the length of a message.
#[derive(Clone, Copy)]
enum Length {
    Sent,
    UpTo,
    Exactly(usize, usize),
}

/// A posted send or receive; resolves when it is complete.
pub struct Pending<'w> {
    wire: &'w Wire,
    id: RequestId,
    length: Length,
}

impl Pending<'_> {
    /// No message will come for this receive: it is complete now, unless one has come all the same.
    pub fn withdraw(&self) {
        match &self.wire.port {
            Port::Engine(e, _) => request::withdraw(e, self.id),
            #[cfg(test)]
            Port::Sim(_) => unreachable!("nothing is withdrawn in the simulator"),
        }
    }

    fn finish(&self, outcome: Result<Status>) -> Result {
        self.wire.open.set(self.wire.open.get() - 1);
        match outcome {
            Ok(status) => {
                self.check(&status).unwrap_or_else(|error| self.wire.note(error));
                Ok(())
            }
            Err(error) if error.code() == crate::constants::class::TRUNCATE => {
                self.wire.note(error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn check(&self, status: &Status) -> Result {
        if let Length::Exactly(expected, source) = self.length
            && status.bytes != expected as u64
        {
            fail!(
                TRUNCATE,
                "rank {source} sent {} bytes where this rank expected {expected}: count, datatype or the collective \
                 function itself differ between ranks",
                status.bytes
            );
        }
        Ok(())
    }
}

impl Future for Pending<'_> {
    type Output = Result;
    fn poll(self: Pin<&mut Self>, _: &mut Context) -> Poll<Result> {
        match self.wire.poll_request(self.id) {
            Some(outcome) => Poll::Ready(self.finish(outcome)),
            None => Poll::Pending,
        }
    }
}

/// Any number of posted sends and receives; resolves when all are complete.
#[derive(Default)]
pub struct Batch<'w> {
    pending: Vec<Pending<'w>>,
    error: Option<Error>,
}

impl<'w> Batch<'w> {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a request; one that is complete is done with at once, as most sends are.
    pub fn push(&mut self, pending: Pending<'w>) {
        match pending.wire.poll_request(pending.id) {
            None => self.pending.push(pending),
            Some(outcome) => {
                if let Err(error) = pending.finish(outcome) {
                    self.error.get_or_insert(error);
                }
            }
        }
    }

    /// Waits until at most `keep` requests are left.
    pub async fn shrink_to(&mut self, keep: usize) -> Result {
        std::future::poll_fn(|cx| self.poll_down_to(keep, cx)).await
    }

    pub async fn all(mut self) -> Result {
        self.shrink_to(0).await
    }

    /// Looks at the last request only until that is complete: all must complete, so the others can wait.
    fn drop_completed(&mut self, cx: &mut Context) {
        while let Some(last) = self.pending.last_mut() {
            match Pin::new(last).poll(cx) {
                Poll::Pending => return,
                Poll::Ready(outcome) => {
                    if let Err(e) = outcome {
                        self.error.get_or_insert(e);
                    }
                }
            }
            self.pending.pop();
        }
    }

    fn poll_down_to(&mut self, keep: usize, cx: &mut Context) -> Poll<Result> {
        if keep == 0 {
            self.drop_completed(cx);
        } else {
            let error = &mut self.error;
            self.pending.retain_mut(|pending| match Pin::new(pending).poll(cx) {
                Poll::Pending => true,
                Poll::Ready(outcome) => {
                    if let Err(e) = outcome {
                        error.get_or_insert(e);
                    }
                    false
                }
            });
        }
        if self.pending.len() > keep {
            return Poll::Pending;
        }
        match self.error.take() {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// Temporary memory, returned to the engine's pool when dropped.
pub struct Temp<'w> {
    bytes: Vec<u8>,
    /// Where element 0 lies; the start of the memory for plain bytes.
    pub base: UserBuf,
    wires: &'w [Wire],
}

impl<'w> Temp<'w> {
    /// `len` bytes that messages of all `wires` may use; there is at least one.
    pub fn of(wires: &'w [Wire], len: usize) -> Temp<'w> {
        let mut bytes = match wires[0].pool() {
            Some(pool) => pool.take(len),
            None => vec![0xAA; len],
        };
        let base = UserBuf::of(&mut bytes);
        Temp { bytes, base, wires }
    }

    /// As [`Temp::of`], for `count` elements of `dt`.
    pub fn for_elements(wires: &'w [Wire], dt: &Datatype, count: i64) -> Temp<'w> {
        let (low, high) = Part::span(dt, count);
        let mut temp = Temp::of(wires, (high - low) as usize);
        temp.base = temp.base.offset(-low as isize);
        temp
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if self.wires.iter().any(|wire| wire.open.get() > 0) {
            std::mem::forget(bytes);
        } else if let Some(pool) = self.wires[0].pool() {
            pool.give(bytes);
        }
    }
}
