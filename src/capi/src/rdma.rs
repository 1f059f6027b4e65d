//! Remote memory: publish, put, get, and their notifications.
//!
//! The publisher keeps a table of what it has published; peers name an entry by its number and stay inside of it, or
//! are refused. Between processes of one host a large get reads the publisher's memory directly, where the kernel
//! allows that; over a network with remote memory large ones pass by the frames ([`crate::bypass`]); everything else
//! travels in frames.

use crate::args::{self, bytes};
use crate::bypass::{self, Exposed};
use crate::connection::Connection;
use crate::engine::{Eng, Engine};
use crate::message::piece;
use crate::status::{Code, Fault, Result, fail, remember};
use crate::table::{Numbers, Structures};
use crate::traffic::{self, Event, Framing, Load, kind, post};
use crate::types::*;
use crate::ways::Site;
use crate::{callback, connection};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};
use vmi::core::buffer::{Buffer, UserBuf};
use vmi::core::frame::Incoming;
use vmi::core::rdma::Way;
use vmi::core::slab::{BufferOp, Slab};

/// Memory that a peer may put into and get from.
struct Published {
    connection: PVMI_CONNECT,
    /// Keeps allocated memory alive; the region lies inside.
    buffer: Rc<Buffer>,
    at: UserBuf,
    size: u32,
    local_context: u32,
    site: Site,
    /// As a network reaches it.
    exposed: Option<Exposed>,
    /// The last that was heard of its peer is the end of an operation.
    quiet: bool,
}

/// What the library knows of a remote buffer.
#[derive(Clone)]
struct Remote {
    connection: PVMI_CONNECT,
    id: u32,
    size: u32,
    /// In the publisher.
    address: u64,
}

/// A get that waits for its data.
struct Getting {
    connection: PVMI_CONNECT,
    pieces: Vec<BufferOp>,
    total: usize,
    received: usize,
    published: u32,
    op: PVMI_RDMA_OP,
    function: VMIRDMACompleteNotification,
    context: PVOID,
    notify: bool,
}

pub struct Rdma {
    published: RefCell<Numbers<Published>>,
    getting: RefCell<Numbers<Getting>>,
    remotes: Structures<VMI_REMOTE_BUFFER, Remote>,
    ops: Structures<VMI_RDMA_OP, ()>,
}

impl Default for Rdma {
    fn default() -> Self {
        Rdma {
            published: RefCell::default(),
            getting: RefCell::default(),
            remotes: Structures::new("remote buffer"),
            ops: Structures::new("RDMA op"),
        }
    }
}

/// Largest data that goes with a publish, bytes.
const MAX_DATA: usize = 4096;
/// From this size on a get reads the publisher's memory directly where it may.
const DIRECT_FROM: usize = 16 << 10;

type Handled = std::result::Result<(), String>;

// ---- objects ----

pub fn new_op(e: Eng) -> PVMI_RDMA_OP {
    let null = std::ptr::null_mut();
    let (buffers, addr, sz) = ([null; RDMA_MAX_BUFFERS], [null; RDMA_MAX_BUFFERS], [0; RDMA_MAX_BUFFERS]);
    let rbuffer = std::ptr::null_mut();
    e.rdma.ops.insert(VMI_RDMA_OP { numBufs: 0, buffers, addr, sz, rbuffer, roffset: 0, notify: 0 }, ())
}

pub fn free_op(e: Eng, op: PVMI_RDMA_OP) -> Result {
    e.rdma.ops.remove(op)
}

/// Gives a remote buffer back; the publisher forgets the region.
pub fn free_remote(e: Eng, buffer: PVMI_REMOTE_BUFFER) -> Result {
    let remote = e.rdma.remotes.remove(buffer)?;
    if let Ok(site) = e.connections.table.get(remote.connection).and_then(|c| c.open_site()) {
        let framing = Framing::Whole(kind::UNPUBLISH, [remote.id, 0, 0]);
        site.way.with_peer(site.rank, |peer| peer.reaches.remove(&remote.id));
        post(e, &site, framing, Load::Nothing, None)?;
    }
    Ok(())
}

