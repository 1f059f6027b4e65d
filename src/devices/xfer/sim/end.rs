//! One simulated process: it sends numbered frames and checks that it gets the other's, each once, in order.

use super::super::{Arrival, INNER, Settings, Xfer, wire};
use super::Random;
use super::net::Net;
use crate::core::buffer::{Buffer, UserBuf};
use crate::core::device::SendError;
use crate::core::frame::Header;
use crate::core::slab::{BufferOp, Slab};
use std::rc::Rc;

/// What the program on top wants.
#[derive(Clone, Debug)]
pub struct Plan {
    pub frames: u64,
    /// Sizes from, to.
    pub least: u64,
    pub most: u64,
    /// A pause between frames of up to so much, ns; 0: as fast as possible.
    pub pause: u64,
    /// Up to so late after it is called it looks at the networks.
    pub inattention: u64,
}

pub struct End {
    pub side: usize,
    pub xfer: Xfer,
    pub plan: Plan,
    pub sent: u64,
    pub received: u64,
    pub received_bytes: u64,
    pub next_send: u64,
    pub next_poll: u64,
    /// Longest time between two deliveries, and when the last was.
    pub gap: u64,
    pub last_delivery: u64,
    window: (usize, usize),
}

/// The frame number `n` of `side`: epoch, kind, inner meta and payload.
fn content(side: usize, n: u64, plan: &Plan) -> (u16, Header, Vec<u8>) {
    let mut random = Random::new(n * 2 + side as u64 + 77);
    let len = random.between(plan.least, plan.most) as usize;
    let meta = [n as u32, random.next() as u32, side as u32];
    let seed = random.next() as u8;
    let bytes = (0..len).map(|i| seed.wrapping_add(i as u8)).collect();
    ((n / 100) as u16, Header { kind: (n % 239) as u8 + 1, meta, len }, bytes)
}

impl End {
    pub fn new(side: usize, settings: &Settings, plan: Plan) -> End {
        let window = (settings.window_bytes, settings.window_frames);
        let xfer = Xfer::new(settings.clone());
        End {
            side,
            xfer,
            plan,
            sent: 0,
            received: 0,
            received_bytes: 0,
            next_send: 0,
            next_poll: 0,
            gap: 0,
            last_delivery: 0,
            window,
        }
    }

    /// One round of progress.
    pub fn poll(&mut self, nets: &mut [Net], other: &Plan, now: u64, random: &mut Random) {
        let mut busy = false;
        for (id, net) in nets.iter_mut().enumerate() {
            self.xfer.set_link(id as u8, &net.links[self.side], now);
            while let Some(frame) = net.next(self.side, now) {
                busy = true;
                self.take(id as u8, &frame.header, &frame.bytes, other, now);
            }
        }
        let deadline = self.xfer.tick(now);
        while let Some((id, _)) = self.xfer.next_drop() {
            nets[id as usize].drop_link(self.side);
        }
        while let Some(id) = self.xfer.next_open(now) {
            nets[id as usize].open(self.side, now);
            self.xfer.set_link(id, &nets[id as usize].links[self.side], now);
        }
        busy |= self.produce(now, random);
        busy |= self.send_out(nets, now, random);
        if !busy {
            self.xfer.idle(now);
            self.send_out(nets, now, random);
        }
        self.check_bounds();
        let deadline = self.xfer.tick(now).into_iter().chain(deadline).min().unwrap_or(u64::MAX);
        self.plan_next(deadline, nets, now, random);
    }

    fn plan_next(&mut self, deadline: u64, nets: &[Net], now: u64, random: &mut Random) {
        let mut at = deadline;
        if self.sent < self.plan.frames && self.xfer.has_room() {
            at = at.min(self.next_send);
        }
        if nets.iter().any(|net| net.is_full(1 - self.side)) {
            at = at.min(now + 20_000);
        }
        if self.xfer.ack_due() {
            at = at.min(now + 50_000);
        }
        self.next_poll = at.max(now + 1000).saturating_add(random.below(self.plan.inattention + 1));
    }

