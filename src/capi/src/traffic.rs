//! Frames out and frames in.
//!
//! ```text
//!   SLAB MORE END                as core::stream has them; bit 31 of the stream number: sent by the end that was asked
//!   CONNECT       [0]            key length (2 bytes), key, data       "will you connect?"
//!   ACCEPT        [1]   REFUSE [1, answer]                             the answer
//!   DISCONNECT    [end]  DISCONNECTED [end]                            end: 0 sent by the end that asked, 1 by the other
//!   PUBLISH       [end, id, size]  lctxt, address (8 bytes each), data
//!   UNPUBLISH     [id]                                                 the remote buffer was given back
//!   PUT           [id, offset, 0]  data       LAST_PUT [id, offset, size of the whole put]  data, then notify
//!   GET           [id, offset, size]  request (4 bytes)                GET_DATA [request, offset] data
//!   GOT           [id]  notify                                         NO_DATA [request]
//!   SYNC          [id, number]                                         SYNCED [id, number]: what was put before is there
//!   VOID          [id]  the region's key must open nothing any more
//! ```
//! Frames to one peer leave in the order of the calls: while one waits for room, later ones queue up behind it.
//!
//! Invariant: a number from the wire (end, id, request, offset, length) is looked up and checked before use.

use crate::args::Pieces;
use crate::bypass::{self, Bypass, Progress};
use crate::connection::{self, Connection};
use crate::engine::{Eng, Engine};
use crate::message::Message;
use crate::status::{Code, Fault, Result, fail};
use crate::table::{Tag, tagged};
use crate::types::*;
use crate::ways::{Site, Way};
use crate::{alerts, callback, data, devices, io, meeting, rdma};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use vmi::core::buffer::{Buffer, UserBuf};
use vmi::core::device::SendError;
use vmi::core::frame::{Header, Incoming};
use vmi::core::slab::Slab;
use vmi::core::stream::{self, Arrival};

pub mod kind {
    pub const CONNECT: u8 = 80;
    pub const ACCEPT: u8 = 81;
    pub const REFUSE: u8 = 82;
    pub const DISCONNECT: u8 = 83;
    pub const DISCONNECTED: u8 = 84;
    pub const PUBLISH: u8 = 85;
    pub const UNPUBLISH: u8 = 86;
    pub const PUT: u8 = 87;
    pub const LAST_PUT: u8 = 88;
    pub const GET: u8 = 89;
    pub const GET_DATA: u8 = 90;
    pub const GOT: u8 = 91;
    pub const NO_DATA: u8 = 92;
    pub const SYNC: u8 = 93;
    pub const SYNCED: u8 = 94;
    pub const VOID: u8 = 95;
}

/// Set in a stream number by the end of the connection that was asked.
pub const ASKED_END: u32 = 1 << 31;
/// Frames taken from one core in one poll.
const BUDGET: usize = 64;
/// Polls inside of callbacks inside of polls; what deeper ones take is handled when they have returned.
const DEEPEST: u32 = 32;
/// Copied bytes that may wait for room on the way to one peer.
const MOST_COPIED: usize = 256 << 20;
/// What may arrive while the program does not poll, bytes; and what a frame costs besides its payload.
const MOST_PARKED: usize = 64 << 20;
const FRAME_COST: usize = 64;
/// Polls between two looks at what is no frame: new processes, lost ones, time limits.
const ATTEND_EVERY: u32 = 64;

/// How a message is cut into frames.
#[derive(Clone, Copy)]
pub enum Framing {
    /// One frame.
    Whole(u8, [u32; 3]),
    /// A slab on a stream.
    Slab(u32),
    /// Data for a published region, from an offset on.
    Put { id: u32, offset: u32, notify: bool },
    /// A get that tries another way first; the request is the payload.
    Get { id: u32, offset: u32, len: u32, request: u32 },
    /// The answer to a get.
    GetData(u32),
}

