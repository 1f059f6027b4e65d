//! Frames from pieces, which come in any order, twice, or not at all. Pure.
//!
//! Bounded: beyond [`MOST`] unfinished frames the oldest is given up. A frame that lacks a piece is lost, which is for
//! the transfer layer to notice.

use super::wire::Piece;
use crate::core::frame::Header;
use std::collections::VecDeque;

/// Unfinished frames of one peer, at most.
pub const MOST: usize = 64;

/// A frame that is complete.
pub struct Frame {
    pub header: Header,
    pub bytes: Vec<u8>,
}

struct Partial {
    frame: u32,
    header: Header,
    count: u16,
    /// One bit for each piece that has arrived.
    have: u64,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub struct Assembly {
    /// In the order in which their first pieces came.
    partial: VecDeque<Partial>,
    /// Frames given up.
    pub lost: u64,
}

impl Assembly {
    /// Takes a piece that the wire decoder has let through. `fresh` gives an empty vector.
    pub fn add(&mut self, piece: &Piece, bytes: &[u8], fresh: impl FnOnce() -> Vec<u8>) -> Option<Frame> {
        if piece.count == 1 {
            let mut whole = fresh();
            whole.extend_from_slice(bytes);
            return Some(Frame { header: piece.header, bytes: whole });
        }
        let at = match self.partial.iter().position(|p| p.frame == piece.frame) {
            Some(at) => at,
            None => self.begin(piece, fresh()),
        };
        let partial = &mut self.partial[at];
        let bit = 1 << piece.index;
        if partial.header != piece.header || partial.count != piece.count || partial.have & bit != 0 {
            return None;
        }
        let (start, end) = piece.place();
        partial.bytes[start..end].copy_from_slice(bytes);
        partial.have |= bit;
        if partial.have.count_ones() < u32::from(partial.count) {
            return None;
        }
        self.partial.remove(at).map(|done| Frame { header: done.header, bytes: done.bytes })
    }

    /// Unfinished frames.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.partial.len()
    }

    fn begin(&mut self, piece: &Piece, mut bytes: Vec<u8>) -> usize {
        if self.partial.len() == MOST {
            self.lost += 1;
            self.partial.pop_front();
        }
        bytes.resize(piece.header.len, 0);
        let (frame, header, count) = (piece.frame, piece.header, piece.count);
        self.partial.push_back(Partial { frame, header, count, have: 0, bytes });
        self.partial.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(frame: u32, index: u16, count: u16, len: usize) -> Piece {
        Piece { frame, header: Header { kind: 1, meta: [frame, 0, 0], len }, index, count, ask: false }
    }

    fn add(assembly: &mut Assembly, piece: Piece) -> Option<Frame> {
        let (start, end) = piece.place();
        let bytes: Vec<u8> = (start..end).map(|i| i as u8 ^ piece.frame as u8).collect();
        assembly.add(&piece, &bytes, Vec::new)
    }

    #[test]
    fn pieces_in_any_order_make_the_frame_once() {
        let mut assembly = Assembly::default();
        for index in [3, 0, 3, 1, 1] {
            assert!(add(&mut assembly, piece(5, index, 4, 1001)).is_none());
            assert!(add(&mut assembly, piece(6, index, 5, 999)).is_none());
        }
        let done = add(&mut assembly, piece(5, 2, 4, 1001)).unwrap();
        assert_eq!(done.bytes, (0..1001).map(|i| i as u8 ^ 5).collect::<Vec<_>>());
        assert!(add(&mut assembly, piece(6, 2, 5, 999)).is_none());
        assert!(add(&mut assembly, piece(6, 4, 4, 999)).is_none(), "another number of pieces");
        assert_eq!(add(&mut assembly, piece(6, 4, 5, 999)).unwrap().header.len, 999);
        assert_eq!(add(&mut assembly, piece(9, 0, 1, 3)).unwrap().bytes, [9, 8, 11]);
    }

    #[test]
    fn unfinished_frames_are_bounded() {
        let mut assembly = Assembly::default();
        for frame in 0..1000 {
            assert!(add(&mut assembly, piece(frame, 0, 2, 100)).is_none());
        }
        assert_eq!((assembly.partial.len(), assembly.lost), (MOST, 1000 - MOST as u64));
        assert!(add(&mut assembly, piece(999, 1, 2, 100)).is_some());
    }
}
