//! How a live connection agrees on changes with its peer: the control frames of [`super::super::epoch`].

use super::super::alert::Alerts;
use super::super::epoch::{Change, Listed, MOST_DEVICES, Proposal, control};
use super::super::frame::{Header, kind};
use super::super::sinks::Sinks;
use super::super::slab::Slab;
use super::connection::{Awaited, Live, Proposed, Wanted};
use super::{Lively, UserBuf, with_room};

/// Longest text of a control frame, bytes.
pub const MOST_TEXT: usize = 4096;

impl Lively {
    /// Takes a control frame.
    pub(super) fn control(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        peer: u32,
        meta: [u32; 3],
        slab: Slab,
    ) {
        let mut bytes = vec![0; slab.len().min(MOST_TEXT)];
        let len = bytes.len();
        slab.copy_to(UserBuf::of(&mut bytes), len);
        let [what, epoch, _] = meta;
        let epoch = epoch as u16;
        match what {
            control::PROPOSE => self.proposed(alerts, peer, epoch, &String::from_utf8_lossy(&bytes)),
            control::ACCEPT => self.accepted(peer, epoch),
            control::REFUSE => {
                self.refused(alerts, peer, epoch, String::from_utf8_lossy(&bytes).into_owned())
            }
            control::SWITCH => self.switched(peer, &String::from_utf8_lossy(&bytes)),
            control::CARD => self.card(sinks, alerts, peer, &bytes),
            control::FAILED => self.failed(peer, epoch, String::from_utf8_lossy(&bytes).into_owned()),
            control::MARK => {}
            control::DIRECT => self.peer_went_direct(peer),
            control::REQUEST => self.relays.requested(peer, epoch, &bytes),
            control::REPLY => self.relays.replied(peer, epoch, &bytes),
            other => alerts.fault(peer, format!("rank {peer} sent a control frame of type {other}")),
        }
        self.advance(alerts, peer);
    }

