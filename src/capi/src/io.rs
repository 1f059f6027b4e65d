//! Chains and devices of the program, and the requests that visit them.
//!
//! The core has chains of its own (`vmi::core::chain`), whose devices are agreed on with the peer. These are the
//! program's: a device is a function of it, which may call everything, also on the same chain. A request lives from its
//! allocation, or from the message it was made for, until its completion has unwound its stack.

use crate::args::Pieces;
use crate::callback;
use crate::connection::Connection;
use crate::engine::Eng;
use crate::message::Outgoing;
use crate::status::{Result, fail};
use crate::table::{Table, Tag};
use crate::traffic::{self, Event, Framing, Load, post};
use crate::types::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vmi::core::buffer::Buffer;
use vmi::core::slab::Slab;

pub struct Io {
    pub irbs: Table<Irb>,
    pub chains: Table<Chain>,
    pub devices: Table<Device>,
}

impl Default for Io {
    fn default() -> Self {
        Io { irbs: Table::new(Tag::Irb), chains: Table::new(Tag::Chain), devices: Table::new(Tag::Device) }
    }
}

pub struct Device {
    name: String,
    function: VMIDeviceDispatch,
    context: PVOID,
    /// Chains it is on.
    uses: Cell<u32>,
}

#[derive(Default)]
pub struct Chain {
    devices: RefCell<Vec<(PVMI_DEVICE, Rc<Device>)>>,
    /// Requests on it keep it from being destroyed.
    busy: Cell<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Fresh,
    /// A device is looking at it.
    Visiting,
    Pended,
    /// Past the last device, on its way out.
    Leaving,
    Done,
}

pub struct Irb {
    pub command: VMI_IRB_COMMAND,
    pub connection: PVMI_CONNECT,
    /// Handle of the slab that devices see.
    pub slab: PVMI_SLAB,
    pub arguments: [Cell<u64>; 4],
    /// For a message: the stream that it belongs to.
    stream: u32,
    handle: Cell<PVMI_IRB>,
    chain: RefCell<Option<Rc<Chain>>>,
    position: Cell<usize>,
    state: Cell<State>,
    stack: RefCell<Vec<(VMIIRBComplete, PVOID)>>,
    /// Below the stack: the sender of the message.
    sender: Cell<(VMIStreamSend, PVOID)>,
}

// ---- objects ----

pub fn new_device(e: Eng, name: String, function: VMIDeviceDispatch, context: PVOID) -> Result<PVMI_DEVICE> {
    if function.is_none() {
        fail!(Argument, "function is NULL, expected the device's dispatch function");
    }
    Ok(e.io.devices.insert(Rc::new(Device { name, function, context, uses: Cell::new(0) })))
}

pub fn destroy_device(e: Eng, device: PVMI_DEVICE) -> Result {
    let found = e.io.devices.get(device)?;
    if found.uses.get() > 0 {
        fail!(State, "device {} is on {} chains; detach it first", found.name, found.uses.get());
    }
    e.io.devices.remove(device).map(drop)
}

pub fn destroy_chain(e: Eng, chain: PVMI_CHAIN) -> Result {
    let found = e.io.chains.get(chain)?;
    if found.busy.get() > 0 {
        fail!(State, "{} requests are on the chain", found.busy.get());
    }
    for (_, device) in found.devices.borrow_mut().drain(..) {
        device.uses.set(device.uses.get() - 1);
    }
    e.io.chains.remove(chain).map(drop)
}

pub fn attach(e: Eng, chain: PVMI_CHAIN, device: PVMI_DEVICE) -> Result {
    let (chain, found) = (e.io.chains.get(chain)?, e.io.devices.get(device)?);
    tell(e, device, &found, command::ATTACH);
    found.uses.set(found.uses.get() + 1);
    chain.devices.borrow_mut().push((device, found));
    Ok(())
}

pub fn detach(e: Eng, chain: PVMI_CHAIN, device: PVMI_DEVICE) -> Result {
    let (chain, found) = (e.io.chains.get(chain)?, e.io.devices.get(device)?);
    if chain.busy.get() > 0 {
        fail!(State, "{} requests are on the chain", chain.busy.get());
    }
    let at = chain.devices.borrow().iter().position(|(handle, _)| *handle == device);
    let Some(at) = at else { fail!(State, "device {} is not on this chain", found.name) };
    chain.devices.borrow_mut().remove(at);
    found.uses.set(found.uses.get() - 1);
    tell(e, device, &found, command::DETACH);
    Ok(())
}