/// A connection has ended: its regions and gets end with it.
pub fn forget(e: Eng, connection: PVMI_CONNECT) {
    unpublish(e, |published| published.connection == connection);
    let mut getting = e.rdma.getting.borrow_mut();
    for request in getting.numbers(|getting| getting.connection == connection) {
        getting.remove(request);
    }
}

/// The program gives a buffer back: peers reach it no more.
pub fn forget_buffer(e: Eng, buffer: &Rc<Buffer>) {
    unpublish(e, |published| Rc::ptr_eq(&published.buffer, buffer));
}

fn unpublish(e: Eng, which: impl Fn(&Published) -> bool) {
    let mut all = e.rdma.published.borrow_mut();
    for id in all.numbers(which) {
        if let Some(Published { site, exposed: Some(exposed), quiet, .. }) = all.remove(id) {
            bypass::hide(&site, exposed, quiet);
        }
    }
}

/// A buffer is out of use for now: what a peer still wants from it goes through frames.
pub fn hide_buffer(e: Eng, buffer: &Rc<Buffer>) {
    let mut all = e.rdma.published.borrow_mut();
    for id in all.numbers(|published| published.exposed.is_some() && Rc::ptr_eq(&published.buffer, buffer)) {
        if let Some(published) = all.get_mut(id)
            && let Some(exposed) = published.exposed.take()
        {
            bypass::hide(&published.site, exposed, published.quiet);
        }
    }
}

// ---- publish ----

/// What a program publishes, and to whom.
pub struct Offer<'a> {
    pub connection: &'a Rc<Connection>,
    pub buffer: PVMI_BUFFER,
    pub address: VMI_virt_addr_t,
    pub size: u32,
    pub remote_context: u64,
    pub local_context: u32,
    pub data: (PVOID, ULONG),
}

pub fn publish(e: Eng, offer: &Offer<'_>, done: Option<Event>) -> Result {
    let site = offer.connection.open_site()?;
    let region = piece(e, offer.buffer, offer.address as usize, offer.size as usize)?;
    let (data, len) = (bytes(offer.data.0, offer.data.1 as usize, "data")?, offer.data.1 as usize);
    if len > MAX_DATA {
        fail!(Range, "{len} bytes of data go with the publish, at most {MAX_DATA} are possible");
    }
    let reach = bypass::expose(e, &site, &region);
    let mut load = offer.remote_context.to_le_bytes().to_vec();
    load.extend(offer.address.to_le_bytes());
    bypass::write_reach(&mut load, reach.as_ref());
    let published = Published {
        connection: offer.connection.handle.get(),
        buffer: region.buffer().clone(),
        at: region.address(),
        size: offer.size,
        local_context: offer.local_context,
        site: site.clone(),
        exposed: reach.map(|(exposed, _)| exposed),
        quiet: false,
    };
    let Some(id) = e.rdma.published.borrow_mut().insert(published) else {
        fail!(Resource, "too many regions are published");
    };
    let at = load.len();
    load.resize(at + len, 0);
    data.copy_to(UserBuf::of(&mut load[at..]), len);
    let framing = Framing::Whole(kind::PUBLISH, [offer.connection.end_bit() >> 31, id, offer.size]);
    let posted = post(e, &site, framing, Load::Bytes(&load), done);
    if posted.is_err()
        && let Some(Published { exposed: Some(exposed), .. }) = e.rdma.published.borrow_mut().remove(id)
    {
        bypass::hide(&site, exposed, true);
    }
    posted
}

pub fn on_publish(e: Eng, site: &Site, frame: &Incoming) -> Handled {
    let [end, id, size] = frame.header.meta;
    if frame.header.len < 16 {
        return Err("a publish without addresses".into());
    }
    let (reach, data_at) = bypass::read_reach(frame, 16)?;
    let Some(c) = traffic::connection_of(e, site, end == 1) else { return Ok(()) };
    let lctxt = u64::from_le_bytes(frame.bytes(0));
    let connection = c.handle.get();
    let remote = Remote { connection, id, size, address: u64::from_le_bytes(frame.bytes(8)) };
    let at = e.rdma.remotes.insert(VMI_REMOTE_BUFFER { rsz: size, id, lctxt }, remote);
    if let Some(reach) = reach {
        site.way.with_peer(site.rank, |peer| peer.reaches.insert(id, Rc::new(reach)));
    }
    if c.on_publish.get().is_none() && c.on_publish20.get().is_none() {
        let _ = free_remote(e, at);
        return Err("memory was published, but there is no publish callback; it was given back".into());
    }
    let data = traffic::slab_in_hand(e, frame, data_at);
    callback::published20(c.on_publish20.get(), connection, at);
    if c.on_publish.get().is_some() {
        let len = data.len as ULONG;
        traffic::show(e, data, |slab| callback::published21(c.on_publish.get(), connection, at, slab, len));
    }
    Ok(())
}

