//! MPI semantics, free of any ABI.
//!
//! One up: `mpi-shim/kit` emits the C functions of an ABI from `mpi-shim/table` and calls the functions here
//! with engine handles and views of the arguments. One down: `vmi::core` carries messages.
//!
//! Every integer constant of MPI (error classes, wildcards, combiners, thread levels …) has the value of the
//! MPI-5 standard ABI in here ([`constants`]); other ABIs translate at their border.
//!
//! A message goes p2p → request and matching → p2p::protocol → `vmi::core`. A function of MPI is `MPI_Xxx_yyy` → `module::xxx_yyy(&Engine, …)`: inputs in the
//! order of the standard, scalar outputs returned as a tuple in the order of the standard.
#![forbid(unsafe_code)]

pub mod attr;
pub mod coll;
pub mod comm;
pub mod constants;
pub mod datatype;
pub mod engine;
pub mod env;
pub mod errhandler;
pub mod error;
pub mod group;
pub mod handle;
pub mod info;
pub mod matching;
pub mod op;
pub mod p2p;
pub mod request;
pub mod session;
pub mod topo;
pub mod win;

pub use engine::{Eng, Engine};
pub use error::{Error, Result};
pub use vmi_mpi_args::{
    AttrOn, Callbacks, CommId, ErrOn, ErrhandlerId, FileId, GroupId, Handle, Handles, InfoId, Ints,
    MessageId, OpId, RequestId, SessionId, Status, Statuses, StrOut, TypeId, UserBuf, UserFn, WinId,
};