    /// The peer wants to change its direction.
    fn proposed(&mut self, alerts: &mut Alerts, peer: u32, epoch: u16, text: &str) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if live.bypassing > 0 && live.asked.len() < MOST_DEVICES {
            live.asked.push_back((epoch, text.to_string()));
            return;
        }
        let answer = Proposal::decode(text).and_then(|proposal| {
            let mutual = proposal.mutual.clone();
            if let Some(change) = &mutual {
                live.out.check(change)?;
            }
            live.inward.prepare(proposal)?;
            Ok(mutual)
        });
        match answer {
            Ok(mutual) => {
                live.control.push_back((control::ACCEPT, epoch, Vec::new()));
                if let Some(change) = mutual {
                    if live.direct {
                        self.back.push(peer);
                    }
                    let follows = Some(epoch);
                    live.wanted.push_back(Wanted { change, mutual: false, follows, operation: None });
                }
            }
            Err(why) => {
                alerts.notice(format!("rank {peer} asked for devices and was refused: {why}"));
                live.control.push_back((control::REFUSE, epoch, why.into_bytes()));
            }
        }
    }

    /// An operation on the peer's memory has begun that passes no device.
    pub fn bypass(&mut self, peer: u32, operation: u64) {
        if let Some(live) = &mut self.connections[peer as usize] {
            live.bypassing += 1;
            self.bypasses.insert(operation, peer);
        }
    }

    /// It has ended: after the last one devices may be put on.
    pub fn bypassed(&mut self, alerts: &mut Alerts, operation: u64) {
        let Some(peer) = self.bypasses.remove(&operation) else { return };
        let Some(live) = &mut self.connections[peer as usize] else { return };
        live.bypassing -= 1;
        if live.bypassing > 0 {
            return;
        }
        for (epoch, text) in std::mem::take(&mut live.asked) {
            self.proposed(alerts, peer, epoch, &text);
        }
        self.advance(alerts, peer);
    }

    fn accepted(&mut self, peer: u32, epoch: u16) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if let Some(proposed) = live.proposed.as_mut().filter(|p| p.epoch == epoch) {
            proposed.accepted = true;
        }
    }

    fn refused(&mut self, alerts: &mut Alerts, peer: u32, epoch: u16, why: String) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if !live.out.refused(epoch) {
            return;
        }
        let Some(proposed) = live.proposed.take() else { return };
        live.awaited.retain(|a| a.epoch != epoch);
        let why = format!("rank {peer} refused: {why}");
        if proposed.essential {
            live.lose(alerts, format!("nothing is sent to rank {peer} in the clear: {why}"));
        }
        live.settled();
        if let Some(follows) = proposed.follows {
            live.control.push_back((control::FAILED, follows, why.clone().into_bytes()));
        }
        match proposed.operation {
            Some(id) => self.operations.failed(id, peer, why),
            None => alerts.notice(why),
        }
    }

    /// The peer's direction cannot follow a mutual proposal of ours.
    fn failed(&mut self, peer: u32, epoch: u16, why: String) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if let Some(awaited) = live.awaited.iter_mut().find(|a| a.epoch == epoch) {
            awaited.other = Some(Err(why));
        }
        self.settle(peer);
    }

    /// Ends the mutual changes that have taken place in both directions, or cannot.
    fn settle(&mut self, peer: u32) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        while let Some(at) = live.awaited.iter().position(|a| a.own && a.other.is_some()) {
            let Awaited { operation, change, other, .. } = live.awaited.remove(at);
            match (other, operation) {
                (Some(Err(why)), operation) => {
                    live.take_back(change);
                    if let Some(id) = operation {
                        self.operations.failed(id, peer, format!("the way from rank {peer}: {why}"));
                    }
                }
                (_, Some(id)) => self.operations.done(id, peer),
                _ => {}
            }
        }
    }

    /// Nothing reaches the peer any more: what was to change on its connection will not.
    pub(super) fn abandon(&mut self, peer: u32) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        let why = live.lost.clone().unwrap_or_else(|| format!("rank {peer} has finished"));
        let proposed = live.proposed.take().filter(|p| !p.mutual).and_then(|p| p.operation);
        let wanted = live.wanted.drain(..).filter_map(|w| w.operation);
        let awaited = live.awaited.drain(..).filter_map(|a| a.operation);
        for id in wanted.chain(awaited).chain(proposed) {
            self.operations.failed(id, peer, why.clone());
        }
        live.control.clear();
        self.relays.lose(peer, &why);
    }

    /// The peer's direction has changed, following a mutual proposal of ours.
    fn switched(&mut self, peer: u32, follows: &str) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        let Ok(follows) = follows.parse::<u16>() else { return };
        if let Some(awaited) = live.awaited.iter_mut().find(|a| a.epoch == follows) {
            awaited.other = Some(Ok(()));
        }
        self.settle(peer);
    }

    /// The peer has opened a network.
    fn card(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32, bytes: &[u8]) {
        let Some(at) = bytes.iter().position(|b| *b == b'\n') else { return };
        let name = String::from_utf8_lossy(&bytes[..at]).into_owned();
        let card = bytes[at + 1..].to_vec();
        self.cards.retain(|(p, n, _)| (*p, n) != (peer, &name));
        if self.cards.len() < 64 * self.connections.len() {
            self.cards.push((peer, name.clone(), card));
        }
        self.use_card(sinks, alerts, peer, &name);
    }

    /// The connection to `peer` was a direct call until now.
    pub fn mark(&mut self, sinks: &mut Sinks, peer: u32) {
        let now = self.now;
        let Some(live) = &mut self.connections[peer as usize] else { return };
        live.direct = false;
        if !live.active {
            (live.active, live.peer_direct) = (true, false);
            self.active.push(peer);
        }
        live.control.push_front((control::MARK, 0, Vec::new()));
        live.mark = Some(live.xfer.next_sequence());
        live.send_control(now);
        live.flush(sinks, now);
    }

    /// The peer's direction has left its chain: if ours has as well, nobody needs to look after the connection.
    fn peer_went_direct(&mut self, peer: u32) {
        if let Some(live) = &mut self.connections[peer as usize] {
            live.peer_direct = true;
        }
        self.retire(peer);
    }

    /// Takes a connection off the list when both directions are direct.
    fn retire(&mut self, peer: u32) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if live.direct && live.peer_direct && live.held.is_empty() {
            live.active = false;
            self.active.retain(|p| *p != peer);
        }
    }

    /// Lets our direction go back to the direct way, if it can. True: from now on its frames do.
    pub(super) fn leave(&mut self, sinks: &mut Sinks, peer: u32) -> bool {
        let near = peer != self.kit.me && sinks.slot(peer).is_some();
        let Some(live) = &mut self.connections[peer as usize] else { return false };
        if near && live.may_go_direct() {
            live.leaving = true;
            live.control.push_back((control::DIRECT, 0, Vec::new()));
            live.send_control(self.now);
            live.flush(sinks, self.now);
        }
        if !live.leaving || !live.control.is_empty() || !live.xfer.is_drained() {
            return false;
        }
        (live.leaving, live.direct) = (false, true);
        if live.xfer.has_choice() {
            // A network has come meanwhile.
            self.back.push(peer);
        }
        self.retire(peer);
        true
    }

    /// Adds network `name` to the connection to `peer`, if both sides have it.
    pub fn use_card(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32, name: &str) {
        let Some((.., card)) = self.cards.iter().find(|(p, n, _)| *p == peer && n == name) else { return };
        let Some(id) = sinks.number(name) else { return };
        let Some(network) = sinks.network(id) else { return };
        if let Err(why) = network.set_card(peer, card) {
            alerts.fault(peer, format!("network {name}: the card of rank {peer} is of no use: {why}"));
            return;
        }
        let now = self.now;
        if let Some(live) = &mut self.connections[peer as usize] {
            live.add_network(id, sinks, &self.down, now);
            if live.direct && live.xfer.has_choice() {
                self.back.push(peer);
            }
        }
    }

    /// Goes on with the changes of one connection.
    pub fn advance(&mut self, alerts: &mut Alerts, peer: u32) {
        let now = self.now;
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if let Some(operation) = live.switch(alerts) {
            if let Some(id) = operation {
                self.operations.done(id, peer);
            }
            self.settle(peer);
        }
        let Some(live) = &mut self.connections[peer as usize] else { return };
        while live.proposed.is_none()
            && let Some(wanted) = live.wanted.pop_front()
        {
            let (operation, follows, essential) = (wanted.operation, wanted.follows, wanted.is_essential());
            if let Err(why) = live.propose(wanted) {
                let why = format!("towards rank {peer}: {why}");
                if essential {
                    live.lose(alerts, format!("nothing is sent in the clear: {why}"));
                }
                live.settled();
                if let Some(follows) = follows {
                    live.control.push_back((control::FAILED, follows, why.clone().into_bytes()));
                }
                match operation {
                    Some(id) => self.operations.failed(id, peer, why),
                    None => alerts.notice(why),
                }
            }
        }
        live.send_control(now);
    }
}

