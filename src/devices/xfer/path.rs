//! One network as one connection sees it: whether it can be used, what is on its way over it, whether it is alive.

use super::flights::{Flight, Flights};
use super::gauge::Gauge;
use super::settings::Settings;
use super::throttle::Throttle;
use super::window::Window;
use super::wire::distance;
use crate::core::device::Properties;
use std::collections::VecDeque;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// No link; it may be asked for again at `retry_at`.
    Closed,
    /// The caller was told to open it.
    Opening,
    /// The link is up, but has failed before: it must answer a probe first.
    Proving,
    Usable,
    /// The peer has ended.
    Finished,
}

/// A probe on its way.
#[derive(Clone, Copy)]
pub struct Probe {
    pub number: u32,
    pub at: u64,
    /// Index of the next frame when it left.
    pub index: u64,
}

/// A copy of a frame, sent to measure; answered by the probe behind it.
#[derive(Clone, Copy)]
pub struct Trial {
    pub bytes: usize,
    pub at: u64,
    /// None until the probe has left.
    pub probe: Option<u32>,
}

#[derive(Default)]
pub struct Counts {
    pub frames_out: u64,
    pub bytes_out: u64,
    pub resent: u64,
    pub copies: u64,
    pub probes: u64,
    pub frames_in: u64,
    pub bytes_in: u64,
    pub duplicates: u64,
    pub failures: u64,
    /// Silence before the last failure was noticed, ns.
    pub gap: u64,
}

/// What the peer sent over this network.
#[derive(Default)]
pub struct Heard {
    pub at: u64,
    pub last: u32,
    /// Something arrived since the last ack.
    pub fresh: bool,
    /// How much it brought of late, bytes; what is older than some ACK frames counts little.
    pub recent: usize,
}

impl Heard {
    /// A frame has arrived.
    #[inline]
    pub fn note(&mut self, seq: u32, now: u64) {
        self.at = now;
        if !self.fresh || distance(self.last, seq) > 0 {
            (self.last, self.fresh) = (seq, true);
        }
    }
}

pub struct Path {
    pub id: u8,
    pub name: String,
    pub properties: Properties,
    pub enabled: bool,
    pub phase: Phase,
    /// Why it is not usable.
    pub why: String,
    pub retry_at: u64,
    pub backoff: u64,
    pub usable_since: u64,
    pub was_up: bool,
    /// The caller is to drop the link, for this reason.
    pub drop_due: bool,
    /// The network had no room; not asked again before the next tick.
    pub blocked: bool,
    /// A probe got no answer in time; other networks are preferred.
    pub suspect: bool,
    pub flights: Flights,
    pub gauge: Gauge,
    /// For networks that neither keep the order nor promise delivery.
    pub throttle: Option<Throttle>,
    /// Since when a sign of life is waited for.
    pub waiting: Option<u64>,
    /// Of when the last sign of life is that came since the last settling.
    pub proof: Option<u64>,
    /// An ack may be so much later than it could be and still prove life now, ns.
    grace: u64,
    /// Bytes that may be on their way.
    limit: usize,
    pub probes: VecDeque<Probe>,
    pub next_probe: u32,
    pub last_probe_at: u64,
    pub probe_due: bool,
    pub answer_due: Option<u32>,
    /// Before the answer, say what is held.
    pub block_due: bool,
    /// Doubles the patience of an unordered network each time in vain.
    pub vain: u32,
    pub trial: Option<Trial>,
    pub trial_at: u64,
    /// The trial is of what it was late with.
    pub late: bool,
    pub heard: Heard,
    pub counts: Counts,
}

pub const BACKOFF: u64 = 100_000_000;
pub const MOST_BACKOFF: u64 = 1_000_000_000;
/// Usable for so long, a network is opened again without delay after it fails.
const STEADY: u64 = 5_000_000_000;
/// From this rate on, bytes per ns, memory is what limits; what is on its way then is to stay in the cache, here and in
/// the kernel, so the queue is short, ns. A slower network has a long one, which lasts while this process has to wait.
const FAST: f64 = 0.5;
const QUEUE: u64 = 20_000;
/// Probes remembered.
const PROBES: usize = 8;

impl Path {
    pub fn new(id: u8, name: &str, properties: Properties, settings: &Settings) -> Path {
        let lossy = !properties.ordered && !properties.reliable;
        Path {
            id,
            name: name.to_string(),
            properties,
            enabled: true,
            phase: Phase::Closed,
            why: "not tried yet".into(),
            retry_at: 0,
            backoff: 0,
            usable_since: 0,
            was_up: false,
            drop_due: false,
            blocked: false,
            suspect: false,
            flights: Flights::default(),
            gauge: Gauge::new(properties.latency_ns, properties.bandwidth_mb),
            throttle: lossy.then(|| Throttle::new(properties.max_payload, settings.window_bytes)),
            waiting: None,
            proof: None,
            grace: settings.dead_after_ns / 8,
            limit: super::gauge::DEPTH,
            probes: VecDeque::new(),
            next_probe: 0,
            last_probe_at: 0,
            probe_due: false,
            answer_due: None,
            block_due: false,
            vain: 0,
            trial: None,
            trial_at: 0,
            late: false,
            heard: Heard::default(),
            counts: Counts::default(),
        }
    }

    #[inline]
    pub fn is_usable(&self) -> bool {
        self.phase == Phase::Usable && self.enabled
    }

