//! The transfer device: exactly once and in order between two processes, over any mix of networks that may break,
//! fall silent and return.
//!
//! One [`Xfer`] serves one connection (one peer, both directions). It is a state machine without sockets and without
//! a clock: its caller hands frames between it and the networks and tells it the time (`now`, monotonic ns) with
//! every call. One up: the live connection of the core. One down: whatever networks the core has.
//!
//! **Sending.** [`Xfer::push`] while [`Xfer::has_room`]; then, until it says None, [`Xfer::next_out`] names a frame
//! and the network to hand it to, and the caller answers with [`Xfer::sent`], [`Xfer::refused_full`] or
//! [`Xfer::refused_lost`]. Acknowledgements come first, then frames to be sent again, then new ones.
//!
//! **Receiving.** [`Xfer::arrive`] for each LIVE or ACK frame tells what to do with it: deliver it in place, or keep
//! a copy ([`Xfer::keep`]) because it is ahead of its turn, or drop it. After a delivery, [`Xfer::next_ready`] hands
//! out the kept frames whose turn has come.
//!
//! **Time.** Once per round of progress: [`Xfer::set_link`] for every network (cheap if nothing changed),
//! [`Xfer::tick`], which also lets networks that were full be tried again, [`Xfer::next_drop`] and
//! [`Xfer::next_open`]; [`Xfer::idle`] when the round found nothing to do.
//!
//! ```text
//! LIVE meta = [epoch << 16 | inner kind << 8, sequence, ack]       payload = inner meta (3 × u32 LE), then the data
//! ACK  meta = [flags << 28 | gap << 14 | span, start or probe, ack]  no payload
//!      flags 0: frames start .. start + span have arrived ahead of their turn, the `gap` before them have not (span 0: nothing
//!      is ahead). PROBE: answer over this network. ANSWER: to that probe; `gap` frames from `ack` on are missing.
//! ```
//! Invariants: a frame is retained (shared, not copied) until the cumulative ack passes it, except frames given to
//! a reliable network, which are never sent twice. At most a window of frames is outstanding in each direction; a
//! receiver holds at most twice its own window and one frame, whatever the peer sends. A network whose frames make no progress is
//! probed after a quarter of [`Settings::dead_after_ns`] and given up after the whole; one that was given up is
//! used again only when a probe over it was answered. Wrong suspicion costs duplicates, never data.
#![forbid(unsafe_code)]

mod acks;
mod arrive;
mod choose;
mod flights;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gauge;
mod order;
mod outage;
mod path;
mod report;
mod rescue;
mod send;
mod settings;
mod spare;
mod thin;
mod throttle;
mod time;
mod window;
mod wire;

#[cfg(test)]
mod sim;

pub use arrive::{Arrival, Ready};
pub use outage::Outage;
pub use send::Out;
pub use settings::{Mode, Settings};

use crate::core::buffer::Buffer;
use crate::core::device::Properties;
use crate::core::frame::Header;
use crate::core::network::Link;
use crate::core::slab::Slab;
use acks::Owed;
use order::Order;
use outage::Watch;
use path::Path;
use send::Offer;
use spare::Spare;
use std::rc::Rc;
use window::Window;

/// So much bulk may wait for the only network: what is copied long before it leaves has left the cache by then, bytes.
const AHEAD: usize = 128 << 10;

/// Bytes of a LIVE frame's payload before the data: the inner meta.
pub const INNER: usize = 12;

/// One connection's transfer state.
pub struct Xfer {
    settings: Settings,
    /// The networks, the preferred first.
    paths: Vec<Path>,
    window: Window,
    order: Order,
    owed: Owed,
    watch: Watch,
    offer: Offer,
    spare: Spare,
    /// A frame of which a second copy measures another network: its id and the sequence.
    copy: Option<(u8, u32)>,
    /// Some control frame may be due.
    urgent: bool,
    /// No time limit runs out before this.
    alarm: u64,
    /// The last tick, and when it asked for the next.
    ticked: u64,
    asked: u64,
    /// The payload of frames without payload.
    empty: Slab,
}

impl Xfer {
    pub fn new(settings: Settings) -> Xfer {
        let settings = settings.clamped();
        Xfer {
            window: Window::new(settings.window_bytes, settings.window_frames),
            order: Order::new(settings.window_bytes, settings.window_frames),
            settings,
            paths: Vec::new(),
            owed: Owed::default(),
            watch: Watch::default(),
            offer: Offer::Nothing,
            spare: Spare::default(),
            copy: None,
            urgent: false,
            alarm: 0,
            ticked: 0,
            asked: u64::MAX,
            empty: Slab::default(),
        }
    }

    /// Adds a network, less preferred than those before it. `id` is the caller's name for it.
    pub fn add_network(&mut self, id: u8, name: &str, properties: Properties) {
        self.paths.retain(|path| path.id != id);
        self.order.allow(properties.max_payload);
        self.paths.push(Path::new(id, name, properties, &self.settings));
        self.alarm = 0;
    }

