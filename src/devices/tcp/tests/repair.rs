//! Links that break and are made again.

use super::*;
use crate::core::buffer::Buffer;
use crate::core::frame::{Begun, HEAD, kind};
use crate::core::network::Link as Way;
use crate::core::slab::Slab;
use crate::sys::net::abort;
use std::net::Shutdown;
use std::os::fd::AsFd;

fn slab(bytes: &[u8]) -> Slab {
    let buffer = Buffer::allocate(bytes.len());
    buffer.address().write(0, bytes);
    Slab::of(buffer)
}

fn live(number: u32, len: usize) -> Header {
    Header { kind: kind::LIVE, meta: [number, 1, 2], len }
}

fn poll(tcp: &mut Tcp) -> Vec<u32> {
    let mut got = Vec::new();
    // A look may be a look at the connection that delivered last: a few see everything.
    for _ in 0..4 {
        tcp.poll_all();
        while let Some(frame) = tcp.next() {
            let mut bytes = vec![0; frame.header.len];
            frame.payload.read(0, &mut bytes);
            assert_eq!(bytes, bytes_of(frame.header.meta[0], bytes.len()));
            got.push(frame.header.meta[0]);
            tcp.release(frame.token);
        }
    }
    got
}

fn both_up(job: &mut Job) {
    until("the connection", LONG, || {
        for me in 0..2 {
            poll(&mut job.ranks[me]);
            job.ranks[me].open(1 - me as u32);
        }
        (0..2).all(|me| job.ranks[me].link(1 - me as u32) == Way::Up) && ends(job)[0] == ends(job)[1]
    });
}

fn open_job() -> Job {
    let mut job = job(2);
    assert_eq!(job.ranks[0].link(1), Way::Unused);
    both_up(&mut job);
    job
}

/// The address of rank 0's end, as both ends see it.
fn ends(job: &Job) -> [Option<SocketAddr>; 2] {
    [0, 1].map(|me| match &job.ranks[me].links[1 - me].as_ref()?.state {
        State::Up(socket) if me == 0 => socket.local_addr().ok(),
        State::Up(socket) => socket.peer_addr().ok(),
        _ => None,
    })
}

/// A frame each way.
fn exchange(job: &mut Job, number: u32) {
    let len = (number as usize * 7919) % 20_000;
    for me in 0..2 {
        let sent = Network::send(
            &mut job.ranks[me],
            1 - me as u32,
            live(number, len),
            &slab(&bytes_of(number, len)),
        );
        assert_eq!(sent, Ok(()));
    }
    let mut got = [false; 2];
    until("the exchange", LONG, || {
        for (me, got) in got.iter_mut().enumerate() {
            *got |= poll(&mut job.ranks[me]).contains(&number);
        }
        got[0] && got[1]
    });
}

/// Ways for a connection to break, as seen from rank `me`.
fn break_link(job: &mut Job, me: usize, how: usize, attic: &mut Vec<TcpStream>) {
    let peer = 1 - me as u32;
    let link = job.ranks[me].links[peer as usize].as_mut().unwrap();
    match how {
        0 => match &link.state {
            State::Up(socket) => socket.shutdown(Shutdown::Both).unwrap_or(()),
            _ => panic!("not up"),
        },
        1 => match std::mem::replace(&mut link.state, State::Unused) {
            State::Up(socket) => {
                abort(socket);
                job.ranks[me].lose(peer, "reset");
            }
            _ => panic!("not up"),
        },
        2 => job.ranks[me].drop_link(peer, "the test says so"),
        // We know that it is dead, and the peer hears nothing of it.
        _ => match std::mem::replace(&mut link.state, State::Unused) {
            State::Up(socket) => {
                job.ranks[me].epoll.remove(socket.as_fd()).unwrap();
                attic.push(socket);
                job.ranks[me].lose(peer, "silence");
            }
            _ => panic!("not up"),
        },
    }
}

#[test]
fn a_link_is_made_again_however_it_broke() {
    let mut job = open_job();
    let mut attic = Vec::new();
    exchange(&mut job, 1);
    for round in 0..24 {
        let (me, how) = (round % 2, (round / 2) % 4);
        break_link(&mut job, me, how, &mut attic);
        until("the loss", LONG, || {
            poll(&mut job.ranks[me]);
            matches!(job.ranks[me].link(1 - me as u32), Way::Down(_))
        });
        both_up(&mut job);
        exchange(&mut job, 10 + round as u32);
    }
    assert!(job.ranks.iter_mut().all(|tcp| tcp.take_losses_and_alerts().is_empty()));
}

