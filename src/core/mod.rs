//! The core: one file per manager of the VMI 2.0 paper's Table II, and [`Core`], which holds them together.
//!
//! One up: `mpi-shim/mpi` and `capi` send frames and take what has arrived. One down: `devices`.
//! Not thread-safe: the engine's lock is around every call.

pub mod alert;
pub mod attendant;
pub mod buffer;
pub mod chain;
pub mod config;
pub mod connection;
pub mod device;
pub mod directory;
pub mod epoch;
pub mod filter;
pub mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod interfaces;
pub mod io;
pub mod live;
pub mod manage;
pub mod network;
pub mod open;
pub mod rdma;
mod sinks;
pub mod slab;
pub mod stream;

use crate::devices::shm::Bed;
use crate::shm::claims::Claims;
use crate::shm::node::Node;
use alert::{Alert, Alerts};
use attendant::Attendant;
use buffer::{Buffer, UserBuf};
use connection::Route;
use device::{Properties, SendError, Sink};
use frame::{Begun, Header, Incoming, Token, kind};
use live::{LIVE, Lively};
pub use open::Place;
use sinks::{LOOPBACK, SHM, Sinks};
use slab::BufferOp;
use std::rc::Rc;
use std::sync::Arc;

/// One process's messaging layer.
pub struct Core {
    me: u32,
    /// The way to each peer, by world process number.
    routes: Vec<Route>,
    /// Counts changes of `routes`.
    route_changes: u64,
    sinks: Sinks,
    lively: Lively,
    /// Where this process sleeps; None in a job without neighbours or network.
    bed: Option<Bed>,
    /// Threads that have announced a sleep.
    sleepers: u32,
    alerts: Alerts,
    opening: open::Later,
    /// Runs while networks or an operator need it.
    attendant: Option<Attendant>,
}

impl Core {
    pub fn route(&self, peer: u32) -> Route {
        self.routes[peer as usize]
    }

    /// Differs from an earlier value if the way to some peer has changed since.
    #[inline]
    pub fn route_changes(&self) -> u64 {
        self.route_changes
    }

    /// The node segment and the index of each of `peers` in it, if all of them share it with this process.
    pub fn neighbours(&self, peers: &[u32]) -> Option<(Arc<Node>, Vec<u32>)> {
        let slots = peers.iter().map(|&peer| self.sinks.slot(peer)).collect::<Option<_>>()?;
        Some((self.bed.as_ref()?.node().clone(), slots))
    }

    /// What the way to `peer` can do.
    pub fn properties(&self, peer: u32) -> Properties {
        match self.routes[peer as usize] {
            Route::Shm(_) => self.sinks.properties(SHM),
            Route::Network(id) => self.sinks.properties(id),
            Route::Loopback => self.sinks.properties(LOOPBACK),
            Route::Live => self.lively.properties(&self.sinks, peer),
        }
    }

    /// What is sent to `peer` stays in this host's memory.
    pub fn is_near(&self, peer: u32) -> bool {
        matches!(self.routes[peer as usize], Route::Loopback | Route::Shm(_))
    }

    /// Process id of a peer on this host whose memory may be read past all devices.
    pub fn pid(&self, peer: u32) -> Option<i32> {
        match (self.routes[peer as usize], &self.sinks.shm) {
            (Route::Shm(slot), Some(shm)) => shm.pid(slot),
            (Route::Loopback, _) => Some(std::process::id() as i32),
            _ => None,
        }
    }

    /// Of copies out of the memory of a peer on this host, and of its copies out of ours; also when devices lie on the way
    /// by now, for copies that began before.
    pub fn claims(&self, peer: u32) -> (Option<&Claims>, Option<&Claims>) {
        match (self.routes[peer as usize], &self.sinks.shm) {
            (Route::Shm(slot), Some(shm)) => shm.claims(slot),
            (_, Some(shm)) => self.sinks.slot(peer).map_or((None, None), |slot| shm.claims(slot)),
            _ => (None, None),
        }
    }

    /// Hands one frame to the way to `peer`. `fill` writes the payload, exactly `header.len` bytes.
    #[inline]
    pub fn send(&mut self, peer: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        match (self.routes[peer as usize], &mut self.sinks.shm) {
            (Route::Shm(slot), Some(shm)) => shm.send(slot, header, fill),
            (Route::Loopback, _) => {
                // Another thread of this process may be asleep and waiting for it.
                if self.sleepers > 0 {
                    self.ring_own_bell();
                }
                self.sinks.loopback.send(0, header, fill)
            }
            (route, _) => self.send_far(route, peer, header, fill),
        }
    }

