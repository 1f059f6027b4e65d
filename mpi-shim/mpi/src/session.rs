//! Sessions (MPI-5.0 §11.3).

use crate::errhandler::Slot;
use crate::info::Info;

/// A session the program has begun.
pub struct Session {
    pub errhandler: Slot,
    pub info: Info,
}
