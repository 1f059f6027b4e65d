//! THE SINGLE SOURCE of what MPI is: one row per C function, one row per constant, one row per predefined handle.
//!
//! No code of an ABI and no code of the engine is in here. `mpi-shim/kit` turns rows into exported functions, and
//! each `mpi-shim/abi-*` asks for that once. The rows are kept by hand, one line each, sorted within a chapter.
//!
//! # A row
//!
//! ```text
//! status [path] "MPI_Name" [large] (parameters) [-> Kind];
//! ```
//!
//! * `done module::function`: calls `vmi_mpi::module::function(engine, …)`; an error before `MPI_Init` or after `MPI_Finalize`
//! * `any module::function`: as `done`, and may be called at any time
//! * `kit function`, `anykit function`: as `done` and `any`, calls `vmi_mpi_kit::special::function(abi, engine, …)`
//! * `value module::function`, `kitvalue function`: returns a value of `-> Kind` instead of an error code, at any time
//! * `stub`: not implemented yet: `MPI_ERR_UNSUPPORTED_OPERATION` through the error handler, naming the function
//! * `tool`: a stub of the tool interface, which never calls an error handler
//! * `large`: `MPI_Name_c` exists as well, with 64-bit counts
//!
//! A parameter is `name: Kind` (input, or an array, string or status to be filled in), `> name: Kind` (scalar output: returned by the
//! engine's function, stored only on success) or `~ name: Kind` (part of the C signature, not handed to the engine).
//! Kinds are the types of `vmi_mpi_kit::kinds`.

pub mod constants;
#[macro_use]
mod functions;
pub mod rows;

/// Hands the rows of every chapter to `emitter`: `mpi_functions! { [path::to::emitter] arguments }` becomes, for
/// each chapter, `path::to::emitter! { arguments row row … }`.
#[macro_export]
macro_rules! mpi_functions {
    ([$($emitter:tt)*] $($args:tt)*) => {
        $crate::attr_functions! { [$($emitter)*] $($args)* }
        $crate::coll_functions! { [$($emitter)*] $($args)* }
        $crate::comm_functions! { [$($emitter)*] $($args)* }
        $crate::datatype_functions! { [$($emitter)*] $($args)* }
        $crate::dynamic_functions! { [$($emitter)*] $($args)* }
        $crate::env_functions! { [$($emitter)*] $($args)* }
        $crate::errhandler_functions! { [$($emitter)*] $($args)* }
        $crate::ext_functions! { [$($emitter)*] $($args)* }
        $crate::group_functions! { [$($emitter)*] $($args)* }
        $crate::handles_functions! { [$($emitter)*] $($args)* }
        $crate::info_functions! { [$($emitter)*] $($args)* }
        $crate::io_functions! { [$($emitter)*] $($args)* }
        $crate::op_functions! { [$($emitter)*] $($args)* }
        $crate::p2p_functions! { [$($emitter)*] $($args)* }
        $crate::part_functions! { [$($emitter)*] $($args)* }
        $crate::removed_functions! { [$($emitter)*] $($args)* }
        $crate::rma_functions! { [$($emitter)*] $($args)* }
        $crate::session_functions! { [$($emitter)*] $($args)* }
        $crate::status_functions! { [$($emitter)*] $($args)* }
        $crate::tool_functions! { [$($emitter)*] $($args)* }
        $crate::topo_functions! { [$($emitter)*] $($args)* }
    };
}

#[cfg(test)]
mod tests;
