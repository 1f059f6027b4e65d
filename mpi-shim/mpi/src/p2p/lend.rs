//! Long messages between hosts leave from where the program has them: nothing is copied on the way to the network.
//!
//! One up: [`super::protocol`]. One down: [`vmi::core::Core::send_lent`], which refers to the memory until the receiver has
//! acknowledged it and no network holds a piece, because a network that breaks gives its work to another. Only then is
//! the send complete. An eager one need not wait so long: when there is nothing else to do, it is copied, after it
//! has left. (Two namespaces, reno, 1 MiB one way: 168 µs copied, 126 lent; half round trip of 64 KiB 16.8 and 15.6.)

use super::protocol::{FRAME_COST, Outgoing, Traffic, kind, meta_of, sent_status};
use std::rc::Rc;
use vmi::core::Sleep;
use vmi::core::buffer::Buffer;
use vmi::core::device::SendError;
use vmi::core::frame::Header;
use vmi::core::slab::BufferOp;

/// Shorter messages are copied before they leave, bytes.
const LEND_FROM: u64 = 8 << 10;

/// A message whose memory is lent.
pub(super) struct Lent {
    peer: u32,
    request: u32,
    buffer: Rc<Buffer>,
    eager: bool,
    /// All of it was handed over.
    sent: bool,
}

impl Traffic {
    /// The receiver of a message asks for it.
    pub(super) fn lend(&mut self, peer: u32, request: u32) {
        if self.core.is_near(peer) || self.is_lent(request) {
            return;
        }
        let Some(Outgoing { from, limit, .. }) = self.requests.outgoing(request) else { return };
        if let Some(at) = from.block() {
            let buffer = Buffer::register(at, *limit as usize);
            self.lent.push(Lent { peer, request, buffer, eager: false, sent: false });
        }
    }

    /// Sends an eager message in one frame from where it lies; None if it is to be copied.
    pub(super) fn send_eager_lent(&mut self, peer: u32, request: u32) -> Option<Result<(), SendError>> {
        let out = self.requests.outgoing(request)?;
        let at = out.from.block().filter(|_| out.total >= LEND_FROM && !self.core.is_near(peer))?;
        let (total, meta) = (out.total, meta_of(out.envelope));
        let buffer = Buffer::register(at, total as usize);
        let piece = BufferOp::new(buffer.clone(), 0, total as usize)?;
        let sent = self.core.send_lent(peer, Header { kind: kind::EAGER, meta, len: total as usize }, piece);
        if sent.is_ok() {
            // It cannot be taken back any more.
            self.requests.outgoing(request)?.offered = true;
            self.peers[peer as usize].uncredited += total + FRAME_COST;
            self.lent.push(Lent { peer, request, buffer, eager: true, sent: true });
        }
        Some(sent)
    }

    /// Sends a piece of a lent message from where it lies; None if it is not lent.
    pub(super) fn send_lent(
        &mut self,
        request: u32,
        header: Header,
        from: u64,
    ) -> Option<Result<(), SendError>> {
        let lent = self.lent.iter().find(|lent| lent.request == request)?;
        let piece = BufferOp::new(lent.buffer.clone(), from as usize, header.len)?;
        Some(self.core.send_lent(lent.peer, header, piece))
    }

    pub(super) fn is_lent(&self, request: u32) -> bool {
        self.lent.iter().any(|lent| lent.request == request)
    }

    /// All of a message has been handed over. False if it was not lent, and thus is complete.
    pub(super) fn was_lent(&mut self, request: u32) -> bool {
        let lent = self.lent.iter_mut().find(|lent| lent.request == request);
        lent.map(|lent| lent.sent = true).is_some()
    }

    /// Completes the messages to whose memory nobody refers any more; true if there were any. `idle`: there is time to
    /// copy.
    pub(super) fn reclaim(&mut self, idle: bool) -> bool {
        let (mut any, mut at) = (false, 0);
        while at < self.lent.len() {
            let lent = &self.lent[at];
            if idle && lent.sent && Rc::strong_count(&lent.buffer) > 1 {
                self.core.copy_out_of(lent.peer, &lent.buffer, lent.eager);
            }
            if lent.sent && Rc::strong_count(&lent.buffer) == 1 {
                let Lent { peer, request, eager, .. } = self.lent.remove(at);
                match eager {
                    true => self.requests.complete(request, sent_status(), None),
                    false => self.conclude_offer(peer, request, sent_status()),
                }
                any = true;
            } else {
                at += 1;
            }
        }
        any
    }

    /// Announces a sleep; None if there is work to do first. What the core sends before may be the last of a lent message,
    /// and nobody would wake this process for that.
    pub(super) fn announce_sleep(&mut self) -> Option<Sleep> {
        let sleep = self.core.announce_sleep()?;
        if self.reclaim(false) {
            self.core.end_sleep();
            return None;
        }
        Some(sleep)
    }

    /// On behalf of a process that computes or sleeps: see [`vmi::core::Core::look`]. True if something has happened.
    pub fn look(&mut self) -> bool {
        let happened = self.core.look();
        self.reclaim(false) || happened
    }

    /// Nothing goes to `peer` any more.
    pub(super) fn forget_lent(&mut self, peer: u32) {
        self.lent.retain(|lent| lent.peer != peer);
    }
}
