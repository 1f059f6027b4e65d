//! Several devices in one process, over real sockets of the loopback interface, with a bad network between them.

use super::*;
use crate::core::buffer::Buffer;
use crate::core::device::SendError;
use crate::core::frame::{Token, kind};
use crate::core::network::{Link, Network};
use crate::core::slab::Slab;
use std::collections::{HashMap, HashSet};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const SECRET: [u8; 32] = [7; 32];
const LONG: Duration = Duration::from_secs(60);

fn member(rank: u32, size: u32, secret: [u8; 32], mtu: Option<usize>) -> Udp {
    let host = Box::new(|rank| format!("h{rank}"));
    let options = Options { choice: Choice::default(), mtu };
    Udp::open(Setup { id: 4, name: "net".into(), options, rank, size, one_host: true, secret, host }).unwrap()
}

fn job(size: u32, mtu: Option<usize>) -> Vec<Udp> {
    let mut ranks: Vec<Udp> = (0..size).map(|rank| member(rank, size, SECRET, mtu)).collect();
    let cards: Vec<Vec<u8>> = ranks.iter().map(Udp::card).collect();
    for udp in &mut ranks {
        for (peer, card) in (0..).zip(&cards) {
            udp.set_card(peer, card).unwrap();
        }
    }
    ranks
}

fn bytes_of(number: u32, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i as u32 ^ number.wrapping_mul(0x9e37)) as u8).collect()
}

fn send(udp: &mut Udp, peer: u32, number: u32, len: usize) -> Result<(), SendError> {
    let buffer = Buffer::allocate(len);
    buffer.address().write(0, &bytes_of(number, len));
    udp.send(peer, Header { kind: kind::LIVE, meta: [number, !number, 3], len }, &Slab::of(buffer))
}

/// Numbers of the frames that have come, from whom.
fn receive(udp: &mut Udp) -> Vec<(u32, u32)> {
    let mut got = Vec::new();
    udp.poll();
    udp.skip = 0;
    while let Some(frame) = udp.next() {
        let number = frame.header.meta[0];
        assert_eq!(frame.header.meta, [number, !number, 3]);
        let mut bytes = vec![0; frame.header.len];
        frame.payload.read(0, &mut bytes);
        assert!(bytes == bytes_of(number, bytes.len()), "frame {number}");
        got.push((frame.peer, number));
        udp.release(Token { ..frame.token });
    }
    got
}

fn until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "{what} did not happen");
        std::thread::yield_now();
    }
}

/// Does what the network says.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// A network that loses, doubles, delays and changes datagrams, and remembers what it has carried.
struct Proxy {
    ends: [UdpSocket; 2],
    real: [SocketAddr; 2],
    late: Vec<(usize, Vec<u8>)>,
    dice: Dice,
    /// Of 100.
    badness: usize,
    record: Vec<(usize, Vec<u8>)>,
    cut: bool,
}

impl Proxy {
    /// Stands between two ranks.
    fn between(ranks: &mut [Udp], badness: usize, seed: u64) -> Proxy {
        let ends = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        ends.iter().for_each(|end| end.set_nonblocking(true).unwrap());
        let real = [0, 1].map(|i| ranks[i].sockets.addresses()[0]);
        for me in 0..2 {
            let card = interfaces_card(&[ends[1 - me].local_addr().unwrap()]);
            ranks[me].set_card(1 - me as u32, &card).unwrap();
        }
        Proxy { ends, real, late: Vec::new(), dice: Dice(seed), badness, record: Vec::new(), cut: false }
    }

    fn carry(&mut self) {
        let mut datagram = [0; 65_536];
        // What comes in at end `i` is for rank `i`, and leaves by the other end.
        for to in 0..2 {
            while let Ok((len, _)) = self.ends[to].recv_from(&mut datagram) {
                let bytes = datagram[..len].to_vec();
                if self.cut {
                    continue;
                }
                if self.record.len() < 2000 {
                    self.record.push((to, bytes.clone()));
                }
                match self.dice.next(100) {
                    n if n < self.badness / 3 => {}
                    n if n < self.badness / 2 => self.late.extend([(to, bytes.clone()), (to, bytes)]),
                    n if n < self.badness => self.late.push((to, bytes)),
                    n if n == 99 && self.badness > 0 => {
                        let mut bad = bytes;
                        let at = self.dice.next(len);
                        bad[at] ^= 1 << self.dice.next(8);
                        self.deliver(to, &bad);
                    }
                    _ => self.deliver(to, &bytes),
                }
            }
        }
        while !self.late.is_empty() && self.dice.next(3) == 0 {
            let at = self.dice.next(self.late.len());
            let (to, bytes) = self.late.swap_remove(at);
            self.deliver(to, &bytes);
        }
    }

    fn deliver(&self, to: usize, bytes: &[u8]) {
        let _ = self.ends[1 - to].send_to(bytes, self.real[to]);
    }
}

