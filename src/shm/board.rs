//! The board of a group of processes on one host: what one of them posts, all others can read.
//!
//! ```text
//!   n lines                 done: how far each member has read                     written by that member
//!   SLOTS × n lines         | seq | note | 112 bytes | of each slot and member     written by that member
//!   n × SLOTS cells         16 KiB of each member and slot, for more bytes         written by whose turn it is
//!   n rings                 of each member and the one before it                   see [`super::ring`]
//!   n pipes                 of each member, for long data to one other             see [`pipe`]
//! ```
//! All members count the same *turns*. In a turn any of them may post: bytes, a note, and last the number that says
//! which turn the slot holds. Up to 112 bytes travel with the note in a pair of cache lines (see [`super::ring::LINE`]);
//! a longer post lies in its cells, of as many neighbouring slots as it takes, and is announced by the first one.
//!
//! Invariant: a member fills the slots of a turn only when all others have said that they are done with the turns
//! those slots held before. So a writer may run ahead of its readers, by [`SLOTS`] turns. Members publish `done`
//! lazily, after a quarter of the slots, and at the latest before they wait.
//!
//! The rings are for what goes from each member to the next only: there is more room in them than turns. They and the pipes
//! take none.
//!
//! Members are not trusted: a number that is not the expected one means "not yet", a note is only handed on, and
//! places depend on nothing that is read here. Who lies in `done` spoils what it reads itself.

pub mod pipe;

use super::lines::SharedLines;
use super::ring::{Consumer, Producer};
use super::segment::{PAGE, RING_STRIDE};
use crate::core::buffer::{UserBuf, fetch_to_write};
use crate::sync::{AtomicU64, Ordering};
use crate::sys::fd::{memory_file, seal_size};
use crate::sys::memory::{Mapping, file_len};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Turns that a writer may be ahead of its readers, a power of two.
pub const SLOTS: usize = 16;
/// Bytes of a cell.
pub const CELL: usize = 16 << 10;
/// Most bytes that travel with the note.
pub const INLINE: usize = 112;
/// Most members of a board.
pub const MOST_MEMBERS: usize = 128;

/// What the members share. The implementation maps it; the model checker simulates it.
pub trait Notices {
    const SLOTS: usize;
    /// Acquire: pairs with `seq_release`; the note and the bytes that were posted are visible.
    fn seq_acquire(&self, member: usize, slot: usize) -> u64;
    fn seq_release(&self, member: usize, slot: usize, seq: u64);
    fn note(&self, member: usize, slot: usize) -> u64;
    fn set_note(&self, member: usize, slot: usize, note: u64);
    /// Acquire: pairs with `done_release`, so a slot is written only after it has been read.
    fn done_acquire(&self, member: usize) -> u64;
    fn done_release(&self, member: usize, turn: u64);
    /// The member is going to post in this slot: its line may move towards it.
    fn fetch(&self, _member: usize, _slot: usize) {}
}

/// One member's view of the board.
pub struct Member<N: Notices> {
    notices: N,
    me: usize,
    members: usize,
    /// The next turn.
    turn: Cell<u64>,
    /// Turns before this one are read by this member …
    done: Cell<u64>,
    /// … and the others know it up to here.
    published: Cell<u64>,
    /// All others were done with the turns before this one when we looked last.
    room: Cell<u64>,
}

impl<N: Notices> Member<N> {
    pub fn new(notices: N, me: usize, members: usize) -> Self {
        let zero = || Cell::new(0);
        Member { notices, me, members, turn: zero(), done: zero(), published: zero(), room: zero() }
    }

    pub fn me(&self) -> usize {
        self.me
    }

    pub fn members(&self) -> usize {
        self.members
    }

    /// Turns after which `done` is published.
    const LAZY: u64 = N::SLOTS as u64 / 4;
    /// So many turns before a member may post in it, a line is brought in, once nobody reads it any more. (Broadcast of 8
    /// bytes from one of two cores to the other, on and on: 0.103 µs without, 0.067.)
    const AHEAD: u64 = N::SLOTS as u64 / 4;

    #[inline]
    fn slot(turn: u64) -> usize {
        turn as usize % N::SLOTS
    }

