//! Reduce, allreduce and reduce_scatter.
//!
//! Operands are combined from the last rank to the first, each onto the result of those behind it: in the order of
//! ranks, straight from the board, and in the same expression on every rank, so results agree to the last bit.

use super::super::fold::Fold;
use super::super::part::Part;
use super::super::shape::Blocks;
use super::relay::{self, Wanted};
use super::{GROUP, Op, Outcome, Way, mismatch, outcome, pair};
use crate::UserBuf;
use crate::error::Result;
use vmi::core::buffer::fetch_pages;
use vmi::shm::board::{CELL, INLINE};

/// Up to this many bytes every rank combines all operands itself, unless there are two and more than [`PAIR`].
const FLAT: usize = 2 << 10;

/// Beyond this each of two ranks combines a half. (4 KiB: 0.90 µs, 1.21 when both combine everything; 64 KiB 6.2, 10.4
/// by a relay; 256 KiB 18 and 36.)
const PAIR: usize = 1 << 10;
/// From here on the result of an allreduce of more ranks grows from rank to rank.
const RELAY: usize = 32 << 10;
/// As [`RELAY`], for a reduce: that collects what lies on the board with fewer waits.
const RELAY_TO_ROOT: usize = 256 << 10;

/// The elements of a reduction that go over the board: without gaps, so what is posted can be combined in place.
pub fn serves(fold: &Fold) -> bool {
    let dt = fold.dt();
    dt.basic().is_some() && dt.size() as i64 == dt.extent() && dt.size() > 0
}

/// A run of elements of the vectors.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub first: i64,
    pub count: i64,
    /// Bytes of an element.
    pub size: usize,
}

impl Run {
    pub fn bytes(self) -> usize {
        self.count as usize * self.size
    }

    /// Where the run lies in a vector.
    pub fn of(self, vector: UserBuf) -> UserBuf {
        vector.offset(self.first as isize * self.size as isize)
    }
}

/// The vector in runs of at most `bytes` bytes.
pub(super) fn runs(fold: &Fold, count: i64, bytes: usize) -> impl Iterator<Item = Run> + use<> {
    let size = fold.dt().size() as usize;
    let most = (bytes / size).max(1) as i64;
    let starts = (0..count).step_by(most as usize);
    starts.map(move |first| Run { first, count: most.min(count - first), size })
}

/// Every rank's operand of `posted` bytes, on the board in `turn`.
#[derive(Clone, Copy)]
struct Posted {
    turn: u64,
    posted: usize,
    /// Mine, where it lies outside of the board too.
    mine: Option<UserBuf>,
}

impl Posted {
    /// Combines `count` elements from byte `from` on into `out`.
    fn combine(self, op: &Op, fold: &Fold, (from, count): (usize, i64), out: UserBuf) -> Result {
        let operand = |rank| {
            let mine = self.mine.filter(|_| rank == op.rank);
            mine.unwrap_or_else(|| op.bytes(rank, self.turn, self.posted)).offset(from as isize)
        };
        operand(op.size - 1).copy_to(out, fold.bytes(count));
        for rank in (0..op.size - 1).rev() {
            fold.apply(op.e, operand(rank), out, count)?;
        }
        Ok(())
    }
}

/// `sendbuf` may be `IN_PLACE`.
pub fn allreduce(op: &Op, fold: &Fold, sendbuf: UserBuf, recvbuf: UserBuf, count: i64) -> Outcome {
    let mine = if sendbuf.is_in_place() { recvbuf } else { sendbuf };
    if op.size == 2 && fold.bytes(count) > PAIR {
        return outcome(op, pair::allreduce(op, fold, mine, recvbuf, count));
    }
    if fold.bytes(count) >= RELAY {
        return outcome(op, relay::reduce(op, fold, mine, count, Wanted { out: recvbuf, first: 0, count }));
    }
    let flat = fold.bytes(count) <= FLAT;
    outcome(
        op,
        if flat {
            at_once(op, fold, mine, recvbuf, count)
        } else {
            shared_out(op, fold, mine, recvbuf, count)
        },
    )
}

