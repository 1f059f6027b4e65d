//! Reduce, and the trees and rings that other reductions share.

use super::board;
use super::choice::{self, Reduce as Algorithm};
use super::drive::Collective;
use super::fold::Fold;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy};
use super::shape::{Blocks, Tree};
use super::wire::{Batch, Temp, Wire};
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, OpId, TypeId, UserBuf};
use std::rc::Rc;

pub struct Reduce {
    comm: Rc<Comm>,
    sendbuf: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    fold: Fold,
    root: check::Root,
}

impl Reduce {
    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Reduce")]
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        recvbuf: UserBuf,
        count: i64,
        datatype: TypeId,
        op: OpId,
        root: i32,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let root = check::root(&comm, root)?;
        if root == check::Root::Absent {
            return Ok(Reduce { comm, sendbuf, recvbuf, count: 0, fold: Fold::none(e), root });
        }
        let fold = check::fold(e, op, count, datatype)?;
        let i_receive = root.is_me(&comm);
        if i_receive {
            check::buffer("recvbuf", recvbuf, count, fold.dt())?;
        }
        if root != check::Root::Me && !(i_receive && sendbuf.is_in_place()) {
            check::buffer("sendbuf", sendbuf, count, fold.dt())?;
        }
        if i_receive && !comm.is_inter() {
            check::no_alias(("sendbuf", sendbuf), ("recvbuf", recvbuf), fold.bytes(count))?;
        }
        Ok(Reduce { comm, sendbuf, recvbuf, count, fold, root })
    }
}

impl Collective for Reduce {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        let check::Root::Local(root) = self.root else { return None };
        if self.count == 0 {
            return Some(Ok(()));
        }
        let usable = |a| a != Algorithm::Board || board::serves(&self.fold);
        if choice::reduce(self.comm.size() as usize, self.fold.bytes(self.count), usable) != Algorithm::Board
        {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        board::reduce(&op, &self.fold, self.sendbuf, self.recvbuf, self.count, root)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let usable =
            |a| a == Algorithm::Tree || (a == Algorithm::Leaders && (self.fold.commutes() || map.in_order()));
        let chosen = choice::reduce(map.ranks(), self.fold.bytes(self.count), usable);
        matches!(self.root, check::Root::Local(_)) && chosen == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        match self.root {
            check::Root::Local(root) => {
                op.reduce(&self.fold, self.sendbuf, self.recvbuf, self.count, root).await
            }
            _ => self.run(op.whole()).await,
        }
    }

    async fn run(&self, w: &Wire) -> Result {
        let part = Part::new(self.sendbuf, self.count, self.fold.dt());
        match self.root {
            check::Root::Local(root) => {
                reduce(w, &self.fold, self.sendbuf, self.recvbuf, self.count, root).await
            }
            check::Root::Remote(root) => w.send(part, root).await,
            check::Root::Me => from_all(w, &self.fold, self.recvbuf, self.count).await,
            check::Root::Absent => Ok(()),
        }
    }
}

/// `sendbuf` may be `IN_PLACE` on the root; `recvbuf` counts on the root only.
pub async fn reduce(
    w: &Wire,
    fold: &Fold,
    sendbuf: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    root: usize,
) -> Result {
    let mine = if sendbuf.is_in_place() { recvbuf } else { sendbuf };
    if count == 0 {
        return Ok(());
    }
    let usable = |a| match a {
        Algorithm::Board | Algorithm::Leaders => false,
        Algorithm::Ring => fold.commutes() && count >= w.size as i64,
        Algorithm::Linear | Algorithm::Tree => true,
    };
    match choice::reduce(w.size, fold.bytes(count), usable) {
        Algorithm::Linear => linear(w, fold, mine, recvbuf, count, root).await,
        Algorithm::Tree if fold.commutes() || root == 0 => tree(w, fold, mine, recvbuf, count, root).await,
        Algorithm::Tree | Algorithm::Board | Algorithm::Leaders => {
            tree_in_order(w, fold, mine, recvbuf, count, root).await
        }
        Algorithm::Ring => ring_to_root(w, fold, mine, recvbuf, count, root).await,
    }
}

/// Every rank sends its operand to the root.
pub async fn linear(
    w: &Wire,
    fold: &Fold,
    mine: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    root: usize,
) -> Result {
    if w.rank != root {
        return w.send(Part::new(mine, count, fold.dt()), root).await;
    }
    let operands = Operands::new(w, fold, count, mine)?;
    let mut batch = Batch::new();
    for rank in (0..w.size).filter(|&rank| rank != root) {
        batch.push(w.irecv(operands.of(rank), rank)?);
    }
    batch.all().await?;
    operands.combine(w, w.size, recvbuf)
}

/// Memory for the operands of all ranks; mine is in its place from the start.
pub struct Operands<'w> {
    fold: &'w Fold,
    count: i64,
    temp: Temp<'w>,
}

impl<'w> Operands<'w> {
    pub fn new(w: &'w Wire, fold: &'w Fold, count: i64, mine: UserBuf) -> Result<Self> {
        let operands = Operands { fold, count, temp: w.temp_for(fold.dt(), count * w.size as i64) };
        copy(w, Part::new(mine, count, fold.dt()), operands.of(w.rank))?;
        Ok(operands)
    }

    /// The operand of `rank`.
    pub fn of(&self, rank: usize) -> Part<'_> {
        Part::new(self.temp.base, 0, self.fold.dt()).at(rank as i64 * self.count, self.count)
    }

    /// Combines the operands of the first `n` ranks in their order.
    pub fn combine(&self, w: &Wire, n: usize, out: UserBuf) -> Result {
        for rank in 1..n {
            w.fold(self.fold, self.of(rank - 1).buf, self.of(rank).buf, self.count)?;
        }
        copy(w, self.of(n - 1), Part::new(out, self.count, self.fold.dt()))
    }
}

