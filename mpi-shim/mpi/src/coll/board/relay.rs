//! Reductions of large vectors: the result grows in the cells of the board while it passes from rank to rank.
//!
//! Every rank reads its operand once, straight into what the ranks before it have combined, so no operand is copied and
//! what all of them touch stays in cache. The vector goes window by window. A window is cut into one block for the cells
//! of each member, and the blocks are shared out to *lanes*, as many as processors can work at a time. A lane begins at
//! a rank of its own and goes down through all ranks, from the first one on to the last: the first lane begins at the
//! last rank and keeps the order of operands.
//!
//! Which rank comes when depends on the place in the vector alone: results are the same on all ranks and in every run.
//! (Allreduce of 4 MiB, 8 ranks on two cores: 2.4 ms; where every rank reads the operands of all others for its share and
//! then their shares, 4.4.)

use super::super::fold::Fold;
use super::super::shape::Blocks;
use super::reductions::{Run, runs};
use super::{GROUP, GROUP_SLOTS, Op, Way};
use crate::UserBuf;
use crate::error::Result;

/// Most bytes of a window. (32 ranks on 2 cores with 2 MiB of second-level cache each, allreduce of 4 MiB: 14 ms, with
/// windows of 1 MiB 18, as every window costs three waits of every rank.)
const WINDOW: usize = 4 << 20;

/// Lanes per processor: while one waits for its rank to run, another one goes on.
const LANES: usize = 2;

/// Who has which blocks when.
#[derive(Clone, Copy)]
struct Lanes {
    size: usize,
    lanes: usize,
}

impl Lanes {
    fn new(op: &Op, fold: &Fold) -> Lanes {
        let most = if fold.commutes() { (LANES * op.board.cores).clamp(1, GROUP_SLOTS) } else { 1 };
        Lanes { size: op.size, lanes: most.min(op.size) }
    }

    /// The rank where `lane` begins.
    fn first(self, lane: usize) -> usize {
        self.size - 1 - lane * self.size / self.lanes
    }

    /// The rank where it ends.
    fn last(self, lane: usize) -> usize {
        (self.first(lane) + 1) % self.size
    }

    /// How many ranks have had `lane` before `rank`.
    fn step(self, lane: usize, rank: usize) -> usize {
        (self.first(lane) + self.size - rank) % self.size
    }

    /// How many lanes come to `rank` before `lane` does.
    fn place(self, lane: usize, rank: usize) -> usize {
        let step = self.step(lane, rank);
        (0..self.lanes).filter(|&other| self.step(other, rank) < step).count()
    }

    /// The lane that comes to `rank` in this place.
    fn at(self, place: usize, rank: usize) -> usize {
        (0..self.lanes).find(|&lane| self.place(lane, rank) == place).unwrap_or(0)
    }

    fn blocks(self, lane: usize) -> std::ops::Range<usize> {
        lane * self.size / self.lanes..(lane + 1) * self.size / self.lanes
    }
}

/// A window under way.
struct Window<'a> {
    op: &'a Op<'a>,
    fold: &'a Fold,
    lanes: Lanes,
    run: Run,
    blocks: Blocks,
    /// Bytes of the longest block.
    most: usize,
    turn: u64,
    way: Way,
    /// Bytes of the whole vector.
    whole: usize,
}

