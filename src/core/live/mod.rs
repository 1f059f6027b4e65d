//! Live connections: those whose way is more than a direct call to a sink, and may change while it is in use.
//!
//! ```text
//!   send      frame → IRB → send chain → xfer (sequence, retention, choice) → sink
//!   receive   sink → xfer (acknowledgement, order) → receive chain of the frame's epoch → frame
//! ```
//! A connection over shared memory is a direct call until somebody attaches a device to it or takes its network
//! away, and becomes one again afterwards. A connection over other networks is live from the start, because what a
//! kernel has taken is not yet delivered.
//!
//! [`connection`] is the state of one, [`control`] agrees on changes with the peer, [`tend`] does what time requires.
//! [`landing`] lets long frames go to where the layer above wants them.

pub mod connection;
mod control;
mod landing;
pub mod operations;
mod relay;
mod tend;

use super::alert::Alerts;
use super::buffer::{Buffer, UserBuf};
use super::device::{Properties, SendError};
use super::frame::{HEAD, Header, Incoming, Token, kind};
use super::io::{Command, Irb, Outcome, Status, complete, dispatch};
use super::sinks::{FIRST, LOOPBACK, SHM, Sinks};
use super::slab::{BufferOp, Slab};
use crate::devices::xfer::{Arrival, Ready};
use crate::sys::clock::monotonic_ns;
use connection::{Kit, Live};
use operations::Operations;
use relay::Relays;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Sink number in the tokens of frames handed up from here.
pub const LIVE: u8 = 255;
/// Bytes of the inner meta in front of the payload.
const INNER: usize = HEAD;
/// Payload bytes by which a connection's devices may lengthen a frame, the inner meta included.
pub const ROOM: usize = 256;
/// Payload of a frame where several networks share what is sent, at most: larger ones are hard to divide, bytes.
const SHARED: usize = 128 << 10;
/// Room kept in front of a payload, for what devices put there.
const HEADROOM: usize = 64;
/// How long the end of a process waits for acknowledgements, ns.
const LAST: u64 = 2_000_000_000;
/// Fruitless looks from one tending to the next: it costs as much as a message.
const TEND: u32 = 32;
/// Requests kept for later use.
const SPARE: usize = 32;

/// Requests to be used again.
#[allow(clippy::vec_box, reason = "devices pass requests on by their boxes; the box is what is used again")]
type Spare = Vec<Box<Irb>>;

/// All live connections of a process.
pub struct Lively {
    kit: Kit,
    connections: Vec<Option<Box<Live>>>,
    /// Peers with a live connection.
    pub active: Vec<u32>,
    /// Peers to which our direction has just become direct.
    pub left: Vec<u32>,
    /// Peers to which our direction has to leave the direct way again.
    pub back: Vec<u32>,
    /// Through the receive chain, not yet handed up.
    arrived: VecDeque<Box<Irb>>,
    handed: Option<Box<Irb>>,
    spare: Spare,
    /// Networks an operator has taken down, by number.
    pub down: Vec<u8>,
    /// Cards that have come in-band before their network was opened here: peer, name, card.
    cards: Vec<(u32, String, Vec<u8>)>,
    pub operations: Operations,
    /// Requests of operators to other processes and from them.
    pub relays: Relays,
    /// Where the cards of the networks opened at the start are.
    pub published: Option<&'static dyn super::directory::Directory>,
    /// Operations on remote memory under way, and towards whom.
    bypasses: HashMap<u64, u32>,
    /// Devices put on every connection when it is made.
    pub initial: Vec<super::filter::Spec>,
    /// Looks at the sinks that have brought nothing.
    fruitless: u32,
    now: u64,
    tended: u64,
}

