//! What we owe the peer: acknowledgements, answers, and our own questions. All of them are ACK frames, without
//! sequence; they may be lost.

use super::Xfer;
use super::wire::{Said, ack_header};
use crate::core::frame::Header;

/// What has arrived and is not yet acknowledged.
#[derive(Default)]
pub struct Owed {
    frames: usize,
    bytes: usize,
    since: u64,
    /// An ack is to leave as soon as a network takes it.
    due: bool,
}

impl Owed {
    #[inline]
    pub fn add(&mut self, bytes: usize, now: u64) {
        if self.frames == 0 {
            self.since = now;
        }
        self.frames += 1;
        self.bytes += bytes;
    }

    #[inline]
    pub fn is_due(&self) -> bool {
        self.due || self.frames > 0
    }

    /// When an idle process acknowledges.
    pub fn deadline(&self, delay: u64) -> Option<u64> {
        (self.frames > 0 && !self.due).then(|| self.since + delay)
    }

    #[inline]
    fn clear(&mut self) {
        (self.frames, self.bytes, self.due) = (0, 0, false);
    }
}

/// A control frame: what to note when it has left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Tells of the frames heard over this network (its index), or only the cumulative ack.
    Ack(Option<usize>),
    /// What is held, ahead of an answer.
    Block,
    Answer,
    Probe,
}

impl Xfer {
    /// A LIVE frame has arrived over the network at `slot`.
    #[inline]
    pub(super) fn owe(&mut self, slot: usize, seq: u32, bytes: usize, now: u64) {
        let path = &mut self.paths[slot];
        path.heard.note(seq, now);
        if path.properties.reliable {
            return;
        }
        let hasty = path.throttle.is_some() && !self.order.is_empty();
        let frames = if hasty { 4 } else { self.settings.ack_frames };
        path.heard.recent += bytes;
        self.owed.add(bytes, now);
        if self.owed.frames >= frames || self.owed.bytes >= self.settings.ack_bytes {
            self.demand_ack();
        } else if self.owed.frames == 1 {
            self.alarm = self.alarm.min(now + self.settings.ack_delay_ns);
        }
    }

    pub(super) fn demand_ack(&mut self) {
        self.owed.due = true;
        self.urgent = true;
    }

    /// The caller found nothing to do: acknowledgements may leave without waiting for company.
    pub fn idle(&mut self, now: u64) {
        if self.owed.deadline(self.settings.ack_delay_ns).is_some_and(|at| now >= at) {
            self.demand_ack();
        }
    }

    /// Something is to be acknowledged: before a long sleep, call [`Xfer::flush_acks`] and [`Xfer::next_out`].
    pub fn ack_due(&self) -> bool {
        self.owed.is_due()
    }

    /// Acknowledges everything now.
    pub fn flush_acks(&mut self) {
        if self.owed.is_due() {
            self.demand_ack();
        }
    }

    /// A frame with our cumulative ack has left.
    #[inline]
    pub(super) fn acknowledged(&mut self) {
        // What is held beyond a gap only an ACK frame can tell.
        if self.order.is_empty() {
            self.owed.clear();
        }
    }

    /// The next control frame and the network for it (its index).
    #[cold]
    pub(super) fn next_control(&mut self) -> Option<(usize, Header, Control)> {
        let mut waits = self.owed.due;
        for slot in 0..self.paths.len() {
            let path = &self.paths[slot];
            if path.answer_due.is_none() && !path.probe_due {
                continue;
            }
            waits = true;
            if path.is_up() && !path.blocked {
                let (said, control) = self.question_or_answer(slot);
                return Some((slot, ack_header(said, self.order.expected()), control));
            }
        }
        if self.owed.due
            && let Some(route) = self.ack_route()
        {
            let (said, control) = self.tell_heard();
            return Some((route, ack_header(said, self.order.expected()), control));
        }
        self.urgent = waits;
        None
    }

    fn question_or_answer(&self, slot: usize) -> (Said, Control) {
        let path = &self.paths[slot];
        let block = self.order.block(path.heard.last).filter(|_| path.block_due);
        match (block, path.answer_due) {
            (Some(block), Some(_)) => (Said::Block(block), Control::Block),
            (_, Some(number)) => (Said::Answer(number, self.order.first_gap()), Control::Answer),
            _ => (Said::Probe(path.next_probe), Control::Probe),
        }
    }

    /// What was heard over one of the networks since the last ack.
    fn tell_heard(&mut self) -> (Said, Control) {
        for (slot, path) in self.paths.iter_mut().enumerate().filter(|(_, path)| path.heard.fresh) {
            if let Some(block) = self.order.block(path.heard.last) {
                return (Said::Block(block), Control::Ack(Some(slot)));
            }
            path.heard.fresh = false;
        }
        (Said::Block(Default::default()), Control::Ack(None))
    }

    /// Over which network acks go: one of those over which the peer was heard of late, the quickest of them. A process
    /// that sends nothing else has not measured that; the peer sends most over the quickest.
    fn ack_route(&self) -> Option<usize> {
        let up = || self.paths.iter().filter(|path| path.is_up());
        let unknown =
            up().all(|path| !path.properties.reliable) && up().any(|path| !path.gauge.is_measured());
        let ask_peer = self.window.is_empty() && unknown;
        let usable = |slot: &usize| self.paths[*slot].is_up() && !self.paths[*slot].blocked;
        let latest = self.paths.iter().filter(|path| path.is_up()).map(|path| path.heard.at).max()?;
        let recent = latest.saturating_sub(self.settings.dead_after_ns / 8);
        let rank = |slot: &usize| {
            let path = &self.paths[*slot];
            (
                path.heard.at < recent,
                path.suspect,
                !path.enabled,
                if ask_peer { usize::MAX - path.heard.recent } else { 0 },
                path.gauge.completion(path.flights.bytes(), 64) as u64,
            )
        };
        (0..self.paths.len()).filter(usable).min_by_key(rank)
    }

    pub(super) fn control_sent(&mut self, slot: usize, control: Control, now: u64) {
        if let Control::Ack(_) = control {
            self.paths.iter_mut().for_each(|path| path.heard.recent -= path.heard.recent / 8);
        }
        match control {
            Control::Probe => {
                self.paths[slot].probe_sent(now);
                self.alarm = 0;
            }
            Control::Block => self.paths[slot].block_due = false,
            Control::Answer => self.paths[slot].answer_due = None,
            Control::Ack(Some(heard)) => {
                self.paths[heard].heard.fresh = false;
                let more =
                    |path: &super::Path| path.heard.fresh && self.order.block(path.heard.last).is_some();
                if !self.paths.iter().any(more) {
                    self.owed.clear();
                }
            }
            Control::Ack(None) => self.owed.clear(),
        }
    }
}
