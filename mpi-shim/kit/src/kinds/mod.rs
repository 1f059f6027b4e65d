//! The kinds of parameter: how a C argument becomes what the engine takes, and how a result is stored.
//!
//! A kind is a type without values. [`In`] converts an argument; [`Out`] encodes a returned scalar. The names are the ones
//! that rows of the table use.

mod arrays;
mod handles;
mod numbers;
mod outputs;
mod pointers;

pub use arrays::*;
pub use handles::*;
pub use numbers::*;
pub use outputs::*;
pub use pointers::*;

use crate::abi::Abi;
use std::ffi::c_int;
use vmi_mpi::Result;
use vmi_mpi::error::On;
use vmi_mpi_args::Width;

/// The integer type of counts: `int`, or `MPI_Count` in the `_c` functions.
pub trait Size: 'static {
    type Count: Copy + Into<i64> + 'static;
    const WIDTH: Width;
    const LARGE: bool;
    /// A count that does not fit is told as MPI_UNDEFINED (MPI-5.0 §3.2.5, §5.1.5); where the standard wants an error
    /// instead, the engine has checked the range.
    fn count(value: i64) -> Self::Count;
}

pub struct Small;
impl Size for Small {
    type Count = c_int;
    const WIDTH: Width = Width::I32;
    const LARGE: bool = false;
    #[inline(always)]
    fn count(value: i64) -> c_int {
        c_int::try_from(value).unwrap_or(vmi_mpi::constants::UNDEFINED)
    }
}

pub struct Large;
impl Size for Large {
    type Count = i64;
    const WIDTH: Width = Width::I64;
    const LARGE: bool = true;
    #[inline(always)]
    fn count(value: i64) -> i64 {
        value
    }
}

/// An argument that the engine takes.
pub trait In<A: Abi, S: Size> {
    /// Its C type.
    type C: Copy;
    /// What is kept during the call.
    type Held;
    /// What the engine's function takes.
    type Arg<'a>
    where
        Self::Held: 'a;

    /// # Safety
    /// `c` is the argument `name` of the MPI call in progress.
    unsafe fn take(c: Self::C, name: &'static str) -> Result<Self::Held>;
    fn arg(held: &mut Self::Held) -> Self::Arg<'_>;
    /// Stores an argument that is input and output, whether or not the call succeeded.
    ///
    /// # Safety
    /// `held` is what `take` returned in this call.
    #[inline(always)]
    unsafe fn finish(_held: Self::Held) {}
    /// The object whose error handler is asked, if this argument is one.
    ///
    /// # Safety
    /// As `take`.
    #[inline(always)]
    unsafe fn on(_c: Self::C) -> Option<On> {
        None
    }
}

/// A scalar that the engine returns.
pub trait Out<A: Abi, S: Size> {
    type C: Copy;
    type Value;
    fn encode(value: Self::Value) -> Self::C;
    /// What is stored when the function fails: handles become null, other results stay as they are.
    #[inline(always)]
    fn failed() -> Option<Self::C> {
        None
    }
}
