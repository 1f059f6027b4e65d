//! The node segment as one rank sees it: control blocks and rings, found by local index.

use super::ring::{CACHE_LINE, Consumer, LINE, Lines, Producer};
use super::segment::{
    Control, DATA_BYTES, MAGIC, MAX_LOCAL, NodeHeader, PAGE, RING_STRIDE, RingControl, VERSION,
};
use crate::core::buffer::UserBuf;
use crate::sync::{AtomicU32, Ordering};
use crate::sys::memory::{Mapping, file_len};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// A mapped node segment.
pub struct Node {
    map: Mapping,
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
        let node = Node { map: Mapping::shared(fd, want as usize)?, ranks };
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

    fn ring(self: &Arc<Self>, receiver: usize, sender: usize) -> SharedLines {
        assert!(receiver < self.ranks && sender < self.ranks, "local index within the job");
        let at = PAGE * (1 + self.ranks) + (receiver * self.ranks + sender) * RING_STRIDE;
        let control = self.map.base().wrapping_add(at);
        SharedLines { control: control.cast(), data: control.wrapping_add(PAGE), node: self.clone() }
    }

    /// Ring (`receiver`, `sender`) as a process that keeps no rule sees it.
    #[cfg(any(test, fuzzing))]
    pub fn lines(self: &Arc<Self>, receiver: usize, sender: usize) -> SharedLines {
        self.ring(receiver, sender)
    }

    /// The sending end of ring (`receiver`, `sender`). Only `sender`'s process may call it, once.
    pub fn producer(self: &Arc<Self>, receiver: usize, sender: usize) -> Producer<SharedLines> {
        Producer::new(self.ring(receiver, sender))
    }

    /// The receiving end of ring (`receiver`, `sender`). Only `receiver`'s process may call it, once.
    pub fn consumer(self: &Arc<Self>, receiver: usize, sender: usize) -> Consumer<SharedLines> {
        Consumer::new(self.ring(receiver, sender))
    }
}

/// The lines of one ring in the node segment.
pub struct SharedLines {
    control: *const RingControl,
    data: *mut u8,
    /// Keeps the mapping alive.
    node: Arc<Node>,
}

impl SharedLines {
    pub fn control(&self) -> &RingControl {
        debug_assert!(!self.node.map.is_empty());
        // SAFETY: points into the mapping that `node` keeps alive; atomics only.
        unsafe { &*self.control }
    }

    #[inline]
    fn word(&self, line: usize, word: usize) -> &AtomicU32 {
        debug_assert!(line < DATA_BYTES / LINE && word < LINE / 4);
        // SAFETY: `line` and `word` are reduced to the ring's size by the caller; the mapping is alive.
        unsafe { &*self.data.add(line * LINE).cast::<AtomicU32>().add(word) }
    }

    /// The bytes from `offset` on within `line` and the lines after it.
    #[inline]
    pub fn bytes(&self, line: usize, offset: usize) -> UserBuf {
        // SAFETY: the buffer stays mapped as long as this ring; whoever copies stays within the record, whose
        // length producer and consumer have checked against the end of the ring.
        unsafe { UserBuf::from_raw(self.data.wrapping_add(line * LINE + offset)) }
    }
}

/// Bytes of a record, at most, that are pushed towards the consumer: for more it costs the producer too much. (Bare ring in C,
/// half round trip of 2 KiB: 0.53 µs without, 0.64 with.)
const HANDED: usize = 512;

impl Lines for SharedLines {
    const COUNT: usize = DATA_BYTES / LINE;

    #[inline]
    fn word_acquire(&self, line: usize) -> u32 {
        self.word(line, 0).load(Ordering::Acquire)
    }
    #[inline]
    fn word_release(&self, line: usize, value: u32) {
        self.word(line, 0).store(value, Ordering::Release);
    }
    #[inline]
    fn meta(&self, line: usize) -> [u32; 3] {
        [1, 2, 3].map(|w| self.word(line, w).load(Ordering::Relaxed))
    }
    #[inline]
    fn set_meta(&self, line: usize, meta: [u32; 3]) {
        for (w, value) in meta.into_iter().enumerate() {
            self.word(line, w + 1).store(value, Ordering::Relaxed);
        }
    }
    #[inline]
    fn hand_over(&self, line: usize, bytes: usize) {
        for at in (0..bytes.min(HANDED)).step_by(CACHE_LINE) {
            crate::core::buffer::demote(self.bytes(line, at));
        }
    }
    #[inline]
    fn fetch(&self, line: usize, bytes: usize) {
        for at in (0..bytes).step_by(CACHE_LINE) {
            crate::core::buffer::fetch_to_write(self.bytes(line, at));
        }
    }
    #[inline]
    fn head_acquire(&self) -> u64 {
        self.control().head.load(Ordering::Acquire)
    }
    #[inline]
    fn head_release(&self, head: u64) {
        self.control().head.store(head, Ordering::Release);
    }
}
