//! What time requires of live connections: acknowledgements, resends, links to be made again, devices that keep requests.

use super::super::alert::{Alert, Alerts, Severity};
use super::super::io::{Outcome, Status, dispatch};
use super::super::network::Link;
use super::super::sinks::Sinks;
use super::connection::Live;
use super::{Lively, keep_spare};
use crate::sys::clock::monotonic_ns;

/// Time between two looks at the links of all connections, ns.
const INTERVAL: u64 = 500_000;

/// How long an outage lasts before it is told, ns: making the first link takes a moment.
const PATIENCE: u64 = 1_000_000_000;

impl Lively {
    /// Nothing has arrived: does what is due.
    pub(super) fn tend(&mut self, sinks: &mut Sinks, alerts: &mut Alerts) {
        self.now = monotonic_ns();
        let thorough = self.now.saturating_sub(self.tended) >= INTERVAL;
        if thorough {
            self.tended = self.now;
        }
        // A connection may go off the list meanwhile.
        for at in (0..self.active.len()).rev() {
            self.tend_one(sinks, alerts, self.active[at], thorough);
        }
    }

    fn tend_one(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32, thorough: bool) {
        let now = self.now;
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if live.lost.is_some() || (thorough && live.is_finished()) {
            self.abandon(peer);
            return;
        }
        live.xfer.idle(now);
        live.xfer.try_again();
        if thorough {
            live.look_at_links(sinks, alerts, now);
            live.xfer.tick(now);
            live.tell_outage(alerts, now);
            live.hear_devices(alerts);
        }
        live.flush(sinks, now);
        self.poll_devices(sinks, alerts, peer);
        self.deliver_held(sinks, alerts, peer);
        self.advance(alerts, peer);
        if let Some(live) = &mut self.connections[peer as usize] {
            live.flush(sinks, now);
        }
        if thorough && self.leave(sinks, peer) {
            self.left.push(peer);
        }
    }

    /// Lets pended requests of one connection go on.
    fn poll_devices(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32) {
        let now = self.now;
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if live.out.chain().is_pending() {
            for irb in live.out.chain().poll() {
                match irb {
                    Outcome::Passed(irb) => {
                        if let Some(done) = live.launch(sinks, irb, now) {
                            keep_spare(&mut self.spare, done);
                        }
                    }
                    Outcome::Completed(irb) => live.mourn(alerts, irb.status),
                    Outcome::Pending => {}
                }
            }
        }
        if live.inward.chain().is_pending() {
            for irb in live.inward.chain().poll() {
                match irb {
                    Outcome::Passed(irb) => {
                        live.above += 1;
                        self.arrived.push_back(irb);
                    }
                    Outcome::Completed(irb) => live.mourn(alerts, irb.status),
                    Outcome::Pending => {}
                }
            }
        }
    }

    /// Before a sleep: everything that is due leaves. True if nothing waits here; a time limit may run.
    pub fn is_quiet(&mut self, sinks: &mut Sinks, alerts: &mut Alerts) -> bool {
        self.acknowledge_all();
        self.tend(sinks, alerts);
        for at in 0..self.active.len() {
            if let Some(live) = &mut self.connections[self.active[at] as usize] {
                live.xfer.rest();
            }
        }
        self.arrived.is_empty() && self.handed.is_none()
    }

    /// Acknowledges everything that has arrived.
    pub fn acknowledge_all(&mut self) {
        for at in 0..self.active.len() {
            if let Some(live) = &mut self.connections[self.active[at] as usize] {
                live.xfer.flush_acks();
            }
        }
    }

    /// The process must not sleep for long.
    pub fn is_ticking(&self) -> bool {
        self.active.iter().filter_map(|p| self.get(*p)).any(|live| {
            !live.xfer.is_drained() || live.is_busy() || live.links.iter().any(|(_, l)| *l == Link::Opening)
        })
    }

    /// Frames have not left this process.
    pub fn owes(&self) -> bool {
        self.busy().any(|live| !live.xfer.is_handed_over() || !live.control.is_empty())
    }

    /// Frames are not acknowledged and may have to be sent again.
    pub fn retains(&self) -> bool {
        self.busy().next().is_some()
    }

