//! What happens because time passes, or because a link comes or goes.

use super::Xfer;
use super::path::Phase;
use crate::core::network::Link;

/// Networks without traffic are tested so often while the connection has traffic, ns.
const TEST: u64 = 1_000_000_000;
/// Least patience with a network that loses frames: before asking, and before sending again, ns.
const ASK: u64 = 2_000_000;
const AGAIN: u64 = 100_000_000;
/// A process that is never idle acknowledges so many times later than an idle one.
const BUSY: u64 = 20;

impl Xfer {
    /// Once per round: lets networks that were full be tried again, and does what is due. Returns when to call again
    /// at the latest.
    #[inline]
    pub fn tick(&mut self, now: u64) -> Option<u64> {
        self.try_again();
        if now >= self.alarm || now > self.ticked + self.settings.dead_after_ns / 4 {
            self.forgive(now);
            self.alarm = self.alarms(now);
        }
        (self.ticked, self.asked) = (now, self.alarm);
        (self.alarm != u64::MAX).then_some(self.alarm)
    }

    /// Does what is due; when the next time limit runs out.
    #[cold]
    fn alarms(&mut self, now: u64) -> u64 {
        let mut next = self.look_for_late(now);
        for slot in 0..self.paths.len() {
            next = next.min(self.check(slot, now)).min(self.check_loss(slot, now));
        }
        if self.watch.active && self.paths.len() > 1 {
            next = next.min(self.test_idle(now));
        }
        if let Some(at) = self.owed.deadline(self.settings.ack_delay_ns) {
            if now >= at + BUSY * self.settings.ack_delay_ns {
                self.demand_ack();
            }
            next = next.min(at.max(now + self.settings.ack_delay_ns));
        }
        if let Some(since) = self.watch.outage {
            let at = since + self.settings.give_up_ns;
            next = next.min(if at > now { at } else { u64::MAX });
        }
        next
    }

    /// If we were away ourselves (stopped, or the machine was), nobody else is to blame.
    fn forgive(&mut self, now: u64) {
        let due = if self.asked == u64::MAX { self.ticked } else { self.ticked.max(self.asked) };
        let away = now.saturating_sub(due);
        if self.ticked == 0 || away <= self.settings.dead_after_ns / 4 {
            return;
        }
        for path in &mut self.paths {
            path.waiting = path.waiting.map(|since| (since + away).min(now));
            path.last_probe_at = path.last_probe_at.max(now.saturating_sub(self.settings.dead_after_ns / 8));
        }
    }

    /// Is the network alive? When to look again.
    fn check(&mut self, slot: usize, now: u64) -> u64 {
        let dead = self.settings.dead_after_ns;
        let wanted = self.wants_link();
        let path = &mut self.paths[slot];
        if path.phase == Phase::Closed {
            return if path.enabled && wanted { path.retry_at.max(now) } else { u64::MAX };
        }
        let (true, Some(since)) = (path.is_up(), path.waiting) else { return u64::MAX };
        if now >= since + dead {
            self.close(slot, &format!("no answer for {} ms", dead / 1_000_000), now);
            self.paths[slot].drop_due = true;
            return now;
        }
        let ask_at = since.max(path.last_probe_at) + dead / 4;
        if now >= ask_at {
            path.suspect |= path.last_probe_at >= since || now >= since + dead / 2;
            path.probe_due = true;
            self.ask_around(slot, now);
            return (now + dead / 4).min(since + dead);
        }
        ask_at.min(since + dead)
    }

    /// The peer's acks may have gone astray on a network that is silent: asks for them over the others.
    fn ask_around(&mut self, silent: usize, now: u64) {
        self.urgent = true;
        let pause = self.settings.dead_after_ns / 4;
        for (slot, path) in self.paths.iter_mut().enumerate() {
            if slot != silent
                && path.is_usable()
                && !path.properties.reliable
                && now >= path.last_probe_at + pause
            {
                path.probe_due = true;
            }
        }
    }

