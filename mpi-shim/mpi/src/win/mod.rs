//! Windows: one-sided communication (MPI-5.0 §12).
//!
//! One up: the emitters call the functions re-exported here. One down: `request` and `p2p::protocol` carry letters
//! and data; [`vmi::shm::window`] is memory that all processes of a window map.
//!
//! ```text
//!   origin  check → direct: load and store (own memory, or a window whose memory all its processes map)
//!                 → outbox: a letter, and data or a reply under a tag of their own
//!   target  inbox: takes letters in the order in which each origin sent them, and applies them
//! ```
//! * A target works on letters whenever its process makes progress, in any function of MPI.
//! * A window is *direct* when all its processes are on one host and it brought its own memory: then operations and
//!   locks need no help of the target. For every other window the lock of a target lives in the target's process.
//! * Letters of one origin to one target stay in order, and an accumulate operation waits for what came before, so
//!   accumulates are ordered. Updates are atomic: one process applies them (its engine's lock), or the update lock
//!   in shared memory is held.
//! * Memory is bounded: an origin waits for the target's confirmation after [`outbox::MOST_OPERATIONS`] operations.
//!
//! The memory model is MPI_WIN_UNIFIED: there is one copy of the memory, and the processors keep it coherent.

mod access;
mod apply;
mod create;
mod direct;
mod dynamic;
mod epoch;
mod inbox;
mod lock;
mod operation;
mod outbox;
mod query;
mod share;
mod wire;

pub use create::*;
pub use dynamic::*;
pub use epoch::*;
pub use lock::*;
pub use operation::*;
pub use query::*;

use crate::attr::AttrSet;
use crate::comm::Comm;
use crate::constants::class;
use crate::datatype::Datatype;
use crate::errhandler::Slot;
use crate::error::{Error, On, Result};
use crate::handle::Table;
use crate::info::Info;
use crate::{Eng, Engine, UserBuf, WinId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use vmi::core::buffer::Buffer;
use vmi::shm::window::WindowMemory;

/// How a window got its memory (engine numbering is that of the standard ABI).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavor {
    Create = 311,
    Allocate = 312,
    Dynamic = 313,
    Shared = 314,
}

/// MPI_WIN_UNIFIED.
const UNIFIED: i32 = 321;

/// What one process of a window put up.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub size: i64,
    pub unit: i64,
    /// Where its memory begins in the shared memory of a direct window.
    pub offset: usize,
}

/// What keeps the memory of a window alive.
pub enum Memory {
    /// It is the program's.
    Program,
    Own(#[allow(dead_code, reason = "held, not used")] Rc<Buffer>),
    Shared(WindowMemory),
}

pub struct Win {
    pub id: Cell<WinId>,
    /// A communicator of its own: letters and data on its context, barriers on its collective context.
    comm: Rc<Comm>,
    flavor: Flavor,
    base: UserBuf,
    /// By rank.
    parts: Vec<Part>,
    memory: Memory,
    /// Regions attached to a dynamic window: first byte and length.
    attached: RefCell<Vec<(usize, usize)>>,
    access: access::Access,
    outbox: outbox::Outbox,
    inbox: inbox::Inbox,
    attrs: AttrSet,
    errhandler: Slot,
    name: RefCell<String>,
    info: Info,
    /// What the predefined attributes point to.
    numbers: Box<query::Numbers>,
    /// An error that a target reported or a lost connection; the next synchronization returns it.
    fault: RefCell<Option<Error>>,
}

impl Win {
    fn size(&self) -> i32 {
        self.comm.size()
    }

    /// The error handler attached to it.
    pub fn errhandler(&self) -> &Slot {
        &self.errhandler
    }

    fn rank(&self) -> i32 {
        self.comm.rank
    }

    /// All its processes map its memory.
    fn shared(&self) -> Option<&WindowMemory> {
        match &self.memory {
            Memory::Shared(memory) => Some(memory),
            _ => None,
        }
    }

    /// The memory of `rank`, if this process can load and store there.
    fn reach(&self, rank: i32) -> Option<UserBuf> {
        match self.shared() {
            Some(memory) => {
                let part = &self.parts[rank as usize];
                Some(memory.data(part.offset, part.size as usize))
            }
            None => (rank == self.rank()).then_some(self.base),
        }
    }

    /// The error, as one of this window.
    fn own(&self, error: Error) -> Error {
        Error::new(error.code(), error.text()).on(On::Win(self.id.get()))
    }

    fn record(&self, error: Error) {
        let error = self.own(error);
        self.fault.borrow_mut().get_or_insert(error);
    }

    /// An error that came up meanwhile.
    fn verdict(&self) -> Result {
        self.fault.borrow_mut().take().map_or(Ok(()), Err)
    }

    /// Makes progress until `done`, and at least once: programs call synchronizing functions in a loop while they wait
    /// for operations of others, which must proceed.
    fn wait(&self, e: Eng, done: impl Fn() -> bool) -> Result {
        e.progress_test();
        while !done() {
            e.progress_wait()?;
        }
        Ok(())
    }
}

/// All windows of a process, and what they share.
pub struct Windows {
    pub table: Table<WinId, Win>,
    /// Those whose letters must be looked after.
    live: RefCell<Vec<Rc<Win>>>,
    /// Types of other processes, by their description.
    types: RefCell<HashMap<Vec<u8>, Rc<Datatype>>>,
    kind_to_abi: Cell<fn(i32) -> i32>,
    /// Windows there are, and operations that have to be looked after between messages.
    count: Cell<u32>,
}

impl Default for Windows {
    fn default() -> Self {
        Windows {
            table: Table::new(class::WIN, "win"),
            live: RefCell::default(),
            types: RefCell::default(),
            kind_to_abi: Cell::new(|kind| kind),
            count: Cell::new(0),
        }
    }
}

impl Windows {
    pub fn any(&self) -> bool {
        self.count.get() > 0
    }

    fn add(&self, win: &Rc<Win>) {
        self.live.borrow_mut().push(win.clone());
        self.count.set(self.count.get() + 1);
    }

    fn remove(&self, win: &Rc<Win>) {
        self.live.borrow_mut().retain(|w| !Rc::ptr_eq(w, win));
        self.count.set(self.count.get() - 1);
    }

    /// The type that another process described; the latest are kept.
    fn type_of(&self, e: Eng, described: &[u8]) -> Option<Rc<Datatype>> {
        if let Some(known) = self.types.borrow().get(described) {
            return Some(known.clone());
        }
        let made = crate::datatype::wire::decode(e, described)?;
        let mut types = self.types.borrow_mut();
        if types.len() >= 64 {
            types.clear();
        }
        types.insert(described.to_vec(), made.clone());
        Some(made)
    }
}

/// Looks after the letters and operations of every window; true if anything happened.
pub fn step(e: Eng) -> bool {
    let mut any = false;
    let mut i = 0;
    loop {
        let next = e.windows.live.borrow().get(i).cloned();
        let Some(win) = next else { return any };
        any |= inbox::step(e, &win);
        any |= outbox::step(e, &win);
        i += 1;
    }
}

/// Called once by an ABI whose numbers for flavors and models differ from the engine's.
pub fn set_kinds(e: &Engine, kind_to_abi: fn(i32) -> i32) {
    e.windows.kind_to_abi.set(kind_to_abi);
}
