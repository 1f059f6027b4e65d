//! Data symbols and functions that MPICH's header or its Fortran library refer to, besides the functions of the table.
#![allow(non_upper_case_globals, non_snake_case, reason = "names of the ABI")]

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicPtr};

/// A pointer that the program reads; it may hold any address.
#[repr(transparent)]
pub struct Pointer(*const c_void);

// SAFETY: a constant that nobody follows inside this library.
unsafe impl Sync for Pointer {}

const fn number(value: usize) -> Pointer {
    Pointer(std::ptr::without_provenance(value))
}

macro_rules! pointers {
    ($($name:ident = $value:expr;)*) => {$(
        #[unsafe(no_mangle)]
        pub static $name: Pointer = $value;
    )*};
}

pointers! {
    MPI_UNWEIGHTED = number(10);
    MPI_WEIGHTS_EMPTY = number(11);
    MPIR_C_MPI_UNWEIGHTED = number(10);
    MPIR_C_MPI_WEIGHTS_EMPTY = number(11);
    MPI_T_PVAR_ALL_HANDLES = number(1);
    MPI_F08_STATUS_IGNORE = Pointer((&raw const MPIR_F08_MPI_STATUS_IGNORE_OBJ).cast());
    MPI_F08_STATUSES_IGNORE = Pointer((&raw const MPIR_F08_MPI_STATUSES_IGNORE_OBJ).cast());
}

/// Pointers that the Fortran library sets when it starts.
macro_rules! settable {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        pub static $name: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    )*};
}

settable! {
    MPI_F_STATUS_IGNORE MPI_F_STATUSES_IGNORE MPI_F_ARGV_NULL MPI_F_ARGVS_NULL MPI_F_ERRCODES_IGNORE
    MPIR_F_MPI_BOTTOM MPIR_F_MPI_BUFFER_AUTOMATIC MPIR_F_MPI_IN_PLACE MPIR_F_MPI_UNWEIGHTED MPIR_F_MPI_WEIGHTS_EMPTY
}

#[unsafe(no_mangle)]
pub static MPIR_F08_MPI_STATUS_IGNORE_OBJ: [i32; 5] = [0; 5];
#[unsafe(no_mangle)]
pub static MPIR_F08_MPI_STATUSES_IGNORE_OBJ: [i32; 5] = [0; 5];
#[unsafe(no_mangle)]
pub static MPIR_F08_MPI_IN_PLACE: i32 = 0;
#[unsafe(no_mangle)]
pub static MPIR_F08_MPI_BOTTOM: i32 = 0;
#[unsafe(no_mangle)]
pub static MPIR_F_NeedInit: AtomicI32 = AtomicI32::new(1);
#[unsafe(no_mangle)]
pub static MPIR_F_ISIZE: AtomicI32 = AtomicI32::new(4);

/// What `MPI_COMM_DUP_FN`, `MPI_TYPE_DUP_FN` and `MPI_WIN_DUP_FN` stand for.
///
/// # Safety
/// Called as an attribute copy function: `out` and `flag` are addresses of results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MPIR_Dup_fn(
    _handle: c_int,
    _keyval: c_int,
    _extra: *mut c_void,
    value: *mut c_void,
    out: *mut *mut c_void,
    flag: *mut c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        out.write(value);
        flag.write(1);
    }
    0
}