pub fn on_unpublish(e: Eng, site: &Site, id: u32) -> Handled {
    // The program may have given the buffer back already.
    if region(e, site, id, 0, 0).is_err() {
        return Ok(());
    }
    if let Some(Published { exposed: Some(exposed), .. }) = e.rdma.published.borrow_mut().remove(id) {
        bypass::hide(site, exposed, true);
    }
    Ok(())
}

/// An operation of the peer has not come to a good end: what of it is still on its way must not arrive later than the
/// frames that follow.
pub fn on_void(e: Eng, site: &Site, id: u32) -> Handled {
    if region(e, site, id, 0, 0).is_ok()
        && let Some(published) = e.rdma.published.borrow_mut().get_mut(id)
        && let Some(exposed) = published.exposed.take()
    {
        bypass::hide(site, exposed, false);
    }
    Ok(())
}

/// The peer says that an operation on the region has ended.
fn note_quiet(e: Eng, id: u32) {
    if let Some(published) = e.rdma.published.borrow_mut().get_mut(id) {
        published.quiet = true;
    }
}

/// `len` bytes at `offset` of region `id`, if it was published to this peer; its connection and context.
fn region(e: Eng, site: &Site, id: u32, offset: u32, len: usize) -> std::result::Result<Region, String> {
    let mut all = e.rdma.published.borrow_mut();
    let Some(published) = all.get_mut(id) else { return Err(format!("region {id} is not published")) };
    let theirs = e.connections.table.get(published.connection).and_then(|c| c.open_site());
    if !theirs.is_ok_and(|theirs| theirs.same(site)) {
        return Err(format!("region {id} is published to another process"));
    }
    if offset as u64 + len as u64 > published.size as u64 {
        return Err(format!(
            "{len} bytes at {offset} are outside of region {id} of {} bytes",
            published.size
        ));
    }
    Ok(Region {
        connection: published.connection,
        at: published.at.offset(offset as isize),
        buffer: published.buffer.clone(),
        context: published.local_context,
    })
}

struct Region {
    connection: PVMI_CONNECT,
    at: UserBuf,
    buffer: Rc<Buffer>,
    context: u32,
}

// ---- put and get ----

/// An op that was found in order.
struct Move {
    site: Site,
    pieces: Slab,
    remote: Remote,
    offset: u32,
    notify: bool,
}

fn check(e: Eng, c: &Rc<Connection>, op: PVMI_RDMA_OP) -> Result<Move> {
    let site = c.open_site()?;
    e.rdma.ops.get(op)?;
    let fields = args::read(op, "op")?;
    if fields.numBufs as usize > RDMA_MAX_BUFFERS {
        fail!(Argument, "numBufs is {}, at most {RDMA_MAX_BUFFERS} are possible", fields.numBufs);
    }
    let remote = e.rdma.remotes.get(fields.rbuffer)?;
    if remote.connection != c.handle.get() {
        fail!(Argument, "rbuffer was published on another connection");
    }
    let mut pieces = Slab::default();
    for at in 0..fields.numBufs as usize {
        pieces.push(piece(e, fields.buffers[at], fields.addr[at].addr(), fields.sz[at] as usize)?);
    }
    let (total, offset) = (pieces.len(), fields.roffset);
    if offset as usize + total > remote.size as usize {
        fail!(
            Range,
            "{total} bytes at offset {offset} do not fit the remote buffer of {} bytes",
            remote.size
        );
    }
    Ok(Move { site, pieces, remote, offset, notify: fields.notify != 0 })
}

