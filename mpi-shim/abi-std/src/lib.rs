//! `libmpi_abi.so.1`: the ABI of the MPI-5 standard (§20).
//!
//! The engine counts as this ABI does, so handles and constants pass unchanged: a handle is a pointer-sized integer. The
//! status keeps the received bytes in its reserved fields 0 and 1 and the cancelled flag in field 2.
#![allow(unsafe_code, reason = "reads and writes statuses of the program, exports C functions")]

mod data;

use vmi_mpi_kit::abi::{Abi, Codec, Column, INVALID, Limits};
use vmi_mpi_kit::args::StatusCodec;
use vmi_mpi_kit::engine::{Handle, Status, UserBuf};

#[derive(Clone, Copy)]
pub struct Std;

#[repr(C)]
struct CStatus {
    source: i32,
    tag: i32,
    error: i32,
    bytes_low: u32,
    bytes_high: u32,
    cancelled: i32,
    unused: [i32; 2],
}

const _: () = assert!(size_of::<CStatus>() == 32);

/// # Safety
/// `ptr` is an array of statuses with an element `i`.
unsafe fn load(ptr: *const u8, i: usize) -> Status {
    // SAFETY: element `i` exists (caller).
    let s = unsafe { &*ptr.cast::<CStatus>().add(i) };
    let bytes = u64::from(s.bytes_high) << 32 | u64::from(s.bytes_low);
    Status { source: s.source, tag: s.tag, error: s.error, bytes, cancelled: s.cancelled != 0 }
}

/// # Safety
/// As [`load`].
unsafe fn store(ptr: *mut u8, i: usize, status: &Status, with_error: bool) {
    // SAFETY: element `i` exists (caller).
    let s = unsafe { &mut *ptr.cast::<CStatus>().add(i) };
    s.source = status.source;
    s.tag = status.tag;
    s.bytes_low = status.bytes as u32;
    s.bytes_high = (status.bytes >> 32) as u32;
    s.cancelled = status.cancelled as i32;
    if with_error {
        s.error = status.error;
    }
}

impl Abi for Std {
    const COLUMN: Column = Column::Std;
    const LIMITS: Limits = Limits {
        object_name: 128,
        processor_name: 256,
        error_string: 512,
        library_version: 8192,
        port_name: 1024,
        info_key: 256,
        datarep: 128,
    };
    const STATUS: StatusCodec = StatusCodec { load, store };
    const STATUS_BYTES: usize = 32;
    const DETAILED_CODES: bool = true;
    const VERSION: (i32, i32) = (5, 0);

    #[inline(always)]
    fn rank_in(rank: i32) -> i32 {
        rank
    }
    #[inline(always)]
    fn rank_out(rank: i32) -> i32 {
        rank
    }
    #[inline(always)]
    fn tag_in(tag: i32) -> i32 {
        tag
    }
    #[inline(always)]
    fn tag_out(tag: i32) -> i32 {
        tag
    }
    #[inline(always)]
    unsafe fn buffer(ptr: *mut u8) -> UserBuf {
        // SAFETY: a buffer argument (caller).
        unsafe { UserBuf::from_raw(ptr) }
    }
    #[inline(always)]
    fn statuses(ptr: *mut u8) -> *mut u8 {
        ptr
    }
    fn weights(ptr: *mut u8) -> *mut u8 {
        ptr
    }
    fn copy_fn(func: usize) -> usize {
        func
    }
    fn delete_fn(func: usize) -> usize {
        func
    }
    fn user_code_in(code: i32) -> Option<i32> {
        (code > 16383).then_some(code)
    }
    fn user_code_out(number: i32) -> i32 {
        number
    }
}

impl<H: Handle> Codec<H> for Std {
    type C = usize;
    #[inline(always)]
    unsafe fn decode(c: usize) -> u32 {
        if c > INVALID as usize { INVALID } else { c as u32 }
    }
    #[inline(always)]
    fn encode(id: u32) -> usize {
        id as usize
    }
    fn from_fint(f: i32) -> u32 {
        f as u32
    }
    fn to_fint(id: u32) -> i32 {
        id as i32
    }
}

vmi_mpi_kit::export_abi! { Std }
