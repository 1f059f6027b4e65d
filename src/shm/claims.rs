//! Chunks of one copy between two processes, claimed by both: the receiver from the front, the sender from the back.
//!
//! Both can do the copying (each can read and write the other's memory), so a long message takes half the time when the
//! sender has nothing else to do. Neither waits for the other to begin: a sender that is busy claims nothing.
//!
//! Invariants: a chunk is claimed once, by compare-and-swap on one word. `open` makes a copy known under a tag that the
//! copies before it did not have, so a late claim for one of those fails. The receiver leaves only when every chunk
//! that the sender has claimed is reported done: nobody writes to its memory afterwards.
//!
//! The peer is not trusted: after a word that no honest peer writes, the receiver copies everything itself.

use crate::sync::{AtomicU64, Ordering};

/// Most chunks of one copy.
pub const MOST_CHUNKS: u64 = 0xffff;
/// Set in `done` when a chunk could not be copied.
const FAILED: u64 = 1 << 31;
/// A peer that disturbs the word so often is no honest one.
const ATTEMPTS: usize = 1000;

/// Lies in shared memory. Zeroed memory is a valid value: no copy is open.
#[repr(C, align(64))]
pub struct Claims {
    /// tag (32 bits) | first unclaimed chunk (16) | end of the unclaimed chunks (16).
    range: AtomicU64,
    /// tag (32 bits) | failed (1) | chunks that the sender has copied (31).
    done: AtomicU64,
    _pad: [u64; 6],
}

/// What the sender has made of its claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Help {
    /// All of its chunks are copied.
    Complete,
    /// Some of them are not copied yet.
    Pending,
    /// They have to be copied again.
    Void,
}

const fn word(tag: u32, low: u64) -> u64 {
    (tag as u64) << 32 | low
}

impl Claims {
    /// The receiver offers `chunks` chunks (at most [`MOST_CHUNKS`]).
    pub fn open(&self, tag: u32, chunks: u64) {
        debug_assert!(chunks <= MOST_CHUNKS);
        self.done.store(word(tag, 0), Ordering::Relaxed);
        // Release: pairs with the Acquire in `claim`; the sender sees `done` of this copy.
        self.range.store(word(tag, chunks), Ordering::Release);
    }

    fn claim(&self, tag: u32, chunks: u64, take: impl Fn(u64, u64) -> (u64, u64, u64)) -> Option<u64> {
        for _ in 0..ATTEMPTS {
            let now = self.range.load(Ordering::Acquire);
            let (front, back) = (now >> 16 & 0xffff, now & 0xffff);
            if now >> 32 != tag as u64 || front >= back || back > chunks {
                return None;
            }
            let (chunk, front, back) = take(front, back);
            let next = word(tag, front << 16 | back);
            if self.range.compare_exchange(now, next, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return Some(chunk);
            }
        }
        None
    }

    /// The receiver claims the first unclaimed chunk.
    pub fn first(&self, tag: u32, chunks: u64) -> Option<u64> {
        self.claim(tag, chunks, |front, back| (front, front + 1, back))
    }

    /// The sender claims the last unclaimed chunk.
    pub fn last(&self, tag: u32, chunks: u64) -> Option<u64> {
        self.claim(tag, chunks, |front, back| (back - 1, front, back - 1))
    }

    /// The sender has copied a chunk, or has failed to.
    pub fn finish(&self, ok: bool) {
        // Release: pairs with the Acquire in `help`; what was copied is visible to the receiver.
        match ok {
            true => self.done.fetch_add(1, Ordering::Release),
            false => self.done.fetch_or(FAILED, Ordering::Release),
        };
    }

    /// What a hostile peer may do.
    #[cfg(any(test, fuzzing))]
    pub fn scribble(&self, value: u64) {
        self.range.store(value, Ordering::Relaxed);
        self.done.store(value, Ordering::Relaxed);
    }

    /// What has become of the chunks that the receiver, who has claimed `mine` and finds no more, did not get.
    pub fn help(&self, tag: u32, chunks: u64, mine: u64) -> Help {
        let done = self.done.load(Ordering::Acquire);
        let (count, theirs) = (done & (FAILED - 1), chunks.saturating_sub(mine));
        match () {
            () if done >> 32 != tag as u64 || count > theirs || done & FAILED != 0 => Help::Void,
            () if count == theirs => Help::Complete,
            () => Help::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims { range: AtomicU64::new(0), done: AtomicU64::new(0), _pad: [0; 6] }
    }

    #[test]
    fn each_chunk_is_claimed_once_from_its_end() {
        let c = claims();
        c.open(7, 3);
        assert_eq!((c.first(7, 3), c.last(7, 3), c.last(7, 3)), (Some(0), Some(2), Some(1)));
        assert_eq!((c.first(7, 3), c.last(7, 3)), (None, None));
        assert_eq!(c.help(7, 3, 1), Help::Pending);
        c.finish(true);
        c.finish(true);
        assert_eq!(c.help(7, 3, 1), Help::Complete);
    }

    #[test]
    fn a_late_claim_of_an_earlier_copy_fails() {
        let c = claims();
        c.open(1, 4);
        c.open(2, 4);
        assert_eq!(c.last(1, 4), None);
        assert_eq!(c.last(2, 3), None, "more chunks than the copy has");
    }

    #[test]
    fn what_failed_or_makes_no_sense_is_void() {
        let c = claims();
        c.open(1, 4);
        assert_eq!(c.last(1, 4), Some(3));
        c.finish(false);
        assert_eq!(c.help(1, 4, 3), Help::Void);
        c.open(2, 4);
        c.finish(true);
        assert_eq!(c.help(2, 4, 4), Help::Void, "done without a claim");
        c.done.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(c.help(2, 4, 2), Help::Void);
        c.range.store(word(2, 0xffff_ffff), Ordering::Relaxed);
        assert_eq!(c.first(2, 4), None);
    }

    #[test]
    fn two_threads_copy_every_chunk_once() {
        let (c, chunks) = (claims(), 1000);
        for tag in 1..200 {
            c.open(tag, chunks);
            let (mine, theirs) = std::thread::scope(|scope| {
                let helper = scope.spawn(|| {
                    let took: Vec<u64> = std::iter::from_fn(|| c.last(tag, chunks)).collect();
                    took.iter().for_each(|_| c.finish(true));
                    took
                });
                let mine: Vec<u64> = std::iter::from_fn(|| c.first(tag, chunks)).collect();
                (mine, helper.join().unwrap())
            });
            let all: Vec<u64> = mine.iter().chain(theirs.iter().rev()).copied().collect();
            assert_eq!(all, (0..chunks).collect::<Vec<_>>());
            assert_eq!(c.help(tag, chunks, mine.len() as u64), Help::Complete);
        }
    }
}
