//! The classes by which frames are counted and labelled: the one table that knows what numbers the protocols use.

use crate::core::frame::Header;

/// Kinds of frame: MPI's below 64, streams' from 64 on, the core's from 240 on.
const KINDS: [(u8, &str); 15] = [
    (1, "eager"),
    (2, "rts"),
    (3, "cts"),
    (4, "data"),
    (5, "fin"),
    (6, "credit"),
    (7, "cancel"),
    (8, "cancelled"),
    (9, "first"),
    (10, "piece"),
    (11, "share"),
    (64, "slab"),
    (65, "more"),
    (66, "end"),
    (252, "control"),
];

/// What a frame counts as: its kind, and whether it belongs to a collective operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Class {
    pub kind: u8,
    pub collective: bool,
}

impl Class {
    pub fn of(header: &Header) -> Class {
        // The frames that open a message begin with its context, which is odd for collective operations.
        let collective = matches!(header.kind, 1 | 2 | 9) && header.meta[0] & 1 == 1;
        Class { kind: header.kind, collective }
    }

    /// A small number of its own.
    #[inline]
    pub fn index(self) -> usize {
        self.kind as usize * 2 + usize::from(self.collective)
    }

    pub const INDICES: usize = 512;
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match KINDS.iter().find(|(kind, _)| *kind == self.kind) {
            Some((_, label)) => f.write_str(label)?,
            None => write!(f, "kind {}", self.kind)?,
        }
        if self.collective { f.write_str(" collective") } else { Ok(()) }
    }
}
