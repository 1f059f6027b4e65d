//! Long messages from other hosts arrive where the program wants them: the kernel writes them there, and nothing is copied.
//!
//! One up: [`super::protocol`]. One down: [`vmi::core::Core::begun`], which tells of a frame when its beginning is here.
//! DATA knows its receive; an EAGER frame takes its receive now, before the rest has arrived: what the sender sent
//! before it has been handled, so matching decides what it would decide later. Only receives into one block of memory.
//!
//! Invariant: a frame that lands ends before its receive does. Nothing of the same peer is handled before it
//! (the core sees to that), and [`Traffic::retract`] comes before a lost peer's receives end.

use super::direct::Target;
use super::protocol::{Traffic, envelope_of, kind};
use crate::{RequestId, UserBuf};
use vmi::core::frame::Header;

/// An eager message that has begun to arrive, and its receive.
pub(super) struct Claim {
    peer: u32,
    request: u32,
}

impl Traffic {
    /// Says where the frames go that have begun to arrive; true if there were any.
    #[inline]
    pub(super) fn land(&mut self) -> bool {
        let mut any = false;
        while let Some((begun, header)) = self.core.begun() {
            any = true;
            if let Some(at) = self.place(begun.peer, header) {
                self.core.land(&begun, at);
            }
        }
        any
    }

    /// Where all of a frame's payload goes.
    fn place(&mut self, peer: u32, header: Header) -> Option<UserBuf> {
        match header.kind {
            kind::DATA => {
                let (to, from) = self.requests.expecting(peer, header)?;
                Some(to.memory.block()?.offset(from as isize))
            }
            kind::EAGER => self.claim(peer, header),
            _ => None,
        }
    }

    /// An eager message takes its receive, unless it has: it begins again when its network breaks in the middle.
    fn claim(&mut self, peer: u32, header: Header) -> Option<UserBuf> {
        let request = match self.take_claim(peer) {
            Some(request) => request,
            None => self.matching.take_posted(envelope_of(header.meta))?,
        };
        self.claims.push(Claim { peer, request });
        let to = self.requests.receiving(request)?;
        (to.entry, to.peer, to.expected) = (None, peer, 0);
        to.memory.block().filter(|_| header.len as u64 <= to.memory.bytes())
    }

    /// Takes the receive that the eager message of `peer` has taken.
    #[inline]
    pub(super) fn take_claim(&mut self, peer: u32) -> Option<u32> {
        let at = self.claims.iter().position(|claim| claim.peer == peer)?;
        Some(self.claims.swap_remove(at).request)
    }

    /// As [`Traffic::land`], when a receive waits that is not filed: it is, if its message has begun.
    #[inline]
    pub(super) fn land_for(&mut self, to: &Target<'_>) -> Option<RequestId> {
        let (begun, header) = self.core.begun()?;
        let begins = header.kind == kind::EAGER && !self.claims.iter().any(|claim| claim.peer == begun.peer);
        let ours = begins && self.takes(to, envelope_of(header.meta));
        let filed = ours.then(|| self.file(to));
        if let Some(at) = self.place(begun.peer, header) {
            self.core.land(&begun, at);
        }
        filed
    }

    /// Nothing from `peer` goes straight to a receive any more.
    pub(super) fn retract(&mut self, peer: u32) {
        self.core.retract(peer);
        self.claims.retain(|claim| claim.peer != peer);
    }
}
