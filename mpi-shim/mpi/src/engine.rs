//! The engine: all state of one process's MPI, and the one lock around it.
//!
//! Each field is the state of one module. State is reached through shared references and short `RefCell`
//! borrows, so a callback of the program may call MPI again; no borrow is held while a callback runs or while
//! progress may give the lock to another thread.

use crate::error::Result;

/// Life of the library in this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Before,
    Running,
    Finalized,
}

/// The engine lives as long as the process.
pub type Eng = &'static Engine;

pub struct Engine {
    pub phase: std::cell::Cell<Phase>,
}

impl Engine {
    /// Runs one step of progress, lets other threads in, and sleeps when there is nothing to do for long.
    /// Blocking calls loop over it until their condition holds. No `RefCell` may be borrowed by the caller.
    pub fn progress_wait(&self) -> Result {
        todo!("skeleton: replaced when p2p lands")
    }
}