    /// Takes the next `slots` turns, whose cells are neighbours; all members must take the same. Returns the first.
    #[inline]
    pub fn take(&self, slots: usize) -> u64 {
        debug_assert!(slots <= N::SLOTS);
        let turn = self.turn.get();
        let left = N::SLOTS - Self::slot(turn);
        let first = if slots > left { turn + left as u64 } else { turn };
        if self.done.get() == turn {
            // Nobody posts in the slots that are left out.
            self.done.set(first);
        }
        self.turn.set(first + slots as u64);
        first
    }

    /// Whether this member may fill the slots that it took last.
    #[inline]
    pub fn has_room(&self) -> bool {
        let need = self.turn.get().saturating_sub(N::SLOTS as u64);
        self.room.get() >= need || self.look_for_room(need)
    }

    /// Whether all others have read everything of the turns taken so far.
    pub fn others_are_done(&self) -> bool {
        self.room.get() >= self.turn.get() || self.look_for_room(self.turn.get())
    }

    /// Whether `member` has read everything of the turns taken so far.
    pub fn is_done(&self, member: usize) -> bool {
        self.notices.done_acquire(member) >= self.turn.get()
    }

    fn look_for_room(&self, need: u64) -> bool {
        let others = (0..self.members).filter(|&m| m != self.me);
        let slowest = others.map(|m| self.notices.done_acquire(m)).min().unwrap_or(u64::MAX);
        self.room.set(slowest);
        slowest >= need
    }

    /// Publishes what was written for `turn`.
    #[inline]
    pub fn post(&self, turn: u64, note: u64) {
        let slot = Self::slot(turn);
        self.notices.set_note(self.me, slot, note);
        self.notices.seq_release(self.me, slot, turn + 1);
        if let Some(later) = self.ahead(turn) {
            self.notices.fetch(self.me, Self::slot(later));
        }
    }

    /// The turn after `turn` for which lines may be brought in: nobody reads what they held any more.
    #[inline]
    pub fn ahead(&self, turn: u64) -> Option<u64> {
        let later = turn + Self::AHEAD;
        (self.room.get().saturating_add(N::SLOTS as u64) > later).then_some(later)
    }

    /// The note of `member` for `turn`, once it has posted.
    #[inline]
    pub fn look(&self, member: usize, turn: u64) -> Option<u64> {
        let slot = Self::slot(turn);
        let posted = self.notices.seq_acquire(member, slot) == turn + 1;
        posted.then(|| self.notices.note(member, slot))
    }

    /// This member will read nothing of the turns taken so far any more. True if the others were told.
    #[inline]
    pub fn finish(&self) -> bool {
        self.finish_before(u64::MAX)
    }

    /// As [`Member::finish`], of the turns before `turn`: the later ones are still to be read.
    #[inline]
    pub fn finish_before(&self, turn: u64) -> bool {
        let turn = turn.min(self.turn.get());
        self.done.set(turn);
        if turn - self.published.get() < Self::LAZY {
            return false;
        }
        self.tell(turn)
    }

    /// Publishes how far this member is: to be called before it waits. True if that was news.
    pub fn settle(&self) -> bool {
        let done = self.done.get();
        done != self.published.get() && self.tell(done)
    }

    fn tell(&self, done: u64) -> bool {
        self.published.set(done);
        self.notices.done_release(self.me, done);
        true
    }
}

#[repr(C, align(128))]
struct Done {
    turn: AtomicU64,
}

#[repr(C, align(128))]
struct Line {
    seq: AtomicU64,
    note: AtomicU64,
    bytes: [AtomicU64; INLINE / 8],
}

const _: () = {
    assert!(size_of::<Done>() == 128);
    assert!(size_of::<Line>() == 128);
    assert!(std::mem::offset_of!(Line, bytes) == 16);
};

/// The mapped memory of a board.
pub struct BoardMemory {
    map: Arc<Mapping>,
    members: usize,
    /// Where the cells begin.
    cells: usize,
}

const fn lines_bytes(members: usize) -> usize {
    members * (1 + SLOTS) * size_of::<Line>()
}

impl BoardMemory {
    /// A memory file for a board; its size is sealed. It costs memory as it is touched.
    pub fn file(members: usize) -> io::Result<OwnedFd> {
        let file = memory_file(c"vmi-board", Self::size(members) as u64)?;
        seal_size(file.as_fd())?;
        Ok(file)
    }

    fn size(members: usize) -> usize {
        Self::pipes(members) + members * pipe::BYTES
    }

    /// Where the pipes begin.
    fn pipes(members: usize) -> usize {
        Self::rings(members) + members * RING_STRIDE
    }

