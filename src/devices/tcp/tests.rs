//! Several devices in one process, over real sockets of the loopback interface.

use super::inbox::tests::Dice;
use super::*;
use crate::core::interfaces;
use crate::core::network::Network;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

mod repair;

struct Job {
    ranks: Vec<Tcp>,
}

const SECRET: [u8; 32] = [7; 32];

fn member(rank: u32, size: u32, secret: [u8; 32]) -> Tcp {
    let host = Box::new(|rank| format!("h{rank}"));
    Tcp::open(Setup {
        id: 2,
        rank,
        size,
        name: "net".into(),
        choice: Choice::default(),
        one_host: true,
        secret,
        host,
    })
    .unwrap()
}

fn job(size: u32) -> Job {
    let mut ranks: Vec<Tcp> = (0..size).map(|rank| member(rank, size, SECRET)).collect();
    let cards: Vec<Vec<u8>> = ranks.iter().map(Tcp::card).collect();
    for tcp in &mut ranks {
        for (peer, card) in (0..).zip(&cards) {
            tcp.set_card(peer, card).unwrap();
        }
    }
    Job { ranks }
}

fn header(number: u32, len: usize) -> Header {
    Header { kind: 5, meta: [number, !number, 7], len }
}

fn bytes_of(number: u32, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i as u32 ^ number.wrapping_mul(0x9e37)) as u8).collect()
}

fn address_of(job: &Job, rank: u32) -> SocketAddr {
    job.ranks[rank as usize].door.addresses()[0]
}

/// Polls until `done` says so.
fn until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "{what} did not happen");
        std::thread::yield_now();
    }
}

const LONG: Duration = Duration::from_secs(60);

/// What each rank has received from each other one; checks number, size and content.
fn receive(tcp: &mut Tcp, counts: &mut [u32], sizes: &[Vec<usize>]) {
    while let Some(frame) = tcp.next() {
        let (from, number) = (frame.peer as usize, counts[frame.peer as usize]);
        assert_eq!(frame.header, header(number, sizes[from][number as usize]));
        let mut got = vec![0; frame.header.len];
        frame.payload.read(0, &mut got);
        assert!(got == bytes_of(number, got.len()), "frame {number} from {from}");
        counts[from] += 1;
        tcp.release(frame.token);
    }
}

#[test]
fn all_frames_arrive_in_order_between_three_that_connect_at_once() {
    for seed in 1..6 {
        let mut job = job(3);
        let mut dice = Dice(seed * 0x1234_5678_9abc_def1);
        let mut size = || match dice.next(4) {
            0 => 0,
            1 => dice.next(wire::MAX_PAYLOAD + 1),
            _ => dice.next(100),
        };
        let sizes: Vec<Vec<usize>> = (0..3).map(|_| (0..400).map(|_| size()).collect()).collect();
        let mut sent = [[0u32; 3]; 3];
        let mut got = [[0u32; 3]; 3];
        until("the exchange", LONG, || {
            for me in 0..3 {
                for peer in (0..3).filter(|p| *p != me) {
                    let number = sent[me][peer];
                    if (number as usize) < sizes[me].len() && dice.next(3) > 0 {
                        let len = sizes[me][number as usize];
                        let fill = |to: UserBuf| to.write(0, &bytes_of(number, len));
                        match job.ranks[me].send_filled(peer as u32, header(number, len), fill) {
                            Ok(()) => sent[me][peer] += 1,
                            Err(SendError::Full) => {}
                            Err(lost) => panic!("{lost:?}"),
                        }
                    }
                }
                receive(&mut job.ranks[me], &mut got[me], &sizes);
            }
            (0..3).all(|me| (0..3).all(|p| p == me || got[me][p] == 400))
        });
        for tcp in &mut job.ranks {
            assert!(tcp.take_losses_and_alerts().is_empty() && tcp.dialing.is_empty());
        }
    }
}