/// The peer knows nothing of the death; it does nothing but look at its sockets.
#[test]
fn a_new_connection_replaces_one_that_only_the_peer_believes_in() {
    let mut job = open_job();
    let mut attic = Vec::new();
    for me in [0, 1, 0, 1] {
        break_link(&mut job, me, 3, &mut attic);
        until("the new connection", LONG, || {
            job.ranks[me].open(1 - me as u32);
            (0..2).for_each(|me| drop(poll(&mut job.ranks[me])));
            job.ranks[me].link(1 - me as u32) == Way::Up
        });
        assert_eq!(ends(&job)[0], ends(&job)[1]);
        exchange(&mut job, me as u32);
    }
    // The old sockets have been closed by the other end.
    for mut socket in attic {
        socket.set_nonblocking(false).unwrap();
        assert!(!matches!(socket.read(&mut [0; 8]), Ok(1..)));
    }
}

#[test]
fn a_thousand_crossing_redials_end_with_one_connection_each() {
    let mut job = open_job();
    let mut dice = Dice(0x5eed_1234_9876);
    let mut attic = Vec::new();
    for round in 0..1000u32 {
        let breaker = dice.next(2);
        break_link(&mut job, breaker, dice.next(4), &mut attic);
        if dice.next(2) == 0 && job.ranks[1 - breaker].link(breaker as u32) == Way::Up {
            break_link(&mut job, 1 - breaker, dice.next(4), &mut attic);
        }
        until("the loss", LONG, || {
            job.ranks[breaker].poll_all();
            job.ranks[breaker].link(1 - breaker as u32) != Way::Up
        });
        until("the connection", LONG, || {
            let me = dice.next(2);
            match dice.next(3) {
                0 => job.ranks[me].open(1 - me as u32),
                _ => drop(poll(&mut job.ranks[me])),
            }
            (0..2).all(|me| job.ranks[me].link(1 - me as u32) == Way::Up) && ends(&job)[0] == ends(&job)[1]
        });
        let agreed = ends(&job);
        exchange(&mut job, round);
        // Whatever of the other attempts still lies in a queue changes nothing.
        (0..2).for_each(|me| drop(poll(&mut job.ranks[me])));
        assert_eq!(ends(&job), agreed, "round {round}");
        attic.clear();
    }
    let generations: Vec<u32> =
        (0..2).map(|me| job.ranks[me].links[1 - me].as_ref().unwrap().generation).collect();
    assert_eq!(generations[0], generations[1]);
    println!("generation {} after 1000 redials", generations[0]);
}

/// The lower rank's attempts reach nobody: the other one's count, although both try.
#[test]
fn one_direction_is_enough() {
    let mut job = job(2);
    // Nobody listens on port 9.
    job.ranks[0].set_card(1, b"127.0.0.1:9").unwrap();
    both_up(&mut job);
    exchange(&mut job, 3);
}

#[test]
fn an_attempt_fails_soon_and_can_be_repeated() {
    let mut job = job(2);
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let card = format!("127.0.0.1:9\n{}", deaf.local_addr().unwrap());
    let good = job.ranks[1].card();
    job.ranks[0].set_card(1, card.as_bytes()).unwrap();
    let start = Instant::now();
    job.ranks[0].open(1);
    assert_eq!(job.ranks[0].link(1), Way::Opening);
    assert_eq!(Network::send(&mut job.ranks[0], 1, live(0, 0), &Slab::default()), Err(SendError::Full));
    until("the failure", LONG, || {
        job.ranks[0].poll_all();
        job.ranks[0].link(1) != Way::Opening
    });
    assert!(start.elapsed() < Duration::from_secs(10));
    let Way::Down(why) = job.ranks[0].link(1) else { panic!() };
    assert!(why.contains("Connection refused") && why.contains("no answer"), "{why}");
    assert_eq!(Network::send(&mut job.ranks[0], 1, live(0, 0), &Slab::default()), Err(SendError::Lost(why)));
    job.ranks[0].set_card(1, &good).unwrap();
    both_up(&mut job);
    exchange(&mut job, 4);
    assert!(job.ranks[0].set_card(1, b"\xff\xfe nonsense").is_err());
}

