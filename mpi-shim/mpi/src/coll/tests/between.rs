//! Operations between two groups.

use super::*;
use crate::coll::shape::Blocks;
use crate::coll::{allgather, allreduce, alltoall, barrier, reduce, reduce_scatter};
use std::cell::Cell;

fn pairs() -> impl Iterator<Item = World> {
    [(1, 1), (1, 4), (3, 2), (5, 5)]
        .into_iter()
        .flat_map(|(a, b)| MODES.map(|mode| World::between(a, b, mode)))
}

/// Ranks of side 1 count from 100.
fn global(side: usize, rank: usize) -> usize {
    100 * side + rank
}

#[test]
fn barrier_waits_for_the_other_group() {
    let types = Types::new();
    for world in pairs() {
        let entered = [Cell::new(0), Cell::new(0)];
        world.run(&types, async |side, w| {
            entered[side].set(entered[side].get() + 1);
            w.verdict(barrier::across(w).await).unwrap();
            assert_eq!(entered[1 - side].get(), w.peers);
        });
    }
}

#[test]
fn allreduce_gives_the_other_group_s_result() {
    let types = Types::new();
    for world in pairs() {
        for op in [SUM, COMPOSE] {
            world.run(&types, async |side, w| {
                let send = Buffer::of(&types.gaps, &values(global(side, w.rank), 3));
                let recv = Buffer::new(&types.gaps, 3);
                let result = allreduce::across(w, &op.fold(&types.gaps), send.base, recv.base, 3).await;
                w.verdict(result).unwrap();
                let theirs = global(1 - side, 0)..global(1 - side, w.peers);
                assert_eq!(recv.values(), (0..3).map(|i| op.over(theirs.clone(), i)).collect::<Vec<_>>());
            });
        }
    }
}

#[test]
fn reduce_collects_the_other_group() {
    let types = Types::new();
    for world in pairs() {
        world.run(&types, async |side, w| {
            let fold = COMPOSE.fold(&types.word);
            if side == 0 {
                let mine = Buffer::of(&types.word, &values(w.rank, 2));
                return w.verdict(w.send(mine.part(), 0).await).unwrap();
            }
            if w.rank == 0 {
                let recv = Buffer::new(&types.word, 2);
                let result = reduce::from_all(w, &fold, recv.base, 2).await;
                w.verdict(result).unwrap();
                assert_eq!(recv.values(), (0..2).map(|i| COMPOSE.over(0..w.peers, i)).collect::<Vec<_>>());
            }
        });
    }
}

#[test]
fn reduce_scatter_divides_as_the_receiving_group_says() {
    let types = Types::new();
    for world in pairs() {
        world.run(&types, async |side, w| {
            let total = 2 * (w.size * w.peers) as i64;
            let blocks = Blocks::even(total, w.size);
            let send = Buffer::of(&types.word, &values(global(side, w.rank), total));
            let recv = Buffer::new(&types.word, blocks.len(w.rank));
            let fold = SUM.fold(&types.word);
            let result = reduce_scatter::across(w, &fold, send.base, recv.base, &blocks).await;
            w.verdict(result).unwrap();
            let theirs = global(1 - side, 0)..global(1 - side, w.peers);
            let own = blocks.start(w.rank)..blocks.start(w.rank) + blocks.len(w.rank);
            assert_eq!(recv.values(), own.map(|i| SUM.over(theirs.clone(), i)).collect::<Vec<_>>());
        });
    }
}

#[test]
fn allgather_and_alltoall_cross() {
    let types = Types::new();
    for world in pairs() {
        world.run(&types, async |side, w| {
            let wanted: Vec<u64> = (0..w.peers).map(|r| value(global(1 - side, r), 0)).collect();
            let mine = Buffer::of(&types.word, &vec![value(global(side, w.rank), 0); w.peers]);
            let recv = Buffer::new(&types.gaps, w.peers as i64);
            let into = |rank: usize| recv.part().at(rank as i64, 1);
            w.verdict(allgather::across(w, mine.part().at(0, 1), into).await).unwrap();
            assert_eq!(recv.values(), wanted);
            let recv = Buffer::new(&types.gaps, w.peers as i64);
            let into = |rank: usize| recv.part().at(rank as i64, 1);
            w.verdict(alltoall::direct(w, |rank| mine.part().at(rank as i64, 1), into, None).await).unwrap();
            assert_eq!(recv.values(), wanted);
        });
    }
}
