//! Bounce buffers: memory of each rank that pieces of its long messages pass through, to whichever rank they go.
//!
//! What lies in no cache is copied at the speed of the memory, and two cores reach more of that than one: the sender
//! reads a piece into a bounce buffer, which stays in its cache, while the receiver writes the piece before. The kernel,
//! which copies in one step, reads and writes at a time, and reads what it overwrites. (In no cache, two cores: half
//! round trip of 1 MiB 99 µs, 110 by the kernel on both sides; 64 KiB both ways 7.7 and 10.0.)
//!
//! A buffer is busy from the moment in which its rank begins to write it until the rank that reads it says that it has.
//! Only its own rank takes one, so nothing is lost if it finds the next one busy: it tries again later.
//!
//! A hostile rank may say that it has read what another one has not: like whatever else ranks share, the buffers protect
//! a job from other jobs, not from itself.

use super::cells::CELLS;
use crate::sync::{AtomicU32, Ordering};

/// Bytes of a bounce buffer: pages that are read side by side, twice.
pub const BYTES: usize = 32 << 10;
/// Bounce buffers of a rank; together they are well below a second-level cache. (1 MiB, half round trip, in C: 92 µs with
/// eight, 100 with four.)
pub const BUFFERS: usize = 8;

/// The turn in which each of a rank's buffers was read last. Zeroed memory is a valid value: all are free. One line, which
/// their readers write and their rank looks at before each use.
#[repr(C, align(64))]
pub struct Returned([AtomicU32; BUFFERS]);

impl Returned {
    /// A buffer has been read.
    #[inline]
    pub fn give_back(&self, bounce: Bounce) {
        // Release: pairs with the Acquire in `next`, so a buffer is written only after it has been read.
        self.0[bounce.nth()].store(bounce.turn(), Ordering::Release);
    }
}

/// A bounce buffer of the sender of a record, as the record names it: after the [`super::cells`], two names for each
/// buffer, one in every other turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounce(u8);

impl Bounce {
    /// None for what names no bounce buffer.
    #[inline]
    pub fn named(name: u8) -> Option<Bounce> {
        let place = name.checked_sub(CELLS + 1)?;
        (usize::from(place) < 2 * BUFFERS).then_some(Bounce(place))
    }

    #[inline]
    pub fn name(self) -> u8 {
        self.0 + CELLS + 1
    }

    /// Its place among the buffers of its rank.
    #[inline]
    pub fn nth(self) -> usize {
        usize::from(self.0) % BUFFERS
    }

    #[inline]
    fn following(self) -> Bounce {
        Bounce((self.0 + 1) % (2 * BUFFERS as u8))
    }

    #[inline]
    fn turn(self) -> u32 {
        u32::from(self.0) / BUFFERS as u32
    }
}

/// The buffers as their rank uses them: one after the other.
#[derive(Clone, Copy, Debug)]
pub struct OwnBuffers {
    next: Bounce,
    /// Buffers from the next one on that are known to be free: the line that tells is with their readers most of the time.
    free: usize,
}

impl OwnBuffers {
    pub fn at_first() -> OwnBuffers {
        OwnBuffers { next: Bounce(BUFFERS as u8), free: BUFFERS }
    }

    /// The next one, unless it is busy.
    #[inline]
    pub fn next(&mut self, returned: &Returned) -> Option<Bounce> {
        if self.free == 0 {
            let each = std::iter::successors(Some(self.next), |bounce| Some(bounce.following()));
            // Acquire: see `give_back`. What is busy was returned last in the turn before its last one.
            let is_free = |bounce: &Bounce| returned.0[bounce.nth()].load(Ordering::Acquire) != bounce.turn();
            self.free = each.take(BUFFERS).take_while(is_free).count();
        }
        (self.free > 0).then_some(self.next)
    }

    /// The next one is used.
    #[inline]
    pub fn take(&mut self) {
        (self.next, self.free) = (self.next.following(), self.free.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::cells::Cell;

    #[test]
    fn a_buffer_is_used_once_until_it_is_given_back() {
        let returned = Returned([const { AtomicU32::new(0) }; BUFFERS]);
        let mut own = OwnBuffers::at_first();
        let mut busy = std::collections::VecDeque::new();
        for step in 0..100 {
            while let Some(bounce) = own.next(&returned) {
                assert!(!busy.iter().any(|other: &Bounce| other.nth() == bounce.nth()), "{bounce:?} is busy");
                busy.push_back(bounce);
                own.take();
            }
            assert_eq!(busy.len(), BUFFERS);
            busy.drain(..step % BUFFERS + 1).for_each(|bounce| returned.give_back(bounce));
        }
    }

    #[test]
    fn names_of_cells_and_buffers_differ() {
        for name in 0..=u8::MAX {
            assert!(Cell::named(name).is_none() || Bounce::named(name).is_none());
            assert!(Bounce::named(name).is_none_or(|bounce| bounce.name() == name && bounce.nth() < BUFFERS));
        }
    }
}