impl Framing {
    /// The header of the frame that carries `len` bytes from byte `sent` of `total` on.
    pub fn header(self, sent: usize, len: usize, total: usize) -> Header {
        let wide = |id: u32, word: usize| [id, word as u32, (word >> 32) as u32];
        let (kind, meta) = match self {
            Framing::Whole(kind, meta) => (kind, meta),
            Framing::Slab(id) if sent == 0 => (stream::kind::SLAB, wide(id, total)),
            Framing::Slab(id) => (stream::kind::MORE, wide(id, sent)),
            Framing::Put { id, offset, notify } if notify && sent + len == total => {
                (kind::LAST_PUT, [id, offset + sent as u32, total as u32])
            }
            Framing::Put { id, offset, .. } => (kind::PUT, [id, offset + sent as u32, 0]),
            Framing::Get { id, offset, len, .. } => (kind::GET, [id, offset, len]),
            Framing::GetData(request) => (kind::GET_DATA, [request, sent as u32, 0]),
        };
        Header { kind, meta, len }
    }
}

/// A message that waits for room.
pub struct Out {
    framing: Framing,
    slab: Slab,
    total: usize,
    sent: usize,
    copied: usize,
    done: Option<Event>,
    /// Its way past the frames, as long as it is on it.
    pub bypass: Option<Box<Bypass>>,
    /// To be sent first.
    before: Option<Framing>,
}

/// A callback to make in the next poll.
pub enum Event {
    Sent(VMIStreamSend, PVOID),
    Moved(VMIRDMACompleteNotification, PVMI_RDMA_OP, PVOID),
    /// A request of the program's send chain.
    Irb(PVMI_IRB),
    Issued {
        function: VMIConnectIssue,
        context: PVOID,
        connection: PVMI_CONNECT,
        answer: u32,
    },
}

impl Event {
    fn run(self, e: Eng, status: VMI_STATUS) {
        match self {
            Event::Irb(handle) => {
                if let Ok(irb) = e.io.irbs.get(handle) {
                    io::finish(e, &irb, status);
                }
            }
            Event::Sent(function, context) => callback::sent(function, context, status),
            Event::Moved(function, op, context) => callback::moved(function, op, context, status),
            Event::Issued { function, context, connection, answer } => {
                callback::issued(function, context, std::ptr::null_mut(), 0, connection, answer);
            }
        }
    }
}

/// The frame in hand: it is given back before the next one is taken.
struct Held {
    way: Rc<Way>,
    frame: Incoming,
    /// Where the payload is, if not in the device.
    parked: Option<Rc<Buffer>>,
    /// The slab that lies in it.
    message: Option<Rc<Message>>,
}

type Parked = (Rc<Way>, Incoming, Rc<Buffer>);

#[derive(Default)]
pub struct Traffic {
    events: RefCell<VecDeque<(Event, VMI_STATUS)>>,
    held: RefCell<Option<Held>>,
    /// Frames taken too deep inside of callbacks, to make room for their senders.
    parked: RefCell<VecDeque<Parked>>,
    parked_bytes: Cell<usize>,
    depth: Cell<u32>,
    polls: Cell<u32>,
}

impl Traffic {
    /// In the next poll.
    pub fn later(&self, event: Event, status: VMI_STATUS) {
        self.events.borrow_mut().push_back((event, status));
    }
}

// ---- out ----

/// What to send.
pub enum Load<'a> {
    Nothing,
    /// Copied where it must wait.
    Bytes(&'a [u8]),
    /// Copied where it must wait.
    Copied(&'a Pieces),
    /// Copied where it must wait: nobody tells the program when it has left.
    Unwatched(Slab),
    /// Stays where it is until it has left.
    Kept(Slab),
}

impl Load<'_> {
    /// Memory of the program, which hears of the end if it gave a function.
    pub fn of(slab: Slab, heard: bool) -> Load<'static> {
        if heard { Load::Kept(slab) } else { Load::Unwatched(slab) }
    }

    fn len(&self) -> usize {
        match self {
            Load::Nothing => 0,
            Load::Bytes(bytes) => bytes.len(),
            Load::Copied(pieces) => pieces.total,
            Load::Kept(slab) | Load::Unwatched(slab) => slab.remaining(),
        }
    }

    #[inline]
    fn write(&self, to: UserBuf) {
        match self {
            Load::Nothing => {}
            Load::Bytes(bytes) => to.write(0, bytes),
            Load::Copied(pieces) => pieces.gather(to),
            Load::Kept(slab) | Load::Unwatched(slab) => {
                slab.clone().read(to, slab.remaining());
            }
        }
    }

    fn into_slab(self) -> (Slab, usize) {
        if let Load::Kept(slab) = self {
            return (slab, 0);
        }
        let buffer = Buffer::allocate(self.len());
        self.write(buffer.address());
        let copied = buffer.len();
        (Slab::of(buffer), copied)
    }
}

