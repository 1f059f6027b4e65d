//! The one engine of this process.

use std::sync::atomic::{AtomicPtr, Ordering};
use vmi_mpi::{Eng, Engine};

static ENGINE: AtomicPtr<Engine> = AtomicPtr::new(std::ptr::null_mut());

#[inline(always)]
pub fn engine() -> Eng {
    let engine = ENGINE.load(Ordering::Acquire);
    if engine.is_null() {
        return create();
    }
    // SAFETY: set once by `create`, from a leaked box.
    unsafe { &*engine }
}

#[cold]
fn create() -> Eng {
    let new = Box::into_raw(Box::new(Engine::default()));
    let _ = ENGINE.compare_exchange(std::ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
    engine()
}

/// Held while a thread is inside the engine.
pub struct Guard;

#[inline(always)]
pub fn lock() -> Guard {
    Guard
}
