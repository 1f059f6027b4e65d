//! Sending messages: on the stream that every connection has (number 0), and on streams begun by the program.

use crate::args::{Pieces, element};
use crate::connection::Connection;
use crate::engine::Eng;
use crate::io;
use crate::message::piece;
use crate::status::{Result, fail};
use crate::traffic::{ASKED_END, Event, Framing, Load, post};
use crate::types::*;
use std::rc::Rc;
use vmi::core::slab::Slab;
use vmi::core::stream::kind;

/// A stream begun by the program.
pub struct Stream {
    connection: PVMI_CONNECT,
    pub id: u32,
}

#[inline]
pub fn send_inline(e: Eng, c: &Connection, pieces: &Pieces, total: usize) -> Result {
    if pieces.total != total {
        fail!(Argument, "total is {total}, but the sizes add up to {}", pieces.total);
    }
    let most = e.inline_max.get();
    if total > most {
        fail!(Range, "an inline message of {total} bytes, at most {most} are possible (VMI_INLINED_DATA_SZ)");
    }
    if let Some(chain) = c.send_chain.borrow().clone() {
        return io::send(e, c, chain, c.end_bit(), io::copy(pieces), (None, std::ptr::null_mut()));
    }
    post(e, &c.open_site()?, Framing::Slab(c.end_bit()), Load::Copied(pieces), None)
}

/// The arguments of `VMI_Stream_Send` besides the connection.
pub struct Send {
    pub buffers: *mut PVMI_BUFFER,
    pub pieces: Pieces,
    pub function: VMIStreamSend,
    pub context: PVOID,
}

pub fn send(e: Eng, c: &Connection, send: Send) -> Result {
    c.open_site()?;
    let mut slab = Slab::default();
    for at in 0..send.pieces.count {
        let what = send.pieces.get(at);
        slab.push(piece(e, element(send.buffers, at, "buffers")?, what.at.addr(), what.len)?);
    }
    leave(e, c, c.end_bit(), slab, (send.function, send.context))
}

/// Sends by way of the connection's send chain, if it has one.
fn leave(e: Eng, c: &Connection, stream: u32, slab: Slab, sender: (VMIStreamSend, PVOID)) -> Result {
    if let Some(chain) = c.send_chain.borrow().clone() {
        return io::send(e, c, chain, stream, slab, sender);
    }
    let (function, context) = sender;
    let load = Load::of(slab, function.is_some());
    post(e, &c.open_site()?, Framing::Slab(stream), load, Some(Event::Sent(function, context)))
}

pub fn begin(e: Eng, c: &Connection) -> Result<PVMI_STREAM> {
    c.open_site()?;
    let id = c.streams.get() + 1;
    if id == ASKED_END {
        fail!(Resource, "the connection has had too many streams");
    }
    c.streams.set(id);
    Ok(e.streams.insert(Rc::new(Stream { connection: c.handle.get(), id })))
}

pub fn send_slab(
    e: Eng,
    stream: PVMI_STREAM,
    slab: PVMI_SLAB,
    function: VMIStreamSend,
    context: PVOID,
) -> Result {
    let stream = e.streams.get(stream)?;
    let c = e.connection(stream.connection)?;
    let mut pieces = e.outgoing.get(slab)?.pieces.borrow().clone();
    pieces.restore(Default::default());
    leave(e, &c, stream.id | c.end_bit(), pieces, (function, context))
}

pub fn end(e: Eng, stream: PVMI_STREAM) -> Result {
    let found = e.streams.get(stream)?;
    let c = e.connection(found.connection)?;
    if let Ok(site) = c.open_site() {
        let framing = Framing::Whole(kind::END, [found.id | c.end_bit(), 0, 0]);
        post(e, &site, framing, Load::Nothing, None)?;
    }
    e.streams.remove(stream).map(drop)
}
