//! A filter in C as a device of the core.
//!
//! A frame that the device sees is a [`View`]: the C structure and, behind it, the request. Views of kept frames stay at
//! their place in memory until the device lets them go on or the half is closed.

use super::Plugin;
use super::contract::{self, DROP, FORWARD, Frame, GROWTH, Host, KEEP, LONGEST, Piece, REFUSE, VERSION};
use super::words::{self, Options, Why};
use crate::core::buffer::Buffer;
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Status, Step};
use crate::core::slab::Slab;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{c_char, c_void};
use std::rc::Rc;

/// A frame as the device sees it, and what it does not see.
#[repr(C)]
struct View {
    /// First: its address is the view's.
    frame: Frame,
    pieces: Vec<Piece>,
    /// The message that replaces the old one.
    new: Option<Vec<u8>>,
    shared: Rc<Shared>,
    irb: Box<Irb>,
}

/// What the host's functions reach.
#[derive(Default)]
struct Shared {
    /// Views of frames that the device keeps.
    kept: RefCell<HashSet<*mut View>>,
    /// Those that it has let go on, in order.
    resumed: RefCell<Vec<*mut View>>,
    alerts: RefCell<Vec<String>>,
}

pub struct PluginFilter {
    /// The path, by which the device was attached.
    name: String,
    sending: bool,
    sender: u32,
    frames: u64,
    state: *mut c_void,
    functions: Functions,
    shared: Rc<Shared>,
    /// The device has its address.
    _host: Box<Host>,
    /// Last: the functions lie in it.
    plugin: Rc<Plugin>,
}

/// The device's functions, the required ones present.
struct Functions {
    frame: unsafe extern "C" fn(*mut c_void, *mut Frame, *mut c_char, usize) -> i32,
    close: unsafe extern "C" fn(*mut c_void),
    all: contract::Filter,
}

impl PluginFilter {
    pub fn open(plugin: Rc<Plugin>, spec: &Spec, site: &Site) -> Result<PluginFilter, String> {
        let Some(all) = plugin.filter else {
            return Err(format!("{plugin} is a network, expected a filter"));
        };
        let open = plugin.need(all.open, "open")?;
        let functions = Functions {
            frame: plugin.need(all.frame, "frame")?,
            close: plugin.need(all.close, "close")?,
            all,
        };
        let options = Options::of(&spec.options)?;
        let shared = Rc::new(Shared::default());
        let host = Box::new(host(&shared));
        let place = contract::Site {
            receiving: u32::from(site.half == Half::Receive),
            sender: site.sender,
            receiver: site.receiver,
            epoch: u32::from(site.epoch),
            secret: site.secret.as_ptr(),
            options: options.as_ptr(),
            options_len: options.len(),
        };
        let mut why = Why::new();
        // SAFETY: all structures live until the call returns; the host's until after `close`.
        let state = unsafe { open(&raw const place, &raw const *host, why.as_ptr(), contract::WHY) };
        if state.is_null() {
            return Err(format!("{plugin} cannot be opened: {}", why.sentence()));
        }
        Ok(PluginFilter {
            name: spec.name.clone(),
            sending: site.half == Half::Send,
            sender: site.sender,
            frames: 0,
            state,
            functions,
            shared,
            _host: host,
            plugin,
        })
    }

    /// Takes a view apart: the request goes on as the device wants it.
    fn finish(&self, view: View) -> Box<Irb> {
        let View { frame, new, mut irb, .. } = view;
        irb.header.meta = frame.meta;
        if let Some(new) = new {
            irb.header.len = new.len();
            irb.slab = Slab::of(Buffer::adopt(new));
        }
        if self.sending && self.functions.all.completed.is_some() {
            irb.on_completion(frame.cookie);
        }
        irb
    }

    fn refuse(&self, view: View, why: &str) -> Step {
        let mut irb = view.irb;
        let number = self.frames - 1;
        irb.status = Status::Failed(match self.sending {
            true => format!("{}: frame {number}: {why}", self.plugin),
            false => format!("{}: frame {number} from rank {}: {why}", self.plugin, self.sender),
        });
        Step::Complete(irb)
    }

    fn decide(&mut self, view: Box<View>) -> Step {
        let mut why = Why::new();
        let raw = Box::into_raw(view);
        // SAFETY: `raw` is a live view, which the device may use until it returns, or longer if it keeps the frame; the
        // state is the device's own and open.
        let verdict = unsafe { (self.functions.frame)(self.state, raw.cast(), why.as_ptr(), contract::WHY) };
        if verdict == KEEP {
            self.shared.kept.borrow_mut().insert(raw);
            return Step::Pend;
        }
        // A frame that is not kept cannot be resumed.
        self.shared.resumed.borrow_mut().retain(|other| *other != raw);
        // SAFETY: made by `into_raw` above, and the device gave it back by not keeping it.
        let view = unsafe { *Box::from_raw(raw) };
        let grown = view.new.as_ref().map_or(0, |new| new.len().saturating_sub(view.frame.len));
        match verdict {
            FORWARD if self.sending && grown > GROWTH => {
                self.refuse(view, &format!("it became {grown} bytes longer, expected at most {GROWTH}"))
            }
            FORWARD => Step::Forward(self.finish(view)),
            DROP => Step::Complete(view.irb),
            REFUSE => self.refuse(view, &why.sentence()),
            other => self.refuse(view, &format!("'frame' returned {other}, expected 0 .. 3")),
        }
    }
}