/// Both sides dial before either looks: one connection is left, and it works both ways.
#[test]
fn crossing_connections_become_one() {
    for _ in 0..20 {
        let mut job = job(2);
        for me in 0..2 {
            job.ranks[me]
                .send_filled(1 - me as u32, header(0, 3), |to| to.write(0, &bytes_of(0, 3)))
                .unwrap();
        }
        let sizes = vec![vec![3]; 2];
        let mut got = [[0; 2]; 2];
        until("the exchange", LONG, || {
            (0..2).for_each(|me| receive(&mut job.ranks[me], &mut got[me], &sizes));
            got[0][1] == 1 && got[1][0] == 1
        });
        let ends: Vec<SocketAddr> = (0..2)
            .map(|me| match &job.ranks[me].links[1 - me].as_ref().unwrap().state {
                State::Up(socket) => if me == 0 { socket.local_addr() } else { socket.peer_addr() }.unwrap(),
                _ => panic!("not connected"),
            })
            .collect();
        assert_eq!(ends[0], ends[1]);
    }
}

#[test]
fn closing_loses_nothing() {
    let mut job = job(2);
    let count = 3000;
    let sizes = vec![vec![1000; count]; 2];
    let mut second = job.ranks.pop().unwrap();
    let mut first = job.ranks.pop().unwrap();
    let receiver = std::thread::scope(|scope| {
        // The devices are not Send for good reasons (they point into the job); here each stays with its thread.
        let second = Moved(&mut second);
        let handle = scope.spawn(move || {
            let second = second;
            let mut got = [0; 2];
            until("the arrival", LONG, || {
                receive(second.0, &mut got, &sizes);
                got[0] as usize == count
            });
            second.0.close();
            got[0]
        });
        for number in 0..count as u32 {
            until("room", LONG, || {
                assert!(first.next().is_none());
                first.send_filled(1, header(number, 1000), |to| to.write(0, &bytes_of(number, 1000))).is_ok()
            });
        }
        first.close();
        handle.join().unwrap()
    });
    assert_eq!(receiver as usize, count);
    assert!(first.take_losses_and_alerts().is_empty() && second.take_losses_and_alerts().is_empty());
}

struct Moved<'a>(&'a mut Tcp);
#[allow(unsafe_code, reason = "a test moves a device to the thread that uses it")]
// SAFETY: the device is used by one thread at a time; its setup refers to nothing else.
unsafe impl Send for Moved<'_> {}

#[test]
fn strangers_are_dropped_and_logged_once_while_the_job_goes_on() {
    let mut job = job(2);
    let address = address_of(&job, 0);
    let mut garbage = TcpStream::connect(address).unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let silent = TcpStream::connect(address).unwrap();
    // A process of another job that found our address.
    let mut other = member(1, 2, [8; 32]);
    other.set_card(0, &interfaces::encode_card(&[address])).unwrap();
    other.send_filled(0, header(0, 0), |_| {}).unwrap();
    let mut end = [0; 8];
    garbage.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    until("the end of the garbage", LONG, || {
        job.ranks[0].poll_all();
        other.poll_all();
        matches!(garbage.read(&mut end), Ok(0)) || job.ranks[0].door.dropped >= 2
    });
    let alerts = job.ranks[0].take_losses_and_alerts();
    assert!(alerts.len() == 1 && alerts[0].1.contains("dropped a connection from 127.0.0.1"), "{alerts:?}");
    // A member still gets through, though one stranger is still connected and silent.
    let mut got = [0; 2];
    job.ranks[1].send_filled(0, header(0, 1), |to| to.write(0, &bytes_of(0, 1))).unwrap();
    until("the message", LONG, || {
        job.ranks[1].poll_all();
        receive(&mut job.ranks[0], &mut got, &[vec![], vec![1]]);
        got[1] == 1
    });
    until("the end of patience", LONG, || {
        job.ranks[0].poll_all();
        std::thread::sleep(Duration::from_millis(10));
        job.ranks[0].door.dropped >= 2 && !job.ranks[0].door.is_ticking()
    });
    drop(silent);
    assert!(job.ranks[0].take_losses_and_alerts().is_empty());
}

