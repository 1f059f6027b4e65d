//! Gather, scatter and allgather.

use super::super::part::{Part, copy_here};
use super::super::wire::{Batch, Wire};
use super::swap::keep;
use super::{GROUP, Op, Outcome, Way, fetch, mismatch, outcome};
use crate::error::{Error, Result};
use crate::{UserBuf, fail};
use vmi::shm::board::CELL;

/// Up to so many ranks the blocks of an allgather are read from where they lie.
const FEW: usize = 4;

/// `mine` is `None` for a contribution in place; `block` says where the root puts the contribution of a rank. Every
/// rank decides for itself whether its contribution is on the board.
pub fn gather<'a>(
    op: &Op,
    mine: Option<Part>,
    block: Option<impl Fn(usize) -> Part<'a>>,
    root: usize,
) -> Outcome {
    let run = || match (block, mine) {
        (Some(block), mine) if op.rank == root => collect(op, mine, block),
        (_, Some(mine)) => contribute(op, mine, root),
        _ => Ok(true),
    };
    outcome(op, run())
}

fn contribute(op: &Op, mine: Part, root: usize) -> Result<bool> {
    let len = mine.len();
    let way = if len <= CELL || op.can_fetch() { op.way() } else { Way::Message };
    let turn = op.start(CELL)?;
    if way == Way::Board && len > CELL {
        return fetch::contribute(op, turn, mine, root).map(|()| true);
    }
    if way == Way::Board {
        op.write(turn, mine, 0, len);
    }
    op.post_to(root, turn, way, len);
    op.hand_over(turn, len);
    op.finish();
    if way == Way::Message {
        op.by_message(async |w| w.send(mine, root).await)?;
    }
    Ok(true)
}

fn collect<'a>(op: &Op, mine: Option<Part>, block: impl Fn(usize) -> Part<'a>) -> Result<bool> {
    let large = op.can_fetch() && (0..op.size).any(|rank| rank != op.rank && block(rank).len() > CELL);
    let turn = if large { op.start(CELL)? } else { op.take(CELL) };
    let offer = if large { fetch::offer(op, turn, &block) } else { fetch::Offer::None };
    // The others go on whatever becomes of it.
    let kept = mine.map_or(Ok(()), |mine| match offer {
        fetch::Offer::Pipe => keep(mine, block(op.rank)),
        _ => copy_here(mine, block(op.rank)),
    });
    let mut arrivals = Arrivals::default();
    let mut borrows = large;
    for i in 1..op.size {
        let rank = (op.rank + i) % op.size;
        let note = op.note(rank, turn)?;
        match note.way {
            Way::Message => arrivals.by_message.push(rank),
            Way::Lent => {
                let part = block(rank);
                borrows = true;
                arrivals.fetched(rank, fetch::collect(op, (rank, turn), note.len, part, offer), part);
            }
            Way::Board => {
                let len = note.len.min(CELL);
                arrivals.land(rank, op.bytes(rank, turn, len), len, block(rank));
            }
        }
    }
    if borrows {
        op.finish_now()
    } else {
        op.finish()
    }
    let arrived = match arrivals.is_complete() {
        true => Ok(()),
        false => arrivals.complete(op, block, async |_| Ok(())),
    };
    kept.and(arrived).map(|()| true)
}

/// What has come from the others.
#[derive(Default)]
pub(super) struct Arrivals {
    pub by_message: Vec<usize>,
    /// The first rank that sent more than fits: sent, expected.
    too_long: Option<(usize, usize, usize)>,
    unread: Option<Error>,
}

impl Arrivals {
    /// Takes what `rank` has posted for this one. Less than fits is believed; others accept this from careless
    /// programs.
    #[inline]
    pub fn land(&mut self, rank: usize, from: UserBuf, len: usize, into: Part) {
        let room = into.len();
        if len > room {
            self.too_long.get_or_insert((rank, len, room));
        }
        into.dt.unpack(into.buf, into.count, 0, from, len.min(room));
    }

