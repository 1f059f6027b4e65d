//! Fuzzing the transfer device with a peer that sends whatever it likes, over networks that fail whenever they like:
//! what is delivered is delivered once and in sequence, with the bytes that came with it; what is kept stays within the
//! window, in both directions; nothing that the peer did not acknowledge is forgotten.

use super::{Arrival, INNER, Mode, Settings, Xfer};
use crate::core::buffer::{Buffer, UserBuf};
use crate::core::device::Properties;
use crate::core::frame::{Header, kind};
use crate::core::network::Link;
use crate::core::slab::Slab;
use crate::fuzz::Input;
use std::collections::{HashMap, VecDeque};

const WINDOW: usize = 40_000;
const FRAMES: usize = 16;
const LARGEST: usize = 10_000;

/// What must hold, told by simple means.
struct Model {
    xfer: Xfer,
    now: u64,
    /// The sequence number of the next frame to be delivered.
    due: u32,
    /// The marks of the frames that are kept.
    kept: HashMap<u32, u32>,
    mark: u32,
    /// Numbers of the frames that were pushed and not acknowledged, and the first such.
    unacknowledged: VecDeque<usize>,
    base: u32,
    /// How many of them have been handed to a network at least once.
    handed: usize,
}

fn properties(sort: u8) -> Properties {
    Properties {
        max_payload: LARGEST,
        ordered: sort & 1 == 0,
        reliable: sort & 3 == 2,
        latency_ns: 1000,
        bandwidth_mb: 100,
    }
}

impl Model {
    fn new(input: &mut Input<'_>) -> Model {
        let mode = if input.byte() & 1 == 0 { Mode::Striping } else { Mode::Standby };
        let mut xfer =
            Xfer::new(Settings { mode, window_bytes: WINDOW, window_frames: FRAMES, ..Settings::default() });
        let first = if input.byte() & 1 == 0 { 0 } else { u32::MAX - 5 };
        xfer.number_from(first);
        // An unreliable network first: what a reliable one takes is forgotten at once, which the model leaves out.
        for id in 0..1 + input.byte() % 3 {
            let sort = input.byte() & 1;
            xfer.add_network(id, "net", properties(sort));
            xfer.set_link(id, &Link::Up, 0);
        }
        let (kept, unacknowledged) = (HashMap::new(), VecDeque::new());
        Model { xfer, now: 0, due: first, kept, mark: 0, unacknowledged, base: first, handed: 0 }
    }

    fn push(&mut self, input: &mut Input<'_>) {
        if !self.xfer.has_room() {
            return;
        }
        let len = input.below(LARGEST - INNER);
        let header = Header { kind: 5, meta: [1, 2, 3], len };
        self.xfer.push(input.half(), &header, Slab::of(Buffer::allocate(len)), self.now);
        self.unacknowledged.push_back(len + INNER);
    }

    /// Mostly numbers near those that mean something.
    fn number(&self, input: &mut Input<'_>) -> u32 {
        let near = u32::from(input.byte() % 64).wrapping_sub(16);
        match input.byte() % 4 {
            0 => input.word(),
            1 => self.base.wrapping_add(near),
            _ => self.due.wrapping_add(near),
        }
    }

    fn live(&mut self, input: &mut Input<'_>) {
        let len = if input.byte().is_multiple_of(8) {
            input.below(LARGEST + 99)
        } else {
            usize::from(input.byte()) + 4
        };
        let meta = [input.word(), self.number(input), self.number(input)];
        let header = Header { kind: kind::LIVE, meta, len };
        let arrival = self.xfer.arrive(input.byte() % 4, &header, self.now);
        let acked = !matches!(arrival, Arrival::Malformed(_));
        match arrival {
            Arrival::Deliver { epoch, kind } => {
                assert_eq!(meta[1], self.due, "out of its turn");
                assert_eq!((meta[0] >> 16, meta[0] >> 8 & 0xff), (u32::from(epoch), u32::from(kind)));
                self.delivered();
            }
            Arrival::Keep => self.keep(meta, len),
            Arrival::Duplicate => {
                let old = meta[1].wrapping_sub(self.due) as i32 > 0;
                assert!(!old || self.kept.contains_key(&meta[1]), "news taken for a duplicate");
            }
            Arrival::Nothing => panic!("a LIVE frame carries data"),
            Arrival::Malformed(why) => assert!(!why.is_empty()),
        }
        if acked {
            self.acknowledged(meta[2]);
        }
    }

    fn keep(&mut self, meta: [u32; 3], len: usize) {
        assert!(len >= INNER && meta[1].wrapping_sub(self.due) as i32 > 0);
        self.mark += 1;
        let copy = Buffer::allocate(len);
        copy.address().write(0, &self.mark.to_le_bytes());
        self.xfer.keep(Slab::of(copy));
        assert!(self.kept.insert(meta[1], self.mark).is_none(), "kept twice");
    }