fn interfaces_card(addresses: &[SocketAddr]) -> Vec<u8> {
    crate::core::interfaces::encode_card(addresses)
}

fn both_up(ranks: &mut [Udp], mut between: impl FnMut()) {
    until("the sessions", LONG, || {
        between();
        for (peer, udp) in [1, 0].into_iter().zip(&mut *ranks) {
            receive(udp);
            udp.open(peer);
        }
        let session = |me: usize| ranks[me].peers[1 - me].as_ref().map_or(0, |p| p.session);
        (0..2).all(|me| ranks[me].link(1 - me as u32) == Link::Up) && session(0) == session(1)
    });
}

#[test]
fn frames_of_all_sizes_arrive_between_three() {
    for mtu in [None, Some(1500), Some(576)] {
        let mut ranks = job(3, mtu);
        let most = ranks[0].properties().max_payload;
        assert!(most >= 3000, "{most}");
        let mut dice = Dice(99);
        let mut wanted: HashMap<(usize, usize), HashSet<u32>> = HashMap::new();
        let mut sent = 0;
        until("the exchange", LONG, || {
            let (me, peer) = (dice.next(3), dice.next(3));
            if me != peer && sent < 3000 {
                ranks[me].open(peer as u32);
                let len = if dice.next(3) == 0 { dice.next(most + 1) } else { dice.next(100) };
                if send(&mut ranks[me], peer as u32, sent, len).is_ok() {
                    wanted.entry((me, peer)).or_default().insert(sent);
                    sent += 1;
                }
            }
            let me = dice.next(3);
            for (from, number) in receive(&mut ranks[me]) {
                assert!(
                    wanted.get_mut(&(from as usize, me)).unwrap().remove(&number),
                    "frame {number} twice"
                );
            }
            sent == 3000 && wanted.values().all(HashSet::is_empty)
        });
        assert!(ranks.iter_mut().all(|udp| udp.take_alerts().is_empty()));
    }
}

/// Loss, doubles, other order, flipped bits: what arrives is right and arrives once; most does arrive.
#[test]
fn a_bad_network_loses_frames_and_does_nothing_worse() {
    for seed in 1..4 {
        let mut ranks = job(2, Some(1500));
        let mut proxy = Proxy::between(&mut ranks, 6, seed * 0x1234_5678_9abc_def1);
        both_up(&mut ranks, || proxy.carry());
        let mut got = HashSet::new();
        let mut sent = 0;
        until("the sending", LONG, || {
            let len = (sent as usize * 7919) % ranks[0].frame_size();
            if sent < 2000 && send(&mut ranks[0], 1, sent, len).is_ok() {
                sent += 1;
            }
            proxy.carry();
            receive(&mut ranks[0]);
            for (_, number) in receive(&mut ranks[1]) {
                assert!(got.insert(number), "frame {number} twice");
            }
            sent == 2000
        });
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(100) {
            proxy.carry();
            got.extend(receive(&mut ranks[1]).into_iter().map(|(_, number)| number));
        }
        assert!(got.len() > 1200 && got.len() < 2000, "{} of 2000", got.len());
        assert_eq!(ranks[1].link(0), Link::Up);
    }
}

#[test]
fn links_are_made_again_and_crossing_hellos_agree() {
    let mut ranks = job(2, None);
    let mut proxy = Proxy::between(&mut ranks, 20, 77);
    let mut dice = Dice(4242);
    for round in 0..300 {
        until("the session", LONG, || {
            proxy.carry();
            let me = dice.next(2);
            if dice.next(2) == 0 {
                ranks[me].open(1 - me as u32);
            }
            receive(&mut ranks[me]);
            let session = |me: usize| ranks[me].peers[1 - me].as_ref().map_or(0, |p| p.session);
            (0..2).all(|me| ranks[me].link(1 - me as u32) == Link::Up) && session(0) == session(1)
        });
        let mut seen = false;
        until("a frame", LONG, || {
            let _ = send(&mut ranks[1], 0, round, 5);
            proxy.carry();
            receive(&mut ranks[1]);
            seen |= receive(&mut ranks[0]).contains(&(1, round));
            seen
        });
        let me = dice.next(2);
        ranks[me].drop_link(1 - me as u32, "the test says so");
        assert!(matches!(ranks[me].link(1 - me as u32), Link::Down(_)));
    }
}

