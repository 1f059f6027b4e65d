//! Gather and gatherv.

use super::board;
use super::choice::{self, Gather as Algorithm};
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

/// Both functions; they differ in how the root's receive buffer is described.
pub struct Gather {
    comm: Rc<Comm>,
    root: check::Root,
    /// What this rank sends; nothing if it is in place or the rank only receives.
    send: Option<Spread>,
    /// Where the root receives.
    recv: Option<Spread>,
    /// All contributions have one size, which all ranks know.
    even: bool,
}

impl Gather {
    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Gather")]
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
        let recv =
            (root.is_me(&comm)).then(|| Spread::even(e, RECV, recvbuf, recvcount, recvtype)).transpose()?;
        Self::with(e, comm, root, (sendbuf, sendcount, sendtype), recv, true)
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Gatherv")]
    pub fn varying(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcounts: Ints,
        displs: Ints,
        recvtype: TypeId,
        root: i32,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let root = check::root(&comm, root)?;
        let names = super::spread::Names { count: "recvcounts", ..RECV };
        let n = comm.remote_size() as usize;
        let side = || Spread::varying(e, names, recvbuf, (recvcounts, displs), recvtype, n);
        let recv = root.is_me(&comm).then(side).transpose()?;
        Self::with(e, comm, root, (sendbuf, sendcount, sendtype), recv, false)
    }

    fn with(
        e: Eng,
        comm: Rc<Comm>,
        root: check::Root,
        (sendbuf, sendcount, sendtype): (UserBuf, i64, TypeId),
        recv: Option<Spread>,
        even: bool,
    ) -> Result<Self> {
        let in_place = sendbuf.is_in_place() && root == check::Root::Local(comm.rank as usize);
        let i_send = !in_place && matches!(root, check::Root::Local(_) | check::Root::Remote(_));
        let send = i_send.then(|| Spread::one(e, SEND, sendbuf, sendcount, sendtype)).transpose()?;
        if let (Some(send), Some(recv)) = (&send, &recv) {
            let own = recv.part(comm.rank as usize);
            check::no_alias(("sendbuf", sendbuf), ("recvbuf", own.buf), send.part(0).len().min(own.len()))?;
        }
        Ok(Gather { comm, root, send, recv, even })
    }
}

impl Gather {
    fn mine(&self) -> Option<Part<'_>> {
        self.send.as_ref().map(|send| send.part(0))
    }

    #[inline]
    fn known_len(&self, root: usize) -> usize {
        known_len(self.even, self.send.as_ref(), self.recv.as_ref(), root)
    }
}

impl Collective for Gather {
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
        if choice::gather(self.comm.size() as usize, len, |_| true) != Algorithm::Board {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        let block = self.recv.as_ref().map(|recv| |rank| recv.part(rank));
        board::gather(&op, self.mine(), block, root)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let check::Root::Local(root) = self.root else { return false };
        choice::gather(map.ranks(), self.known_len(root), |a| a != Algorithm::Board) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        let check::Root::Local(root) = self.root else { return self.run(op.whole()).await };
        let block = self.recv.as_ref().map(|recv| |rank| recv.part(rank));
        op.gather(self.mine(), block, root).await
    }

    async fn run(&self, w: &Wire) -> Result {
        match (self.root, &self.recv, self.mine()) {
            (check::Root::Local(root), recv, mine) => {
                let block = recv.as_ref().map(|r| |rank| r.part(rank));
                gather(w, mine, block, root, self.even).await
            }
            (check::Root::Remote(root), _, Some(mine)) => w.send(mine, root).await,
            (check::Root::Me, Some(recv), _) => receive_all(w, |rank| recv.part(rank), None).await,
            _ => Ok(()),
        }
    }
}

/// `mine` is `None` for a contribution in place; `block` says where the root puts the contribution of a rank.
pub async fn gather<'a>(
    w: &Wire,
    mine: Option<Part<'_>>,
    block: Option<impl Fn(usize) -> Part<'a>>,
    root: usize,
    even: bool,
) -> Result {
    let len = mine.map(|part| part.len()).or(block.as_ref().map(|b| b(root).len())).unwrap_or(0);
    match choice::gather(w.size, len, |a| a == Algorithm::Linear || (even && a == Algorithm::Tree)) {
        Algorithm::Linear | Algorithm::Board | Algorithm::Leaders => linear(w, mine, block, root).await,
        Algorithm::Tree => tree(w, mine, block, root, len).await,
    }
}

pub async fn linear<'a>(
    w: &Wire,
    mine: Option<Part<'_>>,
    block: Option<impl Fn(usize) -> Part<'a>>,
    root: usize,
) -> Result {
    match (block, mine) {
        (Some(block), mine) if w.rank == root => {
            // The others' part is done whatever becomes of it.
            let kept = mine.map_or(Ok(()), |mine| copy(w, mine, block(root)));
            kept.and(receive_all(w, block, Some(root)).await)
        }
        // A rank with nothing to send still sends: whether the root expects data is not known here.
        (_, Some(mine)) => w.send(mine, root).await,
        _ => Ok(()),
    }
}

async fn receive_all<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>, except: Option<usize>) -> Result {
    let mut batch = Batch::new();
    for peer in (0..w.peers).filter(|&peer| Some(peer) != except) {
        batch.push(w.irecv_up_to(block(peer), peer)?);
    }
    batch.all().await
}

/// Contributions of `len` bytes go up a binomial tree, packed in the order of ranks counted from the root.
pub async fn tree<'a>(
    w: &Wire,
    mine: Option<Part<'_>>,
    block: Option<impl Fn(usize) -> Part<'a>>,
    root: usize,
    len: usize,
) -> Result {
    let tree = Tree::new(w.rank, root, w.size);
    let span = tree.span(tree.v);
    if let (1, Some(mine), Some(parent)) = (span, mine, tree.parent()) {
        return w.send(mine, parent).await;
    }
    let temp = w.temp(span * len);
    let run = |v: usize, n: usize| w.bytes(temp.base.offset(((v - tree.v) * len) as isize), n * len);
    let mut batch = Batch::new();
    for child in tree.children() {
        batch.push(w.irecv(run(child, tree.span(child)), tree.rank_of(child))?);
    }
    if let (Some(mine), Some(_)) = (mine, tree.parent()) {
        copy(w, mine, run(tree.v, 1))?;
    }
    batch.all().await?;
    if let Some(parent) = tree.parent() {
        return w.send(run(tree.v, span), parent).await;
    }
    let Some(block) = block else { return Ok(()) };
    if let Some(mine) = mine {
        copy(w, mine, block(root))?;
    }
    for v in 1..w.size {
        copy(w, run(v, 1), block(tree.rank_of(v)))?;
    }
    Ok(())
}
