//! Allgather and allgatherv. Blocks are given by a function from rank to the part of the receive buffer.

use super::bcast;
use super::choice::{self, Allgather as Algorithm};
use super::part::Part;
use super::shape::{Blocks, Tree};
use super::wire::Wire;
use crate::error::Result;

/// Every rank's own block is in place; brings the others. `block(rank)` is known alike on all ranks, up to layout.
pub async fn allgather<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>) -> Result {
    let blocks = Blocks::of((0..w.size).map(|rank| block(rank).len() as i64));
    if w.size == 1 || blocks.total() == 0 {
        return Ok(());
    }
    match choice::allgather(w.size, blocks.total() as usize, |_| true) {
        Algorithm::Ring => ring(w, block).await,
        Algorithm::Bruck => bruck(w, block).await,
        Algorithm::Tree => tree(w, block, &blocks).await,
    }
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
