//! The types of `include/vmi1.h`, under the names they have there. libvmi compiles this file, too: its module vmivmi is
//! one side of the contract, libvmi1 the other.
#![allow(non_camel_case_types, reason = "the names of the C header")]

use std::ffi::{c_char, c_int, c_void};

pub const OK: c_int = 0;
pub const AGAIN: c_int = 1;
pub const ERROR: c_int = -1;
pub const LOST: c_int = -2;

pub const MODULE_VERSION: u32 = 1;
/// Room for one sentence, with its zero.
#[allow(dead_code, reason = "used by the side that calls")]
pub const WHY: usize = 256;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vmi1_piece_t {
    pub at: *const c_void,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct vmi1_message_t {
    pub peer: i32,
    pub network: u32,
    pub len: usize,
    pub data: *const c_void,
    pub token: u64,
}

#[repr(C)]
pub struct vmi1_place_t {
    pub network: *const c_char,
    pub options: *const c_char,
    pub rank: i32,
    pub size: i32,
    pub group: *const c_char,
}

type Peer = unsafe extern "C" fn(*mut c_void, i32, *mut c_char, usize) -> c_int;

/// Functions are options: a module may have forgotten one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vmi1_module_t {
    pub version: u32,
    pub size: u32,
    pub name: *const c_char,
    pub open: Option<unsafe extern "C" fn(*const vmi1_place_t, *mut c_char, usize) -> *mut c_void>,
    pub who: Option<unsafe extern "C" fn(*mut c_void, *mut i32, *mut i32)>,
    pub connect: Option<Peer>,
    pub disconnect: Option<Peer>,
    pub limit: Option<unsafe extern "C" fn(*mut c_void, i32) -> usize>,
    pub send: Option<
        unsafe extern "C" fn(*mut c_void, i32, *const vmi1_piece_t, usize, *mut c_char, usize) -> c_int,
    >,
    pub receive: Option<unsafe extern "C" fn(*mut c_void, *mut vmi1_message_t) -> c_int>,
    pub release: Option<unsafe extern "C" fn(*mut c_void, u64)>,
    pub owes: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
}

const _: () = assert!(size_of::<vmi1_module_t>() == 96 && size_of::<vmi1_message_t>() == 32);
