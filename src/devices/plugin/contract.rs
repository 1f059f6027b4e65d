//! `include/vmi_device.h` in Rust: the same types in the same order. The tests compare sizes and offsets with what a C
//! compiler says.

use std::ffi::{c_char, c_int, c_void};

pub const VERSION: u32 = 1;
/// Room for one sentence, with its zero.
pub const WHY: usize = 256;
/// A filter may lengthen a frame by so many bytes.
pub const GROWTH: usize = 64;
/// A card is at most so long.
pub const CARD: usize = 256;
/// A key is at most so long.
pub const KEY: usize = 128;
/// The longest message that a filter may make.
pub const LONGEST: usize = 1 << 30;

#[repr(C)]
pub struct Pair {
    pub key: *const c_char,
    pub value: *const c_char,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Piece {
    pub at: *const c_void,
    pub len: usize,
}

#[repr(C)]
pub struct Frame {
    pub peer: u32,
    pub kind: u32,
    pub meta: [u32; 3],
    pub pieces_len: u32,
    pub len: usize,
    pub pieces: *const Piece,
    pub cookie: u64,
}

#[repr(C)]
pub struct Host {
    pub version: u32,
    pub reserved: u32,
    pub context: *mut c_void,
    pub replace: unsafe extern "C" fn(*mut Frame, usize) -> *mut c_void,
    pub resume: unsafe extern "C" fn(*mut Frame),
    pub alert: unsafe extern "C" fn(*mut c_void, *const c_char),
}

#[repr(C)]
pub struct Site {
    pub receiving: u32,
    pub sender: u32,
    pub receiver: u32,
    pub epoch: u32,
    pub secret: *const u8,
    pub options: *const Pair,
    pub options_len: usize,
}

pub const FORWARD: c_int = 0;
pub const KEEP: c_int = 1;
pub const DROP: c_int = 2;
pub const REFUSE: c_int = 3;

type Open<T> = unsafe extern "C" fn(*const T, *const Host, *mut c_char, usize) -> *mut c_void;
type Report = unsafe extern "C" fn(*mut c_void, *mut c_char, usize) -> usize;
type Plain = unsafe extern "C" fn(*mut c_void);
type Number = unsafe extern "C" fn(*mut c_void) -> c_int;

/// Required functions are options, too: a device may have forgotten one.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Filter {
    pub open: Option<Open<Site>>,
    pub frame: Option<unsafe extern "C" fn(*mut c_void, *mut Frame, *mut c_char, usize) -> c_int>,
    pub completed: Option<unsafe extern "C" fn(*mut c_void, u64, c_int)>,
    pub poll: Option<Plain>,
    pub report: Option<Report>,
    pub close: Option<Plain>,
}

#[repr(C)]
pub struct Place {
    pub name: *const c_char,
    pub rank: u32,
    pub size: u32,
    pub secret: *const u8,
    pub options: *const Pair,
    pub options_len: usize,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Properties {
    pub max_payload: usize,
    pub ordered: u32,
    pub reliable: u32,
    pub latency_ns: u32,
    pub bandwidth_mb: u32,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Header {
    pub kind: u32,
    pub meta: [u32; 3],
    pub len: usize,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Incoming {
    pub peer: u32,
    pub reserved: u32,
    pub header: Header,
    pub payload: *const c_void,
    pub token: u64,
}

pub const LINK_UNUSED: c_int = 0;
pub const LINK_OPENING: c_int = 1;
pub const LINK_UP: c_int = 2;
pub const LINK_DOWN: c_int = 3;
pub const LINK_FINISHED: c_int = 4;

pub const SENT: c_int = 0;
pub const FULL: c_int = 1;
pub const LOST: c_int = 2;

type Peer<R> = unsafe extern "C" fn(*mut c_void, u32, *mut c_char, usize) -> R;
type SetCard = unsafe extern "C" fn(*mut c_void, u32, *const c_void, usize, *mut c_char, usize) -> c_int;
type Send =
    unsafe extern "C" fn(*mut c_void, u32, *const Header, *const Piece, usize, *mut c_char, usize) -> c_int;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Network {
    pub open: Option<Open<Place>>,
    pub properties: Option<unsafe extern "C" fn(*mut c_void, *mut Properties)>,
    pub card: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> usize>,
    pub set_card: Option<SetCard>,
    pub connect: Option<unsafe extern "C" fn(*mut c_void, u32)>,
    pub drop_link: Option<unsafe extern "C" fn(*mut c_void, u32, *const c_char)>,
    pub link: Option<Peer<c_int>>,
    pub send: Option<Send>,
    pub next: Option<unsafe extern "C" fn(*mut c_void, *mut Incoming) -> c_int>,
    pub release: Option<unsafe extern "C" fn(*mut c_void, u64)>,
    pub owes: Option<Number>,
    pub is_ticking: Option<Number>,
    pub is_quiet: Option<Number>,
    pub fd: Option<Number>,
    pub report: Option<Report>,
    pub close: Option<Plain>,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Limits {
    pub max_len: usize,
    pub depth: u32,
    pub local: u32,
    pub ordered: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct Move {
    pub operation: u64,
    pub at: *mut c_void,
    pub len: usize,
    pub region: u64,
    pub key: *const c_void,
    pub key_len: usize,
    pub offset: u64,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Moved {
    pub operation: u64,
    pub failed: u32,
    pub reserved: u32,
}

type Begin = unsafe extern "C" fn(*mut c_void, u32, *const Move, *mut c_char, usize) -> c_int;
type Register = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    usize,
    c_int,
    *mut c_void,
    *mut usize,
    *mut c_char,
    usize,
) -> u64;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Rdma {
    pub limits: Option<unsafe extern "C" fn(*mut c_void, *mut Limits, *mut c_char, usize) -> c_int>,
    pub register_memory: Option<Register>,
    pub deregister: Option<unsafe extern "C" fn(*mut c_void, u64, c_int)>,
    pub put: Option<Begin>,
    pub get: Option<Begin>,
    pub ended: Option<unsafe extern "C" fn(*mut c_void, *mut Moved, *mut c_char, usize) -> c_int>,
    pub cancel: Option<unsafe extern "C" fn(*mut c_void, u32)>,
}

#[repr(C)]
pub struct Device {
    pub version: u32,
    pub size: u32,
    pub name: *const c_char,
    pub what: *const c_char,
    pub filter: *const Filter,
    pub network: *const Network,
    /// Only if `size` says that it is there.
    pub rdma: *const Rdma,
}

/// Size of a device without remote memory, as the first header of this version had it.
pub const SIZE_WITHOUT_RDMA: usize = std::mem::offset_of!(Device, rdma);
