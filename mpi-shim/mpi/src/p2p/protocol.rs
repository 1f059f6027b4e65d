//! The point-to-point protocol: what each frame means, and the state of one process's traffic.
//!
//! ```text
//!   EAGER   [context, tag, source]  data                    up to the eager limit
//!   FIRST, MORE                                             eager messages in several frames ([`super::pieces`])
//!   RTS     [context, tag, source]  Offer                   rendezvous: "I have a message for you"
//!   CTS     [sender's request, receiver's request, cannot read you]  limit   "send me so many bytes of it"
//!   DATA    [receiver's request, offset]  data              a piece of it
//!   SHARE   [sender's request, tag]  Share                   "I am fetching it, help me" ([`super::fetch`])
//!   BOUNCE, BOUNCED                                         "bring it to me" ([`super::bounce`])
//!   FIN     [sender's request]                              "I have it"
//!   CREDIT  [bytes]                                         eager bytes handed on since the last CREDIT
//!   CANCEL  [sender's request]  /  CANCELLED [sender's request, yes or no]
//! ```
//! Eager data a receiver has not asked for is bounded: a sender counts the eager bytes that are not credited
//! back and switches to rendezvous beyond its share ([`Traffic::credit`]).
//!
//! [`super::frames`] has the words of the frames. Frames to one peer that take part in matching leave in the order of the
//! calls: while one waits for room, later ones queue up behind it. DATA frames wait in a queue of their own.
//!
//! Invariant: a number that comes from the wire (request, offset, length) is looked up and checked before use.

use super::bounce::{Bounced, PIECE as BOUNCED_PIECE};
pub(super) use super::frames::{Offer, envelope_of, kind, meta_of};
use super::kept::Spare;
pub use super::kept::{Kept, Slab, Unexpected};
use super::landing::Claim;
use super::lend::{self, Lent, Returning};
use super::pieces::{Arriving, MOST, PIECE};
use crate::comm::Comm;
use crate::constants::class;
use crate::datatype::Memory;
use crate::error::Error;
use crate::matching::{Entry, Envelope, Matching};
use crate::request::table::{Body, Requests};
use crate::{Status, UserBuf};
use std::collections::VecDeque;
use std::rc::Rc;
use vmi::core::Core;
use vmi::core::device::SendError;
use vmi::core::frame::{Header, Incoming};

/// What a frame costs its receiver besides the payload, for flow control.
pub(crate) const FRAME_COST: u64 = 64;
/// Frames handled in one step of progress before the caller looks at its own condition again.
const STEP: usize = 64;

/// A message on its way out.
pub struct Outgoing {
    pub peer: u32,
    pub envelope: Envelope,
    pub from: Memory,
    pub total: u64,
    pub eager: bool,
    pub sync: bool,
    /// Next byte to send (eager in pieces; rendezvous after CTS), and where to stop (rendezvous).
    pub sent: u64,
    pub limit: u64,
    pub theirs: u32,
    /// The peer may know of the message (its RTS or its first piece has left).
    pub offered: bool,
    /// It is sent from where it lies.
    pub lent: Option<Lent>,
}

/// A message on its way in.
pub struct Receiving {
    pub memory: Memory,
    /// While posted and unmatched.
    pub entry: Option<Entry>,
    pub peer: u32,
    /// Bytes expected (at most what the memory takes) and received so far, by rendezvous.
    pub expected: u64,
    pub received: u64,
}

/// Frames waiting for room on the way to one peer.
#[derive(Default)]
struct Backlog {
    /// In the order of the calls.
    ordered: VecDeque<Waiting>,
    /// Requests with DATA to send.
    data: VecDeque<u32>,
}

enum Waiting {
    /// EAGER or RTS of a send request.
    Send(u32),
    Control(Header, [u8; 8]),
}