/// Shows a device a request that only it sees.
fn tell(e: Eng, handle: PVMI_DEVICE, device: &Device, command: u32) {
    let irb = allocate(e, command, std::ptr::null_mut(), Slab::default(), 0);
    irb.state.set(State::Visiting);
    callback::dispatch(device.function, handle, irb.handle.get(), device.context);
    free(e, &irb);
}

fn allocate(e: Eng, command: u32, connection: PVMI_CONNECT, pieces: Slab, stream: u32) -> Rc<Irb> {
    let slab = e.outgoing.insert(Rc::new(Outgoing { pieces: RefCell::new(pieces) }));
    let irb = Rc::new(Irb {
        command,
        connection,
        slab,
        arguments: Default::default(),
        stream,
        handle: Cell::new(std::ptr::null_mut()),
        chain: RefCell::new(None),
        position: Cell::new(0),
        state: Cell::new(State::Fresh),
        stack: RefCell::default(),
        sender: Cell::new((None, std::ptr::null_mut())),
    });
    irb.handle.set(e.io.irbs.insert(irb.clone()));
    irb
}

pub fn new_irb(e: Eng, command: u32, connection: PVMI_CONNECT) -> Result<PVMI_IRB> {
    if !connection.is_null() {
        e.connection(connection)?;
    }
    if command == self::command::SEND && connection.is_null() {
        fail!(Argument, "connection is NULL, but a VMI_IRB_SEND needs one");
    }
    let stream = if connection.is_null() { 0 } else { e.connection(connection)?.end_bit() };
    Ok(allocate(e, command, connection, Slab::default(), stream).handle.get())
}

pub fn free_irb(e: Eng, irb: PVMI_IRB) -> Result {
    let irb = e.io.irbs.get(irb)?;
    if irb.state.get() != State::Fresh {
        fail!(State, "the request has been dispatched: it ends with its completion");
    }
    free(e, &irb);
    Ok(())
}

fn free(e: Eng, irb: &Irb) {
    let _ = e.outgoing.remove(irb.slab);
    let _ = e.io.irbs.remove(irb.handle.get());
}

pub fn on_completion(e: Eng, irb: PVMI_IRB, function: VMIIRBComplete, context: PVOID) -> Result {
    let irb = e.io.irbs.get(irb)?;
    if !matches!(irb.state.get(), State::Fresh | State::Visiting | State::Pended) {
        fail!(State, "the request is {:?}", irb.state.get());
    }
    irb.stack.borrow_mut().push((function, context));
    Ok(())
}

// ---- the way along a chain ----

pub fn dispatch(e: Eng, chain: PVMI_CHAIN, irb: PVMI_IRB) -> Result {
    let (chain, irb) = (e.io.chains.get(chain)?, e.io.irbs.get(irb)?);
    if irb.state.get() != State::Fresh {
        fail!(State, "the request has been dispatched already");
    }
    start(e, chain, irb)
}

fn start(e: Eng, chain: Rc<Chain>, irb: Rc<Irb>) -> Result {
    chain.busy.set(chain.busy.get() + 1);
    *irb.chain.borrow_mut() = Some(chain);
    go_on(e, irb)
}

/// Visits devices from the request's position on.
fn go_on(e: Eng, irb: Rc<Irb>) -> Result {
    let Some(chain) = irb.chain.borrow().clone() else { fail!(State, "the request is on no chain") };
    loop {
        let device = chain.devices.borrow().get(irb.position.get()).cloned();
        let Some((handle, device)) = device else { return past_the_end(e, &irb) };
        irb.state.set(State::Visiting);
        let action = callback::dispatch(device.function, handle, irb.handle.get(), device.context);
        match action {
            action::PEND if irb.state.get() == State::Visiting => {
                irb.state.set(State::Pended);
                return Ok(());
            }
            // It was forwarded or completed before the device said so.
            _ if irb.state.get() != State::Visiting => return Ok(()),
            action::COMPLETE => {
                finish(e, &irb, 0);
                return Ok(());
            }
            _ => irb.position.set(irb.position.get() + 1),
        }
    }
}