/// What was recorded of one session opens nothing and is delivered to nobody in another.
#[test]
fn replays_and_strangers_are_dropped() {
    let mut ranks = job(2, None);
    let mut proxy = Proxy::between(&mut ranks, 0, 1);
    both_up(&mut ranks, || proxy.carry());
    send(&mut ranks[0], 1, 5, 10).unwrap();
    let mut got = 0;
    until("the frame", LONG, || {
        proxy.carry();
        got += receive(&mut ranks[1]).len();
        got == 1
    });
    ranks[0].drop_link(1, "again");
    until("the loss", LONG, || {
        proxy.carry();
        receive(&mut ranks[1]);
        ranks[1].link(0) != Link::Up
    });
    let old = std::mem::take(&mut proxy.record);
    both_up(&mut ranks, || proxy.carry());
    let session = ranks[1].peers[0].as_ref().unwrap().session;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        for (to, bytes) in &old {
            proxy.deliver(*to, bytes);
        }
        proxy.ends[0].send_to(b"GET / HTTP/1.1\r\n\r\n", proxy.real[1]).unwrap();
        proxy.carry();
        assert!(receive(&mut ranks[0]).is_empty() && receive(&mut ranks[1]).is_empty());
    }
    assert_eq!(ranks[1].peers[0].as_ref().unwrap().session, session);
    let alerts = ranks[1].take_alerts();
    assert!(alerts.len() == 1 && alerts[0].1.contains("that no member of the job has sent"), "{alerts:?}");
    send(&mut ranks[0], 1, 6, 10).unwrap();
    until("the frame", LONG, || {
        proxy.carry();
        receive(&mut ranks[1]).contains(&(0, 6))
    });
    // A process of another job.
    let mut other = member(1, 2, [8; 32], None);
    other.set_card(0, &ranks[0].card()).unwrap();
    other.open(0);
    until("the failure", LONG, || {
        receive(&mut ranks[0]);
        receive(&mut other);
        other.link(0) != Link::Opening
    });
    let Link::Down(why) = other.link(0) else { panic!() };
    assert!(why.starts_with("rank 0 on host h0: no answer from 127.0.0.1:"), "{why}");
}

/// A sender that never stops, a receiver that looks now and then: nearly nothing is thrown away.
#[test]
fn a_slow_receiver_is_not_drowned() {
    let mut ranks = job(2, Some(1500));
    both_up(&mut ranks, || {});
    let len = ranks[0].frame_size();
    let (mut sent, mut got) = (0u32, 0u32);
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(500) {
        let mut burst = 0;
        while send(&mut ranks[0], 1, sent, len).is_ok() {
            sent += 1;
            burst += 1;
            assert!(burst < 5000, "nothing holds the sender back");
        }
        got += receive(&mut ranks[1]).len() as u32;
        receive(&mut ranks[0]);
    }
    until("the rest", LONG, || {
        receive(&mut ranks[0]);
        got += receive(&mut ranks[1]).len() as u32;
        got >= sent - sent / 50
    });
    let rate = f64::from(got) * len as f64 / 0.5e6;
    println!("{got} of {sent} frames of {len} bytes, about {rate:.0} MB/s");
    assert!(sent > 50);
}

#[test]
fn a_silent_cut_is_not_noticed_and_an_orderly_end_is() {
    let mut ranks = job(2, None);
    let mut proxy = Proxy::between(&mut ranks, 0, 1);
    both_up(&mut ranks, || proxy.carry());
    proxy.cut = true;
    send(&mut ranks[0], 1, 1, 10).unwrap();
    proxy.carry();
    assert_eq!(ranks[0].link(1), Link::Up);
    ranks[0].drop_link(1, "no answer");
    ranks[0].open(1);
    until("the failure", LONG, || {
        proxy.carry();
        receive(&mut ranks[0]);
        matches!(ranks[0].link(1), Link::Down(_))
    });
    proxy.cut = false;
    both_up(&mut ranks, || proxy.carry());
    ranks[1].close();
    until("the end", LONG, || {
        proxy.carry();
        receive(&mut ranks[0]);
        ranks[0].link(1) == Link::Finished
    });
    assert!(matches!(send(&mut ranks[0], 1, 1, 0), Err(SendError::Lost(_))));
}

#[test]
fn options_are_checked() {
    let parse = |key: &str, value: &str| Options::parse(vec![(key.into(), value.into())]);
    assert_eq!(parse("mtu", "9000").unwrap().0.mtu, Some(9000));
    assert_eq!(parse("mtu", "9").unwrap_err(), "mtu=9 is not a number from 576 to 65535");
    assert_eq!(parse("speed", "1").unwrap().1, [("speed".to_string(), "1".to_string())]);
    let choice = Choice { interfaces: Some(vec!["nosuch0".into()]), ports: None };
    let host = Box::new(|rank| format!("h{rank}"));
    let options = Options { choice, mtu: None };
    let setup =
        Setup { id: 2, name: "u".into(), options, rank: 1, size: 2, one_host: true, secret: SECRET, host };
    let mut lame = Udp::open(setup).unwrap();
    assert_eq!(lame.trouble().unwrap(), "network u: interface nosuch0 is not there");
    assert!(lame.card().is_empty() && lame.properties().max_payload > 4096);
    lame.open(0);
    assert_eq!(lame.link(0), Link::Down("rank 0 on host h0: it has put up no address for udp".into()));
}