#[derive(Default)]
pub(super) struct Peer {
    backlog: Backlog,
    /// A message in pieces that has not arrived completely.
    pub(super) arriving: Option<Arriving>,
    /// Eager bytes sent and not credited back.
    pub(super) uncredited: u64,
    /// Eager bytes handed on, not yet reported to the sender.
    to_credit: u64,
    /// Messages that have left, but their memory is still lent.
    pub(super) returning: Returning,
    /// Our offers that are not fetched, sent or cancelled yet.
    pub(super) offers: u32,
    /// Longer messages that were started since something came from there.
    started: u32,
    /// One of us cannot read the other's memory.
    pub(super) unreadable: bool,
    /// Messages that pass through bounce buffers.
    pub(super) bounced: Bounced,
}

/// All point-to-point state of a process.
pub struct Traffic {
    pub core: Core,
    pub matching: Matching<u32, Unexpected>,
    pub requests: Requests,
    pub(super) peers: Vec<Peer>,
    /// Peers with a backlog.
    busy: Vec<u32>,
    /// Share of a sender: eager bytes that may be uncredited.
    credit: u64,
    /// Largest eager message between hosts, and within one.
    eager_limit: u64,
    near_limit: u64,
    /// Largest message that is one eager frame on every way.
    short_limit: u64,
    /// From this size on a message is fetched from the sender's memory where that is allowed.
    pub(super) fetch_from: u64,
    /// In a stream, those longer than this; no shorter one is fetched.
    pub(crate) stream_from: u64,
    /// Bytes of messages that were brought in before they were asked for.
    pub(super) brought: u64,
    /// There may be offered messages to be brought in when there is time.
    pub(super) offers_wait: bool,
    pub(super) spare: Spare,
    /// Shorter messages that lie in no cache do not pass through bounce buffers; none does, where ranks share processors.
    pub(super) bounce_from: u64,
    /// Peers with which messages do at the moment.
    pub(super) bouncing: Vec<u32>,
    /// The next bounce buffer holds the first chunk of this request's message.
    pub(super) prepared: Option<u32>,
    /// This process does nothing else until something has happened.
    pub(super) waits: bool,
    /// This step has ended a send that this process may wait for.
    pub(super) sent: bool,
    /// Copies shared with their senders so far.
    pub(super) shares: u32,
    /// Eager messages that have begun to arrive, at most one of each peer.
    pub(super) claims: Vec<Claim>,
    /// Peers on the way to whom memory of the program is lent.
    pub(super) borrowers: Vec<u32>,
    /// What could have been copied since something happened last, about, bytes.
    pub(super) idle: usize,
}

/// Default bound on eager data nobody has asked for, per process (VMI_EAGER_MEMORY overrides), bytes.
pub const EAGER_MEMORY: u64 = 64 << 20;
/// Largest eager message, bytes (VMI_EAGER_LIMIT overrides both). (Between hosts over tcp, 64 in flight, 16 KiB: 8.2 µs by
/// rendezvous, 5.5 eager; 64 KiB 15.6 and 12.0; 16 in flight, 256 KiB: 34 and 28, half round trip 43 and 33.)
const FAR_LIMIT: u64 = 256 << 10;
const NEAR_LIMIT: u64 = 32 << 10;
/// From here on a message is copied straight out of its sender, bytes (VMI_FETCH_FROM overrides). (Half round trip on
/// two cores: 16 KiB in pieces 2.3 µs, fetched 1.6; 64 in flight 1.7 and 1.0.)
const FETCH_FROM: u64 = PIECE + 1;
/// In a stream of nonblocking sends that nothing answers, messages longer than this are fetched, after so many that are
/// not. (8 KiB, 64 in flight: in a frame 0.85 µs one way and 0.86 both ways, fetched 0.66 and 0.58; half round trip 1.19
/// and 1.34.)
const STREAM_FROM: u64 = 4 << 10;
const STREAM_AFTER: u32 = 4;
/// As above, between the ranks that meet on a board: they copy at the same time, into cells that stay in cache.
const LEND_FROM: u64 = 64 << 10;

