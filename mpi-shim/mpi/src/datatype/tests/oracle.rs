//! The oracle: a type map as the standard defines it, one entry per basic element, no cleverness.

use std::ops::Range;

/// Entry of a type map.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    Data { at: i64, size: i64, align: i64 },
    Lb(i64),
    Ub(i64),
}

impl Entry {
    fn moved(self, by: i64) -> Entry {
        match self {
            Entry::Data { at, size, align } => Entry::Data { at: at + by, size, align },
            Entry::Lb(at) => Entry::Lb(at + by),
            Entry::Ub(at) => Entry::Ub(at + by),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct TypeMap(pub Vec<Entry>);

impl TypeMap {
    pub fn basic(size: i64) -> TypeMap {
        TypeMap(vec![Entry::Data { at: 0, size, align: size }])
    }

    /// Copies at the given displacements.
    pub fn placed(&self, at: impl IntoIterator<Item = i64>) -> TypeMap {
        TypeMap(at.into_iter().flat_map(|by| self.0.iter().map(move |e| e.moved(by))).collect())
    }

    pub fn contiguous(&self, n: i64) -> TypeMap {
        self.placed((0..n).map(|i| i * self.extent()))
    }

    pub fn joined(parts: impl IntoIterator<Item = TypeMap>) -> TypeMap {
        TypeMap(parts.into_iter().flat_map(|p| p.0).collect())
    }

    pub fn resized(&self, lb: i64, extent: i64) -> TypeMap {
        let data = self.0.iter().copied().filter(|e| matches!(e, Entry::Data { .. }));
        TypeMap(data.chain([Entry::Lb(lb), Entry::Ub(lb + extent)]).collect())
    }

    pub fn data(&self) -> impl Iterator<Item = Range<i64>> {
        self.0.iter().filter_map(|e| match e {
            Entry::Data { at, size, .. } => Some(*at..at + size),
            _ => None,
        })
    }

    pub fn size(&self) -> i64 {
        self.data().map(|d| d.end - d.start).sum()
    }

    pub fn true_bounds(&self) -> (i64, i64) {
        (self.data().map(|d| d.start).min().unwrap_or(0), self.data().map(|d| d.end).max().unwrap_or(0))
    }

    pub fn lb(&self) -> i64 {
        let marks = self.0.iter().filter_map(|e| if let Entry::Lb(at) = e { Some(*at) } else { None });
        marks.min().unwrap_or(self.true_bounds().0)
    }

    pub fn extent(&self) -> i64 {
        let lb = self.lb();
        let marks = self.0.iter().filter_map(|e| if let Entry::Ub(at) = e { Some(*at) } else { None });
        let aligns = self.0.iter().filter_map(|e| match e {
            Entry::Data { align, .. } => Some(*align),
            _ => None,
        });
        match (marks.max(), aligns.max()) {
            (Some(ub), _) => ub - lb,
            (None, None) => 0,
            (None, Some(align)) => {
                let end = self.true_bounds().1 - lb;
                end + (align - end.rem_euclid(align)) % align
            }
        }
    }

    /// Where each byte of the packed stream of `count` copies lies.
    pub fn bytes(&self, count: i64) -> Vec<i64> {
        let extent = self.extent();
        (0..count).flat_map(|c| self.data().flatten().map(move |at| at + c * extent)).collect()
    }

    /// Whole basic elements in the first `bytes`, `None` when one is cut.
    pub fn elements(&self, bytes: i64) -> Option<i64> {
        let sizes: Vec<i64> = self.data().map(|d| d.end - d.start).collect();
        let (mut left, mut found) = (bytes, 0);
        if sizes.is_empty() {
            return (bytes == 0).then_some(0);
        }
        for size in sizes.iter().cycle() {
            match left {
                0 => return Some(found),
                _ if left < *size => return None,
                _ => (left, found) = (left - size, found + 1),
            }
        }
        None
    }
}
