//! A network that is slower than believed holds up everything: what the others bring has to wait for its frames. They go
//! over another network then; its own copies are duplicates when they come, and tell how slow it is.
//!
//! First contact with a slow network is like this: nothing is known of its rate, and tcp hides for a while that
//! packets were lost in a short queue. (400 Mbit/s beside 4 Mbit/s with a queue of 10 KB, the first 3 s: 0.34 to 0.89 of
//! what the faster brings alone without this, 0.75 to 1.00 with it.) A shaper lets the first 100 KB pass at once, which looks
//! like a fast network; so a fast copy is followed by others until it is believed, and while one network is late the other
//! is asked whether the peer misses anything, because it may have nothing else to tell. What was put on the slow network in
//! between is rescued as soon as its rate is known. (As above, 28 runs of 3 or 6 s, messages of 4 KiB or 1 MiB: 0.93 to 1.00
//! of the faster alone. Before, 1 MiB 0.75 to 1.00, 4 KiB 0.65 to 1.00.)

use super::Xfer;
use super::path::{Path, Trial};
use super::window::State;

/// A network may be so late without being suspected, ns: processes do not always look, and acks wait behind the data
/// that goes their way.
const LATE: u64 = 20_000_000;
/// A network that is known to need this much longer than another for what is on its way drags, ns. Less happens while two
/// processes look at their networks late.
const DRAGS: u64 = 100_000_000;

impl Path {
    /// When its oldest frame is too late. None: the network is known, and what is on its way is so for a reason.
    fn too_late_at(&self) -> Option<u64> {
        let unknown = self.is_usable() && self.properties.ordered && !self.gauge.is_sure();
        let oldest = self.flights.oldest().filter(|_| unknown)?;
        Some(oldest.at + LATE + 2 * self.gauge.completion(oldest.ahead as usize, oldest.len as usize) as u64)
    }

    /// When all that is on its way and so many bytes more will be there, ns from now.
    fn brings(&self, more: usize) -> f64 {
        self.gauge.completion(self.flights.bytes() + more, 0)
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
        let Some(slot) = self.awaited() else { return u64::MAX };
        let Some(other) = self.helper_of(slot) else { return u64::MAX };
        if self.window.holds() && self.drags(slot, other) {
            self.rescue(slot, now);
            return u64::MAX;
        }
        let Some(at) = self.paths[slot].too_late_at() else { return u64::MAX };
        if now < at {
            return at;
        }
        let other = &mut self.paths[other];
        if self.window.holds() {
            self.rescue(slot, now);
        } else if !other.properties.reliable && other.last_probe_at < at {
            (other.probe_due, self.urgent) = (true, true);
        }
        u64::MAX
    }

    /// A probe over the network in `slot`, which left at `asked`, was answered: the peer looks at its networks.
    pub(super) fn missed_by_answer(&mut self, slot: usize, asked: u64, now: u64) {
        if let Some(late) = self.awaited().filter(|&late| late != slot)
            && self.paths[late].too_late_at().is_some_and(|at| asked >= at)
        {
            self.rescue(late, now);
        }
    }

    /// The network of the frame whose turn it is.
    fn awaited(&self) -> Option<usize> {
        let first = self.window.get(self.window.base()).filter(|entry| entry.state == State::Flying)?;
        self.slot(first.network)
    }

    /// The network that would bring soonest what is on its way over the one in `slot`.
    fn helper_of(&self, slot: usize) -> Option<usize> {
        let (bytes, len) = (self.paths[slot].flights.bytes(), self.window.get(self.window.base())?.len);
        let able =
            |path: &Path| path.is_usable() && !path.is_doubtful() && path.properties.max_payload >= len;
        let others = (0..self.paths.len()).filter(|&other| other != slot && able(&self.paths[other]));
        others.min_by_key(|&other| self.paths[other].brings(bytes) as u64)
    }

    /// The other network would long have brought all that is on its way over this one: it was given too much, when less
    /// was known.
    fn drags(&self, slot: usize, other: usize) -> bool {
        let path = &self.paths[slot];
        let known = path.properties.ordered && path.gauge.is_measured() && !path.is_doubtful();
        let instead = self.paths[other].brings(path.flights.bytes());
        known && path.brings(0) > DRAGS as f64 + 2.0 * instead
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
