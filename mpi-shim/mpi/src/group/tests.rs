//! Group arithmetic against an oracle of plain sets.

use super::algebra::*;
use super::*;
use std::collections::BTreeSet;

/// A small repeatable generator; the tests need variety, not quality.
struct Lcg(u64);
impl Lcg {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
    fn group(&mut self, world: u32) -> Group {
        let mut procs: Vec<u32> = (0..world).filter(|_| self.below(2) == 0).collect();
        for i in (1..procs.len()).rev() {
            procs.swap(i, self.below(i as u64 + 1) as usize);
        }
        Group::new(procs, self.below(world as u64) as u32)
    }
}

fn set(procs: &[u32]) -> BTreeSet<u32> {
    let set: BTreeSet<u32> = procs.iter().copied().collect();
    assert_eq!(set.len(), procs.len(), "a process appears twice");
    set
}

#[test]
fn set_operations_agree_with_the_oracle() {
    let mut rng = Lcg(7);
    for _ in 0..300 {
        let (a, b) = (rng.group(24), rng.group(24));
        let (sa, sb) = (set(a.procs()), set(b.procs()));
        assert_eq!(set(&union(&a, &b)), &sa | &sb);
        assert_eq!(set(&intersection(&a, &b)), &sa & &sb);
        assert_eq!(set(&difference(&a, &b)), &sa - &sb);
        assert_eq!(union(&a, &b)[..a.procs().len()], *a.procs());
        let same = if a.procs() == b.procs() {
            IDENT
        } else if sa == sb {
            SIMILAR
        } else {
            UNEQUAL
        };
        assert_eq!(a.compare(&b), same);
    }
}

#[test]
fn rank_of_inverts_proc_of() {
    let mut rng = Lcg(3);
    for _ in 0..100 {
        let g = rng.group(40);
        for r in 0..g.size() {
            assert_eq!(g.rank_of(g.proc_of(r)), Some(r));
        }
        assert_eq!((0..50).filter(|&p| g.rank_of(p).is_some()).count(), g.size() as usize);
    }
}

#[test]
fn compare_tells_order_from_membership() {
    let g = |p: &[u32]| Group::new(p.to_vec(), 0);
    assert_eq!(g(&[1, 2, 3]).compare(&g(&[1, 2, 3])), IDENT);
    assert_eq!(g(&[1, 2, 3]).compare(&g(&[3, 1, 2])), SIMILAR);
    assert_eq!(g(&[1, 2, 3]).compare(&g(&[1, 2, 4])), UNEQUAL);
    assert_eq!(g(&[]).compare(&g(&[])), IDENT);
}

#[test]
fn include_and_exclude_split_the_group() {
    let mut rng = Lcg(11);
    for _ in 0..200 {
        let g = rng.group(30);
        let ranks: Vec<i64> = (0..g.size() as i64).filter(|_| rng.below(3) == 0).collect();
        let (inside, outside) = (include(&g, &ranks).unwrap(), exclude(&g, &ranks).unwrap());
        assert_eq!(&set(&inside) | &set(&outside), set(g.procs()));
        assert_eq!(inside.len() + outside.len(), g.procs().len());
    }
}

#[test]
fn bad_ranks_are_named_in_the_error() {
    let g = Group::new(vec![5, 6, 7], 5);
    let error = include(&g, &[0, 3]).unwrap_err();
    assert_eq!(error.code(), crate::constants::class::RANK);
    assert!(error.text().contains("rank 3 (element 1)"), "{}", error.text());
    assert!(exclude(&g, &[1, 1]).unwrap_err().text().contains("twice"));
    assert!(include(&g, &[-1]).is_err());
}

#[test]
fn ranges_expand_as_the_standard_says() {
    assert_eq!(expand(&[0, 9, 3], 10).unwrap(), [0, 3, 6, 9]);
    assert_eq!(expand(&[9, 1, -4, 2, 2, 1], 10).unwrap(), [9, 5, 1, 2]);
    assert_eq!(expand(&[2, 2, -1], 3).unwrap(), [2]);
    assert!(expand(&[0, 1, 0], 10).is_err());
    assert!(expand(&[3, 0, 1], 10).is_err());
    assert!(expand(&[0, 10, 2], 10).is_err());
    assert_eq!(expand(&[0, 10, 3], 10).unwrap(), [0, 3, 6, 9]);
}