    /// Where the rings begin.
    fn rings(members: usize) -> usize {
        lines_bytes(members).next_multiple_of(PAGE) + members * SLOTS * CELL
    }

    /// Maps such a file.
    ///
    /// # Errors
    /// The file is shorter than it must be, there are too many members, or there is no address space.
    pub fn map(file: BorrowedFd<'_>, members: usize) -> io::Result<BoardMemory> {
        let total = Self::size(members);
        if members > MOST_MEMBERS || file_len(file)? < total as u64 {
            return Err(io::Error::other(format!("the memory file is no board of {members} members")));
        }
        let map = Arc::new(Mapping::shared(file, total)?);
        Ok(BoardMemory { map, members, cells: lines_bytes(members).next_multiple_of(PAGE) })
    }

    #[inline]
    fn done(&self, member: usize) -> &Done {
        assert!(member < self.members, "a member of the board");
        // SAFETY: within the mapping (its size was checked in `map`), aligned, atomics only.
        unsafe { &*self.map.base().cast::<Done>().add(member) }
    }

    #[inline]
    fn at(&self, member: usize, slot: usize) -> *mut Line {
        assert!(member < self.members && slot < SLOTS, "a line of the board");
        self.map.base().cast::<Line>().wrapping_add(self.members * (1 + slot) + member)
    }

    #[inline]
    fn line(&self, member: usize, slot: usize) -> &Line {
        // SAFETY: within the mapping (see `at`), aligned, atomics only.
        unsafe { &*self.at(member, slot) }
    }
}

impl Notices for BoardMemory {
    const SLOTS: usize = SLOTS;

    #[inline]
    fn seq_acquire(&self, member: usize, slot: usize) -> u64 {
        self.line(member, slot).seq.load(Ordering::Acquire)
    }
    #[inline]
    fn seq_release(&self, member: usize, slot: usize, seq: u64) {
        self.line(member, slot).seq.store(seq, Ordering::Release);
    }
    #[inline]
    fn fetch(&self, member: usize, slot: usize) {
        // SAFETY: within the mapping (see `at`); a hint, nothing is read or written.
        fetch_to_write(unsafe { UserBuf::from_raw(self.at(member, slot).cast()) });
    }
    #[inline]
    fn note(&self, member: usize, slot: usize) -> u64 {
        self.line(member, slot).note.load(Ordering::Relaxed)
    }
    #[inline]
    fn set_note(&self, member: usize, slot: usize, note: u64) {
        self.line(member, slot).note.store(note, Ordering::Relaxed);
    }
    #[inline]
    fn done_acquire(&self, member: usize) -> u64 {
        self.done(member).turn.load(Ordering::Acquire)
    }
    #[inline]
    fn done_release(&self, member: usize, turn: u64) {
        self.done(member).turn.store(turn, Ordering::Release);
    }
}

impl Member<BoardMemory> {
    /// The ring to the next member; the last one's is never used. To be called once.
    pub fn to_next(&self) -> Producer<SharedLines> {
        Producer::new(self.ring_to((self.me + 1) % self.members))
    }

    /// The ring from the member before this one. To be called once.
    pub fn from_before(&self) -> Consumer<SharedLines> {
        Consumer::new(self.ring_to(self.me))
    }

    fn ring_to(&self, member: usize) -> SharedLines {
        SharedLines::at(&self.notices.map, BoardMemory::rings(self.members) + member * RING_STRIDE)
    }

    /// Where the `len` bytes that `member` posts in `turn` lie.
    ///
    /// # Panics
    /// They would not lie within the member's cells: the caller has taken fewer slots.
    #[inline]
    pub fn bytes(&self, member: usize, turn: u64, len: usize) -> UserBuf {
        let slot = Self::slot(turn);
        let at = if len <= INLINE {
            self.notices.at(member, slot).cast::<u8>().wrapping_add(16)
        } else {
            assert!(member < self.members && slot * CELL + len <= SLOTS * CELL, "cells of the member");
            let cell = self.notices.cells + (member * SLOTS + slot) * CELL;
            self.notices.map.base().wrapping_add(cell)
        };
        // SAFETY: `len` bytes from here on lie within the mapping, which lives as long as `self`; no operation keeps
        // the address longer than its turn.
        unsafe { UserBuf::from_raw(at) }
    }
}

#[cfg(test)]
mod tests;
