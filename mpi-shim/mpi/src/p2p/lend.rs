//! Long messages between hosts leave from where the program has them: nothing is copied on the way to the network.
//!
//! One up: [`super::protocol`], which has the receiver's consent by then. One down: [`Core::send_lent`], which refers to the
//! memory until the receiver has acknowledged it and no network holds a piece, because a network that breaks gives its
//! work to another. Only then is the send complete. (Two namespaces, reno, 1 MiB one way: 168 µs copied, 125 lent.)
//!
//! [`Core::send_lent`]: vmi::core::Core::send_lent

use super::protocol::{Outgoing, Traffic};
use std::rc::Rc;
use vmi::core::buffer::Buffer;
use vmi::core::device::SendError;
use vmi::core::frame::Header;
use vmi::core::slab::BufferOp;

/// A message whose memory is lent.
pub(super) struct Lent {
    peer: u32,
    request: u32,
    buffer: Rc<Buffer>,
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
            self.lent.push(Lent { peer, request, buffer, sent: false });
        }
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

    /// Completes the messages to whose memory nobody refers any more; true if there were any.
    pub(super) fn reclaim(&mut self) -> bool {
        let (mut any, mut at) = (false, 0);
        while at < self.lent.len() {
            let lent = &self.lent[at];
            if lent.sent && Rc::strong_count(&lent.buffer) == 1 {
                let Lent { peer, request, .. } = self.lent.remove(at);
                self.conclude_offer(peer, request, super::protocol::sent_status());
                any = true;
            } else {
                at += 1;
            }
        }
        any
    }

    /// Nothing goes to `peer` any more.
    pub(super) fn forget_lent(&mut self, peer: u32) {
        self.lent.retain(|lent| lent.peer != peer);
    }
}