pub fn put(
    e: Eng,
    c: &Rc<Connection>,
    op: PVMI_RDMA_OP,
    context: PVOID,
    function: VMIRDMACompleteNotification,
) -> Result {
    let Move { site, pieces, remote, offset, notify } = check(e, c, op)?;
    let framing = Framing::Put { id: remote.id, offset, notify };
    let done = function.is_some().then_some(Event::Moved(function, op, context));
    // A program that is not told when its memory is free may use it at once.
    if done.is_some()
        && let Some(bypass) = bypass::plan(&site, remote.id, offset, Way::Put, &pieces)
    {
        traffic::post_past_frames(e, &site, framing, pieces, done, bypass);
        return Ok(());
    }
    bypass::put_by_frames(&site, remote.id);
    post(e, &site, framing, Load::of(pieces, function.is_some()), done)
}

pub fn on_put(e: Eng, site: &Site, frame: &Incoming, id: u32, offset: u32, total: Option<u32>) -> Handled {
    let len = frame.header.len;
    let region = region(e, site, id, offset, len)?;
    debug_assert!(!region.buffer.is_empty() || len == 0);
    // The program may watch the last bytes, from another thread even: they come after all others.
    let tail = len.min(8);
    frame.payload.copy_to(region.at, len - tail);
    fence(Ordering::Release);
    let body = (len - tail) as isize;
    frame.payload.offset(body).copy_to(region.at.offset(body), tail);
    if let Some(total) = total
        && let Ok(c) = e.connections.table.get(region.connection)
    {
        note_quiet(e, id);
        callback::put(c.on_put.get(), region.connection, total, region.context, 0);
    }
    Ok(())
}

pub fn get(
    e: Eng,
    c: &Rc<Connection>,
    op: PVMI_RDMA_OP,
    context: PVOID,
    function: VMIRDMACompleteNotification,
) -> Result {
    let Move { site, pieces, remote, offset, notify } = check(e, c, op)?;
    let total = pieces.len();
    if read_directly(&site, &pieces, &remote, offset) {
        return got(e, &site, remote.id, notify, Event::Moved(function, op, context));
    }
    let (connection, published) = (c.handle.get(), remote.id);
    let bypass = bypass::plan(&site, remote.id, offset, Way::Get, &pieces);
    let pieces = pieces.ops().to_vec();
    let getting =
        Getting { connection, pieces, total, received: 0, published, op, function, context, notify };
    let Some(request) = e.rdma.getting.borrow_mut().insert(getting) else {
        fail!(Resource, "too many gets are under way");
    };
    if let Some(bypass) = bypass {
        let framing = Framing::Get { id: remote.id, offset, len: total as u32, request };
        let load = Slab::of(Buffer::adopt(request.to_le_bytes().to_vec()));
        traffic::post_past_frames(e, &site, framing, load, None, bypass);
        return Ok(());
    }
    let framing = Framing::Whole(kind::GET, [remote.id, offset, total as u32]);
    let posted = post(e, &site, framing, Load::Bytes(&request.to_le_bytes()), None);
    if posted.is_err() {
        e.rdma.getting.borrow_mut().remove(request);
    }
    posted
}

/// A put or get has passed by the frames: the notification to send, if the publisher is to hear of it, and a get's
/// completion.
pub fn moved(e: &Engine, framing: Framing, total: usize) -> (Option<Framing>, Option<Event>) {
    match framing {
        Framing::Put { id, offset, notify } => {
            (notify.then_some(Framing::Whole(kind::LAST_PUT, [id, offset, total as u32])), None)
        }
        Framing::Get { id, request, .. } => {
            let Some(done) = e.rdma.getting.borrow_mut().remove(request) else { return (None, None) };
            let told = done.notify.then_some(Framing::Whole(kind::GOT, [id, 0, 0]));
            (told, Some(Event::Moved(done.function, done.op, done.context)))
        }
        _ => (None, None),
    }
}

/// Copies straight from the publisher's memory. False: not possible, or not worth it.
fn read_directly(site: &Site, pieces: &Slab, remote: &Remote, offset: u32) -> bool {
    let unreadable = site.way.with_peer(site.rank, |peer| peer.unreadable);
    if pieces.len() < DIRECT_FROM || unreadable || site.is_self() {
        return false;
    }
    let Some(pid) = site.way.pid(site.rank) else { return false };
    let mut from = remote.address as usize + offset as usize;
    for op in pieces.ops() {
        if vmi::sys::memory::read_process(pid, from, op.address(), op.len()).is_err() {
            site.way.with_peer(site.rank, |peer| peer.unreadable = true);
            return false;
        }
        from += op.len();
    }
    true
}