/// Sends now, or as soon as there is room. `done` happens in a later poll, once the memory is free again.
#[inline]
pub fn post(e: Eng, site: &Site, framing: Framing, load: Load<'_>, done: Option<Event>) -> Result {
    let Site { way, rank } = site;
    let total = load.len();
    let waits = way.with_peer(*rank, |peer| !peer.queue.is_empty());
    if !waits && total <= max_payload(site) {
        let header = framing.header(0, total, total);
        let sent = way.core.borrow_mut().send(*rank, header, |to| load.write(to));
        match sent {
            Ok(()) => {
                if let Some(event) = done {
                    e.traffic.later(event, 0);
                }
                return Ok(());
            }
            Err(SendError::Lost(why)) => fail!(Connection, "the peer cannot be reached any more: {why}"),
            Err(SendError::Full) => {}
        }
    }
    queue(site, framing, load, done)?;
    if !waits && total > max_payload(site) {
        flush(e, way);
    }
    Ok(())
}

#[cold]
fn queue(site: &Site, framing: Framing, load: Load<'_>, done: Option<Event>) -> Result {
    let Site { way, rank } = site;
    let total = load.len();
    let kept = matches!(load, Load::Kept(_));
    way.with_peer(*rank, |peer| {
        if !kept && peer.copied + total > MOST_COPIED {
            fail!(
                Resource,
                "{} bytes wait for room on the way to the peer, which does not poll",
                peer.copied
            );
        }
        let (slab, copied) = load.into_slab();
        peer.copied += copied;
        peer.waiting += total;
        let (bypass, before) = (None, None);
        peer.queue.push_back(Out { framing, slab, total, sent: 0, copied, done, bypass, before });
        Ok(())
    })?;
    note_busy(site);
    Ok(())
}

fn note_busy(site: &Site) {
    let mut busy = site.way.busy.borrow_mut();
    if !busy.contains(&site.rank) {
        busy.push(site.rank);
    }
}

/// As [`post`], for a put or get that tries another way first; its memory stays where it is until `done`.
pub fn post_past_frames(
    e: Eng,
    site: &Site,
    framing: Framing,
    slab: Slab,
    done: Option<Event>,
    bypass: Bypass,
) {
    let (total, bypass) = (slab.remaining(), Some(Box::new(bypass)));
    site.way.with_peer(site.rank, |peer| {
        peer.waiting += total;
        let (sent, copied, before) = (0, 0, None);
        peer.queue.push_back(Out { framing, slab, total, sent, copied, done, bypass, before });
    });
    note_busy(site);
    flush(e, &site.way);
}

/// Largest payload of one frame to a peer.
pub fn max_payload(site: &Site) -> usize {
    site.way.core.borrow().properties(site.rank).max_payload
}

pub fn latency_us(site: &Site) -> u32 {
    site.way.core.borrow().properties(site.rank).latency_ns / 1000
}

/// Sends what waits, as far as there is room; true if something left.
fn flush(e: &Engine, way: &Rc<Way>) -> bool {
    let mut any = false;
    bypass::collect(way);
    let busy = std::mem::take(&mut *way.busy.borrow_mut());
    for rank in busy {
        let site = Site { way: way.clone(), rank };
        while let Some(mut out) = way.with_peer(rank, |peer| peer.queue.pop_front()) {
            match push(e, &site, &mut out) {
                Ok(true) => {
                    any = true;
                    way.with_peer(rank, |peer| {
                        peer.copied -= out.copied;
                        peer.waiting -= out.total;
                    });
                    if let Some(event) = out.done {
                        e.traffic.later(event, 0);
                    }
                }
                Ok(false) => {
                    way.with_peer(rank, |peer| peer.queue.push_front(out));
                    way.busy.borrow_mut().push(rank);
                    break;
                }
                Err(why) => lose(e, &site, out, &why),
            }
        }
    }
    any
}