    /// Control frames can go over it.
    #[inline]
    pub fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Usable | Phase::Proving)
    }

    /// A data frame can go now.
    #[inline]
    pub fn is_open(&self) -> bool {
        let bytes = self.flights.bytes();
        let admitted = self.throttle.as_ref().is_none_or(|throttle| throttle.admits(bytes));
        !self.blocked && admitted && bytes < self.limit
    }

    /// A frame was handed to the network, `again` if not for the first time; its index.
    #[inline]
    pub fn frame_sent(&mut self, seq: u32, len: usize, again: bool, now: u64) -> u64 {
        self.counts.frames_out += 1;
        self.counts.bytes_out += len as u64;
        let index = self.flights.next_index();
        if self.properties.reliable {
            return index;
        }
        if self.flights.is_empty() {
            self.gauge.begin(now);
        }
        self.waiting.get_or_insert(now);
        let ahead = self.flights.bytes() as u32;
        self.flights.push(Flight { seq, len: len as u32, ahead, again, at: now });
        let bytes = self.flights.bytes();
        self.gauge.loaded(bytes);
        if bytes >= self.limit {
            self.gauge.held_back();
        }
        index
    }

    /// The peer has the `index`th frame; `again`: it was sent more than once.
    #[inline]
    pub fn frame_arrived(&mut self, index: u64, again: bool, now: u64) {
        if let Some(at) = self.flights.arrived(index) {
            // An ack that comes late, over another network, says little about the present.
            let queue = 2.0 * self.gauge.completion(self.flights.bytes(), 0);
            self.proof = self.proof.max(Some(now.min(at + self.grace + queue as u64)));
            if !again {
                self.gauge.round_trip_was(now.saturating_sub(at), now);
            }
        }
    }

    /// After an ack: forgets what is decided.
    #[inline]
    pub fn settle(&mut self, window: &Window, now: u64) {
        let bytes = self.flights.settle(window, self.id, self.properties.ordered);
        if bytes > 0 {
            let left = self.flights.bytes();
            self.gauge.arrived(bytes, left, now);
            let queue = if self.gauge.rate() > FAST { QUEUE } else { self.grace };
            self.limit = self.gauge.limit(queue);
            if let Some(throttle) = &mut self.throttle {
                throttle.arrived(bytes, left);
            }
        }
        if let Some(at) = self.proof.take() {
            self.suspect = false;
            self.vain = 0;
            let waits = !self.flights.is_empty() || !self.probes.is_empty();
            self.waiting = waits.then_some(self.waiting.map_or(at, |since| since.max(at)));
        }
    }

    pub fn probe_sent(&mut self, now: u64) {
        let probe = Probe { number: self.next_probe, at: now, index: self.flights.next_index() };
        if self.probes.len() == PROBES {
            self.probes.pop_front();
        }
        self.probes.push_back(probe);
        self.next_probe = self.next_probe.wrapping_add(1);
        self.counts.probes += 1;
        (self.last_probe_at, self.probe_due) = (now, false);
        self.waiting.get_or_insert(now);
        if let Some(trial) = &mut self.trial {
            trial.probe.get_or_insert(probe.number);
        }
    }

    /// The probe that this answers, if it was one of the present link.
    pub fn answered(&mut self, number: u32, now: u64) -> Option<Probe> {
        let at = self.probes.iter().position(|probe| probe.number == number)?;
        let probe = self.probes.drain(..=at).next_back()?;
        self.proof = Some(now);
        let time = now.saturating_sub(probe.at);
        match self.trial {
            Some(trial) if trial.probe == Some(number) => {
                self.trial = None;
                if self.gauge.trial(trial.bytes, now.saturating_sub(trial.at)) {
                    self.trial_at = now;
                }
            }
            _ => self.gauge.round_trip_was(time, now),
        }
        Some(probe)
    }

    /// The link is gone. It is asked for again at once if it had been good for long, else later and later.
    pub fn closed(&mut self, why: &str, now: u64) {
        if self.phase == Phase::Usable {
            self.counts.failures += 1;
            self.counts.gap = self.waiting.map_or(0, |since| now.saturating_sub(since));
            if now.saturating_sub(self.usable_since) >= STEADY {
                self.backoff = 0;
            }
        }
        self.phase = Phase::Closed;
        self.why = why.to_string();
        self.retry_at = now + self.backoff;
        self.backoff = (2 * self.backoff).clamp(BACKOFF, MOST_BACKOFF);
        (self.blocked, self.suspect, self.proof, self.vain) = (false, false, None, 0);
        (self.probe_due, self.answer_due, self.block_due) = (false, None, false);
        (self.waiting, self.trial) = (None, None);
        self.probes.clear();
        self.flights.clear();
        self.gauge.interrupt();
    }

    /// The link is up.
    pub fn opened(&mut self, now: u64) {
        self.blocked = false;
        if self.was_up && !self.properties.reliable {
            self.phase = Phase::Proving;
            self.waiting = Some(now);
        } else {
            self.proven(now);
        }
        self.was_up = true;
        // The first probe finds out how far it is.
        self.probe_due = !self.properties.reliable;
    }

    /// The link carries frames both ways.
    pub fn proven(&mut self, now: u64) {
        self.phase = Phase::Usable;
        self.usable_since = now;
        self.why.clear();
    }
}
