//! From table rows to the exported C functions of one ABI.
//!
//! One up: `mpi-shim/abi-*`, each a type that implements [`abi::Abi`] and one use of [`export_abi!`]. One down:
//! `mpi-shim/mpi`, the engine. A call goes: exported function → phase check → lock → arguments become views ([`kinds`]) →
//! engine → outputs stored, only on success → error handler ([`call`]).
//!
//! Not in here: what a function of MPI does, and how an ABI represents handles.
//!
//! Invariant: nothing but this crate and the ABI crates looks behind a raw pointer of the program; the views it
//! builds live only as long as the call (see `vmi_mpi_args`).
#![allow(unsafe_code, reason = "C arguments become safe views here")]

pub mod abi;
pub mod call;
pub mod callbacks;
pub mod emit;
pub mod errors;
pub mod host;
pub mod kinds;
pub mod special;
pub mod translate;

pub use vmi_mpi as engine;
pub use vmi_mpi_args as args;
pub use vmi_mpi_table as table;