fn past_the_end(e: Eng, irb: &Rc<Irb>) -> Result {
    match irb.command {
        command::SEND => leave(e, irb),
        command::RECEIVE => arrive(e, irb),
        _ => {
            finish(e, irb, 0);
            Ok(())
        }
    }
}

/// The message of a request leaves on its connection.
fn leave(e: Eng, irb: &Rc<Irb>) -> Result {
    let sent = e.connection(irb.connection).and_then(|c| c.open_site()).and_then(|site| {
        let mut pieces = e.outgoing.get(irb.slab)?.pieces.borrow().clone();
        pieces.restore(Default::default());
        irb.state.set(State::Leaving);
        let done = Event::Irb(irb.handle.get());
        post(e, &site, Framing::Slab(irb.stream), Load::Kept(pieces), Some(done))
    });
    if let Err(fault) = &sent {
        finish(e, irb, fault.code as u32);
    }
    sent
}

/// The message of a request goes to the receive function.
fn arrive(e: Eng, irb: &Rc<Irb>) -> Result {
    let pieces = e.outgoing.get(irb.slab)?.pieces.borrow().clone();
    let connection = e.connection(irb.connection);
    irb.state.set(State::Leaving);
    if let Ok(connection) = connection {
        traffic::hand_over(e, &connection, irb.stream, Some(crate::message::Message::of(pieces)));
    }
    finish(e, irb, 0);
    Ok(())
}

/// Completes a request: tells those on its stack, the last one first.
pub fn finish(e: Eng, irb: &Rc<Irb>, status: VMI_STATUS) {
    if irb.state.replace(State::Done) == State::Done {
        return;
    }
    loop {
        let top = irb.stack.borrow_mut().pop();
        let Some((function, context)) = top else { break };
        callback::completed(function, irb.handle.get(), context, status);
    }
    if let Some(chain) = irb.chain.borrow_mut().take() {
        chain.busy.set(chain.busy.get() - 1);
    }
    let (function, context) = irb.sender.get();
    free(e, irb);
    callback::sent(function, context, status);
}

pub fn forward(e: Eng, irb: PVMI_IRB) -> Result {
    let irb = pended(e, irb)?;
    irb.position.set(irb.position.get() + 1);
    go_on(e, irb)
}

pub fn complete(e: Eng, irb: PVMI_IRB, status: VMI_STATUS) -> Result {
    finish(e, &pended(e, irb)?, status);
    Ok(())
}

/// A request that a device keeps, or is about to keep.
fn pended(e: Eng, irb: PVMI_IRB) -> Result<Rc<Irb>> {
    let irb = e.io.irbs.get(irb)?;
    match irb.state.get() {
        State::Pended | State::Visiting => Ok(irb),
        other => fail!(State, "the request is {other:?}, expected one that a device keeps"),
    }
}

// ---- messages of connections with chains ----

/// What is to become of a message that is sent on a connection with a send chain.
pub fn send(
    e: Eng,
    c: &Connection,
    chain: Rc<Chain>,
    stream: u32,
    pieces: Slab,
    sender: (VMIStreamSend, PVOID),
) -> Result {
    c.open_site()?;
    let irb = allocate(e, command::SEND, c.handle.get(), pieces, stream);
    irb.sender.set(sender);
    start(e, chain, irb)
}

/// The pieces of a message as a slab with memory of its own.
pub fn copy(pieces: &Pieces) -> Slab {
    let buffer = Buffer::allocate(pieces.total);
    pieces.gather(buffer.address());
    Slab::of(buffer)
}

/// A message has arrived on a connection with a receive chain.
pub fn receive(e: Eng, c: &Connection, chain: Rc<Chain>, stream: u32, pieces: Slab) {
    let irb = allocate(e, command::RECEIVE, c.handle.get(), pieces, stream);
    if let Err(fault) = start(e, chain, irb) {
        e.alerts.fault(format!("a message is lost on its receive chain: {}", fault.text));
    }
}
