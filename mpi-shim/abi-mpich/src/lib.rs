//! `libmpi.so.12` (Debian: `libmpich.so.12`): the ABI of MPICH, Intel MPI and MVAPICH.
//!
//! Handles are 32-bit integers: bits 30 and 31 tell predefined from dynamic, bits 26 to 29 the kind of object. See [`handles`] for
//! how they translate, [`data`] for the data symbols that the header refers to.
#![allow(unsafe_code, reason = "reads and writes statuses of the program, exports C functions")]

mod data;
mod handles;
#[cfg(test)]
mod tests;

use vmi_mpi_kit::abi::{Abi, Column, Limits};
use vmi_mpi_kit::args::{StatusCodec, UserFn};
use vmi_mpi_kit::engine::constants::{ANY_SOURCE, ANY_TAG, PROC_NULL, ROOT};
use vmi_mpi_kit::engine::{Status, UserBuf};

#[derive(Clone, Copy)]
pub struct Mpich;

/// The received bytes are 63 bits wide: 32 in `count_lo`, 31 above the lowest bit of the second field.
#[repr(C)]
struct CStatus {
    count_lo: u32,
    count_hi_and_cancelled: u32,
    source: i32,
    tag: i32,
    error: i32,
}

const _: () = assert!(size_of::<CStatus>() == 20);

/// # Safety
/// `ptr` is an array of statuses with an element `i`.
unsafe fn load(ptr: *const u8, i: usize) -> Status {
    // SAFETY: element `i` exists (caller).
    let s = unsafe { &*ptr.cast::<CStatus>().add(i) };
    Status {
        source: Mpich::rank_in(s.source),
        tag: Mpich::tag_in(s.tag),
        error: vmi_mpi_kit::errors::code_in::<Mpich>(s.error),
        bytes: u64::from(s.count_hi_and_cancelled >> 1) << 32 | u64::from(s.count_lo),
        cancelled: s.count_hi_and_cancelled & 1 != 0,
    }
}

/// # Safety
/// As [`load`].
unsafe fn store(ptr: *mut u8, i: usize, status: &Status, with_error: bool) {
    // SAFETY: element `i` exists (caller).
    let s = unsafe { &mut *ptr.cast::<CStatus>().add(i) };
    s.source = Mpich::rank_out(status.source);
    s.tag = Mpich::tag_out(status.tag);
    s.count_lo = status.bytes as u32;
    s.count_hi_and_cancelled = (status.bytes >> 32 << 1) as u32 | status.cancelled as u32;
    if with_error {
        s.error = vmi_mpi_kit::errors::code_out::<Mpich>(status.error);
    }
}

/// Address of `MPI_STATUS_IGNORE` and `MPI_STATUSES_IGNORE`.
const STATUS_IGNORE: usize = 1;
/// Programs' error codes start above this ABI's MPI_ERR_LASTCODE (0x3fffffff).
const USER_CODE: i32 = 1 << 30;

impl Abi for Mpich {
    const COLUMN: Column = Column::Mpich;
    const LIMITS: Limits = Limits {
        object_name: 128,
        processor_name: 128,
        error_string: 512,
        library_version: 8192,
        port_name: 256,
        info_key: 255,
        datarep: 128,
    };
    const STATUS: StatusCodec = StatusCodec { load, store };
    const STATUS_BYTES: usize = 20;
    const DETAILED_CODES: bool = true;
    const VERSION: (i32, i32) = (5, 0);

    #[inline(always)]
    fn rank_in(rank: i32) -> i32 {
        match rank {
            0.. => rank,
            -1 => PROC_NULL,
            -2 => ANY_SOURCE,
            -3 => ROOT,
            // Keeps wrong ranks away from the engine's MPI_ROOT.
            _ => rank.wrapping_sub(1),
        }
    }
    #[inline(always)]
    fn rank_out(rank: i32) -> i32 {
        match rank {
            PROC_NULL => -1,
            ANY_SOURCE => -2,
            ROOT => -3,
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
        match ptr as isize {
            -1 => UserBuf::IN_PLACE,
            // SAFETY: MPI_BUFFER_AUTOMATIC, which the engine compares and never follows.
            -2 => unsafe { UserBuf::from_raw(std::ptr::without_provenance_mut(2)) },
            // SAFETY: a buffer argument (caller).
            _ => unsafe { UserBuf::from_raw(ptr) },
        }
    }
    fn attached_buffer(address: usize) -> usize {
        if address == 2 { -2isize as usize } else { address }
    }
    #[inline(always)]
    fn statuses(ptr: *mut u8) -> *mut u8 {
        if ptr as usize == STATUS_IGNORE { std::ptr::null_mut() } else { ptr }
    }
    fn weights(ptr: *mut u8) -> *mut u8 {
        // The data symbols MPI_UNWEIGHTED and MPI_WEIGHTS_EMPTY hold the engine's numbers already.
        ptr
    }
    fn copy_fn(func: usize) -> usize {
        if func == data::MPIR_Dup_fn as *const () as usize { UserFn::DUP } else { func }
    }
    fn delete_fn(func: usize) -> usize {
        func
    }
    fn user_code_in(code: i32) -> Option<i32> {
        (code & USER_CODE != 0).then_some(code & !USER_CODE)
    }
    fn user_code_out(number: i32) -> i32 {
        number | USER_CODE
    }
}

vmi_mpi_kit::export_abi! { Mpich }
