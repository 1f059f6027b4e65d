//! Shapes: the binomial tree, and the division of elements into blocks. Pure arithmetic.

use std::ops::Range;

/// A binomial tree over ranks renumbered so that the root is 0 (`v`): the subtree of `v` is the range of
/// numbers `v .. v + span(v)`, so data gathered along the tree stays in rank order.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    pub root: usize,
    pub size: usize,
    /// My number in the tree.
    pub v: usize,
}

impl Tree {
    pub fn new(rank: usize, root: usize, size: usize) -> Tree {
        Tree { root, size, v: (rank + size - root) % size }
    }

    pub fn rank_of(&self, v: usize) -> usize {
        (v + self.root) % self.size
    }

    /// Rank of my parent.
    pub fn parent(&self) -> Option<usize> {
        (self.v != 0).then(|| self.rank_of(self.v & (self.v - 1)))
    }

    /// Numbers of my children; the nearest (with the smallest subtree) first.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let Tree { v, size, .. } = *self;
        (0..self.branches()).map(move |k| v + (1 << k)).filter(move |&child| child < size)
    }

    /// Number of ranks in the subtree of number `v`.
    pub fn span(&self, v: usize) -> usize {
        match v {
            0 => self.size,
            _ => (1 << v.trailing_zeros()).min(self.size - v),
        }
    }

    fn branches(&self) -> u32 {
        match self.v {
            0 => usize::BITS - (self.size - 1).leading_zeros(),
            v => v.trailing_zeros(),
        }
    }
}

/// Consecutive blocks of elements: block `i` is `starts[i] .. starts[i + 1]`.
#[derive(Clone, Debug)]
pub struct Blocks {
    starts: Vec<i64>,
}

impl Blocks {
    /// `count` elements in `n` blocks whose lengths differ by one at most.
    pub fn even(count: i64, n: usize) -> Blocks {
        let (len, longer) = (count / n as i64, count % n as i64);
        Blocks { starts: (0..=n as i64).map(|i| i * len + i.min(longer)).collect() }
    }

    pub fn of(counts: impl IntoIterator<Item = i64>) -> Blocks {
        let mut starts = vec![0];
        let mut end = 0;
        for count in counts {
            end += count;
            starts.push(end);
        }
        Blocks { starts }
    }

    pub fn start(&self, i: usize) -> i64 {
        self.starts[i]
    }

    pub fn len(&self, i: usize) -> i64 {
        self.starts[i + 1] - self.starts[i]
    }

    /// Elements in the blocks of `range`.
    pub fn within(&self, range: Range<usize>) -> i64 {
        self.starts[range.end] - self.starts[range.start]
    }

    pub fn total(&self) -> i64 {
        self.starts[self.starts.len() - 1]
    }

    pub fn longest(&self) -> i64 {
        self.starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_is_reached_once() {
        for size in 1..40 {
            for root in 0..size {
                let mut parents = vec![None; size];
                for rank in 0..size {
                    let tree = Tree::new(rank, root, size);
                    for child in tree.children() {
                        assert!(parents[tree.rank_of(child)].replace(rank).is_none());
                    }
                }
                for (rank, &parent) in parents.iter().enumerate() {
                    assert_eq!(Tree::new(rank, root, size).parent(), parent);
                    assert_eq!(parent.is_none(), rank == root);
                }
            }
        }
    }

    #[test]
    fn subtrees_are_ranges() {
        for size in 1..40 {
            for rank in 0..size {
                let tree = Tree::new(rank, 0, size);
                let below: usize = tree.children().map(|c| tree.span(c)).sum();
                assert_eq!(tree.span(rank), below + 1);
            }
        }
    }

    #[test]
    fn blocks_cover_all_elements() {
        for count in 0..50 {
            for n in 1..9 {
                let blocks = Blocks::even(count, n);
                assert_eq!(blocks.total(), count);
                assert_eq!((0..n).map(|i| blocks.len(i)).sum::<i64>(), count);
                assert!(blocks.longest() - blocks.len(n - 1) <= 1);
            }
        }
    }
}
