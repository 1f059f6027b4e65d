//! One live connection: filters of both directions, the transfer device, and the changes under way.

use super::super::alert::Alerts;
use super::super::device::SendError;
use super::super::epoch::{Change, Inward, Opener, Outward};
use super::super::filter::{Open, Spec};
use super::super::frame::{Header, kind};
use super::super::io::{Irb, Status, complete};
use super::super::network::Link;
use super::super::sinks::Sinks;
use super::super::slab::Slab;
use super::inner_bytes;
use super::landing::Landing;
use crate::devices::xfer::{Settings, Xfer};
use std::collections::VecDeque;

/// What every live connection of a process is made from.
#[derive(Clone)]
pub struct Kit {
    pub me: u32,
    pub open: Open,
    pub secret: [u8; 32],
    pub settings: Settings,
}

/// A change that waits for its turn, and the operation it belongs to.
pub struct Wanted {
    pub change: Change,
    pub mutual: bool,
    pub follows: Option<u16>,
    pub operation: Option<u64>,
}

impl Wanted {
    /// The encryption that a connection begins with.
    pub fn is_essential(&self) -> bool {
        let initial = !self.mutual && self.follows.is_none() && self.operation.is_none();
        initial && matches!(&self.change, Change::Attach(spec) if spec.asks_for_encryption())
    }
}

/// A change that has been proposed.
pub struct Proposed {
    pub epoch: u16,
    pub operation: Option<u64>,
    /// The other direction has to follow before the operation is done.
    pub mutual: bool,
    /// The peer's proposal that this one follows.
    pub follows: Option<u16>,
    /// The peer has accepted; what is taken off has to drain first.
    pub accepted: bool,
    /// The connection is to begin with it, and is not used without.
    pub essential: bool,
}

/// A mutual change of ours, until both directions have it.
pub struct Awaited {
    pub epoch: u16,
    pub operation: Option<u64>,
    pub change: Change,
    /// Our direction has changed.
    pub own: bool,
    /// The peer's direction has changed, or why it cannot.
    pub other: Option<Result<(), String>>,
}

pub struct Live {
    pub peer: u32,
    pub xfer: Xfer,
    pub out: Outward,
    pub inward: Inward,
    /// Changes of our direction, in order.
    pub wanted: VecDeque<Wanted>,
    pub proposed: Option<Proposed>,
    /// Mutual changes that have not taken place in both directions.
    pub awaited: Vec<Awaited>,
    /// Control frames for the peer: type, epoch, text.
    pub control: VecDeque<(u32, u16, Vec<u8>)>,
    /// Requests whose frames have been given to `xfer` under these sequence numbers, for their completion.
    pub unfinished: VecDeque<(u32, Box<Irb>)>,
    /// In sequence, but the devices of their epoch still keep requests of the one before.
    pub held: VecDeque<(u16, u8, Slab)>,
    /// The next frame in sequence has begun, and lands.
    pub landing: Option<Landing>,
    /// State of each network's link, as `xfer` knows it.
    pub links: Vec<(u8, Link)>,
    /// Sequence number of the first live frame after direct ones.
    pub mark: Option<u32>,
    /// On the list of active connections.
    pub active: bool,
    /// Our direction goes back to the direct way, once its last live frame has left.
    pub leaving: bool,
    /// Our direction, or the peer's, takes the direct way.
    pub direct: bool,
    pub peer_direct: bool,
    /// Operations on remote memory under way: they pass no device, so no device is put on before they have ended.
    pub bypassing: u32,
    /// Proposals of the peer that wait for that.
    pub asked: VecDeque<(u16, String)>,
    /// Told of an outage that still lasts.
    pub outage_told: bool,
    /// Requests of the receive chain that the layer above has, or will get next.
    pub above: u32,
    /// Initial devices whose epoch has not begun: the program's frames wait for them.
    initial: u32,
    /// Nothing reaches the peer any more, for a reason.
    pub lost: Option<String>,
}

impl Live {
    pub fn new(peer: u32, kit: &Kit) -> Live {
        let opener = |sender, receiver| Opener { open: kit.open, sender, receiver, secret: kit.secret };
        Live {
            peer,
            xfer: Xfer::new(kit.settings.clone()),
            out: Outward::new(opener(kit.me, peer)),
            inward: Inward::new(opener(peer, kit.me)),
            wanted: VecDeque::new(),
            proposed: None,
            awaited: Vec::new(),
            control: VecDeque::new(),
            unfinished: VecDeque::new(),
            held: VecDeque::new(),
            landing: None,
            links: Vec::new(),
            mark: None,
            active: false,
            leaving: false,
            direct: false,
            peer_direct: false,
            bypassing: 0,
            asked: VecDeque::new(),
            outage_told: false,
            above: 0,
            initial: 0,
            lost: None,
        }
    }

    /// Puts a device on our direction before the first frame of the program.
    pub fn want_initial(&mut self, spec: Spec) {
        self.initial += 1;
        let change = Change::Attach(spec);
        self.wanted.push_back(Wanted { change, mutual: false, follows: None, operation: None });
    }