#[test]
fn a_member_that_sends_garbage_is_cut_off() {
    for seed in 1..40 {
        let mut job = job(2);
        let mut dice = Dice(seed * 77_777);
        job.ranks[1].send_filled(0, header(0, 1), |to| to.write(0, &bytes_of(0, 1))).unwrap();
        let mut got = [0; 2];
        until("the message", LONG, || {
            job.ranks[1].poll_all();
            receive(&mut job.ranks[0], &mut got, &[vec![], vec![1]]);
            got[1] == 1
        });
        let State::Up(socket) = &job.ranks[1].links[0].as_ref().unwrap().state else { panic!() };
        let garbage: Vec<u8> = (0..10_000).map(|_| dice.next(256) as u8).collect();
        (&mut &*socket).write_all(&garbage).unwrap();
        until("the cut", LONG, || {
            assert!(job.ranks[0].next().is_none());
            job.ranks[0].lost == [1]
        });
        let State::Lost(_, why) = &job.ranks[0].links[1].as_ref().unwrap().state else { panic!() };
        assert!(why.starts_with("rank 1 on host h1: it sent garbage (frame "), "{why}");
    }
}

#[test]
fn a_dead_peer_is_busy_for_a_moment_and_then_lost() {
    let mut job = job(2);
    job.ranks[1].send_filled(0, header(0, 1), |to| to.write(0, &bytes_of(0, 1))).unwrap();
    let mut got = [0; 2];
    until("the message", LONG, || {
        job.ranks[1].poll_all();
        receive(&mut job.ranks[0], &mut got, &[vec![], vec![1]]);
        got[1] == 1
    });
    job.ranks.truncate(1);
    until("the loss", LONG, || {
        assert!(job.ranks[0].next().is_none());
        job.ranks[0].lost == [1]
    });
    assert_eq!(job.ranks[0].send_filled(1, header(0, 0), |_| {}), Err(SendError::Full));
    until("the report", LONG, || {
        job.ranks[0].poll_all();
        std::thread::sleep(Duration::from_millis(10));
        job.ranks[0].lost.is_empty()
    });
    let alerts = job.ranks[0].take_losses_and_alerts();
    assert!(
        alerts.len() == 1 && alerts[0].1.starts_with("lost the connection to rank 1 on host h1: "),
        "{alerts:?}"
    );
    assert!(matches!(job.ranks[0].send_filled(1, header(0, 0), |_| {}), Err(SendError::Lost(_))));
}

#[test]
fn a_peer_without_address_is_lost_at_once() {
    let mut job = job(2);
    job.ranks[0].set_card(1, b"").unwrap();
    assert!(job.ranks[0].send_filled(1, header(0, 0), |_| {}).is_err());
    let Err(SendError::Lost(why)) = job.ranks[0].send_filled(1, header(0, 0), |_| {}) else { panic!() };
    assert_eq!(why, "rank 1 on host h1: it has put up no address for tcp");
}

/// A receiver that looks only when its bell rings, a sender that fills the way: no frame may stay behind.
#[test]
fn a_full_way_drains_when_the_receiver_sleeps_between() {
    let mut job = job(2);
    let sizes = vec![vec![wire::MAX_PAYLOAD; 300]; 2];
    let (mut sent, mut got) = (0, [0; 2]);
    let mut dice = Dice(99);
    until("the exchange", LONG, || {
        while sent < 300 {
            let fill = |to: UserBuf| to.write(0, &bytes_of(sent, wire::MAX_PAYLOAD));
            if job.ranks[0].send_filled(1, header(sent, wire::MAX_PAYLOAD), fill).is_err() {
                break;
            }
            sent += 1;
        }
        for me in 0..2 {
            // Asleep or not: what is announced as nothing to do must be nothing to do.
            while !job.ranks[me].is_quiet() {
                if me == 1 && dice.next(3) == 0 {
                    receive(&mut job.ranks[1], &mut got, &sizes);
                }
                if me == 0 {
                    assert!(job.ranks[0].next().is_none());
                }
            }
        }
        let asleep_with_work = job.ranks[0].links[1]
            .as_ref()
            .is_some_and(|l| matches!(l.state, State::Up(_)) && !l.outbox.is_empty() && !l.watched);
        assert!(!asleep_with_work);
        got[0] == 300
    });
}
