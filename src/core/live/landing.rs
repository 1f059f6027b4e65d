//! Long frames whose payload a network writes to where the layer above wants it, uncopied.
//!
//! The layer above asks for what has begun ([`Lively::begun`]) and may say where it goes ([`Lively::land`]). Told of are
//! only frames whose turn it is and that no device of the receive chain has to see. So from then on nothing of that peer
//! goes up before this very frame does: as it has landed, or, if its network breaks or another is quicker, as any other
//! frame, and then its first network does not write any more.

use super::super::frame::{Begun, Header, Incoming, kind};
use super::super::sinks::Sinks;
use super::connection::Live;
use super::{INNER, Lively, words};
use crate::core::buffer::UserBuf;

/// A frame that lands.
pub struct Landing {
    sink: u8,
    at: UserBuf,
}

impl Lively {
    /// A frame that has begun and may land, as the layer above will see it. No frame may be held.
    pub fn begun(&mut self, sinks: &mut Sinks) -> Option<(Begun, Header)> {
        for network in &mut sinks.networks {
            while let Some(begun) = network.begun() {
                let live = self.connections[begun.peer as usize].as_mut();
                if let Some(inner) = live.and_then(|live| live.may_land(&begun)) {
                    return Some((begun, inner));
                }
            }
        }
        None
    }

    /// The payload of a frame that has just been told of goes to `at`, where there is room for it.
    pub fn land(&mut self, sinks: &mut Sinks, begun: &Begun, at: UserBuf) {
        self.retract(sinks, begun.peer);
        let Some(live) = &mut self.connections[begun.peer as usize] else { return };
        if let Some(network) = sinks.network(begun.sink) {
            live.landing = Some(Landing { sink: begun.sink, at });
            network.land(begun, at);
        }
    }

    /// What comes from `peer` lands nowhere any more.
    pub fn retract(&mut self, sinks: &mut Sinks, peer: u32) {
        if let Some(live) = &mut self.connections[peer as usize]
            && let Some(landing) = live.landing.take()
            && let Some(network) = sinks.network(landing.sink)
        {
            network.retract(peer);
        }
    }

    /// Where a frame that is delivered now has landed, if it has. Nothing is written there any more.
    #[inline]
    pub(super) fn landed(&mut self, sinks: &mut Sinks, frame: &Incoming) -> Option<UserBuf> {
        let live = self.connections[frame.peer as usize].as_mut()?;
        if frame.token.landed {
            return live.landing.take().map(|landing| landing.at);
        }
        if live.landing.is_some() {
            self.retract(sinks, frame.peer);
        }
        None
    }
}

impl Live {
    /// The frame as the layer above will see it, if nothing comes before it.
    fn may_land(&mut self, begun: &Begun) -> Option<Header> {
        let [word, sequence, _] = begun.header.meta;
        let (epoch, inner) = ((word >> 16) as u16, (word >> 8) as u8);
        let next = begun.header.kind == kind::LIVE
            && self.active
            && self.lost.is_none()
            && self.knows(begun.sink)
            && self.above == 0
            && self.xfer.is_turn_of(sequence)
            && self.passes_in_place(epoch, inner);
        next.then(|| Header { kind: inner, meta: words(begun.head), len: begun.header.len - INNER })
    }
}
