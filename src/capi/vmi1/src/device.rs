//! VMI 1.0 as a network of VMI 2: the plug-in device that this library is, too (`include/vmi_device.h`). It calls the
//! exported functions, as any program does.
//!
//! A frame is one message: its header in 16 bytes, then its payload. The group of the processes follows from the job's
//! secret and the network's name, so that jobs and networks do not meet.
#![allow(unsafe_code, reason = "the device contract is one of C functions")]

use crate::contract::{AGAIN, OK, vmi1_message_t, vmi1_piece_t};
use crate::exports::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use vmi::devices::plugin::contract::*;

/// Bytes of a frame's header in a message.
const HEADER: usize = 16;
/// Largest payload: what all modules we know can carry.
const PAYLOAD: usize = 32 * 1024 - HEADER;

/// The state: messages that the core holds, by token.
#[derive(Default)]
struct State {
    held: HashMap<u64, vmi1_message_t>,
    next: u64,
}

/// # Safety
/// `state` is what [`open`] returned and not closed; calls do not overlap (the contract).
unsafe fn state<'a>(state: *mut c_void) -> &'a mut State {
    // SAFETY: the caller's promise.
    unsafe { &mut *state.cast::<State>() }
}

/// Copies VMI 1's last sentence.
unsafe fn explain(why: *mut c_char, room: usize) {
    // SAFETY: a string that stays until the next failure.
    let text = unsafe { CStr::from_ptr(VMI1_Error()) }.to_bytes();
    let len = text.len().min(room.saturating_sub(1));
    if room > 0 {
        // SAFETY: `room` bytes are at `why` (the contract).
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), why, len);
            why.add(len).write(0);
        }
    }
}

unsafe extern "C" fn open(
    place: *const Place,
    _host: *const Host,
    why: *mut c_char,
    room: usize,
) -> *mut c_void {
    // SAFETY: the place and what it names are valid during the call (the contract).
    let (rank, size, group) = unsafe {
        let name = CStr::from_ptr((*place).name).to_bytes();
        let secret = std::slice::from_raw_parts((*place).secret, 32);
        let digest = Sha256::new().chain_update(secret).chain_update(name).finalize();
        let group: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        ((*place).rank, (*place).size, CString::new(group).unwrap_or_default())
    };
    if VMI1_Init_As(rank as c_int, size as c_int, group.as_ptr()) != OK {
        // SAFETY: passed on.
        unsafe { explain(why, room) };
        return std::ptr::null_mut();
    }
    Box::into_raw(Box::<State>::default()).cast()
}

unsafe extern "C" fn properties(_state: *mut c_void, out: *mut Properties) {
    let properties =
        Properties { max_payload: PAYLOAD, ordered: 1, reliable: 1, latency_ns: 1000, bandwidth_mb: 4000 };
    // SAFETY: the host's place for it.
    unsafe { out.write(properties) };
}

/// Peers are found by the group: the card says nothing.
unsafe extern "C" fn card(_state: *mut c_void, card: *mut c_void, _room: usize) -> usize {
    // SAFETY: there is room for more than one byte (the contract).
    unsafe { card.cast::<u8>().write(1) };
    1
}

unsafe extern "C" fn set_card(
    _state: *mut c_void,
    _peer: u32,
    _card: *const c_void,
    _len: usize,
    _why: *mut c_char,
    _room: usize,
) -> c_int {
    0
}

unsafe extern "C" fn connect(_state: *mut c_void, peer: u32) {
    VMI1_Connect(peer as c_int);
}

unsafe extern "C" fn drop_link(_state: *mut c_void, peer: u32, _reason: *const c_char) {
    VMI1_Disconnect(peer as c_int);
}

unsafe extern "C" fn link(_state: *mut c_void, peer: u32, why: *mut c_char, room: usize) -> c_int {
    match VMI1_Connect(peer as c_int) {
        OK => LINK_UP,
        AGAIN => LINK_OPENING,
        _ => {
            // SAFETY: passed on.
            unsafe { explain(why, room) };
            LINK_DOWN
        }
    }
}

