//! Connections: at most one between two processes (a process and itself have one with two ends).
//!
//! ```text
//!   New ─ bind → Bound ─ issue → Asking ─ ACCEPT → Open ─ disconnect → Closing ─ DISCONNECTED → Ended
//!                                   └ REFUSE, time limit → Ended   └ DISCONNECT → Ended
//!   CONNECT arrives → Asked ─ the accept function says ACCEPT → Open
//! ```
//! When two processes ask each other at the same time, the request of the one with the smaller key is granted.

use crate::args::field_text;
use crate::engine::{self, Eng};
use crate::io::Chain;
use crate::message::Message;
use crate::status::{Code, Fault, Result, fail, remember};
use crate::table::{Table, Tag};
use crate::traffic::{self, Event, Framing, Load, kind, post};
use crate::types::*;
use crate::ways::{Site, Way};
use crate::{bypass, callback, meeting, rdma};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use vmi::core::buffer::UserBuf;
use vmi::core::frame::Incoming;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    New,
    Bound,
    Asking,
    Asked,
    Open,
    Closing,
    Ended,
}

/// What the program waits for.
#[derive(Clone, Copy)]
enum Pending {
    Issue(VMIConnectIssue, PVOID),
    Disconnect(VMIDisconnectResponse, PVOID),
}

pub struct Connection {
    pub handle: Cell<PVMI_CONNECT>,
    state: Cell<State>,
    site: RefCell<Option<Site>>,
    /// We are the end that was asked.
    asked: Cell<bool>,
    remote: RefCell<Option<VMI_NETADDRESS>>,
    pending: Cell<Option<(Pending, Instant)>>,
    pub context: Cell<PVOID>,
    pub on_publish: Cell<VMIRDMABuffer21>,
    pub on_publish20: Cell<VMIRDMABuffer20>,
    pub on_put: Cell<VMIRDMAPutNotification>,
    pub on_get: Cell<VMIRDMAGetNotification>,
    /// The last stream begun here.
    pub streams: Cell<u32>,
    /// Chains of the program that messages pass.
    pub send_chain: RefCell<Option<Rc<Chain>>>,
    pub receive_chain: RefCell<Option<Rc<Chain>>>,
}

/// How long a peer may take to answer a disconnect.
const DISCONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Largest connect data, bytes.
const MAX_DATA: usize = 4096;

pub struct Connections {
    pub table: Table<Connection>,
    pub accept: Cell<VMIConnectAccept>,
    pub lost: Cell<VMIConnectDisconnect>,
    /// Requests that came before there was an accept function.
    waiting: RefCell<Vec<(Site, String, Rc<Message>)>>,
    /// Connections that wait for an answer.
    pending: Cell<u32>,
}

impl Default for Connections {
    fn default() -> Self {
        Connections {
            table: Table::new(Tag::Connection),
            accept: Cell::new(None),
            lost: Cell::new(None),
            waiting: RefCell::default(),
            pending: Cell::new(0),
        }
    }
}

impl Connection {
    fn key(&self) -> String {
        self.remote.borrow().as_ref().map_or_else(String::new, |remote| field_text(&remote.key))
    }

    /// The peer, if the connection is made.
    #[inline]
    pub fn open_site(&self) -> Result<Site> {
        if self.state.get() != State::Open {
            fail!(State, "the connection to '{}' is not made (it is {:?})", self.key(), self.state.get());
        }
        match &*self.site.borrow() {
            Some(site) => Ok(site.clone()),
            None => fail!(State, "the connection is not made"),
        }
    }

    /// Bit 31, if frames of this end have it.
    #[inline]
    pub fn end_bit(&self) -> u32 {
        if self.asked.get() { traffic::ASKED_END } else { 0 }
    }

    fn end(&self) -> u32 {
        u32::from(self.asked.get())
    }
}