#[test]
fn a_held_frame_outlives_its_link() {
    let mut job = open_job();
    let bytes = bytes_of(5, 3000);
    for number in [5, 6] {
        Network::send(&mut job.ranks[0], 1, live(number, 3000), &slab(&bytes_of(number, 3000))).unwrap();
    }
    let mut held = None;
    until("the frame", LONG, || {
        held = job.ranks[1].next();
        held.is_some()
    });
    let frame = held.unwrap();
    job.ranks[1].drop_link(0, "in the middle");
    until("the loss", LONG, || {
        poll(&mut job.ranks[0]);
        job.ranks[0].link(1) != Way::Up
    });
    job.ranks[0].open(1);
    for _ in 0..1000 {
        poll(&mut job.ranks[0]);
        job.ranks[1].poll_all();
    }
    let mut got = vec![0; 3000];
    frame.payload.read(0, &mut got);
    assert!(got == bytes);
    job.ranks[1].release(frame.token);
    both_up(&mut job);
    exchange(&mut job, 9);
}

/// What waits is bounded, is not a copy, and is let go of with its connection.
#[test]
fn large_payloads_wait_where_they_are() {
    let mut job = open_job();
    let bytes = bytes_of(1, 100_000);
    let buffer = Buffer::allocate(bytes.len());
    buffer.address().write(0, &bytes);
    let slab = Slab::of(buffer.clone());
    let mut sent = 0;
    while Network::send(&mut job.ranks[0], 1, live(1, bytes.len()), &slab).is_ok() {
        sent += 1;
        assert!(sent < 1000, "the way never fills up");
    }
    assert!(job.ranks[0].owes());
    let waiting = std::rc::Rc::strong_count(&buffer) - 2;
    assert!((1..=8).contains(&waiting), "{waiting} frames wait");
    let mut got = 0;
    until("the frames", LONG, || {
        (0..2).for_each(|me| got += poll(&mut job.ranks[me]).len());
        got == sent
    });
    assert_eq!(std::rc::Rc::strong_count(&buffer), 2);
    while Network::send(&mut job.ranks[0], 1, live(1, bytes.len()), &slab).is_ok() {}
    job.ranks[0].drop_link(1, "enough");
    assert_eq!(std::rc::Rc::strong_count(&buffer), 2);
}

#[test]
fn a_missing_interface_is_trouble_and_no_error() {
    let choice = Choice { interfaces: Some(vec!["nosuch0".into()]), ..Choice::default() };
    let host = Box::new(|rank| format!("h{rank}"));
    let setup =
        Setup { id: 2, rank: 1, size: 2, name: "net".into(), choice, one_host: true, secret: SECRET, host };
    let mut lame = Tcp::open(setup).unwrap();
    assert_eq!(lame.trouble().unwrap(), "network net: interface nosuch0 is not there");
    assert!(lame.card().is_empty());
    // It reaches others all the same, if the system knows a way.
    let mut other = member(0, 2, SECRET);
    lame.set_card(0, &other.card()).unwrap();
    lame.open(0);
    until("the connection", LONG, || {
        poll(&mut lame);
        poll(&mut other);
        lame.link(0) == Way::Up && other.link(1) == Way::Up
    });
    // Its interface comes.
    lame.setup.choice = Choice::default();
    lame.looked = 0;
    lame.drop_link(0, "again");
    lame.open(0);
    assert!(lame.trouble().is_none() && !lame.card().is_empty());
}

/// A link that nobody repairs does not come back by itself.
#[test]
fn a_direct_link_stays_broken() {
    let mut job = job(2);
    job.ranks[1].send_filled(0, header(0, 0), |_| {}).unwrap();
    until("the message", LONG, || {
        poll(&mut job.ranks[1]);
        poll(&mut job.ranks[0]) == [0]
    });
    job.ranks[0].drop_link(1, "for good");
    until("the loss", LONG, || {
        poll(&mut job.ranks[1]);
        job.ranks[1].link(0) != Way::Up
    });
    assert_eq!(job.ranks[1].lost, [0]);
    assert_eq!(job.ranks[0].send_filled(1, header(0, 0), |_| {}), Err(SendError::Full));
    assert!(matches!(job.ranks[0].link(1), Way::Down(_)));
    job.ranks[0].open(1);
    assert!(matches!(job.ranks[0].link(1), Way::Down(_)));
}