impl Traffic {
    pub fn new(core: Core, size: usize) -> Self {
        let memory = setting("VMI_EAGER_MEMORY", EAGER_MEMORY);
        let [far, near] = [FAR_LIMIT, NEAR_LIMIT].map(|limit| setting("VMI_EAGER_LIMIT", limit).min(MOST));
        Traffic {
            core,
            matching: Matching::default(),
            requests: Requests::default(),
            peers: (0..size).map(|_| Peer::default()).collect(),
            busy: Vec::new(),
            credit: (memory / size.max(1) as u64).clamp(64 << 10, 4 << 20),
            eager_limit: far,
            near_limit: near,
            short_limit: far.min(PIECE),
            fetch_from: setting("VMI_FETCH_FROM", FETCH_FROM),
            stream_from: setting("VMI_FETCH_FROM", STREAM_FROM + 1).saturating_sub(1),
            brought: 0,
            offers_wait: false,
            spare: Spare::default(),
            bounce_from: u64::MAX,
            bouncing: Vec::new(),
            prepared: None,
            waits: false,
            sent: false,
            shares: 0,
            claims: Vec::new(),
            borrowers: Vec::new(),
            idle: 0,
        }
    }

    /// One more of the longer messages to `peer` is started. True if it follows others so closely that the receiver
    /// had better fetch them.
    #[inline(never)]
    pub fn in_stream(&mut self, peer: u32) -> bool {
        let fetches = self.core.pid(peer).is_some();
        let state = &mut self.peers[peer as usize];
        state.started += 1;
        state.started > STREAM_AFTER && fetches && !state.unreadable
    }

    /// From this size on data of collectives is read from where it lies.
    pub fn lend_from(&self) -> u64 {
        setting("VMI_FETCH_FROM", LEND_FROM)
    }

    // ---- sending ----

    /// Sends small messages at once. False if the message must become a request.
    #[inline]
    pub fn send_now(&mut self, peer: u32, env: Envelope, from: &Memory) -> bool {
        let state = &mut self.peers[peer as usize];
        let total = from.bytes();
        let lends = total >= lend::LEND_FROM && !self.core.is_near(peer);
        if total > self.short_limit
            || lends
            || !state.backlog.ordered.is_empty()
            || state.uncredited + total + FRAME_COST > self.credit
        {
            return false;
        }
        let header = Header { kind: kind::EAGER, meta: meta_of(env), len: total as usize };
        let sent = self.core.send(peer, header, |to| from.pack(0, to, total as usize));
        if sent.is_ok() {
            state.uncredited += total + FRAME_COST;
        }
        sent.is_ok()
    }

    /// Starts a send that [`Traffic::send_now`] did not take; `request` holds its [`Outgoing`].
    pub fn send_later(&mut self, request: u32) {
        let Some(out) = self.requests.outgoing(request) else { return };
        let peer = out.peer;
        let fetchable = out.total >= self.fetch_from
            && !self.peers[peer as usize].unreadable
            && self.core.pid(peer).is_some()
            && out.from.block().is_some();
        let limit = match self.core.is_near(peer) {
            true if fetchable => PIECE,
            true => self.near_limit,
            false => self.eager_limit,
        };
        out.eager &= out.total <= limit;
        self.enqueue(peer, Waiting::Send(request));
        self.flush_peer(peer);
    }

    fn enqueue(&mut self, peer: u32, waiting: Waiting) {
        self.peers[peer as usize].backlog.ordered.push_back(waiting);
        self.mark_busy(peer);
    }

    fn mark_busy(&mut self, peer: u32) {
        if !self.busy.contains(&peer) {
            self.busy.push(peer);
        }
    }

    pub(super) fn control(&mut self, peer: u32, kind: u8, meta: [u32; 3], payload: [u8; 8], len: usize) {
        let header = Header { kind, meta, len };
        let blocked = !self.peers[peer as usize].backlog.ordered.is_empty();
        if blocked || self.core.send(peer, header, |to| to.write(0, &payload[..len])).is_err() {
            self.enqueue(peer, Waiting::Control(header, payload));
        }
    }

    /// Sends what waits, as far as there is room. True if something left.
    pub fn flush(&mut self) -> bool {
        let mut any = false;
        for peer in std::mem::take(&mut self.busy) {
            any |= self.flush_peer(peer);
        }
        any
    }