    /// Connections that are not done.
    fn busy(&self) -> impl Iterator<Item = &Live> {
        let all = self.active.iter().filter_map(|p| self.get(*p));
        all.filter(|live| live.lost.is_none() && !live.is_finished() && !live.xfer.is_drained())
    }
}

impl Live {
    /// The peer has ended orderly.
    pub fn is_finished(&self) -> bool {
        !self.links.is_empty() && self.links.iter().all(|(_, link)| *link == Link::Finished)
    }

    /// Changes or devices need to be looked after.
    pub fn is_busy(&self) -> bool {
        self.proposed.is_some()
            || !self.wanted.is_empty()
            || !self.control.is_empty()
            || !self.held.is_empty()
            || !self.awaited.is_empty()
    }

    fn look_at_links(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, now: u64) {
        for at in 0..self.links.len() {
            let id = self.links[at].0;
            let link = sinks.link(id, self.peer);
            if link != self.links[at].1 {
                self.xfer.set_link(id, &link, now);
                note_link(alerts, self.peer, sinks.name(id), &link);
                self.links[at].1 = link;
            }
        }
        while let Some((id, why)) = self.xfer.next_drop() {
            if let Some(network) = sinks.network(id) {
                network.drop_link(self.peer, &why);
            }
        }
        while let Some(id) = self.xfer.next_open(now) {
            if let Some(network) = sinks.network(id) {
                network.open(self.peer);
            }
        }
    }

    /// Says once that nothing reaches the peer, and when that is over, or for good.
    fn tell_outage(&mut self, alerts: &mut Alerts, now: u64) {
        if self.is_finished() {
            // It has ended orderly, after reading all it wanted. Who sends to it now is told so.
            return;
        }
        if let Some(outage) = self.xfer.given_up(now) {
            let seconds = now.saturating_sub(outage.since) as f64 / 1e9;
            self.lose(
                alerts,
                format!("rank {} could not be reached for {seconds:.1} s: {}", self.peer, outage.text),
            );
            return;
        }
        match self.xfer.outage() {
            None => self.outage_told = false,
            Some(outage) if !self.outage_told && now >= outage.since + PATIENCE => {
                self.outage_told = true;
                let text = format!("nothing reaches rank {} now, trying again: {}", self.peer, outage.text);
                alerts.fault(self.peer, text);
            }
            Some(_) => {}
        }
    }

    /// What the devices have noticed without harm to any message.
    fn hear_devices(&mut self, alerts: &mut Alerts) {
        let peer = self.peer;
        for (way, chain) in [("to", self.out.chain()), ("from", self.inward.chain())] {
            for (device, text) in chain.take_alerts() {
                let text = format!("{device} on the way {way} rank {peer}: {text}");
                alerts.raise(Alert { severity: Severity::Notice, peer: Some(peer), text });
            }
        }
    }

    pub fn mourn(&mut self, alerts: &mut Alerts, status: Status) {
        if let Status::Failed(why) = status {
            self.lose(alerts, why);
        }
    }
}

/// A link has changed: an event for whoever watches.
fn note_link(alerts: &mut Alerts, peer: u32, network: &str, link: &Link) {
    let state = match link {
        Link::Unused | Link::Opening => return,
        Link::Up => "up".to_string(),
        Link::Down(why) => format!("down: {why}"),
        Link::Finished => "closed by the peer".into(),
    };
    alerts.note("link", Some(peer), format!("network {network} is {state}"));
}

impl super::super::chain::Chain {
    /// What the devices have noticed since the last call: name and sentence each.
    pub fn take_alerts(&mut self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for at in 0..self.len() {
            if let Some(device) = self.device_mut(at) {
                all.extend(device.take_alerts().into_iter().map(|text| (device.name().to_string(), text)));
            }
        }
        all
    }

    /// Lets pended requests go on, each from the device that kept it.
    pub fn poll(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for at in 0..self.len() {
            let going = self.device_mut(at).map(|d| d.poll()).unwrap_or_default();
            for irb in going {
                outcomes.push(dispatch(self, irb.resumed(at)));
            }
        }
        outcomes
    }
}
