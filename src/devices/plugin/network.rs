//! A network in C as a network of the core.

use super::Plugin;
use super::contract::{self, CARD, Host, Piece, VERSION, WHY};
use super::rdma::Remote;
use super::words::{self, Options, Why};
use crate::core::buffer::UserBuf;
use crate::core::device::{Properties, SendError};
use crate::core::frame::{Header, Incoming, Token};
use crate::core::network::{Link, Network};
use crate::core::rdma::Rdma;
use crate::core::slab::Slab;
use std::cell::RefCell;
use std::ffi::{CString, c_char, c_void};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// Where a network is opened.
pub struct Place<'a> {
    /// The number in the tokens of its frames.
    pub id: u8,
    /// Its name in the machine configuration file.
    pub name: &'a str,
    /// The shared library.
    pub path: &'a str,
    pub options: &'a [(String, String)],
    pub rank: u32,
    pub size: u32,
    pub secret: [u8; 32],
}

pub struct PluginNetwork {
    id: u8,
    name: String,
    size: u32,
    properties: Properties,
    /// NULL once closed.
    state: *mut c_void,
    all: contract::Network,
    /// Remote memory, or why there is none.
    remote: Result<Remote, String>,
    pieces: Vec<Piece>,
    alerts: Rc<Alerts>,
    /// The device has its address.
    _host: Box<Host>,
    /// Last: the functions lie in it.
    plugin: Rc<Plugin>,
}

type Alerts = RefCell<Vec<String>>;

impl PluginNetwork {
    /// Loads and opens a network.
    ///
    /// # Errors
    /// One sentence that names the path, and what was found and expected.
    pub fn open(place: &Place) -> Result<PluginNetwork, String> {
        let plugin = super::load(place.path)?;
        let Some(all) = plugin.network else {
            return Err(format!("{plugin} is a filter, expected a network"));
        };
        check_functions(&plugin, &all)?;
        let (options, name) = (Options::of(place.options)?, words::text(place.name)?);
        let alerts = Rc::new(Alerts::default());
        let context = Rc::as_ptr(&alerts).cast_mut().cast();
        let host = Box::new(Host { version: VERSION, reserved: 0, context, replace, resume, alert });
        let mut network = PluginNetwork {
            id: place.id,
            name: place.name.into(),
            size: place.size,
            properties: Properties {
                max_payload: 0,
                ordered: false,
                reliable: false,
                latency_ns: 0,
                bandwidth_mb: 0,
            },
            state: std::ptr::null_mut(),
            all,
            remote: Err("the device moves frames only".into()),
            pieces: Vec::new(),
            alerts,
            _host: host,
            plugin,
        };
        network.start(place, &options, &name)?;
        network.ask_properties()?;
        if let Some(all) = network.plugin.rdma {
            network.remote = Remote::open(&network.plugin, &all, network.state)?;
        }
        Ok(network)
    }

    fn start(&mut self, place: &Place, options: &Options, name: &CString) -> Result<(), String> {
        let (Some(open), mut why) = (self.all.open, Why::new()) else { return Err(self.plugin.to_string()) };
        let place = contract::Place {
            name: name.as_ptr(),
            rank: place.rank,
            size: place.size,
            secret: place.secret.as_ptr(),
            options: options.as_ptr(),
            options_len: options.len(),
        };
        // SAFETY: all structures live until the call returns; the host's until after `close`.
        self.state = unsafe { open(&raw const place, &raw const *self._host, why.as_ptr(), WHY) };
        if self.state.is_null() {
            return Err(format!("{} cannot be opened: {}", self.plugin, why.sentence()));
        }
        Ok(())
    }

    fn ask_properties(&mut self) -> Result<(), String> {
        const LEAST: usize = 1024;
        let mut said = contract::Properties::default();
        self.call(self.all.properties, |properties, state| {
            // SAFETY: `state` is open and `said` is ours.
            unsafe { properties(state, &raw mut said) }
        });
        if said.max_payload < LEAST {
            let (max, plugin) = (said.max_payload, &self.plugin);
            return Err(format!("{plugin} carries messages of {max} bytes, expected at least {LEAST}"));
        }
        self.properties = Properties {
            max_payload: said.max_payload,
            ordered: said.ordered != 0,
            reliable: said.reliable != 0,
            latency_ns: said.latency_ns,
            bandwidth_mb: said.bandwidth_mb,
        };
        Ok(())
    }

    /// Calls a function with the state; None if there is no such function or the network is closed.
    fn call<F: Copy, R>(&self, function: Option<F>, call: impl FnOnce(F, *mut c_void) -> R) -> Option<R> {
        let function = function.filter(|_| !self.state.is_null())?;
        Some(call(function, self.state))
    }

