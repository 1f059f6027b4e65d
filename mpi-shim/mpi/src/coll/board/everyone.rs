//! Alltoall and its varying forms.

use super::super::part::{Part, copy_here};
use super::super::wire::Batch;
use super::blocks::{self, Arrivals, find_block, write_blocks};
use super::{GROUP, Op, Outcome, Way, fetch, outcome, swap};
use crate::error::Result;
use vmi::shm::board::CELL;

/// Most bytes of what one rank posts for all others when lengths are not known alike.
const VARYING: usize = 4 * CELL;

/// All blocks are of `len` bytes. Those of `out` and `into` may be the same, `in_place`: a piece is posted before its
/// place is written.
pub fn alltoall<'a, 'b>(
    op: &Op,
    len: usize,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
    in_place: bool,
) -> Outcome {
    if swap::suits(op, len) && !in_place {
        return outcome(op, swapped(op, len, out, into));
    }
    if op.fetches(len.saturating_mul(4)) && !in_place {
        return outcome(op, fetched(op, len, out, into));
    }
    outcome(op, exchange(op, len, out, into))
}

fn swapped<'a, 'b>(
    op: &Op,
    len: usize,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result<bool> {
    // As many turns as without: ranks may disagree about `len`.
    let others = op.size - 1;
    let alike = if op.fetches(len.saturating_mul(4)) { 0 } else { GROUP / others * others };
    let (turn, way) = (op.start(alike)?, op.way());
    op.post_at_once(turn, way, len);
    let here = op.all_agree(turn, way, len)?;
    op.finish();
    if here {
        swap::keep(out(op.rank), into(op.rank))?;
        swap::blocks(op, len, out, |rank| (into(rank), len))?;
    }
    Ok(here)
}

fn fetched<'a, 'b>(
    op: &Op,
    len: usize,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result<bool> {
    copy_here(out(op.rank), into(op.rank))?;
    fetch::alltoall(op, len, out, into)
}

fn exchange<'a, 'b>(
    op: &Op,
    len: usize,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result<bool> {
    let others = op.size - 1;
    let most = (GROUP / others).min(len);
    let way = op.way();
    let mut at = 0;
    while at < len {
        let n = most.min(len - at);
        let total = others * n;
        let turn = op.start(total)?;
        // The post has the block for the next rank first, and none for its own rank.
        let base = op.swapped_bytes(op.rank, turn, total);
        for i in 0..others {
            let part = out((op.rank + 1 + i) % op.size);
            part.dt.pack(part.buf, part.count, at as u64, base.offset((i * n) as isize), n);
        }
        op.post_at_once(turn, way, len);
        op.hand_over_from(turn, total, |turn| op.swapped_bytes(op.rank, turn, total));
        if at == 0 && !op.all_agree(turn, way, len)? {
            op.finish();
            return Ok(false);
        }
        for i in 0..others {
            let rank = (op.rank + op.size - 1 - i) % op.size;
            op.note(rank, turn)?;
            let (from, part) = (op.swapped_bytes(rank, turn, total).offset((i * n) as isize), into(rank));
            part.dt.unpack(part.buf, part.count, at as u64, from, n);
        }
        op.finish();
        at += n;
    }
    copy_here(out(op.rank), into(op.rank))?;
    Ok(true)
}

/// Blocks of any length, from memory that is not written to. Every rank posts its blocks behind a table, or sends
/// them.
pub fn alltoall_varying<'a, 'b>(
    op: &Op,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Outcome {
    let none = |rank: usize| if rank == op.rank { Part { count: 0, ..out(rank) } } else { out(rank) };
    outcome(op, exchange_varying(op, &out, none, into))
}

fn exchange_varying<'a, 'b>(
    op: &Op,
    out: impl Fn(usize) -> Part<'a>,
    posted: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result<bool> {
    let table = blocks::table(op);
    let total = (0..op.size).map(|rank| posted(rank).len()).fold(table, usize::saturating_add);
    let (fits, can_fetch) = (total <= VARYING, op.can_fetch());
    let way = if fits || can_fetch { op.way() } else { Way::Message };
    let turn = op.start(VARYING)?;
    let lends = way == Way::Board && (!fits || op.lends_to_one(total));
    let longest = if lends { swap::longest(op, &posted) } else { 0 };
    let _loan = lends.then(|| fetch::Loan::post(op, turn, longest, &posted));
    if way == Way::Board && !lends {
        write_blocks(op, turn, (table, total), &posted);
    }
    if !lends {
        op.post(turn, way, total);
        op.hand_over(turn, total);
    }
    if longest > 0
        && let Some(longest) = swap::agreed(op, turn, longest)?
    {
        return swapped_varying(op, (turn, longest), out, into);
    }
    let kept = copy_here(out(op.rank), into(op.rank));
    let mut arrivals = Arrivals::default();
    let mut borrows = lends;
    for i in 1..op.size {
        let rank = (op.rank + op.size - i) % op.size;
        let note = op.note(rank, turn)?;
        if note.way == Way::Message {
            arrivals.by_message.push(rank);
        } else if note.way == Way::Lent {
            arrivals.fetched(rank, fetch::fetch_block(op, rank, turn, into(rank)), into(rank));
            borrows = true;
        } else if note.len <= VARYING
            && let Some((from, len)) = find_block(op, rank, turn, note.len)
        {
            arrivals.land(rank, from, len, into(rank));
        }
    }
    if borrows {
        op.finish_now()
    } else {
        op.finish()
    }
    let received = complete_varying(op, way, arrivals, out, into);
    if lends {
        op.take_back()?;
    }
    kept.and(received).map(|()| true)
}

/// All have posted in `turn` that they swap their blocks, which are of `longest` bytes at most.
fn swapped_varying<'a, 'b>(
    op: &Op,
    (turn, longest): (u64, usize),
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result<bool> {
    let others = || (0..op.size).filter(|&rank| rank != op.rank);
    let mut sent = vec![0; op.size];
    others().for_each(|rank| sent[rank] = fetch::length_of_block(op, rank, turn));
    op.finish();
    let kept = swap::keep(out(op.rank), into(op.rank));
    swap::blocks(op, longest, &out, |rank| (into(rank), sent[rank]))?;
    let mut arrivals = Arrivals::default();
    others().for_each(|rank| arrivals.fetched(rank, Ok(sent[rank]), into(rank)));
    kept.and(complete_varying(op, Way::Board, arrivals, out, into)).map(|()| true)
}

fn complete_varying<'a, 'b>(
    op: &Op,
    way: Way,
    arrivals: Arrivals,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result {
    if way == Way::Board && arrivals.is_complete() {
        return Ok(());
    }
    arrivals.complete(op, into, async |w| {
        let mut sends = Batch::new();
        for i in (1..op.size).filter(|_| way == Way::Message) {
            let rank = (op.rank + i) % op.size;
            sends.push(w.isend(out(rank), rank)?);
        }
        sends.all().await
    })
}