/// Posts this rank's operand of `run` out of `whole` bytes and waits for the others'. `None`: not over the board.
fn meet(op: &Op, way: Way, whole: usize, mine: UserBuf, run: Run) -> Result<Option<u64>> {
    let len = run.bytes();
    let turn = op.start(len)?;
    run.of(mine).copy_to(op.bytes(op.rank, turn, len), len);
    op.post_at_once(turn, way, whole);
    op.hand_over(turn, len);
    let here = op.all_agree(turn, way, whole)?;
    if !here {
        op.finish();
    }
    Ok(here.then_some(turn))
}

/// Every rank combines everything.
fn at_once(op: &Op, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64) -> Result<bool> {
    let way = op.way();
    for run in runs(fold, count, CELL) {
        let Some(turn) = meet(op, way, fold.bytes(count), mine, run)? else { return Ok(false) };
        let mine = (mine != out).then(|| run.of(mine));
        let operands = Posted { turn, posted: run.bytes(), mine };
        operands.combine(op, fold, (0, run.count), run.of(out))?;
        op.finish();
    }
    Ok(true)
}

/// Every rank combines its share and posts the result.
fn shared_out(op: &Op, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64) -> Result<bool> {
    let way = op.way();
    for run in runs(fold, count, GROUP) {
        let Some(turn) = meet(op, way, fold.bytes(count), mine, run)? else { return Ok(false) };
        let shares = Blocks::even(run.count, op.size);
        let share = |rank| Run { first: shares.start(rank), count: shares.len(rank), ..run };
        let own = share(op.rank);
        // A result is announced with the place of the longest share, which may lie in another slot than a shorter one.
        let most = fold.bytes(shares.longest());
        let results = op.start(most)?;
        let at = (own.first as usize * run.size, own.count);
        if own.count > 0 {
            let operands = Posted { turn, posted: run.bytes(), mine: Some(run.of(mine)) };
            operands.combine(op, fold, at, op.bytes(op.rank, results, most))?;
        }
        op.post_at_once(results, way, most);
        op.hand_over(results, most);
        for i in 0..op.size {
            let rank = (op.rank + i) % op.size;
            let theirs = share(rank);
            if rank != op.rank {
                op.note(rank, results)?;
            }
            op.bytes(rank, results, most).copy_to(theirs.of(run.of(out)), theirs.bytes());
        }
        op.finish();
    }
    Ok(true)
}

/// `sendbuf` may be `IN_PLACE` on the root; `recvbuf` counts on the root only.
pub fn reduce(op: &Op, fold: &Fold, sendbuf: UserBuf, recvbuf: UserBuf, count: i64, root: usize) -> Outcome {
    if op.size > 2 && fold.bytes(count) >= RELAY_TO_ROOT {
        let mine = if sendbuf.is_in_place() { recvbuf } else { sendbuf };
        let wanted = Wanted { out: recvbuf, first: 0, count: if op.rank == root { count } else { 0 } };
        return outcome(op, relay::reduce(op, fold, mine, count, wanted));
    }
    outcome(
        op,
        match op.rank == root {
            true => collect(op, fold, sendbuf, recvbuf, count),
            false => contribute(op, fold, sendbuf, count, root),
        },
    )
}

/// Where `rank` writes its operand for `root`. Of two ranks the one that is not the root has the cells of rank 0: see
/// [`Op::only_bytes`].
fn operand_of(op: &Op, (rank, root): (usize, usize), turn: u64, len: usize) -> UserBuf {
    let shared = op.size == 2 && len > INLINE;
    op.bytes(if shared { usize::from(rank == root) } else { rank }, turn, len)
}

fn contribute(op: &Op, fold: &Fold, mine: UserBuf, count: i64, root: usize) -> Result<bool> {
    let way = op.way();
    let whole = fold.bytes(count);
    for (at, run) in runs(fold, count, CELL).enumerate() {
        let len = run.bytes();
        let turn = op.start(len)?;
        if way == Way::Board {
            run.of(mine).copy_to(operand_of(op, (op.rank, root), turn, len), len);
        }
        op.post_to(root, turn, way, whole);
        op.hand_over_from(turn, whole, |turn| operand_of(op, (op.rank, root), turn, whole));
        op.finish();
        if at == 0 && way == Way::Message {
            // The root goes on to further runs when it has it.
            op.by_message(async |w| w.send(Part::new(mine, count, fold.dt()), root).await)?;
        }
    }
    Ok(true)
}

