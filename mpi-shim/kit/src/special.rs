//! Functions that concern the ABI itself, or nothing but the ABI: conversions between C and Fortran, address arithmetic.

use crate::abi::{Abi, AnyAbi, Codec, Using};
use std::slice;
use vmi_mpi::{Handle, Status};

/// MPI-5.0 §4.1.5.
pub fn aint_add<A>(_: Using<A>, base: i64, disp: i64) -> i64 {
    base.wrapping_add(disp)
}

pub fn aint_diff<A>(_: Using<A>, addr1: i64, addr2: i64) -> i64 {
    addr1.wrapping_sub(addr2)
}

/// `MPI_Xxx_c2f`: the handle as Fortran writes it.
pub fn c2f<A: Codec<H>, H: Handle>(_: Using<A>, handle: H) -> i32 {
    A::to_fint(handle.to_u32())
}

pub fn f2c<A: Codec<H>, H: Handle>(_: Using<A>, f: i32) -> H {
    H::from_u32(A::from_fint(f))
}

/// `MPI_Xxx_toint` and `MPI_Xxx_fromint` are the same conversion (MPI-5.0 §20.3.2).
pub fn toint<A: Codec<H>, H: Handle>(_: Using<A>, handle: H) -> i32 {
    A::to_fint(handle.to_u32())
}

pub fn fromint<A: Codec<H>, H: Handle>(_: Using<A>, value: i32) -> H {
    H::from_u32(A::from_fint(value))
}

/// A question whether some device is supported: no.
pub fn unsupported_query<A>(_: Using<A>) -> i32 {
    0
}

pub fn get_version<A: Abi>(_: Using<A>, _: vmi_mpi::Eng) -> vmi_mpi::Result<(i32, i32)> {
    Ok(A::VERSION)
}

pub fn null_pointer<A>(_: Using<A>) -> usize {
    0
}

/// Copies a status between its C and its Fortran forms, which have the same layout in all three ABIs: a Fortran status is the C
/// structure seen as an array of integers. Returns an error class for NULL (MPI-5.0 §19.3.5).
fn copy_status<A: AnyAbi>(from: usize, to: usize) -> i32 {
    if from == 0 || to == 0 || from == to || A::statuses(from as *mut u8).is_null() {
        return crate::errors::code_out::<A>(vmi_mpi::constants::class::ARG);
    }
    // SAFETY: both are statuses of the call in progress, of the ABI's size, and distinct.
    let (from, to) = unsafe {
        (
            slice::from_raw_parts(from as *const u8, A::STATUS_BYTES),
            slice::from_raw_parts_mut(to as *mut u8, A::STATUS_BYTES),
        )
    };
    to.copy_from_slice(from);
    0
}

macro_rules! status_copies {
    ($($name:ident)*) => {$(
        pub fn $name<A: AnyAbi>(_: Using<A>, from: usize, to: usize) -> i32 {
            copy_status::<A>(from, to)
        }
    )*};
}

status_copies! { status_c2f status_f2c status_c2f08 status_f082c status_f082f status_f2f08 }

/// A status of the program, outside of a call's arguments.
///
/// # Safety
/// `ptr` is a status of ABI `A`.
pub unsafe fn load_status<A: Abi>(ptr: *const u8) -> Status {
    // SAFETY: the caller's promise.
    unsafe { (A::STATUS.load)(ptr, 0) }
}

pub fn wtime<A>(_: Using<A>) -> f64 {
    0.0
}

pub fn wtick<A>(_: Using<A>) -> f64 {
    1e-9
}
