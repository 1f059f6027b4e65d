//! The engine's own collectives.

use super::*;

#[test]
fn ints_are_combined() {
    let types = Types::new();
    for world in worlds() {
        world.run(&types, async |_, w| {
            let n = w.size as i64;
            for (op, wanted) in
                [(Agree::Min, 0), (Agree::Max, n - 1), (Agree::Sum, n * (n - 1) / 2), (Agree::Band, 0)]
            {
                let mut values = [w.rank as i64, 5];
                agree::sum_up(w, &mut values, op).await.unwrap();
                assert_eq!(values, [wanted, if op == Agree::Sum { 5 * n } else { 5 }]);
            }
        });
    }
}

#[test]
fn bytes_of_all_ranks_are_collected() {
    let types = Types::new();
    for world in worlds() {
        world.run(&types, async |_, w| {
            let text = |rank: usize| "x".repeat(rank % 3 * 10);
            let all = agree::collect(w, text(w.rank).as_bytes()).await.unwrap();
            assert_eq!(all, (0..w.size).map(|rank| text(rank).into_bytes()).collect::<Vec<_>>());
        });
    }
}

#[test]
fn bytes_of_the_root_are_spread() {
    let types = Types::new();
    for world in worlds() {
        world.run(&types, async |_, w| {
            let root = w.size / 2;
            let mut bytes = if w.rank == root { b"hello".to_vec() } else { Vec::new() };
            agree::spread(w, &mut bytes, root).await.unwrap();
            assert_eq!(bytes, b"hello");
        });
    }
}
