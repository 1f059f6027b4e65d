//! Arrays of integers and of statuses.

use super::{In, Size};
use crate::abi::Abi;
use crate::translate;
use std::ffi::c_int;
use std::marker::PhantomData;
use vmi_mpi::constants::DISTRIBUTE_DFLT_DARG;
use vmi_mpi::{Result, Statuses as View};
use vmi_mpi_args::{IntMap, Ints as IntView, Width};
use vmi_mpi_table::constants::{DISTRIBUTIONS, ORDERS};

macro_rules! int_array {
    ($($(#[$doc:meta])* $name:ident, $c:ty, $abi:ident $s:ident $ptr:ident => $view:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl<$abi: Abi, $s: Size> In<$abi, $s> for $name {
            type C = *mut $c;
            type Held = IntView;
            type Arg<'a> = IntView;
            #[inline(always)]
            unsafe fn take($ptr: *mut $c, _: &'static str) -> Result<IntView> {
                let $ptr = $ptr.cast::<u8>();
                // SAFETY: an integer array argument (caller) with elements of the C type.
                Ok(unsafe { $view })
            }
            #[inline(always)]
            fn arg(held: &mut IntView) -> IntView {
                *held
            }
        }
    )*};
}

int_array! {
    /// `int[]`.
    Ints, c_int, A S p => IntView::new(p, Width::I32);
    /// `MPI_Aint[]`, `MPI_Count[]`.
    Aints, i64, A S p => IntView::new(p, Width::I64);
    /// Counts or displacements: `int[]`, 64-bit in a `_c` function.
    Counts, S::Count, A S p => IntView::new(p, S::WIDTH);
    /// `int[]` or `MPI_UNWEIGHTED` (address 10) or `MPI_WEIGHTS_EMPTY` (address 11).
    Weights, c_int, A S p => IntView::new(A::weights(p), Width::I32);
    /// `int[]` of ranks that may be `MPI_PROC_NULL`.
    Ranks, c_int, A S p => IntView::mapped(p, &Maps::<A>::RANKS);
    /// `int[]` of `MPI_DISTRIBUTE_…`.
    Distribs, c_int, A S p => IntView::mapped(p, &Maps::<A>::DISTRIBS);
    /// `int[]` of block sizes or `MPI_DISTRIBUTE_DFLT_DARG`.
    Dargs, c_int, A S p => IntView::mapped(p, &Maps::<A>::DARGS);
    /// `int[]` of what a datatype was made from: the engine tells which elements are constants.
    ContentInts, c_int, A S p => IntView::mapped(p, &Maps::<A>::CONTENTS);
}

struct Maps<A>(PhantomData<A>);

impl<A: Abi> Maps<A> {
    const RANKS: IntMap = IntMap { to_engine: A::rank_in, to_abi: A::rank_out };
    const DISTRIBS: IntMap = IntMap {
        to_engine: |v| translate::to_engine::<A>(DISTRIBUTIONS, v),
        to_abi: |v| translate::to_abi::<A>(DISTRIBUTIONS, v),
    };
    const DARGS: IntMap = IntMap {
        to_engine: |v| if v == default_darg::<A>() { DISTRIBUTE_DFLT_DARG } else { v },
        to_abi: |v| if v == DISTRIBUTE_DFLT_DARG { default_darg::<A>() } else { v },
    };
    const CONTENTS: IntMap = IntMap {
        to_engine: |v| v,
        to_abi: |v| match v {
            DISTRIBUTE_DFLT_DARG => default_darg::<A>(),
            v if ORDERS.iter().any(|row| row.std == Some(v)) => translate::to_abi::<A>(ORDERS, v),
            v => translate::to_abi::<A>(DISTRIBUTIONS, v),
        },
    };
}

/// What programs of this ABI write for `MPI_DISTRIBUTE_DFLT_DARG`.
fn default_darg<A: Abi>() -> i32 {
    let row = DISTRIBUTIONS.iter().find(|row| row.name == "MPI_DISTRIBUTE_DFLT_DARG");
    row.and_then(|row| A::COLUMN.of(row)).unwrap_or(DISTRIBUTE_DFLT_DARG)
}

/// One status, or an array of them.
pub struct Statuses;
pub type Status = Statuses;

impl<A: Abi, S: Size> In<A, S> for Statuses {
    type C = *mut u8;
    type Held = View;
    type Arg<'a> = View;
    #[inline(always)]
    unsafe fn take(c: *mut u8, _: &'static str) -> Result<View> {
        // SAFETY: a status argument (caller); NULL once the ABI's sentinels are translated.
        Ok(unsafe { View::new(A::statuses(c), A::STATUS) })
    }
    #[inline(always)]
    fn arg(held: &mut View) -> View {
        *held
    }
}
