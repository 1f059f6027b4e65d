//! Long messages between hosts leave from where the program has them: nothing is copied on the way to the network.
//!
//! One up: [`super::protocol`]. One down: [`vmi::core::Core::send_lent`], which refers to the memory until the receiver has
//! acknowledged it and no network holds a piece, because a network that breaks gives its work to another. Only then is
//! the send complete. An eager one need not wait so long: it is copied when there is nothing else to do. At once if it is
//! the only one, because then its sender may wait for it; else once nothing has happened for about as long as copying
//! takes, because meanwhile the acknowledgement may come, and in any case before this process sleeps. (Two namespaces,
//! reno, 1 MiB one way: 168 µs copied, 126 lent; half round trip of 64 KiB 16.8 and 15.6.)
//!
//! Invariant: a request whose memory is lent ends only when nobody refers to the memory any more, also when its peer is
//! lost.

use super::protocol::{FRAME_COST, Outgoing, Traffic, kind, meta_of, sent_status};
use crate::Status;
use crate::error::Error;
use std::collections::VecDeque;
use std::rc::Rc;
use vmi::core::Sleep;
use vmi::core::buffer::Buffer;
use vmi::core::device::SendError;
use vmi::core::frame::Header;
use vmi::core::slab::BufferOp;

/// Shorter messages are copied before they leave, bytes.
pub(super) const LEND_FROM: u64 = 8 << 10;
/// What is copied in the time of a fruitless step, about, bytes.
const STEP: usize = 1 << 10;

/// The memory of a message, lent.
pub struct Lent {
    buffer: Rc<Buffer>,
    /// It may be copied before it is acknowledged.
    copies: bool,
}

/// Requests all of whose memory has been handed over, in this order: the receiver acknowledges in it as well.
#[derive(Default)]
pub(super) struct Returning {
    eager: VecDeque<u32>,
    offered: VecDeque<u32>,
}

impl Returning {
    fn queue(&mut self, eager: bool) -> &mut VecDeque<u32> {
        if eager { &mut self.eager } else { &mut self.offered }
    }

    fn len(&self) -> usize {
        self.eager.len() + self.offered.len()
    }

    fn is_empty(&self) -> bool {
        self.eager.is_empty() && self.offered.is_empty()
    }
}

impl Traffic {
    /// The receiver of a message asks for it.
    pub(super) fn lend(&mut self, peer: u32, request: u32) {
        if self.core.is_near(peer) || self.is_lent(request) {
            return;
        }
        let Some(out) = self.requests.outgoing(request) else { return };
        out.lent = out.from.block().map(|at| Lent::new(at, out.limit, false));
    }

