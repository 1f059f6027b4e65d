//! Barrier and broadcast.

use super::super::part::Part;
use super::{Op, Outcome, Way, mismatch, outcome};
use crate::error::Result;
use vmi::shm::board::CELL;

/// Bytes of a piece of a broadcast: readers copy one while the root writes the next.
const PIECE: usize = 2 * CELL;
/// The same between two ranks.
const PAIR_PIECE: usize = CELL;

fn piece(op: &Op) -> usize {
    if op.size == 2 { PAIR_PIECE } else { PIECE }
}

/// Everybody posts, and waits for the posts of all others.
pub fn barrier(op: &Op) -> Outcome {
    let meet = || {
        let (turn, way) = (op.start(0)?, op.way());
        op.post_at_once(turn, way, 0);
        let here = op.all_here(turn, way)?;
        op.finish();
        Ok(here)
    };
    outcome(op, meet())
}

/// The root posts piece by piece, as far ahead of the readers as the board lets it.
pub fn bcast(op: &Op, part: Part, root: usize) -> Outcome {
    outcome(op, if op.rank == root { give(op, part) } else { take(op, part, root) })
}

fn give(op: &Op, part: Part) -> Result<bool> {
    let len = part.len();
    let way = op.way();
    let mut at = 0;
    while at < len {
        let n = piece(op).min(len - at);
        let turn = op.start(n)?;
        if way == Way::Board {
            op.write_to(op.only_bytes(op.rank, turn, n), part, at, n);
        }
        op.post(turn, way, len);
        op.hand_over_from(turn, len, |turn| op.only_bytes(op.rank, turn, len));
        op.finish();
        if way == Way::Message {
            return Ok(false);
        }
        at += n;
    }
    Ok(true)
}

/// Takes as many pieces as the root has, whatever this rank expects.
fn take(op: &Op, part: Part, root: usize) -> Result<bool> {
    let len = part.len();
    let (mut at, mut sent) = (0, len);
    while at < sent {
        let turn = op.take(piece(op).min(sent - at));
        let note = op.note(root, turn)?;
        if note.way == Way::Message {
            op.finish();
            return Ok(false);
        }
        sent = note.len;
        let posted = piece(op).min(sent.saturating_sub(at));
        if at < len {
            let (from, n) = (op.only_bytes(root, turn, posted), posted.min(len - at));
            op.read_fresh(from, part, at, n);
        }
        op.finish();
        at += posted;
    }
    if sent != len {
        mismatch(root, sent, len)?;
    }
    Ok(true)
}
