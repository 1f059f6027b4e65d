//! A simulated network between the two processes.

use super::Random;
use crate::core::device::{Properties, SendError};
use crate::core::frame::Header;
use crate::core::network::Link;
use std::collections::VecDeque;
use std::rc::Rc;

#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Bytes per ns.
    pub rate: f64,
    pub latency: u64,
    /// Bytes that it takes before it is full.
    pub buffer: usize,
    /// After a pause so many bytes pass at once, as a shaper lets them.
    pub burst: usize,
    pub ordered: bool,
    pub reliable: bool,
    /// Of 10 000 frames, so many are lost, and so many doubled.
    pub loss: u64,
    pub doubled: u64,
    /// Frames are late by up to so much, each on its own.
    pub jitter: u64,
    /// What the network says of itself, as a factor of the truth.
    pub boast: f64,
}

impl Spec {
    /// Like tcp: `mb` MB/s, `us` µs one way.
    pub fn tcp(mb: f64, us: u64) -> Spec {
        Spec {
            rate: mb / 1000.0,
            latency: us * 1000,
            buffer: 512 << 10,
            burst: 0,
            ordered: true,
            reliable: false,
            loss: 0,
            doubled: 0,
            jitter: 0,
            boast: 1.0,
        }
    }

    /// Like udp.
    pub fn udp(mb: f64, us: u64, loss: u64) -> Spec {
        Spec { ordered: false, loss, doubled: loss / 2, jitter: us * 500, ..Spec::tcp(mb, us) }
    }

    pub fn properties(&self) -> Properties {
        Properties {
            max_payload: 1 << 17,
            ordered: self.ordered,
            reliable: self.reliable,
            latency_ns: self.latency as u32,
            bandwidth_mb: (self.rate * 1000.0 * self.boast) as u32,
        }
    }
}

pub struct Frame {
    pub at: u64,
    pub header: Header,
    pub bytes: Rc<[u8]>,
}

#[derive(Default)]
struct Lane {
    queue: VecDeque<Frame>,
    bytes: usize,
    free_at: u64,
    /// Frames in this direction vanish (are held, on an ordered network) since then.
    silent: Option<u64>,
}

pub struct Net {
    pub spec: Spec,
    /// By receiver.
    lanes: [Lane; 2],
    pub links: [Link; 2],
    /// When a link that is being made will be up.
    opening: [Option<u64>; 2],
    /// No link can be made.
    pub unplugged: bool,
}

impl Net {
    pub fn new(spec: Spec) -> Net {
        let links = [Link::Unused, Link::Unused];
        Net { spec, lanes: Default::default(), links, opening: [None; 2], unplugged: false }
    }

    pub fn send(
        &mut self,
        to: usize,
        header: Header,
        bytes: Rc<[u8]>,
        now: u64,
        random: &mut Random,
    ) -> Result<(), SendError> {
        if self.links[1 - to] != Link::Up {
            return Err(SendError::Lost("no link".into()));
        }
        if self.is_full(to) {
            return Err(SendError::Full);
        }
        let lane = &mut self.lanes[to];
        let vanishes = lane.silent.is_some() && !self.spec.ordered;
        if self.links[to] != Link::Up || vanishes || random.below(10_000) < self.spec.loss {
            return Ok(());
        }
        let size = bytes.len() + 64;
        let time = |bytes: usize| (bytes as f64 / self.spec.rate) as u64;
        lane.free_at = lane.free_at.max(now.saturating_sub(time(self.spec.burst))) + time(size);
        let mut at = lane.free_at.max(now) + self.spec.latency;
        let copies = 1 + usize::from(random.below(10_000) < self.spec.doubled);
        for _ in 0..copies {
            if self.spec.jitter > 0 {
                at += random.below(self.spec.jitter);
            }
            let index = lane.queue.partition_point(|frame| frame.at <= at);
            let index = if self.spec.ordered { lane.queue.len() } else { index };
            lane.queue.insert(index, Frame { at, header, bytes: bytes.clone() });
            lane.bytes += size;
        }
        Ok(())
    }

    pub fn is_full(&self, to: usize) -> bool {
        self.lanes[to].bytes >= self.spec.buffer
    }

    pub fn next(&mut self, to: usize, now: u64) -> Option<Frame> {
        let lane = &mut self.lanes[to];
        while lane.queue.front().is_some_and(|frame| frame.at <= now) {
            if lane.silent.is_some() && self.spec.ordered {
                return None;
            }
            let frame = lane.queue.pop_front()?;
            lane.bytes -= frame.bytes.len() + 64;
            if lane.silent.is_none() {
                return Some(frame);
            }
        }
        None
    }

    /// When the next frame arrives or a link is made.
    pub fn next_event(&self, side: usize) -> u64 {
        let lane = &self.lanes[side];
        let held = lane.silent.is_some() && self.spec.ordered;
        let frame = lane.queue.front().filter(|_| !held).map_or(u64::MAX, |frame| frame.at);
        frame.min(self.opening[side].unwrap_or(u64::MAX))
    }

    fn is_silent(&self) -> bool {
        self.lanes.iter().any(|lane| lane.silent.is_some())
    }

    pub fn set_silent(&mut self, to: usize, silent: bool, now: u64) {
        let lane = &mut self.lanes[to];
        match (lane.silent, silent) {
            (None, true) => lane.silent = Some(now),
            (Some(since), false) => {
                lane.silent = None;
                lane.queue.iter_mut().for_each(|frame| frame.at = frame.at.max(since) + (now - since));
                lane.free_at = lane.free_at.max(now);
            }
            _ => {}
        }
    }

    /// The link breaks, as `side` (or both) can see.
    pub fn reset(&mut self, sides: &[usize], why: &str) {
        for lane in &mut self.lanes {
            lane.queue.clear();
            (lane.bytes, lane.free_at) = (0, 0);
        }
        for &side in sides {
            if self.links[side] != Link::Unused {
                self.links[side] = Link::Down(why.into());
            }
            self.opening[side] = None;
        }
    }

    pub fn drop_link(&mut self, side: usize) {
        // A peer that cannot be reached does not learn of it.
        let seen: &[usize] = if self.is_silent() { &[side] } else { &[0, 1] };
        let seen = if self.links[side] == Link::Up { seen } else { &[side] };
        self.reset(seen, "dropped");
    }

    pub fn open(&mut self, side: usize, now: u64) {
        if matches!(self.links[side], Link::Up | Link::Opening) {
            return;
        }
        if self.unplugged {
            self.links[side] = Link::Down("connection refused".into());
            return;
        }
        self.links[side] = Link::Opening;
        self.opening[side] = Some(now + 2 * self.spec.latency);
    }

    /// Links that are made by now. A half-open end is replaced without notice.
    pub fn advance(&mut self, now: u64) {
        for side in 0..2 {
            if self.opening[side].is_none_or(|at| at > now) {
                continue;
            }
            self.opening[side] = None;
            if self.unplugged {
                self.links[side] = Link::Down("connection refused".into());
            } else if self.is_silent() {
                self.links[side] = Link::Down("connection timed out".into());
            } else {
                if self.links[1 - side] == Link::Up {
                    self.reset(&[], "");
                }
                self.links = [Link::Up, Link::Up];
                self.opening = [None; 2];
            }
        }
    }
}