impl Lively {
    pub fn new(kit: Kit, size: u32) -> Lively {
        Lively {
            kit,
            connections: (0..size).map(|_| None).collect(),
            active: Vec::new(),
            left: Vec::new(),
            back: Vec::new(),
            arrived: VecDeque::new(),
            handed: None,
            spare: Vec::new(),
            down: Vec::new(),
            cards: Vec::new(),
            operations: Operations::default(),
            relays: Relays::default(),
            published: None,
            bypasses: HashMap::new(),
            initial: Vec::new(),
            fruitless: 0,
            now: 0,
            tended: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    pub fn get(&self, peer: u32) -> Option<&Live> {
        self.connections.get(peer as usize)?.as_deref()
    }

    /// The connection to `peer`, made live if it is not.
    pub fn make(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32) -> &mut Live {
        if self.connections[peer as usize].is_none() {
            self.begin(sinks, alerts, peer);
        }
        let kit = &self.kit;
        self.connections[peer as usize].get_or_insert_with(|| Box::new(Live::new(peer, kit)))
    }

    #[cold]
    fn begin(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32) {
        self.now = monotonic_ns();
        let mut live = Box::new(Live::new(peer, &self.kit));
        for spec in &self.initial {
            live.want_initial(spec.clone());
        }
        let near = if peer == self.kit.me { Some(LOOPBACK) } else { sinks.slot(peer).map(|_| SHM) };
        if let Some(id) = near {
            live.add_network(id, sinks, &self.down, self.now);
        }
        live.active = true;
        self.connections[peer as usize] = Some(live);
        self.active.push(peer);
        self.back.push(peer);
        if near.is_none() {
            self.add_far(sinks, alerts, peer);
        }
    }

    /// Adds the networks besides shared memory that reach `peer`.
    pub fn add_far(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32) {
        for id in sinks.numbers() {
            let name = sinks.name(id).to_string();
            let known = self.cards.iter().any(|(p, n, _)| *p == peer && *n == name);
            if !known && let Some(directory) = self.published {
                // A network that was opened after the start has no card there.
                match directory.get(peer, &super::open::card_key(&name)) {
                    Ok(card) => self.cards.push((peer, name.clone(), card)),
                    Err(_) => continue,
                }
            }
            self.use_card(sinks, alerts, peer, &name);
        }
    }

    /// An operator takes a network of one connection down or up.
    pub fn enable(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32, id: u8, enabled: bool) {
        let now = monotonic_ns();
        let Some(live) = &mut self.connections[peer as usize] else { return };
        live.xfer.set_enabled(id, enabled, now);
        if !enabled {
            self.add_far(sinks, alerts, peer);
        }
    }

    /// Sends a request of an operator to `peer`, whose connection is live.
    pub fn ask(&mut self, peer: u32, line: &str) -> Result<u16, String> {
        let live = self.connections.get_mut(peer as usize).and_then(|l| l.as_mut());
        let live = live.ok_or_else(|| format!("there is no connection to rank {peer}"))?;
        match &live.lost {
            Some(why) => Err(why.clone()),
            None => self.relays.ask(live, line),
        }
    }

    /// Everything that is owed leaves, as long as the peers take it.
    pub fn end(&mut self, sinks: &mut Sinks, alerts: &mut Alerts) {
        let limit = monotonic_ns() + LAST;
        self.acknowledge_all();
        self.tend(sinks, alerts);
        while self.retains() && monotonic_ns() < limit {
            if let Some(frame) = self.next(sinks, alerts) {
                if frame.token.sink == LIVE { self.release() } else { sinks.release(frame.token) }
            } else {
                std::thread::yield_now();
            }
        }
        self.active.clear();
    }

    /// What a frame to `peer` may carry.
    pub fn properties(&self, sinks: &Sinks, peer: u32) -> Properties {
        match self.get(peer) {
            Some(live) if !live.links.is_empty() => common(sinks, live.links.iter().map(|(id, _)| *id)),
            None if sinks.slot(peer).is_some() => common(sinks, [SHM].into_iter()),
            _ => common(sinks, sinks.numbers().into_iter()),
        }
    }

    // ---- send ----

    pub fn send(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        self.admit(sinks, alerts, peer, header.len)?;
        let now = self.now;
        let Some(live) = &mut self.connections[peer as usize] else { return Err(SendError::Full) };
        if live.out.chain().is_empty() {
            let slab = live.xfer.slab(HEADROOM, header.len);
            if let Some((to, _)) = slab.rest().next() {
                fill(to);
            }
            live.xfer.push(live.out.epoch(), &header, slab, now);
        } else {
            let irb = request(&mut self.spare, Command::Send, peer, header, fill);
            match dispatch(live.out.chain(), irb) {
                Outcome::Passed(irb) => {
                    // The usual case ends here: the frame is in the ring.
                    if let Some(done) = live.launch(sinks, irb, now) {
                        keep_spare(&mut self.spare, done);
                        return Ok(());
                    }
                }
                Outcome::Completed(irb) => {
                    if let Status::Failed(why) = irb.status {
                        return Err(SendError::Lost(why));
                    }
                }
                Outcome::Pending => {}
            }
        }
        live.flush(sinks, now);
        Ok(())
    }

    /// Sends a payload from where it lies. Clones of `piece` are held until it is acknowledged and no network has it.
    pub fn send_lent(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        peer: u32,
        header: Header,
        piece: BufferOp,
    ) -> Result<(), SendError> {
        self.admit(sinks, alerts, peer, header.len)?;
        let now = self.now;
        let Some(live) = &mut self.connections[peer as usize] else { return Err(SendError::Full) };
        if !live.out.chain().is_empty() {
            // Devices change what passes them.
            return self.send(sinks, alerts, peer, header, |to| piece.address().copy_to(to, header.len));
        }
        let mut slab = live.xfer.slab(HEADROOM, 0);
        slab.push(piece);
        live.xfer.push(live.out.epoch(), &header, slab, now);
        live.flush(sinks, now);
        Ok(())
    }

    /// A frame with so much payload may enter the connection, which is made if there is none.
    #[inline]
    fn admit(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        peer: u32,
        len: usize,
    ) -> Result<(), SendError> {
        if self.connections[peer as usize].is_none() {
            self.begin(sinks, alerts, peer);
        }
        let Some(live) = &mut self.connections[peer as usize] else { return Err(SendError::Full) };
        if live.xfer.thin().is_none() {
            self.now = monotonic_ns();
        }
        if let Some(why) = &live.lost {
            return Err(SendError::Lost(why.clone()));
        }
        if live.is_finished() {
            return Err(SendError::Lost(format!("rank {peer} has finished")));
        }
        if live.is_stalled() || !live.xfer.has_room_for(len) {
            live.flush(sinks, self.now);
            return Err(SendError::Full);
        }
        Ok(())
    }

    /// Copies what refers to `buffer` on the way to `peer`: what the networks have not sent, and, if asked for, what is
    /// not acknowledged. In vain without the latter as long as there is such.
    pub fn copy_out_of(&mut self, sinks: &mut Sinks, peer: u32, buffer: &Rc<Buffer>, unacknowledged: bool) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if unacknowledged {
            live.xfer.copy_out_of(buffer);
        } else if live.xfer.refers_to(buffer) {
            return;
        }
        for network in &mut sinks.networks {
            network.copy_out_of(peer, buffer);
        }
    }

    /// Acknowledges to `peer` now what has arrived: it waits for that.
    pub fn acknowledge(&mut self, sinks: &mut Sinks, peer: u32) {
        if let Some(live) = &mut self.connections[peer as usize] {
            live.xfer.flush_acks();
            live.flush(sinks, self.now);
        }
    }

    // ---- receive ----

    /// The next frame for the layer above, from the sinks or from what has waited here.
    pub fn next(&mut self, sinks: &mut Sinks, alerts: &mut Alerts) -> Option<Incoming> {
        for _ in 0..64 {
            if !self.arrived.is_empty()
                && let Some(frame) = self.hand_up()
            {
                return Some(frame);
            }
            let Some(frame) = sinks.next() else {
                self.fruitless = self.fruitless.wrapping_add(1);
                if self.fruitless.is_multiple_of(TEND) {
                    self.tend(sinks, alerts);
                    return self.hand_up();
                }
                return None;
            };
            if frame.header.kind < kind::CORE {
                return Some(frame);
            }
            if let Some(frame) = self.arrive(sinks, alerts, frame) {
                return Some(frame);
            }
        }
        None
    }

    fn hand_up(&mut self) -> Option<Incoming> {
        if self.handed.is_some() {
            return None;
        }
        let irb = self.arrived.pop_front()?;
        Some(self.hand(irb))
    }

    #[inline]
    fn hand(&mut self, mut irb: Box<Irb>) -> Incoming {
        let (len, payload) = contiguous(&mut irb.slab);
        let header = Header { len, ..irb.header };
        let token = Token { sink: LIVE, landed: false, slot: irb.connection, line: 0 };
        let frame = Incoming { peer: irb.connection, header, payload, token };
        self.handed = Some(irb);
        frame
    }

    /// The layer above is done with the frame handed up last.
    pub fn release(&mut self) {
        let Some(irb) = self.handed.take() else { return };
        let Some(live) = &mut self.connections[irb.connection as usize] else { return };
        live.above -= 1;
        let done = if irb.has_stack() { complete(live.inward.chain(), irb) } else { irb };
        keep_spare(&mut self.spare, done);
    }

    /// The peer uses a connection, or a network of one, for the first time or again.
    #[cold]
    fn meet(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, frame: &Incoming) {
        self.make(sinks, alerts, frame.peer);
        let Some(live) = &mut self.connections[frame.peer as usize] else { return };
        if !live.active {
            // The peer has left the direct way again.
            (live.active, live.peer_direct) = (true, false);
            self.active.push(frame.peer);
            self.back.push(frame.peer);
        }
        live.add_network(frame.token.sink, sinks, &self.down, self.now);
    }

    /// Takes a frame of the core's own kinds. Some: it goes up, as it lies in the sink or through the receive chain.
    pub fn arrive(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, frame: Incoming) -> Option<Incoming> {
        if frame.token.sink >= FIRST {
            self.now = monotonic_ns();
        }
        let now = self.now;
        let known = self.connections[frame.peer as usize].as_ref();
        if !known.is_some_and(|live| live.active && live.knows(frame.token.sink)) {
            self.meet(sinks, alerts, &frame);
        }
        let live = self.connections[frame.peer as usize].as_mut()?;
        let arrival = match live.xfer.arrive_thin(frame.token.sink, &frame.header, now) {
            Some((epoch, kind)) => Arrival::Deliver { epoch, kind },
            None => live.xfer.arrive(frame.token.sink, &frame.header, now),
        };
        if live.xfer.wants_out() {
            live.flush(sinks, now);
        }
        let delivers = matches!(arrival, Arrival::Deliver { .. });
        let landed = if delivers { self.landed(sinks, &frame) } else { None };
        let live = self.connections[frame.peer as usize].as_mut()?;
        match arrival {
            Arrival::Deliver { .. } | Arrival::Keep if frame.token.landed && landed.is_none() => {
                // Only its beginning is here.
                sinks.release(frame.token);
                live.lose(alerts, format!("a frame of rank {} landed out of its turn", frame.peer));
            }
            Arrival::Deliver { epoch, kind } if live.passes_in_place(epoch, kind) => {
                let up = in_place(frame, kind, landed);
                self.take_ready(sinks, alerts, frame.peer);
                return Some(up);
            }
            Arrival::Deliver { epoch, kind: inner } if inner < kind::CORE && live.follows(epoch) => {
                let up = self.climb(sinks, alerts, &frame, epoch, inner, landed);
                self.take_ready(sinks, alerts, frame.peer);
                return up;
            }
            Arrival::Deliver { epoch, kind } => {
                let slab = copied(&frame, landed);
                sinks.release(frame.token);
                self.deliver(sinks, alerts, frame.peer, epoch, kind, slab);
                self.take_ready(sinks, alerts, frame.peer);
            }
            Arrival::Keep => {
                live.xfer.keep(copied(&frame, None));
                sinks.release(frame.token);
            }
            Arrival::Duplicate | Arrival::Nothing => sinks.release(frame.token),
            Arrival::Malformed(why) => {
                sinks.release(frame.token);
                alerts.fault(frame.peer, format!("rank {} sent {why}; it is left out", frame.peer));
            }
        }
        None
    }

    /// A frame of the program goes up the receive chain of its epoch. Some: it is through, and nothing is before it.
    #[inline]
    fn climb(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        frame: &Incoming,
        epoch: u16,
        inner: u8,
        landed: Option<UserBuf>,
    ) -> Option<Incoming> {
        let live = self.connections[frame.peer as usize].as_mut()?;
        if live.inward.epoch() != epoch
            && let Err(why) = live.inward.go_to(epoch)
        {
            sinks.release(frame.token);
            live.lose(alerts, format!("rank {} broke the protocol: {why}", frame.peer));
            return None;
        }
        let up = in_place(*frame, inner, landed);
        let irb = request(&mut self.spare, Command::Receive, frame.peer, up.header, |to| {
            up.payload.copy_to(to, up.header.len);
        });
        sinks.release(frame.token);
        match dispatch(live.inward.chain(), irb) {
            Outcome::Passed(irb) => {
                live.above += 1;
                if self.arrived.is_empty() && self.handed.is_none() {
                    return Some(self.hand(irb));
                }
                self.arrived.push_back(irb);
            }
            Outcome::Completed(irb) => live.mourn(alerts, irb.status),
            Outcome::Pending => {}
        }
        None
    }

    /// What has waited for the frame that has just been delivered.
    #[inline]
    fn take_ready(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32) {
        while let Some(live) = &mut self.connections[peer as usize]
            && let Some(Ready { epoch, kind, slab }) = live.xfer.next_ready()
        {
            self.deliver(sinks, alerts, peer, epoch, kind, slab);
        }
    }

    /// A frame that is next in sequence.
    fn deliver(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        peer: u32,
        epoch: u16,
        inner: u8,
        slab: Slab,
    ) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        if !live.held.is_empty() || live.must_hold(epoch) {
            live.held.push_back((epoch, inner, slab));
            return;
        }
        self.deliver_now(sinks, alerts, peer, epoch, inner, slab);
    }