    /// Sends an eager message in one frame from where it lies; None if it is to be copied.
    pub(super) fn send_eager_lent(&mut self, peer: u32, request: u32) -> Option<Result<(), SendError>> {
        let out = self.requests.outgoing(request)?;
        let at = out.from.block().filter(|_| out.total >= LEND_FROM && !self.core.is_near(peer))?;
        let (total, meta) = (out.total, meta_of(out.envelope));
        let lent = Lent::new(at, total, true);
        let piece = BufferOp::new(lent.buffer.clone(), 0, total as usize)?;
        let sent = self.core.send_lent(peer, Header { kind: kind::EAGER, meta, len: total as usize }, piece);
        if sent.is_ok() {
            // It cannot be taken back any more.
            (out.offered, out.lent) = (true, Some(lent));
            self.peers[peer as usize].uncredited += total + FRAME_COST;
            self.hand_over(peer, request, true);
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
        let Outgoing { peer, lent, .. } = self.requests.outgoing(request)?;
        let piece = BufferOp::new(lent.as_ref()?.buffer.clone(), from as usize, header.len)?;
        Some(self.core.send_lent(*peer, header, piece))
    }

    pub(super) fn is_lent(&mut self, request: u32) -> bool {
        self.requests.outgoing(request).is_some_and(|out| out.lent.is_some())
    }

    /// All of a message that was sent on demand has been handed over. False if it was not lent, and thus is complete.
    pub(super) fn was_lent(&mut self, peer: u32, request: u32) -> bool {
        let lent = self.is_lent(request);
        if lent {
            self.hand_over(peer, request, false);
        }
        lent
    }

    fn hand_over(&mut self, peer: u32, request: u32, eager: bool) {
        self.requests.set_result(request, sent_status(), None);
        self.await_return(peer, request, eager);
    }

    /// The request, whose result is set, ends when its memory is returned.
    fn await_return(&mut self, peer: u32, request: u32, eager: bool) {
        let returning = &mut self.peers[peer as usize].returning;
        if returning.is_empty() {
            self.borrowers.push(peer);
        }
        returning.queue(eager).push_back(request);
    }

    /// A step of progress has brought something, or not: what waits for idle time gets it. As [`Traffic::reclaim`].
    pub(super) fn use_step(&mut self, handled: bool) -> bool {
        self.idle = if handled { 0 } else { self.idle.saturating_add(STEP) };
        self.bring_in_idle();
        self.reclaim()
    }

    /// Completes the messages to whose memory nobody refers any more; true if there were any.
    pub(super) fn reclaim(&mut self) -> bool {
        let (mut any, mut at) = (false, 0);
        while let Some(&peer) = self.borrowers.get(at) {
            for eager in [true, false] {
                any |= self.reclaim_from(peer, eager);
            }
            match self.peers[peer as usize].returning.is_empty() {
                true => drop(self.borrowers.swap_remove(at)),
                false => at += 1,
            }
        }
        any
    }

    fn reclaim_from(&mut self, peer: u32, eager: bool) -> bool {
        let mut any = false;
        while let Some(&request) = self.peers[peer as usize].returning.queue(eager).front()
            && self.is_returned(peer, request)
        {
            let state = &mut self.peers[peer as usize];
            state.returning.queue(eager).pop_front();
            state.offers = state.offers.saturating_sub(u32::from(!eager));
            self.unprepare(request);
            self.requests.finish(request);
            any = true;
        }
        any
    }

    /// Nobody refers to the memory of a request any more, perhaps because there was time to copy it.
    fn is_returned(&mut self, peer: u32, request: u32) -> bool {
        let alone = self.peers[peer as usize].returning.len() == 1;
        let Some(lent) = self.requests.outgoing(request).and_then(|out| out.lent.as_ref()) else {
            return true;
        };
        let patience = if alone { 1 } else { lent.buffer.len() };
        if Rc::strong_count(&lent.buffer) > 1 && self.idle >= patience {
            self.core.copy_out_of(peer, &lent.buffer, lent.copies);
            self.idle = self.idle.saturating_sub(lent.buffer.len());
        }
        Rc::strong_count(&lent.buffer) == 1
    }

    /// Announces a sleep; None if there is work to do first. What the core sends before may be the last of a lent message,
    /// and nobody would wake this process for that.
    pub(super) fn announce_sleep(&mut self) -> Option<Sleep> {
        if self.bring_in_waiting() || self.take_bounced() {
            return None;
        }
        let sleep = self.core.announce_sleep()?;
        self.idle = usize::MAX;
        let reclaimed = self.reclaim();
        self.idle = 0;
        if reclaimed {
            self.core.end_sleep();
            return None;
        }
        Some(sleep)
    }

    /// On behalf of a process that computes or sleeps: see [`vmi::core::Core::look`]. True if something has happened.
    pub fn look(&mut self) -> bool {
        let happened = self.core.look();
        self.reclaim() || happened
    }

    /// Nothing goes to `peer` any more: its request ends with an error, as soon as nobody refers to its memory.
    pub(super) fn end_lost(&mut self, peer: u32, request: u32, error: Error) {
        let lent = self.requests.outgoing(request).and_then(|out| out.lent.as_mut());
        let Some(lent) = lent else { return self.requests.complete(request, Status::EMPTY, Some(error)) };
        lent.copies = true;
        self.core.copy_out_of(peer, &lent.buffer, true);
        self.requests.set_result(request, Status::EMPTY, Some(error));
        self.await_return(peer, request, true);
    }
}

impl Lent {
    fn new(at: crate::UserBuf, len: u64, copies: bool) -> Lent {
        Lent { buffer: Buffer::register(at, len as usize), copies }
    }
}
