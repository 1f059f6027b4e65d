//! Long contributions to a gather that together are more than caches hold go through the pipes of their ranks
//! ([`vmi::shm::board::pipe`]). Two copies, but by the program's own instructions, as in [`super::swap`]; unlike there, only
//! who contributes and the root know of it, so nobody else has to take turns.

use super::super::part::Part;
use super::Op;
use crate::UserBuf;
use crate::error::Result;
use vmi::shm::board::pipe::{PIECE, PIECES};

/// From this size on, of the contributions of all ranks together.
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
    let cold = |part: Part| part.flat().is_some_and(|at| at.is_cold(part.len()));
    let mut few = (1..op.size).step_by(op.size.div_ceil(FEW)).map(|ahead| (op.rank + ahead) % op.size);
    let in_a_row = &op.board.piped_in_a_row;
    let suits = in_a_row.get() < IN_A_ROW && few.all(|rank| cold(block(rank)));
    in_a_row.set(if suits { in_a_row.get() + 1 } else { 0 });
    suits
}

/// The number of no piece.
pub const NONE: u64 = u64::MAX;

/// The number of the next piece in this rank's pipe if `len` bytes at `from` had better go through it, else [`NONE`]: what
/// lies in no cache is copied as quickly by the kernel.
pub fn next(op: &Op, from: UserBuf, len: usize) -> u64 {
    let suits = len.saturating_mul(op.size) >= FROM && !from.is_cold(len);
    if suits { op.board.member.counts(op.rank).next() } else { NONE }
}

/// `len` bytes for `reader`.
pub fn pass(op: &Op, from: UserBuf, len: usize, reader: usize) -> Result {
    let member = &op.board.member;
    let counts = member.counts(op.rank);
    // Its last reader may be another.
    if !counts.is_empty() {
        op.wait(&|| counts.is_empty())?;
    }
    for (piece, at) in (counts.next()..).zip((0..len).step_by(PIECE)) {
        if !counts.has_room(piece) {
            op.wait(&|| counts.has_room(piece + PIECES / 2))?;
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
    for (piece, at) in (first..).zip((0..len).step_by(PIECE)) {
        if !counts.is_here(piece) {
            op.wait(&|| counts.is_here(piece))?;
        }
        let (here, len) = (member.piece(rank, piece), PIECE.min(len - at));
        match part.flat() {
            Some(to) => here.stream_to(to.offset(at as isize), len),
            None => part.dt.unpack(part.buf, part.count, at as u64, here, len),
        }
        counts.take(piece);
        op.board.bells.wake(rank);
    }
    Ok(())
}
