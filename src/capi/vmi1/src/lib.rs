//! libvmi1: the VMI 1.0 programming interface (`include/vmi1.h`).
//!
//! ```text
//!   C program ── exports ─┐                     ┌─ module vmivmi (a part of libvmi) ── vmi.h ── the core
//!                         ├─ process ── module ─┤
//!   MPI ── core ── device ┘                     └─ other modules, by path
//! ```
//!
//! [`process`] holds what a process has loaded and which network serves which peer; [`module`] calls modules;
//! [`config`] reads the machine-specific configuration file.
//!
//! [`device`] makes VMI 1.0 a network of VMI 2: the library is a plug-in device of the core (`include/vmi_device.h`). With
//! `VMI_LAYERS=vmi1`, or a line `v1 plugin path=…/libvmi1.so.1` in the machine configuration, an MPI program's frames go
//! through MPI → its core → VMI 1.0 → vmivmi → VMI 2 → the core of libvmi: the layers of the VMI 2.0 paper's MILC
//! experiment. The outer core sees a network like any other, so the MPI layer knows nothing of it, and whoever does
//! not ask for it does not load it. `VMI_XFER=0` leaves the outer transfer device out, which is the paper's case. On one
//! host only: the inner processes find each other as if started by hand.
#![deny(unsafe_code)]

#[cfg(all(not(panic = "abort"), not(test)))]
compile_error!("a panic must not unwind into a C program: build with panic = \"abort\"");

mod config;
mod contract;
mod device;
mod exports;
mod module;
mod process;
