//! Scatter and scatterv.

use super::board;
use super::choice::{self, Scatter as Algorithm};
use super::drive::Collective;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy};
use super::shape::Tree;
use super::spread::{RECV, SEND, Spread, known_len};
use super::wire::{Batch, Wire};
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, Ints, TypeId, UserBuf};
use std::rc::Rc;

/// Both functions; they differ in how the root's send buffer is described.
pub struct Scatter {
    comm: Rc<Comm>,
    root: check::Root,
    /// What the root sends.
    send: Option<Spread>,
    /// Where this rank receives; nowhere if its block stays in place or the rank only sends.
    recv: Option<Spread>,
    /// All blocks have one size, which all ranks know.
    even: bool,
}

impl Scatter {
    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Scatter")]
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcount: i64,
        recvtype: TypeId,
        root: i32,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let root = check::root(&comm, root)?;
        let send =
            root.is_me(&comm).then(|| Spread::even(e, SEND, sendbuf, sendcount, sendtype)).transpose()?;
        Self::with(e, comm, root, send, (recvbuf, recvcount, recvtype), true)
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Scatterv")]
    pub fn varying(
        e: Eng,
        sendbuf: UserBuf,
        sendcounts: Ints,
        displs: Ints,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcount: i64,
        recvtype: TypeId,
        root: i32,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let root = check::root(&comm, root)?;
        let names = super::spread::Names { count: "sendcounts", ..SEND };
        let n = comm.remote_size() as usize;
        let side = || Spread::varying(e, names, sendbuf, (sendcounts, displs), sendtype, n);
        let send = root.is_me(&comm).then(side).transpose()?;
        Self::with(e, comm, root, send, (recvbuf, recvcount, recvtype), false)
    }

    fn with(
        e: Eng,
        comm: Rc<Comm>,
        root: check::Root,
        send: Option<Spread>,
        (recvbuf, recvcount, recvtype): (UserBuf, i64, TypeId),
        even: bool,
    ) -> Result<Self> {
        let in_place = recvbuf.is_in_place() && root == check::Root::Local(comm.rank as usize);
        let i_receive = !in_place && matches!(root, check::Root::Local(_) | check::Root::Remote(_));
        let recv = i_receive.then(|| Spread::one(e, RECV, recvbuf, recvcount, recvtype)).transpose()?;
        if let (Some(send), Some(recv)) = (&send, &recv) {
            let own = send.part(comm.rank as usize);
            check::no_alias(("sendbuf", own.buf), ("recvbuf", recvbuf), recv.part(0).len().min(own.len()))?;
        }
        Ok(Scatter { comm, root, send, recv, even })
    }
}

impl Scatter {
    fn mine(&self) -> Option<Part<'_>> {
        self.recv.as_ref().map(|recv| recv.part(0))
    }

    #[inline]
    fn known_len(&self, root: usize) -> usize {
        known_len(self.even, self.recv.as_ref(), self.send.as_ref(), root)
    }
}

impl Collective for Scatter {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        let check::Root::Local(root) = self.root else { return None };
        let len = self.known_len(root);
        if self.even && len == 0 {
            return Some(Ok(()));
        }
        if choice::scatter(self.comm.size() as usize, len, |_| true) != Algorithm::Board {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        let block = self.send.as_ref().map(|send| |rank| send.part(rank));
        board::scatter(&op, block, self.mine(), root, self.even)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let check::Root::Local(root) = self.root else { return false };
        choice::scatter(map.ranks(), self.known_len(root), |a| a != Algorithm::Board) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        let check::Root::Local(root) = self.root else { return self.run(op.whole()).await };
        let block = self.send.as_ref().map(|send| |rank| send.part(rank));
        op.scatter(block, self.mine(), root).await
    }

    async fn run(&self, w: &Wire) -> Result {
        match (self.root, &self.send, self.mine()) {
            (check::Root::Local(root), send, mine) => {
                let block = send.as_ref().map(|s| |rank| s.part(rank));
                scatter(w, block, mine, root, self.even).await
            }
            (check::Root::Remote(root), _, Some(mine)) => w.irecv_up_to(mine, root)?.await,
            (check::Root::Me, Some(send), _) => send_all(w, |rank| send.part(rank), None).await,
            _ => Ok(()),
        }
    }
}

/// `mine` is `None` when the root's block stays in place; `block` says where the root has the block of a rank.
pub async fn scatter<'a>(
    w: &Wire,
    block: Option<impl Fn(usize) -> Part<'a>>,
    mine: Option<Part<'_>>,
    root: usize,
    even: bool,
) -> Result {
    let len = mine.map(|part| part.len()).or(block.as_ref().map(|b| b(root).len())).unwrap_or(0);
    match choice::scatter(w.size, len, |a| a == Algorithm::Linear || (even && a == Algorithm::Tree)) {
        Algorithm::Linear | Algorithm::Board | Algorithm::Leaders => linear(w, block, mine, root).await,
        Algorithm::Tree => tree(w, block, mine, root, len).await,
    }
}

pub async fn linear<'a>(
    w: &Wire,
    block: Option<impl Fn(usize) -> Part<'a>>,
    mine: Option<Part<'_>>,
    root: usize,
) -> Result {
    match (block, mine) {
        (Some(block), mine) if w.rank == root => {
            // The others' part is done whatever becomes of it.
            let kept = mine.map_or(Ok(()), |mine| copy(w, block(root), mine));
            kept.and(send_all(w, block, Some(root)).await)
        }
        (_, Some(mine)) => w.irecv_up_to(mine, root)?.await,
        _ => Ok(()),
    }
}

async fn send_all<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>, except: Option<usize>) -> Result {
    let mut batch = Batch::new();
    for peer in (0..w.peers).filter(|&peer| Some(peer) != except) {
        batch.push(w.isend(block(peer), peer)?);
    }
    batch.all().await
}

/// Blocks of `len` bytes go down a binomial tree, packed in the order of ranks counted from the root.
pub async fn tree<'a>(
    w: &Wire,
    block: Option<impl Fn(usize) -> Part<'a>>,
    mine: Option<Part<'_>>,
    root: usize,
    len: usize,
) -> Result {
    let tree = Tree::new(w.rank, root, w.size);
    let span = tree.span(tree.v);
    if let (1, Some(mine), Some(parent)) = (span, mine, tree.parent()) {
        return w.recv(mine, parent).await;
    }
    let temp = w.temp(span * len);
    let run = |v: usize, n: usize| w.bytes(temp.base.offset(((v - tree.v) * len) as isize), n * len);
    match (tree.parent(), &block) {
        (Some(parent), _) => w.recv(run(tree.v, span), parent).await?,
        (None, Some(block)) => {
            for v in 1..w.size {
                copy(w, block(tree.rank_of(v)), run(v, 1))?;
            }
        }
        (None, None) => return Ok(()),
    }
    let mut batch = Batch::new();
    for child in tree.children().rev() {
        batch.push(w.isend(run(child, tree.span(child)), tree.rank_of(child))?);
    }
    if let Some(mine) = mine {
        let own = block.filter(|_| w.rank == root).map_or(run(tree.v, 1), |block| block(root));
        copy(w, own, mine)?;
    }
    batch.all().await
}
