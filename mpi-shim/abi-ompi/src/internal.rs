//! Internal functions of Open MPI that its C++ library (`libmpi_cxx.so.40`) calls. They exist so that programs linked with that
//! library load; the C++ bindings for callbacks are not supported, and say so when they are used.

use std::ffi::c_int;

macro_rules! unsupported {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name() -> c_int {
            eprintln!("{} of Open MPI's C++ bindings is not supported", stringify!($name));
            const UNSUPPORTED_OPERATION: c_int = 52;
            UNSUPPORTED_OPERATION
        }
    )*};
}

unsupported! {
    ompi_attr_create_keyval
    ompi_errhandler_create
    ompi_errhandler_invoke
    ompi_op_set_cxx_callback
}
