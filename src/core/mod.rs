//! The core: one file per manager of the VMI 2.0 paper's Table II.

pub mod buffer;
