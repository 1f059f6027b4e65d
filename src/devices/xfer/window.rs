//! Retention: the frames that were pushed and not yet acknowledged, by sequence.
//!
//! `entries[0 .. sent]` have been handed to a network at least once, the rest waits. The front is never [`State::Safe`].

use super::wire::distance;
use crate::core::buffer::Buffer;
use crate::core::slab::Slab;
use std::collections::VecDeque;
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Not yet sent.
    Waiting,
    /// Sent, nothing known.
    Flying,
    /// The peer has it, ahead of its turn.
    Held,
    /// To be sent again.
    Lost,
    /// Sent over a reliable network: it will arrive.
    Safe,
}

pub struct Entry {
    /// Epoch and kind, as in the header.
    pub word: u32,
    pub slab: Slab,
    pub len: usize,
    pub state: State,
    /// Id of the network it was last sent over, and the how-manieth frame over that network it was.
    pub network: u8,
    pub index: u64,
    /// How often it was sent.
    pub tries: u8,
}

/// What is known of a frame that was sent over some network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Unknown,
    Arrived,
    /// Sent again, or to be sent again.
    Superseded,
}

pub struct Window {
    base: u32,
    entries: VecDeque<Entry>,
    sent: usize,
    bytes: usize,
    /// Bytes of what was never sent.
    waiting: usize,
    lost: usize,
    held: usize,
    /// No entry before this one is lost.
    lost_from: usize,
    max_bytes: usize,
    max_frames: usize,
}

impl Window {
    pub fn new(max_bytes: usize, max_frames: usize) -> Window {
        Window {
            base: 0,
            entries: VecDeque::new(),
            sent: 0,
            bytes: 0,
            waiting: 0,
            lost: 0,
            held: 0,
            lost_from: 0,
            max_bytes,
            max_frames,
        }
    }

    #[cfg(any(test, fuzzing))]
    pub fn number_from(&mut self, first: u32) {
        self.base = first;
    }

    #[inline]
    pub fn has_room(&self) -> bool {
        self.bytes < self.max_bytes && self.entries.len() < self.max_frames
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that were never sent.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting
    }

    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub fn push(&mut self, word: u32, slab: Slab) {
        let len = slab.len();
        self.bytes += len;
        self.waiting += len;
        self.entries.push_back(Entry {
            word,
            slab,
            len,
            state: State::Waiting,
            network: 0,
            index: 0,
            tries: 0,
        });
    }

    /// A number is used up by a frame that needs no entry. Only while the window is empty.
    #[inline]
    pub fn skip(&mut self) {
        self.base = self.base.wrapping_add(1);
    }

    /// The number of the first frame that is not done.
    #[inline]
    pub fn base(&self) -> u32 {
        self.base
    }

    #[inline]
    fn offset(&self, seq: u32) -> Option<usize> {
        let offset = usize::try_from(distance(self.base, seq)).ok()?;
        (offset < self.entries.len()).then_some(offset)
    }

    #[inline]
    pub fn get(&self, seq: u32) -> Option<&Entry> {
        self.offset(seq).map(|offset| &self.entries[offset])
    }

    /// The first frame to be sent again.
    #[inline]
    pub fn next_lost(&mut self) -> Option<u32> {
        if self.lost == 0 {
            return None;
        }
        let rest = self.entries.range(self.lost_from..self.sent);
        let skip = rest.take_while(|entry| entry.state != State::Lost).count();
        self.lost_from += skip;
        Some(self.base.wrapping_add(self.lost_from as u32))
    }

    /// The peer has frames ahead of their turn.
    pub fn holds(&self) -> bool {
        self.held > 0
    }

    /// Some frame is to be sent, or sent again.
    #[inline]
    pub fn has_work(&self) -> bool {
        self.lost > 0 || self.sent < self.entries.len()
    }

    /// The first frame that was never sent.
    #[inline]
    pub fn next_new(&self) -> Option<u32> {
        (self.sent < self.entries.len()).then(|| self.base.wrapping_add(self.sent as u32))
    }