/// The data of a get is here: says so to the publisher, if asked to, and to the program.
fn got(e: Eng, site: &Site, published: u32, notify: bool, done: Event) -> Result {
    if notify {
        post(e, site, Framing::Whole(kind::GOT, [published, 0, 0]), Load::Nothing, None)?;
    }
    e.traffic.later(done, 0);
    Ok(())
}

pub fn on_get(e: Eng, site: &Site, frame: &Incoming) -> Handled {
    let [id, offset, len] = frame.header.meta;
    let request = u32::from_le_bytes(frame.bytes(0));
    let answered = match region(e, site, id, offset, len as usize) {
        Ok(region) => {
            let start = region.at.addr() - region.buffer.address().addr();
            let piece = BufferOp::new(region.buffer, start, len as usize);
            let mut slab = Slab::default();
            piece.into_iter().for_each(|piece| slab.push(piece));
            post(e, site, Framing::GetData(request), Load::Kept(slab), None)
        }
        Err(why) => {
            e.alerts.fault(format!("{} cannot get: {why}", connection::name_of(e, site)));
            post(e, site, Framing::Whole(kind::NO_DATA, [request, 0, 0]), Load::Nothing, None)
        }
    };
    answered.map_err(|fault| fault.text)
}

/// Takes the request out of the table if it was made to this peer.
fn requested<'a>(
    e: Eng,
    site: &Site,
    all: &'a mut Numbers<Getting>,
    request: u32,
) -> Option<&'a mut Getting> {
    let getting = all.get_mut(request)?;
    let c = e.connections.table.get(getting.connection).ok()?;
    c.open_site().is_ok_and(|theirs| theirs.same(site)).then_some(getting)
}

pub fn on_get_data(e: Eng, site: &Site, frame: &Incoming) -> Handled {
    let [request, at, _] = frame.header.meta;
    let (at, len) = (at as usize, frame.header.len);
    let mut all = e.rdma.getting.borrow_mut();
    let Some(getting) = requested(e, site, &mut all, request) else { return Ok(()) };
    if at != getting.received || len > getting.total - at {
        return Err(format!("data at {at} of a get that waits for byte {}", getting.received));
    }
    scatter(&getting.pieces, at, frame.payload, len);
    getting.received += len;
    if getting.received < getting.total {
        return Ok(());
    }
    let Some(done) = all.remove(request) else { return Ok(()) };
    drop(all);
    let event = Event::Moved(done.function, done.op, done.context);
    got(e, site, done.published, done.notify, event).map_err(|fault| fault.text)
}

/// Writes `len` bytes to byte `at` and following of the pieces.
fn scatter(pieces: &[BufferOp], mut at: usize, from: UserBuf, len: usize) {
    let mut done = 0;
    for piece in pieces {
        if at >= piece.len() {
            at -= piece.len();
            continue;
        }
        let n = (piece.len() - at).min(len - done);
        from.offset(done as isize).copy_to(piece.address().offset(at as isize), n);
        (done, at) = (done + n, 0);
        if done == len {
            return;
        }
    }
}

pub fn on_no_data(e: Eng, site: &Site, request: u32) -> Handled {
    let mut all = e.rdma.getting.borrow_mut();
    if requested(e, site, &mut all, request).is_none() {
        return Ok(());
    }
    let Some(done) = all.remove(request) else { return Ok(()) };
    drop(all);
    let fault = Fault::new(Code::Range, "the peer does not publish that region (any more)");
    let status = remember("VMI_RDMA_Get", &fault);
    e.traffic.later(Event::Moved(done.function, done.op, done.context), status);
    Ok(())
}

pub fn on_got(e: Eng, site: &Site, id: u32) -> Handled {
    let region = region(e, site, id, 0, 0)?;
    note_quiet(e, id);
    if let Ok(c) = e.connections.table.get(region.connection) {
        callback::got(c.on_get.get(), region.connection, region.context, 0);
    }
    Ok(())
}