unsafe extern "C" fn send(
    _state: *mut c_void,
    peer: u32,
    header: *const Header,
    pieces: *const Piece,
    count: usize,
    why: *mut c_char,
    room: usize,
) -> c_int {
    match VMI1_Connect(peer as c_int) {
        OK => {}
        AGAIN => return FULL,
        // SAFETY: passed on.
        _ => return unsafe { lost(why, room) },
    }
    // SAFETY: header and pieces are the host's, valid during the call (the contract).
    let (header, pieces) = unsafe { (&*header, std::slice::from_raw_parts(pieces, count)) };
    let mut front = [0u8; HEADER];
    for (to, word) in front.chunks_exact_mut(4).zip([header.kind].iter().chain(&header.meta)) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    let piece = |piece: &Piece| vmi1_piece_t { at: piece.at, len: piece.len };
    let front = vmi1_piece_t { at: front.as_ptr().cast(), len: HEADER };
    let answer = match pieces {
        [] => VMI1_Send(peer as c_int, [front].as_ptr(), 1),
        [one] => VMI1_Send(peer as c_int, [front, piece(one)].as_ptr(), 2),
        many => {
            let all: Vec<vmi1_piece_t> = std::iter::once(front).chain(many.iter().map(piece)).collect();
            VMI1_Send(peer as c_int, all.as_ptr(), all.len())
        }
    };
    match answer {
        OK => SENT,
        AGAIN => FULL,
        // SAFETY: passed on.
        _ => unsafe { lost(why, room) },
    }
}

unsafe fn lost(why: *mut c_char, room: usize) -> c_int {
    // SAFETY: passed on.
    unsafe { explain(why, room) };
    LOST
}

unsafe extern "C" fn next(handle: *mut c_void, out: *mut Incoming) -> c_int {
    let mut message = vmi1_message_t { peer: 0, network: 0, len: 0, data: std::ptr::null(), token: 0 };
    if VMI1_Receive(&raw mut message) != OK {
        return 0;
    }
    if message.len < HEADER {
        VMI1_Release(&raw const message);
        return 0;
    }
    // SAFETY: the message has at least a header's bytes; the state is ours.
    let (words, state) = unsafe { (message.data.cast::<[[u8; 4]; 4]>().read_unaligned(), state(handle)) };
    let [kind, a, b, c] = words.map(u32::from_le_bytes);
    state.next += 1;
    state.held.insert(state.next, message);
    let header = Header { kind, meta: [a, b, c], len: message.len - HEADER };
    let payload = message.data.wrapping_byte_add(HEADER);
    let frame = Incoming { peer: message.peer as u32, reserved: 0, header, payload, token: state.next };
    // SAFETY: the host's place for it.
    unsafe { out.write(frame) };
    1
}

unsafe extern "C" fn release(handle: *mut c_void, token: u64) {
    // SAFETY: the state is ours.
    if let Some(message) = unsafe { state(handle) }.held.remove(&token) {
        VMI1_Release(&raw const message);
    }
}

unsafe extern "C" fn owes(_state: *mut c_void) -> c_int {
    VMI1_Owes()
}

unsafe extern "C" fn close(handle: *mut c_void) {
    VMI1_Finalize();
    // SAFETY: made by `open`, and closed once.
    drop(unsafe { Box::from_raw(handle.cast::<State>()) });
}

static NETWORK: Network = Network {
    open: Some(open),
    properties: Some(properties),
    card: Some(card),
    set_card: Some(set_card),
    connect: Some(connect),
    drop_link: Some(drop_link),
    link: Some(link),
    send: Some(send),
    next: Some(next),
    release: Some(release),
    owes: Some(owes),
    is_ticking: None,
    is_quiet: None,
    fd: None,
    report: None,
    close: Some(close),
};

/// A constant for C: it has pointers, but nothing changes.
#[repr(transparent)]
pub struct Constant<T>(T);

// SAFETY: never written, and what it points to is constant.
unsafe impl<T> Sync for Constant<T> {}

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name of the contract")]
pub static vmi_device: Constant<Device> = Constant(Device {
    version: VERSION,
    size: size_of::<Device>() as u32,
    name: c"vmi1".as_ptr(),
    what: c"VMI 1.0 as a network: its modules carry the frames".as_ptr(),
    filter: std::ptr::null(),
    network: &raw const NETWORK,
    rdma: std::ptr::null(),
});
