//! The short way of a blocking receive: straight from the device into the program's buffer.
//!
//! A blocking receive that finds no unexpected message is, until it gives the lock away, the receive posted last.
//! So a frame that no posted receive takes and that matches it may be delivered without ever filing the
//! receive. Anything out of the ordinary (rendezvous, an unexpected message, no message for long) ends the
//! short way, and the receive is filed as a request.

use super::protocol::{FRAME_COST, Traffic, envelope_of, kind, received_status, truncated};
use crate::comm::Comm;
use crate::constants::{ANY_SOURCE, ANY_TAG};
use crate::datatype::Memory;
use crate::error::Error;
use crate::matching::Envelope;
use crate::request::table::Requests;
use crate::{RequestId, Status};
use std::rc::Rc;
use vmi::core::frame::Incoming;

/// Where the message of a blocking receive goes.
pub struct Target<'a> {
    pub pattern: Envelope,
    pub memory: &'a Memory,
    pub comm: &'a Rc<Comm>,
}

/// After so many fruitless polls there is time to bring in where the message goes.
const SOON: u32 = 4;

/// How far the short way has led.
pub enum Short {
    Received(Status, Option<Error>),
    /// The receive has become a request, its message is under way.
    Filed(RequestId),
    /// File the receive.
    No,
}

#[inline]
fn takes(pattern: Envelope, message: Envelope) -> bool {
    pattern.context == message.context
        && (pattern.source == message.source || pattern.source == ANY_SOURCE)
        && (pattern.tag == message.tag || pattern.tag == ANY_TAG)
}

impl Traffic {
    /// Waits up to `polls` fruitless polls for the message of a blocking receive.
    #[inline]
    pub fn receive_now(&mut self, to: &Target<'_>, polls: u32) -> Short {
        self.waits = true;
        let short = self.receive_short(to, polls);
        // The receive that is filed now is waited for.
        self.waits = matches!(short, Short::No);
        short
    }

    #[inline]
    fn receive_short(&mut self, to: &Target<'_>, polls: u32) -> Short {
        if let Some((status, error)) = self.receive_kept(to.pattern, to.memory) {
            return Short::Received(status, error);
        }
        if self.bounces() {
            return Short::No;
        }
        let (mut idle, mut pause) = (0, SOON);
        while self.matching.unexpected_len() == 0 {
            let Some(frame) = self.core.next() else {
                if let Some(request) = self.land_for(to) {
                    return Short::Filed(request);
                }
                idle += 1;
                if idle > pause {
                    pause = idle + to.memory.expect_more(idle - SOON - 1);
                }
                if idle > polls || (self.has_backlog() && !self.flush() && idle > 64) {
                    return Short::No;
                }
                continue;
            };
            idle = 0;
            let outcome = self.offer(&frame, to);
            self.core.release(frame.token);
            if !matches!(outcome, Short::No) || self.bounces() {
                return outcome;
            }
        }
        Short::No
    }

    /// Gives a frame to the waiting receive if it is for it, else handles it as usual.
    #[inline]
    fn offer(&mut self, frame: &Incoming, to: &Target<'_>) -> Short {
        let envelope = envelope_of(frame.header.meta);
        let ours = matches!(frame.header.kind, kind::EAGER | kind::FIRST)
            && self.claims.is_empty()
            && self.takes(to, envelope);
        if !ours || frame.header.kind == kind::FIRST {
            let filed = if ours { Short::Filed(self.file(to)) } else { Short::No };
            self.handle(frame);
            return filed;
        }
        let (len, capacity) = (frame.header.len as u64, to.memory.bytes());
        let fits = len.min(capacity);
        to.memory.unpack(0, frame.payload, fits as usize);
        let error = (len > capacity).then(|| truncated(len, capacity, envelope));
        self.credit_back(frame.peer, len + FRAME_COST);
        Short::Received(received_status(envelope, fits), error)
    }

    /// The receive that waits takes this message.
    #[inline]
    pub(super) fn takes(&self, to: &Target<'_>, message: Envelope) -> bool {
        self.matching.posted_len() == 0 && takes(to.pattern, message)
    }

    /// Posts the receive.
    pub(super) fn file(&mut self, to: &Target<'_>) -> RequestId {
        Requests::handle(self.receive(to.comm, to.memory.clone(), to.pattern))
    }
}