pub fn create(e: Eng) -> PVMI_CONNECT {
    let connection = Rc::new(Connection {
        handle: Cell::new(std::ptr::null_mut()),
        state: Cell::new(State::New),
        site: RefCell::new(None),
        asked: Cell::new(false),
        remote: RefCell::new(None),
        pending: Cell::new(None),
        context: Cell::new(std::ptr::null_mut()),
        on_publish: Cell::new(None),
        on_publish20: Cell::new(None),
        on_put: Cell::new(None),
        on_get: Cell::new(None),
        streams: Cell::new(0),
        send_chain: RefCell::new(None),
        receive_chain: RefCell::new(None),
    });
    let handle = e.connections.table.insert(connection.clone());
    connection.handle.set(handle);
    handle
}

pub fn bind(connection: &Connection, remote: VMI_NETADDRESS) -> Result {
    if !matches!(connection.state.get(), State::New | State::Bound) {
        fail!(State, "the connection is bound to '{}' already", connection.key());
    }
    if remote.version != 1 {
        fail!(Argument, "remote is no address made by VMI_Connection_Allocate_IPV4_Address");
    }
    *connection.remote.borrow_mut() = Some(remote);
    connection.state.set(State::Bound);
    Ok(())
}

/// Frees the object of a connection that is not in use.
pub fn free(e: Eng, handle: PVMI_CONNECT) -> Result {
    let state = e.connection(handle)?.state.get();
    if !matches!(state, State::New | State::Bound | State::Ended) {
        fail!(State, "the connection is {state:?}; disconnect it first");
    }
    e.connections.table.remove(handle).map(drop)
}

// ---- asking ----

pub fn issue(e: Eng, c: &Rc<Connection>, data: &[u8], function: VMIConnectIssue, context: PVOID) -> Result {
    if c.state.get() != State::Bound {
        fail!(
            State,
            "the connection is {:?}, expected a bound one that was not issued before",
            c.state.get()
        );
    }
    if data.len() > MAX_DATA {
        fail!(Range, "{} bytes of connect data, at most {MAX_DATA} are possible", data.len());
    }
    let Some(remote) = *c.remote.borrow() else { fail!(State, "the connection is not bound") };
    let text = |field: &[_]| field_text(field);
    match meeting::find(e, &text(&remote.host), &text(&remote.user), &text(&remote.key)) {
        Ok(site) => ask(e, c, site, data, function, context),
        Err(fault) => {
            e.alerts.notice(format!("no connection to {}: {}", c.key(), fault.text));
            c.state.set(State::Ended);
            let (connection, answer) = (c.handle.get(), response::ERROR);
            e.traffic.later(Event::Issued { function, context, connection, answer }, 0);
            Ok(())
        }
    }
}

fn ask(
    e: Eng,
    c: &Rc<Connection>,
    site: Site,
    data: &[u8],
    function: VMIConnectIssue,
    context: PVOID,
) -> Result {
    if with_key(e, &c.key()).is_some_and(|other| !Rc::ptr_eq(&other, c)) {
        fail!(State, "there is a connection to '{}' already", c.key());
    }
    let own = e.settings.borrow().key.clone();
    let mut load = (own.len() as u16).to_le_bytes().to_vec();
    load.extend(own.as_bytes());
    load.extend(data);
    post(e, &site, Framing::Whole(kind::CONNECT, [0; 3]), Load::Bytes(&load), None)?;
    site.way.with_peer(site.rank, |peer| peer.ends[0] = Some(c.handle.get()));
    *c.site.borrow_mut() = Some(site);
    c.state.set(State::Asking);
    wait_for(e, c, Pending::Issue(function, context), e.settings.borrow().connect_timeout);
    Ok(())
}

/// The connection that is open, or being made, to the process `key`.
fn with_key(e: Eng, key: &str) -> Option<Rc<Connection>> {
    let live = |c: &Rc<Connection>| !matches!(c.state.get(), State::New | State::Bound | State::Ended);
    e.connections.table.all().into_iter().find(|c| live(c) && c.key() == key)
}

fn wait_for(e: Eng, c: &Connection, pending: Pending, limit: Duration) {
    c.pending.set(Some((pending, Instant::now() + limit)));
    e.connections.pending.set(e.connections.pending.get() + 1);
}

