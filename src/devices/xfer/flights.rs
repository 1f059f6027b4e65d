//! The frames that were sent over one network, in the order sent, until it is known what became of each.
//!
//! Frames over a network are numbered from 0 without gaps (`index`); the numbers never leave this process.

use super::window::{Fate, Window};
use std::collections::VecDeque;

#[derive(Clone, Copy)]
pub struct Flight {
    pub seq: u32,
    pub len: u32,
    /// Bytes that were on their way before it.
    pub ahead: u32,
    /// Its ack may be due to another copy.
    pub again: bool,
    pub at: u64,
}

#[derive(Default)]
pub struct Flights {
    queue: VecDeque<Flight>,
    /// Index of the front.
    first: u64,
    bytes: usize,
    /// All frames before this index have arrived, if the network keeps the order; the one before it has in any case.
    high: u64,
}

impl Flights {
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Bytes on their way.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Index of the next frame.
    #[inline]
    pub fn next_index(&self) -> u64 {
        self.first + self.queue.len() as u64
    }

    pub fn high(&self) -> u64 {
        self.high
    }

    pub fn oldest(&self) -> Option<&Flight> {
        self.queue.front()
    }

    #[inline]
    pub fn push(&mut self, flight: Flight) {
        self.bytes += flight.len as usize;
        self.queue.push_back(flight);
    }

    /// Another network got a copy of this frame, if it is the last: a copy leaves right after its frame.
    pub fn copied(&mut self, seq: u32) {
        if let Some(flight) = self.queue.back_mut().filter(|flight| flight.seq == seq) {
            flight.again = true;
        }
    }

    /// The frame with this index has arrived; when it was sent, if that is the furthest so far.
    #[inline]
    pub fn arrived(&mut self, index: u64) -> Option<u64> {
        if index < self.high {
            return None;
        }
        self.high = index + 1;
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.queue.get(at).map(|flight| flight.at)
    }

    /// Takes off the front what is decided; returns the bytes of what has certainly arrived over this network.
    #[inline]
    pub fn settle(&mut self, window: &Window, network: u8, ordered: bool) -> usize {
        let mut arrived = 0;
        while let Some(front) = self.queue.front() {
            let inferred = ordered && self.first < self.high;
            let fate = if inferred { Fate::Arrived } else { window.fate(front.seq, network, self.first) };
            match fate {
                Fate::Unknown => break,
                Fate::Arrived => arrived += if front.again { 0 } else { front.len as usize },
                Fate::Superseded => {}
            }
            self.bytes -= front.len as usize;
            self.first += 1;
            self.queue.pop_front();
        }
        arrived
    }

    /// Everything on its way is given up.
    pub fn clear(&mut self) {
        self.first = self.next_index();
        self.high = self.high.max(self.first);
        self.queue.clear();
        self.bytes = 0;
    }

    /// Sequences of the frames before `index`.
    pub fn before(&self, index: u64) -> impl Iterator<Item = u32> {
        let n = index.saturating_sub(self.first) as usize;
        self.queue.iter().take(n).map(|flight| flight.seq)
    }

    /// Sequences of the frames that were sent at `time` or earlier.
    pub fn sent_by(&self, time: u64) -> impl Iterator<Item = u32> {
        self.queue.iter().take_while(move |flight| flight.at <= time).map(|flight| flight.seq)
    }
}
