//! Atomics: the one place that chooses between `std` and the `loom` model checker.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

mod engine_lock;
pub use engine_lock::{EngineLock, Guard};