    #[inline]
    pub(super) fn has_backlog(&self) -> bool {
        !self.busy.is_empty()
    }

    /// A frame waits for room on a way that does not wake us when there is some.
    pub fn must_watch_for_room(&self) -> bool {
        self.busy.iter().any(|peer| !self.core.wakes_for_room(*peer))
    }

    fn flush_peer(&mut self, peer: u32) -> bool {
        let mut any = false;
        loop {
            match self.flush_one(peer) {
                Ok(true) => any = true,
                Ok(false) => break,
                Err(SendError::Full) => {
                    self.mark_busy(peer);
                    break;
                }
                Err(SendError::Lost(why)) => {
                    self.lose(peer, &why);
                    break;
                }
            }
        }
        any
    }

    /// Sends the next waiting frame to `peer`; Ok(false) if none waits.
    fn flush_one(&mut self, peer: u32) -> Result<bool, SendError> {
        let backlog = &self.peers[peer as usize].backlog;
        if let Some(first) = backlog.ordered.front() {
            match *first {
                Waiting::Send(request) => self.send_first(peer, request)?,
                Waiting::Control(header, payload) => {
                    self.core.send(peer, header, |to| to.write(0, &payload[..header.len]))?;
                }
            }
            self.peers[peer as usize].backlog.ordered.pop_front();
            return Ok(true);
        }
        match backlog.data.front() {
            Some(&request) => self.send_piece(peer, request).map(|()| true),
            None => Ok(false),
        }
    }

    /// The EAGER or RTS frame of a send request.
    fn send_first(&mut self, peer: u32, request: u32) -> Result<(), SendError> {
        // A request that was cancelled or freed meanwhile has nothing to send.
        let piece = self.piece(peer);
        let Some(out) = self.requests.outgoing(request) else { return Ok(()) };
        let meta = meta_of(out.envelope);
        // Decided when it leaves: what has left before it counts.
        let uncredited = self.peers[peer as usize].uncredited;
        out.eager &= out.sent > 0 || uncredited + out.total + FRAME_COST <= self.credit;
        if out.eager && out.total > piece {
            self.send_pieces(peer, request, piece)?;
            self.requests.complete(request, sent_status(), None);
            return Ok(());
        }
        if out.eager
            && let Some(sent) = self.send_eager_lent(peer, request)
        {
            return sent;
        }
        let Some(out) = self.requests.outgoing(request) else { return Ok(()) };
        if out.eager {
            let len = out.total as usize;
            let header = Header { kind: kind::EAGER, meta, len };
            self.core.send(peer, header, |to| out.from.pack(0, to, len))?;
            self.peers[peer as usize].uncredited += out.total + FRAME_COST;
            self.requests.complete(request, sent_status(), None);
            return Ok(());
        }
        let (at, total, sync) = (out.from.block(), out.total, out.sync);
        let (address, cold) = (at.map_or(0, |at| at.addr() as u64), self.is_cold(peer, at, total));
        let offer = Offer { total, request, address, sync, cold };
        let header = Header { kind: kind::RTS, meta, len: Offer::LEN };
        self.core.send(peer, header, |to| to.write(0, &offer.encode()))?;
        if let Some(out) = self.requests.outgoing(request) {
            out.offered = true;
        }
        self.peers[peer as usize].offers += 1;
        if let Some(at) = at.filter(|_| cold) {
            self.prepare_to_bring(peer, request, at, total);
        }
        Ok(())
    }