    fn deliver_now(
        &mut self,
        sinks: &mut Sinks,
        alerts: &mut Alerts,
        peer: u32,
        epoch: u16,
        inner: u8,
        mut slab: Slab,
    ) {
        let Some(live) = &mut self.connections[peer as usize] else { return };
        let before = live.inward.epoch();
        if let Err(why) = live.inward.go_to(epoch) {
            live.lose(alerts, format!("rank {peer} broke the protocol: {why}"));
            return;
        }
        if before != epoch {
            alerts.note("epoch", Some(peer), control::told("receive", epoch, live.inward.devices()));
        }
        let meta = inner_meta(&mut slab);
        if inner == kind::CONTROL {
            self.control(sinks, alerts, peer, meta, slab);
            return;
        }
        let header = Header { kind: inner, meta, len: slab.len() };
        let irb = Irb::new(Command::Receive, peer, header, slab);
        match dispatch(live.inward.chain(), irb) {
            Outcome::Passed(irb) => {
                live.above += 1;
                self.arrived.push_back(irb);
            }
            Outcome::Completed(irb) => {
                if let Status::Failed(why) = irb.status {
                    live.lose(alerts, why);
                }
            }
            Outcome::Pending => {}
        }
    }

    /// Goes on with frames that had to wait for devices of an older epoch.
    fn deliver_held(&mut self, sinks: &mut Sinks, alerts: &mut Alerts, peer: u32) {
        while let Some(live) = &mut self.connections[peer as usize]
            && let Some((epoch, ..)) = live.held.front()
        {
            let epoch = *epoch;
            if live.must_hold(epoch) {
                return;
            }
            if let Some((epoch, inner, slab)) = live.held.pop_front() {
                self.deliver_now(sinks, alerts, peer, epoch, inner, slab);
            }
        }
    }
}

