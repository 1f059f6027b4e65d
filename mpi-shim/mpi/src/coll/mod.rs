//! Collective operations.
//!
//! One up: the emitters call the functions of this file; `comm` and `win` use [`allreduce_ints`] and its
//! neighbours for their agreements. One down: `request` moves the messages.
//!
//! An operation is a value with checked arguments whose algorithm is one `async fn` over a [`wire::Wire`]
//! ([`drive`] turns it into the blocking, the nonblocking and the persistent form). Each family has its file; which
//! algorithm runs is decided by the tables in [`choice`]. Messages travel on the communicator's collective context
//! under a tag per operation, so operations in flight never mix with each other or with point-to-point messages.
//!
//! Invariants: ranks choose algorithms from what all of them know alike; operations on operands run with no
//! `RefCell` borrowed, so the program's functions may call MPI.

mod agree;
mod allgather;
mod allreduce;
mod barrier;
mod bcast;
mod check;
mod choice;
mod drive;
mod fold;
pub(crate) mod needs;
mod part;
mod pool;
mod reduce;
mod shape;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;
mod wire;

pub use agree::{allgather_bytes, allreduce_ints, barrier_on, bcast_bytes};
pub use drive::{block_on, spawn};
pub use fold::Agree;

use crate::error::Result;
use crate::{CommId, Eng, InfoId, OpId, RequestId, TypeId, UserBuf};

/// What a communicator keeps for its collectives.
#[derive(Default, Debug)]
pub struct PerComm {
    tags: drive::Tags,
}

/// What the engine keeps for collectives.
#[derive(Default)]
pub struct State {
    pool: pool::Pool,
}

/// The blocking, nonblocking and persistent form of each collective.
macro_rules! forms {
    ($($operation:ty: $blocking:ident $starting:ident $preparing:ident ($($arg:ident: $kind:ty),* $(,)?);)+) => {$(
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $blocking(e: Eng, $($arg: $kind),*) -> Result {
            drive::block(e, <$operation>::new(e, $($arg),*)?)
        }
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $starting(e: Eng, $($arg: $kind),*) -> Result<RequestId> {
            drive::start(e, <$operation>::new(e, $($arg),*)?)
        }
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $preparing(e: Eng, $($arg: $kind,)* _info: InfoId) -> Result<RequestId> {
            drive::persist(e, <$operation>::new(e, $($arg),*)?)
        }
    )+};
}

forms! {
    barrier::Barrier: barrier ibarrier barrier_init (comm: CommId);
    bcast::Bcast: bcast ibcast bcast_init (buffer: UserBuf, count: i64, datatype: TypeId, root: i32, comm: CommId);
    reduce::Reduce: reduce ireduce reduce_init
        (sendbuf: UserBuf, recvbuf: UserBuf, count: i64, datatype: TypeId, op: OpId, root: i32, comm: CommId);
    allreduce::Allreduce: allreduce iallreduce allreduce_init
        (sendbuf: UserBuf, recvbuf: UserBuf, count: i64, datatype: TypeId, op: OpId, comm: CommId);
}