    /// One DATA frame of a send request.
    fn send_piece(&mut self, peer: u32, request: u32) -> Result<(), SendError> {
        // What was lent goes as the ring takes it, should it go there.
        let bounces = !self.is_lent(request) && self.core.may_bounce(peer);
        let max = if bounces { BOUNCED_PIECE } else { self.piece(peer) };
        let Some(out) = self.requests.outgoing(request) else {
            self.peers[peer as usize].backlog.data.pop_front();
            return Ok(());
        };
        // Pieces of one size: no small one at the end.
        let even = out.limit.div_ceil(out.limit.div_ceil(max).max(1)).next_multiple_of(64).min(max);
        let (from, len) = (out.sent, (out.limit - out.sent).min(even) as usize);
        let header = Header { kind: kind::DATA, meta: [out.theirs, from as u32, (from >> 32) as u32], len };
        match self.send_lent(request, header, from) {
            Some(sent) => sent?,
            None => {
                let Some(out) = self.requests.outgoing(request) else { return Ok(()) };
                let data = |to: UserBuf| out.from.pack(from, to, len);
                match bounces {
                    true => {
                        self.core.send_bounced(peer, header, data)?;
                        self.prepared = None;
                    }
                    false => self.core.send(peer, header, data)?,
                }
            }
        }
        let Some(out) = self.requests.outgoing(request) else { return Ok(()) };
        out.sent += len as u64;
        let finished = out.sent == out.limit;
        // Round robin between the messages under way.
        let data = &mut self.peers[peer as usize].backlog.data;
        data.pop_front();
        if !finished {
            data.push_back(request);
        } else if !self.was_lent(peer, request) {
            self.conclude_offer(peer, request, sent_status());
        }
        Ok(())
    }

    /// Ends all traffic to a peer that cannot be reached any more.
    #[cold]
    fn lose(&mut self, peer: u32, why: &str) {
        let state = &mut self.peers[peer as usize];
        (state.backlog, state.arriving, state.offers) = (Backlog::default(), None, 0);
        state.returning = Returning::default();
        self.forget_bounced(peer);
        self.borrowers.retain(|borrower| *borrower != peer);
        self.retract(peer);
        for request in self.requests.of_peer(peer) {
            let error = Error::new(class::OTHER, format!("connection to rank {peer} is lost: {why}"));
            self.end_lost(peer, request, error);
        }
        self.reclaim();
    }

    // ---- receiving ----

    /// Handles what has arrived and sends what waits; true if anything happened. `waits`: the caller does nothing else
    /// until something has happened.
    #[inline]
    pub fn step(&mut self, waits: bool) -> bool {
        (self.waits, self.sent) = (waits, false);
        let mut handled = 0;
        while handled < STEP
            && let Some(frame) = self.core.next()
        {
            self.handle(&frame);
            self.core.release(frame.token);
            handled += 1;
            if frame.header.kind == kind::BOUNCED {
                // It was long, and there may be one to bring.
                break;
            }
        }
        let landing = self.land();
        let idle_work = !self.borrowers.is_empty() || self.offers_wait;
        let reclaimed = idle_work && self.use_step(handled > 0);
        let bounced = self.bounces() && self.bounce();
        self.waits = false;
        (!self.busy.is_empty() && self.flush()) || reclaimed || landing || bounced || handled > 0
    }

    #[inline]
    pub(super) fn handle(&mut self, frame: &Incoming) {
        let meta = frame.header.meta;
        match frame.header.kind {
            kind::EAGER => self.on_eager(frame),
            kind::FIRST => self.on_first(frame),
            kind::MORE => self.on_more(frame),
            kind::DATA => self.on_data(frame),
            kind::RTS => self.on_offer(frame),
            kind::CTS => self.on_clear(frame),
            kind::SHARE => self.on_share(frame),
            kind::BOUNCE => self.on_bounce(frame),
            kind::BOUNCED => self.on_bounced(frame),
            kind::FIN => {
                self.sent = true;
                self.on_fetched(frame.peer, meta[0])
            }
            kind::CREDIT => {
                let peer = &mut self.peers[frame.peer as usize];
                peer.uncredited = peer.uncredited.saturating_sub(meta[0] as u64);
            }
            kind::CANCEL => self.on_cancel(frame.peer, meta[0]),
            kind::CANCELLED => self.on_cancelled(frame.peer, meta[0], meta[1] != 0),
            other => eprintln!("VMI: rank {} sent a frame of unknown kind {other}; ignored", frame.peer),
        }
    }

