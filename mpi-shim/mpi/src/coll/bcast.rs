//! Broadcast.

use super::allgather::ring;
use super::board;
use super::choice::{self, Bcast as Algorithm, SEGMENT};
use super::drive::Collective;
use super::leaders::{self, Map};
use super::needs::{Comm, Datatype};
use super::part::{Flat, Part};
use super::shape::{Blocks, Tree};
use super::wire::{Batch, Wire};
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, TypeId, UserBuf};
use std::rc::Rc;

pub struct Bcast {
    comm: Rc<Comm>,
    buffer: UserBuf,
    count: i64,
    dt: Rc<Datatype>,
    root: check::Root,
}

impl Bcast {
    pub fn new(
        e: Eng,
        buffer: UserBuf,
        count: i64,
        datatype: TypeId,
        root: i32,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let root = check::root(&comm, root)?;
        let dt = match root {
            check::Root::Absent => check::no_type(e),
            _ => check::data(e, ("buffer", "count"), buffer, count, datatype)?,
        };
        Ok(Bcast { comm, buffer, count, dt, root })
    }
}

impl Collective for Bcast {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        let check::Root::Local(root) = self.root else { return None };
        let part = Part::new(self.buffer, self.count, &self.dt);
        if part.len() == 0 {
            return Some(Ok(()));
        }
        if choice::bcast(self.comm.size() as usize, part.len(), |_| true) != Algorithm::Board {
            return None;
        }
        board::bcast(&board::on(e, &self.comm, tag)?, part, root)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let part = Part::new(self.buffer, self.count, &self.dt);
        choice::bcast(map.ranks(), part.len(), |a| a != Algorithm::Board) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        match self.root {
            check::Root::Local(root) => op.bcast(Part::new(self.buffer, self.count, &self.dt), root).await,
            _ => self.run(op.whole()).await,
        }
    }

    async fn run(&self, w: &Wire) -> Result {
        let part = Part::new(self.buffer, self.count, &self.dt);
        match self.root {
            check::Root::Local(root) => bcast(w, part, root).await,
            check::Root::Remote(root) => w.recv(part, root).await,
            check::Root::Me => to_all(w, part).await,
            check::Root::Absent => Ok(()),
        }
    }
}

pub async fn bcast(w: &Wire, part: Part<'_>, root: usize) -> Result {
    if w.size == 1 || part.len() == 0 {
        return Ok(());
    }
    match choice::bcast(w.size, part.len(), |a| !matches!(a, Algorithm::Board | Algorithm::Leaders)) {
        Algorithm::Linear => linear(w, part, root).await,
        Algorithm::Tree | Algorithm::Board | Algorithm::Leaders => tree(w, part, root).await,
        Algorithm::SegmentedTree => segmented(w, part, root, binomial(w, root)).await,
        Algorithm::Chain => segmented(w, part, root, chain(w, root)).await,
        Algorithm::ScatterRing => scatter_ring(w, part, root).await,
    }
}

pub async fn linear(w: &Wire, part: Part<'_>, root: usize) -> Result {
    if w.rank != root {
        return w.recv(part, root).await;
    }
    let mut batch = Batch::new();
    for i in 1..w.size {
        batch.push(w.isend(part, (root + i) % w.size)?);
    }
    batch.all().await
}

/// Binomial tree, the whole message at once. The farthest child leads the largest subtree and goes first.
pub async fn tree(w: &Wire, part: Part<'_>, root: usize) -> Result {
    let tree = Tree::new(w.rank, root, w.size);
    if let Some(parent) = tree.parent() {
        w.recv(part, parent).await?;
    }
    let mut batch = Batch::new();
    for child in tree.children().rev() {
        batch.push(w.isend(part, tree.rank_of(child))?);
    }
    batch.all().await
}

/// The neighbours of a rank in a segmented broadcast.
pub struct Links {
    parent: Option<usize>,
    children: Vec<usize>,
}

pub fn binomial(w: &Wire, root: usize) -> Links {
    let tree = Tree::new(w.rank, root, w.size);
    Links { parent: tree.parent(), children: tree.children().rev().map(|c| tree.rank_of(c)).collect() }
}

pub fn chain(w: &Wire, root: usize) -> Links {
    let tree = Tree::new(w.rank, root, w.size);
    let next = Some(tree.v + 1).filter(|&v| v < w.size);
    Links {
        parent: (tree.v > 0).then(|| tree.rank_of(tree.v - 1)),
        children: next.map(|v| tree.rank_of(v)).into_iter().collect(),
    }
}

/// Passes each segment on while the next one is on its way.
pub async fn segmented(w: &Wire, part: Part<'_>, root: usize, links: Links) -> Result {
    let flat = Flat::new(w, part);
    if w.rank == root {
        flat.load(part);
    }
    let len = part.len();
    let segment = |i: usize| {
        let start = i * SEGMENT;
        w.bytes(flat.base.offset(start as isize), SEGMENT.min(len - start))
    };
    let segments = len.div_ceil(SEGMENT);
    let receive =
        |i: usize| links.parent.filter(|_| i < segments).map(|p| w.irecv(segment(i), p)).transpose();
    let mut sends = Batch::new();
    let mut next = receive(0)?;
    for i in 0..segments {
        let current = std::mem::replace(&mut next, receive(i + 1)?);
        if let Some(current) = current {
            current.await?;
        }
        for &child in &links.children {
            sends.push(w.isend(segment(i), child)?);
        }
        sends.shrink_to(2 * links.children.len()).await?;
    }
    sends.all().await?;
    if w.rank != root {
        flat.store(part);
    }
    Ok(())
}

/// Blocks go down the tree, each to its rank, and then around the ring.
pub async fn scatter_ring(w: &Wire, part: Part<'_>, root: usize) -> Result {
    let flat = Flat::new(w, part);
    if w.rank == root {
        flat.load(part);
    }
    let tree = Tree::new(w.rank, root, w.size);
    let blocks = Blocks::even(part.len() as i64, w.size);
    let piece = |v: usize| {
        let len = blocks.within(v..v + tree.span(v));
        w.bytes(flat.base.offset(blocks.start(v) as isize), len as usize)
    };
    if let Some(parent) = tree.parent() {
        w.recv(piece(tree.v), parent).await?;
    }
    let mut batch = Batch::new();
    for child in tree.children().rev() {
        batch.push(w.isend(piece(child), tree.rank_of(child))?);
    }
    batch.all().await?;
    let block = |rank: usize| {
        let v = (rank + w.size - root) % w.size;
        w.bytes(flat.base.offset(blocks.start(v) as isize), blocks.len(v) as usize)
    };
    ring(w, block).await?;
    if w.rank != root {
        flat.store(part);
    }
    Ok(())
}

/// From the root to every rank of the other group.
async fn to_all(w: &Wire, part: Part<'_>) -> Result {
    let mut batch = Batch::new();
    for peer in 0..w.peers {
        batch.push(w.isend(part, peer)?);
    }
    batch.all().await
}
