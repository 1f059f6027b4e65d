//! The core's devices on a connection: attach and detach while it is in use. The core agrees with the peer; here is
//! who is to hear of the end.

use crate::args;
use crate::callback;
use crate::connection::Connection;
use crate::engine::Eng;
use crate::status::{Code, Fault, Result, fail, remember};
use crate::types::*;
use crate::ways::Way;
use std::cell::RefCell;
use std::ffi::c_char;
use std::rc::Rc;
use vmi::core::epoch::Change;
use vmi::core::filter::Spec;
use vmi::core::manage::Peers;

/// A change under way.
struct Waiting {
    way: Rc<Way>,
    operation: u64,
    connection: PVMI_CONNECT,
    function: VMIDeviceChanged,
    context: PVOID,
}

#[derive(Default)]
pub struct Changes {
    waiting: RefCell<Vec<Waiting>>,
}

pub fn attach(e: Eng, c: &Connection, device: &str, function: VMIDeviceChanged, context: PVOID) -> Result {
    let spec = Spec::parse(device).map_err(|why| Fault::new(Code::Argument, why))?;
    change(e, c, &Change::Attach(spec), function, context)
}

pub fn detach(e: Eng, c: &Connection, name: &str, function: VMIDeviceChanged, context: PVOID) -> Result {
    change(e, c, &Change::Detach(name.to_string()), function, context)
}

fn change(e: Eng, c: &Connection, change: &Change, function: VMIDeviceChanged, context: PVOID) -> Result {
    let site = c.open_site()?;
    if site.is_self() {
        fail!(Unsupported, "a process's connection to itself takes no devices");
    }
    let peers = Peers::Listed(vec![(site.rank, site.rank)]);
    let begun = site.way.core.borrow_mut().change(&peers, change);
    let operation = begun.map_err(|why| Fault::new(Code::Argument, why))?;
    let connection = c.handle.get();
    let waiting = Waiting { way: site.way, operation, connection, function, context };
    e.changes.waiting.borrow_mut().push(waiting);
    Ok(())
}

/// Tells those whose change has come to its end.
#[inline]
pub fn attend(e: Eng) {
    if !e.changes.waiting.borrow().is_empty() {
        tell(e);
    }
}

#[cold]
fn tell(e: Eng) {
    let waiting = std::mem::take(&mut *e.changes.waiting.borrow_mut());
    for one in waiting {
        match outcome(e, &one) {
            None => e.changes.waiting.borrow_mut().push(one),
            Some(status) => callback::changed(one.function, one.connection, one.context, status),
        }
    }
}

/// The status of a change that has come to its end.
fn outcome(e: Eng, one: &Waiting) -> Option<VMI_STATUS> {
    if let Err(fault) = e.connection(one.connection).and_then(|c| c.open_site()) {
        return Some(remember("VMI_Poll", &Fault::new(Code::Connection, fault.text)));
    }
    let core = one.way.core.borrow();
    match core.outcome(one.operation) {
        Some((0, [])) => Some(0),
        Some((0, [(_, why), ..])) => Some(remember("VMI_Poll", &Fault::new(Code::Unsupported, why.clone()))),
        Some(_) => None,
        None => Some(remember("VMI_Poll", &Fault::new(Code::State, "the operation is not known any more"))),
    }
}

pub fn report(c: &Connection, json: *mut c_char, room: usize) -> Result {
    let site = c.open_site()?;
    let status = site.way.core.borrow_mut().status();
    args::write_text(json, room, &status, "json")
}
