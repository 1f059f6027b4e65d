//! Large data that one rank has for one other is not written to the board: the post says where it lies, and the reader
//! copies it straight out of that process, or where it belongs, and the sender puts it there. One copy instead of two;
//! whoever has posted an address waits until all have read, or until what it has is in its pipe ([`pipe`]). A rank that
//! cannot read (memory of a device) fails, but takes all its turns, so that the others do not wait for it.
//!
//! Only where every member may read every other's memory, which they have tried when the board was made. (Gather of
//! 256 KiB, 8 ranks on two cores: 84 µs, 145 by messages; scatter 74 and 124; alltoall of 16 KiB 54, 110 over the board.)

use super::super::part::{Part, copy_here};
use super::{Note, Op, Way, pipe};
use crate::error::{Error, Result};
use crate::{UserBuf, constants::class};
use std::cell::Cell;
use vmi::shm::board::CELL;
use vmi::sys::memory::{read_process, write_process};

/// Bytes of a post: an address and a distance; of a contribution, the number of a piece ([`pipe::next`]).
const POST: usize = 16;

/// From this size on, blocks of different lengths between two ranks are lent: one copy beats two early. (16 KiB: 2.3 and
/// 3.0 µs.)
const PAIR: usize = CELL / 2;

/// Memory for a moment, from the engine's pool.
struct Temp<'a> {
    op: &'a Op<'a>,
    bytes: Vec<u8>,
    base: UserBuf,
}

impl<'a> Temp<'a> {
    fn of(op: &'a Op<'a>, len: usize) -> Temp<'a> {
        let mut bytes = if len == 0 { Vec::new() } else { op.e.coll.pool.take(len) };
        let base = UserBuf::of(&mut bytes);
        Temp { op, bytes, base }
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        self.op.e.coll.pool.give(std::mem::take(&mut self.bytes));
    }
}

/// Data that others may read: where it lies, or a packed copy.
struct Lent<'a> {
    at: UserBuf,
    _copy: Option<Temp<'a>>,
}

impl<'a> Lent<'a> {
    fn of(op: &'a Op<'a>, part: Part) -> Lent<'a> {
        if let Some(at) = part.flat() {
            return Lent { at, _copy: None };
        }
        let copy = Temp::of(op, part.len());
        part.pack_into(copy.base);
        Lent { at: copy.base, _copy: Some(copy) }
    }
}

/// Data in another rank's memory.
#[derive(Clone, Copy)]
struct Far {
    rank: usize,
    address: usize,
    /// From one block to the next.
    stride: usize,
}

impl Far {
    fn fetch(self, op: &Op, from: usize, to: UserBuf, len: usize) -> Result {
        let address = self.address.wrapping_add(from);
        read_process(op.board.pids[self.rank], address, to, len).map_err(|why| {
            let text = format!("cannot read {len} bytes of rank {}: {why}", self.rank);
            Error::new(class::OTHER, text)
        })
    }

    /// Writes `len` bytes there.
    fn put(self, op: &Op, from: UserBuf, len: usize) -> Result {
        write_process(op.board.pids[self.rank], self.address, from, len).map_err(|why| {
            let text = format!("cannot write {len} bytes to rank {}: {why}", self.rank);
            Error::new(class::OTHER, text)
        })
    }

    /// As much of `len` bytes as fits; less than fits is believed. Returns `len`.
    fn fetch_up_to(self, op: &Op, len: usize, part: Part) -> Result<usize> {
        let n = len.min(part.len());
        match part.flat() {
            Some(to) => self.fetch(op, 0, to, n)?,
            None => {
                let landing = Temp::of(op, n);
                self.fetch(op, 0, landing.base, n)?;
                part.dt.unpack(part.buf, part.count, 0, landing.base, n);
            }
        }
        Ok(len)
    }

    /// The first `part.len()` bytes from `from` on.
    fn fetch_part(self, op: &Op, from: usize, part: Part) -> Result {
        if let Some(to) = part.flat() {
            return self.fetch(op, from, to, part.len());
        }
        let landing = Temp::of(op, part.len());
        self.fetch(op, from, landing.base, part.len())?;
        part.unpack_from(landing.base);
        Ok(())
    }
}

