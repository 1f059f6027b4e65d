//! Collectives over a board ([`vmi::shm::board`]): memory that all members of a communicator on one host share.
//!
//! Up: each family of this folder offers its operation here first ([`super::drive::block`]); blocking operations on
//! intracommunicators only. What the board does not do goes by messages: an operation too large for it, and every
//! operation while filters or networks lie between members. Down: the board, and [`crate::p2p::progress`] for waits,
//! during which other traffic goes on.
//!
//! Small data is written to the board. Where it is large, what one rank has for all is written to the board piece by
//! piece ([`whole`], [`blocks`]), what one has for one is read or written where it lies ([`fetch`]) unless there is more of
//! it than caches hold ([`swap`], [`pipe`]), and what is to be combined is combined on the board ([`relay`], of two ranks
//! [`pair`]).
//!
//! Small scans go from rank to rank through rings beside the board ([`passage`]) and take no turns. Who takes part in any
//! other operation takes the same turns as all others, so sizes in turns follow from what all ranks know alike, or in a
//! scan from what rank 0 says. Each post says whether its data is on the board or comes by message ([`Way`]): the writer
//! decides, because it knows its ways. Operations that cannot mix the two go by messages as a whole as soon as one member
//! says so; every member has read every first post before it touches its result, so all agree.

mod blocks;
mod everyone;
mod fetch;
mod open;
mod pair;
mod passage;
mod pipe;
mod reductions;
mod relay;
mod scan;
mod swap;
mod whole;

pub use blocks::{allgather, gather, scatter};
pub use everyone::{alltoall, alltoall_varying};
pub use open::Place;
pub use reductions::{allreduce, reduce, reduce_scatter, serves};
pub use scan::scan;
pub use whole::{barrier, bcast};

use super::needs::Comm;
use super::part::Part;
use super::wire::Wire;
use super::{Eng, drive};
use crate::error::Result;
use crate::{UserBuf, fail};
use passage::Passage;
use std::cell::Cell;
use std::rc::Rc;
use vmi::core::buffer::{demote, fetch_pages, fetch_to_write};
use vmi::shm::bells::Bells;
use vmi::shm::board::{BoardMemory, CELL, INLINE, Member, SLOTS};
use vmi::shm::ring::CACHE_LINE;

/// Most slots of one post: half of the ring, so that a writer fills one half while the other is read.
const GROUP_SLOTS: usize = 8;
/// Most bytes of one post.
pub const GROUP: usize = GROUP_SLOTS * CELL;

/// From this size on, of the results of all ranks together, they are written past the caches. (Broadcast of 4 MiB to 32
/// ranks on two cores: 4.8 ms; read out of the root's memory, which goes through the caches, 7.9.)
const STREAM: usize = 8 << 20;

/// Most bytes that are moved towards their readers. (Allreduce of 4 KiB, 8 ranks on two cores: 14.6 µs, 16.1 when all
/// are moved.)
const HAND_OVER: usize = 2 << 10;
/// The same between two ranks. (Broadcast of 1 KiB 0.45 µs, 0.37 when they are moved; of 4 KiB 0.89 and 0.76.)
const HAND_OVER_TO_ONE: usize = 4 << 10;

/// Most bytes of a post for whose like lines are brought in. (Broadcast between two cores, of 1 KiB 0.53 µs, 0.40 when
/// they are brought in; of 4 KiB 1.17 and 0.88; of 16 KiB 2.9 and 2.3.)
const BRING_IN: usize = CELL;

/// Bytes that lie in the cache line of their note.
const WITH_NOTE: usize = INLINE - CACHE_LINE;

/// Where the data of a post is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Board,
    Message,
    /// Where it lies in its process: the post says where.
    Lent,
}

impl Way {
    const ALL: [Way; 3] = [Way::Board, Way::Message, Way::Lent];
}

/// What a post says: its way, and a length.
#[derive(Clone, Copy)]
struct Note {
    way: Way,
    len: usize,
}

impl Note {
    fn pack(self) -> u64 {
        (self.len as u64) << 2 | self.way as u64
    }

    fn of(word: u64) -> Note {
        Note { way: Way::ALL[(word as usize & 3).min(2)], len: (word >> 2) as usize }
    }
}

/// The board of a communicator.
pub struct Board {
    member: Member<BoardMemory>,
    bells: Bells,
    passage: Passage,
    /// World process numbers of the members.
    processes: Vec<u32>,
    pids: Vec<i32>,
    /// From this size on data is read from where it lies.
    fetch_from: usize,
    /// Processors that the members share, as all of them know.
    cores: usize,
    /// Whether the ways to all members were direct when the routes had changed so often.
    ways: Cell<(u64, bool)>,
    /// How many gathers to this rank went through pipes, one after the other.
    piped_in_a_row: Cell<u32>,
    /// Pieces that have gone through this rank's pipe.
    pieces: Cell<u64>,
}

/// One operation on the board.
pub struct Op<'a> {
    e: Eng,
    comm: &'a Rc<Comm>,
    tag: i32,
    board: &'a Board,
    pub rank: usize,
    pub size: usize,
}