impl Window<'_> {
    /// Where block `b` grows.
    fn cell(&self, b: usize) -> UserBuf {
        self.op.bytes(b, self.turn, self.most)
    }

    /// Block `b` in a vector of this process.
    fn of(&self, b: usize, vector: UserBuf) -> (UserBuf, i64) {
        let (first, count) = (self.run.first + self.blocks.start(b), self.blocks.len(b));
        (Run { first, count, ..self.run }.of(vector), count)
    }

    /// The turn in which `rank` says that it is done with `lane`.
    fn said(&self, lane: usize, rank: usize) -> u64 {
        self.turn + self.lanes.place(lane, rank) as u64
    }

    /// Combines my operand with what the ranks before me have combined, lane by lane.
    fn pass(&self, mine: UserBuf) -> Result {
        let (me, size) = (self.op.rank, self.op.size);
        let mut combined = Ok(());
        for place in 0..self.lanes.lanes {
            let lane = self.lanes.at(place, me);
            let begins = me == self.lanes.first(lane);
            let mut way = self.way;
            if !begins {
                let before = (me + 1) % size;
                let note = self.op.note(before, self.said(lane, before))?;
                // Ranks that disagree about the length go by messages, which say who sent what.
                if note.way == Way::Message || note.len != self.whole {
                    way = Way::Message;
                }
            }
            if way == Way::Board {
                combined = combined.and(self.combine(lane, mine, begins));
            }
            // The others do not wait for a rank that failed.
            self.hand_on(lane, way);
        }
        combined
    }

    fn combine(&self, lane: usize, mine: UserBuf, begins: bool) -> Result {
        for b in self.lanes.blocks(lane) {
            let (operand, count) = self.of(b, mine);
            if begins {
                operand.copy_to(self.cell(b), self.fold.bytes(count));
            } else if count > 0 {
                self.fold.apply(self.op.e, operand, self.cell(b), count)?;
            }
        }
        Ok(())
    }

    fn hand_on(&self, lane: usize, way: Way) {
        let (me, size) = (self.op.rank, self.op.size);
        let turn = self.said(lane, me);
        if me == self.lanes.last(lane) {
            self.op.post(turn, way, self.whole);
        } else {
            self.op.post_to((me + size - 1) % size, turn, way, self.whole);
        }
    }

    /// Waits for the result of `lane`; false if some operand does not come over the board.
    fn is_here(&self, lane: usize) -> Result<bool> {
        let last = self.lanes.last(lane);
        Ok(self.op.note(last, self.said(lane, last))?.way == Way::Board)
    }

    /// Copies what this rank wants of the result as lanes come to their end; false if there is none.
    fn take(&self, wanted: Wanted) -> Result<bool> {
        for lane in 0..self.lanes.lanes {
            // All must know before anybody goes on.
            let first = self.run.first == 0 && lane == 0;
            let mut blocks = self.lanes.blocks(lane).filter_map(|b| self.overlap(b, wanted)).peekable();
            if (first || blocks.peek().is_some()) && !self.is_here(lane)? {
                return Ok(false);
            }
            for (from, to, len) in blocks {
                if self.op.streams(self.whole) {
                    from.stream_to(to, len);
                } else {
                    from.copy_to(to, len);
                }
            }
        }
        Ok(true)
    }

    /// What `wanted` has of block `b`: from where, to where, bytes.
    fn overlap(&self, b: usize, wanted: Wanted) -> Option<(UserBuf, UserBuf, usize)> {
        let start = self.run.first + self.blocks.start(b);
        let first = start.max(wanted.first);
        let end = (start + self.blocks.len(b)).min(wanted.first + wanted.count);
        let bytes = |elements: i64| self.fold.bytes(elements);
        let from = || self.cell(b).offset(bytes(first - start) as isize);
        (first < end)
            .then(|| (from(), wanted.out.offset(bytes(first - wanted.first) as isize), bytes(end - first)))
    }
}

/// The elements of the result that a rank wants, and where the first of them goes.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub out: UserBuf,
    pub first: i64,
    pub count: i64,
}

/// `mine` are this rank's `count` operands. False: not over the board.
pub fn reduce(op: &Op, fold: &Fold, mine: UserBuf, count: i64, wanted: Wanted) -> Result<bool> {
    let (way, lanes, whole) = (op.way(), Lanes::new(op, fold), fold.bytes(count));
    for run in runs(fold, count, WINDOW.min(GROUP * op.size)) {
        let blocks = Blocks::even(run.count, op.size);
        let most = fold.bytes(blocks.longest());
        // The same for all lengths, so that ranks that disagree about it meet in one turn.
        let turn = op.start(most.max(GROUP))?;
        let window = Window { op, fold, lanes, run, blocks, most, turn, way, whole };
        let passed = window.pass(mine);
        let here = window.take(wanted)?;
        op.finish();
        passed?;
        if !here {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_goes_through_all_ranks_and_every_rank_has_a_place_for_it() {
        for size in 2..40 {
            for lanes in 1..=size.min(GROUP_SLOTS) {
                let lanes = Lanes { size, lanes };
                for rank in 0..size {
                    let mut order: Vec<usize> = (0..lanes.lanes).map(|place| lanes.at(place, rank)).collect();
                    assert!(order.is_sorted_by_key(|&lane| lanes.step(lane, rank)));
                    order.sort();
                    assert_eq!(order, (0..lanes.lanes).collect::<Vec<_>>());
                }
                let blocks: Vec<usize> = (0..lanes.lanes).flat_map(|lane| lanes.blocks(lane)).collect();
                assert_eq!(blocks, (0..size).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_single_lane_keeps_the_order_of_operands() {
        let lanes = Lanes { size: 7, lanes: 1 };
        assert_eq!((lanes.first(0), lanes.last(0)), (6, 0));
        assert_eq!((0..7).map(|rank| lanes.step(0, rank)).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1, 0]);
    }
}
