//! Arithmetic on groups, in time linear in their sizes. Results are lists of world process numbers.

use super::Group;
use crate::error::Result;
use crate::fail;

/// Members of `a`, then those of `b` that are not in `a`.
pub fn union(a: &Group, b: &Group) -> Vec<u32> {
    let news = b.procs().iter().filter(|&&p| a.rank_of(p).is_none());
    a.procs().iter().chain(news).copied().collect()
}

/// Members of both, in the order of `a`.
pub fn intersection(a: &Group, b: &Group) -> Vec<u32> {
    a.procs().iter().copied().filter(|&p| b.rank_of(p).is_some()).collect()
}

/// Members of `a` that are not in `b`, in the order of `a`.
pub fn difference(a: &Group, b: &Group) -> Vec<u32> {
    a.procs().iter().copied().filter(|&p| b.rank_of(p).is_none()).collect()
}

/// The members at `ranks`, in the order of `ranks`.
pub fn include(group: &Group, ranks: &[i64]) -> Result<Vec<u32>> {
    mark(group, ranks)?;
    Ok(ranks.iter().map(|&r| group.proc_of(r as i32)).collect())
}

/// The members that are not at `ranks`, in the order of `group`.
pub fn exclude(group: &Group, ranks: &[i64]) -> Result<Vec<u32>> {
    let out = mark(group, ranks)?;
    Ok(group.procs().iter().zip(out).filter(|(_, out)| !out).map(|(&p, _)| p).collect())
}

/// Which ranks are named; an error if one is outside of the group or named twice.
fn mark(group: &Group, ranks: &[i64]) -> Result<Vec<bool>> {
    let mut named = vec![false; group.size() as usize];
    for (i, &rank) in ranks.iter().enumerate() {
        match usize::try_from(rank).ok().and_then(|r| named.get_mut(r)) {
            None => fail!(
                RANK,
                "rank {rank} (element {i}) is not in the group, expected 0 ≤ rank < {}",
                group.size()
            ),
            Some(true) => fail!(RANK, "rank {rank} (element {i}) is named twice, expected distinct ranks"),
            Some(seen) => *seen = true,
        }
    }
    Ok(named)
}

/// Ranks that the triplets (first, last, stride) stand for (MPI-5.0 §7.3.2).
pub fn expand(triplets: &[i64], size: i32) -> Result<Vec<i64>> {
    let mut ranks = Vec::new();
    for (i, t) in triplets.chunks_exact(3).enumerate() {
        let (first, last, stride) = (t[0], t[1], t[2]);
        if stride == 0 {
            fail!(ARG, "ranges[{i}] is ({first}, {last}, 0), expected a stride other than 0");
        }
        if (last - first) * stride < 0 {
            fail!(ARG, "ranges[{i}] is ({first}, {last}, {stride}), which leads away from its last rank");
        }
        let end = first + (last - first) / stride * stride;
        for rank in [first, end] {
            if rank < 0 || rank >= size as i64 {
                fail!(
                    RANK,
                    "ranges[{i}] is ({first}, {last}, {stride}), expected ranks from 0 to {}",
                    size - 1
                );
            }
        }
        ranks.extend((0..=(end - first) / stride).map(|k| first + k * stride));
    }
    Ok(ranks)
}
