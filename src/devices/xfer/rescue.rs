//! A network that is slower than believed holds up everything: what the others bring has to wait for its frames. They go
//! over another network then; its own copies are duplicates when they come, and tell how slow it is.
//!
//! First contact with a slow network is like this: nothing is known of its rate, and tcp hides for a while that
//! packets were lost in a short queue. (400 Mbit/s beside 4 Mbit/s with a queue of 10 KB, the first 3 s: 0.34 to 0.89 of
//! what the faster brings alone without this, 0.75 to 1.00 with it.) A shaper lets the first 100 KB pass at once, which looks
//! like a fast network; so a fast copy is followed by others until it is believed, and while one network is late the other
//! is asked whether the peer misses anything, because it may have nothing else to tell. (As above, messages of 1 MiB,
//! the first 6 s: 0.75 to 1.00 without this, 0.95 to 1.00 with it. Of 4 KiB 0.77 to 0.99 with it; the cause is not known.)

use super::Xfer;
use super::path::{Path, Trial};
use super::window::State;

/// A network may be so late without being suspected, ns: processes do not always look, and acks wait behind the data
/// that goes their way.
const LATE: u64 = 20_000_000;

impl Path {
    /// When its oldest frame is too late. None: the network is known, and what is on its way is so for a reason.
    fn too_late_at(&self) -> Option<u64> {
        let unknown = self.is_usable() && self.properties.ordered && !self.gauge.is_sure();
        let oldest = self.flights.oldest().filter(|_| unknown)?;
        Some(oldest.at + LATE + 2 * self.gauge.completion(oldest.ahead as usize, oldest.len as usize) as u64)
    }

    /// Others are preferred until it has answered.
    pub fn is_doubtful(&self) -> bool {
        self.suspect || (self.late && self.trial.is_some())
    }
}

impl Xfer {
    /// Those frames that the peer waits for may be on a network that is too slow. While it holds others that are ahead of
    /// their turn, it has looked; else it is asked. When to look again.
    pub(super) fn look_for_late(&mut self, now: u64) -> u64 {
        let Some((slot, at)) = self.late_at() else { return u64::MAX };
        if now < at {
            return at;
        }
        let other =
            |(other, path): &(usize, &mut Path)| *other != slot && path.is_usable() && !path.is_doubtful();
        let Some((_, other)) = self.paths.iter_mut().enumerate().find(other) else { return u64::MAX };
        if self.window.holds() {
            self.rescue(slot, now);
        } else if !other.properties.reliable && other.last_probe_at < at {
            (other.probe_due, self.urgent) = (true, true);
        }
        u64::MAX
    }

    /// A probe over the network in `slot`, which left at `asked`, was answered: the peer looks at its networks.
    pub(super) fn missed_by_answer(&mut self, slot: usize, asked: u64, now: u64) {
        if let Some((late, at)) = self.late_at()
            && late != slot
            && asked >= at
        {
            self.rescue(late, now);
        }
    }

    /// The network that the peer waits for, and when that will have been too long.
    fn late_at(&self) -> Option<(usize, u64)> {
        let first = self.window.get(self.window.base()).filter(|entry| entry.state == State::Flying)?;
        let slot = self.slot(first.network)?;
        self.paths[slot].too_late_at().map(|at| (slot, at))
    }

    /// What is on its way over this network goes over the others as well; a probe behind it measures the network.
    #[cold]
    fn rescue(&mut self, slot: usize, now: u64) {
        let path = &mut self.paths[slot];
        let at = path.flights.oldest().map_or(now, |flight| flight.at);
        path.trial = Some(Trial { bytes: path.flights.bytes(), at, probe: None });
        (path.probe_due, path.late) = (true, true);
        path.gauge.doubt();
        self.urgent = true;
        self.window.lose_all(path.id);
        self.paths[slot].settle(&self.window, now);
    }
}
