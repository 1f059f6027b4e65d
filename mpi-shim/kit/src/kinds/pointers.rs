//! Buffers, strings, functions and other addresses.

use super::{In, Out, Size};
use crate::abi::Abi;
use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use vmi_mpi::{Result, StrOut as View, UserBuf, UserFn, fail};

/// A kind whose view is `Copy` and is built by one expression.
macro_rules! simple {
    ($($(#[$doc:meta])* $name:ident, $c:ty, $held:ty, $abi:ident $s:ident $v:ident => $view:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl<$abi: Abi, $s: Size> In<$abi, $s> for $name {
            type C = $c;
            type Held = $held;
            type Arg<'a> = $held;
            #[inline(always)]
            unsafe fn take($v: $c, _: &'static str) -> Result<$held> {
                Ok($view)
            }
            #[inline(always)]
            fn arg(held: &mut $held) -> $held {
                *held
            }
        }
    )*};
}

simple! {
    /// A choice buffer.
    Buf, *mut u8, UserBuf, A S p => buffer::<A>(p);
    /// An address that is passed on: extra state, attribute values.
    Addr, usize, usize, A S p => p;
    /// An address of a kind that the engine does not know yet.
    Raw, *mut u8, usize, A S p => p as usize;
    /// A function of the program.
    Fn, usize, UserFn, A S f => UserFn { func: f, large: false, fortran: false };
    /// A function of the program whose arguments are large in a `_c` function.
    PolyFn, usize, UserFn, A S f => UserFn { func: f, large: S::LARGE, fortran: false };
    /// An attribute copy function.
    CopyFn, usize, UserFn, A S f => UserFn { func: A::copy_fn(f), large: false, fortran: false };
    /// An attribute delete function.
    DeleteFn, usize, UserFn, A S f => UserFn { func: A::delete_fn(f), large: false, fortran: false };
    /// A text whose buffer length another argument states.
    StrOut, *mut u8, View, A S p => string::<A>(p, |_| usize::MAX);
    NameOut, *mut u8, View, A S p => string::<A>(p, |l| l.object_name);
    ProcessorOut, *mut u8, View, A S p => string::<A>(p, |l| l.processor_name);
    ErrorOut, *mut u8, View, A S p => string::<A>(p, |l| l.error_string);
    VersionOut, *mut u8, View, A S p => string::<A>(p, |l| l.library_version);
    PortOut, *mut u8, View, A S p => string::<A>(p, |l| l.port_name);
    KeyOut, *mut u8, View, A S p => string::<A>(p, |l| l.info_key);
    DatarepOut, *mut u8, View, A S p => string::<A>(p, |l| l.datarep);
}

#[inline(always)]
fn buffer<A: Abi>(ptr: *mut u8) -> UserBuf {
    // SAFETY: a buffer argument of the call in progress.
    unsafe { A::buffer(ptr) }
}

#[inline(always)]
fn string<A: Abi>(ptr: *mut u8, size: impl FnOnce(&crate::abi::Limits) -> usize) -> View {
    // SAFETY: a string output argument of the call in progress, as long as the ABI's header says.
    unsafe { View::new(ptr, size(&A::LIMITS)) }
}

impl<A: Abi, S: Size> Out<A, S> for Addr {
    type C = usize;
    type Value = usize;
    #[inline(always)]
    fn encode(value: usize) -> usize {
        value
    }
}

/// The address of an attached buffer, `MPI_BUFFER_AUTOMATIC` included.
pub struct AttachedBuf;

impl<A: Abi, S: Size> Out<A, S> for AttachedBuf {
    type C = usize;
    type Value = usize;
    #[inline(always)]
    fn encode(value: usize) -> usize {
        A::attached_buffer(value)
    }
}

/// An attribute value: the program passes the address of a pointer.
pub type AttrVal = Addr;

/// A text with a final NUL. Bytes that are no UTF-8 are replaced.
pub struct Str;

impl<A: Abi, S: Size> In<A, S> for Str {
    type C = *const c_char;
    type Held = Cow<'static, str>;
    type Arg<'a> = &'a str;
    #[inline(always)]
    unsafe fn take(c: *const c_char, name: &'static str) -> Result<Cow<'static, str>> {
        if c.is_null() {
            fail!(ARG, "{name} is NULL, expected a string");
        }
        // SAFETY: a string argument of the call in progress (caller); the view ends with the call.
        Ok(unsafe { CStr::from_ptr(c) }.to_string_lossy())
    }
    #[inline(always)]
    fn arg<'a>(held: &'a mut Cow<'static, str>) -> &'a str {
        held
    }
}
