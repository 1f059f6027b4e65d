//! Single steps, by hand.

use super::super::wire::{Said, ack_header, read_ack};
use super::super::{Arrival, Mode, Settings, Xfer};
use super::net::Spec;
use crate::core::buffer::Buffer;
use crate::core::frame::{Header, kind};
use crate::core::network::Link;
use crate::core::slab::Slab;

const MS: u64 = 1_000_000;

fn pair(mode: Mode) -> Xfer {
    let mut xfer = Xfer::new(Settings { mode, ..Settings::default() });
    for id in 0..2 {
        xfer.add_network(id, ["a", "b"][id as usize], Spec::tcp(100.0, 50).properties());
        xfer.set_link(id, &Link::Up, 0);
    }
    xfer
}

fn push(xfer: &mut Xfer, now: u64) {
    assert!(xfer.has_room());
    xfer.push(3, &Header { kind: 7, meta: [1, 2, 3], len: 8 }, Slab::of(Buffer::allocate(8)), now);
}

/// Everything that leaves now.
fn flush(xfer: &mut Xfer, now: u64) -> Vec<(u8, Header)> {
    let mut all = Vec::new();
    while let Some(out) = xfer.next_out(now) {
        all.push((out.network, out.header));
        xfer.sent(now);
    }
    all
}

fn data(all: &[(u8, Header)]) -> Vec<(u8, u32)> {
    all.iter().filter(|(_, h)| h.kind == kind::LIVE).map(|(id, h)| (*id, h.meta[1])).collect()
}

#[test]
fn a_network_that_failed_is_used_again_only_after_it_answered() {
    let mut xfer = pair(Mode::Standby);
    push(&mut xfer, 0);
    assert_eq!(data(&flush(&mut xfer, 0)), [(0, 0)]);
    xfer.set_link(0, &Link::Down("reset".into()), MS);
    assert_eq!(data(&flush(&mut xfer, MS)), [(1, 0)], "sent again at once");
    assert_eq!(xfer.next_open(2 * MS), Some(0));
    xfer.set_link(0, &Link::Up, 3 * MS);
    push(&mut xfer, 3 * MS);
    let out = flush(&mut xfer, 3 * MS);
    assert_eq!(data(&out), [(1, 1)], "not trusted yet");
    let probes: Vec<u32> = out.iter().filter(|(id, _)| *id == 0).filter_map(|(_, h)| probe(h)).collect();
    let answer = ack_header(Said::Answer(probes[0], 0), 0);
    assert_eq!(xfer.arrive(0, &answer, 4 * MS), Arrival::Nothing);
    push(&mut xfer, 4 * MS);
    assert_eq!(data(&flush(&mut xfer, 4 * MS)), [(0, 2)]);
}

fn probe(header: &Header) -> Option<u32> {
    match read_ack(header) {
        Some(Said::Probe(number)) if header.kind == kind::ACK => Some(number),
        _ => None,
    }
}

#[test]
fn what_was_sent_before_an_answered_probe_and_is_missing_is_sent_again() {
    let mut xfer = pair(Mode::Standby);
    (0..5).for_each(|_| push(&mut xfer, 0));
    flush(&mut xfer, 0);
    xfer.tick(0);
    let first = xfer.tick(260 * MS);
    let probes: Vec<u32> =
        flush(&mut xfer, 260 * MS).iter().filter(|o| o.0 == 0).filter_map(|o| probe(&o.1)).collect();
    assert!(first.is_some());
    // The link broke and was made again, and nobody noticed: frames 2 to 4 are gone.
    xfer.arrive(0, &ack_header(Said::Answer(probes[0], 9999), 2), 261 * MS);
    assert_eq!(data(&flush(&mut xfer, 261 * MS)), [(0, 2), (0, 3), (0, 4)]);
    xfer.arrive(0, &ack_header(Said::Block(Default::default()), 5), 262 * MS);
    assert!(xfer.is_drained() && xfer.retained_bytes() == 0);
}

#[test]
fn acks_of_what_was_not_sent_and_frames_outside_of_the_window_are_refused() {
    let mut xfer = pair(Mode::Standby);
    let ack = ack_header(Said::Block(Default::default()), 1);
    let live = |seq: u32, len: usize| Header { kind: kind::LIVE, meta: [0, seq, 0], len };
    for header in [ack, live(1 << 14, 12), live(0, 11), Header { kind: 1, meta: [0; 3], len: 0 }] {
        assert!(matches!(xfer.arrive(0, &header, 0), Arrival::Malformed(_)), "{header:?}");
    }
    assert_eq!(xfer.arrive(0, &live(1, 12), 0), Arrival::Keep);
    xfer.keep(Slab::of(Buffer::allocate(12)));
    assert_eq!(xfer.arrive(1, &live(1, 12), 0), Arrival::Duplicate);
    assert_eq!(xfer.arrive(1, &live(0, 12), 0), Arrival::Deliver { epoch: 0, kind: 0 });
    assert!(xfer.next_ready().is_some() && xfer.next_ready().is_none());
}

/// What a frame costs here, both ends, over one network, without its slab. Run by hand.
#[test]
#[ignore = "prints a time"]
fn cost_of_a_frame() {
    let mut ends = [(); 2].map(|()| {
        let mut xfer = Xfer::new(Settings::default());
        xfer.add_network(0, "a", Spec::tcp(1000.0, 5).properties());
        xfer.set_link(0, &Link::Up, 0);
        xfer
    });
    let [a, b] = &mut ends;
    let (frames, began) = (2_000_000u64, std::time::Instant::now());
    for i in 0..frames {
        let now = i * 100;
        a.window.push(0, Slab::default());
        while let Some(out) = a.next_out(now) {
            let header = Header { len: 12.max(out.header.len), ..out.header };
            a.sent(now);
            b.arrive(0, &header, now);
        }
        while let Some(out) = b.next_out(now) {
            let header = out.header;
            b.sent(now);
            a.arrive(0, &header, now);
        }
    }
    println!("{:.1} ns per frame", began.elapsed().as_nanos() as f64 / frames as f64);
}