impl Live {
    fn propose(&mut self, wanted: Wanted) -> Result<(), String> {
        let essential = wanted.is_essential();
        let Wanted { change, mutual, follows, operation } = wanted;
        let proposal = self.out.propose(&change, mutual, follows)?;
        let text = proposal.encode();
        if text.len() > MOST_TEXT {
            self.out.refused(proposal.epoch);
            return Err(format!("the list of devices has {} characters, at most {MOST_TEXT}", text.len()));
        }
        self.control.push_back((control::PROPOSE, proposal.epoch, text.into_bytes()));
        if mutual {
            let epoch = proposal.epoch;
            self.awaited.push(Awaited { epoch, operation, change, own: false, other: None });
        }
        let epoch = proposal.epoch;
        self.proposed = Some(Proposed { epoch, operation, mutual, follows, accepted: false, essential });
        Ok(())
    }

    /// The mark has not left: the direct way was full.
    pub fn owes_mark(&self) -> bool {
        self.mark.is_some_and(|sequence| !self.xfer.is_done(sequence))
    }

    /// A mutual change cannot take place in the other direction: ours goes back.
    fn take_back(&mut self, change: Change) {
        if let Change::Attach(spec) = change {
            let change = Change::Detach(spec.name);
            self.wanted.push_front(Wanted { change, mutual: false, follows: None, operation: None });
        }
    }

