//! Collectives with a block per rank.

use super::*;
use crate::coll::part::{Part, copy};
use crate::coll::wire::Wire;
use crate::coll::{allgather as every, alltoall as cross, gather as up, scatter as down, shape::Blocks};

/// Lengths of blocks: equal, or different between ranks and sometimes 0.
fn divisions(size: usize) -> [Blocks; 2] {
    [Blocks::even(3 * size as i64, size), Blocks::of((0..size).map(|rank| (rank as i64 * 5 + 2) % 4))]
}

/// Ranks describe the same data differently.
fn layout<'t>(types: &'t Types, w: &Wire, turn: usize) -> &'t std::rc::Rc<needs::Datatype> {
    types.layouts()[(w.rank + turn) % 3]
}

fn all_values(blocks: &Blocks, size: usize) -> Vec<u64> {
    (0..size).flat_map(|rank| values(rank, blocks.len(rank))).collect()
}

fn check_gather(
    even_only: bool,
    run: for<'a> fn(&'a Wire, Option<Part<'a>>, Option<Blockwise<'a>>, usize, usize) -> Task<'a>,
) {
    let types = Types::new();
    for world in worlds() {
        let size = world.sizes.0;
        for (root, in_place) in (0..size).flat_map(|root| [(root, false), (root, true)]) {
            for blocks in divisions(size).iter().take(if even_only { 1 } else { 2 }) {
                world.run(&types, async |_, w| {
                    let send = Buffer::of(layout(&types, w, 0), &values(w.rank, blocks.len(w.rank)));
                    let recv = Buffer::new(layout(&types, w, 1), blocks.total());
                    let block = |rank: usize| recv.part().at(blocks.start(rank), blocks.len(rank));
                    let skip = in_place && w.rank == root;
                    if skip {
                        recv.put(blocks.start(root), &values(root, blocks.len(root)));
                    }
                    let place: Blockwise<'_> = &block;
                    let mine = (!skip).then_some(send.part());
                    let len = 8 * blocks.len(w.rank) as usize;
                    let result = run(w, mine, (w.rank == root).then_some(place), root, len).await;
                    w.verdict(result).unwrap();
                    if w.rank == root {
                        assert_eq!(recv.values(), all_values(blocks, size));
                    }
                });
            }
        }
    }
}

#[test]
fn gather_linear() {
    check_gather(false, |w, mine, block, root, _| Box::pin(up::linear(w, mine, block, root)));
}

#[test]
fn gather_tree() {
    check_gather(true, |w, mine, block, root, len| Box::pin(up::tree(w, mine, block, root, len)));
}

fn check_scatter(
    even_only: bool,
    run: for<'a> fn(&'a Wire, Option<Blockwise<'a>>, Option<Part<'a>>, usize, usize) -> Task<'a>,
) {
    let types = Types::new();
    for world in worlds() {
        let size = world.sizes.0;
        for (root, in_place) in (0..size).flat_map(|root| [(root, false), (root, true)]) {
            for blocks in divisions(size).iter().take(if even_only { 1 } else { 2 }) {
                world.run(&types, async |_, w| {
                    let send = Buffer::of(layout(&types, w, 0), &all_values(blocks, size));
                    let recv = Buffer::new(layout(&types, w, 1), blocks.len(w.rank));
                    let block = |rank: usize| send.part().at(blocks.start(rank), blocks.len(rank));
                    let skip = in_place && w.rank == root;
                    let place: Blockwise<'_> = &block;
                    let mine = (!skip).then_some(recv.part());
                    let len = 8 * blocks.len(w.rank) as usize;
                    let result = run(w, (w.rank == root).then_some(place), mine, root, len).await;
                    w.verdict(result).unwrap();
                    if !skip {
                        assert_eq!(recv.values(), values(w.rank, blocks.len(w.rank)));
                    }
                });
            }
        }
    }
}

