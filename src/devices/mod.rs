//! Devices: what a message passes on its way out and in. Each file is one device and names no other.
//!
//! Sinks are the last device of a send chain and the first of a receive chain: they talk to a network.

pub mod loopback;
pub mod shm;
