//! Reduce, allreduce and their algorithms.

use super::*;
use crate::coll::wire::Wire;
use crate::coll::{allreduce as all, reduce as one, reduce_scatter as parts, scan as prefix, shape::Blocks};

#[derive(Clone, Copy, Debug)]
struct Case {
    op: TestOp,
    count: i64,
    in_place: bool,
}

/// Operations, counts, in place or not.
fn cases() -> impl Iterator<Item = Case> {
    [SUM, COMPOSE].into_iter().flat_map(|op| {
        [0, 1, 5, 40]
            .into_iter()
            .flat_map(move |count| [false, true].map(|in_place| Case { op, count, in_place }))
    })
}

/// (send buffer or IN_PLACE, receive buffer) of this rank.
fn buffers(
    w: &Wire,
    dt: &std::rc::Rc<needs::Datatype>,
    case: Case,
    receives: bool,
) -> (Buffer, Buffer, UserBuf) {
    let data = Buffer::of(dt, &values(w.rank, case.count));
    if case.in_place && receives {
        let send = UserBuf::IN_PLACE;
        return (Buffer::new(dt, 0), data, send);
    }
    let send = data.base;
    (data, Buffer::new(dt, if receives { case.count } else { 0 }), send)
}

fn expected(op: TestOp, size: usize, count: i64) -> Vec<u64> {
    (0..count).map(|i| op.over(0..size, i)).collect()
}

type Algorithm = for<'a> fn(&'a Wire, &'a fold::Fold, UserBuf, UserBuf, i64) -> Task<'a>;

/// Runs an allreduce on all communicators, layouts and cases.
fn check_allreduce(blockwise: bool, algorithm: Algorithm) {
    let types = Types::new();
    for world in worlds() {
        for dt in types.layouts() {
            for case in cases().filter(|c| !blockwise || c.op.commutes) {
                world.run(&types, async |_, w| {
                    let (sent, received, send) = buffers(w, dt, case, true);
                    let mine = if send.is_in_place() { received.base } else { send };
                    let fold = case.op.fold(dt);
                    let result = algorithm(w, &fold, mine, received.base, case.count).await;
                    w.verdict(result).unwrap();
                    assert_eq!(received.values(), expected(case.op, w.size, case.count));
                    if !case.in_place {
                        assert_eq!(sent.values(), values(w.rank, case.count), "send buffer was written to");
                    }
                });
            }
        }
    }
}

#[test]
fn allreduce_recursive_doubling() {
    check_allreduce(false, |w, f, s, r, n| Box::pin(all::recursive_doubling(w, f, s, r, n)));
}

#[test]
fn allreduce_direct() {
    check_allreduce(false, |w, f, s, r, n| Box::pin(all::direct(w, f, s, r, n)));
}

#[test]
fn allreduce_star() {
    check_allreduce(false, |w, f, s, r, n| Box::pin(all::star(w, f, s, r, n)));
}

#[test]
fn allreduce_tree() {
    check_allreduce(false, |w, f, s, r, n| Box::pin(all::tree(w, f, s, r, n)));
}

#[test]
fn allreduce_halving() {
    check_allreduce(true, |w, f, s, r, n| Box::pin(all::halving(w, f, s, r, n)));
}

#[test]
fn allreduce_ring() {
    check_allreduce(true, |w, f, s, r, n| Box::pin(all::ring(w, f, s, r, n)));
}

type Rooted = for<'a> fn(&'a Wire, &'a fold::Fold, UserBuf, UserBuf, i64, usize) -> Task<'a>;

fn check_reduce(usable: fn(&Case, usize) -> bool, algorithm: Rooted) {
    let types = Types::new();
    for world in worlds() {
        for (root, dt) in (0..world.sizes.0).zip(types.layouts().into_iter().cycle()) {
            for case in cases().filter(|c| usable(c, root)) {
                world.run(&types, async |_, w| {
                    let (_sent, received, send) = buffers(w, dt, case, w.rank == root);
                    let mine = if send.is_in_place() { received.base } else { send };
                    let fold = case.op.fold(dt);
                    let result = algorithm(w, &fold, mine, received.base, case.count, root).await;
                    w.verdict(result).unwrap();
                    if w.rank == root {
                        assert_eq!(received.values(), expected(case.op, w.size, case.count));
                    }
                });
            }
        }
    }
}

#[test]
fn reduce_linear() {
    check_reduce(|_, _| true, |w, f, s, r, n, root| Box::pin(one::linear(w, f, s, r, n, root)));
}

