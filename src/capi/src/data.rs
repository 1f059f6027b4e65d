//! The variables that programs may read and write under their C names.
//!
//! Programs write `recvFn` (by a macro) and read the others, on the thread that calls the library.
#![allow(unsafe_code, non_upper_case_globals, reason = "exported variables under their C names")]

use crate::types::{PVMI_NETADDRESS, USHORT, VMIStreamRecv};
use std::cell::UnsafeCell;

/// A variable that C code reads and writes.
#[repr(transparent)]
pub struct Shared<T>(UnsafeCell<T>);

// SAFETY: the header says that the program uses the library's variables on the thread that calls the library, so
// accesses are not concurrent.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    const fn new(value: T) -> Self {
        Shared(UnsafeCell::new(value))
    }

    pub fn get(&self) -> T {
        // SAFETY: initialized, not written concurrently (above); volatile, because C code changes it unseen.
        unsafe { self.0.get().read_volatile() }
    }

    pub fn set(&self, value: T) {
        // SAFETY: as in `get`.
        unsafe { self.0.get().write_volatile(value) }
    }
}

#[unsafe(no_mangle)]
pub static VMI_DEVICE_RUNTIME: Shared<USHORT> = Shared::new(22);

#[unsafe(no_mangle)]
pub static localAddress: Shared<PVMI_NETADDRESS> = Shared::new(std::ptr::null_mut());

#[unsafe(no_mangle)]
pub static recvFn: Shared<VMIStreamRecv> = Shared::new(None);