    /// A frame has been handed to a network.
    #[inline]
    pub fn sent(&mut self, seq: u32, network: u8, index: u64, reliable: bool) {
        let Some(offset) = self.offset(seq) else { return };
        let entry = &mut self.entries[offset];
        match entry.state {
            State::Waiting => {
                self.sent = offset + 1;
                self.waiting -= entry.len;
            }
            State::Lost => self.lost -= 1,
            _ => {}
        }
        (entry.network, entry.index) = (network, index);
        entry.tries = entry.tries.saturating_add(1);
        entry.state = if reliable { State::Safe } else { State::Flying };
        if reliable {
            entry.slab = Slab::default();
            self.drop_safe();
        }
    }

    /// A second copy has been handed to another network; the length.
    pub fn copied(&mut self, seq: u32) -> usize {
        let Some(offset) = self.offset(seq) else { return 0 };
        let entry = &mut self.entries[offset];
        entry.tries = entry.tries.saturating_add(1);
        entry.len
    }

    fn drop_safe(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.state == State::Safe) {
            self.pop();
        }
    }

    /// How many frames a cumulative ack takes off; None if it acknowledges what was not sent.
    #[inline]
    pub fn covered(&self, ack: u32) -> Option<usize> {
        let n = distance(self.base, ack);
        (n <= self.sent as i32).then_some(n.max(0) as usize)
    }

    /// Takes off the front.
    #[inline]
    pub fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.base = self.base.wrapping_add(1);
        self.bytes -= entry.len;
        self.sent = self.sent.saturating_sub(1);
        self.lost_from = self.lost_from.saturating_sub(1);
        self.lost -= usize::from(entry.state == State::Lost);
        self.held -= usize::from(entry.state == State::Held);
        Some(entry)
    }

    /// After a cumulative ack.
    #[inline]
    pub fn settle(&mut self) {
        self.drop_safe();
    }

    /// The peer has this frame; Some(entry) if that is news.
    pub fn hold(&mut self, seq: u32) -> Option<&Entry> {
        let offset = self.offset(seq)?;
        let entry = &mut self.entries[offset];
        match entry.state {
            State::Flying => {}
            State::Lost => self.lost -= 1,
            _ => return None,
        }
        entry.state = State::Held;
        self.held += 1;
        Some(entry)
    }

    /// The frame is to be sent again, if it is flying.
    pub fn lose(&mut self, seq: u32) -> bool {
        let Some(offset) = self.offset(seq) else { return false };
        let entry = &mut self.entries[offset];
        if entry.state != State::Flying {
            return false;
        }
        entry.state = State::Lost;
        self.lost_from = if self.lost == 0 { offset } else { self.lost_from.min(offset) };
        self.lost += 1;
        true
    }

    /// All frames that fly over this network are to be sent again; how many.
    pub fn lose_all(&mut self, network: u8) -> usize {
        let mut n = 0;
        for offset in 0..self.sent {
            if self.entries[offset].network == network {
                n += usize::from(self.lose(self.base.wrapping_add(offset as u32)));
            }
        }
        n
    }

    /// A frame that lies in `buffer` is kept.
    pub fn refers_to(&self, buffer: &Rc<Buffer>) -> bool {
        self.entries.iter().any(|entry| entry.slab.lies_in(buffer))
    }

    /// The slabs of frames that are kept.
    pub fn slabs(&mut self) -> impl Iterator<Item = &mut Slab> {
        self.entries.iter_mut().map(|entry| &mut entry.slab)
    }

    /// What is known of a frame that was the `index`th over `network`.
    #[inline]
    pub fn fate(&self, seq: u32, network: u8, index: u64) -> Fate {
        match self.get(seq) {
            None => Fate::Arrived,
            Some(entry) if entry.state == State::Held => Fate::Arrived,
            Some(entry) if entry.network != network || entry.index != index => Fate::Superseded,
            Some(entry) if entry.state == State::Lost => Fate::Superseded,
            Some(_) => Fate::Unknown,
        }
    }
}