/// Takes what the program waits for, and answers it.
fn answer(e: Eng, c: &Connection, response: u32, status: VMI_STATUS) {
    let Some((pending, _)) = c.pending.take() else { return };
    e.connections.pending.set(e.connections.pending.get() - 1);
    let handle = c.handle.get();
    match pending {
        Pending::Issue(f, context) => callback::issued(f, context, std::ptr::null_mut(), 0, handle, response),
        Pending::Disconnect(f, context) => callback::disconnected(f, handle, context, status),
    }
}

/// The connection is over: nothing arrives on it any more.
fn finish(e: Eng, c: &Connection) {
    c.state.set(State::Ended);
    rdma::forget(e, c.handle.get());
    if let Some(site) = c.site.borrow_mut().take() {
        bypass::abandon(&site);
        site.way.with_peer(site.rank, |peer| {
            let end = &mut peer.ends[c.end() as usize];
            if *end == Some(c.handle.get()) {
                *end = None;
            }
        });
    }
}

pub fn on_answer(e: Eng, site: &Site, response: u32) -> std::result::Result<(), String> {
    match traffic::connection_of(e, site, true) {
        Some(c) if c.state.get() == State::Asking => {
            if response == response::ACCEPT {
                c.state.set(State::Open);
            } else {
                finish(e, &c);
            }
            answer(e, &c, response, 0);
            Ok(())
        }
        // We gave up meanwhile.
        _ if response == response::ACCEPT => reply(e, site, kind::DISCONNECT, [0, 0, 0]),
        _ => Ok(()),
    }
}

fn reply(e: Eng, site: &Site, kind: u8, meta: [u32; 3]) -> std::result::Result<(), String> {
    post(e, site, Framing::Whole(kind, meta), Load::Nothing, None).map_err(|fault| fault.text)
}

// ---- being asked ----

pub fn on_connect(e: Eng, site: &Site, frame: &Incoming) -> std::result::Result<(), String> {
    if let Some(hand) = &site.way.hand {
        hand.used.set(true);
    }
    let key_len = u16::from_le_bytes(frame.bytes(0)) as usize;
    if frame.header.len < 2 + key_len || key_len > crate::key::MAX_KEY {
        return Err("a connect request without a key".into());
    }
    let mut key = vec![0; key_len];
    frame.payload.read(2, &mut key);
    let key = String::from_utf8_lossy(&key).into_owned();
    let data = traffic::slab_in_hand(e, frame, 2 + key_len);
    if e.connections.accept.get().is_none() {
        data.settle();
        e.connections.waiting.borrow_mut().push((site.clone(), key, data));
        return Ok(());
    }
    consider(e, site, &key, data)
}

/// Requests that waited for an accept function.
pub fn consider_waiting(e: Eng) {
    if e.connections.accept.get().is_none() {
        return;
    }
    let waiting = std::mem::take(&mut *e.connections.waiting.borrow_mut());
    for (site, key, data) in waiting {
        if let Err(why) = consider(e, &site, &key, data) {
            e.alerts.fault(format!("cannot answer {key}: {why}"));
        }
    }
}

fn consider(e: Eng, site: &Site, key: &str, data: Rc<Message>) -> std::result::Result<(), String> {
    let own = e.settings.borrow().key.clone();
    if let Some(other) = with_key(e, key).filter(|_| own != key)
        && (other.state.get() != State::Asking || own.as_str() < key)
    {
        return reply(e, site, kind::REFUSE, [1, response::REJECT, 0]);
    }
    let address = engine::address("", 0, "", key).map_err(|fault| fault.text)?;
    let handle = create(e);
    let Ok(c) = e.connections.table.get(handle) else { return Err("no room".into()) };
    *c.remote.borrow_mut() = Some(address);
    *c.site.borrow_mut() = Some(site.clone());
    c.asked.set(true);
    c.state.set(State::Asked);
    let (function, len) = (e.connections.accept.get(), data.len as ULONG);
    let response = traffic::show(e, data, |slab| callback::accept(function, handle, slab, len));
    if response != response::ACCEPT {
        finish(e, &c);
        let _ = e.connections.table.remove(handle);
        return reply(e, site, kind::REFUSE, [1, response.max(response::REJECT), 0]);
    }
    c.state.set(State::Open);
    site.way.with_peer(site.rank, |peer| peer.ends[1] = Some(handle));
    reply(e, site, kind::ACCEPT, [1, 0, 0])
}

