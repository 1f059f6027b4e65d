//! Neighbourhood exchange.

use super::*;
use crate::coll::neighbor::exchange;

/// On a ring of processes, of any length from 1: what I send to the left comes from its right.
#[test]
fn grid_keeps_directions_apart() {
    let types = Types::new();
    for world in worlds() {
        world.run(&types, async |_, w| {
            let (left, right) = ((w.rank + w.size - 1) % w.size, (w.rank + 1) % w.size);
            let around = [left as i32, right as i32];
            let send = Buffer::of(&types.word, &[value(w.rank, 0), value(w.rank, 1)]);
            let recv = Buffer::new(&types.gaps, 2);
            let (out, into) =
                (|i: usize| send.part().at(i as i64, 1), |i: usize| recv.part().at(i as i64, 1));
            let result = exchange(w, (&around, out), (&around, into), true).await;
            w.verdict(result).unwrap();
            assert_eq!(recv.values(), [value(left, 1), value(right, 0)]);
        });
    }
}

/// Rank r sends r + 1 messages to its successor, which arrive in order.
#[test]
fn edges_of_a_multigraph_keep_their_order() {
    let types = Types::new();
    for world in worlds() {
        world.run(&types, async |_, w| {
            let (before, after) = ((w.rank + w.size - 1) % w.size, (w.rank + 1) % w.size);
            let (sources, destinations) = (vec![before as i32; before + 1], vec![after as i32; w.rank + 1]);
            let send = Buffer::of(&types.word, &values(w.rank, w.rank as i64 + 1));
            let recv = Buffer::new(&types.word, before as i64 + 1);
            let (out, into) =
                (|i: usize| send.part().at(i as i64, 1), |i: usize| recv.part().at(i as i64, 1));
            let result = exchange(w, (&destinations, out), (&sources, into), false).await;
            w.verdict(result).unwrap();
            assert_eq!(recv.values(), values(before, before as i64 + 1));
        });
    }
}
