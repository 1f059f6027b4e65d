//! VMI: a dynamically reconfigurable messaging layer.
//!
//! The way of a message, top to bottom; it climbs back up on the other side.
//!
//! ```text
//!   MPI binary (3 ABIs)                 VMI / IVC / VMMC C programs
//!     mpi-shim/abi-*                        src/capi
//!     mpi-shim/mpi                             |
//!          \____________ core _______________/   connection stream slab buffer chain device io alert
//!                         |
//!                      devices                   loopback shm tcp
//!                         |
//!                 shm     ·     sys              rings in shared memory · sockets
//! ```
//!
//! `job` tells a process who it is and who its peers are. Arrows go down only; a device never names another
//! device; nothing in here calls an exported `MPI_*` or `VMI_*` function.
#![deny(unsafe_code)]

pub mod core;
pub mod devices;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod job;
pub mod launch;
pub mod manage;
pub mod shm;
pub mod sync;
pub mod sys;
