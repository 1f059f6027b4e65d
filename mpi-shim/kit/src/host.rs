//! The one engine of this process, and the way into it.

use vmi::sync::Guard;
use vmi_mpi::{Eng, Engine};

/// Enters the engine: other threads wait (under MPI_THREAD_MULTIPLE) until the guard is dropped.
#[inline(always)]
pub fn lock() -> Guard<'static, Engine> {
    vmi_mpi::engine::enter()
}

/// The engine, for a look at what does not change while a function runs.
#[inline(always)]
pub fn engine() -> Eng {
    lock().value()
}