/// Sends frames of a message until all have left (true) or there is no room. Err: the peer is lost.
fn push(e: &Engine, site: &Site, out: &mut Out) -> std::result::Result<bool, String> {
    if out.bypass.is_some() {
        match pass_by(e, site, out) {
            Progress::Pending => return Ok(false),
            // There is nobody to notify.
            Progress::Done => return Ok(true),
            Progress::Frames | Progress::Void => {}
        }
    }
    let max = max_payload(site);
    let mut core = site.way.core.borrow_mut();
    if let Some(first) = out.before {
        match core.send(site.rank, first.header(0, 0, 0), |_| {}) {
            Ok(()) => out.before = None,
            Err(SendError::Full) => return Ok(false),
            Err(SendError::Lost(why)) => return Err(why),
        }
    }
    loop {
        let len = (out.total - out.sent).min(max);
        let header = out.framing.header(out.sent, len, out.total);
        let state = out.slab.save();
        let sent = core.send(site.rank, header, |to| {
            out.slab.read(to, len);
        });
        match sent {
            Ok(()) => out.sent += len,
            Err(SendError::Full) => {
                out.slab.restore(state);
                return Ok(false);
            }
            Err(SendError::Lost(why)) => return Err(why),
        }
        if out.sent == out.total {
            return Ok(true);
        }
    }
}

/// Goes on with what is past the frames. Frames: there is something to send through them, all of it or the notification.
fn pass_by(e: &Engine, site: &Site, out: &mut Out) -> Progress {
    let Some(bypass) = &mut out.bypass else { return Progress::Frames };
    let progress = bypass.advance(site);
    match progress {
        Progress::Pending => return Progress::Pending,
        Progress::Done => match rdma::moved(e, out.framing, out.total) {
            (None, done) => {
                out.done = done.or(out.done.take());
                out.bypass = None;
                return Progress::Done;
            }
            (Some(notification), done) => {
                out.done = done.or(out.done.take());
                (out.framing, out.sent) = (notification, out.total);
            }
        },
        Progress::Void | Progress::Frames => {
            if let Framing::Put { id, .. } = out.framing {
                bypass::put_by_frames(site, id);
            }
            if progress == Progress::Void {
                out.before = Some(Framing::Whole(kind::VOID, [bypass.id(), 0, 0]));
            }
        }
    }
    out.bypass = None;
    Progress::Frames
}

#[cold]
fn lose(e: &Engine, site: &Site, first: Out, why: &str) {
    let rest = site.way.with_peer(site.rank, |peer| {
        (peer.copied, peer.waiting) = (0, 0);
        std::mem::take(&mut peer.queue)
    });
    for out in std::iter::once(first).chain(rest) {
        if let Some(bypass) = &out.bypass {
            bypass.cancel(site);
        }
        if let Some(event) = out.done {
            let fault = Fault::new(Code::Connection, format!("the peer cannot be reached any more: {why}"));
            e.traffic.later(event, crate::status::remember("VMI_Poll", &fault));
        }
    }
}

// ---- in ----

/// `VMI_Poll`.
pub fn poll(e: Eng) {
    let depth = e.traffic.depth.get();
    let polls = e.traffic.polls.get().wrapping_add(1);
    e.traffic.polls.set(polls);
    e.traffic.depth.set(depth + 1);
    let mut at = 0;
    while let Some(way) = e.ways.get(at) {
        flush_if_busy(e, &way);
        match depth < DEEPEST {
            true => take_frames(e, &way),
            false => park_frames(e, &way),
        }
        at += 1;
    }
    run_events(e);
    devices::attend(e);
    if polls.is_multiple_of(ATTEND_EVERY) && depth == 0 {
        attend(e);
    }
    e.traffic.depth.set(depth);
}

#[inline]
fn flush_if_busy(e: &Engine, way: &Rc<Way>) {
    if !way.busy.borrow().is_empty() {
        flush(e, way);
    }
}

fn run_events(e: Eng) {
    loop {
        let Some((event, status)) = e.traffic.events.borrow_mut().pop_front() else { return };
        event.run(e, status);
    }
}

#[cold]
fn attend(e: Eng) {
    meeting::attend(e);
    connection::attend(e);
    let mut at = 0;
    while let Some(way) = e.ways.get(at) {
        let alerts = way.core.borrow_mut().take_alerts();
        for alert in alerts {
            e.alerts.raise(alert.severity, alert.text);
        }
        at += 1;
    }
    alerts::tell(e);
}

