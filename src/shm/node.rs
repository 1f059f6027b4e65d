//! The node segment as one rank sees it: control blocks and rings, found by local index.

use super::bounce::{self, Bounce};
use super::cells::{self, Cell};
use super::lines::SharedLines;
use super::ring::{Consumer, Producer};
use super::segment::{
    BOUNCE_STRIDE, Control, MAGIC, MAX_LOCAL, NodeHeader, PAGE, PAIR_STRIDE, RING_STRIDE, VERSION,
};
use crate::core::buffer::UserBuf;
use crate::sync::Ordering;
use crate::sys::memory::{Mapping, file_len};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// A mapped node segment.
pub struct Node {
    map: Arc<Mapping>,
    ranks: usize,
}

impl Node {
    /// Maps the segment behind `fd` for `ranks` local ranks, and writes or checks its header.
    ///
    /// # Errors
    /// The file is too small for `ranks`, there are more than [`MAX_LOCAL`], or another version made it.
    pub fn map(fd: BorrowedFd<'_>, ranks: usize) -> io::Result<Arc<Node>> {
        let want = super::segment::node_size(ranks);
        let have = file_len(fd)?;
        if ranks > MAX_LOCAL {
            return Err(io::Error::other(format!(
                "{ranks} ranks on one host, at most {MAX_LOCAL} can share memory"
            )));
        }
        if have < want {
            return Err(io::Error::other(format!(
                "node segment has {have} bytes, {ranks} ranks need {want}"
            )));
        }
        let node = Node { map: Arc::new(Mapping::shared(fd, want as usize)?), ranks };
        node.check_header()?;
        Ok(Arc::new(node))
    }

    fn check_header(&self) -> io::Result<()> {
        // SAFETY: the mapping is at least a page long and page aligned; the header is atomics only.
        let header = unsafe { &*self.map.base().cast::<NodeHeader>() };
        for (field, ours, name) in [
            (&header.magic, MAGIC, "magic"),
            (&header.version, VERSION, "version"),
            (&header.ranks, self.ranks as u32, "ranks"),
        ] {
            let found = field.compare_exchange(0, ours, Ordering::AcqRel, Ordering::Acquire);
            if let Err(other) = found
                && other != ours
            {
                return Err(io::Error::other(format!(
                    "node segment has {name} {other:#x}, expected {ours:#x}"
                )));
            }
        }
        Ok(())
    }

    pub fn ranks(&self) -> usize {
        self.ranks
    }

    /// Control block of local rank `index`.
    pub fn control(&self, index: usize) -> &Control {
        assert!(index < self.ranks, "local index within the job");
        // SAFETY: within the mapping (checked size in `map`), page aligned, made of atomics only.
        unsafe { &*self.map.base().add(PAGE * (1 + index)).cast::<Control>() }
    }

    /// Where ring (`receiver`, `sender`) begins, in bytes.
    fn ring_at(&self, receiver: usize, sender: usize) -> usize {
        assert!(receiver < self.ranks && sender < self.ranks, "local index within the job");
        PAGE * (1 + self.ranks) + (receiver * self.ranks + sender) * PAIR_STRIDE
    }

    fn ring(&self, receiver: usize, sender: usize) -> SharedLines {
        SharedLines::at(&self.map, self.ring_at(receiver, sender))
    }

    /// The bytes of `cell`, as a record in ring (`receiver`, `sender`) names it.
    #[inline]
    pub fn cell(&self, receiver: usize, sender: usize, cell: Cell) -> UserBuf {
        let (ring, nth) = match cell.behind_its_ring() {
            (true, nth) => (self.ring_at(receiver, sender), nth),
            (false, nth) => (self.ring_at(sender, receiver), nth),
        };
        // SAFETY: within the mapping (checked size in `map`), which the node keeps; whoever copies stays within
        // `cells::BYTES`, the longest record.
        unsafe { UserBuf::from_raw(self.map.base().wrapping_add(ring + RING_STRIDE + nth * cells::BYTES)) }
    }

    /// The [`bounce::BYTES`] of a bounce buffer of `owner`.
    pub fn bounce(&self, owner: usize, bounce: Bounce) -> UserBuf {
        assert!(owner < self.ranks, "local index within the job");
        let at = PAGE * (1 + self.ranks) + self.ranks * self.ranks * PAIR_STRIDE + owner * BOUNCE_STRIDE;
        // SAFETY: within the mapping (checked size in `map`), which the node keeps; whoever copies stays within
        // `bounce::BYTES`, the longest record there.
        unsafe { UserBuf::from_raw(self.map.base().wrapping_add(at + bounce.nth() * bounce::BYTES)) }
    }

    /// Ring (`receiver`, `sender`) as a process that keeps no rule sees it.
    #[cfg(any(test, fuzzing))]
    pub fn lines(&self, receiver: usize, sender: usize) -> SharedLines {
        self.ring(receiver, sender)
    }

    /// The sending end of ring (`receiver`, `sender`). Only `sender`'s process may call it, once.
    pub fn producer(&self, receiver: usize, sender: usize) -> Producer<SharedLines> {
        Producer::new(self.ring(receiver, sender))
    }

    /// The receiving end of ring (`receiver`, `sender`). Only `receiver`'s process may call it, once.
    pub fn consumer(&self, receiver: usize, sender: usize) -> Consumer<SharedLines> {
        Consumer::new(self.ring(receiver, sender))
    }
}
