//! The parts of every exported function that are not on its fast path: the wrong phase, errors, stubs.

use crate::abi::AnyAbi;
use crate::{errors, host};
use std::ffi::c_int;
use vmi_mpi::engine::Phase;
use vmi_mpi::error::On;
use vmi_mpi::{Eng, Error};

#[inline(always)]
pub fn is_running(engine: Eng) -> bool {
    engine.phase.get() == Phase::Running
}

/// A function was called before `MPI_Init` or after `MPI_Finalize`. No error handler can be asked, so the job ends
/// (MPI-5.0 §9.1: the initial error handler is MPI_ERRORS_ARE_FATAL).
#[cold]
#[inline(never)]
pub fn not_running(engine: Eng, function: &str) -> c_int {
    let when = match engine.phase.get() {
        Phase::Finalized => "after MPI_Finalize",
        _ => "before MPI_Init",
    };
    let who = vmi_mpi::env::whoami(engine);
    vmi_mpi::env::end_job(engine, 1, &format!("{function} was called {when} by {who}"))
}

/// Calls the error handler that is responsible; what it returns is the function's result.
#[cold]
#[inline(never)]
pub fn raise<A: AnyAbi>(engine: Eng, function: &str, error: Error, default: Option<On>) -> c_int {
    errors::code_out::<A>(vmi_mpi::errhandler::raise(engine, function, error, default))
}

/// What a function that is not implemented yet does.
#[cold]
#[inline(never)]
pub fn stub<A: AnyAbi>(function: &str, default: Option<On>) -> c_int {
    let guard = host::lock();
    let engine = guard.value();
    let error = Error::new(vmi_mpi::constants::class::UNSUPPORTED_OPERATION, "not implemented yet");
    if is_running(engine) {
        return raise::<A>(engine, function, error, default);
    }
    errors::code_out::<A>(error.code())
}

/// A stub of the tool interface: an error code and nothing else (MPI-5.0 §15.3.9: no error handler is called).
#[cold]
pub fn tool_stub<A: AnyAbi>() -> c_int {
    errors::code_out::<A>(vmi_mpi::constants::class::UNSUPPORTED_OPERATION)
}