    /// Whether [`Core::send_bounced`] has a bounce buffer and room for a record on the way to `peer`.
    pub fn may_bounce(&mut self, peer: u32) -> bool {
        match (self.routes[peer as usize], &mut self.sinks.shm) {
            (Route::Shm(slot), Some(shm)) => shm.may_bounce(slot),
            _ => false,
        }
    }

    /// Writes what the next [`Core::send_bounced`] is going to send, to whomever. False if that is not possible now.
    pub fn fill_bounce(&mut self, peer: u32, fill: impl FnOnce(UserBuf)) -> bool {
        match (self.routes[peer as usize], &mut self.sinks.shm) {
            (Route::Shm(_), Some(shm)) => shm.fill_bounce(fill),
            _ => false,
        }
    }

    /// As [`Core::send`], of up to [`bounce::BYTES`](crate::shm::bounce::BYTES) through a bounce buffer.
    pub fn send_bounced(
        &mut self,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        match (self.routes[peer as usize], &mut self.sinks.shm) {
            (Route::Shm(slot), Some(shm)) => shm.send_bounced(slot, header, fill),
            _ => Err(SendError::Full),
        }
    }

    /// As [`Core::send`] of the bytes of `piece`, which are sent from where they lie if the way to `peer` can. Nobody may
    /// change them while anybody else refers to their buffer.
    pub fn send_lent(&mut self, peer: u32, header: Header, piece: BufferOp) -> Result<(), SendError> {
        match self.routes[peer as usize] {
            Route::Live => self.lively.send_lent(&mut self.sinks, &mut self.alerts, peer, header, piece),
            _ => self.send(peer, header, |to| piece.address().copy_to(to, header.len)),
        }
    }

    /// What was lent out of `buffer` on the way to `peer` is copied: what no network has sent although it is acknowledged (a
    /// slow network had it, another was quicker), and, if asked for, what is not acknowledged.
    pub fn copy_out_of(&mut self, peer: u32, buffer: &Rc<Buffer>, unacknowledged: bool) {
        self.lively.copy_out_of(&mut self.sinks, peer, buffer, unacknowledged);
    }

    /// Tells `peer` now what has arrived, if that is still to be told.
    pub fn acknowledge(&mut self, peer: u32) {
        self.lively.acknowledge(&mut self.sinks, peer);
    }

    #[inline(never)]
    fn send_far(
        &mut self,
        route: Route,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        match route {
            Route::Live => self.lively.send(&mut self.sinks, &mut self.alerts, peer, header, fill),
            Route::Network(id) => self.sinks.send_plain(id, peer, header, fill),
            _ => Err(SendError::Lost(format!("no network reaches rank {peer}"))),
        }
    }

    /// True if a sleeping process is woken when there is room again on the way to `peer`.
    pub fn wakes_for_room(&self, peer: u32) -> bool {
        matches!(self.routes[peer as usize], Route::Network(_) | Route::Live)
    }

    /// True while accepted frames may have to be sent again.
    pub fn retains(&self) -> bool {
        self.lively.retains()
    }

    /// True while accepted frames have not left this process.
    pub fn owes(&self) -> bool {
        self.lively.owes() || self.sinks.networks.iter().any(|n| n.owes())
    }

    /// Ends all connections orderly. May take a moment; nothing can be sent afterwards.
    pub fn close(&mut self) {
        self.attendant = None;
        self.lively.end(&mut self.sinks, &mut self.alerts);
        for network in &mut self.sinks.networks {
            network.close();
        }
        self.sinks.networks.clear();
    }