    /// Frames over a network that loses some: asks after them, and sends them again if there is no answer either.
    fn check_loss(&mut self, slot: usize, now: u64) -> u64 {
        let path = &mut self.paths[slot];
        let (Some(throttle), Some(oldest)) = (&mut path.throttle, path.flights.oldest()) else {
            return u64::MAX;
        };
        let patience = path.gauge.patience() << path.vain.min(6);
        let (ask, again) =
            (patience.max(ASK << path.vain.min(6)), (2 * patience).max(AGAIN << path.vain.min(3)));
        let since = oldest.at;
        if now >= since + again {
            let lost: Vec<u32> = path.flights.sent_by(now - again).collect();
            throttle.lost(u64::MAX - 1, path.flights.next_index());
            path.vain += 1;
            let id = path.id;
            for seq in lost {
                if self.window.get(seq).is_some_and(|entry| entry.network == id) {
                    self.window.lose(seq);
                }
            }
            let path = &mut self.paths[slot];
            path.settle(&self.window, now);
            return path.flights.oldest().map_or(u64::MAX, |flight| flight.at + again);
        }
        let ask_at = since.max(path.last_probe_at) + ask;
        if now >= ask_at && path.is_up() {
            path.probe_due = true;
            path.vain += 1;
            self.urgent = true;
            return now + ask;
        }
        ask_at.min(since + again)
    }

    /// While there is traffic, the other networks are tested now and then, so that it is known which work.
    fn test_idle(&mut self, now: u64) -> u64 {
        let mut next = u64::MAX;
        for path in self.paths.iter_mut().filter(|path| path.is_usable() && !path.properties.reliable) {
            if path.waiting.is_none() && now >= path.last_probe_at + TEST {
                path.probe_due = true;
                self.urgent = true;
                self.watch.active = false;
            }
            next = next.min(path.last_probe_at.max(now) + TEST);
        }
        next
    }

    /// The connection is in use, so its networks are wanted.
    fn wants_link(&self) -> bool {
        !self.window.is_empty() || self.watch.active || self.paths.iter().any(|path| path.was_up)
    }

    /// A network that the caller is to open (again). Call until None.
    pub fn next_open(&mut self, now: u64) -> Option<u8> {
        if !self.wants_link() {
            return None;
        }
        let due = |path: &super::Path| {
            path.phase == Phase::Closed && path.enabled && !path.drop_due && now >= path.retry_at
        };
        let path = self.paths.iter_mut().find(|path| due(path))?;
        path.phase = Phase::Opening;
        Some(path.id)
    }

    /// A network whose link the caller is to drop, and why. Call until None, before [`Xfer::next_open`].
    pub fn next_drop(&mut self) -> Option<(u8, String)> {
        let path = self.paths.iter_mut().find(|path| path.drop_due)?;
        path.drop_due = false;
        Some((path.id, path.why.clone()))
    }

    /// Gives up a network for now: what was outstanding on it goes over the others.
    pub(super) fn close(&mut self, slot: usize, why: &str, now: u64) {
        self.paths[slot].closed(why, now);
        self.window.lose_all(self.paths[slot].id);
        self.count_usable(now);
    }

    pub(super) fn link_changed(&mut self, slot: usize, link: &Link, now: u64) {
        let path = &mut self.paths[slot];
        if path.drop_due || (path.phase == Phase::Finished && *link == Link::Finished) {
            return;
        }
        let up = path.is_up();
        match link {
            Link::Up => {
                path.opened(now);
                self.urgent = true;
                self.count_usable(now);
            }
            Link::Unused if up => self.close(slot, "the link is gone", now),
            Link::Unused => {}
            Link::Opening => {
                if up {
                    self.close(slot, "the link is being made anew", now);
                }
                self.paths[slot].phase = Phase::Opening;
            }
            Link::Down(why) if up || path.phase == Phase::Opening => self.close(slot, why, now),
            Link::Down(why) => path.why.clone_from(why),
            Link::Finished => {
                self.close(slot, "the process there has finished", now);
                self.paths[slot].phase = Phase::Finished;
            }
        }
    }
}
