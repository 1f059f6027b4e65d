//! Allreduce of two ranks: each combines one half of the vector.
//!
//! A rank writes its operand of the other's half to its cells, piece by piece. The other combines its own operand with
//! it, there, and the owner of the cell reads the result where it wrote the operand. So a line goes over and back, and
//! each core writes lines that it has just read: what costs most between two cores is to write a line which the other
//! one has read last. (256 KiB between two cores, 8-byte integers, in C: 17.6 µs; where each rank puts its results in
//! cells of its own 25.7, where each reads the whole operand of the other 25.9, and copies of it by the kernel 22.5 and,
//! if it has just been written, 60.)
//!
//! The pieces go through a pipeline: while a rank combines one, the other brings the next and the one before the last
//! comes back.

use super::super::fold::Fold;
use super::reductions::Run;
use super::{Op, Way};
use crate::UserBuf;
use crate::error::Result;
use vmi::core::buffer::fetch_pages;
use vmi::shm::board::CELL;

/// Slots of a piece: one line says that the operand is there, the next one that the result is.
const PIECE_SLOTS: usize = 2;
/// Most bytes of a piece.
const PIECE: usize = PIECE_SLOTS * CELL;
/// So many pieces after a rank has brought its operand it takes the result.
const LAG: usize = 2;

struct Pair<'a> {
    op: &'a Op<'a>,
    fold: &'a Fold,
    mine: UserBuf,
    out: UserBuf,
    count: i64,
    way: Way,
}

/// `mine` are this rank's operands. False: not over the board.
pub fn allreduce(op: &Op, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64) -> Result<bool> {
    let pair = Pair { op, fold, mine, out, count, way: op.way() };
    let mut turns = [op.start(PIECE)?; LAG + 2];
    pair.bring(0, turns[0]);
    // Both know before they go on: a vector of another length has more pieces or fewer.
    if !op.all_agree(turns[0], pair.way, pair.whole())? {
        op.finish();
        return Ok(false);
    }
    let pieces = pair.pieces();
    let mut combined = Ok(());
    for i in 0..pieces + LAG {
        if i + 1 < pieces {
            turns[(i + 1) % turns.len()] = op.start(PIECE)?;
            pair.bring(i + 1, turns[(i + 1) % turns.len()]);
        }
        if i < pieces {
            combined = combined.and(pair.combine(i, turns[i % turns.len()])?);
        }
        if i >= LAG {
            pair.take(i - LAG, turns[(i - LAG) % turns.len()])?;
        }
    }
    combined.map(|()| true)
}

impl Pair<'_> {
    fn other(&self) -> usize {
        1 - self.op.rank
    }

    /// Bytes of the vector.
    fn whole(&self) -> usize {
        self.fold.bytes(self.count)
    }

    /// Elements of a whole piece.
    fn most(&self) -> i64 {
        (PIECE / self.fold.bytes(1)).max(1) as i64
    }

    /// Elements of the first half, which is as long as the second or longer.
    fn longer(&self) -> i64 {
        self.count - self.count / 2
    }

    fn pieces(&self) -> usize {
        (self.longer() as usize).div_ceil(self.most() as usize)
    }

    /// Piece `i` of the half that `rank` combines; empty if that is shorter.
    fn piece(&self, rank: usize, i: usize) -> Run {
        let (start, end) = if rank == 0 { (0, self.longer()) } else { (self.longer(), self.count) };
        let first = (start + i as i64 * self.most()).min(end);
        Run { first, count: self.most().min(end - first), size: self.fold.bytes(1) }
    }

    fn cell(&self, rank: usize, turn: u64) -> UserBuf {
        self.op.bytes(rank, turn, PIECE)
    }

    /// Brings my operand of the other's half.
    fn bring(&self, i: usize, turn: u64) {
        let run = self.piece(self.other(), i);
        run.of(self.mine).copy_to(self.cell(self.op.rank, turn), run.bytes());
        self.op.post(turn, self.way, self.whole());
    }

    /// Combines the operands of my half. The other does not wait for a rank that failed.
    fn combine(&self, i: usize, turn: u64) -> Result<Result> {
        self.op.note(self.other(), turn)?;
        let run = self.piece(self.op.rank, i);
        let (cell, mine, out) = (self.cell(self.other(), turn), run.of(self.mine), run.of(self.out));
        fetch_pages(cell, run.bytes());
        let combined = if self.op.rank == 0 || self.fold.commutes() {
            self.apply(mine, cell, run).map(|()| cell.copy_to(out, run.bytes()))
        } else {
            mine.copy_to(out, run.bytes());
            self.apply(cell, out, run).map(|()| out.copy_to(cell, run.bytes()))
        };
        self.op.post(turn + 1, self.way, self.whole());
        Ok(combined)
    }

    fn apply(&self, input: UserBuf, inout: UserBuf, run: Run) -> Result {
        if run.count == 0 { Ok(()) } else { self.fold.apply(self.op.e, input, inout, run.count) }
    }

    /// Takes the result of the other's half out of my cell.
    fn take(&self, i: usize, turn: u64) -> Result {
        self.op.note(self.other(), turn + 1)?;
        let run = self.piece(self.other(), i);
        let cell = self.cell(self.op.rank, turn);
        cell.copy_cold_to(run.of(self.out), run.bytes());
        self.op.finish_before(turn + PIECE_SLOTS as u64);
        Ok(())
    }
}