/// The host's functions for one half.
fn host(shared: &Rc<Shared>) -> Host {
    let context = Rc::as_ptr(shared).cast_mut().cast();
    Host { version: VERSION, reserved: 0, context, replace, resume, alert }
}

/// # Safety
/// `frame` is one that the device is looking at or keeps.
unsafe extern "C" fn replace(frame: *mut Frame, len: usize) -> *mut c_void {
    if frame.is_null() || len > LONGEST {
        return std::ptr::null_mut();
    }
    // SAFETY: the frame is the first member of a live view (the caller's promise), and nobody else holds it now.
    let view = unsafe { &mut *frame.cast::<View>() };
    view.new.insert(vec![0; len]).as_mut_ptr().cast()
}

/// # Safety
/// As for [`replace`].
unsafe extern "C" fn resume(frame: *mut Frame) {
    if frame.is_null() {
        return;
    }
    let view = frame.cast::<View>();
    // SAFETY: as in `replace`.
    let shared = unsafe { (*view).shared.clone() };
    let mut resumed = shared.resumed.borrow_mut();
    if !resumed.contains(&view) {
        resumed.push(view);
    }
}

/// # Safety
/// `context` is the host's, and `sentence` is NULL or zero-terminated.
unsafe extern "C" fn alert(context: *mut c_void, sentence: *const c_char) {
    const MOST: usize = 16;
    // SAFETY: the adapter keeps what `context` points to until the device is closed; the sentence is the caller's promise.
    let (shared, text) = unsafe { (&*context.cast::<Shared>(), words::from_c(sentence)) };
    let mut alerts = shared.alerts.borrow_mut();
    if alerts.len() < MOST {
        alerts.push(text);
    }
}

impl Device for PluginFilter {
    fn name(&self) -> &str {
        &self.name
    }

    fn dispatch(&mut self, irb: Box<Irb>) -> Step {
        let mine = if self.sending { Command::Send } else { Command::Receive };
        if irb.command != mine {
            return Step::Forward(irb);
        }
        self.frames += 1;
        let pieces: Vec<Piece> =
            irb.slab.rest().map(|(at, len)| Piece { at: at.as_ptr().cast_const().cast(), len }).collect();
        let frame = Frame {
            peer: irb.connection,
            kind: u32::from(irb.header.kind),
            meta: irb.header.meta,
            pieces_len: pieces.len() as u32,
            len: irb.slab.remaining(),
            pieces: pieces.as_ptr(),
            cookie: 0,
        };
        let shared = self.shared.clone();
        self.decide(Box::new(View { frame, pieces, new: None, shared, irb }))
    }

    fn completed(&mut self, irb: &mut Irb, context: u64) {
        if let Some(completed) = self.functions.all.completed {
            // SAFETY: the state is open.
            unsafe { completed(self.state, context, i32::from(irb.status == Status::Success)) }
        }
    }

    fn poll(&mut self) -> Vec<Box<Irb>> {
        if let Some(poll) = self.functions.all.poll {
            // SAFETY: the state is open.
            unsafe { poll(self.state) }
        }
        let resumed = std::mem::take(&mut *self.shared.resumed.borrow_mut());
        let mut kept = self.shared.kept.borrow_mut();
        let going = resumed.into_iter().filter(|view| kept.remove(view));
        // SAFETY: a kept view was made by `into_raw`, and is taken out of the set once.
        going.map(|view| self.finish(unsafe { *Box::from_raw(view) })).collect()
    }

    fn is_pending(&self) -> bool {
        !self.shared.kept.borrow().is_empty()
    }

    fn take_alerts(&mut self) -> Vec<String> {
        let alerts = std::mem::take(&mut *self.shared.alerts.borrow_mut());
        alerts.iter().map(|text| format!("{}: {text}", self.plugin)).collect()
    }

    fn report(&self) -> String {
        match self.functions.all.report {
            // SAFETY: the state is open, and `room` bytes are at `json`.
            Some(report) => words::report(|json, room| unsafe { report(self.state, json, room) }),
            None => "null".into(),
        }
    }
}

impl Drop for PluginFilter {
    fn drop(&mut self) {
        // SAFETY: the state is open, and is not used after this.
        unsafe { (self.functions.close)(self.state) };
        for view in self.shared.kept.borrow_mut().drain() {
            // SAFETY: as in `poll`; the device is closed and does not hold it any more.
            drop(unsafe { Box::from_raw(view) });
        }
    }
}