fn take_frames(e: Eng, way: &Rc<Way>) {
    for _ in 0..BUDGET {
        let_go(e);
        let Some((way, frame, parked)) = next_frame(e, way) else { return };
        let site = Site { way: way.clone(), rank: frame.peer };
        *e.traffic.held.borrow_mut() = Some(Held { way, frame, parked, message: None });
        if let Err(why) = handle(e, &site, &frame) {
            let who = connection::name_of(e, &site);
            e.alerts.fault(format!("{who} broke the protocol: {why}"));
        }
        give_back(e);
    }
}

#[inline]
fn next_frame(e: Eng, way: &Rc<Way>) -> Option<(Rc<Way>, Incoming, Option<Rc<Buffer>>)> {
    if !e.traffic.parked.borrow().is_empty() {
        let parked = e.traffic.parked.borrow_mut().pop_front();
        if let Some((_, frame, _)) = &parked {
            e.traffic.parked_bytes.set(e.traffic.parked_bytes.get() - frame.header.len - FRAME_COST);
        }
        return parked.map(|(way, frame, buffer)| (way, frame, Some(buffer)));
    }
    let frame = way.core.borrow_mut().next()?;
    Some((way.clone(), frame, None))
}

/// Takes frames without handling them: a process that waits inside its callbacks must not keep others from sending,
/// or they wait for each other.
#[cold]
fn park_frames(e: &Engine, way: &Rc<Way>) {
    let_go(e);
    for _ in 0..BUDGET {
        let Some(mut frame) = way.core.borrow_mut().next() else { return };
        let buffer = Buffer::allocate(frame.header.len);
        frame.payload.copy_to(buffer.address(), frame.header.len);
        frame.payload = buffer.address();
        way.core.borrow_mut().release(frame.token);
        e.traffic.parked_bytes.set(e.traffic.parked_bytes.get() + frame.header.len + FRAME_COST);
        e.traffic.parked.borrow_mut().push_back((way.clone(), frame, buffer));
    }
}

/// Progress on behalf of the core's helper thread, while the program computes: sends what waits, and takes what
/// arrives, so that peers get their acknowledgements; the program gets it in its next poll.
pub fn tend(e: &Engine) {
    let Some(way) = e.ways.get(0) else { return };
    flush_if_busy(e, &way);
    if e.traffic.parked_bytes.get() < MOST_PARKED {
        park_frames(e, &way);
    }
}

/// Gives the frame in hand back to its device after its slab, if there is one, has moved to memory of its own.
fn let_go(e: &Engine) {
    let held = e.traffic.held.borrow_mut().take();
    if let Some(held) = held {
        if let Some(message) = &held.message {
            message.settle();
        }
        held.release();
    }
}

/// Gives the frame in hand back; its slab, if there is one, is done with.
fn give_back(e: Eng) {
    let held = e.traffic.held.borrow_mut().take();
    if let Some(held) = held {
        held.release();
    }
}

impl Held {
    fn release(self) {
        if self.parked.is_none() {
            self.way.core.borrow_mut().release(self.frame.token);
        }
    }
}

/// A slab in the frame in hand, from payload byte `from` on.
pub fn slab_in_hand(e: Eng, frame: &Incoming, from: usize) -> Rc<Message> {
    let from = from.min(frame.header.len);
    let message = Message::in_place(frame.payload.offset(from as isize), frame.header.len - from);
    if let Some(held) = &mut *e.traffic.held.borrow_mut() {
        held.message = Some(message.clone());
    }
    message
}

/// Shows a slab to the program; `show` calls it with the slab's handle. Afterwards the slab is gone unless grabbed.
pub fn show<R>(e: Eng, message: Rc<Message>, show: impl FnOnce(PVMI_SLAB) -> R) -> R {
    let handle = e.slabs.insert(message.clone());
    let result = show(handle);
    if !message.grabbed.get() {
        let _ = e.slabs.remove(handle);
    }
    result
}

type Handled = std::result::Result<(), String>;