    /// The next frame that has arrived. Give it back with [`Core::release`] before asking for another.
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "not an iterator: each frame must be released first")]
    pub fn next(&mut self) -> Option<Incoming> {
        if !self.lively.is_empty() {
            if self.lively.relays.has_requests() {
                self.answer_peers();
            }
            let frame = self.lively.next(&mut self.sinks, &mut self.alerts);
            self.follow();
            return frame;
        }
        let frame = self.sinks.next()?;
        if frame.header.kind < kind::CORE { Some(frame) } else { self.first_live(frame) }
    }

    /// Routes follow their connections at once: whatever comes next, an operator's request among it, finds them agreed.
    /// True if one has changed.
    #[inline]
    fn follow(&mut self) -> bool {
        let changed = !(self.lively.back.is_empty() && self.lively.left.is_empty());
        if changed {
            self.follow_peers();
        }
        changed
    }

    /// Does what is due on live connections. True if nothing waits here.
    fn tend(&mut self) -> bool {
        if self.lively.is_empty() {
            return true;
        }
        let quiet = self.lively.is_quiet(&mut self.sinks, &mut self.alerts);
        !self.follow() && quiet
    }

    /// The first frame of a connection that the peer has made live.
    #[cold]
    fn first_live(&mut self, frame: Incoming) -> Option<Incoming> {
        let frame = self.lively.arrive(&mut self.sinks, &mut self.alerts, frame);
        self.follow_peers();
        frame
    }

    /// Takes the live way to peers that have taken it towards us: what is attached there concerns both directions. And
    /// the direct way to those with whose connection nothing is left to do.
    #[cold]
    fn follow_peers(&mut self) {
        for peer in std::mem::take(&mut self.lively.left) {
            if let Some(slot) = self.sinks.slot(peer) {
                self.routes[peer as usize] = Route::Shm(slot);
                self.route_changes += 1;
            }
        }
        for peer in std::mem::take(&mut self.lively.back) {
            self.make_live(peer);
        }
    }

    /// A long frame that has begun to arrive, and its header as [`Core::next`] will give it: its payload may
    /// [land](Core::land) where it is wanted. No frame may be held.
    #[inline]
    pub fn begun(&mut self) -> Option<(Begun, Header)> {
        if self.lively.is_empty() { None } else { self.lively.begun(&mut self.sinks) }
    }

    /// The payload of a frame that [`Core::begun`] has just told of goes to `at`, where there is room for it: that is where
    /// it lies when the frame is handed out, marked as landed, unless it took another way. Until then that memory
    /// belongs to the network; whoever needs it earlier says [`Core::retract`].
    pub fn land(&mut self, begun: &Begun, at: UserBuf) {
        self.lively.land(&mut self.sinks, begun, at);
    }

    /// Takes back what [`Core::land`] has given for frames of `peer`.
    pub fn retract(&mut self, peer: u32) {
        self.lively.retract(&mut self.sinks, peer);
    }

    #[inline]
    pub fn release(&mut self, token: Token) {
        if token.sink == LIVE {
            self.lively.release();
        } else {
            self.sinks.release(token);
        }
    }

    /// Alerts since the last call.
    pub fn take_alerts(&mut self) -> Vec<Alert> {
        self.sinks.raise_alerts(&mut self.alerts);
        self.alerts.take()
    }

    /// Something has to be told that cannot wait for a sleep.
    pub fn has_urgent_alert(&self) -> bool {
        self.alerts.is_urgent()
    }

    /// Looks at everything now: for a caller that comes by rarely. One that calls often is spared most looks.
    /// True if something has happened.
    pub fn look(&mut self) -> bool {
        let mut happened = false;
        for network in &mut self.sinks.networks {
            happened |= !network.is_quiet();
        }
        if self.lively.relays.has_requests() {
            self.answer_peers();
        }
        happened |= !self.tend();
        happened
    }

    /// Announces a sleep; None if there is work to do first. Other threads may be asleep already.
    pub fn announce_sleep(&mut self) -> Option<Sleep> {
        if !self.tend() {
            return None;
        }
        let bed = self.bed.clone()?;
        let bell = match &mut self.sinks.shm {
            Some(shm) => shm.announce_sleep(),
            None => Some(bed.value()),
        };
        let quiet = bell.is_some() && self.sinks.networks.iter_mut().all(|n| n.is_quiet());
        let Some(bell) = bell.filter(|_| quiet) else {
            self.awake_if_alone();
            return None;
        };
        self.sleepers += 1;
        self.attend();
        Some(Sleep { bed, bell })
    }

    /// A thread that had announced its sleep is awake.
    pub fn end_sleep(&mut self) {
        self.sleepers = self.sleepers.saturating_sub(1);
        self.awake_if_alone();
    }

    /// Peers need not ring any more, unless another thread sleeps.
    fn awake_if_alone(&mut self) {
        if self.sleepers == 0
            && let Some(shm) = &mut self.sinks.shm
        {
            shm.end_sleep();
        }
    }

    /// Tells the attendant what to do while this process sleeps.
    fn attend(&mut self) {
        let Some(attendant) = &self.attendant else { return };
        let ticking = self.lively.is_ticking() || self.sinks.networks.iter().any(|n| n.is_ticking());
        if ticking || !self.sinks.networks.is_empty() {
            attendant.arm(ticking);
        }
    }

    /// Wakes the threads of this process that sleep.
    pub fn ring_own_bell(&self) {
        if let Some(bed) = &self.bed {
            bed.ring();
        }
    }
}

/// A sleep that has been announced. Sleep without holding the engine's lock, then call [`Core::end_sleep`].
pub struct Sleep {
    bed: Bed,
    bell: u32,
}

impl Sleep {
    pub fn sleep(&self) {
        self.bed.sleep(self.bell);
    }
}