    #[inline]
    fn on_eager(&mut self, frame: &Incoming) {
        let envelope = envelope_of(frame.header.meta);
        let len = frame.header.len as u64;
        match self.take_claim(frame.peer).or_else(|| self.matching.take_posted(envelope)) {
            Some(request) => {
                match frame.token.landed {
                    true => self.requests.succeed(request, received_status(envelope, len)),
                    false => self.deliver(request, envelope, frame.payload, len),
                }
                self.credit_back(frame.peer, len + FRAME_COST);
            }
            None => {
                let what = Kept::Data(Slab::grab(frame, &mut self.spare));
                self.matching.keep(envelope, Unexpected { peer: frame.peer, what });
            }
        }
    }

    /// Gives a whole message to a receive request.
    #[inline]
    pub(super) fn deliver(&mut self, request: u32, envelope: Envelope, from: UserBuf, len: u64) {
        let Some(to) = self.requests.receiving(request) else { return };
        let capacity = to.memory.bytes();
        let fits = len.min(capacity);
        to.memory.unpack(0, from, fits as usize);
        let status = received_status(envelope, fits);
        match len > capacity {
            false => self.requests.succeed(request, status),
            true => self.requests.complete(request, status, Some(truncated(len, capacity, envelope))),
        }
    }

    /// Reports eager bytes handed on, in portions.
    #[inline]
    pub fn credit_back(&mut self, peer: u32, bytes: u64) {
        let state = &mut self.peers[peer as usize];
        state.started = 0;
        state.to_credit += bytes;
        if state.to_credit >= self.credit / 4 {
            let bytes = std::mem::take(&mut state.to_credit);
            self.control(peer, kind::CREDIT, [bytes as u32, 0, 0], [0; 8], 0);
        }
    }

    fn on_offer(&mut self, frame: &Incoming) {
        let (envelope, offer) = (envelope_of(frame.header.meta), Offer::decode(frame));
        match self.matching.take_posted(envelope) {
            Some(request) => self.accept(request, frame.peer, envelope, offer),
            None => self.keep_offer(frame.peer, envelope, offer),
        }
    }

    /// A receive request takes an offered message: fetch it, or ask for it.
    fn accept(&mut self, request: u32, peer: u32, envelope: Envelope, offer: Offer) {
        let Some(to) = self.requests.receiving(request) else { return };
        let capacity = to.memory.bytes();
        let fits = offer.total.min(capacity);
        self.peers[peer as usize].started = 0;
        (to.entry, to.peer, to.expected, to.received) = (None, peer, fits, 0);
        let error = (offer.total > capacity).then(|| truncated(offer.total, capacity, envelope));
        let (window, alone) = (to.memory.block(), to.memory.is_used_at_once());
        self.requests.set_result(request, received_status(envelope, fits), error);
        if self.have_brought(request, peer, &offer, window, fits) {
            return;
        }
        if fits == 0 || self.fetch(peer, &offer, window, fits, alone) {
            self.control(peer, kind::FIN, [offer.request, 0, 0], [0; 8], 0);
            self.requests.finish(request);
            return;
        }
        self.ask_for(peer, request, &offer, fits);
    }

    /// Asks for the first `len` bytes of an offered message in DATA frames.
    pub(super) fn ask_for(&mut self, peer: u32, request: u32, offer: &Offer, len: u64) {
        let unreadable = u32::from(self.peers[peer as usize].unreadable);
        self.control(peer, kind::CTS, [offer.request, request, unreadable], len.to_le_bytes(), 8);
    }

    fn on_data(&mut self, frame: &Incoming) {
        let len = frame.header.len;
        let Some((to, from)) = self.requests.expecting(frame.peer, frame.header) else {
            eprintln!("VMI: rank {} sent data nobody asked for; ignored", frame.peer);
            return;
        };
        if !frame.token.landed {
            to.memory.unpack(from, frame.payload, len);
        }
        to.received += len as u64;
        if to.received >= to.expected {
            self.requests.finish(frame.header.meta[0]);
            // The sender has its memory back only when it knows.
            self.core.acknowledge(frame.peer);
        }
    }

