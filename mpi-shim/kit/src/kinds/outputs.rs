//! Where returned scalars are stored: checked before the engine runs, written after it succeeded. When it failed,
//! handles become null, so that a program that goes on does not use what it never got.

use super::{Out, Size};
use crate::abi::Abi;
use vmi_mpi::{Result, fail};

/// The address of an output argument; not NULL.
pub struct Place<K: Out<A, S>, A: Abi, S: Size>(*mut K::C);

impl<K: Out<A, S>, A: Abi, S: Size> Place<K, A, S> {
    /// # Safety
    /// `ptr` is NULL or the output argument `name` of the MPI call in progress.
    #[inline(always)]
    pub unsafe fn new(ptr: *mut K::C, name: &'static str) -> Result<Self> {
        if ptr.is_null() {
            fail!(ARG, "{name} is NULL, expected the address for a result");
        }
        Ok(Place(ptr))
    }

    #[inline(always)]
    fn put(self, value: K::Value) {
        // SAFETY: an output argument of the call in progress (constructor).
        unsafe { self.0.write(K::encode(value)) }
    }

    #[inline(always)]
    fn clear(self) {
        if let Some(value) = K::failed() {
            // SAFETY: as in `put`.
            unsafe { self.0.write(value) }
        }
    }
}

/// All output places of a function that failed.
pub trait Clear {
    fn clear(self);
}

impl Clear for () {
    #[inline(always)]
    fn clear(self) {}
}

impl<K: Out<A, S>, A: Abi, S: Size> Clear for (Place<K, A, S>,) {
    #[inline(always)]
    fn clear(self) {
        self.0.clear();
    }
}

/// All output places of a function; `V` is what the engine's function returns.
pub trait Store<V> {
    fn store(self, value: V);
}

impl Store<()> for () {
    #[inline(always)]
    fn store(self, (): ()) {}
}

impl<K: Out<A, S>, A: Abi, S: Size> Store<K::Value> for (Place<K, A, S>,) {
    #[inline(always)]
    fn store(self, value: K::Value) {
        self.0.put(value);
    }
}

macro_rules! store_tuples {
    ($($($k:ident $p:ident $v:ident)+;)*) => {$(
        impl<A: Abi, S: Size, $($k: Out<A, S>),+> Store<($($k::Value,)+)> for ($(Place<$k, A, S>,)+) {
            #[inline(always)]
            fn store(self, value: ($($k::Value,)+)) {
                let ($($p,)+) = self;
                let ($($v,)+) = value;
                $($p.put($v);)+
            }
        }
        impl<A: Abi, S: Size, $($k: Out<A, S>),+> Clear for ($(Place<$k, A, S>,)+) {
            #[inline(always)]
            fn clear(self) {
                let ($($p,)+) = self;
                $($p.clear();)+
            }
        }
    )*};
}

store_tuples! {
    K1 p1 v1 K2 p2 v2;
    K1 p1 v1 K2 p2 v2 K3 p3 v3;
    K1 p1 v1 K2 p2 v2 K3 p3 v3 K4 p4 v4;
    K1 p1 v1 K2 p2 v2 K3 p3 v3 K4 p4 v4 K5 p5 v5;
    K1 p1 v1 K2 p2 v2 K3 p3 v3 K4 p4 v4 K5 p5 v5 K6 p6 v6;
}
