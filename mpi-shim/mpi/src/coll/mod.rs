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
//! Programs whose ranks disagree about a length: whoever sees a wrong one reports `MPI_ERR_TRUNCATE` when the operation
//! ends. All end as long as the ranks take the same way and the same turns. The varying forms always do, over a board,
//! over leaders and by messages, and scans over a board. In the others the table, the board and the algorithms choose by
//! the length, so lengths on both sides of a switch leave ranks waiting for each other, in this operation or in the next
//! one on the board: to see that, every operation would have to compare lengths before it begins. Less than fits is
//! believed in gather, scatter and alltoall, as peers do.
//!
//! Invariants: ranks choose algorithms from what all of them know alike; operations on operands run with no
//! `RefCell` borrowed, so the program's functions may call MPI.

mod agree;
mod allgather;
mod allreduce;
mod alltoall;
mod barrier;
mod bcast;
mod board;
mod check;
mod choice;
mod drive;
mod fold;
mod gather;
mod leaders;
pub(crate) mod needs;
mod neighbor;
mod part;
mod pool;
mod reduce;
mod reduce_scatter;
mod scan;
mod scatter;
mod shape;
#[cfg(test)]
mod sim;
mod spread;
#[cfg(test)]
mod tests;
mod wire;

pub use agree::{allgather_bytes, allreduce_ints, barrier_on, bcast_bytes};
pub use drive::{block_on, spawn};
pub use fold::Agree;

use crate::error::Result;
use crate::{CommId, Eng, Handles, InfoId, Ints, OpId, RequestId, TypeId, UserBuf};

/// What a communicator keeps for its collectives.
#[derive(Default)]
pub struct PerComm {
    tags: drive::Tags,
    board: board::Place,
    leaders: leaders::Place,
}

/// What the engine keeps for collectives.
#[derive(Default)]
pub struct State {
    pool: pool::Pool,
}

/// The blocking, nonblocking and persistent form of each collective.
macro_rules! forms {
    ($($family:ident::$operation:ident::$new:ident: $blocking:ident $starting:ident $preparing:ident ($($arg:ident: $kind:ty),* $(,)?);)+) => {$(
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $blocking(e: Eng, $($arg: $kind),*) -> Result {
            drive::block(e, $family::$operation::$new(e, $($arg),*)?)
        }
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $starting(e: Eng, $($arg: $kind),*) -> Result<RequestId> {
            drive::start(e, $family::$operation::$new(e, $($arg),*)?)
        }
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $preparing(e: Eng, $($arg: $kind,)* _info: InfoId) -> Result<RequestId> {
            drive::persist(e, $family::$operation::$new(e, $($arg),*)?)
        }
    )+};
}

forms! {
    barrier::Barrier::new: barrier ibarrier barrier_init (comm: CommId);
    bcast::Bcast::new: bcast ibcast bcast_init
        (buffer: UserBuf, count: i64, datatype: TypeId, root: i32, comm: CommId);
    gather::Gather::new: gather igather gather_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64, recvtype: TypeId,
         root: i32, comm: CommId);
    gather::Gather::varying: gatherv igatherv gatherv_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcounts: Ints, displs: Ints,
         recvtype: TypeId, root: i32, comm: CommId);
    scatter::Scatter::new: scatter iscatter scatter_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64, recvtype: TypeId,
         root: i32, comm: CommId);
    scatter::Scatter::varying: scatterv iscatterv scatterv_init
        (sendbuf: UserBuf, sendcounts: Ints, displs: Ints, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64,
         recvtype: TypeId, root: i32, comm: CommId);
    allgather::Allgather::new: allgather iallgather allgather_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64, recvtype: TypeId,
         comm: CommId);
    allgather::Allgather::varying: allgatherv iallgatherv allgatherv_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcounts: Ints, displs: Ints,
         recvtype: TypeId, comm: CommId);
    alltoall::Alltoall::new: alltoall ialltoall alltoall_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64, recvtype: TypeId,
         comm: CommId);
    alltoall::Alltoall::varying: alltoallv ialltoallv alltoallv_init
        (sendbuf: UserBuf, sendcounts: Ints, sdispls: Ints, sendtype: TypeId, recvbuf: UserBuf, recvcounts: Ints,
         rdispls: Ints, recvtype: TypeId, comm: CommId);
    alltoall::Alltoall::each: alltoallw ialltoallw alltoallw_init
        (sendbuf: UserBuf, sendcounts: Ints, sdispls: Ints, sendtypes: Handles<TypeId>, recvbuf: UserBuf,
         recvcounts: Ints, rdispls: Ints, recvtypes: Handles<TypeId>, comm: CommId);
    reduce::Reduce::new: reduce ireduce reduce_init
        (sendbuf: UserBuf, recvbuf: UserBuf, count: i64, datatype: TypeId, op: OpId, root: i32, comm: CommId);
    allreduce::Allreduce::new: allreduce iallreduce allreduce_init
        (sendbuf: UserBuf, recvbuf: UserBuf, count: i64, datatype: TypeId, op: OpId, comm: CommId);
    reduce_scatter::ReduceScatter::new: reduce_scatter ireduce_scatter reduce_scatter_init
        (sendbuf: UserBuf, recvbuf: UserBuf, recvcounts: Ints, datatype: TypeId, op: OpId, comm: CommId);
    reduce_scatter::ReduceScatter::block: reduce_scatter_block ireduce_scatter_block reduce_scatter_block_init
        (sendbuf: UserBuf, recvbuf: UserBuf, recvcount: i64, datatype: TypeId, op: OpId, comm: CommId);
    scan::Scan::new: scan iscan scan_init
        (sendbuf: UserBuf, recvbuf: UserBuf, count: i64, datatype: TypeId, op: OpId, comm: CommId);
    scan::Scan::exclusive: exscan iexscan exscan_init
        (sendbuf: UserBuf, recvbuf: UserBuf, count: i64, datatype: TypeId, op: OpId, comm: CommId);
    neighbor::Neighbor::allgather: neighbor_allgather ineighbor_allgather neighbor_allgather_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64, recvtype: TypeId,
         comm: CommId);
    neighbor::Neighbor::allgatherv: neighbor_allgatherv ineighbor_allgatherv neighbor_allgatherv_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcounts: Ints, displs: Ints,
         recvtype: TypeId, comm: CommId);
    neighbor::Neighbor::alltoall: neighbor_alltoall ineighbor_alltoall neighbor_alltoall_init
        (sendbuf: UserBuf, sendcount: i64, sendtype: TypeId, recvbuf: UserBuf, recvcount: i64, recvtype: TypeId,
         comm: CommId);
    neighbor::Neighbor::alltoallv: neighbor_alltoallv ineighbor_alltoallv neighbor_alltoallv_init
        (sendbuf: UserBuf, sendcounts: Ints, sdispls: Ints, sendtype: TypeId, recvbuf: UserBuf, recvcounts: Ints,
         rdispls: Ints, recvtype: TypeId, comm: CommId);
    neighbor::Neighbor::alltoallw: neighbor_alltoallw ineighbor_alltoallw neighbor_alltoallw_init
        (sendbuf: UserBuf, sendcounts: Ints, sdispls: Ints, sendtypes: Handles<TypeId>, recvbuf: UserBuf,
         recvcounts: Ints, rdispls: Ints, recvtypes: Handles<TypeId>, comm: CommId);
}
