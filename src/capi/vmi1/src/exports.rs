//! The exported functions of `include/vmi1.h`.
//!
//! Invariant, kept by the program: a pointer that is not NULL names what the header says, for the length of the call.
#![allow(unsafe_code, non_snake_case, reason = "exported under their C names; the program's arguments")]

use crate::contract::*;
use crate::module::Answer;
use crate::process::{Process, again, enter, identity_by_hand};
use std::ffi::{CStr, c_char, c_int};
use std::ptr::{null, slice_from_raw_parts};

fn call(body: impl FnOnce(&Process) -> Answer) -> c_int {
    let guard = enter();
    guard.tell(body(&guard))
}

#[unsafe(no_mangle)]
extern "C" fn VMI1_Init() -> c_int {
    call(|process| {
        let identity = identity_by_hand(|name| std::env::var(name).ok()).map_err(|why| (ERROR, why))?;
        process.start(&identity)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Init_As(rank: c_int, size: c_int, group: *const c_char) -> c_int {
    call(|process| {
        if group.is_null() {
            return Err((ERROR, "group is NULL, expected a string".into()));
        }
        // SAFETY: not NULL, and by the module's invariant a string.
        process.start(&Some((rank, size, unsafe { CStr::from_ptr(group) }.to_owned())))
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Finalize() -> c_int {
    call(Process::stop)
}

#[unsafe(no_mangle)]
extern "C" fn VMI1_Rank() -> c_int {
    enter().rank()
}

#[unsafe(no_mangle)]
extern "C" fn VMI1_Size() -> c_int {
    enter().size()
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Connect(peer: c_int) -> c_int {
    call(|process| process.connect(peer))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Disconnect(peer: c_int) -> c_int {
    call(|process| process.disconnect(peer))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Limit(peer: c_int) -> usize {
    enter().limit(peer)
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Send(peer: c_int, pieces: *const vmi1_piece_t, count: usize) -> c_int {
    call(|process| {
        if pieces.is_null() && count > 0 {
            return Err((ERROR, format!("pieces is NULL, expected {count}")));
        }
        let none: &[vmi1_piece_t] = &[];
        // SAFETY: not NULL for count > 0, and by the module's invariant `count` elements long.
        let pieces = if count == 0 { none } else { unsafe { &*slice_from_raw_parts(pieces, count) } };
        process.send(peer, pieces)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Receive(message: *mut vmi1_message_t) -> c_int {
    call(|process| {
        if message.is_null() {
            return Err((ERROR, "message is NULL, expected a place for it".into()));
        }
        // SAFETY: not NULL, and by the module's invariant writable.
        Ok(again(process.receive()?, |found| unsafe { message.write(found) }))
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Release(message: *const vmi1_message_t) -> c_int {
    call(|process| {
        if message.is_null() {
            return Err((ERROR, "message is NULL".into()));
        }
        // SAFETY: not NULL, and by the module's invariant readable.
        process.release(&unsafe { message.read() })
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Owes() -> c_int {
    c_int::from(enter().owes())
}

#[unsafe(no_mangle)]
extern "C" fn VMI1_Network(peer: c_int) -> *const c_char {
    enter().network(peer).unwrap_or(null())
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI1_Error() -> *const c_char {
    enter().error()
}