    fn produce(&mut self, now: u64, random: &mut Random) -> bool {
        let mut any = false;
        while self.sent < self.plan.frames && now >= self.next_send && self.xfer.has_room() {
            let (epoch, header, bytes) = content(self.side, self.sent, &self.plan);
            self.xfer.push(epoch, &header, slab_of(&bytes, INNER * (self.sent % 2) as usize), now);
            self.sent += 1;
            self.next_send = now + random.below(self.plan.pause + 1);
            any = true;
        }
        any
    }

    fn send_out(&mut self, nets: &mut [Net], now: u64, random: &mut Random) -> bool {
        let mut any = false;
        let to = 1 - self.side;
        while let Some(out) = self.xfer.next_out(now) {
            let mut bytes = vec![0; out.header.len];
            let n = out.slab.clone().read(UserBuf::of(&mut bytes), out.header.len);
            assert_eq!(n, out.header.len, "the slab holds what the header says");
            let net = &mut nets[out.network as usize];
            match net.send(to, out.header, bytes.into(), now, random) {
                Ok(()) => self.xfer.sent(now),
                Err(SendError::Full) => self.xfer.refused_full(),
                Err(SendError::Lost(why)) => self.xfer.refused_lost(&why, now),
            }
            any = true;
        }
        any
    }

    fn take(&mut self, id: u8, header: &Header, bytes: &Rc<[u8]>, other: &Plan, now: u64) {
        match self.xfer.arrive(id, header, now) {
            Arrival::Deliver { epoch, kind } => {
                self.deliver(epoch, kind, bytes, other, now);
                while let Some(ready) = self.xfer.next_ready() {
                    let mut bytes = vec![0; ready.slab.len()];
                    ready.slab.clone().read(UserBuf::of(&mut bytes), ready.slab.len());
                    self.deliver(ready.epoch, ready.kind, &bytes, other, now);
                }
            }
            Arrival::Keep => self.xfer.keep(slab_of(bytes, 0)),
            Arrival::Duplicate | Arrival::Nothing => {}
            Arrival::Malformed(why) => panic!("side {}: {why}", self.side),
        }
    }

    /// The oracle: exactly the next frame of the other side, byte for byte.
    fn deliver(&mut self, epoch: u16, kind: u8, bytes: &[u8], other: &Plan, now: u64) {
        let (want_epoch, header, want) = content(1 - self.side, self.received, other);
        assert_eq!((epoch, kind), (want_epoch, header.kind), "frame {} to side {}", self.received, self.side);
        assert_eq!(bytes[..INNER], wire::inner_bytes(header.meta));
        assert!(bytes[INNER..] == want[..], "payload of frame {} to side {}", self.received, self.side);
        self.received += 1;
        self.received_bytes += want.len() as u64;
        self.gap = self.gap.max(now - self.last_delivery);
        self.last_delivery = now;
    }

    fn check_bounds(&self) {
        let (bytes, frames) = self.window;
        assert!(self.xfer.order.bytes() <= 2 * bytes + (1 << 17), "held {}", self.xfer.order.bytes());
        assert!(self.xfer.window.len() <= frames);
        let most = bytes + self.plan.most as usize + INNER;
        assert!(self.xfer.retained_bytes() <= most, "retained {}", self.xfer.retained_bytes());
    }

    /// Frames sent more than once.
    pub fn resent(&self) -> u64 {
        self.xfer.paths.iter().map(|path| path.counts.resent).sum()
    }

    pub fn failures(&self) -> u64 {
        self.xfer.paths.iter().map(|path| path.counts.failures).sum()
    }
}

fn slab_of(bytes: &[u8], headroom: usize) -> Slab {
    let buffer = Buffer::allocate(headroom + bytes.len());
    buffer.address().write(headroom as isize, bytes);
    let mut slab = Slab::default();
    slab.push(BufferOp::new(buffer, headroom, bytes.len()).expect("inside"));
    slab
}