/// Up a binomial tree; ranks other than the root need memory for what their children send.
pub async fn tree(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64, root: usize) -> Result {
    if w.rank == root {
        return up(w, fold, mine, recvbuf, count, root).await;
    }
    let leaf = Tree::new(w.rank, root, w.size).children().next().is_none();
    let temp = w.temp_for(fold.dt(), if leaf { 0 } else { count });
    up(w, fold, mine, temp.base, count, root).await
}

/// Each rank combines its own operand with those of its children, nearest first, which is the order of ranks
/// counted from the root. The result is in the root's `out`; other ranks use `out` as scratch memory.
///
/// Operands land alternately in `out` and in spare memory, such that the last one lands in `out`: nothing is
/// copied, and `mine` is not written to (unless it is `out`, for an operation in place).
pub async fn up(w: &Wire, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64, root: usize) -> Result {
    let part = |buf| Part::new(buf, count, fold.dt());
    let tree = Tree::new(w.rank, root, w.size);
    let children = tree.children().count();
    let in_place = mine == out;
    let spare = (children > 1 || (children == 1 && in_place)).then(|| w.temp_for(fold.dt(), count));
    let mut acc = mine;
    for (i, child) in tree.children().enumerate() {
        let lands_in_out = if in_place { i % 2 == 1 } else { (children - i) % 2 == 1 };
        let landing = spare.as_ref().filter(|_| !lands_in_out).map_or(out, |t| t.base);
        w.recv_operand(part(landing), tree.rank_of(child)).await?;
        w.fold(fold, acc, landing, count)?;
        acc = landing;
    }
    match tree.parent() {
        Some(parent) => w.send(part(acc), parent).await,
        None => copy(w, part(acc), part(out)),
    }
}

/// For operands that must keep their order: to rank 0, whose tree counts from 0, and from there to the root.
pub async fn tree_in_order(
    w: &Wire,
    fold: &Fold,
    mine: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    root: usize,
) -> Result {
    let temp = (w.rank == 0).then(|| w.temp_for(fold.dt(), count));
    let out = temp.as_ref().map_or(recvbuf, |t| t.base);
    tree(w, fold, mine, out, count, 0).await?;
    let part = |buf| Part::new(buf, count, fold.dt());
    if w.rank == 0 {
        w.send(part(out), root).await?;
    } else if w.rank == root {
        w.recv(part(recvbuf), 0).await?;
    }
    Ok(())
}

/// Reduce-scatter around a ring; every rank then sends its block of the result to the root.
pub async fn ring_to_root(
    w: &Wire,
    fold: &Fold,
    mine: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    root: usize,
) -> Result {
    let blocks = Blocks::even(count, w.size);
    let block = w.temp_for(fold.dt(), blocks.longest());
    ring(w, fold, mine, &blocks, block.base).await?;
    let own = Part::new(block.base, blocks.len(w.rank), fold.dt());
    if w.rank != root {
        return w.send(own, root).await;
    }
    let place = |rank| Part::new(recvbuf, count, fold.dt()).at(blocks.start(rank), blocks.len(rank));
    let mut batch = Batch::new();
    for rank in (0..w.size).filter(|&r| r != root) {
        batch.push(w.irecv(place(rank), rank)?);
    }
    batch.all().await?;
    copy(w, own, place(root))
}

/// Block `b` travels once around the ring, from the rank after `b` to rank `b`, and every rank combines its operand
/// with it on the way. Reads `mine` only; this rank's block of the result is written to `out`, which must not
/// overlap `mine`. The operation must commute.
pub async fn ring(w: &Wire, fold: &Fold, mine: UserBuf, blocks: &Blocks, out: UserBuf) -> Result {
    let (next, previous) = ((w.rank + 1) % w.size, (w.rank + w.size - 1) % w.size);
    let operand = |b: usize| Part::new(mine, 0, fold.dt()).at(blocks.start(b), blocks.len(b));
    let temps = [w.temp_for(fold.dt(), blocks.longest()), w.temp_for(fold.dt(), blocks.longest())];
    let mut outgoing = operand(previous);
    for step in 0..w.size - 1 {
        let b = (w.rank + 2 * w.size - step - 2) % w.size;
        let landing = if b == w.rank { out } else { temps[step % 2].base };
        let incoming = Part::new(landing, blocks.len(b), fold.dt());
        w.exchange(outgoing, next, incoming, previous).await?;
        w.fold(fold, operand(b).buf, landing, blocks.len(b))?;
        outgoing = incoming;
    }
    if w.size == 1 {
        copy(w, operand(0), Part::new(out, blocks.len(0), fold.dt()))?;
    }
    Ok(())
}

/// The operands of all ranks of the other group, in the order of their ranks.
pub async fn from_all(w: &Wire, fold: &Fold, recvbuf: UserBuf, count: i64) -> Result {
    let part = |buf| Part::new(buf, count, fold.dt());
    let temp = w.temp_for(fold.dt(), count);
    // The last operand lands in `recvbuf`, which holds the result.
    let mut acc = None;
    for peer in 0..w.peers {
        let landing = if (w.peers - peer) % 2 == 1 { recvbuf } else { temp.base };
        w.recv(part(landing), peer).await?;
        if let Some(acc) = acc {
            w.fold(fold, acc, landing, count)?;
        }
        acc = Some(landing);
    }
    Ok(())
}
