//! Fault: delays, loses and damages frames on purpose, by the rules of probability and a seed.
//!
//! Delayed frames keep their order, as every device's frames do. What is lost here is lost for the program: networks
//! lose below the transfer device, this does so above it. Put checksum in front to see damage detected.

use super::options::Options;
use super::{Entry, bytes};
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Step};
use crate::sys::clock::monotonic_ns;
use std::collections::VecDeque;

pub const ENTRY: Entry = Entry {
    name: "fault",
    what: "delays, loses and damages frames on purpose, for tests",
    options: &[
        ("delay", "microseconds (0)"),
        ("jitter", "microseconds more, at most (0)"),
        ("loss", "probability that a frame disappears (0)"),
        ("corrupt", "probability that one bit of a frame changes (0)"),
        ("seed", "of the random numbers (1)"),
        ("half", "where it happens: send or receive (send)"),
    ],
    open,
};

fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    let mut options = Options::of(spec);
    let minute = 60_000_000;
    let delay = 1000 * options.number("delay", 0, 0, minute)?;
    let jitter = 1000 * options.number("jitter", 0, 0, minute)?;
    let (loss, corrupt) = (options.probability("loss")?, options.probability("corrupt")?);
    let seed = options.number("seed", 1, 0, u64::MAX)?;
    let half = if options.word("half", &["send", "receive"])? == "send" { Half::Send } else { Half::Receive };
    options.finish()?;
    let active =
        (half == site.half).then_some(if half == Half::Send { Command::Send } else { Command::Receive });
    let random =
        Random(seed ^ u64::from(site.sender) << 40 ^ u64::from(site.receiver) << 16 ^ u64::from(site.epoch));
    let fault =
        Fault { active, delay, jitter, loss, corrupt, random, waiting: VecDeque::new(), counts: [0; 4] };
    Ok(Box::new(fault))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && ((self.next() >> 11) as f64) < probability * (1u64 << 53) as f64
    }

    fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }
}

struct Fault {
    /// What this half acts on; None for the half that looks on.
    active: Option<Command>,
    /// Nanoseconds.
    delay: u64,
    jitter: u64,
    loss: f64,
    corrupt: f64,
    random: Random,
    /// With the time at which each goes on, ascending.
    waiting: VecDeque<(u64, Box<Irb>)>,
    /// Frames, lost, damaged, delayed.
    counts: [u64; 4],
}

impl Fault {
    /// Changes one bit of the message, in a copy; of the header if there is no message.
    fn damage(&mut self, irb: &mut Irb) {
        self.counts[2] += 1;
        let len = irb.slab.remaining();
        if len == 0 {
            irb.header.meta[0] ^= 1 << self.random.below(32);
            return;
        }
        let mut copy = Vec::with_capacity(len);
        bytes::append(&irb.slab, len, &mut copy);
        let bit = self.random.below(len as u64 * 8);
        copy[(bit / 8) as usize] ^= 1 << (bit % 8);
        bytes::replace(irb, copy, 0);
    }

    /// When a frame that comes now goes on: not before the one ahead of it.
    fn due(&mut self) -> u64 {
        let due = monotonic_ns() + self.delay + self.random.below(self.jitter + 1);
        self.waiting.back().map_or(due, |(before, _)| due.max(*before))
    }
}

impl Device for Fault {
    fn name(&self) -> &str {
        "fault"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        if Some(irb.command) != self.active {
            return Step::Forward(irb);
        }
        self.counts[0] += 1;
        if self.random.happens(self.loss) {
            self.counts[1] += 1;
            return Step::Complete(irb);
        }
        if self.random.happens(self.corrupt) {
            self.damage(&mut irb);
        }
        if self.delay + self.jitter == 0 {
            return Step::Forward(irb);
        }
        self.counts[3] += 1;
        let due = self.due();
        self.waiting.push_back((due, irb));
        Step::Pend
    }

    fn poll(&mut self) -> Vec<Box<Irb>> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let now = monotonic_ns();
        let due = self.waiting.iter().take_while(|(due, _)| *due <= now).count();
        self.waiting.drain(..due).map(|(_, irb)| irb).collect()
    }

    fn is_pending(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn report(&self) -> String {
        let [frames, lost, damaged, delayed] = self.counts;
        let waiting = self.waiting.len();
        format!(
            r#"{{"frames":{frames},"lost":{lost},"damaged":{damaged},"delayed":{delayed},"waiting":{waiting}}}"#
        )
    }
}
