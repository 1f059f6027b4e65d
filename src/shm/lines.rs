//! The lines of a ring in memory that processes share: one control page, then the data.

use super::ring::{CACHE_LINE, LINE, Lines};
use super::segment::{DATA_BYTES, PAGE, RING_STRIDE, RingControl};
use crate::core::buffer::{UserBuf, demote_all};
use crate::sync::{AtomicU32, Ordering};
use crate::sys::memory::Mapping;
use std::sync::Arc;

/// The lines of one ring.
pub struct SharedLines {
    control: *const RingControl,
    data: *mut u8,
    /// Keeps the memory mapped.
    map: Arc<Mapping>,
}

impl SharedLines {
    /// The ring whose control page begins `at` bytes into `map`.
    ///
    /// # Panics
    /// It would not lie within the mapping, or not on a page.
    pub fn at(map: &Arc<Mapping>, at: usize) -> SharedLines {
        assert!(at + RING_STRIDE <= map.len() && at.is_multiple_of(PAGE), "a ring within the mapping");
        let control = map.base().wrapping_add(at);
        SharedLines { control: control.cast(), data: control.wrapping_add(PAGE), map: map.clone() }
    }

    pub fn control(&self) -> &RingControl {
        debug_assert!(!self.map.is_empty());
        // SAFETY: points into the mapping that `map` keeps alive (checked in `at`); atomics only.
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
        demote_all(self.bytes(line, 0), bytes.min(HANDED));
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
