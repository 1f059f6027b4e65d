//! libvmi: the VMI 2 programming interface (`include/vmi.h`), on top of [`vmi::core::Core`].
//!
//! ```text
//!   C program ── exports/*    one exported function = check, call inside, turn the result into a status
//!                  │
//!                connection   who is connected to whom; connect, accept, disconnect
//!                stream       messages out                            memory pool  buffers, cache, pools
//!                message      slabs that arrive, slabs to send        rdma         publish, put, get
//!                devices      the core's devices on a connection     io           chains and devices of the program
//!                  │
//!                traffic      frames out (a queue per peer) and in (poll, callbacks)
//!                  │
//!                ways         one Core for the job, one for each peer that was started by hand
//!                meeting      how a key finds a process on this host
//! ```
//!
//! Everything runs on the thread that calls. State is reached through short `RefCell` borrows; none is held while a
//! callback runs, so a callback may call anything. A handle is a number that is looked up, never a pointer that
//! is followed; structures that C programs read and write are found by their address in a table first.
//!
//! [`vmivmi`] is a program of its own, so to speak: it implements VMI 1.0's module interface by calls of the exported
//! functions, so that VMI 1 programs run on VMI 2.
//!
//! `unsafe` is in [`args`] (reading and writing what pointers from C name), [`callback`] (calling C), [`data`]
//! (variables C programs write) and `vmivmi`.
#![deny(unsafe_code)]

#[cfg(all(not(panic = "abort"), not(test)))]
compile_error!("a panic must not unwind into a C program: build with panic = \"abort\"");

mod alerts;
mod args;
mod bypass;
mod callback;
mod connection;
mod data;
mod devices;
mod engine;
mod exports;
mod io;
mod key;
mod meeting;
mod memory;
mod message;
mod pool;
mod rdma;
mod status;
mod stream;
mod table;
mod traffic;
mod types;
#[path = "../vmi1/src/contract.rs"]
mod vmi1_contract;
mod vmivmi;
mod ways;