    /// Forgets a network; what was outstanding on it goes over the others.
    pub fn remove_network(&mut self, id: u8, now: u64) {
        if let Some(slot) = self.slot(id) {
            self.close(slot, "it was removed", now);
            self.paths.remove(slot);
            self.count_usable(now);
        }
    }

    /// By order of the user: a disabled network gets no new frames; what is on its way still arrives
    /// ([`Xfer::is_network_drained`]).
    pub fn set_enabled(&mut self, id: u8, enabled: bool, now: u64) {
        if let Some(slot) = self.slot(id) {
            self.paths[slot].enabled = enabled;
            self.count_usable(now);
        }
    }

    /// What the network says of its link to the peer.
    #[inline]
    pub fn set_link(&mut self, id: u8, link: &Link, now: u64) {
        let Some(slot) = self.slot(id) else { return };
        if !(self.paths[slot].is_up() && *link == Link::Up) {
            self.link_changed(slot, link, now);
        }
    }

    /// The window has room for another frame.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.window.has_room()
    }

    /// As [`Xfer::has_room`]; and bulk is not to wait here, where no second network could take it.
    #[inline]
    pub fn has_room_for(&self, len: usize) -> bool {
        let waits = || self.watch.usable == 1 && self.window.waiting_bytes() >= AHEAD;
        self.window.has_room() && !(len >= self.settings.small_bytes && waits())
    }

    /// Networks that were full may be tried again.
    #[inline]
    pub fn try_again(&mut self) {
        for path in &mut self.paths {
            path.blocked = false;
        }
    }

    /// No frame is about to be sent: memory kept for some is given back.
    pub fn rest(&mut self) {
        self.spare.clear();
    }

    /// A slab for a frame of `len` bytes, behind `room` others: fill it, then [`Xfer::push`] it.
    #[inline]
    pub fn slab(&mut self, room: usize, len: usize) -> Slab {
        self.spare.take(room, len)
    }

    /// Takes a frame to send. `slab` holds its payload; 12 bytes of headroom in its first piece save a copy.
    pub fn push(&mut self, epoch: u16, inner: &Header, mut slab: Slab, now: u64) {
        slab.prepend(&wire::inner_bytes(inner.meta));
        if self.window.is_empty() {
            self.watch.progress = now;
        }
        self.window.push(wire::word(epoch, inner.kind), slab);
        if self.watch.usable == 0 {
            self.watch.outage.get_or_insert(now);
            self.alarm = 0;
        }
        self.watch.active = true;
    }

    /// Frames that lie in `buffer` are copied: its owner would like to have it back.
    pub fn copy_out_of(&mut self, buffer: &Rc<Buffer>) {
        for slab in self.window.slabs().filter(|slab| slab.lies_in(buffer)) {
            let copy = self.spare.take(0, slab.len());
            if let Some((to, len)) = copy.rest().next() {
                slab.copy_to(to, len);
            }
            *slab = copy;
        }
    }

    /// A frame that lies in `buffer` is not acknowledged.
    pub fn refers_to(&self, buffer: &Rc<Buffer>) -> bool {
        self.window.refers_to(buffer)
    }

    /// Something may be handed to a network now: acks that are due, or frames that have waited for an ack.
    #[inline]
    pub fn wants_out(&self) -> bool {
        self.urgent || self.window.has_work()
    }

    /// Everything pushed has been acknowledged.
    pub fn is_drained(&self) -> bool {
        self.window.is_empty()
    }

    /// Nothing is on its way over this network.
    pub fn is_network_drained(&self, id: u8) -> bool {
        self.slot(id).is_none_or(|slot| self.paths[slot].flights.is_empty())
    }

    pub fn retained_bytes(&self) -> usize {
        self.window.bytes()
    }

    /// Nothing is in flight either way, and one ordered reliable network is all that is left: the connection can
    /// do without this device.
    pub fn direct_possible(&self) -> bool {
        let good = |path: &Path| path.properties.ordered && path.properties.reliable;
        self.paths.iter().find(|path| path.enabled).is_some_and(good)
            && !self.has_choice()
            && self.window.is_empty()
            && self.order.is_empty()
            && !self.owed.is_due()
    }

    /// More than one network may be used.
    pub fn has_choice(&self) -> bool {
        self.paths.iter().filter(|path| path.enabled).count() > 1
    }

    #[cfg(any(test, fuzzing))]
    fn number_from(&mut self, first: u32) {
        self.window.number_from(first);
        self.order.number_from(first);
    }

    /// The index of a network.
    #[inline]
    fn slot(&self, id: u8) -> Option<usize> {
        self.paths.iter().position(|path| path.id == id)
    }
}