impl Op<'_> {
    /// Whether data of this length is read from where it lies. Where all read from all at once that pays from a quarter
    /// of the length on.
    #[inline]
    pub fn fetches(&self, len: usize) -> bool {
        len >= self.board.fetch_from
    }

    /// Whether data may be read from where it lies at all.
    #[inline]
    pub fn can_fetch(&self) -> bool {
        self.board.fetch_from < usize::MAX
    }

    /// Whether a post with a table that only one other rank reads is lent although it would fit.
    pub(super) fn lends_to_one(&self, total: usize) -> bool {
        self.size == 2 && self.can_fetch() && total > PAIR
    }

    fn lend(&self, at: UserBuf, stride: usize, len: usize) -> Result<(u64, Way)> {
        let (turn, way) = (self.start(POST)?, self.way());
        let post = self.bytes(self.rank, turn, POST);
        post.store(0, at.addr() as u64);
        post.store(8, stride as u64);
        self.post_at_once(turn, way, len);
        Ok((turn, way))
    }

    /// What `rank` has lent in `turn`, which it has posted.
    fn far(&self, rank: usize, turn: u64) -> Far {
        let post = self.bytes(rank, turn, POST);
        let (address, stride) = (post.load::<u64>(0) as usize, post.load::<u64>(8) as usize);
        Far { rank, address, stride }
    }

    /// This rank has read everything, and says so at once because others wait for it.
    pub(super) fn finish_now(&self) {
        let told = self.board.member.finish();
        if self.board.member.settle() || told {
            self.board.bells.wake_all();
        }
    }

    /// Waits until all others have read what this rank has lent.
    pub(super) fn take_back(&self) -> Result {
        self.finish_now();
        let member = &self.board.member;
        let back = || member.others_are_done();
        if back() { Ok(()) } else { self.wait(&back) }
    }
}

/// Bytes of a table of places: an address and a length for every rank.
fn table(op: &Op) -> usize {
    POST * op.size
}

/// Posts a place in this process for every rank, to be read from or to be written to, and a `word`: the longest block if
/// blocks shall be swapped ([`super::swap`]), 1 if contributions may go through pipes, else 0.
fn post_places(op: &Op, turn: u64, word: usize, place: impl Fn(usize) -> (usize, usize)) {
    let post = op.bytes(op.rank, turn, table(op));
    for rank in 0..op.size {
        let (address, len) = place(rank);
        post.store((POST * rank) as isize, address as u64);
        post.store((POST * rank + 8) as isize, len as u64);
    }
    op.post(turn, Way::Lent, word);
}

/// The place that `rank` has posted for this one, with its length.
fn place_of(op: &Op, rank: usize, turn: u64) -> (Far, usize) {
    let entry = op.bytes(rank, turn, table(op)).offset((POST * op.rank) as isize);
    let far = Far { rank, address: entry.load::<u64>(0) as usize, stride: 0 };
    (far, entry.load::<u64>(8) as usize)
}

/// Blocks for all ranks that they read by themselves.
pub(super) struct Loan<'a> {
    _copy: Temp<'a>,
}

impl<'a> Loan<'a> {
    /// Posts them in `turn`, which has room for a table; `longest` as in [`post_places`]. Memory is lent until
    /// [`Op::take_back`].
    pub fn post<'b>(
        op: &'a Op<'a>,
        turn: u64,
        longest: usize,
        block: impl Fn(usize) -> Part<'b>,
    ) -> Loan<'a> {
        let packed = |rank: usize| block(rank).flat().is_none();
        let lengths = (0..op.size).map(|rank| if packed(rank) { block(rank).len() } else { 0 });
        let copy = Temp::of(op, lengths.sum());
        let used = Cell::new(0);
        post_places(op, turn, longest, |rank| {
            let part = block(rank);
            let at = part.flat().unwrap_or_else(|| {
                let at = copy.base.offset(used.get() as isize);
                used.set(used.get() + part.len());
                part.pack_into(at);
                at
            });
            (at.addr(), part.len())
        });
        Loan { _copy: copy }
    }
}

/// The block that `rank` has lent this one goes to `part`. Its length.
pub(super) fn fetch_block(op: &Op, rank: usize, turn: u64, part: Part) -> Result<usize> {
    let (far, len) = place_of(op, rank, turn);
    far.fetch_up_to(op, len, part)
}

/// Bytes of the block that `rank` has lent this one.
pub(super) fn length_of_block(op: &Op, rank: usize, turn: u64) -> usize {
    place_of(op, rank, turn).1
}

/// How the root of a gather takes contributions that do not fit on the board. It reads those that come in no other way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    None,
    /// They may be put where it wants them, if they fit there.
    Place,
    /// They may also go through pipes.
    Pipe,
}

