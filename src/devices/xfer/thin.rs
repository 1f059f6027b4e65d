//! The shortest way: one ordered, reliable network and nothing queued. Frames need a number and nothing else.

use super::Xfer;
use super::wire;
use crate::core::frame::{Header, kind};

impl Xfer {
    /// The network to which a frame may be handed directly, in place of [`Xfer::push`]: the only enabled one,
    /// ordered and reliable, with nothing waiting or retained.
    #[inline]
    pub fn thin(&self) -> Option<u8> {
        match self.paths.as_slice() {
            [path] if path.enabled && path.is_usable() && self.window.is_empty() => {
                (path.properties.ordered && path.properties.reliable && !self.urgent).then_some(path.id)
            }
            _ => None,
        }
    }

    /// The header for the next frame, to be handed to the network of [`Xfer::thin`]. Nothing has changed until
    /// [`Xfer::stamped`].
    #[inline]
    pub fn stamp(&self, epoch: u16, inner: &Header) -> Header {
        let meta = [wire::word(epoch, inner.kind), self.window.base(), self.order.expected()];
        Header { kind: kind::LIVE, meta, len: inner.len + super::INNER }
    }

    /// The network has taken the stamped frame.
    #[inline]
    pub fn stamped(&mut self, bytes: usize) {
        self.window.skip();
        self.acknowledged();
        let counts = &mut self.paths[0].counts;
        counts.frames_out += 1;
        counts.bytes_out += bytes as u64;
    }

    /// The same at the other end: a frame of the only network, a reliable one, whose turn it is and that brings no news
    /// of ours. Deliver it. None: nothing has changed, ask [`Xfer::arrive`].
    #[inline]
    pub fn arrive_thin(&mut self, network: u8, header: &Header, now: u64) -> Option<(u16, u8)> {
        let [path] = self.paths.as_mut_slice() else { return None };
        let [word, seq, ack] = header.meta;
        let plain = path.id == network && path.properties.reliable;
        let whole = header.kind == kind::LIVE && header.len >= super::INNER;
        if !(plain && whole && self.order.is_turn_of(seq) && wire::distance(self.window.base(), ack) <= 0) {
            return None;
        }
        self.order.pending = None;
        self.order.advance();
        self.watch.active = true;
        path.heard.note(seq, now);
        path.counts.frames_in += 1;
        path.counts.bytes_in += header.len as u64;
        Some(wire::split_word(word))
    }

    /// Nothing is kept, and this is the frame whose turn it is.
    #[inline]
    pub fn is_turn_of(&self, sequence: u32) -> bool {
        self.order.is_turn_of(sequence)
    }

    /// The number that the next frame will get.
    #[inline]
    pub fn next_sequence(&self) -> u32 {
        self.window.base().wrapping_add(self.window.len() as u32)
    }

    /// Every frame has been handed to some network at least once.
    #[inline]
    pub fn is_handed_over(&self) -> bool {
        self.window.next_new().is_none()
    }

    /// The frame of this number has arrived, or will certainly.
    #[inline]
    pub fn is_done(&self, sequence: u32) -> bool {
        wire::distance(self.window.base(), sequence) < 0
    }
}