    /// Takes note of what was read from where it lay in `rank`.
    pub fn fetched(&mut self, rank: usize, read: Result<usize>, into: Part) {
        match read {
            Ok(len) if len > into.len() => {
                self.too_long.get_or_insert((rank, len, into.len()));
            }
            Ok(_) => (),
            Err(error) => {
                self.unread.get_or_insert(error);
            }
        }
    }

    /// Receives what comes by message, while `others` sends.
    pub fn complete<'a>(
        self,
        op: &Op,
        block: impl Fn(usize) -> Part<'a>,
        others: impl AsyncFnOnce(&Wire) -> Result,
    ) -> Result {
        op.by_message(async |w| {
            let mut batch = Batch::new();
            for &rank in &self.by_message {
                batch.push(w.irecv_up_to(block(rank), rank)?);
            }
            others(w).await?;
            batch.all().await
        })?;
        if let Some(error) = self.unread {
            return Err(error);
        }
        match self.too_long {
            Some((rank, sent, room)) => fail!(
                TRUNCATE,
                "rank {rank} sent {sent} bytes where this rank expected {room} at most: count or datatype differ \
                 between ranks"
            ),
            None => Ok(()),
        }
    }

    pub fn is_complete(&self) -> bool {
        self.by_message.is_empty() && self.too_long.is_none() && self.unread.is_none()
    }
}

/// `mine` is `None` when the root's block stays in place. The root posts the blocks of all others at once: one after the
/// other if they are `even`, which all ranks know, else behind a table.
pub fn scatter<'a>(
    op: &Op,
    block: Option<impl Fn(usize) -> Part<'a>>,
    mine: Option<Part>,
    root: usize,
    even: bool,
) -> Outcome {
    let len = mine.or(block.as_ref().map(|block| block(op.rank))).map_or(0, |part| part.len());
    // All ranks know this alike.
    if even && !op.can_fetch() && !fits(op, even, len * (op.size - 1)) {
        return None;
    }
    let run = || match (block, mine) {
        (Some(block), mine) if op.rank == root => deal(op, block, mine, even),
        (_, Some(mine)) => receive(op, mine, root, even),
        _ => Ok(true),
    };
    outcome(op, run())
}

/// A block in a post with a table: two words of 32 bits.
const ENTRY: usize = 8;

/// Bytes of the table of a post that holds the blocks: there is none for the rank itself.
pub(super) fn table(op: &Op) -> usize {
    ENTRY * (op.size - 1)
}

/// Which block in a post of `writer` is this rank's. The first one is for the next rank.
fn place(op: &Op, writer: usize) -> usize {
    (op.rank + op.size - writer - 1) % op.size
}

/// Whether the blocks of a scatter, of `total` bytes together, are written to the board.
fn fits(op: &Op, even: bool, total: usize) -> bool {
    if even {
        total <= GROUP && !(op.can_fetch() && total >= CELL * (op.size - 1))
    } else {
        total <= CELL && !op.lends_to_one(total)
    }
}

fn deal<'a>(op: &Op, block: impl Fn(usize) -> Part<'a>, mine: Option<Part>, even: bool) -> Result<bool> {
    let table = if even { 0 } else { table(op) };
    let others = (0..op.size).filter(|&rank| rank != op.rank);
    let total = table + others.map(|rank| block(rank).len()).sum::<usize>();
    let here = fits(op, even, total);
    let way = if here || op.can_fetch() { op.way() } else { Way::Message };
    let turn = op.start(if even && here { total } else { CELL })?;
    let loan = match way {
        Way::Board if !here => Some(fetch::Loan::post(op, turn, 0, &block)),
        _ => None,
    };
    if loan.is_none() {
        if way == Way::Board {
            write_blocks(op, turn, (table, total), &block);
        }
        op.post(turn, way, total);
        op.hand_over(turn, total);
        op.finish();
    }
    if way == Way::Message {
        return Ok(false);
    }
    let copied = mine.map_or(Ok(()), |mine| copy_here(block(op.rank), mine));
    if loan.is_some() {
        op.take_back()?;
    }
    copied.map(|()| true)
}

