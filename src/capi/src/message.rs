//! Slabs: messages that have arrived, with a cursor; and messages to send, built of pieces.
//!
//! An arrived message lies where the device put it while its callback runs. It moves to memory of its own when it is
//! grabbed, when the program asks where it lies, or when a poll inside the callback needs the device's memory.

use crate::args::Out;
use crate::engine::Eng;
use crate::status::{Result, fail};
use crate::table::{Tag, tagged, untagged};
use crate::types::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vmi::core::buffer::{Buffer, UserBuf};
use vmi::core::slab::{BufferOp, Slab};

/// A message that has arrived.
pub struct Message {
    at: Cell<UserBuf>,
    pub len: usize,
    cursor: Cell<usize>,
    /// The memory, once it is not the device's.
    owner: RefCell<Option<Rc<Buffer>>>,
    pub grabbed: Cell<bool>,
}

impl Message {
    /// A message in a device's memory.
    pub fn in_place(at: UserBuf, len: usize) -> Rc<Message> {
        Rc::new(Message {
            at: Cell::new(at),
            len,
            cursor: Cell::new(0),
            owner: RefCell::new(None),
            grabbed: Cell::new(false),
        })
    }

    /// A message in memory of its own, contiguous.
    pub fn of(mut slab: Slab) -> Rc<Message> {
        slab.restore(Default::default());
        let len = slab.len();
        let buffer = match slab.ops() {
            [whole] if whole.is_whole() => whole.buffer().clone(),
            _ => {
                let buffer = Buffer::allocate(len);
                slab.read(buffer.address(), len);
                buffer
            }
        };
        let message = Message::in_place(buffer.address(), len);
        *message.owner.borrow_mut() = Some(buffer);
        message
    }

    /// Moves the message out of the device's memory.
    pub fn settle(&self) {
        if self.owner.borrow().is_some() {
            return;
        }
        let buffer = Buffer::allocate(self.len);
        self.at.get().copy_to(buffer.address(), self.len);
        self.at.set(buffer.address());
        *self.owner.borrow_mut() = Some(buffer);
    }

    /// The message as a slab of pieces.
    pub fn to_slab(&self) -> Slab {
        self.settle();
        self.owner.borrow().clone().map(Slab::of).unwrap_or_default()
    }

    fn remaining(&self) -> usize {
        self.len - self.cursor.get()
    }

    fn here(&self) -> UserBuf {
        self.at.get().offset(self.cursor.get() as isize)
    }
}

/// A slab to send.
#[derive(Default)]
pub struct Outgoing {
    pub pieces: RefCell<Slab>,
}

pub fn remaining(e: Eng, slab: PVMI_SLAB) -> Result<usize> {
    match e.slabs.get(slab) {
        Ok(message) => Ok(message.remaining()),
        Err(fault) => e.outgoing.get(slab).map(|out| out.pieces.borrow().remaining()).map_err(|_| fault),
    }
}

pub fn size(e: Eng, slab: PVMI_SLAB) -> Result<usize> {
    match e.slabs.get(slab) {
        Ok(message) => Ok(message.len),
        Err(fault) => e.outgoing.get(slab).map(|out| out.pieces.borrow().len()).map_err(|_| fault),
    }
}

pub fn copy_bytes(e: Eng, slab: PVMI_SLAB, len: usize, to: PVOID) -> Result {
    let to = crate::args::bytes(to, len, "to")?;
    if let Ok(out) = e.outgoing.get(slab) {
        return copy_pieces(&mut out.pieces.borrow_mut(), len, to);
    }
    let message = e.slabs.get(slab)?;
    if len > message.remaining() {
        fail!(Range, "{len} bytes are asked for, the slab has {} from its cursor on", message.remaining());
    }
    message.here().copy_to(to, len);
    message.cursor.set(message.cursor.get() + len);
    Ok(())
}

fn copy_pieces(pieces: &mut Slab, len: usize, to: UserBuf) -> Result {
    if len > pieces.remaining() {
        fail!(Range, "{len} bytes are asked for, the slab has {} from its cursor on", pieces.remaining());
    }
    pieces.read(to, len);
    Ok(())
}