/// Frames that nobody keeps, sent by the way of those that somebody does: the first makes a patient attempt.
#[test]
fn a_plain_frame_survives_a_brief_attempt() {
    let mut job = job(2);
    let good = job.ranks[0].cards[1].clone();
    job.ranks[0].set_card(1, b"127.0.0.1:9").unwrap();
    job.ranks[0].open(1);
    until("the failure", LONG, || {
        job.ranks[0].poll_all();
        matches!(job.ranks[0].link(1), Way::Down(_))
    });
    job.ranks[0].cards[1] = good;
    let plain = Header { kind: 5, ..live(4, 100) };
    until("the sending", LONG, || {
        job.ranks[1].poll_all();
        job.ranks[0].poll_all();
        Network::send(&mut job.ranks[0], 1, plain, &slab(&bytes_of(4, 100))).is_ok()
    });
    until("the frame", LONG, || {
        poll(&mut job.ranks[0]);
        poll(&mut job.ranks[1]) == [4]
    });
    assert_eq!(job.ranks[1].links[0].as_ref().unwrap().care, Care::Direct);
}

/// A stranger to the device's own sending half: writes into the middle of rank 0's connection to rank 1.
fn write_raw(job: &Job, bytes: &[u8]) {
    let Some(State::Up(socket)) = job.ranks[0].links[1].as_ref().map(|link| &link.state) else {
        panic!("not up")
    };
    (&mut &*socket).write_all(bytes).unwrap();
}

/// Polls rank 1 until a long frame has begun.
fn begun(job: &mut Job) -> Begun {
    let mut begun = None;
    until("the beginning", LONG, || {
        job.ranks[1].poll_all();
        assert!(job.ranks[1].next().is_none());
        begun = job.ranks[1].begun();
        begun.is_some()
    });
    begun.unwrap()
}

#[test]
fn a_frame_that_lands_is_written_where_it_belongs_and_a_cut_or_a_retraction_ends_that() {
    const LEN: usize = 200_000;
    for how in 0..3 {
        let mut job = open_job();
        let bytes = bytes_of(9, LEN);
        let head = wire::encode(live(9, LEN), 0);
        write_raw(&job, &[&head[..], &bytes[..50_000]].concat());
        let begun = begun(&mut job);
        assert_eq!((begun.header, &begun.head[..]), (live(9, LEN), &bytes[..HEAD]));
        let mut ground = vec![0xee; LEN];
        job.ranks[1].land(&begun, UserBuf::of(&mut ground));
        write_raw(&job, &bytes[50_000..100_000]);
        until("half of it", LONG, || {
            job.ranks[1].poll_all();
            ground[..100_000 - HEAD] == bytes[HEAD..100_000]
        });
        match how {
            0 => write_raw(&job, &bytes[100_000..]),
            1 => {
                job.ranks[1].retract(0);
                ground.fill(0xee);
                write_raw(&job, &bytes[100_000..]);
            }
            _ => {
                break_link(&mut job, 0, 1, &mut Vec::new());
                until("the loss", LONG, || {
                    poll(&mut job.ranks[1]);
                    matches!(job.ranks[1].link(0), Way::Down(_))
                });
                ground.fill(0xee);
                both_up(&mut job);
                write_raw(&job, &[&head[..], &bytes[..]].concat());
            }
        }
        let mut got = None;
        until("the frame", LONG, || {
            job.ranks[1].poll_all();
            got = job.ranks[1].next();
            got.is_some()
        });
        let frame = got.unwrap();
        assert_eq!((frame.header, frame.token.landed), (live(9, LEN), how == 0));
        if how == 0 {
            assert!(ground[..LEN - HEAD] == bytes[HEAD..] && ground[LEN - HEAD..] == [0xee; HEAD]);
        } else {
            let mut whole = vec![0; LEN];
            frame.payload.read(0, &mut whole);
            assert!(whole == bytes && ground.iter().all(|byte| *byte == 0xee));
        }
        job.ranks[1].release(frame.token);
    }
}