fn handle(e: Eng, site: &Site, frame: &Incoming) -> Handled {
    let [first, second, third] = frame.header.meta;
    match frame.header.kind {
        stream::kind::SLAB | stream::kind::MORE | stream::kind::END => on_stream(e, site, frame),
        kind::CONNECT => connection::on_connect(e, site, frame),
        kind::ACCEPT => connection::on_answer(e, site, response::ACCEPT),
        kind::REFUSE => connection::on_answer(e, site, second),
        kind::DISCONNECT => connection::on_disconnect(e, site, first),
        kind::DISCONNECTED => connection::on_disconnected(e, site, first),
        kind::PUBLISH => rdma::on_publish(e, site, frame),
        kind::UNPUBLISH => rdma::on_unpublish(e, site, first),
        kind::PUT => rdma::on_put(e, site, frame, first, second, None),
        kind::LAST_PUT => rdma::on_put(e, site, frame, first, second, Some(third)),
        kind::GET => rdma::on_get(e, site, frame),
        kind::GET_DATA => rdma::on_get_data(e, site, frame),
        kind::GOT => rdma::on_got(e, site, first),
        kind::NO_DATA => rdma::on_no_data(e, site, first),
        kind::SYNC => bypass::on_sync(e, site, first, second),
        kind::SYNCED => {
            bypass::on_synced(site, first, second);
            Ok(())
        }
        kind::VOID => rdma::on_void(e, site, first),
        other => Err(format!("a frame of unknown kind {other}")),
    }
}

/// The connection a frame with this end bit belongs to; None if it is no more.
pub fn connection_of(e: Eng, site: &Site, from_asked: bool) -> Option<Rc<Connection>> {
    let handle = site.way.with_peer(site.rank, |peer| peer.ends[usize::from(!from_asked)])?;
    e.connections.table.get(handle).ok()
}

#[inline]
fn on_stream(e: Eng, site: &Site, frame: &Incoming) -> Handled {
    let [id, low, high] = frame.header.meta;
    let whole = low as u64 | (high as u64) << 32;
    if frame.header.kind == stream::kind::SLAB && whole == frame.header.len as u64 {
        deliver(e, site, id, Some(slab_in_hand(e, frame, 0)));
        return Ok(());
    }
    let arrival = site.way.streams.borrow_mut().handle(frame)?;
    match arrival {
        Some(Arrival::Slab(_, slab)) => deliver(e, site, id, Some(Message::of(slab))),
        Some(Arrival::End(_)) => deliver(e, site, id, None),
        None => {}
    }
    Ok(())
}

/// Gives a slab, or the end of a stream, to the receive function, by way of the connection's receive chain.
fn deliver(e: Eng, site: &Site, id: u32, message: Option<Rc<Message>>) {
    let Some(connection) = connection_of(e, site, id & ASKED_END != 0) else { return };
    let chain = connection.receive_chain.borrow().clone();
    match (message, chain) {
        (Some(message), Some(chain)) => io::receive(e, &connection, chain, id, message.to_slab()),
        (message, _) => hand_over(e, &connection, id, message),
    }
}

/// Calls the receive function.
pub fn hand_over(e: Eng, connection: &Connection, id: u32, message: Option<Rc<Message>>) {
    let function = data::recvFn.get();
    if function.is_none() {
        e.alerts.fault("a message has arrived, but there is no receive function; it is discarded".into());
    }
    let stream = tagged(Tag::Received, (id & !ASKED_END) as u64);
    let (handle, context) = (connection.handle.get(), connection.context.get());
    match message {
        None => {
            callback::receive(function, handle, stream, STREAM_END, context, std::ptr::null_mut());
        }
        Some(message) => show(e, message.clone(), |slab| {
            let answer = callback::receive(function, handle, stream, STREAM_DATA, context, slab);
            if answer == SLAB_GRABBED {
                message.settle();
                message.grabbed.set(true);
            }
        }),
    }
}

/// Waits until what was sent has left, but not for a peer that does not poll.
pub fn drain(e: Eng) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(2);
    let waits = |e: Eng| {
        let ways = (0..e.ways.len()).filter_map(|at| e.ways.get(at));
        ways.into_iter().any(|way| !way.busy.borrow().is_empty() || way.core.borrow().owes())
    };
    while waits(e) && std::time::Instant::now() < end {
        let mut at = 0;
        while let Some(way) = e.ways.get(at) {
            flush_if_busy(e, &way);
            // What still arrives is not delivered any more, but has to make room.
            let_go(e);
            let frame = way.core.borrow_mut().next();
            if let Some(frame) = frame {
                way.core.borrow_mut().release(frame.token);
            }
            at += 1;
        }
        std::thread::yield_now();
    }
}