/// The root of a gather says how it takes contributions.
pub(super) fn offer<'a>(op: &Op, turn: u64, block: impl Fn(usize) -> Part<'a>) -> Offer {
    let piped = pipe::suits(op, &block);
    post_places(op, turn, usize::from(piped), |rank| {
        (block(rank).flat().map_or(0, |at| at.addr()), block(rank).len())
    });
    if piped { Offer::Pipe } else { Offer::Place }
}

/// A contribution to a gather that does not fit on the board: this rank puts it where the root wants it, so all of them
/// copy, as far as there are processors, or it goes through this rank's pipe, or the root reads it.
pub(super) fn contribute(op: &Op, turn: u64, mine: Part, root: usize) -> Result {
    let lent = Lent::of(op, mine);
    let post = op.bytes(op.rank, turn, POST);
    post.store(0, lent.at.addr() as u64);
    let first = pipe::next(op, lent.at, mine.len());
    post.store(8, first);
    op.post_to(root, turn, Way::Lent, mine.len());
    let member = &op.board.member;
    let offered = || member.look(root, turn).map(Note::of);
    let answered = || offered().is_some() || member.is_done(root);
    if !answered() {
        op.wait(&answered)?;
    }
    let (far, room) = place_of(op, root, turn);
    let brought = match offered() {
        Some(offer) if offer.len > 0 && first != pipe::NONE => {
            pipe::pass(op, first, lent.at, mine.len().min(room), root)
        }
        Some(_) if brings(far.address, mine.len(), room) => far.put(op, lent.at, mine.len()),
        _ if member.is_done(root) => Ok(()),
        _ => op.wait(&|| member.is_done(root)),
    };
    op.finish_now();
    brought
}

/// Whether a contribution of `len` bytes is brought to an address with room for `room` bytes.
fn brings(address: usize, len: usize, room: usize) -> bool {
    address != 0 && len <= room
}

/// The contribution of `len` bytes that `rank` has lent comes to `part`. Its length.
pub(super) fn collect(
    op: &Op,
    (rank, turn): (usize, u64),
    len: usize,
    part: Part,
    offer: Offer,
) -> Result<usize> {
    let first = op.bytes(rank, turn, POST).load::<u64>(8);
    if offer == Offer::Pipe && first != pipe::NONE {
        return pipe::take(op, (rank, first), len.min(part.len()), part).map(|()| len);
    }
    let address = part.flat().map_or(0, |at| at.addr());
    if offer == Offer::None || !brings(address, len, part.len()) {
        return op.far(rank, turn).fetch_up_to(op, len, part);
    }
    let member = &op.board.member;
    if !member.is_done(rank) {
        op.wait(&|| member.is_done(rank))?;
    }
    Ok(len)
}

/// `mine` is this rank's block where it lies in the send buffer, which nobody has written to lately.
pub fn allgather<'a>(op: &Op, mine: Part, block: impl Fn(usize) -> Part<'a>) -> Result<bool> {
    let lent = Lent::of(op, mine);
    let (turn, way) = op.lend(lent.at, 0, mine.len())?;
    let copied = copy_here(mine, block(op.rank));
    let here = op.all_here(turn, way)?;
    let mut read = Ok(());
    for i in (1..op.size).filter(|_| here) {
        let rank = (op.rank + i) % op.size;
        if block(rank).len() > 0 {
            read = read.and(op.far(rank, turn).fetch_part(op, 0, block(rank)));
        }
    }
    op.take_back()?;
    copied.and(read).map(|()| here)
}

/// The blocks of `out` are of `len` bytes and not written to.
pub fn alltoall<'a, 'b>(
    op: &Op,
    len: usize,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result<bool> {
    let flat = out(0).flat().zip(out(1).flat());
    let copy = Temp::of(op, if flat.is_some() { 0 } else { op.size * len });
    let (at, stride) = match flat {
        Some((first, second)) => (first, second.addr().wrapping_sub(first.addr())),
        None => {
            (0..op.size).for_each(|rank| out(rank).pack_into(copy.base.offset((rank * len) as isize)));
            (copy.base, len)
        }
    };
    let (turn, way) = op.lend(at, stride, len)?;
    let here = op.all_agree(turn, way, len)?;
    let mut read = Ok(());
    for i in (1..op.size).filter(|_| here) {
        let rank = (op.rank + i) % op.size;
        let far = op.far(rank, turn);
        read = read.and(far.fetch_part(op, far.stride.wrapping_mul(op.rank), into(rank)));
    }
    op.take_back()?;
    read.map(|()| here)
}
