//! The exported functions, one file per section of `include/vmi.h`. Each checks its pointers, calls the module that
//! does the work, and turns the result into a status. Their types are spelled as in the header; a test compares.
#![allow(unsafe_code, non_snake_case, reason = "exported under their C names")]

pub mod connection;
mod io;
pub mod life;
pub mod memory;
mod rdma;
pub mod slab;
pub mod stream;

use crate::engine::{self, Eng};
use crate::status::{self, Result};
use crate::types::VMI_STATUS;

/// The body of an exported function: enters the library, which must be running.
#[inline]
fn call(name: &str, body: impl FnOnce(Eng) -> Result) -> VMI_STATUS {
    let guard = engine::enter();
    let e = guard.value();
    match e.running().and_then(|()| body(e)) {
        Ok(()) => status::OK,
        Err(fault) => status::remember(name, &fault),
    }
}

/// The same for a function that may be called before `VMI_Init`.
fn call_anytime(name: &str, body: impl FnOnce(Eng) -> Result) -> VMI_STATUS {
    let guard = engine::enter();
    match body(guard.value()) {
        Ok(()) => status::OK,
        Err(fault) => status::remember(name, &fault),
    }
}

/// The same for a function that returns a value, `otherwise` after a failure.
fn value<T>(name: &str, otherwise: T, body: impl FnOnce(Eng) -> Result<T>) -> T {
    let guard = engine::enter();
    let e = guard.value();
    e.running().and_then(|()| body(e)).unwrap_or_else(|fault| {
        status::remember(name, &fault);
        otherwise
    })
}
