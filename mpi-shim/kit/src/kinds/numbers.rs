//! Integers: plain ones, counts, and constants that ABIs number differently.

use super::{In, Out, Size};
use crate::abi::Abi;
use crate::{errors, translate};
use std::ffi::c_int;
use vmi_mpi::{Result, fail};
use vmi_mpi_table::constants as table;

/// An integer kind with a translation in each direction.
macro_rules! integer {
    ($(#[$doc:meta])* $name:ident, $c:ty, $rust:ty, $abi:ident, $v:ident => $to_engine:expr, $to_abi:expr) => {
        $(#[$doc])*
        pub struct $name;
        impl<$abi: Abi, S: Size> In<$abi, S> for $name {
            type C = $c;
            type Held = $rust;
            type Arg<'a> = $rust;
            #[inline(always)]
            unsafe fn take($v: $c, _: &'static str) -> Result<$rust> {
                Ok($to_engine)
            }
            #[inline(always)]
            fn arg(held: &mut $rust) -> $rust {
                *held
            }
        }
        impl<$abi: Abi, S: Size> Out<$abi, S> for $name {
            type C = $c;
            type Value = $rust;
            #[inline(always)]
            fn encode($v: $rust) -> $c {
                $to_abi
            }
        }
    };
}

/// A constant of one group of the table.
macro_rules! constant {
    ($($(#[$doc:meta])* $name:ident $rows:ident;)*) => {$(
        integer!($(#[$doc])* $name, c_int, i32, A, v =>
            translate::to_engine::<A>(table::$rows, v), translate::to_abi::<A>(table::$rows, v));
    )*};
}

/// A set of bits of one group of the table.
macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident $rows:ident;)*) => {$(
        integer!($(#[$doc])* $name, c_int, i32, A, v =>
            translate::bits_to_engine::<A>(table::$rows, v), translate::bits_to_abi::<A>(table::$rows, v));
    )*};
}

integer!(/** `int`. */ Int, c_int, i32, A, v => v, v);
integer!(/** `MPI_Aint`, `MPI_Offset`, `MPI_Count`. */ Aint, i64, i64, A, v => v, v);
integer!(/** `double`. */ Double, f64, f64, A, v => v, v);
integer!(/** `MPI_Fint`. */ Fint, c_int, i32, A, v => v, v);
integer!(/** A rank, `MPI_ANY_SOURCE`, `MPI_PROC_NULL` or `MPI_ROOT`. */ Rank, c_int, i32, A, v => A::rank_in(v), A::rank_out(v));
integer!(/** A tag or `MPI_ANY_TAG`. */ Tag, c_int, i32, A, v => A::tag_in(v), A::tag_out(v));
integer!(/** An error code or class. */ ErrCode, c_int, i32, A, v => errors::code_in::<A>(v), errors::code_out::<A>(v));
integer!(/** An error code to be explained. */ ErrText, c_int, i32, A, v => errors::code_in_with_text::<A>(v), errors::code_out::<A>(v));

constant! {
    Combiner COMBINERS;
    Compare COMPARISONS;
    Keyval KEYVALS;
    Lock LOCKS;
    Order ORDERS;
    SplitType SPLIT_TYPES;
    Thread THREAD_LEVELS;
    Topology TOPOLOGIES;
    Typeclass TYPECLASSES;
    Whence WHENCES;
}

bits! {
    /// Access modes of a file.
    Amode ACCESS_MODES;
    /// Assertions about a window.
    Assert ASSERTIONS;
}

/// A truth value: `int` for the engine as an input, `bool` as an output.
pub struct Flag;

impl<A: Abi, S: Size> In<A, S> for Flag {
    type C = c_int;
    type Held = i32;
    type Arg<'a> = i32;
    #[inline(always)]
    unsafe fn take(c: c_int, _: &'static str) -> Result<i32> {
        Ok(c)
    }
    #[inline(always)]
    fn arg(held: &mut i32) -> i32 {
        *held
    }
}

impl<A: Abi, S: Size> Out<A, S> for Flag {
    type C = c_int;
    type Value = bool;
    #[inline(always)]
    fn encode(value: bool) -> c_int {
        value as c_int
    }
}

/// A count: `int`, `MPI_Count` in a `_c` function. MPI-5.0 §2.5.8.
pub struct Count;

impl<A: Abi, S: Size> In<A, S> for Count {
    type C = S::Count;
    type Held = i64;
    type Arg<'a> = i64;
    #[inline(always)]
    unsafe fn take(c: S::Count, _: &'static str) -> Result<i64> {
        Ok(c.into())
    }
    #[inline(always)]
    fn arg(held: &mut i64) -> i64 {
        *held
    }
}

impl<A: Abi, S: Size> Out<A, S> for Count {
    type C = S::Count;
    type Value = i64;
    #[inline(always)]
    fn encode(value: i64) -> S::Count {
        S::count(value)
    }
}

/// Pointers to an integer that is input and output.
macro_rules! inout {
    ($($(#[$doc:meta])* $name:ident, $c:ty, $rust:ty, $abi:ident $s:ident $v:ident => $to_engine:expr, $to_abi:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl<$abi: Abi, $s: Size> In<$abi, $s> for $name {
            type C = *mut $c;
            type Held = ($rust, *mut $c);
            type Arg<'a> = &'a mut $rust;
            #[inline(always)]
            unsafe fn take(c: *mut $c, name: &'static str) -> Result<Self::Held> {
                if c.is_null() {
                    fail!(ARG, "{name} is NULL, expected the address of an integer");
                }
                // SAFETY: the address of an integer argument (caller).
                let $v = unsafe { c.read() };
                Ok(($to_engine, c))
            }
            #[inline(always)]
            fn arg(held: &mut ($rust, *mut $c)) -> &mut $rust {
                &mut held.0
            }
            #[inline(always)]
            unsafe fn finish(($v, c): ($rust, *mut $c)) {
                // SAFETY: as in `take`.
                unsafe { c.write($to_abi) }
            }
        }
    )*};
}

inout! {
    /// `int *`, input and output.
    IoInt, c_int, i32, A S v => v, v;
    /// `MPI_Aint *`, input and output.
    IoAint, i64, i64, A S v => v, v;
    /// A count, input and output.
    IoCount, S::Count, i64, A S v => v.into(), S::count(v);
    /// A keyval that is freed.
    IoKeyval, c_int, i32, A S v =>
        translate::to_engine::<A>(table::KEYVALS, v), translate::to_abi::<A>(table::KEYVALS, v);
}