// ---- ending ----

pub fn disconnect(e: Eng, c: &Connection, function: VMIDisconnectResponse, context: PVOID) -> Result {
    let site = c.open_site()?;
    post(e, &site, Framing::Whole(kind::DISCONNECT, [c.end(), 0, 0]), Load::Nothing, None)?;
    c.state.set(State::Closing);
    wait_for(e, c, Pending::Disconnect(function, context), DISCONNECT_LIMIT);
    Ok(())
}

pub fn on_disconnect(e: Eng, site: &Site, end: u32) -> std::result::Result<(), String> {
    reply(e, site, kind::DISCONNECTED, [end ^ 1, 0, 0])?;
    let Some(c) = traffic::connection_of(e, site, end == 1) else { return Ok(()) };
    if c.state.get() == State::Open {
        finish(e, &c);
        callback::lost(e.connections.lost.get(), c.handle.get());
    }
    Ok(())
}

pub fn on_disconnected(e: Eng, site: &Site, end: u32) -> std::result::Result<(), String> {
    let Some(c) = traffic::connection_of(e, site, end == 1) else { return Ok(()) };
    if c.state.get() == State::Closing {
        finish(e, &c);
        answer(e, &c, response::ERROR, 0);
    }
    Ok(())
}

/// A process started by hand has ended.
pub fn peer_is_gone(e: Eng, way: &Rc<Way>) {
    for c in e.connections.table.all() {
        let here = c.site.borrow().as_ref().is_some_and(|site| Rc::ptr_eq(&site.way, way));
        if here {
            give_up(e, &c, "the peer has ended");
        }
    }
}

/// Ends a connection whose peer does not answer (any more).
fn give_up(e: Eng, c: &Connection, why: &str) {
    let was = c.state.get();
    finish(e, c);
    let fault = Fault::new(Code::Connection, format!("{}: {why}", c.key()));
    match was {
        State::Asking => answer(e, c, response::ERROR, 0),
        // What was to be ended has ended.
        State::Closing => answer(e, c, response::ERROR, remember("VMI_Connection_Disconnect", &fault)),
        State::Open => callback::lost(e.connections.lost.get(), c.handle.get()),
        _ => {}
    }
}

/// Looks at time limits, and for peers that have died, where an answer is awaited.
pub fn attend(e: Eng) {
    consider_waiting(e);
    if e.connections.pending.get() == 0 {
        return;
    }
    let now = Instant::now();
    for c in e.connections.table.all() {
        let Some((_, limit)) = c.pending.get() else { continue };
        let site = c.site.borrow().clone();
        let pid = site.and_then(|site| site.way.pid(site.rank));
        if now >= limit {
            give_up(e, &c, "no answer in time");
        } else if pid.is_some_and(|pid| !vmi::sys::process::is_alive(pid)) {
            give_up(e, &c, "the peer has ended");
        }
    }
}

/// The peer, for a message.
pub fn name_of(e: Eng, site: &Site) -> String {
    let known = e.connections.table.all().into_iter().find(|c| {
        let theirs = c.site.borrow();
        theirs.as_ref().is_some_and(|theirs| theirs.same(site))
    });
    known.map_or_else(|| format!("process {}", site.rank), |c| c.key())
}

/// Bytes of the program's connect data.
pub fn data_of(e: Eng, buffer: PVMI_BUFFER) -> Result<Vec<u8>> {
    if buffer.is_null() {
        return Ok(Vec::new());
    }
    let buffer = e.buffers.get(buffer)?;
    let mut data = vec![0; buffer.len()];
    let from: UserBuf = buffer.address();
    from.read(0, &mut data);
    Ok(data)
}
