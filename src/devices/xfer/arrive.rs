//! What arrives: data to be delivered or held, and news of what we sent.

use super::order::Place;
use super::window::State;
use super::wire::{self, Block, Said};
use super::{INNER, Xfer};
use crate::core::frame::{Header, kind};
use crate::core::slab::Slab;

/// What to do with a frame that has arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// Its turn: deliver it now, where it lies, then ask [`Xfer::next_ready`].
    Deliver { epoch: u16, kind: u8 },
    /// Ahead of its turn: give a copy of the payload to [`Xfer::keep`].
    Keep,
    /// It has been here before.
    Duplicate,
    /// It carried no data.
    Nothing,
    /// It makes no sense and is dropped, for this reason.
    Malformed(String),
}

/// A frame that was kept and whose turn has come.
pub struct Ready {
    pub epoch: u16,
    pub kind: u8,
    /// Inner meta and data, as kept.
    pub slab: Slab,
}

impl Xfer {
    /// A frame of kind LIVE or ACK has arrived over `network`.
    #[inline]
    pub fn arrive(&mut self, network: u8, header: &Header, now: u64) -> Arrival {
        let Some(slot) = self.slot(network) else {
            return Arrival::Malformed(format!("network {network} does not belong to the connection"));
        };
        let result = match header.kind {
            kind::LIVE => self.arrive_live(slot, header, now),
            kind::ACK => self.arrive_ack(slot, header, now),
            other => Err(format!("a frame of kind {other}, expected LIVE or ACK")),
        };
        result.unwrap_or_else(Arrival::Malformed)
    }

    #[inline]
    fn arrive_live(&mut self, slot: usize, header: &Header, now: u64) -> Result<Arrival, String> {
        let [word, seq, ack] = header.meta;
        if header.len < INNER {
            return Err(format!("a LIVE frame of {} bytes, expected at least {INNER}", header.len));
        }
        let place = self.order.place(seq, header.len);
        if place == Place::Outside {
            let expected = self.order.expected();
            return Err(format!(
                "frame {seq} of {} bytes is outside of the window from {expected}",
                header.len
            ));
        }
        self.take_ack(ack, now)?;
        self.watch.active = true;
        let counts = &mut self.paths[slot].counts;
        counts.frames_in += 1;
        counts.bytes_in += header.len as u64;
        let (epoch, kind) = wire::split_word(word);
        self.order.pending = None;
        let arrival = match place {
            Place::Next => {
                self.order.advance();
                Arrival::Deliver { epoch, kind }
            }
            Place::Ahead => {
                self.order.pending = Some((seq, word));
                Arrival::Keep
            }
            _ => {
                counts.duplicates += 1;
                Arrival::Duplicate
            }
        };
        self.owe(slot, seq, header.len, now);
        Ok(arrival)
    }

    /// The copy of the frame for which [`Xfer::arrive`] just said [`Arrival::Keep`].
    pub fn keep(&mut self, slab: Slab) {
        if let Some((seq, word)) = self.order.pending.take() {
            self.order.keep(seq, word, slab);
        }
    }

    /// The next kept frame whose turn has come.
    #[inline]
    pub fn next_ready(&mut self) -> Option<Ready> {
        let (word, slab) = self.order.next_ready()?;
        let (epoch, kind) = wire::split_word(word);
        Some(Ready { epoch, kind, slab })
    }

    /// Takes off the window what a cumulative ack covers.
    #[inline]
    fn take_ack(&mut self, ack: u32, now: u64) -> Result<(), String> {
        let Some(n) = self.window.covered(ack) else {
            return Err(format!("an ack up to frame {ack}, which was not sent yet"));
        };
        if n == 0 {
            return Ok(());
        }
        for _ in 0..n {
            let Some(entry) = self.window.pop() else { break };
            if entry.state == State::Flying
                && let Some(path) = self.paths.iter_mut().find(|path| path.id == entry.network)
            {
                path.frame_arrived(entry.index, entry.tries > 1, now);
            }
            self.spare.keep(entry.slab);
        }
        self.window.settle();
        self.watch.progress = now;
        self.settle(now);
        Ok(())
    }

    #[inline]
    fn settle(&mut self, now: u64) {
        for path in &mut self.paths {
            path.settle(&self.window, now);
        }
    }

    fn arrive_ack(&mut self, slot: usize, header: &Header, now: u64) -> Result<Arrival, String> {
        let (Some(said), 0) = (wire::read_ack(header), header.len) else {
            return Err(format!("an ACK frame {:?} of {} bytes", header.meta, header.len));
        };
        self.take_ack(header.meta[2], now)?;
        match said {
            Said::Block(block) => self.take_block(block, now),
            Said::Probe(number) => {
                let path = &mut self.paths[slot];
                path.heard.at = now;
                (path.answer_due, path.block_due) = (Some(number), true);
                self.urgent = true;
            }
            Said::Answer(number, gap) => self.take_answer(slot, number, header.meta[2], gap, now),
        }
        Ok(Arrival::Nothing)
    }

    /// The peer holds these frames, and misses those before them.
    fn take_block(&mut self, block: Block, now: u64) {
        let most = self.window.len();
        for i in 0..block.span.min(most) {
            let Some(entry) = self.window.hold(block.start.wrapping_add(i as u32)) else { continue };
            let (id, index, again) = (entry.network, entry.index, entry.tries > 1);
            if let Some(path) = self.paths.iter_mut().find(|path| path.id == id) {
                path.frame_arrived(index, again, now);
            }
        }
        for i in (1..=block.gap.min(most)).rev() {
            self.suspect_lost(block.start.wrapping_sub(i as u32), None);
        }
        self.settle(now);
        if block.span > 0 {
            self.alarm = self.alarm.min(self.look_for_late(now));
        }
    }

    /// The peer misses this frame. It is lost if the network has delivered what it got later; `before`: what is known
    /// of the network at this index, instead.
    fn suspect_lost(&mut self, seq: u32, before: Option<(u8, u64)>) {
        let Some(entry) = self.window.get(seq).filter(|entry| entry.state == State::Flying) else { return };
        let (id, index) = (entry.network, entry.index);
        let Some(path) = self.paths.iter_mut().find(|path| path.id == id) else { return };
        // Frames of an unordered network may overtake each other by a little.
        let slack = if path.properties.ordered { 0 } else { 3 };
        let lost = match before {
            Some((network, known)) => network == id && index < known,
            None => index + slack < path.flights.high(),
        };
        if lost {
            self.window.lose(seq);
            if let Some(throttle) = &mut path.throttle {
                throttle.lost(index, path.flights.next_index());
            }
        }
    }

    /// A probe was answered: what was sent before it and is missing now is lost.
    fn take_answer(&mut self, slot: usize, number: u32, ack: u32, gap: usize, now: u64) {
        let Some(probe) = self.paths[slot].answered(number, now) else { return };
        if self.paths[slot].phase == super::path::Phase::Proving {
            self.paths[slot].proven(now);
            self.count_usable(now);
        }
        let id = self.paths[slot].id;
        let missing = (0..gap.min(self.window.len())).map(|i| ack.wrapping_add(i as u32));
        let mut doubtful: Vec<u32> = missing.collect();
        if self.paths[slot].properties.ordered {
            doubtful.extend(self.paths[slot].flights.before(probe.index));
        }
        for seq in doubtful {
            self.suspect_lost(seq, Some((id, probe.index)));
        }
        self.settle(now);
        self.missed_by_answer(slot, probe.at, now);
    }
}