    /// A yes or no; None if the device has no such function.
    fn ask(&self, function: Option<unsafe extern "C" fn(*mut c_void) -> i32>) -> Option<i32> {
        // SAFETY: the state is open.
        self.call(function, |function, state| unsafe { function(state) })
    }

    fn complain(&self, text: String) {
        add(&self.alerts, text);
    }

    /// A frame that the device says has arrived, if that can be.
    fn check(&self, frame: &contract::Incoming) -> Option<Incoming> {
        let (peer, header) = (frame.peer, frame.header);
        let kind = u8::try_from(header.kind).ok().filter(|kind| *kind > 0);
        let fits = header.len <= self.properties.max_payload && (header.len == 0 || !frame.payload.is_null());
        let (Some(kind), true) = (kind, fits && peer < self.size) else {
            self.complain(format!(
                "a frame of kind {} and {} bytes from rank {peer} is impossible",
                header.kind, header.len
            ));
            return None;
        };
        // SAFETY: the device keeps the payload in place until `release`.
        let payload = unsafe { UserBuf::from_raw(frame.payload.cast_mut().cast()) };
        let token = Token {
            sink: self.id,
            landed: false,
            slot: (frame.token >> 32) as u32,
            line: frame.token as u32,
        };
        Some(Incoming { peer, header: Header { kind, meta: header.meta, len: header.len }, payload, token })
    }

    fn give_back(&self, token: u64) {
        // SAFETY: the state is open; the token is one that the device gave.
        self.call(self.all.release, |release, state| unsafe { release(state, token) });
    }
}

fn check_functions(plugin: &Plugin, all: &contract::Network) -> Result<(), String> {
    plugin.need(all.open, "open")?;
    plugin.need(all.properties, "properties")?;
    plugin.need(all.card, "card")?;
    plugin.need(all.set_card, "set_card")?;
    plugin.need(all.connect, "connect")?;
    plugin.need(all.drop_link, "drop_link")?;
    plugin.need(all.link, "link")?;
    plugin.need(all.send, "send")?;
    plugin.need(all.next, "next")?;
    plugin.need(all.release, "release")?;
    plugin.need(all.close, "close").map(|_| ())
}

/// # Safety
/// None: there are no frames of a filter here.
unsafe extern "C" fn replace(_frame: *mut contract::Frame, _len: usize) -> *mut c_void {
    std::ptr::null_mut()
}

/// # Safety
/// As for [`replace`].
unsafe extern "C" fn resume(_frame: *mut contract::Frame) {}

/// # Safety
/// `context` is the host's, and `sentence` is NULL or zero-terminated.
unsafe extern "C" fn alert(context: *mut c_void, sentence: *const c_char) {
    // SAFETY: the adapter keeps what `context` points to until the device is closed; the sentence is the caller's promise.
    let (alerts, text) = unsafe { (&*context.cast::<Alerts>(), words::from_c(sentence)) };
    add(alerts, text);
}

fn add(alerts: &Alerts, text: String) {
    const MOST: usize = 16;
    let mut alerts = alerts.borrow_mut();
    if alerts.len() < MOST {
        alerts.push(text);
    }
}

impl Network for PluginNetwork {
    fn name(&self) -> &str {
        &self.name
    }

    fn device(&self) -> &str {
        &self.plugin.name
    }

    fn properties(&self) -> Properties {
        self.properties
    }

    fn card(&self) -> Vec<u8> {
        let mut card = vec![0u8; CARD];
        // SAFETY: the state is open, and CARD bytes are at `card`.
        let len = self
            .call(self.all.card, |get, state| unsafe { get(state, card.as_mut_ptr().cast(), CARD) })
            .unwrap_or(0);
        if len > CARD {
            self.complain(format!("a card of {len} bytes, expected at most {CARD}"));
        }
        card.truncate(if len > CARD { 0 } else { len });
        card
    }

    fn set_card(&mut self, peer: u32, card: &[u8]) -> Result<(), String> {
        let mut why = Why::new();
        let result = self.call(self.all.set_card, |set, state| {
            // SAFETY: the state is open; card and room are ours.
            unsafe { set(state, peer, card.as_ptr().cast(), card.len(), why.as_ptr(), WHY) }
        });
        match result {
            Some(0) | None => Ok(()),
            Some(_) => Err(format!("{}: the card of rank {peer}: {}", self.plugin, why.sentence())),
        }
    }

    fn open(&mut self, peer: u32) {
        // SAFETY: the state is open.
        self.call(self.all.connect, |connect, state| unsafe { connect(state, peer) });
    }

    fn drop_link(&mut self, peer: u32, why: &str) {
        let why = words::text(&why.replace('\0', " ")).unwrap_or_default();
        // SAFETY: the state is open, and `why` lives until the call returns.
        self.call(self.all.drop_link, |drop_link, state| unsafe { drop_link(state, peer, why.as_ptr()) });
    }

