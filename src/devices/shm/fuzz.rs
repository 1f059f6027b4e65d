//! Fuzzing shared memory against a neighbour that writes whatever it likes wherever it can, between any two of our
//! steps: nothing is read or written outside of its ring, a ring with garbage in it is given up with one alert, and
//! the rings of the honest neighbours go on.

use super::Shm;
use crate::core::buffer::UserBuf;
use crate::core::device::{SendError, Sink};
use crate::core::frame::{Header, Incoming};
use crate::fuzz::Input;
use crate::shm::bounce::{self, BUFFERS, Bounce};
use crate::shm::cells::CELLS;
use crate::shm::lines::SharedLines;
use crate::shm::node::Node;
use crate::shm::ring::{LINE, Lines, max_payload};
use crate::shm::segment::node_size;
use crate::sync::Ordering;
use crate::sys::fd::memory_file;
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::Arc;

/// Local rank 0 is us, 1 is honest, 2 is not.
const RANKS: usize = 3;
const HOSTILE: u32 = 2;

struct World {
    node: Arc<Node>,
    us: Shm,
    honest: Shm,
    /// Frames of the honest neighbour that are under way: number and length.
    sent: VecDeque<(u32, usize)>,
    number: u32,
    /// What the hostile one writes through: the ring to us, and ours to it.
    to_us: SharedLines,
    from_us: SharedLines,
    alerts: usize,
}

impl World {
    fn new() -> World {
        let file = memory_file(c"vmi-fuzz", node_size(RANKS)).expect("a memory file");
        let node = Node::map(file.as_fd(), RANKS).expect("a segment");
        let shm = |me| Shm::new(node.clone(), 1, me, (0..RANKS as u32).collect());
        let (us, honest) = (shm(0), shm(1));
        let (to_us, from_us) = (node.lines(0, 2), node.lines(2, 0));
        node.control(0).hot[0].store(1 << HOSTILE, Ordering::Relaxed);
        World { node, us, honest, sent: VecDeque::new(), number: 0, to_us, from_us, alerts: 0 }
    }

    /// The hostile neighbour writes.
    fn scribble(&mut self, input: &mut Input<'_>) {
        let line = input.below(SharedLines::COUNT);
        let line = if input.byte() & 1 == 0 { line % 4 } else { line };
        match input.byte() % 8 {
            0 => self.to_us.word_release(line, input.word()),
            1 => {
                let names = CELLS as usize + 2 * BUFFERS + 2;
                let (kind, cell, len) = (input.byte(), input.below(names), input.size(40_000));
                self.to_us.word_release(line, u32::from(kind) << 24 | (cell as u32) << 16 | len as u32);
            }
            2 => self.to_us.bytes(line, input.below(LINE - 16)).write(0, &input.bytes::<16>()),
            3 => {
                let control = self.to_us.control();
                control.hot.store(input.word(), Ordering::Relaxed);
                control.claims.scribble(u64::from(input.word()) << (input.byte() % 33));
            }
            4 => {
                let head = u64::from(input.word()) << (input.byte() % 33);
                self.from_us.head_release(head.wrapping_sub(u64::from(input.byte())));
            }
            5 => self.from_us.word_release(line, input.word()),
            6 => {
                let us = self.node.control(0);
                us.hot[input.below(16)].store(u64::from_le_bytes(input.bytes()), Ordering::Relaxed);
                us.bell.store(input.word(), Ordering::Relaxed);
            }
            _ => {
                let its = self.node.control(HOSTILE as usize);
                its.sleeping.store(u32::from(input.byte() & 1), Ordering::Relaxed);
                its.pid.store(input.word(), Ordering::Relaxed);
                its.barrier.store(input.word(), Ordering::Relaxed);
                if let Some(bounce) = Bounce::named(input.byte()) {
                    its.returned.give_back(bounce);
                }
            }
        }
    }

    fn honest_sends(&mut self, input: &mut Input<'_>) {
        let bounced = input.byte().is_multiple_of(4);
        let len = input.size(if bounced { bounce::BYTES } else { max_payload(SharedLines::COUNT) });
        let header = Header { kind: 7, meta: [self.number, len as u32, !self.number], len };
        let fill = |to: UserBuf| to.write(0, &vec![self.number as u8; len]);
        let sent = match bounced {
            true => self.honest.send_bounced(0, header, fill),
            false => self.honest.send(0, header, fill),
        };
        match sent {
            Ok(()) => {
                self.sent.push_back((self.number, len));
                self.number += 1;
            }
            Err(SendError::Full) => assert!(!self.sent.is_empty(), "an empty ring is full"),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn receive(&mut self, hold: bool, input: &mut Input<'_>) {
        let Some(frame) = self.us.next() else { return };
        let lines = SharedLines::COUNT;
        assert!(frame.header.len <= max_payload(lines).max(bounce::BYTES) && frame.header.kind != 0);
        if hold {
            self.scribble(input);
        }
        let mut bytes = vec![0; frame.header.len];
        frame.payload.read(0, &mut bytes);
        if frame.peer == 1 {
            self.check_honest(&frame, &bytes);
        }
        self.us.release(frame.token);
    }

    fn check_honest(&mut self, frame: &Incoming, bytes: &[u8]) {
        let (number, len) = self.sent.pop_front().expect("nothing was sent");
        assert_eq!((frame.header.kind, frame.header.meta), (7, [number, len as u32, !number]));
        assert!(bytes.len() == len && bytes.iter().all(|byte| *byte == number as u8));
    }

    /// We send to the hostile one: as much as fits, wherever it says it has read to.
    fn we_send(&mut self, input: &mut Input<'_>) {
        let len = input.size(max_payload(SharedLines::COUNT));
        let header = Header { kind: 9, meta: [1, 2, 3], len };
        let _ = self.us.send(HOSTILE, header, |to| to.write(0, &vec![0xee; len]));
    }

    fn sleep(&mut self) {
        let _ = self.us.announce_sleep();
        self.us.end_sleep();
    }

    fn check(&mut self) {
        for (rank, why) in self.us.take_alerts() {
            assert!(rank == HOSTILE || rank == 0, "a ring that only the honest one writes: {why}");
            self.alerts += 1;
        }
        assert!(self.alerts <= RANKS, "one alert per ring");
    }

    /// What the honest neighbour has sent arrives, whatever the other one did.
    fn drain(&mut self) {
        // The hostile one can clear bits that ask for polling; the honest one's next bell sets them again.
        self.node.control(0).hot[0].fetch_or(2, Ordering::Relaxed);
        for _ in 0..100_000 {
            if self.sent.is_empty() {
                return;
            }
            self.receive(false, &mut Input(&[]));
        }
        panic!("{} frames of the honest neighbour do not arrive", self.sent.len());
    }
}

/// Steps of ours, of an honest neighbour, and writes of a hostile one, in any order.
pub fn neighbour(data: &[u8]) {
    let mut input = Input(data);
    let mut world = World::new();
    while !input.is_empty() {
        match input.byte() % 8 {
            0..=2 => world.scribble(&mut input),
            3 => world.honest_sends(&mut input),
            4 => world.receive(false, &mut input),
            5 => world.receive(true, &mut input),
            6 => world.we_send(&mut input),
            _ => world.sleep(),
        }
        world.check();
    }
    world.drain();
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("shm", neighbour);
}