/// Returns what lies at the cursor, up to `len` bytes, and moves the cursor behind it.
pub fn try_read(e: Eng, slab: PVMI_SLAB, len: usize) -> Result<(usize, PVOID)> {
    let message = e.slabs.get(slab)?;
    message.settle();
    let (at, len) = (message.here(), len.min(message.remaining()));
    message.cursor.set(message.cursor.get() + len);
    Ok((len, at.as_ptr().cast()))
}

pub fn save(e: Eng, slab: PVMI_SLAB) -> Result<PVMI_SLAB_STATE> {
    Ok(tagged(Tag::SlabState, e.slabs.get(slab)?.cursor.get() as u64))
}

pub fn restore(e: Eng, slab: PVMI_SLAB, state: PVMI_SLAB_STATE) -> Result {
    let (message, cursor) = (e.slabs.get(slab)?, untagged(Tag::SlabState, state)? as usize);
    if cursor > message.len {
        fail!(Range, "the state belongs to another slab: byte {cursor} of {}", message.len);
    }
    message.cursor.set(cursor);
    Ok(())
}

/// The handle of a slab's memory is that of the slab with another tag.
pub fn buffer_ops(e: Eng, slab: PVMI_SLAB) -> Result<PVMI_BUFFER_OP> {
    e.slabs.get(slab)?;
    Ok(tagged(Tag::BufferOp, slab.addr() as u64))
}

pub fn address(e: Eng, op: PVMI_BUFFER_OP) -> Result<PVOID> {
    let message = e.slabs.get(tagged(Tag::Slab, untagged(Tag::BufferOp, op)?))?;
    message.settle();
    Ok(message.at.get().as_ptr().cast())
}

pub fn grab(e: Eng, slab: PVMI_SLAB) -> Result {
    let message = e.slabs.get(slab)?;
    message.settle();
    message.grabbed.set(true);
    Ok(())
}

pub fn release(e: Eng, slab: PVMI_SLAB) -> Result {
    if !e.slabs.get(slab)?.grabbed.get() {
        fail!(State, "the slab has not been grabbed; it is discarded after its callback");
    }
    e.slabs.remove(slab).map(drop)
}

/// `len` bytes at `address` as a piece of `buffer`.
pub fn piece(e: Eng, buffer: PVMI_BUFFER, address: usize, len: usize) -> Result<BufferOp> {
    let buffer = e.buffers.get(buffer)?;
    let base = buffer.address().addr();
    let op = address.checked_sub(base).and_then(|offset| BufferOp::new(buffer.clone(), offset, len));
    match op {
        Some(op) => Ok(op),
        None => fail!(
            Range,
            "{len} bytes at {address:#x} are not inside the buffer of {} bytes at {base:#x}",
            buffer.len()
        ),
    }
}

pub fn push(e: Eng, slab: PVMI_SLAB, buffer: PVMI_BUFFER, address: PVOID, len: usize) -> Result {
    let out = e.outgoing.get(slab)?;
    let piece = piece(e, buffer, address.addr(), len)?;
    out.pieces.borrow_mut().push(piece);
    Ok(())
}

pub fn pop(e: Eng, slab: PVMI_SLAB) -> Result {
    match e.outgoing.get(slab)?.pieces.borrow_mut().pop() {
        Some(_) => Ok(()),
        None => fail!(State, "the slab has no piece"),
    }
}

/// Hands out the results of [`try_read`]: the size at once, the address through an untyped pointer.
pub fn try_read_into(e: Eng, slab: PVMI_SLAB, size: *mut ULONG, pointer: PVOID) -> Result {
    let wanted = crate::args::read(size, "size")?;
    let (out_size, out_pointer) = (Out::new(size, "size")?, Out::new(pointer.cast::<PVOID>(), "pointer")?);
    let (len, at) = try_read(e, slab, wanted as usize)?;
    out_size.set(len as ULONG);
    out_pointer.set(at);
    Ok(())
}
