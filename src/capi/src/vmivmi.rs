//! VMIVMI, the bridge: VMI 1.0's module interface (`include/vmi1.h`) implemented by calls of `include/vmi.h`, so that
//! VMI 1 programs run on VMI 2. libvmi1 finds it in libvmi as the symbol `vmi1_module`.
//!
//! It uses the exported functions as any program does. Connect asks for a connection, again and again until the peer is
//! there; send is an inline message on it; what arrives is grabbed and waits in a queue until VMI 1 receives it.
//! Of two processes that ask each other one is refused, and gets the connection by its accept function.
//!
//! The program has made us a process of VMI 2, so it cannot be one itself: there is one bridge per process.
#![allow(unsafe_code, reason = "both contracts are of C functions")]

use crate::exports::{connection::*, life::*, memory::*, slab::*, stream::*};
use crate::types::*;
use crate::vmi1_contract::*;
use crate::{args, data};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use vmi::sync::{EngineLock, Guard};

/// Largest message, bytes.
const LIMIT: usize = 32 * 1024;
/// Bytes that may wait for room on the way to a peer before VMI 1 has to wait, too.
const MOST_WAITING: ULONG = 256 * 1024;
/// Pause before a peer that was not there is asked again.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Apart,
    Asking,
    /// Asked in vain: it is not there yet, or it asks us.
    Refused(Instant),
    Joined,
    Ending,
    Lost,
}

#[derive(Clone, Copy)]
struct Peer {
    connection: PVMI_CONNECT,
    state: State,
}

#[derive(Default)]
struct Bridge {
    rank: Cell<i32>,
    peers: RefCell<Vec<Peer>>,
    arrived: RefCell<VecDeque<(i32, PVMI_SLAB)>>,
}

static BRIDGE: OnceLock<EngineLock<Bridge>> = OnceLock::new();

fn bridge() -> Guard<'static, Bridge> {
    BRIDGE.get_or_init(|| EngineLock::new(Bridge::default())).enter()
}

impl Bridge {
    fn peer(&self, peer: i32) -> Option<Peer> {
        self.peers.borrow().get(usize::try_from(peer).ok()?).copied()
    }

    fn set(&self, peer: i32, connection: PVMI_CONNECT, state: State) {
        if let Some(slot) = self.peers.borrow_mut().get_mut(peer as usize) {
            *slot = Peer { connection, state };
        }
    }

    fn set_state(&self, peer: i32, state: State) {
        if let Some(slot) = self.peers.borrow_mut().get_mut(peer as usize) {
            slot.state = state;
        }
    }

    /// The connection is made: from either side.
    fn join(&self, peer: i32, connection: PVMI_CONNECT) {
        VMI_Connection_Set_Receive_Context(connection, std::ptr::without_provenance_mut(peer as usize));
        self.set(peer, connection, State::Joined);
    }

    /// Asks a peer to connect.
    fn ask(&self, peer: i32) -> Result<(), VMI_STATUS> {
        let mut key = [0 as c_char; 264];
        let mut connection = null_mut();
        ok(VMI_Job_Key(peer as u32, key.as_mut_ptr(), key.len() as ULONG))?;
        ok(VMI_Connection_Create(&raw mut connection))?;
        let mut local = args::read(data::localAddress.get(), "localAddress").map_err(|_| 1u32)?;
        // An empty host name: wherever the key is.
        let (mut host, mut address) = (0 as c_char, null_mut());
        let user = local.user.as_mut_ptr();
        ok(VMI_Connection_Allocate_IPV4_Address(&raw mut host, 0, user, key.as_mut_ptr(), &raw mut address))?;
        let remote = args::read(address, "address").map_err(|_| 1u32)?;
        ok(VMI_Connection_Deallocate_Address(address))?;
        ok(VMI_Connection_Bind(local, remote, connection))?;
        self.set(peer, connection, State::Asking);
        let mut rank = null_mut();
        ok(VMI_Buffer_Allocate(4, &raw mut rank))?;
        let bytes = VMI_Buffer_Address(rank).cast::<[u8; 4]>();
        // SAFETY: a fresh buffer of four bytes.
        unsafe { bytes.write_unaligned((self.rank.get() as u32).to_be_bytes()) };
        let context = std::ptr::without_provenance_mut(peer as usize);
        let issued = VMI_Connection_Issue(connection, rank, Some(answered), context);
        VMI_Buffer_Deallocate(rank);
        ok(issued)
    }
}

fn ok(status: VMI_STATUS) -> Result<(), VMI_STATUS> {
    if status == 0 { Ok(()) } else { Err(status) }
}

// ---- callbacks of VMI 2 ----

