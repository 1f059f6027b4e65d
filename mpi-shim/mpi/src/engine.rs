//! The engine: all state of one process's MPI, and the one lock around it.
//!
//! Each field is the state of one module. State is reached through shared references and short `RefCell`
//! borrows, so a callback of the program may call MPI again; no borrow is held while a callback runs or while
//! progress may give the lock to another thread.

use crate::attr::{Keyvals, Predefined};
use crate::comm::{Comm, context::Contexts};
use crate::constants::class;
use crate::datatype;
use crate::env::Env;
use crate::errhandler::Handlers;
use crate::error::Result;
use crate::group::Group;
use crate::handle::Table;
use crate::info::Info;
use crate::session::Session;
use crate::{CommId, GroupId, InfoId, SessionId};
use std::cell::Cell;

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
    pub phase: Cell<Phase>,
    /// World number of this process.
    pub me: Cell<u32>,
    pub groups: Table<GroupId, Group>,
    pub comms: Table<CommId, Comm>,
    pub coll: crate::coll::State,
    pub contexts: Contexts,
    pub types: datatype::Types,
    /// Types made by `MPI_Type_create_f90_*` and `MPI_Type_get_value_index`, which are never freed.
    pub unnamed_types: datatype::Unnamed,
    pub infos: Table<InfoId, Info>,
    pub keyvals: Keyvals,
    pub predefined: Predefined,
    pub errors: Handlers,
    pub sessions: Table<SessionId, Session>,
    pub env: Env,
}

impl Default for Engine {
    fn default() -> Self {
        Engine {
            phase: Cell::new(Phase::Before),
            me: Cell::new(0),
            groups: Table::new(class::GROUP, "group"),
            comms: Table::new(class::COMM, "comm"),
            coll: crate::coll::State::default(),
            contexts: Contexts::default(),
            types: datatype::predefined_table(),
            unnamed_types: datatype::Unnamed::default(),
            infos: Table::new(class::INFO, "info"),
            keyvals: Keyvals::default(),
            predefined: Predefined::default(),
            errors: Handlers::default(),
            sessions: Table::new(class::SESSION, "session"),
            env: Env::default(),
        }
    }
}

impl Engine {
    /// Runs one step of progress, lets other threads in, and sleeps when there is nothing to do for long.
    /// Blocking calls loop over it until their condition holds. No `RefCell` may be borrowed by the caller.
    pub fn progress_wait(&self) -> Result {
        todo!("skeleton: replaced when p2p lands")
    }
}