fn collect(op: &Op, fold: &Fold, sendbuf: UserBuf, out: UserBuf, count: i64) -> Result<bool> {
    let mine = if sendbuf.is_in_place() { out } else { sendbuf };
    // The result grows where my operand lies: that waits on the board until its turn.
    let aside = sendbuf.is_in_place() && op.rank != op.size - 1;
    let whole = fold.bytes(count);
    let mut messages = Messages::default();
    let mut odd = None;
    for run in runs(fold, count, CELL) {
        let len = run.bytes();
        let turn = if aside { op.start(len)? } else { op.take(len) };
        if aside {
            run.of(mine).copy_to(operand_of(op, (op.rank, op.rank), turn, len), len);
        }
        for rank in (0..op.size).rev() {
            let operand = if rank != op.rank {
                let note = op.note(rank, turn)?;
                match note.way {
                    Way::Message => run.of(messages.of(op, fold, count, rank)?),
                    _ => {
                        odd = odd.or((note.len != whole).then_some((rank, note.len)));
                        let operand = operand_of(op, (rank, op.rank), turn, len);
                        fetch_pages(operand, len);
                        operand
                    }
                }
            } else if aside {
                operand_of(op, (rank, op.rank), turn, len)
            } else {
                run.of(mine)
            };
            if rank != op.size - 1 {
                fold.apply(op.e, operand, run.of(out), run.count)?;
            } else if operand != run.of(out) {
                operand.copy_to(run.of(out), len);
            }
        }
        op.finish();
    }
    match odd {
        Some((rank, sent)) => mismatch(rank, sent, whole).map(|()| true),
        None => Ok(true),
    }
}

/// Operands that came by message, with their ranks.
#[derive(Default)]
struct Messages(Vec<(usize, Vec<u8>)>);

impl Messages {
    /// The operand of `rank`, received when it is asked for first.
    #[cold]
    fn of(&mut self, op: &Op, fold: &Fold, count: i64, rank: usize) -> Result<UserBuf> {
        if !self.0.iter().any(|(known, _)| *known == rank) {
            let mut bytes = vec![0; fold.bytes(count)];
            let part = Part::new(UserBuf::of(&mut bytes), count, fold.dt());
            op.by_message(async |w| w.recv(part, rank).await)?;
            self.0.push((rank, bytes));
        }
        let found = self.0.iter_mut().find(|(known, _)| *known == rank);
        Ok(found.map_or(UserBuf::BOTTOM, |(_, bytes)| UserBuf::of(bytes)))
    }
}

/// `sendbuf` may be `IN_PLACE`: the operands are then in `recvbuf`.
pub fn reduce_scatter(op: &Op, fold: &Fold, sendbuf: UserBuf, recvbuf: UserBuf, blocks: &Blocks) -> Outcome {
    let mine = if sendbuf.is_in_place() { recvbuf } else { sendbuf };
    let total = blocks.total();
    if fold.bytes(total) >= RELAY {
        let wanted = Wanted { out: recvbuf, first: blocks.start(op.rank), count: blocks.len(op.rank) };
        return outcome(op, relay::reduce(op, fold, mine, total, wanted));
    }
    let at_once = || {
        let run = Run { first: 0, count: total, size: fold.bytes(1) };
        let Some(turn) = meet(op, op.way(), run.bytes(), mine, run)? else { return Ok(false) };
        let own = blocks.len(op.rank);
        if own > 0 {
            let operands = Posted { turn, posted: run.bytes(), mine: (mine != recvbuf).then_some(mine) };
            operands.combine(op, fold, (fold.bytes(blocks.start(op.rank)), own), recvbuf)?;
        }
        op.finish();
        Ok(true)
    };
    outcome(op, at_once())
}
