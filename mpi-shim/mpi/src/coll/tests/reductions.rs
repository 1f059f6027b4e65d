//! Reduce, allreduce and their algorithms.

use super::*;
use crate::coll::wire::Wire;
use crate::coll::{allreduce as all, reduce as one};

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
type Task<'a> = std::pin::Pin<Box<dyn Future<Output = Result> + 'a>>;

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
