//! Arbitrary frames from a hostile peer: no panic, no endless loop, bounded memory.

use super::super::{Arrival, Settings, Xfer};
use super::Random;
use super::net::Spec;
use crate::core::buffer::Buffer;
use crate::core::frame::{Header, kind};
use crate::core::network::Link;
use crate::core::slab::Slab;

/// Mostly numbers that mean something.
fn number(random: &mut Random) -> u32 {
    match random.below(4) {
        0 => random.next() as u32,
        1 => random.below(40) as u32,
        2 => u32::MAX - random.below(40) as u32,
        _ => (random.below(16) << 28 | random.below(64) << 14 | random.below(64)) as u32,
    }
}

fn header(random: &mut Random) -> Header {
    let kind = [kind::LIVE, kind::LIVE, kind::ACK, random.next() as u8][random.below(4) as usize];
    let len = if kind == kind::ACK { 0 } else { random.below(40) * random.below(40) * random.below(100) };
    Header { kind, meta: [number(random), number(random), number(random)], len: len as usize }
}

fn abuse(seed: u64) {
    let mut random = Random::new(seed);
    let settings = Settings { window_bytes: 100_000, window_frames: 64, ..Settings::default() };
    let mut xfer = Xfer::new(settings);
    for (id, spec) in [Spec::tcp(100.0, 50), Spec::udp(100.0, 50, 0)].iter().enumerate() {
        xfer.add_network(id as u8, "net", spec.properties());
        xfer.set_link(id as u8, &Link::Up, 0);
    }
    let mut now = 0;
    for _ in 0..2000 {
        now += random.below(2_000_000);
        if random.one_in(3) && xfer.has_room() {
            xfer.push(
                1,
                &Header { kind: 5, meta: [1, 2, 3], len: 100 },
                Slab::of(Buffer::allocate(100)),
                now,
            );
        }
        let header = header(&mut random);
        match xfer.arrive(random.below(3) as u8, &header, now) {
            Arrival::Deliver { .. } => while xfer.next_ready().is_some() {},
            Arrival::Keep => xfer.keep(Slab::of(Buffer::allocate(header.len))),
            _ => {}
        }
        round(&mut xfer, &mut random, now);
        assert!(xfer.order.bytes() <= 200_000 + (1 << 17) && xfer.window.len() <= 64);
    }
}

fn round(xfer: &mut Xfer, random: &mut Random, now: u64) {
    xfer.tick(now);
    let mut frames = 0;
    while let Some(out) = xfer.next_out(now) {
        assert_eq!(out.header.len, out.slab.len());
        match random.below(50) {
            0 => xfer.refused_lost("gone", now),
            1..10 => xfer.refused_full(),
            _ => xfer.sent(now),
        }
        frames += 1;
        assert!(frames < 1000, "no end of frames to send");
    }
    while xfer.next_drop().is_some() {}
    while let Some(id) = xfer.next_open(now) {
        xfer.set_link(id, &Link::Up, now);
    }
    xfer.idle(now);
}

#[test]
fn nothing_a_peer_sends_does_harm() {
    (0..300).for_each(abuse);
}
