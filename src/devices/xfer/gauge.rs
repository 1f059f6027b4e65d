//! How fast a network is, measured: round trips from probes and acks, bandwidth from what arrives per time while
//! the network has work.
//!
//! A rate measured while the network at times had too little to do is a lower bound only; it can raise the
//! estimate but not lower it.

/// A minimum older than this is replaced by what is measured now, ns.
const FRESH: u64 = 10_000_000_000;
/// Shortest time over which a rate is measured, ns.
const SPAN: u64 = 5_000_000;
/// Fewer bytes than this say nothing about bandwidth.
const ENOUGH: usize = 16 << 10;
/// Assumed where the network says nothing, bytes per ns.
const GUESS: f64 = 0.1;
/// So much may be on its way over a network whose rate is hearsay, bytes.
const RISK: usize = 64 << 10;
/// So much may always be on its way.
pub const DEPTH: usize = 512 << 10;
/// After so many measurements one more changes little.
const SURE: u32 = 4;
/// A sample counts as at most so many times what was measured before.
const BELIEF: f64 = 1.5;

#[derive(Clone, Copy)]
struct Mark {
    at: u64,
    delivered: u64,
    /// The network ran short of work since.
    starved: bool,
    /// It had as much work as is risked on hearsay.
    pressed: bool,
    /// It was given no more than [`Gauge::limit`].
    held_back: bool,
    /// It refused more: it had all the work it could take, whatever its rate was believed to be.
    full: bool,
}

pub struct Gauge {
    /// Bytes per ns.
    rate: f64,
    /// Smallest recent round trip; None before the first.
    least: Option<u64>,
    least_at: u64,
    smooth: f64,
    deviation: f64,
    /// One way, until measured.
    guess: u64,
    delivered: u64,
    mark: Option<Mark>,
    /// How often the rate was measured, up to [`SURE`].
    measured: u32,
}

impl Gauge {
    pub fn new(latency_ns: u32, bandwidth_mb: u32) -> Gauge {
        Gauge {
            rate: if bandwidth_mb == 0 { GUESS } else { f64::from(bandwidth_mb) / 1000.0 },
            least: None,
            least_at: 0,
            smooth: 2.0 * f64::from(latency_ns),
            deviation: f64::from(latency_ns),
            guess: u64::from(latency_ns),
            delivered: 0,
            mark: None,
            measured: 0,
        }
    }

    /// Takes a measurement into account: the first ones fully, later ones a little, except if they are alarming.
    fn measure(&mut self, sample: f64) {
        // A shaper lets what comes after a pause pass at once: good news is believed a little at a time.
        let sample = if self.measured >= SURE { sample.min(BELIEF * self.rate) } else { sample };
        let weight = if 2.0 * sample < self.rate { 2 } else { SURE };
        self.rate += (sample - self.rate) / f64::from((self.measured + 1).min(weight));
        self.measured = (self.measured + 1).min(SURE);
    }

    /// Bytes per ns.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// A small frame's way there, ns.
    pub fn latency(&self) -> f64 {
        self.least.map_or(self.guess, |least| least / 2) as f64
    }

    pub fn round_trip(&self) -> u64 {
        self.least.unwrap_or(2 * self.guess)
    }

    /// When a frame of `len` bytes is there that is given to the network after `queued` others, ns from now.
    pub fn completion(&self, queued: usize, len: usize) -> f64 {
        (queued + len) as f64 / self.rate + self.latency()
    }

    /// How long to wait for a sign of a frame before asking.
    pub fn patience(&self) -> u64 {
        (self.smooth + 4.0 * self.deviation) as u64
    }

    pub fn round_trip_was(&mut self, sample: u64, now: u64) {
        if self.least.is_none_or(|least| sample <= least) || now > self.least_at + FRESH {
            (self.least, self.least_at) = (Some(sample), now);
        }
        let off = sample as f64 - self.smooth;
        self.smooth += off / 8.0;
        self.deviation += (off.abs() - self.deviation) / 4.0;
    }

    /// A frame is given to the network, which had nothing to do.
    #[inline]
    pub fn begin(&mut self, now: u64) {
        self.mark = Some(Mark {
            at: now,
            delivered: self.delivered,
            starved: false,
            pressed: false,
            held_back: false,
            full: false,
        });
    }

    /// So much is on its way now.
    #[inline]
    pub fn loaded(&mut self, bytes: usize) {
        if bytes >= RISK
            && let Some(mark) = &mut self.mark
        {
            mark.pressed = true;
        }
    }

