//! Barrier. Messages carry no data.

use super::board;
use super::choice::{self, Barrier as Algorithm};
use super::drive::Collective;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::shape::Tree;
use super::wire::{Batch, Wire};
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, UserBuf};
use std::rc::Rc;

pub struct Barrier {
    comm: Rc<Comm>,
}

impl Barrier {
    pub fn new(e: Eng, comm: CommId) -> Result<Self> {
        Ok(Barrier { comm: check::comm(e, comm)? })
    }
}

impl Collective for Barrier {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        if self.comm.is_inter() || choice::barrier(self.comm.size() as usize, 0, |_| true) != Algorithm::Board
        {
            return None;
        }
        board::barrier(&board::on(e, &self.comm, tag)?)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        choice::barrier(map.ranks(), 0, |a| a != Algorithm::Board) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        op.barrier().await
    }

    async fn run(&self, w: &Wire) -> Result {
        match self.comm.is_inter() {
            true => across(w).await,
            false => barrier(w).await,
        }
    }
}

pub async fn barrier(w: &Wire) -> Result {
    if w.size == 1 {
        return Ok(());
    }
    match choice::barrier(w.size, 0, |a| !matches!(a, Algorithm::Board | Algorithm::Leaders)) {
        Algorithm::Dissemination => dissemination(w).await,
        Algorithm::Tree => tree(w).await,
        Algorithm::Direct => direct(w).await,
        Algorithm::Star | Algorithm::Board | Algorithm::Leaders => star(w).await,
    }
}

/// In step k every rank tells the rank 2^k further on that it, and all it heard of, have arrived.
pub async fn dissemination(w: &Wire) -> Result {
    let mut distance = 1;
    while distance < w.size {
        let (to, from) = ((w.rank + distance) % w.size, (w.rank + w.size - distance) % w.size);
        w.exchange(nothing(w), to, nothing(w), from).await?;
        distance *= 2;
    }
    Ok(())
}

/// Every rank tells every other that it has arrived.
pub async fn direct(w: &Wire) -> Result {
    let mut batch = Batch::new();
    for i in 1..w.size {
        batch.push(w.isend(nothing(w), (w.rank + i) % w.size)?);
    }
    for i in 1..w.size {
        batch.push(w.irecv(nothing(w), (w.rank + i) % w.size)?);
    }
    batch.all().await
}

/// Every rank tells rank 0 that it has arrived, and hears when all have.
pub async fn star(w: &Wire) -> Result {
    if w.rank != 0 {
        return w.exchange(nothing(w), 0, nothing(w), 0).await;
    }
    let mut arrivals = Batch::new();
    for rank in 1..w.size {
        arrivals.push(w.irecv(nothing(w), rank)?);
    }
    arrivals.all().await?;
    let mut releases = Batch::new();
    for rank in 1..w.size {
        releases.push(w.isend(nothing(w), rank)?);
    }
    releases.all().await
}

/// Arrival is reported up a tree, the release comes down.
pub async fn tree(w: &Wire) -> Result {
    let tree = Tree::new(w.rank, 0, w.size);
    for child in tree.children() {
        w.recv(nothing(w), child).await?;
    }
    if let Some(parent) = tree.parent() {
        w.send(nothing(w), parent).await?;
        w.recv(nothing(w), parent).await?;
    }
    for child in tree.children().rev() {
        w.send(nothing(w), child).await?;
    }
    Ok(())
}

/// Between two groups: a rank leaves when it has heard of every rank of the other group (MPI-5.0 §6.3).
pub async fn across(w: &Wire) -> Result {
    let mut batch = Batch::new();
    for peer in 0..w.peers {
        batch.push(w.irecv(nothing(w), peer)?);
        batch.push(w.isend(nothing(w), peer)?);
    }
    batch.all().await
}

fn nothing(w: &Wire) -> super::part::Part<'_> {
    w.bytes(UserBuf::BOTTOM, 0)
}
