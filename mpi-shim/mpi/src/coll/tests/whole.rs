//! Barrier and broadcast.

use super::*;
use crate::coll::part::Part;
use crate::coll::wire::Wire;
use crate::coll::{barrier as meet, bcast as spread};
use std::cell::Cell;

/// No rank leaves before the last has entered.
fn check_barrier(algorithm: for<'a> fn(&'a Wire) -> Task<'a>) {
    let types = Types::new();
    for world in worlds() {
        let entered = Cell::new(0);
        world.run(&types, async |_, w| {
            entered.set(entered.get() + 1);
            w.verdict(algorithm(w).await).unwrap();
            assert_eq!(entered.get(), w.size);
        });
    }
}

#[test]
fn barrier_dissemination() {
    check_barrier(|w| Box::pin(meet::dissemination(w)));
}

#[test]
fn barrier_direct() {
    check_barrier(|w| Box::pin(meet::direct(w)));
}

#[test]
fn barrier_star() {
    check_barrier(|w| Box::pin(meet::star(w)));
}

#[test]
fn barrier_tree() {
    check_barrier(|w| Box::pin(meet::tree(w)));
}

fn check_bcast(counts: &[i64], algorithm: for<'a> fn(&'a Wire, Part<'a>, usize) -> Task<'a>) {
    let types = Types::new();
    for world in worlds() {
        for root in [0, world.sizes.0 / 2, world.sizes.0 - 1] {
            for &count in counts {
                world.run(&types, async |_, w| {
                    // Ranks describe the same data differently.
                    let dt = types.layouts()[(w.rank + root) % 3];
                    let buffer = Buffer::new(dt, count);
                    if w.rank == root {
                        buffer.put(0, &values(root, count));
                    }
                    let result = algorithm(w, buffer.part(), root).await;
                    w.verdict(result).unwrap();
                    assert_eq!(buffer.values(), values(root, count));
                });
            }
        }
    }
}

#[test]
fn bcast_linear() {
    check_bcast(&[1, 100], |w, part, root| Box::pin(spread::linear(w, part, root)));
}

#[test]
fn bcast_tree() {
    check_bcast(&[1, 100], |w, part, root| Box::pin(spread::tree(w, part, root)));
}

#[test]
fn bcast_segmented_tree() {
    check_bcast(&[1, 9000], |w, part, root| {
        Box::pin(async move { spread::segmented(w, part, root, spread::binomial(w, root)).await })
    });
}

#[test]
fn bcast_chain() {
    check_bcast(&[1, 9000], |w, part, root| {
        Box::pin(async move { spread::segmented(w, part, root, spread::chain(w, root)).await })
    });
}

#[test]
fn bcast_scatter_ring() {
    check_bcast(&[1, 7, 100], |w, part, root| Box::pin(spread::scatter_ring(w, part, root)));
}

#[test]
fn bcast_of_different_lengths_is_an_error_not_a_hang() {
    let types = Types::new();
    for mode in MODES {
        let (errors, _) = World::of(6, mode).run(&types, async |_, w| {
            let count = if w.rank == 0 { 10 } else { 5 };
            let buffer = Buffer::of(&types.word, &values(w.rank, count));
            let result = spread::tree(w, buffer.part(), 0).await;
            let result = w.verdict(result);
            buffer.values();
            result.map_err(|e| e.code())
        });
        assert_eq!(errors.iter().filter(|r| **r == Err(crate::constants::class::TRUNCATE)).count(), 3);
    }
}