    /// What the network should have on its way at most, so that what is behind it, acks and probes for one, is there
    /// within about `time`.
    pub fn limit(&self, time: u64) -> usize {
        if self.measured == 0 {
            return DEPTH;
        }
        DEPTH.max((self.rate * (time + 2 * self.least.unwrap_or(0)) as f64) as usize)
    }

    /// The network was given less than it could take: what is measured now is no reason to give it even less.
    pub fn held_back(&mut self) {
        if let Some(mark) = &mut self.mark {
            (mark.starved, mark.held_back) = (true, true);
        }
    }

    /// The network has refused a frame.
    pub fn full(&mut self) {
        if let Some(mark) = &mut self.mark {
            mark.full = true;
        }
    }

    /// More may be given to the network before its rate was measured.
    pub fn risks(&self, in_flight: usize) -> bool {
        self.measured > 0 || in_flight < RISK
    }

    /// `bytes` have arrived, `left` are still on their way.
    #[inline]
    pub fn arrived(&mut self, bytes: usize, left: usize, now: u64) {
        self.delivered += bytes as u64;
        let Some(mark) = &mut self.mark else { return };
        let (n, time) = ((self.delivered - mark.delivered) as usize, now.saturating_sub(mark.at));
        if left == 0 {
            let held_back = mark.held_back;
            self.mark = None;
            if !held_back {
                self.burst(n, time);
            }
            return;
        }
        mark.starved |= (left as f64) < self.rate * self.least.unwrap_or(0) as f64;
        if time >= SPAN.max(self.least.unwrap_or(0)) && n >= ENOUGH {
            let sample = n as f64 / time as f64;
            let Mark { starved, pressed, full, .. } = *mark;
            let (at, delivered) = (now, self.delivered);
            *mark = Mark { at, delivered, starved: false, pressed: false, held_back: false, full: false };
            if full || !starved || sample > self.rate || (self.measured == 0 && pressed) {
                self.measure(sample);
            }
        }
    }

    /// `bytes` given to an idle network took `time` until the answer was here.
    pub fn burst(&mut self, bytes: usize, time: u64) {
        if bytes < ENOUGH || time == 0 {
            return;
        }
        let least = self.least.unwrap_or(0);
        let moving = time.saturating_sub(least).max(time / 4);
        let (lower, sample) = (bytes as f64 / time as f64, bytes as f64 / moving as f64);
        if lower > self.rate {
            self.measure(lower);
        } else if sample < self.rate && time > 3 * least {
            self.measure(sample);
        } else {
            self.measured = self.measured.max(1);
        }
    }

    /// As [`Gauge::burst`], where nothing better is known. True if the network was much faster than believed: a shaper
    /// lets what comes after a pause pass at once, so that only more trials can tell.
    pub fn trial(&mut self, bytes: usize, time: u64) -> bool {
        if bytes < ENOUGH {
            return false;
        }
        let moving = time.saturating_sub(self.least.unwrap_or(0)).max(time / 4).max(1);
        let sample = bytes as f64 / moving as f64;
        let most = if self.measured > 0 { BELIEF * self.rate } else { f64::INFINITY };
        self.measured = self.measured.min(1);
        self.measure(sample.min(most));
        sample > most
    }

    /// The rate is more than hearsay.
    pub fn is_measured(&self) -> bool {
        self.measured > 0
    }

    /// The rate was measured often enough to be believed.
    pub fn is_sure(&self) -> bool {
        self.measured >= SURE
    }

    /// What was believed of the rate is wrong.
    pub fn doubt(&mut self) {
        (self.measured, self.mark) = (0, None);
    }

    /// What is on its way was given up.
    pub fn interrupt(&mut self) {
        self.mark = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bytes_in_a_long_time_are_no_rate() {
        let mut gauge = Gauge::new(10_000, 100);
        gauge.begin(0);
        gauge.loaded(RISK);
        gauge.arrived(12, RISK, 18_000_000);
        assert_eq!((gauge.is_measured(), gauge.rate()), (false, 0.1));
        gauge.arrived(ENOUGH, RISK, 20_000_000);
        assert!(gauge.is_measured());
    }

    #[test]
    fn a_saturated_network_is_measured_and_a_starved_one_never_underrated() {
        let mut gauge = Gauge::new(10_000, 1000);
        gauge.round_trip_was(20_000, 0);
        gauge.begin(0);
        for i in 1..200 {
            gauge.arrived(100_000, 1 << 20, i * 1_000_000);
        }
        assert!((gauge.rate() - 0.1).abs() < 0.01, "{}", gauge.rate());
        for i in 200..400u64 {
            gauge.begin(i * 1_000_000);
            gauge.arrived(8, 0, i * 1_000_000 + 20_000);
        }
        assert!((gauge.rate() - 0.1).abs() < 0.01, "{}", gauge.rate());
    }
}
