//! What to hand to the networks now.

use super::acks::Control;
use super::path::Trial;
use super::{Mode, Xfer};
use crate::core::frame::{Header, kind};
use crate::core::slab::Slab;

/// A frame to be handed to a network.
pub struct Out<'a> {
    pub network: u8,
    pub header: Header,
    /// The payload, from its cursor on; empty for ACK frames.
    pub slab: &'a Slab,
}

/// What was offered last, until the caller says what became of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    Nothing,
    Control(u8, Control),
    Frame(u8, u32),
    /// A second copy, to measure.
    Copy(u8, u32),
}

/// Only with so much waiting is another network measured.
const PLENTY: usize = 256 << 10;
/// Shortest time between two measurements of a network without traffic, ns.
const RESTED: u64 = 1_000_000_000;

impl Xfer {
    /// The next frame to be handed to a network. Answer with [`Xfer::sent`], [`Xfer::refused_full`] or
    /// [`Xfer::refused_lost`] before any other call.
    #[inline]
    pub fn next_out(&mut self, now: u64) -> Option<Out<'_>> {
        self.offer = Offer::Nothing;
        if self.urgent
            && let Some((slot, header, control)) = self.next_control()
        {
            let network = self.paths[slot].id;
            self.offer = Offer::Control(network, control);
            return Some(Out { network, header, slab: &self.empty });
        }
        if let Some((network, seq)) = self.copy.take()
            && self.can_copy(network, seq)
        {
            self.offer = Offer::Copy(network, seq);
            return self.frame_out(network, seq);
        }
        let seq = match self.window.next_lost() {
            Some(seq) => seq,
            None => self.window.next_new()?,
        };
        let network = self.choose(seq, now)?;
        self.offer = Offer::Frame(network, seq);
        self.frame_out(network, seq)
    }

    #[inline]
    fn frame_out(&self, network: u8, seq: u32) -> Option<Out<'_>> {
        let entry = self.window.get(seq)?;
        let meta = [entry.word, seq, self.order.expected()];
        Some(Out { network, header: Header { kind: kind::LIVE, meta, len: entry.len }, slab: &entry.slab })
    }

    /// The network has taken the offered frame.
    #[inline]
    pub fn sent(&mut self, now: u64) {
        match std::mem::replace(&mut self.offer, Offer::Nothing) {
            Offer::Nothing => {}
            Offer::Frame(id, seq) => self.frame_sent(id, seq, now),
            Offer::Control(id, control) => {
                if let Some(slot) = self.slot(id) {
                    self.control_sent(slot, control, now);
                }
            }
            Offer::Copy(id, seq) => self.copy_sent(id, seq, now),
        }
    }

    #[inline]
    fn frame_sent(&mut self, id: u8, seq: u32, now: u64) {
        let (Some(slot), Some(entry)) = (self.slot(id), self.window.get(seq)) else { return };
        let (len, tries) = (entry.len, entry.tries);
        let path = &mut self.paths[slot];
        let waited = path.waiting.is_some();
        let index = path.frame_sent(seq, len, tries > 0, now);
        path.counts.resent += u64::from(tries > 0);
        self.window.sent(seq, id, index, path.properties.reliable);
        if !waited {
            self.alarm = 0;
        }
        self.acknowledged();
        if self.paths.len() > 1 && tries == 0 {
            self.plan_copy(slot, seq, len, now);
        }
    }

    /// Now and then a network that gets no frames gets a copy of one, to see how fast it is by now. The frame itself
    /// goes the usual way, so that nothing waits for the copy.
    #[cold]
    fn plan_copy(&mut self, chosen: usize, seq: u32, len: usize, now: u64) {
        let plenty = len >= self.settings.small_bytes && self.window.waiting_bytes() >= PLENTY;
        if !plenty || self.settings.mode != Mode::Striping || self.copy.is_some() {
            return;
        }
        for (slot, path) in self.paths.iter_mut().enumerate() {
            let at_rest = path.flights.is_empty() && path.trial.is_none();
            let rested = path.is_usable() && at_rest && now >= path.trial_at;
            if slot != chosen && rested && path.is_open() && !path.properties.reliable {
                let time = path.gauge.completion(0, len) as u64;
                path.trial_at = now + RESTED.max(100 * time);
                self.copy = Some((path.id, seq));
                return;
            }
        }
    }

    fn can_copy(&self, network: u8, seq: u32) -> bool {
        let open =
            self.slot(network).is_some_and(|slot| self.paths[slot].is_usable() && self.paths[slot].is_open());
        open && self.window.get(seq).is_some_and(|entry| !entry.slab.is_empty())
    }

    fn copy_sent(&mut self, id: u8, seq: u32, now: u64) {
        let Some(slot) = self.slot(id) else { return };
        let bytes = self.window.copied(seq);
        for other in &mut self.paths {
            other.flights.copied(seq);
        }
        let path = &mut self.paths[slot];
        path.counts.copies += 1;
        (path.trial, path.late) = (Some(Trial { bytes, at: now, probe: None }), false);
        path.probe_due = true;
        self.urgent = true;
    }

    /// The network has no room for the offered frame.
    pub fn refused_full(&mut self) {
        let id = match std::mem::replace(&mut self.offer, Offer::Nothing) {
            Offer::Nothing => return,
            Offer::Control(id, _) | Offer::Frame(id, _) | Offer::Copy(id, _) => id,
        };
        if let Some(slot) = self.slot(id) {
            self.paths[slot].blocked = true;
            self.paths[slot].gauge.full();
        }
    }

    /// The network cannot reach the peer any more.
    pub fn refused_lost(&mut self, why: &str, now: u64) {
        let id = match std::mem::replace(&mut self.offer, Offer::Nothing) {
            Offer::Nothing => return,
            Offer::Control(id, _) | Offer::Frame(id, _) | Offer::Copy(id, _) => id,
        };
        if let Some(slot) = self.slot(id) {
            self.close(slot, why, now);
            self.paths[slot].drop_due = true;
        }
    }
}
