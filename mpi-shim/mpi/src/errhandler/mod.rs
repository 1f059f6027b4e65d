//! Error handlers: who has which, and what happens when a function fails.
//!
//! One up: the emitters call [`raise`] with the error of a function and return what it returns. An error handler
//! is an [`Errhandler`] shared by its handle and by the objects it is attached to ([`Slot`]), so freeing the
//! handle leaves the objects as they are. Codes and their texts live in `codes`.
//!
//! MPI-5.0 §9.3: errors that belong to no object go to the handler of MPI_COMM_SELF; before initialization and
//! after finalization the initial handler decides.

mod codes;
mod functions;
#[cfg(test)]
mod tests;
mod texts;

pub use codes::*;
pub use functions::*;

use crate::constants::{class, predefined};
use crate::engine::Phase;
use crate::error::{Error, On, Result};
use crate::handle::Table;
use crate::{CommId, Eng, ErrOn, ErrhandlerId, Handle, UserFn, env};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vmi_mpi_args::callbacks;

/// What an error handler does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Ends all processes of the job (MPI_ERRORS_ARE_FATAL).
    Fatal,
    /// Ends the processes of the communicator (MPI_ERRORS_ABORT).
    Abort,
    /// Returns the code to the caller (MPI_ERRORS_RETURN).
    Return,
    /// Calls a function of the program, for objects of one kind.
    User(UserFn, ErrOn),
}

/// An error handler.
pub struct Errhandler {
    pub action: Action,
    /// Its handle, valid while `handles` is not 0.
    id: Cell<ErrhandlerId>,
    /// How many handles the program holds: one from create, one from each get.
    handles: Cell<u32>,
}

impl Errhandler {
    fn new(action: Action, id: ErrhandlerId) -> Errhandler {
        Errhandler { action, id: Cell::new(id), handles: Cell::new(0) }
    }
}

/// The error handler attached to one object.
pub struct Slot(RefCell<Rc<Errhandler>>);

impl Slot {
    pub fn new(handler: Rc<Errhandler>) -> Slot {
        Slot(RefCell::new(handler))
    }
    pub fn get(&self) -> Rc<Errhandler> {
        self.0.borrow().clone()
    }
    pub fn set(&self, handler: Rc<Errhandler>) {
        *self.0.borrow_mut() = handler;
    }
    /// A new object that inherits the handler of this one.
    pub fn inherit(&self) -> Slot {
        Slot::new(self.get())
    }
}

/// State of this module.
pub struct Handlers {
    pub table: Table<ErrhandlerId, Errhandler>,
    pub codes: Codes,
    /// Decides before initialization and after finalization.
    pub initial: Slot,
    /// The handler of MPI_FILE_NULL: what a newly opened file gets.
    pub file_default: Slot,
}

impl Default for Handlers {
    fn default() -> Self {
        let table = Table::new(class::ERRHANDLER, "error handler");
        let add = |id, action| table.set_predefined(id, Errhandler::new(action, id));
        let fatal = add(predefined::ERRORS_ARE_FATAL, Action::Fatal);
        add(predefined::ERRORS_ABORT, Action::Abort);
        let returns = add(predefined::ERRORS_RETURN, Action::Return);
        Handlers {
            initial: Slot::new(fatal),
            file_default: Slot::new(returns),
            codes: Codes::default(),
            table,
        }
    }
}

impl Handlers {
    /// A slot with a predefined handler.
    pub fn slot(&self, predefined: ErrhandlerId) -> Result<Slot> {
        Ok(Slot::new(self.table.get(predefined)?))
    }
}

/// Reports the error of `function` to the error handler that decides about it. `default` is the object among the
/// arguments of the function. Returns the code that the function returns to the program (engine numbering):
/// the low 16 bits tell class or user code, the others find the text that MPI_Error_string shows.
#[cold]
pub fn raise(e: Eng, function: &str, err: Error, default: Option<On>) -> i32 {
    let code = remember(e, function, &err);
    let on = err.target().or(default);
    call(e, on, code);
    code
}

/// Keeps the text of an error for MPI_Error_string; returns its code. For errors that are reported in a status.
#[cold]
pub fn remember(e: Eng, function: &str, err: &Error) -> i32 {
    e.errors.codes.remember(err.code(), &format!("{function}: {}", err.text()))
}

/// Calls the handler that decides about errors on `on`.
pub(crate) fn call(e: Eng, on: Option<On>, code: i32) {
    let (handler, object, handle) = responsible(e, on);
    match handler.action {
        Action::Return => {}
        Action::User(function, _) => {
            if let Some(callbacks) = callbacks() {
                (callbacks.errhandler)(function, object, handle, code);
            }
        }
        Action::Fatal | Action::Abort => die(e, code),
    }
}

/// The error handler in charge, with the object it is told about.
fn responsible(e: Eng, on: Option<On>) -> (Rc<Errhandler>, ErrOn, u32) {
    let found = on.and_then(|on| attached(e, on));
    let nobody = || (e.errors.initial.get(), ErrOn::Comm, predefined::COMM_SELF.to_u32());
    found.or_else(|| of_no_object(e)).unwrap_or_else(nobody)
}

/// MPI-5.0 §9.3: the handler of MPI_COMM_SELF. Where a program left that alone, the handler of MPI_COMM_WORLD, as
/// programs written for MPI before version 4 expect.
fn of_no_object(e: Eng) -> Option<(Rc<Errhandler>, ErrOn, u32)> {
    let own = attached(e, On::Comm(predefined::COMM_SELF)).filter(|_| e.phase.get() == Phase::Running)?;
    match own.0.action {
        Action::Fatal => attached(e, On::Comm(predefined::COMM_WORLD)),
        _ => Some(own),
    }
}

fn attached(e: Eng, on: On) -> Option<(Rc<Errhandler>, ErrOn, u32)> {
    match on {
        On::Comm(id) => e.comms.find(id).map(|c| (c.errhandler.get(), ErrOn::Comm, id.to_u32())),
        On::Session(id) => e.sessions.find(id).map(|s| (s.errhandler.get(), ErrOn::Session, id.to_u32())),
        On::File(id) => Some((e.errors.file_default.get(), ErrOn::File, id.to_u32())),
        On::Win(id) => e.windows.table.find(id).map(|w| (w.errhandler().get(), ErrOn::Win, id.to_u32())),
    }
}

/// Says once what happened, and ends the job.
fn die(e: Eng, code: i32) -> ! {
    let text = e.errors.codes.text(code).unwrap_or_else(|| format!("error code {code}"));
    let sentence = match text.split_once(": ") {
        Some((function, rest)) if function.starts_with("MPI") => {
            format!("{function} failed on {}: {rest}", env::whoami(e))
        }
        _ => format!("error on {}: {text}", env::whoami(e)),
    };
    env::end_job(e, e.errors.codes.class_of(code).unwrap_or(class::OTHER), &sentence)
}

/// The communicator whose handler a function without a communicator argument uses.
pub const SELF: Option<On> = Some(On::Comm(CommId(258)));
