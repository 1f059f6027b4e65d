//! Atomics and the engine lock.
//!
//! Lock-free structures are written against a trait of their memory ([`crate::shm::ring::Lines`]); their tests
//! put the `loom` model checker's atomics behind that trait.

pub use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

mod engine_lock;
pub use engine_lock::{EngineLock, Guard};