    /// Goes over to an accepted epoch once nothing of the old one is under way. Some: it has; with the operation
    /// that this ends.
    fn switch(&mut self, alerts: &mut Alerts) -> Option<Option<u64>> {
        let ready = self.proposed.as_ref().is_some_and(|p| p.accepted)
            && self.unfinished.is_empty()
            && self.bypassing == 0
            && !self.direct
            && !self.out.chain().is_pending();
        if !ready {
            return None;
        }
        let proposed = self.proposed.take()?;
        self.out.accepted(proposed.epoch);
        self.settled();
        let follows = proposed.follows.map_or_else(|| "-".into(), |epoch| epoch.to_string());
        self.control.push_back((control::SWITCH, proposed.epoch, follows.into_bytes()));
        alerts.note("epoch", Some(self.peer), told("send", proposed.epoch, self.out.devices()));
        if let Some(awaited) = self.awaited.iter_mut().find(|a| a.epoch == proposed.epoch) {
            awaited.own = true;
        }
        Some(proposed.operation.filter(|_| !proposed.mutual))
    }

    /// Gives waiting control frames to the transfer device. They pass no filter.
    fn send_control(&mut self, now: u64) {
        while self.xfer.has_room()
            && let Some((what, epoch, text)) = self.control.pop_front()
        {
            let header = Header { kind: kind::CONTROL, meta: [what, u32::from(epoch), 0], len: text.len() };
            let slab = with_room(text.len(), |to| to.write(0, &text));
            self.xfer.push(self.out.epoch(), &header, slab, now);
        }
    }
}

/// A sentence about a direction's new epoch.
pub(super) fn told(direction: &str, epoch: u16, devices: &[Listed]) -> String {
    let names: Vec<String> = devices.iter().map(|d| d.spec.to_string()).collect();
    let names = if names.is_empty() { "no devices".into() } else { names.join(", ") };
    format!("{direction} epoch {epoch}: {names}")
}

#[cfg(test)]
mod tests {
    use super::super::super::Core;
    use super::super::super::device::{Device, SendError};
    use super::super::super::filter::{Half, Site, Spec};
    use super::*;

    fn without_keys(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
        match site.half {
            Half::Receive => Err("there are no keys".into()),
            Half::Send => crate::devices::filters::open(spec, site),
        }
    }

    /// What becomes of a frame on a connection that is to begin with this device, which the peer refuses.
    fn sends(device: &str) -> Result<(), SendError> {
        let mut core = Core::alone_with(without_keys, vec![Spec::parse(device).expect("a name")]);
        for _ in 0..1000 {
            match core.send(0, Header { kind: 1, meta: [0; 3], len: 0 }, |_| {}) {
                Err(SendError::Full) => drop(core.next()),
                other => return other,
            }
        }
        panic!("never decided");
    }

    #[test]
    fn a_connection_begins_without_a_refused_device_unless_that_is_crypt() {
        assert_eq!(sends("checksum"), Ok(()));
        let told = "nothing is sent to rank 0 in the clear: rank 0 refused: there are no keys";
        assert_eq!(sends("crypt"), Err(SendError::Lost(told.into())));
    }
}
