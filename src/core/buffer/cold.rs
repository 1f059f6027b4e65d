//! Whether memory lies in a cache: nothing tells but the time that it takes to read a little of it.
//!
//! A few lines are looked at, each after another line of its page, so that the address is known. (Cycles of a 2.6 GHz
//! processor: in its second-level cache 60 to 70, in the third-level cache 110 to 140, in memory 350 and more.)

use super::{PAGE, UserBuf};

/// Lines that are looked at, of blocks shorter than [`LONG`] and of others: where that takes no time beside the rest.
const LINES: usize = 2;
const MORE_LINES: usize = 6;
/// Bytes.
const LONG: usize = 4 << 20;
/// Shorter blocks are not looked at, bytes: each line has the page around it to itself.
const SHORTEST: usize = LINES * 2 * PAGE;

impl UserBuf {
    /// Whether most of the `len` bytes are in no cache of this processor, as far as one can tell. They must be readable.
    pub fn is_cold(self, len: usize) -> bool {
        let lines = if len < LONG { LINES } else { MORE_LINES };
        len >= SHORTEST
            && clock::cold_from()
                .is_some_and(|from| clock::reads(self, len, lines).all(|cycles| cycles >= from))
    }
}

#[cfg(target_arch = "x86_64")]
mod clock {
    use super::{LINES, SHORTEST};
    use crate::core::buffer::{LINE, PAGE, UserBuf};
    use std::arch::x86_64::{_mm_clflush, _mm_lfence, _mm_mfence, _rdtsc};
    use std::sync::OnceLock;

    /// Measurements of each kind; the middle one counts.
    const TIMES: usize = 9;

    /// Cycles from which on memory counts as cold; None if the clock does not tell.
    pub fn cold_from() -> Option<u64> {
        static FROM: OnceLock<Option<u64>> = OnceLock::new();
        *FROM.get_or_init(measure)
    }

    #[cold]
    fn measure() -> Option<u64> {
        let mut block = vec![1u8; SHORTEST];
        let at = UserBuf::of(&mut block);
        let [warm, cold] = [false, true].map(|flushes| {
            let mut cycles: [u64; TIMES] = std::array::from_fn(|_| {
                if flushes {
                    flush(at, SHORTEST);
                }
                reads(at, SHORTEST, LINES).sum()
            });
            cycles.sort_unstable();
            cycles[TIMES / 2] / LINES as u64
        });
        // The third-level cache takes about a third of that.
        (cold >= 3 * warm).then_some(cold * 6 / 10)
    }

    pub fn flush(at: UserBuf, len: usize) {
        for line in (0..len).step_by(LINE) {
            // SAFETY: within a block of our own; every x86-64 processor has both instructions.
            unsafe { _mm_clflush(at.offset(line as isize).as_ptr()) };
        }
        // SAFETY: as above.
        unsafe { _mm_mfence() };
    }

    fn now() -> u64 {
        // SAFETY: every x86-64 processor has both. The fences keep loads on their side of the clock.
        unsafe {
            _mm_lfence();
            let now = _rdtsc();
            _mm_lfence();
            now
        }
    }

    /// A line in the other half of the page of `place`, which has a page or more of the block on both sides. Not the same line
    /// each time: a processor that has seen one distance in some pages brings the next line in by itself.
    pub fn elsewhere(place: UserBuf, chance: u64) -> UserBuf {
        let half = !place.addr() & (PAGE / 2);
        let line = (chance.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % (PAGE / 2 / LINE) * LINE;
        place.offset((half + line) as isize - (place.addr() % PAGE) as isize)
    }

    /// Cycles that each of so many `lines` of `len` bytes takes to be read.
    pub fn reads(at: UserBuf, len: usize, lines: usize) -> impl Iterator<Item = u64> {
        let step = len / lines;
        let read = |at: UserBuf| {
            // SAFETY: within `len` bytes that the caller vouches for.
            unsafe { at.as_ptr().read_volatile() };
        };
        (0..lines).map(move |n| {
            let place = at.offset((n * step + step / 2) as isize);
            read(place);
            let (away, start) = (elsewhere(place, now()), now());
            read(away);
            // A thread may move to a processor with another clock.
            now().saturating_sub(start)
        })
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod clock {
    use crate::core::buffer::UserBuf;

    pub fn cold_from() -> Option<u64> {
        None
    }

    pub fn reads(_: UserBuf, _: usize, _: usize) -> impl Iterator<Item = u64> {
        std::iter::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_line_that_is_timed_is_in_the_other_half_of_the_page() {
        let mut block = vec![1u8; 3 * PAGE];
        let first = UserBuf::of(&mut block);
        for at in (0..PAGE).map(|at| first.offset((PAGE + at) as isize)) {
            let lines: Vec<usize> =
                (0..64).map(|chance| clock::elsewhere(at, chance << 7 | 3).addr()).collect();
            let other_half = |line: &usize| {
                let (apart, half) = (line ^ at.addr(), PAGE / 2);
                apart < PAGE && apart & half != 0 && line.is_multiple_of(crate::core::buffer::LINE)
            };
            assert!(lines.iter().all(other_half), "{:#x}", at.addr());
            assert!(lines.iter().any(|line| *line != lines[0]));
        }
    }

    #[test]
    fn what_has_just_been_written_is_in_a_cache() {
        let mut block = vec![1u8; SHORTEST];
        let at = UserBuf::of(&mut block);
        let warm = (0..100).filter(|_| !at.is_cold(SHORTEST)).count();
        assert!(warm > 50, "{warm} of 100");
        assert!(!at.is_cold(SHORTEST - 1), "too short to tell");
    }

    /// Where the clock does not tell, nothing counts as cold: then there is nothing to see here.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn what_has_been_flushed_is_in_no_cache() {
        let mut block = vec![1u8; SHORTEST];
        let at = UserBuf::of(&mut block);
        let cold = (0..100).filter(|_| {
            clock::flush(at, SHORTEST);
            at.is_cold(SHORTEST)
        });
        let cold = cold.count();
        assert!(clock::cold_from().is_none() && cold == 0 || cold > 50, "{cold} of 100");
    }
}