unsafe extern "C" fn answered(peer: PVOID, _data: PVOID, _size: USHORT, connection: PVOID, answer: u32) {
    let (bridge, peer) = (bridge(), peer.addr() as i32);
    let asking = bridge.peer(peer).is_some_and(|p| p.connection == connection && p.state == State::Asking);
    if answer == response::ACCEPT {
        bridge.join(peer, connection);
        return;
    }
    VMI_Connection_Free(connection);
    if asking {
        bridge.set(peer, null_mut(), State::Refused(Instant::now()));
    }
}

unsafe extern "C" fn asked(connection: PVMI_CONNECT, slab: PVMI_SLAB, size: ULONG) -> VMI_CONNECT_RESPONSE {
    let (bridge, mut rank) = (bridge(), [0u8; 4]);
    if size != 4 || VMI_Slab_Copy_Bytes(slab, 4, rank.as_mut_ptr().cast()) != 0 {
        return response::REJECT;
    }
    let peer = u32::from_be_bytes(rank) as i32;
    if bridge.peer(peer).is_none() {
        return response::REJECT;
    }
    bridge.join(peer, connection);
    response::ACCEPT
}

unsafe extern "C" fn lost(connection: PVMI_CONNECT) {
    let (bridge, peer) = (bridge(), VMI_Connection_Get_Receive_Context(connection).addr() as i32);
    if bridge.peer(peer).is_some_and(|p| p.connection == connection) {
        bridge.set(peer, null_mut(), State::Lost);
    }
}

unsafe extern "C" fn ended(connection: PVMI_CONNECT, _context: PVOID, _status: VMI_STATUS) {
    let (bridge, peer) = (bridge(), VMI_Connection_Get_Receive_Context(connection).addr() as i32);
    bridge.set(peer, null_mut(), State::Apart);
    VMI_Connection_Free(connection);
}

unsafe extern "C" fn received(
    _connection: PVMI_CONNECT,
    _stream: PVMI_STREAM_RECV,
    command: VMI_STREAM_COMMAND,
    context: PVOID,
    slab: PVMI_SLAB,
) -> VMI_RECV_STATUS {
    if command != STREAM_DATA {
        return 0;
    }
    bridge().arrived.borrow_mut().push_back((context.addr() as i32, slab));
    SLAB_GRABBED
}

// ---- the module ----

/// Copies the sentence of a status.
unsafe fn explain(status: VMI_STATUS, why: *mut c_char, room: usize) {
    let text = crate::status::describe(status);
    let len = text.len().min(room.saturating_sub(1));
    let _ = args::write_text(why, room, text.get(..len).unwrap_or("?"), "why");
}

unsafe extern "C" fn open(place: *const vmi1_place_t, why: *mut c_char, room: usize) -> *mut c_void {
    let guard = bridge();
    // SAFETY: the place is valid during the call, and so is what it names (the contract).
    let (rank, group) = unsafe {
        let group = (*place).group;
        ((*place).rank, (!group.is_null()).then(|| CStr::from_ptr(group).to_string_lossy().into_owned()))
    };
    let started = match group {
        None => VMI_Init(0, null_mut()),
        Some(group) => match CString::new(format!("{group}:{rank}")) {
            Ok(key) => VMI_Init_With_Key(key.as_ptr()),
            Err(_) => 1,
        },
    };
    if started != 0 {
        // SAFETY: passed on.
        unsafe { explain(started, why, room) };
        return null_mut();
    }
    // SAFETY: as above.
    let given = unsafe { ((*place).rank, (*place).size) };
    let (rank, size) = match rank {
        0.. => given,
        _ => (VMI_Job_Rank() as i32, VMI_Job_Size() as i32),
    };
    guard.rank.set(rank);
    let apart = Peer { connection: null_mut(), state: State::Apart };
    *guard.peers.borrow_mut() = vec![apart; size.max(1) as usize];
    data::recvFn.set(Some(received));
    VMI_Connection_Disconnect_Fn(Some(lost));
    VMI_Connection_Accept_Fn(Some(asked));
    // The state is this library's; the address only must not be NULL.
    (&raw const vmi1_module).cast_mut().cast()
}

unsafe extern "C" fn who(_state: *mut c_void, rank: *mut i32, size: *mut i32) {
    let bridge = bridge();
    // SAFETY: the caller's places for the results (the contract).
    unsafe {
        rank.write(bridge.rank.get());
        size.write(bridge.peers.borrow().len() as i32);
    }
}

unsafe extern "C" fn connect(_state: *mut c_void, peer: i32, why: *mut c_char, room: usize) -> c_int {
    VMI_Poll();
    let bridge = bridge();
    let Some(found) = bridge.peer(peer) else { return ERROR };
    let ask = match found.state {
        State::Joined => return OK,
        State::Asking | State::Ending => false,
        State::Refused(since) => since.elapsed() >= PAUSE,
        State::Apart | State::Lost => true,
    };
    if let (true, Err(status)) = (ask, if ask { bridge.ask(peer) } else { Ok(()) }) {
        // SAFETY: passed on.
        unsafe { explain(status, why, room) };
        bridge.set_state(peer, State::Apart);
        return ERROR;
    }
    AGAIN
}

