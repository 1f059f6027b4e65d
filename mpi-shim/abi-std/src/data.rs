//! Data symbols of the other standard ABI libraries: pointers that a Fortran library sets when it starts.
#![allow(non_upper_case_globals, reason = "names of the ABI")]

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::AtomicPtr;

macro_rules! pointers {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        pub static $name: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    )*};
}

pointers! {
    MPI_F08_STATUSES_IGNORE MPI_F08_STATUS_IGNORE MPI_F_ARGVS_NULL MPI_F_ARGV_NULL MPI_F_ERRCODES_IGNORE MPI_F_STATUSES_IGNORE
    MPI_F_STATUS_IGNORE
}
