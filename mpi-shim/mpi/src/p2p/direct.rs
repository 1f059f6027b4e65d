//! The short way of a blocking receive: straight from the device into the program's buffer.
//!
//! A blocking receive that finds no unexpected message is, until it gives the lock away, the receive posted last.
//! So a frame that no posted receive takes and that matches it may be delivered without ever filing the
//! receive. Anything out of the ordinary (rendezvous, an unexpected message, no message for long) ends the
//! short way, and the receive is filed as a request.

use super::protocol::{FRAME_COST, Traffic, envelope_of, kind, received_status, truncated};
use crate::constants::{ANY_SOURCE, ANY_TAG};
use crate::datatype::Datatype;
use crate::error::Error;
use crate::matching::Envelope;
use crate::{Status, UserBuf};
use vmi::core::frame::Incoming;

/// Where the message of a blocking receive goes.
pub struct Target<'a> {
    pub pattern: Envelope,
    pub buf: UserBuf,
    pub count: i64,
    pub datatype: &'a Datatype,
}

#[inline]
fn takes(pattern: Envelope, message: Envelope) -> bool {
    pattern.context == message.context
        && (pattern.source == message.source || pattern.source == ANY_SOURCE)
        && (pattern.tag == message.tag || pattern.tag == ANY_TAG)
}

impl Traffic {
    /// Waits up to `polls` fruitless polls for the message of a blocking receive. None: file the receive.
    #[inline]
    pub fn receive_now(&mut self, to: &Target<'_>, polls: u32) -> Option<(Status, Option<Error>)> {
        let mut idle = 0;
        while self.matching.unexpected_len() == 0 {
            let Some(frame) = self.core.next() else {
                idle += 1;
                if idle > polls || (self.has_backlog() && !self.flush() && idle > 64) {
                    return None;
                }
                continue;
            };
            idle = 0;
            let outcome = self.offer(&frame, to);
            self.core.release(frame.token);
            if outcome.is_some() {
                return outcome;
            }
        }
        None
    }

    /// Gives a frame to the waiting receive if it is for it, else handles it as usual.
    #[inline]
    fn offer(&mut self, frame: &Incoming, to: &Target<'_>) -> Option<(Status, Option<Error>)> {
        let envelope = envelope_of(frame.header.meta);
        let ours = frame.header.kind == kind::EAGER
            && self.matching.posted_len() == 0
            && takes(to.pattern, envelope);
        if !ours {
            self.handle(frame);
            return None;
        }
        let (len, capacity) = (frame.header.len as u64, to.datatype.bytes(to.count));
        let fits = len.min(capacity);
        to.datatype.unpack(to.buf, to.count, 0, frame.payload, fits as usize);
        let error = (len > capacity).then(|| truncated(len, capacity, envelope));
        self.credit_back(frame.peer, len + FRAME_COST);
        Some((received_status(envelope, fits), error))
    }
}