    fn link(&self, peer: u32) -> Link {
        let mut why = Why::new();
        // SAFETY: the state is open, and the room is ours.
        let link = self.call(self.all.link, |link, state| unsafe { link(state, peer, why.as_ptr(), WHY) });
        match link {
            Some(contract::LINK_UNUSED) => Link::Unused,
            Some(contract::LINK_OPENING) => Link::Opening,
            Some(contract::LINK_UP) => Link::Up,
            Some(contract::LINK_DOWN) => Link::Down(format!("{}: {}", self.plugin, why.sentence())),
            Some(contract::LINK_FINISHED) | None => Link::Finished,
            Some(other) => Link::Down(format!("{}: 'link' returned {other}, expected 0 .. 4", self.plugin)),
        }
    }

    fn send(&mut self, peer: u32, header: Header, slab: &Slab) -> Result<(), SendError> {
        let mut left = header.len;
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.clear();
        for (at, len) in slab.rest() {
            let len = len.min(left);
            left -= len;
            pieces.push(Piece { at: at.as_ptr().cast_const().cast(), len });
        }
        let mut why = Why::new();
        let head = contract::Header { kind: u32::from(header.kind), meta: header.meta, len: header.len };
        let sent = self.call(self.all.send, |send, state| {
            // SAFETY: the state is open; header, pieces and what they name live until the call returns.
            unsafe { send(state, peer, &raw const head, pieces.as_ptr(), pieces.len(), why.as_ptr(), WHY) }
        });
        self.pieces = pieces;
        match sent {
            Some(contract::SENT) => Ok(()),
            Some(contract::FULL) => Err(SendError::Full),
            Some(contract::LOST) => Err(SendError::Lost(format!("{}: {}", self.plugin, why.sentence()))),
            Some(other) => {
                Err(SendError::Lost(format!("{}: 'send' returned {other}, expected 0 .. 2", self.plugin)))
            }
            None => Err(SendError::Lost(format!("{} is closed", self.plugin))),
        }
    }

    fn next(&mut self) -> Option<Incoming> {
        let header = contract::Header { kind: 0, meta: [0; 3], len: 0 };
        let mut frame =
            contract::Incoming { peer: 0, reserved: 0, header, payload: std::ptr::null(), token: 0 };
        // SAFETY: the state is open, and `frame` is ours.
        let found = self.call(self.all.next, |next, state| unsafe { next(state, &raw mut frame) });
        if found? == 0 {
            return None;
        }
        let checked = self.check(&frame);
        if checked.is_none() {
            self.give_back(frame.token);
        }
        checked
    }

    fn release(&mut self, token: Token) {
        self.give_back(u64::from(token.slot) << 32 | u64::from(token.line));
    }

    fn owes(&self) -> bool {
        self.ask(self.all.owes).is_some_and(|answer| answer != 0)
    }

    fn is_ticking(&self) -> bool {
        self.ask(self.all.is_ticking).is_some_and(|answer| answer != 0)
    }

    fn is_quiet(&mut self) -> bool {
        match self.ask(self.all.is_quiet) {
            Some(answer) => answer != 0,
            None => self.state.is_null() || self.fd().is_some(),
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        let fd = self.ask(self.all.fd).filter(|fd| *fd >= 0)?;
        // SAFETY: the device keeps the descriptor open until `close`, which needs `&mut self`.
        Some(unsafe { BorrowedFd::borrow_raw(fd) })
    }

    fn rdma(&mut self) -> Option<&mut dyn Rdma> {
        self.remote.as_mut().ok().map(|remote| remote as &mut dyn Rdma)
    }

    fn no_rdma(&self) -> &str {
        self.remote.as_ref().err().map_or("", |why| why)
    }

    fn report(&self) -> String {
        let report = self.call(self.all.report, |report, state| {
            // SAFETY: the state is open, and `room` bytes are at `json`.
            words::report(|json, room| unsafe { report(state, json, room) })
        });
        report.unwrap_or_else(|| "null".into())
    }

    fn take_alerts(&mut self) -> Vec<(Option<u32>, String)> {
        if let Ok(remote) = &mut self.remote {
            remote.take_complaints().into_iter().for_each(|text| add(&self.alerts, text));
        }
        let alerts = std::mem::take(&mut *self.alerts.borrow_mut());
        alerts.into_iter().map(|text| (None, format!("{}: {text}", self.plugin))).collect()
    }

    fn close(&mut self) {
        // It deregisters what is registered; the device's state must still be open.
        self.remote = Err("the network is closed".into());
        // SAFETY: the state is open, and is not used after this.
        self.call(self.all.close, |close, state| unsafe { close(state) });
        self.state = std::ptr::null_mut();
    }
}

impl Drop for PluginNetwork {
    fn drop(&mut self) {
        self.close();
    }
}
