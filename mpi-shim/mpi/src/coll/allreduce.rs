//! Allreduce.

use super::allgather;
use super::bcast;
use super::board;
use super::choice::{self, Allreduce as Algorithm};
use super::drive::Collective;
use super::fold::Fold;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy};
use super::reduce;
use super::shape::Blocks;
use super::wire::{Batch, Wire};
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, OpId, TypeId, UserBuf};
use std::ops::Range;
use std::rc::Rc;

pub struct Allreduce {
    comm: Rc<Comm>,
    sendbuf: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    fold: Fold,
}

impl Allreduce {
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        recvbuf: UserBuf,
        count: i64,
        datatype: TypeId,
        op: OpId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let fold = check::fold(e, op, count, datatype)?;
        check::operands(&comm, sendbuf, count, recvbuf, count, &fold)?;
        Ok(Allreduce { comm, sendbuf, recvbuf, count, fold })
    }
}

impl Collective for Allreduce {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        if self.comm.is_inter() {
            return None;
        }
        if self.count == 0 {
            return Some(Ok(()));
        }
        let usable = |a| a != Algorithm::Board || board::serves(&self.fold);
        if choice::allreduce(self.comm.size() as usize, self.fold.bytes(self.count), usable)
            != Algorithm::Board
        {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        board::allreduce(&op, &self.fold, self.sendbuf, self.recvbuf, self.count)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let serves = self.fold.commutes() || map.in_order();
        let usable = |a| a != Algorithm::Board && (a != Algorithm::Leaders || serves);
        choice::allreduce(map.ranks(), self.fold.bytes(self.count), usable) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        op.allreduce(&self.fold, self.sendbuf, self.recvbuf, self.count).await
    }

    async fn run(&self, w: &Wire) -> Result {
        match self.comm.is_inter() {
            true => across(w, &self.fold, self.sendbuf, self.recvbuf, self.count).await,
            false => allreduce(w, &self.fold, self.sendbuf, self.recvbuf, self.count).await,
        }
    }
}

/// `sendbuf` may be `IN_PLACE`.
pub async fn allreduce(w: &Wire, fold: &Fold, sendbuf: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    let mine = if sendbuf.is_in_place() { recvbuf } else { sendbuf };
    if count == 0 {
        return Ok(());
    }
    let blockwise = fold.commutes() && count >= w.size as i64;
    let usable = |a| match a {
        Algorithm::RecursiveDoubling | Algorithm::Direct | Algorithm::Tree | Algorithm::Star => true,
        Algorithm::Halving | Algorithm::Ring => blockwise,
        Algorithm::Board | Algorithm::Leaders => false,
    };
    match choice::allreduce(w.size, fold.bytes(count), usable) {
        Algorithm::RecursiveDoubling | Algorithm::Board | Algorithm::Leaders => {
            recursive_doubling(w, fold, mine, recvbuf, count).await
        }
        Algorithm::Direct => direct(w, fold, mine, recvbuf, count).await,
        Algorithm::Tree => tree(w, fold, mine, recvbuf, count).await,
        Algorithm::Star => star(w, fold, mine, recvbuf, count).await,
        Algorithm::Halving => halving(w, fold, mine, recvbuf, count).await,
        Algorithm::Ring => ring(w, fold, mine, recvbuf, count).await,
    }
}

/// Every rank sends its operand to every other; each combines them in the order of ranks.
pub async fn direct(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    let operands = reduce::Operands::new(w, fold, count, mine)?;
    let mut batch = Batch::new();
    for i in 1..w.size {
        batch.push(w.isend(operands.of(w.rank), (w.rank + i) % w.size)?);
    }
    for i in 1..w.size {
        let rank = (w.rank + i) % w.size;
        batch.push(w.irecv(operands.of(rank), rank)?);
    }
    batch.all().await?;
    operands.combine(w, w.size, recvbuf)
}

/// Up to rank 0 and down again.
pub async fn tree(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    reduce::up(w, fold, mine, recvbuf, count, 0).await?;
    bcast::bcast(w, Part::new(recvbuf, count, fold.dt()), 0).await
}

/// Every rank sends to rank 0 and hears from it.
pub async fn star(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    reduce::linear(w, fold, mine, recvbuf, count, 0).await?;
    bcast::linear(w, Part::new(recvbuf, count, fold.dt()), 0).await
}

/// Reduce-scatter around the ring, then allgather around it.
pub async fn ring(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    let blocks = Blocks::even(count, w.size);
    let block = |rank: usize| Part::new(recvbuf, 0, fold.dt()).at(blocks.start(rank), blocks.len(rank));
    if mine == recvbuf {
        let temp = w.temp_for(fold.dt(), blocks.len(w.rank));
        reduce::ring(w, fold, mine, &blocks, temp.base).await?;
        copy(w, Part { buf: temp.base, ..block(w.rank) }, block(w.rank))?;
    } else {
        reduce::ring(w, fold, mine, &blocks, block(w.rank).buf).await?;
    }
    allgather::ring(w, block).await
}

/// The largest power of two of the ranks that take part in an exchange pattern which needs one. Of the first
/// `2 * extra` ranks the even ones hand their operand to their odd neighbour and wait for the result.
/// Members, numbered from 0, stay in the order of ranks.
struct Core {
    size: usize,
    extra: usize,
}

impl Core {
    fn of(ranks: usize) -> Core {
        let size = 1 << ranks.ilog2();
        Core { size, extra: ranks - size }
    }

    /// The number of `rank` in the core.
    fn number(&self, rank: usize) -> Option<usize> {
        match rank < 2 * self.extra {
            true => (rank % 2 == 1).then_some(rank / 2),
            false => Some(rank - self.extra),
        }
    }