    /// The frame whose turn it is was delivered; so are those that waited for it.
    fn delivered(&mut self) {
        self.due = self.due.wrapping_add(1);
        while let Some(mut ready) = self.xfer.next_ready() {
            let mark = self.kept.remove(&self.due).expect("a frame that was kept");
            let mut bytes = [0; 4];
            ready.slab.read(UserBuf::of(&mut bytes), 4);
            assert_eq!(u32::from_le_bytes(bytes), mark, "the bytes of another frame");
            self.due = self.due.wrapping_add(1);
        }
        assert!(!self.kept.contains_key(&self.due), "a frame whose turn has come stays kept");
    }

    fn ack(&mut self, input: &mut Input<'_>) {
        let first = match input.byte() % 4 {
            0 => input.word(),
            flags => {
                u32::from(flags - 1) << 28 | u32::from(input.byte() % 40) << 14 | u32::from(input.byte() % 40)
            }
        };
        let number = if input.byte() & 1 == 0 { u32::from(input.byte() % 8) } else { self.number(input) };
        let header = Header { kind: kind::ACK, meta: [first, number, self.number(input)], len: 0 };
        let arrival = self.xfer.arrive(input.byte() % 4, &header, self.now);
        match arrival {
            Arrival::Nothing => self.acknowledged(header.meta[2]),
            Arrival::Malformed(_) => {}
            other => panic!("an ACK frame gives {other:?}"),
        }
    }

    /// The peer has said that it has all before `ack`.
    fn acknowledged(&mut self, ack: u32) {
        let n = ack.wrapping_sub(self.base) as i32;
        assert!(n <= self.handed as i32, "an ack of what was not sent");
        for _ in 0..n.max(0) {
            self.unacknowledged.pop_front();
            self.base = self.base.wrapping_add(1);
            self.handed -= 1;
        }
    }

    /// A round of progress.
    fn round(&mut self, input: &mut Input<'_>) {
        self.now += u64::from(input.half()) << (input.byte() % 17);
        self.xfer.tick(self.now);
        for _ in 0.. {
            let Some(out) = self.xfer.next_out(self.now) else { break };
            assert_eq!(out.header.len, out.slab.len());
            let new =
                (out.header.kind == kind::LIVE).then(|| out.header.meta[1].wrapping_sub(self.base) as usize);
            match input.byte() {
                255 => self.xfer.refused_lost("gone", self.now),
                240.. => self.xfer.refused_full(),
                _ => {
                    self.xfer.sent(self.now);
                    self.handed = self.handed.max(new.map_or(0, |at| at + 1));
                }
            }
        }
        while self.xfer.next_drop().is_some() {}
        while let Some(id) = self.xfer.next_open(self.now) {
            let link = if input.byte() & 7 == 0 { Link::Down("no".into()) } else { Link::Up };
            self.xfer.set_link(id, &link, self.now);
        }
        self.xfer.idle(self.now);
        let report = self.xfer.report();
        assert!(report.starts_with('{') && report.ends_with('}'));
    }

    fn network(&mut self, input: &mut Input<'_>) {
        let id = input.byte() % 4;
        match input.byte() % 6 {
            0 => self.xfer.remove_network(id, self.now),
            1 => self.xfer.add_network(id, "again", properties(id & 1)),
            2 => self.xfer.set_enabled(id, true, self.now),
            3 => self.xfer.set_enabled(id, false, self.now),
            4 => self.xfer.set_link(id, &Link::Up, self.now),
            _ => self.xfer.set_link(id, &Link::Down("cut".into()), self.now),
        }
    }

    fn check(&self) {
        assert!(self.xfer.order.bytes() <= 2 * WINDOW + LARGEST && self.kept.len() <= 2 * FRAMES);
        assert_eq!(self.xfer.order.expected(), self.due);
        assert_eq!((self.xfer.window.len(), self.xfer.window.base()), (self.unacknowledged.len(), self.base));
        assert_eq!(self.xfer.retained_bytes(), self.unacknowledged.iter().sum::<usize>());
        assert!(self.unacknowledged.len() <= FRAMES && self.xfer.retained_bytes() < WINDOW + LARGEST);
    }
}

/// A sequence of whatever can happen.
pub fn peer(data: &[u8]) {
    let mut input = Input(data);
    let mut model = Model::new(&mut input);
    while !input.is_empty() {
        match input.byte() % 8 {
            0 => model.push(&mut input),
            1..=3 => model.live(&mut input),
            4 => model.ack(&mut input),
            5 => model.network(&mut input),
            6 => {
                let header = Header { kind: input.byte(), meta: [0; 3], len: input.below(2) };
                let ours = matches!(header.kind, kind::LIVE | kind::ACK);
                match model.xfer.arrive(0, &header, model.now) {
                    Arrival::Malformed(_) => {}
                    Arrival::Nothing if ours => model.acknowledged(0),
                    other => panic!("kind {} gives {other:?}", header.kind),
                }
            }
            _ => model.round(&mut input),
        }
        model.check();
    }
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("xfer", peer);
}
