//! Layout of the node segment: one memory file that all ranks of a job on one host share.
//!
//! ```text
//!   page 0        header: magic, version, number of local ranks
//!   page 1..=n    control block of each local rank (doorbell, hot-ring bits)
//!   then          n × n rings, ring (receiver, sender): one control page + DATA_BYTES of 64-byte segments + cells
//!   then          bounce buffers of each local rank
//! ```
//! The file is sparse: a ring costs memory once its two ranks have talked, nothing before.

use super::bounce::{self, Returned};
use super::cells;
use super::claims::Claims;
use crate::sync::{AtomicU32, AtomicU64};

pub const PAGE: usize = 4096;
pub const MAGIC: u32 = 0x564d_4932; // "VMI2"
/// Changes whenever the layout or the meaning of a field does, here or on a [`super::board`].
pub const VERSION: u32 = 5;
/// IVC's ring size (SC'07: small on purpose, it stays in cache).
pub const DATA_BYTES: usize = 64 * 1024;
pub const RING_STRIDE: usize = PAGE + DATA_BYTES;
/// A ring with its cells.
pub const PAIR_STRIDE: usize = RING_STRIDE + cells::PER_RING * cells::BYTES;
/// Bounce buffers of a rank.
pub const BOUNCE_STRIDE: usize = bounce::BUFFERS * bounce::BYTES;
/// Most ranks of one job on one host: the hot bits below.
pub const MAX_LOCAL: usize = 1024;

/// Bytes of the node segment for `ranks` local ranks.
pub const fn node_size(ranks: usize) -> u64 {
    (PAGE * (1 + ranks) + ranks * ranks * PAIR_STRIDE + ranks * BOUNCE_STRIDE) as u64
}

#[repr(C)]
pub struct NodeHeader {
    pub magic: AtomicU32,
    pub version: AtomicU32,
    pub ranks: AtomicU32,
}

/// What a rank shows its neighbours.
#[repr(C, align(64))]
pub struct Control {
    /// Futex word; counts rings of the bell.
    pub bell: AtomicU32,
    _pad0: [u32; 15],
    /// 1 while the rank sleeps or is about to. Written by the owner, read by every sender.
    pub sleeping: AtomicU32,
    /// Process id of the rank, for process_vm_readv. 0 until the rank has started.
    pub pid: AtomicU32,
    /// 1 if the rank issues barriers for both sides (membarrier); else senders must fence.
    pub barrier: AtomicU32,
    /// 1 if peers may read this rank's memory with process_vm_readv.
    pub readable: AtomicU32,
    _pad1: [u32; 12],
    /// Bit s: sender s found its ring cold and asks to be polled again.
    pub hot: [AtomicU64; MAX_LOCAL / 64],
    /// Of this rank's bounce buffers.
    pub returned: Returned,
}

#[repr(C, align(64))]
pub struct RingControl {
    /// Lines consumed so far, published lazily by the receiver.
    pub head: AtomicU64,
    _pad0: [u64; 7],
    /// 1 while the receiver polls this ring.
    pub hot: AtomicU32,
    _pad1: [u32; 15],
    /// Of the copy under way from this sender's memory.
    pub claims: Claims,
}

const _: () = {
    assert!(size_of::<Control>() <= PAGE);
    assert!(size_of::<RingControl>() <= PAGE);
    assert!(std::mem::offset_of!(Control, sleeping) == 64);
    assert!(std::mem::offset_of!(RingControl, hot) == 64);
};
