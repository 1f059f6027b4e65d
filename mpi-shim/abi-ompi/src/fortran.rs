//! The predefined attribute functions, under the names C code gets from Open MPI's header and the names Fortran code has, and the
//! Fortran names that live in the C library.
#![allow(non_snake_case, reason = "names of the ABI")]

use std::ffi::c_int;

/// C functions: copy functions that copy nothing or the value, delete functions that do nothing.
macro_rules! c_functions {
    (null $($null:ident)*; dup $($dup:ident)*; delete $($delete:ident)*;) => {
        $(
            /// # Safety
            /// Called as an attribute copy function: `flag` is the address of a result.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $null(_: usize, _: c_int, _: usize, _: usize, _: *mut usize, flag: *mut c_int) -> c_int {
                // SAFETY: the caller's promise.
                unsafe { flag.write(0) };
                0
            }
        )*
        $(
            /// # Safety
            /// Called as an attribute copy function: `out` and `flag` are addresses of results.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $dup(_: usize, _: c_int, _: usize, value: usize, out: *mut usize, flag: *mut c_int) -> c_int {
                // SAFETY: the caller's promise.
                unsafe {
                    out.write(value);
                    flag.write(1);
                }
                0
            }
        )*
        $(
            #[unsafe(no_mangle)]
            pub extern "C" fn $delete(_: usize, _: c_int, _: usize, _: usize) -> c_int {
                0
            }
        )*
        /// Addresses of the functions that copy the value.
        pub fn dup_fns() -> [usize; 4] {
            [$($dup as *const () as usize),*]
        }
        /// Addresses of the functions that do nothing.
        pub fn null_fns() -> [usize; 8] {
            [$($null as *const () as usize,)* $($delete as *const () as usize),*]
        }
    };
}

c_functions! {
    null OMPI_C_MPI_COMM_NULL_COPY_FN OMPI_C_MPI_NULL_COPY_FN OMPI_C_MPI_TYPE_NULL_COPY_FN OMPI_C_MPI_WIN_NULL_COPY_FN;
    dup OMPI_C_MPI_COMM_DUP_FN OMPI_C_MPI_DUP_FN OMPI_C_MPI_TYPE_DUP_FN OMPI_C_MPI_WIN_DUP_FN;
    delete OMPI_C_MPI_COMM_NULL_DELETE_FN OMPI_C_MPI_NULL_DELETE_FN OMPI_C_MPI_TYPE_NULL_DELETE_FN OMPI_C_MPI_WIN_NULL_DELETE_FN;
}

/// The same for Fortran: everything by address, the error code last. The value is `$value`: `INTEGER` in the functions of MPI-1,
/// `INTEGER(MPI_ADDRESS_KIND)` in the others. Each has all the spellings of Fortran compilers.
macro_rules! fortran_functions {
    ($(copy $copies:literal $value:ty: $($name:ident)*;)* delete: $($delete:ident)*;) => {
        $($(
            /// # Safety
            /// Called as a Fortran attribute copy function: all arguments are addresses.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name(_: *const c_int, _: *const c_int, _: *const $value, value: *const $value,
                out: *mut $value, flag: *mut c_int, ierror: *mut c_int) {
                // SAFETY: the caller's promise.
                unsafe {
                    if $copies {
                        out.write(value.read());
                    }
                    flag.write($copies as c_int);
                    ierror.write(0);
                }
            }
        )*)*
        $(
            /// # Safety
            /// Called as a Fortran attribute delete function: `ierror` is an address.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $delete(_: *const c_int, _: *const c_int, _: *const isize, _: *const isize, ierror: *mut c_int) {
                // SAFETY: the caller's promise.
                unsafe { ierror.write(0) }
            }
        )*
    };
}

fortran_functions! {
    copy false isize:
        MPI_COMM_NULL_COPY_FN mpi_comm_null_copy_fn mpi_comm_null_copy_fn_ mpi_comm_null_copy_fn__
        MPI_TYPE_NULL_COPY_FN mpi_type_null_copy_fn mpi_type_null_copy_fn_ mpi_type_null_copy_fn__
        MPI_WIN_NULL_COPY_FN mpi_win_null_copy_fn mpi_win_null_copy_fn_ mpi_win_null_copy_fn__;
    copy true isize:
        MPI_COMM_DUP_FN mpi_comm_dup_fn mpi_comm_dup_fn_ mpi_comm_dup_fn__
        MPI_TYPE_DUP_FN mpi_type_dup_fn mpi_type_dup_fn_ mpi_type_dup_fn__
        MPI_WIN_DUP_FN mpi_win_dup_fn mpi_win_dup_fn_ mpi_win_dup_fn__;
    copy false c_int:
        MPI_NULL_COPY_FN mpi_null_copy_fn mpi_null_copy_fn_ mpi_null_copy_fn__;
    copy true c_int:
        MPI_DUP_FN mpi_dup_fn mpi_dup_fn_ mpi_dup_fn__;
    delete:
        MPI_COMM_NULL_DELETE_FN mpi_comm_null_delete_fn mpi_comm_null_delete_fn_ mpi_comm_null_delete_fn__
        MPI_NULL_DELETE_FN mpi_null_delete_fn mpi_null_delete_fn_ mpi_null_delete_fn__
        MPI_TYPE_NULL_DELETE_FN mpi_type_null_delete_fn mpi_type_null_delete_fn_ mpi_type_null_delete_fn__
        MPI_WIN_NULL_DELETE_FN mpi_win_null_delete_fn mpi_win_null_delete_fn_ mpi_win_null_delete_fn__;
}

/// Fortran functions that return a value, in all spellings. Arguments are addresses.
macro_rules! fortran_values {
    (names [$($name:ident)*] $args:tt -> $result:ty = $value:expr) => {
        $(fortran_values! { one $name $args -> $result = $value })*
    };
    (one $name:ident ($($arg:ident)*) -> $result:ty = $value:expr) => {
        /// # Safety
        /// All arguments are addresses.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: *const isize),*) -> $result {
            // SAFETY: the caller's promise; the functions called are our own.
            unsafe { $value }
        }
    };
    ($([$($name:ident)*] $args:tt -> $result:ty = $value:expr;)*) => {
        $(fortran_values! { names [$($name)*] $args -> $result = $value })*
    };
}

unsafe extern "C" {
    fn PMPI_Wtime() -> f64;
    fn PMPI_Wtick() -> f64;
}

fortran_values! {
    [MPI_WTIME_F90 mpi_wtime_f90 mpi_wtime_f90_ mpi_wtime_f90__] () -> f64 = PMPI_Wtime();
    [MPI_WTICK_F90 mpi_wtick_f90 mpi_wtick_f90_ mpi_wtick_f90__] () -> f64 = PMPI_Wtick();
    [MPI_AINT_ADD_F90 mpi_aint_add_f90 mpi_aint_add_f90_ mpi_aint_add_f90__] (base disp) -> isize = (*base).wrapping_add(*disp);
    [MPI_AINT_DIFF_F90 mpi_aint_diff_f90 mpi_aint_diff_f90_ mpi_aint_diff_f90__] (first second) -> isize = (*first).wrapping_sub(*second);
}

/// Never called by a program: a sentinel that is an address.
#[unsafe(no_mangle)]
pub extern "C" fn MPI_CONVERSION_FN_NULL() {}