    /// A change of ours has taken place, or cannot.
    pub fn settled(&mut self) {
        self.initial = self.initial.saturating_sub(1);
    }

    /// No frame of the program may enter: what is taken off drains, or initial devices are not there yet.
    pub fn is_stalled(&self) -> bool {
        self.initial > 0 || self.leaving || self.proposed.as_ref().is_some_and(|p| p.accepted)
    }

    /// No device is on either direction, and none is on its way.
    pub fn is_bare(&self) -> bool {
        let changing = self.initial > 0 || self.leaving || !self.wanted.is_empty() || self.proposed.is_some();
        let asked = !self.asked.is_empty() || !self.awaited.is_empty();
        self.lost.is_none() && !changing && !asked && self.out.devices().is_empty() && self.inward.is_bare()
    }

    /// Nothing but one ordered, reliable sink is left on our direction, and no change is under way: it need not be live.
    pub fn may_go_direct(&self) -> bool {
        let settled = self.proposed.is_none() && self.wanted.is_empty() && self.awaited.is_empty();
        let idle = self.control.is_empty()
            && self.unfinished.is_empty()
            && self.mark.is_none_or(|_| !self.owes_mark());
        !self.direct
            && !self.leaving
            && self.out.devices().is_empty()
            && settled
            && idle
            && self.xfer.direct_possible()
    }

    /// A frame of `epoch` can go up as it lies in the sink.
    pub fn passes_in_place(&mut self, epoch: u16, inner: u8) -> bool {
        inner != kind::CONTROL
            && self.held.is_empty()
            && self.inward.epoch() == epoch
            && self.inward.chain().is_empty()
    }

    /// A frame of `epoch` may pass the receive chain now.
    pub fn follows(&mut self, epoch: u16) -> bool {
        self.held.is_empty() && !self.must_hold(epoch)
    }

    /// A frame of `epoch` has to wait until the devices of the one before have given everything up.
    pub fn must_hold(&mut self, epoch: u16) -> bool {
        epoch != self.inward.epoch() && (self.above > 0 || self.inward.chain().is_pending())
    }

    /// The network is one of the connection's.
    #[inline]
    pub fn knows(&self, id: u8) -> bool {
        self.links.iter().any(|(known, _)| *known == id)
    }

    /// A network by which the peer can be reached.
    pub fn add_network(&mut self, id: u8, sinks: &mut Sinks, down: &[u8], now: u64) {
        if self.knows(id) {
            return;
        }
        self.xfer.add_network(id, sinks.name(id), sinks.properties(id));
        let enabled = !down.contains(&id);
        self.xfer.set_enabled(id, enabled, now);
        if enabled && let Some(network) = sinks.network(id) {
            network.open(self.peer);
        }
        let link = sinks.link(id, self.peer);
        self.xfer.set_link(id, &link, now);
        self.links.push((id, link));
    }

    /// Gives a request that has passed the send chain to the transfer device. Some: a sink has taken it and it is
    /// complete; None: it is queued, to be flushed.
    pub fn launch(&mut self, sinks: &mut Sinks, mut irb: Box<Irb>, now: u64) -> Option<Box<Irb>> {
        let header = Header { len: irb.slab.len(), ..irb.header };
        if let Some(id) = self.xfer.thin() {
            // Nothing to keep and nothing queued: straight from the request into the sink.
            let (stamp, meta) = (self.xfer.stamp(self.out.epoch(), &header), inner_bytes(header.meta));
            if sinks.send_near(id, self.peer, stamp, &meta, &irb.slab).is_ok() {
                self.xfer.stamped(stamp.len);
                irb.status = Status::Success;
                return Some(if irb.has_stack() { complete(self.out.chain(), irb) } else { irb });
            }
        }
        let slab = irb.slab.grab();
        let sequence = self.xfer.next_sequence();
        self.xfer.push(self.out.epoch(), &header, slab, now);
        if irb.has_stack() {
            self.unfinished.push_back((sequence, irb));
        }
        None
    }

    /// Hands the sinks what they take.
    pub fn flush(&mut self, sinks: &mut Sinks, now: u64) {
        while let Some(out) = self.xfer.next_out(now) {
            match sinks.send_slab(out.network, self.peer, out.header, out.slab) {
                Ok(()) => self.xfer.sent(now),
                Err(SendError::Full) => self.xfer.refused_full(),
                Err(SendError::Lost(why)) => self.xfer.refused_lost(&why, now),
            }
        }
        if !self.unfinished.is_empty() {
            self.finish();
        }
    }

    /// Nothing reaches the peer any more.
    pub fn lose(&mut self, alerts: &mut Alerts, why: String) {
        if self.lost.is_none() {
            alerts.lost(self.peer, why.clone());
            self.lost = Some(why);
        }
    }

    /// Completes the requests whose frames are done.
    pub fn finish(&mut self) {
        while let Some((sequence, _)) = self.unfinished.front()
            && self.xfer.is_done(*sequence)
        {
            if let Some((_, mut irb)) = self.unfinished.pop_front() {
                irb.status = Status::Success;
                complete(self.out.chain(), irb);
            }
        }
    }
}