    fn rank(&self, number: usize) -> usize {
        if number < self.extra { 2 * number + 1 } else { number + self.extra }
    }

    /// The rank outside of the core that `rank` acts for.
    fn ward(&self, rank: usize) -> Option<usize> {
        (rank < 2 * self.extra && rank % 2 == 1).then(|| rank - 1)
    }
}

/// The vector being reduced and a second one: operands land in `other`, and the two change roles when the
/// result does too.
struct Vectors<'a> {
    w: &'a Wire,
    fold: &'a Fold,
    count: i64,
    acc: UserBuf,
    other: UserBuf,
}

impl Vectors<'_> {
    fn part(&self, buf: UserBuf) -> Part<'_> {
        Part::new(buf, self.count, self.fold.dt())
    }

    /// Combines with what landed in `other`, which is of ranks before or after mine.
    fn combine(&mut self, other_is_before: bool) -> Result {
        if other_is_before {
            return self.w.fold(self.fold, self.other, self.acc, self.count);
        }
        self.w.fold(self.fold, self.acc, self.other, self.count)?;
        std::mem::swap(&mut self.acc, &mut self.other);
        Ok(())
    }
}

/// In each step every rank exchanges what it has with a partner twice as far away. Operands keep the order of
/// ranks, and all ranks compute the same expression, so results agree to the last bit.
pub async fn recursive_doubling(
    w: &Wire,
    fold: &Fold,
    mine: UserBuf,
    recvbuf: UserBuf,
    count: i64,
) -> Result {
    let core = Core::of(w.size);
    let whole = Part::new(recvbuf, count, fold.dt());
    let Some(number) = core.number(w.rank) else {
        w.send(Part { buf: mine, ..whole }, w.rank + 1).await?;
        return w.recv(whole, w.rank + 1).await;
    };
    copy(w, Part { buf: mine, ..whole }, whole)?;
    let temp = w.temp_for(fold.dt(), count);
    let mut vectors = Vectors { w, fold, count, acc: recvbuf, other: temp.base };
    if let Some(ward) = core.ward(w.rank) {
        w.recv(vectors.part(vectors.other), ward).await?;
        vectors.combine(true)?;
    }
    let mut distance = 1;
    while distance < core.size {
        let partner = core.rank(number ^ distance);
        w.exchange(vectors.part(vectors.acc), partner, vectors.part(vectors.other), partner).await?;
        vectors.combine(partner < w.rank)?;
        distance *= 2;
    }
    if let Some(ward) = core.ward(w.rank) {
        w.send(vectors.part(vectors.acc), ward).await?;
    }
    copy(w, vectors.part(vectors.acc), whole)
}

/// Partners exchange halves of their window of blocks and keep one each, until every member of the core owns one
/// block of the result; then windows grow again the same way. The operation must commute.
pub async fn halving(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    let core = Core::of(w.size);
    let whole = Part::new(recvbuf, count, fold.dt());
    let Some(number) = core.number(w.rank) else {
        w.send(Part { buf: mine, ..whole }, w.rank + 1).await?;
        return w.recv(whole, w.rank + 1).await;
    };
    copy(w, Part { buf: mine, ..whole }, whole)?;
    let temp = w.temp_for(fold.dt(), count);
    if let Some(ward) = core.ward(w.rank) {
        w.recv(Part { buf: temp.base, ..whole }, ward).await?;
        w.fold(fold, temp.base, recvbuf, count)?;
    }
    let blocks = Blocks::even(count, core.size);
    let piece = |buf, range: Range<usize>| {
        Part::new(buf, 0, fold.dt()).at(blocks.start(range.start), blocks.within(range))
    };
    let mut distance = core.size / 2;
    while distance > 0 {
        let partner = core.rank(number ^ distance);
        let (keep, give) = (window(number, distance), window(number ^ distance, distance));
        let landing = piece(temp.base, keep.clone());
        w.exchange(piece(recvbuf, give), partner, landing, partner).await?;
        w.fold(fold, landing.buf, piece(recvbuf, keep).buf, landing.count)?;
        distance /= 2;
    }
    distance = 1;
    while distance < core.size {
        let partner = core.rank(number ^ distance);
        let (have, get) = (window(number, distance), window(number ^ distance, distance));
        w.exchange(piece(recvbuf, have), partner, piece(recvbuf, get), partner).await?;
        distance *= 2;
    }
    match core.ward(w.rank) {
        Some(ward) => w.send(whole, ward).await,
        None => Ok(()),
    }
}

/// The aligned window of `len` blocks (a power of two) that contains `number`.
fn window(number: usize, len: usize) -> Range<usize> {
    let start = number & !(len - 1);
    start..start + len
}

/// Between two groups: each group's operands are reduced by rank 0 of the other, which passes the result through
/// its partner back to its own group. All messages cross.
pub async fn across(w: &Wire, fold: &Fold, sendbuf: UserBuf, recvbuf: UserBuf, count: i64) -> Result {
    let part = |buf| Part::new(buf, count, fold.dt());
    let sent = w.isend(part(sendbuf), 0)?;
    if w.rank != 0 {
        sent.await?;
        return w.recv(part(recvbuf), 0).await;
    }
    reduce::from_all(w, fold, recvbuf, count).await?;
    sent.await?;
    // What rank 0 of the other group has reduced is the result for the ranks that it received from: mine.
    let relay = w.temp_for(fold.dt(), count);
    w.exchange(part(recvbuf), 0, part(relay.base), 0).await?;
    let mut batch = Batch::new();
    for peer in 1..w.peers {
        batch.push(w.isend(part(relay.base), peer)?);
    }
    batch.all().await
}
