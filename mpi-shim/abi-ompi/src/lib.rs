//! `libmpi.so.40`: the ABI of Open MPI 4 and 5.
//!
//! A handle is a pointer: the address of an exported object for predefined handles ([`objects`]), and `id << 1 | 1` for those made
//! at run time, which no object can have for its address. Error codes are plain classes, because programs compare them.
#![allow(unsafe_code, reason = "reads and writes statuses of the program, exports C functions and objects")]

mod fortran;
mod handles;
mod internal;
mod objects;
mod opaque;

use vmi_mpi_kit::abi::{Abi, Column, Limits};
use vmi_mpi_kit::args::{StatusCodec, UserFn};
use vmi_mpi_kit::engine::constants::{ANY_SOURCE, ANY_TAG, PROC_NULL, ROOT};
use vmi_mpi_kit::engine::{Status, UserBuf};

#[derive(Clone, Copy)]
pub struct Ompi;

#[repr(C)]
struct CStatus {
    source: i32,
    tag: i32,
    error: i32,
    cancelled: i32,
    bytes: u64,
}

const _: () = assert!(size_of::<CStatus>() == 24);

/// # Safety
/// `ptr` is an array of statuses with an element `i`.
unsafe fn load(ptr: *const u8, i: usize) -> Status {
    // SAFETY: element `i` exists (caller).
    let s = unsafe { &*ptr.cast::<CStatus>().add(i) };
    Status {
        source: Ompi::rank_in(s.source),
        tag: Ompi::tag_in(s.tag),
        error: vmi_mpi_kit::errors::code_in::<Ompi>(s.error),
        bytes: s.bytes,
        cancelled: s.cancelled != 0,
    }
}

/// # Safety
/// As [`load`].
unsafe fn store(ptr: *mut u8, i: usize, status: &Status, with_error: bool) {
    // SAFETY: element `i` exists (caller).
    let s = unsafe { &mut *ptr.cast::<CStatus>().add(i) };
    s.source = Ompi::rank_out(status.source);
    s.tag = Ompi::tag_out(status.tag);
    s.bytes = status.bytes;
    s.cancelled = status.cancelled as i32;
    if with_error {
        s.error = vmi_mpi_kit::errors::code_out::<Ompi>(status.error);
    }
}

impl Abi for Ompi {
    const COLUMN: Column = Column::Ompi;
    const LIMITS: Limits = Limits {
        object_name: 64,
        processor_name: 256,
        error_string: 256,
        library_version: 256,
        port_name: 1024,
        info_key: 36,
        datarep: 128,
    };
    const STATUS: StatusCodec = StatusCodec { load, store };
    const STATUS_BYTES: usize = 24;
    const DETAILED_CODES: bool = false;
    // Open MPI's header has none of the constants of MPI-4.1; the large-count functions of 4.0 are here.
    const VERSION: (i32, i32) = (4, 0);

    #[inline(always)]
    fn rank_in(rank: i32) -> i32 {
        match rank {
            0.. => rank,
            -1 => ANY_SOURCE,
            -2 => PROC_NULL,
            -4 => ROOT,
            // Keeps wrong ranks away from the engine's constants.
            _ => rank.wrapping_sub(2),
        }
    }
    #[inline(always)]
    fn rank_out(rank: i32) -> i32 {
        match rank {
            ANY_SOURCE => -1,
            PROC_NULL => -2,
            ROOT => -4,
            _ => rank,
        }
    }
    #[inline(always)]
    fn tag_in(tag: i32) -> i32 {
        match tag {
            -1 => ANY_TAG,
            -2 => -1,
            _ => tag,
        }
    }
    #[inline(always)]
    fn tag_out(tag: i32) -> i32 {
        if tag == ANY_TAG { -1 } else { tag }
    }
    #[inline(always)]
    unsafe fn buffer(ptr: *mut u8) -> UserBuf {
        // SAFETY: a buffer argument (caller). MPI_IN_PLACE is 1 here as in the engine.
        unsafe { UserBuf::from_raw(ptr) }
    }
    #[inline(always)]
    fn statuses(ptr: *mut u8) -> *mut u8 {
        ptr
    }
    fn weights(ptr: *mut u8) -> *mut u8 {
        match ptr as usize {
            2 => std::ptr::without_provenance_mut(10),
            3 => std::ptr::without_provenance_mut(11),
            _ => ptr,
        }
    }
    fn copy_fn(func: usize) -> usize {
        let is = |list: &[usize]| list.contains(&func);
        if is(&fortran::dup_fns()) {
            UserFn::DUP
        } else if is(&fortran::null_fns()) {
            UserFn::NULL
        } else {
            func
        }
    }
    fn delete_fn(func: usize) -> usize {
        if fortran::null_fns().contains(&func) { UserFn::NULL } else { func }
    }
    fn user_code_in(code: i32) -> Option<i32> {
        (code > 16383).then_some(code)
    }
    fn user_code_out(number: i32) -> i32 {
        number
    }
}

vmi_mpi_kit::export_abi! { Ompi }
