//! Large data is not written to the board: a rank posts where it lies, and readers copy it straight out of that process.
//! One copy instead of two; whoever has posted an address waits until all have read. A rank that cannot read (memory of
//! a device) fails, but takes all its turns, so that the others do not wait for it.
//!
//! Only where every member may read every other's memory, which they have tried when the board was made.

use super::super::fold::Fold;
use super::super::part::{Part, copy_here};
use super::super::shape::Blocks;
use super::{Op, Way};
use crate::error::{Error, Result};
use crate::{UserBuf, constants::class};
use vmi::sys::memory::read_process;

/// Bytes of operands that are fetched and combined at a time: few for the cache, many for a system call.
const CHUNK: usize = 32 << 10;

/// Bytes of a post: an address and a distance.
const POST: usize = 16;

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
    /// Whether data of this length is read from where it lies. Where all read from all at once that pays from half the
    /// length on.
    #[inline]
    pub fn fetches(&self, len: usize) -> bool {
        len >= self.board.fetch_from
    }

    fn lend(&self, at: UserBuf, stride: usize, len: usize) -> Result<(u64, Way)> {
        let (turn, way) = (self.start(POST)?, self.way());
        let post = self.bytes(self.rank, turn, POST);
        post.store(0, at.addr() as u64);
        post.store(8, stride as u64);
        self.post_at_once(turn, way, len, POST);
        Ok((turn, way))
    }

    /// What `rank` has lent in `turn`, which it has posted.
    fn far(&self, rank: usize, turn: u64) -> Far {
        let post = self.bytes(rank, turn, POST);
        let (address, stride) = (post.load::<u64>(0) as usize, post.load::<u64>(8) as usize);
        Far { rank, address, stride }
    }

    /// This rank has read everything, and says so at once because others wait for it.
    fn finish_now(&self) {
        let told = self.board.member.finish();
        if self.board.member.settle() || told {
            self.board.bells.wake_all();
        }
    }

    /// Waits until all others have read what this rank has lent.
    fn take_back(&self) -> Result {
        self.finish_now();
        let member = &self.board.member;
        let back = || member.others_are_done();
        if back() { Ok(()) } else { self.wait(&back) }
    }
}

pub fn bcast(op: &Op, part: Part, root: usize) -> Result<bool> {
    if op.rank == root {
        let lent = Lent::of(op, part);
        let (_, way) = op.lend(lent.at, 0, part.len())?;
        if way == Way::Board {
            op.take_back()?;
        }
        return Ok(way == Way::Board);
    }
    let turn = op.take(POST);
    let note = op.note(root, turn)?;
    let here = note.way == Way::Board;
    let read = if here { op.far(root, turn).fetch_part(op, 0, part) } else { Ok(()) };
    op.finish_now();
    read.map(|()| here)
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
    let here = op.all_here(turn, way)?;
    let mut read = Ok(());
    for i in (1..op.size).filter(|_| here) {
        let rank = (op.rank + i) % op.size;
        let far = op.far(rank, turn);
        read = read.and(far.fetch_part(op, far.stride.wrapping_mul(op.rank), into(rank)));
    }
    op.take_back()?;
    read.map(|()| here)
}

/// Where the operands of a reduction are.
struct Operands<'a> {
    op: &'a Op<'a>,
    fold: &'a Fold,
    turn: u64,
    mine: UserBuf,
    /// Bytes of an element.
    size: usize,
    landing: Temp<'a>,
    /// My operand, while the result grows in its place.
    aside: Option<Temp<'a>>,
}

impl<'a> Operands<'a> {
    fn new(op: &'a Op<'a>, fold: &'a Fold, turn: u64, mine: UserBuf, out: UserBuf) -> Self {
        let in_the_way = mine == out && !fold.commutes() && op.rank != op.size - 1;
        let size = fold.dt().size() as usize;
        let aside = in_the_way.then(|| Temp::of(op, CHUNK));
        Operands { op, fold, turn, mine, size, landing: Temp::of(op, CHUNK), aside }
    }

    /// Combines `count` elements from `first` on into the same elements of `out`.
    fn combine(&self, out: UserBuf, first: i64, count: i64) -> Result {
        let most = (CHUNK / self.size).max(1) as i64;
        let mut done = 0;
        while done < count {
            let n = most.min(count - done);
            let at = (first + done) as usize * self.size;
            match self.fold.commutes() {
                true => self.combine_around(out.offset(at as isize), at, n)?,
                false => self.combine_in_order(out.offset(at as isize), at, n)?,
            }
            done += n;
        }
        Ok(())
    }

    /// The others' operands onto mine, from my neighbour on. One rank combines these elements for all, so no other
    /// order is to be matched.
    fn combine_around(&self, out: UserBuf, at: usize, count: i64) -> Result {
        let (mine, len) = (self.mine.offset(at as isize), count as usize * self.size);
        for i in 1..self.op.size {
            let far = self.op.far((self.op.rank + i) % self.op.size, self.turn);
            if i == 1 && mine != out {
                far.fetch(self.op, at, out, len)?;
                self.fold.apply(self.op.e, mine, out, count)?;
            } else {
                far.fetch(self.op, at, self.landing.base, len)?;
                self.fold.apply(self.op.e, self.landing.base, out, count)?;
            }
        }
        Ok(())
    }

    /// In the order of ranks, from the last to the first.
    fn combine_in_order(&self, out: UserBuf, at: usize, count: i64) -> Result {
        let mut mine = self.mine.offset(at as isize);
        let len = count as usize * self.size;
        if let Some(aside) = &self.aside {
            mine.copy_to(aside.base, len);
            mine = aside.base;
        }
        let last = self.op.size - 1;
        for rank in (0..=last).rev() {
            let own = rank == self.op.rank;
            let landing = if rank == last { out } else { self.landing.base };
            if !own {
                self.op.far(rank, self.turn).fetch(self.op, at, landing, len)?;
            } else if rank == last && mine != out {
                mine.copy_to(out, len);
            }
            if rank != last {
                self.fold.apply(self.op.e, if own { mine } else { landing }, out, count)?;
            }
        }
        Ok(())
    }
}

/// Every rank combines its share where the operands lie, and then fetches the shares of the others.
pub fn allreduce(op: &Op, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64) -> Result<bool> {
    let whole = fold.bytes(count);
    let (turn, way) = op.lend(mine, 0, whole)?;
    if !op.all_here(turn, way)? {
        op.finish_now();
        return Ok(false);
    }
    let shares = Blocks::even(count, op.size);
    let (first, own) = (shares.start(op.rank), shares.len(op.rank));
    let mut read = Operands::new(op, fold, turn, mine, out).combine(out, first, own);
    let (results, _) = op.lend(out, 0, whole)?;
    for i in 1..op.size {
        let rank = (op.rank + i) % op.size;
        op.note(rank, results)?;
        let at = fold.bytes(shares.start(rank));
        let (to, len) = (out.offset(at as isize), fold.bytes(shares.len(rank)));
        read = read.and(op.far(rank, results).fetch(op, at, to, len));
    }
    op.take_back()?;
    read.map(|()| true)
}

/// The root combines where the operands lie.
pub fn reduce(op: &Op, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64, root: usize) -> Result<bool> {
    let (turn, way) = op.lend(mine, 0, fold.bytes(count))?;
    let here = op.all_here(turn, way)?;
    let mut read = Ok(());
    if here && op.rank == root {
        read = Operands::new(op, fold, turn, mine, out).combine(out, 0, count);
    }
    op.take_back()?;
    read.map(|()| here)
}