    fn on_clear(&mut self, frame: &Incoming) {
        let [request, theirs, unreadable] = frame.header.meta;
        self.peers[frame.peer as usize].unreadable |= unreadable != 0;
        let limit = u64::from_le_bytes(frame.bytes(0));
        let Some(out) = self.requests.outgoing(request).filter(|o| o.peer == frame.peer && !o.eager) else {
            return;
        };
        (out.theirs, out.limit, out.sent) = (theirs, limit.min(out.total), 0);
        self.lend(frame.peer, request);
        self.peers[frame.peer as usize].backlog.data.push_back(request);
        self.mark_busy(frame.peer);
    }

    fn on_fetched(&mut self, peer: u32, request: u32) {
        if self.requests.outgoing(request).is_some_and(|o| o.peer == peer) && !self.is_lent(request) {
            self.conclude_offer(peer, request, sent_status());
        }
    }

    pub(super) fn conclude_offer(&mut self, peer: u32, request: u32, status: Status) {
        let state = &mut self.peers[peer as usize];
        state.offers = state.offers.saturating_sub(1);
        self.unprepare(request);
        self.requests.complete(request, status, None);
    }

    // ---- receives ----

    /// Starts a receive: it takes an unexpected message, or is posted. Returns its request.
    #[inline]
    pub fn receive(&mut self, comm: &Rc<Comm>, memory: Memory, pattern: Envelope) -> u32 {
        if let Some(message) = self.matching.find_unexpected(pattern) {
            let request = self.receive_unexpected(comm, memory, message);
            self.waits = false;
            return request;
        }
        self.waits = false;
        memory.expect_first();
        let entry = self.matching.post(pattern, self.requests.next());
        let to = Receiving { entry: Some(entry), ..Receiving::new(memory) };
        self.requests.insert(Some(comm.clone()), Body::Receive(to))
    }

    fn receive_unexpected(&mut self, comm: &Rc<Comm>, memory: Memory, message: Entry) -> u32 {
        if let Some((status, error)) = self.deliver_kept(message, &memory) {
            let request = self.requests.insert(error.is_some().then(|| comm.clone()), Body::Nothing);
            self.requests.complete(request, status, error);
            return request;
        }
        let request = self.requests.insert(Some(comm.clone()), Body::Receive(Receiving::new(memory)));
        if let Some((envelope, message)) = self.matching.take_entry(message) {
            self.take(request, envelope, message);
        }
        request
    }

    /// Takes the unexpected message that `pattern` takes, if there is one and all of it is here.
    #[inline]
    pub fn receive_kept(&mut self, pattern: Envelope, memory: &Memory) -> Option<(Status, Option<Error>)> {
        let message = self.matching.find_unexpected(pattern)?;
        self.deliver_kept(message, memory)
    }

    /// Gives an unexpected message to a receive request.
    pub fn take(&mut self, request: u32, envelope: Envelope, message: Unexpected) {
        match message.what {
            Kept::Offer(offer) => self.accept(request, message.peer, envelope, offer),
            Kept::Fetched(mut block) => {
                let len = block.len() as u64;
                self.deliver(request, envelope, UserBuf::of(&mut block), len);
                self.forget_brought(block);
            }
            Kept::Data(mut slab) => {
                let len = slab.bytes() as u64;
                self.deliver(request, envelope, slab.buf(), len);
                self.credit_back(message.peer, len + FRAME_COST);
            }
        }
    }

    // ---- cancel ----

    /// Cancels a request if that is still possible. A cancelled send completes when its receiver has answered.
    pub fn cancel(&mut self, request: u32) {
        if let Some(to) = self.requests.receiving(request) {
            if let Some(entry) = to.entry.take() {
                self.matching.withdraw(entry);
                self.requests.complete(request, cancelled_status(), None);
            }
            return;
        }
        let Some(out) = self.requests.outgoing(request) else { return };
        let peer = out.peer;
        if out.offered {
            self.control(peer, kind::CANCEL, [request, 0, 0], [0; 8], 0);
            return;
        }
        self.peers[peer as usize].backlog.ordered.retain(|w| !matches!(w, Waiting::Send(r) if *r == request));
        self.requests.complete(request, cancelled_status(), None);
    }