pub(super) fn write_blocks<'a>(
    op: &Op,
    turn: u64,
    (table, total): (usize, usize),
    block: &impl Fn(usize) -> Part<'a>,
) {
    let base = op.bytes(op.rank, turn, total);
    let mut at = table;
    for place in 0..op.size - 1 {
        let part = block((op.rank + 1 + place) % op.size);
        if table > 0 {
            base.store((ENTRY * place) as isize, at as u32);
            base.store((ENTRY * place + 4) as isize, part.len() as u32);
        }
        part.pack_into(base.offset(at as isize));
        at += part.len();
    }
}

/// The block for this rank in a post of `writer` with a table, of `total` bytes; `None` if the table is none.
pub(super) fn find_block(op: &Op, writer: usize, turn: u64, total: usize) -> Option<(UserBuf, usize)> {
    if table(op) > total {
        return None;
    }
    let base = op.bytes(writer, turn, total);
    let entry = ENTRY * place(op, writer);
    let at = base.load::<u32>(entry as isize) as usize;
    let len = base.load::<u32>(entry as isize + 4) as usize;
    (at + len <= total).then(|| (base.offset(at as isize), len))
}

fn receive(op: &Op, mine: Part, root: usize, even: bool) -> Result<bool> {
    let all = mine.len() * (op.size - 1);
    let most = if even && fits(op, even, all) { all } else { CELL };
    let turn = op.take(most);
    let note = op.note(root, turn)?;
    let mut arrivals = Arrivals::default();
    match note.way {
        Way::Message => {
            op.finish();
            return Ok(false);
        }
        Way::Lent => {
            arrivals.fetched(root, fetch::fetch_block(op, root, turn, mine), mine);
            op.finish_now();
        }
        _ => {
            let found = find_mine(op, turn, root, (note.len, most), even);
            if let Some((from, len)) = found {
                arrivals.land(root, from, len, mine);
            }
            op.finish();
            if found.is_none() {
                mismatch(root, note.len, most)?;
            }
        }
    }
    if !arrivals.is_complete() {
        arrivals.complete(op, |_| mine, async |_| Ok(()))?;
    }
    Ok(true)
}

/// This rank's block in a post of `total` bytes.
fn find_mine(
    op: &Op,
    turn: u64,
    root: usize,
    (total, most): (usize, usize),
    even: bool,
) -> Option<(UserBuf, usize)> {
    if total > most.next_multiple_of(CELL) {
        return None;
    }
    if even {
        let len = total / (op.size - 1);
        return Some((op.bytes(root, turn, total).offset((place(op, root) * len) as isize), len));
    }
    find_block(op, root, turn, total)
}

/// `mine` is this rank's block, also if that is in place. `block(rank)` is known alike on all ranks, up to layout.
pub fn allgather<'a>(op: &Op, longest: usize, mine: Part, block: impl Fn(usize) -> Part<'a>) -> Outcome {
    // One copy out of each process beats two through the board as long as few copy from the same one.
    let fetches = match op.size {
        2 => op.fetches(longest.saturating_mul(4)),
        _ => op.size <= FEW && op.fetches(longest),
    };
    outcome(
        op,
        match fetches {
            true => fetch::allgather(op, mine, block),
            false => exchange(op, longest, mine, block),
        },
    )
}

fn exchange<'a>(op: &Op, longest: usize, mine: Part, block: impl Fn(usize) -> Part<'a>) -> Result<bool> {
    let way = op.way();
    let copied = copy_here(mine, block(op.rank));
    let mut at = 0;
    while at < longest {
        let most = GROUP.min(longest - at);
        let piece = |len: usize| len.saturating_sub(at).min(most);
        let turn = op.start(most)?;
        op.write(turn, mine, at, piece(mine.len()));
        op.post_at_once(turn, way, mine.len());
        op.hand_over(turn, piece(mine.len()));
        if at == 0 && !op.all_here(turn, way)? {
            op.finish();
            return Ok(false);
        }
        for i in 1..op.size {
            let rank = (op.rank + i) % op.size;
            let part = block(rank);
            if piece(part.len()) > 0 {
                op.note(rank, turn)?;
                op.read(rank, turn, part, at, piece(part.len()));
            }
        }
        op.finish();
        at += most;
    }
    copied.map(|()| true)
}
