//! Allgather and allgatherv. Blocks are given by a function from rank to the part of the receive buffer.

use super::board;
use super::choice::{self, Allgather as Algorithm};
use super::drive::Collective;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy, copy_here};
use super::shape::{Blocks, Tree};
use super::spread::{Names, RECV, SEND, Spread};
use super::wire::{Batch, Wire};
use super::{Eng, bcast, check};
use crate::error::Result;
use crate::{CommId, Ints, TypeId, UserBuf};
use std::rc::Rc;

/// Both functions; they differ in how the receive buffer is described.
pub struct Allgather {
    comm: Rc<Comm>,
    /// What this rank sends; nothing if it is in place.
    send: Option<Spread>,
    recv: Spread,
}

impl Allgather {
    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Allgather")]
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcount: i64,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let recv = Spread::even(e, RECV, recvbuf, recvcount, recvtype)?;
        Self::with(e, comm, (sendbuf, sendcount, sendtype), recv)
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Allgatherv")]
    pub fn varying(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcounts: Ints,
        displs: Ints,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let names = Names { count: "recvcounts", ..RECV };
        let n = comm.remote_size() as usize;
        let recv = Spread::varying(e, names, recvbuf, (recvcounts, displs), recvtype, n)?;
        Self::with(e, comm, (sendbuf, sendcount, sendtype), recv)
    }

    fn with(
        e: Eng,
        comm: Rc<Comm>,
        (sendbuf, sendcount, sendtype): (UserBuf, i64, TypeId),
        recv: Spread,
    ) -> Result<Self> {
        if sendbuf.is_in_place() && !comm.is_inter() {
            return Ok(Allgather { comm, send: None, recv });
        }
        let send = Spread::one(e, SEND, sendbuf, sendcount, sendtype)?;
        if !comm.is_inter() {
            let own = recv.part(comm.rank as usize);
            check::no_alias(("sendbuf", sendbuf), ("recvbuf", own.buf), send.part(0).len().min(own.len()))?;
        }
        Ok(Allgather { comm, send: Some(send), recv })
    }
}

impl Collective for Allgather {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        if self.comm.is_inter() {
            return None;
        }
        let (size, me) = (self.comm.size() as usize, self.comm.rank as usize);
        let block = |rank| self.recv.part(rank);
        let lengths = (0..size).map(|rank| block(rank).len());
        let (total, longest) = lengths.fold((0, 0), |(sum, most), len| (sum + len, len.max(most)));
        if choice::allgather(size, total, |_| true) != Algorithm::Board {
            return None;
        }
        let mut mine = self.send.as_ref().map_or(block(me), |send| send.part(0));
        let op = if total > 0 { Some(board::on(e, &self.comm, tag)?) } else { None };
        // As in `run`: the others' part is done whatever becomes of it.
        let mut kept = Ok(());
        if mine.len() != block(me).len() {
            kept = copy_here(mine, block(me));
            mine = block(me);
        }
        let Some(op) = op else { return Some(kept) };
        board::allgather(&op, longest, mine, block).map(|done| kept.and(done))
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let total = (0..map.ranks()).map(|rank| self.recv.part(rank).len()).sum();
        choice::allgather(map.ranks(), total, |a| a != Algorithm::Board) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        let block = |rank| self.recv.part(rank);
        let mine = block(op.whole().rank);
        let copied = self.send.as_ref().map_or(Ok(()), |send| copy(op.whole(), send.part(0), mine));
        op.allgather(mine, block).await.and(copied)
    }

    async fn run(&self, w: &Wire) -> Result {
        let block = |rank| self.recv.part(rank);
        match &self.send {
            Some(send) if self.comm.is_inter() => across(w, send.part(0), block).await,
            send => {
                // The others' part is done whatever becomes of it.
                let kept = send.as_ref().map_or(Ok(()), |send| copy(w, send.part(0), block(w.rank)));
                kept.and(allgather(w, block).await)
            }
        }
    }
}