/// The way an operation went. `None`: by messages, and everybody knows it.
pub type Outcome = Option<Result>;

/// From how the parts of this folder tell it: `false` is by messages. This rank will wait for those, and others may wait
/// until it is done with the board, so it says that it is.
fn outcome(op: &Op, done: Result<bool>) -> Outcome {
    match done {
        Ok(true) => Some(Ok(())),
        Ok(false) => {
            op.finish_now();
            None
        }
        Err(error) => Some(Err(error)),
    }
}

/// An operation on the board of `comm`, where it has one.
#[inline]
pub fn on(e: Eng, comm: &Rc<Comm>, tag: i32) -> Option<Op<'_>> {
    let board = open::board_of(e, comm)?;
    let (rank, size) = (board.member.me(), board.member.members());
    Some(Op { e, comm, tag, board, rank, size })
}

impl Op<'_> {
    /// Whether what this rank writes may pass all devices.
    #[inline]
    fn way(&self) -> Way {
        let changes = self.e.traffic.borrow().core.route_changes();
        let (seen, direct) = self.board.ways.get();
        if if seen == changes { direct } else { self.look_at_ways(changes) } {
            Way::Board
        } else {
            Way::Message
        }
    }

    #[cold]
    fn look_at_ways(&self, changes: u64) -> bool {
        let traffic = self.e.traffic.borrow();
        let direct = self.board.processes.iter().all(|&process| traffic.core.is_near(process));
        self.board.ways.set((changes, direct));
        direct
    }

    /// Takes turns for posts of up to `len` bytes.
    #[inline]
    fn take(&self, len: usize) -> u64 {
        self.board.member.take(len.div_ceil(CELL).max(1))
    }

    /// As [`Op::take`], and waits until this rank may write there.
    #[inline]
    fn start(&self, len: usize) -> Result<u64> {
        let turn = self.take(len);
        if !self.board.member.has_room() {
            self.wait(&|| self.board.member.has_room())?;
        }
        Ok(turn)
    }

    fn wait(&self, ready: &dyn Fn() -> bool) -> Result {
        self.settle();
        self.e.wait_until(ready)
    }

    /// Tells the others which turns are finished here.
    #[inline]
    fn settle(&self) {
        if self.board.member.settle() {
            self.board.bells.wake_all();
        }
    }

    /// Where the post of `len` bytes of `rank` lies.
    #[inline]
    fn bytes(&self, rank: usize, turn: u64, len: usize) -> UserBuf {
        self.board.member.bytes(rank, turn, len)
    }

    /// As [`Op::bytes`], in a turn in which `rank` alone posts. More than travels with the note lies in the cells of
    /// rank 0: ranks that take turns at it write lines that they have read last. (Broadcast of 256 KiB from either of
    /// two cores in turn, in C: 13.7 µs, 15.9 with cells of each rank's own.)
    #[inline]
    fn only_bytes(&self, rank: usize, turn: u64, len: usize) -> UserBuf {
        self.bytes(if len <= INLINE { rank } else { 0 }, turn, len)
    }

    /// As [`Op::bytes`], in a turn in which all post. Two ranks change cells whenever the slots have gone around, so each
    /// writes lines that it has read last.
    #[inline]
    fn swapped_bytes(&self, rank: usize, turn: u64, len: usize) -> UserBuf {
        let swapped = self.size == 2 && len > INLINE && turn / SLOTS as u64 % 2 == 1;
        self.bytes(if swapped { 1 - rank } else { rank }, turn, len)
    }

    /// Writes `len` bytes of `part` from `from` on as this rank's post.
    #[inline]
    fn write(&self, turn: u64, part: Part, from: usize, len: usize) {
        self.write_to(self.bytes(self.rank, turn, len), part, from, len);
    }

    #[inline]
    fn write_to(&self, at: UserBuf, part: Part, from: usize, len: usize) {
        if len > 0 {
            part.dt.pack(part.buf, part.count, from as u64, at, len);
        }
    }

    /// Reads `len` bytes of the post of `rank` to `from` of `part`.
    #[inline]
    fn read(&self, rank: usize, turn: u64, part: Part, from: usize, len: usize) {
        self.read_from(self.bytes(rank, turn, len), part, from, len);
    }

    #[inline]
    fn read_from(&self, at: UserBuf, part: Part, from: usize, len: usize) {
        if let Some(to) = part.flat().filter(|_| self.streams(part.len())) {
            at.stream_to(to.offset(from as isize), len);
        } else if len > 0 {
            part.dt.unpack(part.buf, part.count, from as u64, at, len);
        }
    }

    /// As [`Op::read_from`], of what another core has just written.
    fn read_fresh(&self, at: UserBuf, part: Part, from: usize, len: usize) {
        match part.flat() {
            Some(to) if len >= CELL && !self.streams(part.len()) => {
                at.copy_cold_to(to.offset(from as isize), len)
            }
            _ => {
                fetch_pages(at, len);
                self.read_from(at, part, from, len);
            }
        }
    }

    /// Whether results of `len` bytes on every rank leave no room for anything else in the caches.
    #[inline]
    fn streams(&self, len: usize) -> bool {
        len.saturating_mul(self.size) >= STREAM
    }

    /// Publishes this rank's post for all others.
    #[inline]
    fn post(&self, turn: u64, way: Way, len: usize) {
        self.board.member.post(turn, Note { way, len }.pack());
        self.board.bells.wake_all();
    }

    /// As [`Op::post`], where all wait for each other: the note moves towards its readers. (A rank that runs ahead would
    /// only lose its lines sooner than it has to.)
    #[inline]
    fn post_at_once(&self, turn: u64, way: Way, len: usize) {
        self.board.member.post(turn, Note { way, len }.pack());
        demote(self.bytes(self.rank, turn, 0));
        self.board.bells.wake_all();
    }

    /// As [`Op::hand_over_from`], of what lies where this rank's posts do.
    #[inline]
    fn hand_over(&self, turn: u64, len: usize) {
        self.hand_over_from(turn, len, |turn| self.bytes(self.rank, turn, len));
    }

    /// The `len` bytes that this rank has posted at `place(turn)` move towards their readers, beyond what lies in the line
    /// of the note. The lines come that it writes in a later turn, if it has as much to post then.
    #[inline]
    fn hand_over_from(&self, turn: u64, len: usize, place: impl Fn(u64) -> UserBuf) {
        if len > WITH_NOTE && len <= BRING_IN {
            self.move_lines(turn, len, place);
        }
    }

    #[inline(never)]
    fn move_lines(&self, turn: u64, len: usize, place: impl Fn(u64) -> UserBuf) {
        let first = if len <= INLINE { WITH_NOTE } else { 0 };
        let lines = || (first..len).step_by(CACHE_LINE).map(|at| at as isize);
        if len <= if self.size == 2 { HAND_OVER_TO_ONE } else { HAND_OVER } {
            let here = place(turn);
            lines().for_each(|at| demote(here.offset(at)));
        }
        if let Some(later) = self.board.member.ahead(turn) {
            let later = place(later);
            lines().for_each(|at| fetch_to_write(later.offset(at)));
        }
    }

    /// Publishes this rank's post, which `reader` waits for.
    #[inline]
    fn post_to(&self, reader: usize, turn: u64, way: Way, len: usize) {
        self.board.member.post(turn, Note { way, len }.pack());
        self.board.bells.wake(reader);
    }

    /// Waits for the post of `rank`.
    #[inline]
    fn note(&self, rank: usize, turn: u64) -> Result<Note> {
        let member = &self.board.member;
        self.until(|| member.look(rank, turn)).map(Note::of)
    }

    /// Waits until `look` finds something.
    #[inline]
    fn until<T>(&self, look: impl Fn() -> Option<T>) -> Result<T> {
        loop {
            if let Some(found) = look() {
                return Ok(found);
            }
            self.wait(&|| look().is_some())?;
        }
    }

    /// Waits for the posts of all others. False if the data of some does not come over the board.
    #[inline]
    fn all_here(&self, turn: u64, mine: Way) -> Result<bool> {
        self.all_say(turn, mine, |_| true)
    }

    /// As [`Op::all_here`], where all must post the length `len`. If not, the ranks disagree about the operation; all
    /// see that, and by messages they hear who sent what.
    #[inline]
    fn all_agree(&self, turn: u64, mine: Way, len: usize) -> Result<bool> {
        self.all_say(turn, mine, |posted| posted == len)
    }

    #[inline]
    fn all_say(&self, turn: u64, mine: Way, right: impl Fn(usize) -> bool) -> Result<bool> {
        let mut here = mine == Way::Board;
        for rank in (0..self.size).filter(|&rank| rank != self.rank) {
            let note = self.note(rank, turn)?;
            here &= note.way == Way::Board && right(note.len);
        }
        Ok(here)
    }

    /// This rank will read nothing of the turns taken so far any more.
    #[inline]
    fn finish(&self) {
        self.finish_before(u64::MAX);
    }

    /// As [`Op::finish`], of the turns before `turn`.
    #[inline]
    fn finish_before(&self, turn: u64) {
        if self.board.member.finish_before(turn) {
            self.board.bells.wake_all();
            // A rank that never has to wait makes progress all the same.
            self.e.progress();
        }
    }

    /// For what comes by message although the operation is on the board.
    #[cold]
    fn by_message(&self, task: impl AsyncFnOnce(&Wire) -> Result) -> Result {
        // As before every wait: others may need the room of the turns that are finished here.
        self.settle();
        let w = drive::wire(self.e, self.comm, self.tag);
        drive::block_on(self.e, async { w.verdict(task(&w).await) })
    }
}

/// A rank's data is longer or shorter than this rank expected.
#[cold]
fn mismatch(rank: usize, sent: usize, expected: usize) -> Result {
    fail!(
        TRUNCATE,
        "rank {rank} sent {sent} bytes where this rank expected {expected}: count, datatype or the collective \
         function itself differ between ranks"
    )
}
