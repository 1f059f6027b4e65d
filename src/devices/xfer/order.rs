//! Restores the order of what arrives: tells duplicates from news and holds what is ahead of its turn, within
//! bounds that do not depend on the peer.

use super::wire::{Block, MOST, distance};
use crate::core::slab::Slab;
use std::collections::VecDeque;

/// Where an arriving frame belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// It is the one whose turn it is.
    Next,
    /// To be held: it is ahead of its turn.
    Ahead,
    Duplicate,
    /// Further ahead than an honest peer's window allows.
    Outside,
}

struct Held {
    word: u32,
    slab: Slab,
    len: usize,
}

pub struct Order {
    expected: u32,
    /// `slots[0]` belongs to the expected frame.
    slots: VecDeque<Option<Held>>,
    held: usize,
    bytes: usize,
    /// Sequence and word of the frame that is about to be kept.
    pub pending: Option<(u32, u32)>,
    window_bytes: usize,
    max_bytes: usize,
    max_frames: usize,
}

impl Order {
    /// Bounds are twice the window, for a peer may have a little more in flight than it retains.
    pub fn new(window_bytes: usize, window_frames: usize) -> Order {
        let (max_bytes, max_frames) = (2 * window_bytes, 2 * window_frames);
        Order {
            expected: 0,
            slots: VecDeque::new(),
            held: 0,
            bytes: 0,
            pending: None,
            window_bytes,
            max_bytes,
            max_frames,
        }
    }

    #[cfg(any(test, fuzzing))]
    pub fn number_from(&mut self, first: u32) {
        self.expected = first;
    }

    /// One frame may exceed a sender's window; frames can be so large.
    pub fn allow(&mut self, largest: usize) {
        self.max_bytes = self.max_bytes.max(2 * self.window_bytes + largest);
    }

    #[inline]
    pub fn expected(&self) -> u32 {
        self.expected
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Nothing is held, and this frame is the expected one.
    #[inline]
    pub fn is_turn_of(&self, seq: u32) -> bool {
        seq == self.expected && self.held == 0
    }

    #[inline]
    pub fn place(&self, seq: u32, len: usize) -> Place {
        if self.is_turn_of(seq) {
            return Place::Next;
        }
        match usize::try_from(distance(self.expected, seq)) {
            Err(_) => Place::Duplicate,
            Ok(at) if matches!(self.slots.get(at), Some(Some(_))) => Place::Duplicate,
            Ok(0) => Place::Next,
            Ok(at) if at >= self.max_frames || self.bytes + len > self.max_bytes => Place::Outside,
            Ok(_) => Place::Ahead,
        }
    }

    /// The expected frame is delivered.
    #[inline]
    pub fn advance(&mut self) {
        self.expected = self.expected.wrapping_add(1);
        self.slots.pop_front();
    }

    /// Holds a frame for which [`Order::place`] said Ahead.
    pub fn keep(&mut self, seq: u32, word: u32, slab: Slab) {
        let len = slab.len();
        if self.place(seq, len) != Place::Ahead {
            return;
        }
        let at = distance(self.expected, seq) as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        self.slots[at] = Some(Held { word, slab, len });
        self.held += 1;
        self.bytes += len;
    }

    /// Takes the held frame whose turn it is.
    #[inline]
    pub fn next_ready(&mut self) -> Option<(u32, Slab)> {
        if self.held == 0 {
            return None;
        }
        let held = self.slots.front_mut()?.take()?;
        self.held -= 1;
        self.bytes -= held.len;
        self.advance();
        Some((held.word, held.slab))
    }

    fn is_held(&self, at: usize) -> bool {
        matches!(self.slots.get(at), Some(Some(_)))
    }

    /// The run of held frames that `seq` is in, and how many are missing before it.
    pub fn block(&self, seq: u32) -> Option<Block> {
        let at = usize::try_from(distance(self.expected, seq)).ok().filter(|&at| self.is_held(at))?;
        let least = at.saturating_sub(MOST / 2);
        let start = (least..at).rev().take_while(|&i| self.is_held(i)).last().unwrap_or(at);
        let end = (at + 1..self.slots.len()).find(|&i| !self.is_held(i)).unwrap_or(self.slots.len());
        let gap = (0..start).rev().take_while(|&i| !self.is_held(i)).count();
        let first = self.expected.wrapping_add(start as u32);
        Some(Block { gap: gap.min(MOST), start: first, span: (end - start).min(MOST) })
    }

    /// How many frames are missing from the expected one on; [`MOST`] if nothing is held.
    pub fn first_gap(&self) -> usize {
        if self.held == 0 {
            return MOST;
        }
        self.slots.iter().take_while(|slot| slot.is_none()).count().min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_restored_across_the_wrap_and_blocks_are_told() {
        let mut order = Order::new(1 << 20, 16);
        order.expected = u32::MAX - 1;
        for seq in [0, 1, 3u32] {
            assert_eq!(order.place(seq, 4), Place::Ahead);
            order.keep(seq, seq, Slab::default());
            assert_eq!(order.place(seq, 4), Place::Duplicate);
        }
        assert_eq!(order.block(1), Some(Block { gap: 2, start: 0, span: 2 }));
        assert_eq!(order.block(3), Some(Block { gap: 1, start: 3, span: 1 }));
        assert_eq!((order.block(2), order.first_gap()), (None, 2));
        assert_eq!(order.place(u32::MAX - 2, 0), Place::Duplicate);
        assert_eq!((order.place(29, 4), order.place(30, 4)), (Place::Ahead, Place::Outside));
        for seq in [u32::MAX - 1, u32::MAX] {
            assert!(order.next_ready().is_none());
            assert_eq!(order.place(seq, 4), Place::Next);
            order.advance();
        }
        let ready: Vec<u32> = std::iter::from_fn(|| order.next_ready()).map(|(word, _)| word).collect();
        assert_eq!((ready, order.expected()), (vec![0, 1], 2));
    }
}