#[test]
fn scatter_linear() {
    check_scatter(false, |w, block, mine, root, _| Box::pin(down::linear(w, block, mine, root)));
}

#[test]
fn scatter_tree() {
    check_scatter(true, |w, block, mine, root, len| Box::pin(down::tree(w, block, mine, root, len)));
}

fn check_allgather(run: for<'a> fn(&'a Wire, &'a dyn Fn(usize) -> Part<'a>, &'a Blocks) -> Task<'a>) {
    let types = Types::new();
    for world in worlds() {
        let size = world.sizes.0;
        for blocks in divisions(size) {
            let bytes = Blocks::of((0..size).map(|rank| 8 * blocks.len(rank)));
            world.run(&types, async |_, w| {
                let recv = Buffer::new(layout(&types, w, 0), blocks.total());
                recv.put(blocks.start(w.rank), &values(w.rank, blocks.len(w.rank)));
                let block = |rank: usize| recv.part().at(blocks.start(rank), blocks.len(rank));
                let result = run(w, &block, &bytes).await;
                w.verdict(result).unwrap();
                assert_eq!(recv.values(), all_values(&blocks, size));
            });
        }
    }
}

#[test]
fn allgather_ring() {
    check_allgather(|w, block, _| Box::pin(every::ring(w, block)));
}

#[test]
fn allgather_direct() {
    check_allgather(|w, block, _| Box::pin(every::direct(w, block)));
}

#[test]
fn allgather_bruck() {
    check_allgather(|w, block, _| Box::pin(every::bruck(w, block)));
}

#[test]
fn allgather_tree() {
    check_allgather(|w, block, bytes| Box::pin(every::tree(w, block, bytes)));
}

/// The block that `from` has for `to`.
fn letter(from: usize, to: usize, count: i64) -> Vec<u64> {
    (0..count).map(|i| value(from, i) << 8 | to as u64).collect()
}

type Blockwise<'a> = &'a dyn Fn(usize) -> Part<'a>;

fn check_alltoall(
    even: bool,
    in_place: bool,
    run: for<'a> fn(&'a Wire, Blockwise<'a>, Blockwise<'a>) -> Task<'a>,
) {
    let types = Types::new();
    for world in worlds() {
        let size = world.sizes.0;
        // Symmetric, because operations in place require it.
        let count = |a: usize, b: usize| if even { 2 } else { ((a + b) * 3 % 5) as i64 };
        world.run(&types, async |_, w| {
            let blocks = Blocks::of((0..size).map(|rank| count(w.rank, rank)));
            let letters = |inverse: bool| -> Vec<u64> {
                let letter = |r| {
                    if inverse { letter(r, w.rank, blocks.len(r)) } else { letter(w.rank, r, blocks.len(r)) }
                };
                (0..size).flat_map(letter).collect()
            };
            let send = Buffer::of(layout(&types, w, 0), &letters(false));
            let recv = Buffer::new(layout(&types, w, 1), blocks.total());
            if in_place {
                recv.put(0, &letters(false));
            }
            let out = |rank: usize| send.part().at(blocks.start(rank), blocks.len(rank));
            let into = |rank: usize| recv.part().at(blocks.start(rank), blocks.len(rank));
            let result = run(w, &out, &into).await;
            w.verdict(result).unwrap();
            assert_eq!(recv.values(), letters(true));
        });
    }
}

#[test]
fn alltoall_direct() {
    check_alltoall(false, false, |w, out, into| {
        Box::pin(async move {
            copy(w, out(w.rank), into(w.rank))?;
            cross::direct(w, out, into, Some(w.rank)).await
        })
    });
}

#[test]
fn alltoall_bruck() {
    check_alltoall(true, false, |w, out, into| Box::pin(cross::bruck(w, out, into)));
}

#[test]
fn alltoall_in_place() {
    check_alltoall(false, true, |w, _, into| Box::pin(cross::in_place(w, into)));
}
