//! Eager messages longer than one frame: the receiver copies one piece out while the sender writes the next.
//!
//! ```text
//!   FIRST   [context, tag, source]  data, total             matched like EAGER; the total is the last 8 bytes
//!   MORE    [offset]                data                    the next piece of the message that is under way
//! ```
//! One up: [`super::protocol`]. Pieces of one message are not mixed with other messages to the same peer, so at most
//! one message per sender is under way. An unexpected one becomes visible to matching when it is complete: no later
//! message of its sender can have come before that.

use super::protocol::{
    FRAME_COST, Kept, Slab, Traffic, Unexpected, envelope_of, kind, received_status, truncated,
};
use crate::UserBuf;
use crate::matching::Envelope;
use vmi::core::device::SendError;
use vmi::core::frame::{Header, Incoming};

/// Bytes of a piece within a host. (Half round trip of 16 KiB between two cores, bare ring in C: 1.8 µs in pieces of 4 or 8 KiB,
/// 1.9 in pieces of 2 KiB, 2.4 in one.)
pub const PIECE: u64 = 8 << 10;
/// Bytes of the total at the end of FIRST.
const TOTAL: usize = 8;
/// No eager message is longer.
pub const MOST: u64 = 1 << 30;

/// A message under way from one sender.
pub struct Arriving {
    envelope: Envelope,
    total: u64,
    got: u64,
    place: Place,
}

enum Place {
    /// A receive request has it.
    Request(u32),
    /// Nobody has asked for it yet.
    Block(Vec<u8>),
}

impl Traffic {
    /// Bytes of a piece on the way to `peer`: small where it pays that both ends copy at the same time.
    pub(super) fn piece(&self, peer: u32) -> u64 {
        match self.core.is_near(peer) {
            true => PIECE,
            false => (self.core.properties(peer).max_payload as u64).saturating_sub(TOTAL as u64).max(PIECE),
        }
    }

    /// Sends the pieces that have not left; they are all sent when this succeeds.
    pub(super) fn send_pieces(&mut self, peer: u32, request: u32, piece: u64) -> Result<(), SendError> {
        let Some(out) = self.requests.outgoing(request) else { return Ok(()) };
        while out.sent < out.total {
            let (from, len) = (out.sent, (out.total - out.sent).min(piece) as usize);
            let data = |to: UserBuf| out.from.pack(from, to, len);
            if from == 0 {
                let header = Header {
                    kind: kind::FIRST,
                    meta: super::protocol::meta_of(out.envelope),
                    len: len + TOTAL,
                };
                let total = out.total.to_le_bytes();
                self.core.send(peer, header, |to| {
                    data(to);
                    to.write(len as isize, &total);
                })?;
                self.peers[peer as usize].uncredited += out.total + FRAME_COST;
            } else {
                self.core.send(peer, Header { kind: kind::MORE, meta: [from as u32, 0, 0], len }, data)?;
            }
            // It cannot be taken back any more.
            (out.sent, out.offered) = (from + len as u64, true);
        }
        Ok(())
    }

    pub(super) fn on_first(&mut self, frame: &Incoming) {
        let (peer, envelope) = (frame.peer, envelope_of(frame.header.meta));
        let len = frame.header.len.saturating_sub(TOTAL);
        let total = u64::from_le_bytes(frame.bytes(len));
        if total <= len as u64 || total > MOST || self.peers[peer as usize].arriving.is_some() {
            eprintln!("VMI: rank {peer} sent the beginning of a message out of place; ignored");
            return;
        }
        let place = match self.matching.take_posted(envelope) {
            Some(request) => {
                self.expect(request, peer, envelope, total);
                Place::Request(request)
            }
            None => Place::Block(Vec::with_capacity(total.min(1 << 20) as usize)),
        };
        self.peers[peer as usize].arriving = Some(Arriving { envelope, total, got: 0, place });
        self.add_piece(peer, frame.payload, len as u64);
    }

    /// A receive request has a message whose pieces follow.
    fn expect(&mut self, request: u32, peer: u32, envelope: Envelope, total: u64) {
        let Some(to) = self.requests.receiving(request) else { return };
        let capacity = to.memory.bytes();
        let fits = total.min(capacity);
        let error = (total > capacity).then(|| truncated(total, capacity, envelope));
        (to.entry, to.peer, to.expected, to.received) = (None, peer, fits, 0);
        self.requests.set_result(request, received_status(envelope, fits), error);
    }

    pub(super) fn on_more(&mut self, frame: &Incoming) {
        let (peer, len) = (frame.peer, frame.header.len as u64);
        let next = |a: &Arriving| a.got == frame.header.meta[0] as u64 && len > 0 && len <= a.total - a.got;
        if self.peers[peer as usize].arriving.as_ref().is_some_and(next) {
            self.add_piece(peer, frame.payload, len);
        } else {
            eprintln!("VMI: rank {peer} sent a piece of no message; ignored");
        }
    }

    fn add_piece(&mut self, peer: u32, from: UserBuf, len: u64) {
        let Some(message) = &mut self.peers[peer as usize].arriving else { return };
        match &mut message.place {
            Place::Request(request) => {
                if let Some(to) = self.requests.receiving(*request) {
                    let fits = to.expected.saturating_sub(message.got).min(len) as usize;
                    to.memory.unpack(message.got, from, fits);
                }
            }
            Place::Block(bytes) => from.append_to(len as usize, bytes),
        }
        message.got += len;
        if message.got == message.total {
            self.arrived(peer);
        }
    }

    /// The last piece is here.
    fn arrived(&mut self, peer: u32) {
        let Some(Arriving { envelope, total, place, .. }) = self.peers[peer as usize].arriving.take() else {
            return;
        };
        match place {
            Place::Request(request) => self.requests.finish(request),
            Place::Block(mut bytes) => match self.matching.take_posted(envelope) {
                Some(request) => self.deliver(request, envelope, UserBuf::of(&mut bytes), total),
                None => {
                    let what = Kept::Data(Slab::Large(bytes));
                    self.matching.keep(envelope, Unexpected { peer, what });
                    return;
                }
            },
        }
        self.credit_back(peer, total + FRAME_COST);
    }
}
