//! Reduce_scatter and reduce_scatter_block.

use super::board;
use super::choice::{self, ReduceScatter as Algorithm};
use super::drive::Collective;
use super::fold::Fold;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy};
use super::shape::Blocks;
use super::wire::{Batch, Wire};
use super::{Eng, check, reduce, scatter};
use crate::error::Result;
use crate::{CommId, Ints, OpId, TypeId, UserBuf, fail};
use std::rc::Rc;

/// Both functions: the blocks of the second have equal lengths.
pub struct ReduceScatter {
    comm: Rc<Comm>,
    sendbuf: UserBuf,
    recvbuf: UserBuf,
    /// Block of each rank of this group.
    blocks: Blocks,
    fold: Fold,
}

impl ReduceScatter {
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        recvbuf: UserBuf,
        recvcounts: Ints,
        datatype: TypeId,
        op: OpId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let counts = check::counts("recvcounts", recvcounts, comm.size() as usize)?;
        Self::with(e, comm, (sendbuf, recvbuf), Blocks::of(counts), datatype, op)
    }

    pub fn block(
        e: Eng,
        sendbuf: UserBuf,
        recvbuf: UserBuf,
        recvcount: i64,
        datatype: TypeId,
        op: OpId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        check::count("recvcount", recvcount)?;
        let Some(total) = recvcount.checked_mul(comm.size() as i64) else {
            fail!(COUNT, "recvcount is {recvcount}, expected a total of at most 2^63 - 1 elements");
        };
        let blocks = Blocks::even(total, comm.size() as usize);
        Self::with(e, comm, (sendbuf, recvbuf), blocks, datatype, op)
    }

    fn with(
        e: Eng,
        comm: Rc<Comm>,
        (sendbuf, recvbuf): (UserBuf, UserBuf),
        blocks: Blocks,
        datatype: TypeId,
        op: OpId,
    ) -> Result<Self> {
        let fold = check::fold(e, op, blocks.total(), datatype)?;
        let own = blocks.len(comm.rank as usize);
        check::operands(&comm, sendbuf, blocks.total(), recvbuf, own, &fold)?;
        Ok(ReduceScatter { comm, sendbuf, recvbuf, blocks, fold })
    }
}

impl Collective for ReduceScatter {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        if self.comm.is_inter() {
            return None;
        }
        if self.blocks.total() == 0 {
            return Some(Ok(()));
        }
        let bytes = self.fold.bytes(self.blocks.total());
        let usable = |a| a != Algorithm::Board || board::serves(&self.fold);
        if choice::reduce_scatter(self.comm.size() as usize, bytes, usable) != Algorithm::Board {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        board::reduce_scatter(&op, &self.fold, self.sendbuf, self.recvbuf, &self.blocks)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let serves = self.fold.commutes() || map.in_order();
        let usable = |a| a == Algorithm::Tree || (a == Algorithm::Leaders && serves);
        let bytes = self.fold.bytes(self.blocks.total());
        choice::reduce_scatter(map.ranks(), bytes, usable) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        op.reduce_scatter(&self.fold, self.sendbuf, self.recvbuf, &self.blocks).await
    }

    async fn run(&self, w: &Wire) -> Result {
        match self.comm.is_inter() {
            true => across(w, &self.fold, self.sendbuf, self.recvbuf, &self.blocks).await,
            false => reduce_scatter(w, &self.fold, self.sendbuf, self.recvbuf, &self.blocks).await,
        }
    }
}

/// `sendbuf` may be `IN_PLACE`: the operands are then in `recvbuf`.
pub async fn reduce_scatter(
    w: &Wire,
    fold: &Fold,
    sendbuf: UserBuf,
    recvbuf: UserBuf,
    blocks: &Blocks,
) -> Result {
    let mine = if sendbuf.is_in_place() { recvbuf } else { sendbuf };
    if blocks.total() == 0 {
        return Ok(());
    }
    let usable = |a| a == Algorithm::Tree || (a == Algorithm::Ring && fold.commutes());
    match choice::reduce_scatter(w.size, fold.bytes(blocks.total()), usable) {
        Algorithm::Tree | Algorithm::Board | Algorithm::Leaders => tree(w, fold, mine, recvbuf, blocks).await,
        Algorithm::Ring => ring(w, fold, mine, recvbuf, blocks).await,
    }
}

pub async fn tree(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, blocks: &Blocks) -> Result {
    let temp = w.temp_for(fold.dt(), if w.rank == 0 { blocks.total() } else { 0 });
    reduce::tree(w, fold, mine, temp.base, blocks.total(), 0).await?;
    let whole = Part::new(temp.base, 0, fold.dt());
    let block = |rank| whole.at(blocks.start(rank), blocks.len(rank));
    let own = Part::new(recvbuf, blocks.len(w.rank), fold.dt());
    scatter::linear(w, (w.rank == 0).then_some(block), Some(own), 0).await
}

pub async fn ring(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, blocks: &Blocks) -> Result {
    if mine != recvbuf {
        return reduce::ring(w, fold, mine, blocks, recvbuf).await;
    }
    let temp = w.temp_for(fold.dt(), blocks.len(w.rank));
    reduce::ring(w, fold, mine, blocks, temp.base).await?;
    let part = |buf| Part::new(buf, blocks.len(w.rank), fold.dt());
    copy(w, part(temp.base), part(recvbuf))
}

/// Between two groups: rank 0 of each reduces the operands of the other group, hands the result to its partner,
/// and the partner gives each rank of the group that shall have it its block.
pub async fn across(w: &Wire, fold: &Fold, sendbuf: UserBuf, recvbuf: UserBuf, blocks: &Blocks) -> Result {
    let whole = |buf| Part::new(buf, blocks.total(), fold.dt());
    let own = Part::new(recvbuf, blocks.len(w.rank), fold.dt());
    let sent = w.isend(whole(sendbuf), 0)?;
    if w.rank != 0 {
        sent.await?;
        return w.recv(own, 0).await;
    }
    let total = w.temp_for(fold.dt(), blocks.total());
    let relay = w.temp_for(fold.dt(), blocks.total());
    reduce::from_all(w, fold, total.base, blocks.total()).await?;
    sent.await?;
    w.exchange(whole(total.base), 0, whole(relay.base), 0).await?;
    let theirs = swap_lengths(w, blocks).await?;
    let mut batch = Batch::new();
    batch.push(w.irecv(own, 0)?);
    for peer in 0..w.peers {
        batch.push(w.isend(whole(relay.base).at(theirs.start(peer), theirs.len(peer)), peer)?);
    }
    batch.all().await
}

/// How the other group divides the result; the total is the same in both.
async fn swap_lengths(w: &Wire, blocks: &Blocks) -> Result<Blocks> {
    let mut ours: Vec<u8> = (0..w.size).flat_map(|rank| blocks.len(rank).to_ne_bytes()).collect();
    let mut theirs = vec![0; 8 * w.peers];
    let (out, into) =
        (w.bytes(UserBuf::of(&mut ours), 8 * w.size), w.bytes(UserBuf::of(&mut theirs), 8 * w.peers));
    w.exchange(out, 0, into, 0).await?;
    let mut left = blocks.total();
    let lengths = theirs.chunks_exact(8).map(|b| i64::from_ne_bytes(b.try_into().unwrap_or_default()));
    // Whatever the other side says, blocks stay within the vector.
    Ok(Blocks::of(lengths.map(|len| {
        let len = len.clamp(0, left);
        left -= len;
        len
    })))
}