    /// The sender wants its offer back: granted if no receive has taken it.
    fn on_cancel(&mut self, peer: u32, request: u32) {
        let offered =
            |m: &Unexpected| m.peer == peer && matches!(m.what, Kept::Offer(o) if o.request == request);
        let granted =
            self.matching.search_unexpected(offered).and_then(|e| self.matching.take_entry(e)).is_some();
        self.control(peer, kind::CANCELLED, [request, u32::from(granted), 0], [0; 8], 0);
    }

    fn on_cancelled(&mut self, peer: u32, request: u32, granted: bool) {
        let ours = self.requests.outgoing(request).is_some_and(|o| o.peer == peer);
        if ours && granted && !self.is_lent(request) {
            self.conclude_offer(peer, request, cancelled_status());
        }
    }

    /// Messages to `peer` do not leave this host's memory.
    pub fn is_near(&self, peer: u32) -> bool {
        self.core.is_near(peer)
    }

    /// True while this process still owes its peers something (checked before it leaves).
    pub fn owes(&self) -> bool {
        !self.busy.is_empty() || !self.borrowers.is_empty() || self.core.owes()
    }
}

impl Requests {
    #[inline]
    pub(super) fn outgoing(&mut self, request: u32) -> Option<&mut Outgoing> {
        match self.pending_body(request)? {
            Body::Send(out) => Some(out),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn receiving(&mut self, request: u32) -> Option<&mut Receiving> {
        match self.pending_body(request)? {
            Body::Receive(to) => Some(to),
            _ => None,
        }
    }

    /// The receive that a DATA frame of `peer` is for, and where in its message the frame begins.
    pub(super) fn expecting(&mut self, peer: u32, header: Header) -> Option<(&mut Receiving, u64)> {
        let [request, low, high] = header.meta;
        let (from, len) = (low as u64 | (high as u64) << 32, header.len as u64);
        let to = self.receiving(request)?;
        let fits = to.entry.is_none()
            && to.peer == peer
            && len > 0
            && from.checked_add(len).is_some_and(|end| end <= to.expected);
        fits.then_some((to, from))
    }

    /// Unfinished requests whose message goes to or comes from `peer`.
    fn of_peer(&mut self, peer: u32) -> Vec<u32> {
        self.pending_where(|body| match body {
            Body::Send(out) => out.peer == peer,
            Body::Receive(to) => to.entry.is_none() && to.peer == peer,
            _ => false,
        })
    }
}

impl Receiving {
    #[inline]
    pub fn new(memory: Memory) -> Self {
        Receiving { memory, entry: None, peer: 0, expected: 0, received: 0 }
    }
}

pub(super) fn received_status(e: Envelope, bytes: u64) -> Status {
    Status { source: e.source, tag: e.tag, error: 0, bytes, cancelled: false }
}

pub(super) fn sent_status() -> Status {
    Status::EMPTY
}

fn cancelled_status() -> Status {
    Status { cancelled: true, ..Status::EMPTY }
}

#[cold]
pub(super) fn truncated(len: u64, capacity: u64, e: Envelope) -> Error {
    let Envelope { source, tag, .. } = e;
    let text = format!(
        "message of {len} bytes from rank {source} with tag {tag} does not fit the receive buffer of {capacity} bytes"
    );
    Error::new(class::TRUNCATE, text)
}

/// A size from the environment, in bytes.
pub(super) fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name).map(|v| v.parse()) {
        Ok(Ok(value)) => value,
        Ok(Err(_)) => {
            eprintln!("VMI: {name} is not a number of bytes; using {default}");
            default
        }
        Err(_) => default,
    }
}

/// Names the communicator in an error found while a request made progress.
pub fn on_comm(error: Error, comm: &Comm) -> Error {
    error.on(crate::error::On::Comm(comm.id.get()))
}
