//! Blocks of an alltoall that together are more than caches hold: every rank posts what it has for one other rank, a piece
//! in a turn, and that rank takes it. Two copies, but by the program's own instructions: both read several pages side by
//! side, and results are written past the caches. The kernel copies one page after the other and reads what it
//! overwrites. (Blocks of 4 MiB, two cores, swapped here and read by the kernel: 8 ranks 23.8 and 32.1 ms, 4 ranks 4.4 to 4.8
//! and 4.6 to 5.5.)
//!
//! A rank writes a piece ahead of the one that it takes: so much more is done before it has to wait for others.

use super::super::part::{Part, copy_here};
use super::{GROUP, Op, Way};
use crate::error::Result;
use vmi::shm::board::CELL;

/// Bytes of a piece.
const PIECE: usize = GROUP;
/// Turns of a piece.
const TURNS: u64 = (PIECE / CELL) as u64;

/// From this size on, of the blocks of all ranks together.
const FROM: usize = 48 << 20;
/// The same where blocks are shorter than [`SHORT`]: all wait for each other after every few pieces. (Blocks of 256 KiB,
/// swapped and fetched: 16 ranks 6.0 and 5.2 ms, 32 ranks 28.6 and 31.)
const FROM_SHORT: usize = 128 << 20;
/// Bytes.
const SHORT: usize = 512 << 10;

/// Whether blocks of up to `longest` bytes are swapped. All ranks must say the same.
pub fn suits(op: &Op, longest: usize) -> bool {
    let from = if longest < SHORT { FROM_SHORT } else { FROM };
    longest >= PIECE && longest.saturating_mul(op.size * op.size) >= from
}

/// The longest block, if this rank wants to swap blocks of different lengths, else 0. Not where most of the turns
/// would be empty.
pub fn longest<'a>(op: &Op, block: impl Fn(usize) -> Part<'a>) -> usize {
    let lengths = || (0..op.size).map(|rank| block(rank).len());
    let (longest, total) = (lengths().max().unwrap_or(0), lengths().fold(0, usize::saturating_add));
    let full = longest.saturating_mul(op.size - 1) <= total.saturating_mul(2);
    let flat = || (0..op.size).all(|rank| block(rank).len() == 0 || block(rank).flat().is_some());
    if full && suits(op, longest) && flat() { longest } else { 0 }
}

/// The longest block of all, if all ranks have posted one as this one has.
pub fn agreed(op: &Op, turn: u64, mine: usize) -> Result<Option<usize>> {
    let mut longest = mine;
    for rank in (0..op.size).filter(|&rank| rank != op.rank) {
        let note = op.note(rank, turn)?;
        if note.way != Way::Lent || note.len == 0 {
            return Ok(None);
        }
        longest = longest.max(note.len);
    }
    Ok(Some(longest))
}

/// What a rank has for itself.
pub fn keep(from: Part, to: Part) -> Result {
    match (from.flat(), to.flat()) {
        (Some(src), Some(dst)) if from.len() == to.len() => {
            src.stream_to(dst, to.len());
            Ok(())
        }
        _ => copy_here(from, to),
    }
}

/// Blocks of up to `longest` bytes for all others; `into` tells the lengths of those that come.
pub fn blocks<'a, 'b>(
    op: &Op,
    longest: usize,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> (Part<'b>, usize),
) -> Result {
    let pieces = longest.div_ceil(PIECE);
    // In each step a piece goes to the rank so far ahead, and one comes from the rank so far behind.
    let place = |step: usize| (1 + step / pieces, step % pieces * PIECE);
    // A piece must not lie across the two halves of the ring: one would wait for itself.
    op.take(2 * PIECE);
    op.finish();
    let mut before = None;
    for step in 0..=pieces.saturating_mul(op.size - 1) {
        let mut posted = None;
        if step < pieces.saturating_mul(op.size - 1) {
            let (ahead, at) = place(step);
            let rank = (op.rank + ahead) % op.size;
            posted = Some((step, give(op, rank, out(rank), at)?));
        }
        if let Some((step, turn)) = before {
            let (behind, at) = place(step);
            let rank = (op.rank + op.size - behind) % op.size;
            let (part, len) = into(rank);
            take(op, (rank, turn), part, at, len)?;
        }
        before = posted;
    }
    Ok(())
}

/// Posts the piece at `at` of the block for `rank`.
fn give(op: &Op, rank: usize, block: Part, at: usize) -> Result<u64> {
    let turn = op.start(PIECE)?;
    let len = block.len().saturating_sub(at).min(PIECE);
    let piece = op.bytes(op.rank, turn, PIECE);
    match block.flat() {
        Some(from) => from.offset(at as isize).copy_cold_to(piece, len),
        None if len > 0 => block.dt.pack(block.buf, block.count, at as u64, piece, len),
        None => (),
    }
    op.post_to(rank, turn, Way::Board, len);
    Ok(turn)
}

/// Takes the piece at `at` of the block of `len` bytes that `rank` posts in `turn`.
fn take(op: &Op, (rank, turn): (usize, u64), block: Part, at: usize, len: usize) -> Result {
    op.note(rank, turn)?;
    let piece = op.bytes(rank, turn, PIECE);
    let len = len.min(block.len()).saturating_sub(at).min(PIECE);
    match block.flat() {
        Some(to) => piece.stream_to(to.offset(at as isize), len),
        None if len > 0 => block.dt.unpack(block.buf, block.count, at as u64, piece, len),
        None => (),
    }
    op.finish_before(turn + TURNS);
    Ok(())
}
