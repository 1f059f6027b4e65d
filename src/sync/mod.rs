//! Atomics facade and the engine lock.