unsafe extern "C" fn disconnect(_state: *mut c_void, peer: i32, _why: *mut c_char, _room: usize) -> c_int {
    VMI_Poll();
    let bridge = bridge();
    match bridge.peer(peer) {
        Some(Peer { connection, state: State::Joined }) => {
            bridge.set_state(peer, State::Ending);
            VMI_Connection_Disconnect(connection, Some(ended), null_mut());
            AGAIN
        }
        Some(Peer { state: State::Ending | State::Asking, .. }) => AGAIN,
        Some(_) => OK,
        None => ERROR,
    }
}

unsafe extern "C" fn limit(_state: *mut c_void, _peer: i32) -> usize {
    LIMIT.min(crate::engine::enter().inline_max.get())
}

/// Pieces of a message that need no memory of their own.
const FEW: usize = 8;

unsafe extern "C" fn send(
    _state: *mut c_void,
    peer: i32,
    pieces: *const vmi1_piece_t,
    count: usize,
    why: *mut c_char,
    room: usize,
) -> c_int {
    let Some(found) = bridge().peer(peer) else { return ERROR };
    match found.state {
        State::Joined => {}
        State::Lost => return LOST,
        _ => return ERROR,
    }
    if VMI_Connection_Waiting(found.connection) > MOST_WAITING {
        VMI_Poll();
        return AGAIN;
    }
    // SAFETY: `count` pieces, valid during the call (the contract); NULL is possible for none.
    let pieces = if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(pieces, count) } };
    let (mut few_at, mut few_len) = ([null_mut(); FEW], [0 as ULONG; FEW]);
    let (mut many_at, mut many_len);
    let (at, len): (&mut [PVOID], &mut [ULONG]) = if count <= FEW {
        (&mut few_at, &mut few_len)
    } else {
        (many_at, many_len) = (vec![null_mut(); count], vec![0; count]);
        (&mut many_at, &mut many_len)
    };
    for (slot, piece) in at.iter_mut().zip(len.iter_mut()).zip(pieces) {
        (*slot.0, *slot.1) = (piece.at.cast_mut(), piece.len as ULONG);
    }
    let total = pieces.iter().map(|piece| piece.len as ULONG).sum();
    let status =
        VMI_Stream_Send_Inline(found.connection, at.as_mut_ptr(), len.as_mut_ptr(), count as ULONG, total);
    if status == 0 {
        return OK;
    }
    // SAFETY: passed on.
    unsafe { explain(status, why, room) };
    if status == crate::status::Code::Connection as u32 { LOST } else { ERROR }
}

unsafe extern "C" fn receive(_state: *mut c_void, out: *mut vmi1_message_t) -> c_int {
    let bridge = bridge();
    if bridge.arrived.borrow().is_empty() {
        VMI_Poll();
    }
    let Some((peer, slab)) = bridge.arrived.borrow_mut().pop_front() else { return AGAIN };
    let data = VMI_Buffer_Op_Get_Address(VMI_Slab_Get_Buffer_Ops(slab)).cast_const();
    let len = VMI_Slab_Size(slab) as usize;
    let message = vmi1_message_t { peer, network: 0, len, data, token: slab.addr() as u64 };
    // SAFETY: the caller's place for it (the contract).
    unsafe { out.write(message) };
    OK
}

unsafe extern "C" fn release(_state: *mut c_void, token: u64) {
    VMI_Slab_Release(std::ptr::without_provenance_mut(token as usize));
}

unsafe extern "C" fn owes(_state: *mut c_void) -> c_int {
    VMI_Poll();
    let peers = bridge().peers.borrow().clone();
    let mut joined = peers.iter().filter(|peer| peer.state == State::Joined);
    c_int::from(joined.any(|peer| VMI_Connection_Waiting(peer.connection) > 0))
}

unsafe extern "C" fn close(_state: *mut c_void) {
    VMI_Terminate(0);
}

/// A constant for C: it has pointers, but nothing changes.
#[repr(transparent)]
pub struct Constant(vmi1_module_t);

// SAFETY: never written, and what it points to is constant.
unsafe impl Sync for Constant {}

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name of the contract")]
pub static vmi1_module: Constant = Constant(vmi1_module_t {
    version: MODULE_VERSION,
    size: size_of::<vmi1_module_t>() as u32,
    name: c"vmivmi".as_ptr(),
    open: Some(open),
    who: Some(who),
    connect: Some(connect),
    disconnect: Some(disconnect),
    limit: Some(limit),
    send: Some(send),
    receive: Some(receive),
    release: Some(release),
    owes: Some(owes),
    close: Some(close),
});