/// What a frame may carry that takes any of these networks, the preferred first.
fn common(sinks: &Sinks, mut ids: impl Iterator<Item = u8>) -> Properties {
    let first = sinks.properties(ids.next().unwrap_or(LOOPBACK));
    let others = ids.map(|id| sinks.properties(id).max_payload.min(SHARED));
    let least = others.fold(first.max_payload, usize::min);
    Properties { max_payload: least.saturating_sub(ROOM).max(1024), ..first }
}

/// A frame as it lies in the sink or has landed, without what the core has put around it.
#[inline]
fn in_place(frame: Incoming, inner: u8, landed: Option<UserBuf>) -> Incoming {
    let bytes: [u8; INNER] = frame.bytes(0);
    let len = frame.header.len.saturating_sub(INNER);
    let header = Header { kind: inner, meta: words(bytes), len };
    let payload = landed.unwrap_or(frame.payload.offset(INNER as isize));
    Incoming { header, payload, ..frame }
}

fn words(bytes: [u8; INNER]) -> [u32; 3] {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    [word(0), word(4), word(8)]
}

fn inner_bytes(meta: [u32; 3]) -> [u8; INNER] {
    let mut bytes = [0; INNER];
    for (to, word) in bytes.chunks_exact_mut(4).zip(meta) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Takes the inner meta off the front.
fn inner_meta(slab: &mut Slab) -> [u32; 3] {
    let mut bytes = [0; INNER];
    slab.copy_to(UserBuf::of(&mut bytes), INNER);
    slab.trim_front(INNER);
    words(bytes)
}

/// A payload with room in front of it.
fn with_room(len: usize, fill: impl FnOnce(UserBuf)) -> Slab {
    let buffer = Buffer::allocate(HEADROOM + len);
    fill(buffer.address().offset(HEADROOM as isize));
    let mut slab = Slab::default();
    if let Some(op) = BufferOp::new(buffer, HEADROOM, len) {
        slab.push(op);
    }
    slab
}

/// A copy of a frame's payload.
fn copied(frame: &Incoming, landed: Option<UserBuf>) -> Slab {
    let (buffer, len) = (Buffer::allocate(frame.header.len), frame.header.len);
    let here = if landed.is_some() { INNER.min(len) } else { len };
    frame.payload.copy_to(buffer.address(), here);
    if let Some(rest) = landed {
        rest.copy_to(buffer.address().offset(here as isize), len - here);
    }
    Slab::of(buffer)
}

/// A request for one frame.
#[inline]
fn request(
    spare: &mut Spare,
    command: Command,
    peer: u32,
    header: Header,
    fill: impl FnOnce(UserBuf),
) -> Box<Irb> {
    let Some(mut irb) = spare.pop() else {
        return Irb::new(command, peer, header, with_room(header.len, fill));
    };
    irb.reuse(command, peer, header);
    match irb.slab.refit(HEADROOM, header.len) {
        Some(to) => fill(to),
        None => irb.slab = with_room(header.len, fill),
    }
    irb
}

#[inline]
fn keep_spare(spare: &mut Spare, irb: Box<Irb>) {
    if spare.len() < SPARE {
        spare.push(irb);
    }
}

/// The slab's bytes in one piece; a scattered slab is gathered into a buffer of its own first.
#[inline]
fn contiguous(slab: &mut Slab) -> (usize, UserBuf) {
    if slab.ops().len() > 1 {
        let whole = Buffer::allocate(slab.len());
        slab.copy_to(whole.address(), slab.len());
        *slab = Slab::of(whole);
    }
    (slab.len(), slab.ops().first().map_or(UserBuf::BOTTOM, |op| op.address()))
}
