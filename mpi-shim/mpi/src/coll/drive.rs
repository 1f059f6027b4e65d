//! Driving an operation: to its end (blocking), as a request (nonblocking), or as often as started (persistent).
//!
//! An operation is a value that implements [`Collective`]: its arguments, checked. The three forms of each MPI
//! function share that value and its one `async fn run`.

use super::board;
use super::leaders::{self, Map};
use super::needs::*;
use super::wire::{Port, Wire};
use crate::error::Result;
use crate::{Eng, RequestId, Status};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// One collective operation with checked arguments.
pub trait Collective {
    fn comm(&self) -> &Rc<Comm>;
    /// The blocking form over shared memory. None: the operation goes by messages, and all ranks know it.
    #[inline]
    fn on_board(&self, _e: Eng, _tag: i32) -> board::Outcome {
        None
    }
    /// Whether leaders shall serve it, where the ranks are on several hosts. All ranks answer alike.
    fn wants_leaders(&self, _map: &Map) -> bool {
        false
    }
    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        self.run(op.whole()).await
    }
    /// By messages between all ranks.
    async fn run(&self, w: &Wire) -> Result;
}

/// Runs `operation` to its end.
pub fn block(e: Eng, operation: impl Collective) -> Result {
    let tag = next_tag(operation.comm());
    match operation.on_board(e, tag) {
        Some(result) => result,
        None => without_board(e, operation, tag),
    }
}

#[inline(never)]
fn without_board(e: Eng, operation: impl Collective, tag: i32) -> Result {
    let comm = operation.comm();
    let wanted = leaders::serve(e, comm, |map| operation.wants_leaders(map));
    let way = Way::with(comm, tag, wanted, next_tag);
    block_on(e, way.run(e, &operation, true))
}

/// Starts `operation`; the request completes with it.
pub fn start(e: Eng, operation: impl Collective + 'static) -> Result<RequestId> {
    let way = Way::of(e, &operation, next_tag);
    start_on(e, Rc::new(operation), way)
}

/// Prepares `operation` to be started any number of times. It keeps one tag: rounds of one operation cannot
/// mix, because messages between two ranks stay in order, and operations may be started in any order.
pub fn persist(e: Eng, operation: impl Collective + 'static) -> Result<RequestId> {
    let way = Way::of(e, &operation, next_persistent_tag);
    let operation = Rc::new(operation);
    let start = Rc::new(move |e| start_on(e, operation.clone(), way));
    Ok(request::insert_persistent(e, start))
}

fn start_on<C: Collective + 'static>(e: Eng, operation: Rc<C>, way: Way) -> Result<RequestId> {
    Ok(spawn(e, async move { way.run(e, &*operation, false).await }))
}

/// The way of an operation: the same on all ranks.
#[derive(Clone, Copy)]
struct Way {
    tag: i32,
    leaders: Option<leaders::Tags>,
}

impl Way {
    /// Of an operation that does not block.
    fn of(e: Eng, operation: &impl Collective, next: impl Fn(&Comm) -> i32) -> Way {
        let comm = operation.comm();
        let wanted = leaders::are_there(e, comm, |map| operation.wants_leaders(map));
        Way::with(comm, next(comm), wanted, next)
    }

    fn with(comm: &Comm, tag: i32, leaders: bool, next: impl Fn(&Comm) -> i32) -> Way {
        Way { tag, leaders: if leaders { leaders::Tags::take(comm, next) } else { None } }
    }

    async fn run(self, e: Eng, operation: &impl Collective, blocking: bool) -> Result {
        let w = wire(e, operation.comm(), self.tag);
        match self.leaders {
            Some(tags) => leaders::run(e, w, tags, operation, blocking).await,
            None => w.verdict(operation.run(&w).await),
        }
    }
}

/// A request that completes with `task`. The first step is taken at once, so that messages leave early.
pub fn spawn(e: Eng, task: impl Future<Output = Result> + 'static) -> RequestId {
    let mut task: Pin<Box<dyn Future<Output = Result>>> = Box::pin(task);
    let mut early = step(&mut task);
    request::insert_generic(e, Box::new(move |_| early.take().or_else(|| step(&mut task))))
}

fn step(task: &mut Pin<Box<dyn Future<Output = Result>>>) -> Option<Result<Status>> {
    match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => None,
        Poll::Ready(result) => Some(result.map(|()| Status::EMPTY)),
    }
}

/// Polls `task` after every step of progress until it is done.
pub fn block_on<T>(e: Eng, task: impl Future<Output = Result<T>>) -> Result<T> {
    let mut task = pin!(task);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = task.as_mut().poll(&mut context) {
            return result;
        }
        e.progress_wait()?;
    }
}

/// The wire of the operation `tag` on `comm`.
pub fn wire(e: Eng, comm: &Rc<Comm>, tag: i32) -> Wire {
    let peers = if comm.is_inter() { comm.remote_size() } else { comm.size() };
    let shape = (comm.rank as usize, comm.size() as usize, peers as usize);
    Wire::new(Port::Engine(e, comm.clone()), tag, shape, (byte(e), word(e)))
}

/// Tags of one communicator's operations; the same sequence on all its ranks, because collective operations
/// are called in the same order everywhere (MPI-5.0 §6.14). Persistent operations count from the other half.
#[derive(Default, Debug)]
pub struct Tags {
    operations: std::cell::Cell<i32>,
    persistent: std::cell::Cell<i32>,
}

const HALF: i32 = 1 << 30;

impl Tags {
    fn next(counter: &std::cell::Cell<i32>) -> i32 {
        let tag = counter.get();
        counter.set((tag + 1) % HALF);
        tag
    }
}

pub fn next_tag(comm: &Comm) -> i32 {
    Tags::next(&comm.coll.tags.operations)
}

fn next_persistent_tag(comm: &Comm) -> i32 {
    HALF + Tags::next(&comm.coll.tags.persistent)
}
