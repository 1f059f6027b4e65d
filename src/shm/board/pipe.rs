//! The pipe of each member of a board: long data goes through it to one other member at a time, piece by piece.
//!
//! Pieces are numbered from the first one that ever went through; the owner tells a reader where its pieces begin. It
//! begins only when the pipe is empty, so that readers follow one another.
//!
//! Invariants: a piece is written only after the piece that lay there has been taken, and taken only after it has been
//! published. Members are not trusted with memory: places follow from each side's own count. Who writes wrong counts spoils
//! what goes through, or makes its owner or its reader wait for ever.

use super::{BoardMemory, Line, Member};
use crate::core::buffer::UserBuf;
use crate::sync::Ordering;

#[cfg(not(all(loom, test)))]
use crate::sync::AtomicU64;
#[cfg(all(loom, test))]
use loom::sync::atomic::AtomicU64;

/// Bytes of a piece: pages that are read side by side, twice.
pub const PIECE: usize = 32 << 10;
/// Pieces in a pipe; together well below a second-level cache.
pub const PIECES: u64 = 8;
/// Bytes of a pipe: two lines of counts, and the pieces.
pub(super) const BYTES: usize = super::PAGE + PIECES as usize * PIECE;

// Pipes begin at pages.
const _: () = assert!(super::RING_STRIDE.is_multiple_of(super::PAGE) && BYTES.is_multiple_of(super::PAGE));

/// How many pieces have ever been published, and taken. Each in lines of its own: one side writes it. The model checker has
/// shorter pipes.
#[repr(C)]
pub struct Counts<const N: u64 = PIECES> {
    published: AtomicU64,
    _lines: [u8; size_of::<Line>() - 8],
    taken: AtomicU64,
}

#[cfg(not(all(loom, test)))]
const _: () = {
    assert!(std::mem::offset_of!(Counts, taken) == size_of::<Line>());
    assert!(size_of::<Counts>() <= super::PAGE);
};

impl<const N: u64> Counts<N> {
    /// Whether all pieces before `next` have been taken. For the owner, which writes that one next.
    pub fn is_empty(&self, next: u64) -> bool {
        // Acquire: pairs with `take`.
        self.taken.load(Ordering::Acquire) == next
    }

    /// Whether the owner may write `piece`.
    #[inline]
    pub fn has_room(&self, piece: u64) -> bool {
        // Acquire: pairs with `take`.
        piece.wrapping_sub(self.taken.load(Ordering::Acquire)) < N
    }

    /// The owner has written `piece`.
    #[inline]
    pub fn publish(&self, piece: u64) {
        // Release: pairs with `is_here`.
        self.published.store(piece.wrapping_add(1), Ordering::Release);
    }

    /// Whether the reader may read `piece`.
    #[inline]
    pub fn is_here(&self, piece: u64) -> bool {
        // Acquire: pairs with `publish`.
        let ahead = self.published.load(Ordering::Acquire).wrapping_sub(piece);
        (1..=N).contains(&ahead)
    }

    /// The reader will not read `piece` any more.
    #[inline]
    pub fn take(&self, piece: u64) {
        // Release: pairs with `has_room` and `is_empty`.
        self.taken.store(piece.wrapping_add(1), Ordering::Release);
    }
}

impl BoardMemory {
    /// Where the pipe of `member` begins.
    fn pipe(&self, member: usize) -> *mut u8 {
        assert!(member < self.members, "a member of the board");
        self.map.base().wrapping_add(Self::pipes(self.members) + member * BYTES)
    }
}

impl Member<BoardMemory> {
    /// The counts of the pipe of `member`.
    pub fn counts(&self, member: usize) -> &Counts {
        // SAFETY: within the mapping (its size was checked in `map`), aligned, atomics only.
        unsafe { &*self.notices.pipe(member).cast() }
    }

    /// Where a piece in the pipe of `member` lies.
    #[inline]
    pub fn piece(&self, member: usize, piece: u64) -> UserBuf {
        let at = self.notices.pipe(member).wrapping_add(super::PAGE + (piece % PIECES) as usize * PIECE);
        // SAFETY: the piece lies within the mapping, which lives as long as `self`; no operation keeps the address longer
        // than until the piece is published or taken.
        unsafe { UserBuf::from_raw(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::wait;
    use super::*;
    use std::ops::Range;
    use std::sync::Arc;

    #[cfg(loom)]
    use loom::thread;
    #[cfg(not(loom))]
    use std::thread;

    /// A pipe in ordinary memory: the pieces are numbers.
    struct Pipe<const N: usize, const PIECES: u64> {
        counts: Counts<PIECES>,
        pieces: [AtomicU64; N],
    }

    impl<const N: usize, const PIECES: u64> Pipe<N, PIECES> {
        fn cell(&self, piece: u64) -> &AtomicU64 {
            &self.pieces[piece as usize % N]
        }

        fn read(&self, pieces: Range<u64>) {
            for piece in pieces {
                wait(|| self.counts.is_here(piece));
                assert_eq!(self.cell(piece).load(Ordering::Relaxed), piece + 1000);
                self.counts.take(piece);
            }
        }

        fn write(&self, pieces: Range<u64>) {
            wait(|| self.counts.is_empty(pieces.start));
            for piece in pieces {
                wait(|| self.counts.has_room(piece));
                self.cell(piece).store(piece + 1000, Ordering::Relaxed);
                self.counts.publish(piece);
            }
        }
    }

    /// One member writes `pieces` to one reader, and then to another one.
    fn pass<const N: usize, const PIECES: u64>(pieces: u64) {
        let zero = || AtomicU64::new(0);
        let pipe = Arc::new(Pipe::<N, PIECES> {
            counts: Counts { published: zero(), _lines: [0; size_of::<Line>() - 8], taken: zero() },
            pieces: std::array::from_fn(|_| zero()),
        });
        let mut readers = Vec::new();
        for first in [0, pieces] {
            let (reader, its) = (pipe.clone(), first..first + pieces);
            readers.push(thread::spawn(move || reader.read(its)));
            pipe.write(first..first + pieces);
        }
        readers.into_iter().for_each(|reader| reader.join().expect("a reader ends"));
        assert!(pipe.counts.is_empty(2 * pieces));
    }

    #[cfg(loom)]
    #[test]
    fn pieces_are_read_before_their_place_is_used_again_in_every_interleaving() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| pass::<2, 2>(3));
    }

    #[cfg(not(loom))]
    #[test]
    fn pieces_are_read_before_their_place_is_used_again() {
        pass::<8, 8>(50_000);
        pass::<1, 1>(5_000);
    }
}