/// Every rank sends to every rank of the other group.
pub async fn across<'a>(w: &Wire, mine: Part<'_>, block: impl Fn(usize) -> Part<'a>) -> Result {
    let mut batch = Batch::new();
    for peer in 0..w.peers {
        batch.push(w.irecv_up_to(block(peer), peer)?);
    }
    for peer in 0..w.peers {
        batch.push(w.isend(mine, peer)?);
    }
    batch.all().await
}

/// Every rank's own block is in place; brings the others. `block(rank)` is known alike on all ranks, up to layout.
pub async fn allgather<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>) -> Result {
    let blocks = Blocks::of((0..w.size).map(|rank| block(rank).len() as i64));
    if w.size == 1 || blocks.total() == 0 {
        return Ok(());
    }
    let by_messages = |a| !matches!(a, Algorithm::Board | Algorithm::Leaders);
    match choice::allgather(w.size, blocks.total() as usize, by_messages) {
        Algorithm::Ring | Algorithm::Board | Algorithm::Leaders => ring(w, block).await,
        Algorithm::Direct => direct(w, block).await,
        Algorithm::Bruck => bruck(w, block).await,
        Algorithm::Tree => tree(w, block, &blocks).await,
    }
}

/// Every rank sends its block to every other.
pub async fn direct<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>) -> Result {
    let mut batch = Batch::new();
    for i in 1..w.size {
        batch.push(w.isend(block(w.rank), (w.rank + i) % w.size)?);
    }
    for i in 1..w.size {
        let rank = (w.rank + i) % w.size;
        batch.push(w.irecv(block(rank), rank)?);
    }
    batch.all().await
}

/// In each step every rank passes to its neighbour the block that it received last.
pub async fn ring<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>) -> Result {
    let (next, previous) = ((w.rank + 1) % w.size, (w.rank + w.size - 1) % w.size);
    for step in 0..w.size.saturating_sub(1) {
        let (out, into) = ((w.rank + w.size - step) % w.size, (w.rank + 2 * w.size - step - 1) % w.size);
        w.exchange(block(out), next, block(into), previous).await?;
    }
    Ok(())
}

/// In each step every rank doubles the run of blocks it has, counted from its own.
pub async fn bruck<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>) -> Result {
    let turned = |i: usize| (w.rank + i) % w.size;
    let mine = Blocks::of((0..w.size).map(|i| block(turned(i)).len() as i64));
    let temp = w.temp(mine.total() as usize);
    let run = |from: usize, to: usize| {
        w.bytes(temp.base.offset(mine.start(from) as isize), mine.within(from..to) as usize)
    };
    block(w.rank).pack_into(temp.base);
    let mut have = 1;
    while have < w.size {
        let more = have.min(w.size - have);
        let (to, from) = ((w.rank + w.size - have) % w.size, turned(have));
        w.exchange(run(0, more), to, run(have, have + more), from).await?;
        have += more;
    }
    for i in 1..w.size {
        block(turned(i)).unpack_from(run(i, i + 1).buf);
    }
    Ok(())
}

/// Packed blocks go up a tree to rank 0; the whole comes down.
pub async fn tree<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>, blocks: &Blocks) -> Result {
    let temp = w.temp(blocks.total() as usize);
    let run = |from: usize, to: usize| {
        w.bytes(temp.base.offset(blocks.start(from) as isize), blocks.within(from..to) as usize)
    };
    let tree = Tree::new(w.rank, 0, w.size);
    block(w.rank).pack_into(run(w.rank, w.rank + 1).buf);
    for child in tree.children() {
        w.recv(run(child, child + tree.span(child)), child).await?;
    }
    if let Some(parent) = tree.parent() {
        w.send(run(w.rank, w.rank + tree.span(w.rank)), parent).await?;
    }
    bcast::bcast(w, run(0, w.size), 0).await?;
    for rank in (0..w.size).filter(|&rank| rank != w.rank) {
        block(rank).unpack_from(run(rank, rank + 1).buf);
    }
    Ok(())
}