#[test]
fn reduce_tree() {
    check_reduce(
        |c, root| c.op.commutes || root == 0,
        |w, f, s, r, n, root| Box::pin(one::tree(w, f, s, r, n, root)),
    );
}

#[test]
fn reduce_tree_in_order() {
    check_reduce(
        |_, root| root != 0,
        |w, f, s, r, n, root| Box::pin(one::tree_in_order(w, f, s, r, n, root)),
    );
}

#[test]
fn reduce_ring_to_root() {
    check_reduce(
        |c, _| c.op.commutes,
        |w, f, s, r, n, root| Box::pin(one::ring_to_root(w, f, s, r, n, root)),
    );
}

/// (operations, in place or not) × lengths of blocks that differ between ranks.
fn check_reduce_scatter(
    in_order: bool,
    algorithm: for<'a> fn(&'a Wire, &'a fold::Fold, UserBuf, UserBuf, &'a Blocks) -> Task<'a>,
) {
    let types = Types::new();
    for world in worlds() {
        let blocks = Blocks::of((0..world.sizes.0).map(|rank| (rank as i64 * 7 + 3) % 5));
        for dt in types.layouts() {
            for case in cases().filter(|c| c.count == 5 && (in_order || c.op.commutes)) {
                let case = Case { count: blocks.total(), ..case };
                world.run(&types, async |_, w| {
                    let (_sent, received, send) = buffers(w, dt, case, case.in_place);
                    let own = Buffer::new(dt, blocks.len(w.rank));
                    let out = if case.in_place { received.base } else { own.base };
                    let fold = case.op.fold(dt);
                    let mine = if send.is_in_place() { out } else { send };
                    let result = algorithm(w, &fold, mine, out, &blocks).await;
                    w.verdict(result).unwrap();
                    let got = if case.in_place { received.values() } else { own.values() };
                    let first = blocks.start(w.rank);
                    for i in 0..blocks.len(w.rank) {
                        assert_eq!(got[i as usize], case.op.over(0..w.size, first + i));
                    }
                });
            }
        }
    }
}

#[test]
fn reduce_scatter_tree() {
    check_reduce_scatter(true, |w, f, s, r, b| Box::pin(parts::tree(w, f, s, r, b)));
}

#[test]
fn reduce_scatter_ring() {
    check_reduce_scatter(false, |w, f, s, r, b| Box::pin(parts::ring(w, f, s, r, b)));
}

fn check_scan(kind: prefix::Kind) {
    let types = Types::new();
    for world in worlds() {
        for dt in types.layouts() {
            for case in cases() {
                world.run(&types, async |_, w| {
                    let (_sent, received, send) = buffers(w, dt, case, true);
                    let mine = if send.is_in_place() { received.base } else { send };
                    let fold = case.op.fold(dt);
                    let result = prefix::scan(w, &fold, mine, received.base, case.count, kind).await;
                    w.verdict(result).unwrap();
                    let covered = if kind == prefix::Kind::Inclusive { 0..w.rank + 1 } else { 0..w.rank };
                    if !covered.is_empty() {
                        let wanted: Vec<u64> =
                            (0..case.count).map(|i| case.op.over(covered.clone(), i)).collect();
                        assert_eq!(received.values(), wanted);
                    }
                });
            }
        }
    }
}

#[test]
fn scan_inclusive() {
    check_scan(prefix::Kind::Inclusive);
}

#[test]
fn scan_exclusive() {
    check_scan(prefix::Kind::Exclusive);
}

/// The numbers of messages that the table in `choice` counts on.
#[test]
fn messages_of_a_small_allreduce_of_eight_ranks() {
    let types = Types::new();
    let count = |algorithm: Algorithm| {
        let run = async |_: usize, w: &Wire| {
            let word = Buffer::of(&types.word, &[1]);
            algorithm(w, &SUM.fold(&types.word), word.base, word.base, 1).await.unwrap();
            assert_eq!(word.values(), [8]);
        };
        World::of(8, Mode::Eager).run(&types, run).1
    };
    assert_eq!(count(|w, f, s, r, n| Box::pin(all::tree(w, f, s, r, n))), 14);
    assert_eq!(count(|w, f, s, r, n| Box::pin(all::star(w, f, s, r, n))), 14);
    assert_eq!(count(|w, f, s, r, n| Box::pin(all::recursive_doubling(w, f, s, r, n))), 24);
    assert_eq!(count(|w, f, s, r, n| Box::pin(all::direct(w, f, s, r, n))), 56);
}
