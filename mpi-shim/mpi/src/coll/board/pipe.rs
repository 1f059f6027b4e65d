//! Long contributions to a gather that together are more than caches hold go through the pipes of their ranks
//! ([`vmi::shm::board::pipe`]). Two copies, but by the program's own instructions, as in [`super::swap`]; unlike there, only
//! who contributes and the root know of it, so nobody else has to take turns.

use super::super::part::Part;
use super::Op;
use crate::UserBuf;
use crate::error::Result;
use vmi::shm::board::CELL;
use vmi::shm::board::pipe::{PIECE, PIECES};

/// Pieces of half a pipe.
const HALF: u64 = PIECES / 2;

/// From this size on, of the contributions of all ranks together. (4 MiB from each of 4 ranks, two cores: 1.24 ms, 0.92 by
/// the kernel.)
const FROM: usize = 24 << 20;
/// Blocks that are looked at to see whether they are in a cache.
const FEW: usize = 4;
/// After so many gathers in a row that went through pipes, one does not: what is written past the caches is cold the next
/// time, whether caches would have held it or not.
const IN_A_ROW: u32 = 8;

/// Whether the contributions to this root go through pipes: if its memory is in no cache. (4 MiB from each of 8 ranks, two
/// cores: 2.5 ms and 3.3 by the kernel if every rank is the root in turn, but 3.6 and 1.7 for 2 MiB of 16 ranks always into
/// the same memory, which the third-level cache holds.)
pub fn suits<'a>(op: &Op, block: impl Fn(usize) -> Part<'a>) -> bool {
    let total = (0..op.size).map(|rank| block(rank).len()).fold(0, usize::saturating_add);
    // Of two ranks the root copies its own half meanwhile, if the kernel copies the other one.
    if total < FROM || op.size == 2 {
        return false;
    }
    let others = || (1..op.size).map(|ahead| block((op.rank + ahead) % op.size));
    let long = || others().filter(|part| part.len() > CELL);
    let cold = |part: Part| part.flat().is_some_and(|at| at.is_cold(part.len()));
    let in_a_row = &op.board.piped_in_a_row;
    let suits = in_a_row.get() < IN_A_ROW
        && others().all(|part| part.len() == 0 || part.flat().is_some())
        && long().next().is_some()
        && long().step_by(op.size.div_ceil(FEW)).all(cold);
    in_a_row.set(if suits { in_a_row.get() + 1 } else { 0 });
    suits
}

/// The number of no piece.
pub const NONE: u64 = u64::MAX;

/// The number of the next piece in this rank's pipe if `len` bytes at `from` had better go through it, else [`NONE`]: what
/// lies in no cache is copied more quickly by the kernel. (16 MiB from each of 8 ranks: 12.7 ms, 17 through pipes.)
pub fn next(op: &Op, from: UserBuf, len: usize) -> u64 {
    let suits = op.size > 2 && len.saturating_mul(op.size) >= FROM && !from.is_cold(len);
    if suits { op.board.pieces.get() } else { NONE }
}

/// `len` bytes for `reader`, from piece `first` on.
pub fn pass(op: &Op, first: u64, from: UserBuf, len: usize, reader: usize) -> Result {
    let member = &op.board.member;
    let counts = member.counts(op.rank);
    op.board.pieces.set(first + len.div_ceil(PIECE) as u64);
    // Its last reader may be another.
    if !counts.is_empty(first) {
        op.wait(&|| counts.is_empty(first))?;
    }
    for (piece, at) in (first..).zip((0..len).step_by(PIECE)) {
        if !counts.has_room(piece) {
            op.wait(&|| counts.has_room(piece + HALF))?;
        }
        from.offset(at as isize).copy_cold_to(member.piece(op.rank, piece), PIECE.min(len - at));
        counts.publish(piece);
        op.board.bells.wake(reader);
    }
    Ok(())
}

/// The `len` bytes that come through the pipe of `rank` from piece `first` on are the first ones of `part`.
pub fn take(op: &Op, (rank, first): (usize, u64), len: usize, part: Part) -> Result {
    let member = &op.board.member;
    let counts = member.counts(rank);
    // What is empty need not be flat, see `suits`.
    let Some(to) = part.flat() else { return Ok(()) };
    let all = len;
    for (n, at) in (0..len).step_by(PIECE).enumerate() {
        let (piece, len) = (first.wrapping_add(n as u64), PIECE.min(len - at));
        if !counts.is_here(piece) {
            op.wait(&|| counts.is_here(piece))?;
        }
        member.piece(rank, piece).stream_to(to.offset(at as isize), len);
        counts.take(piece);
        // Who waits for room waits for half a pipe.
        if piece.wrapping_add(1).is_multiple_of(HALF) || at + len == all {
            op.board.bells.wake(rank);
        }
    }
    Ok(())
}
