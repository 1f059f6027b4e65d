//! The engine: all state of one process's MPI, and the one lock around it.
//!
//! Each field is the state of one module. State is reached through shared references and short `RefCell`
//! borrows, so a callback of the program may call MPI again; no borrow is held while a callback runs or while
//! progress may give the lock to another thread.

use crate::MessageId;
use crate::attr::{Keyvals, Predefined};
use crate::comm::{Comm, context::Contexts};
use crate::constants::class;
use crate::datatype;
use crate::env::Env;
use crate::errhandler::Handlers;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::handle::Table;
use crate::info::Info;
use crate::op;
use crate::p2p::buffered::Buffers;
use crate::p2p::probe::Message;
use crate::p2p::progress::Waiting;
use crate::p2p::protocol::Traffic;
use crate::session::Session;
use crate::{CommId, GroupId, InfoId, SessionId};
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::{Arc, OnceLock};
use vmi::core::attendant::Host;
use vmi::core::filter::Spec;
use vmi::core::{Core, Place, config::Config};
use vmi::devices::xfer::Settings;
use vmi::job::Job;
use vmi::shm::node::Node;
use vmi::sync::{EngineLock, Guard};

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
    /// Types made by `MPI_Type_create_f90_*`, which are never freed.
    pub unnamed_types: datatype::Unnamed,
    pub ops: op::Ops,
    pub infos: Table<InfoId, Info>,
    pub keyvals: Keyvals,
    pub predefined: Predefined,
    pub errors: Handlers,
    pub sessions: Table<SessionId, Session>,
    pub env: Env,
    /// Who we are in the job; set when the engine starts.
    pub job: OnceCell<Job>,
    pub traffic: RefCell<Traffic>,
    pub messages: Table<MessageId, Message>,
    pub buffers: Buffers,
    pub waiting: Waiting,
    pub windows: crate::win::Windows,
    /// Generic requests that are not complete.
    pub generic_live: Cell<u32>,
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
            ops: op::predefined_table(),
            infos: Table::new(class::INFO, "info"),
            keyvals: Keyvals::default(),
            predefined: Predefined::default(),
            errors: Handlers::default(),
            sessions: Table::new(class::SESSION, "session"),
            env: Env::default(),
            job: OnceCell::new(),
            traffic: RefCell::new(Traffic::new(Core::alone(), 1)),
            messages: Table::new(class::REQUEST, "message"),
            buffers: Buffers::default(),
            waiting: Waiting::default(),
            windows: crate::win::Windows::default(),
            generic_live: Cell::new(0),
        }
    }
}

static ENGINE: OnceLock<EngineLock<Engine>> = OnceLock::new();

fn cell() -> &'static EngineLock<Engine> {
    ENGINE.get_or_init(|| EngineLock::new(Engine::default()))
}

/// Enters the library. The emitters hold the guard for the length of a call.
#[inline]
pub fn enter() -> Guard<'static, Engine> {
    cell().enter()
}

/// From now on several threads may call at once (MPI_THREAD_MULTIPLE).
pub fn share() {
    cell().share();
}

/// True if several threads may call at once.
pub fn is_shared() -> bool {
    cell().is_shared()
}

/// Lets another thread of the program in for a moment. No `RefCell` may be borrowed.
pub fn give_way() {
    cell().give_way();
}

/// The engine as the core's helper thread sees it. It never runs code of the program.
struct Visited;

impl Host for Visited {
    fn progress(&self) {
        cell().visit(|e| {
            let mut traffic = e.traffic.borrow_mut();
            // Before: what has come. After: acknowledgements and answers, which nobody else will send soon.
            let found = traffic.look();
            let handled = traffic.step(false);
            if traffic.look() || found || handled {
                traffic.core.ring_own_bell();
            }
        });
    }

    fn visit(&self, work: &mut dyn FnMut(&mut Core)) {
        cell().visit(|e| {
            let mut traffic = e.traffic.borrow_mut();
            work(&mut traffic.core);
            traffic.core.ring_own_bell();
        });
    }
}

/// The devices that `VMI_CHAIN` puts on every connection: `checksum,compress level=3`.
fn initial_filters() -> std::result::Result<Vec<Spec>, String> {
    Spec::parse_list(&std::env::var("VMI_CHAIN").unwrap_or_default())
}

/// Runs `f` (a sleep) with the library open to other threads. No `RefCell` may be borrowed.
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    cell().release_while(f)
}

impl Engine {
    /// Opens the messaging layer; MPI_Init calls it once the process knows its place in the job.
    pub fn start(&self, job: &'static Job) -> Result {
        let local = job.local_ranks().to_vec();
        self.waiting.tune(local.len(), job.cores());
        let node = Node::map(job.node_segment(), local.len())
            .map_err(|why| Error::new(class::OTHER, format!("shared memory of this host: {why}")))?;
        let failed = |why| Error::new(class::OTHER, why);
        let place = Place {
            rank: job.rank(),
            size: job.size(),
            local,
            node: Some(node),
            config: Config::load_with_layers().map_err(failed)?,
            directory: Some(job),
            host: Some(Arc::new(Visited)),
            filters: initial_filters().map_err(failed)?,
            settings: Settings::load(|name| std::env::var(name).ok()).map_err(failed)?,
            direct: std::env::var("VMI_XFER").is_ok_and(|v| v == "0"),
        };
        let mut core = Core::open(place).map_err(failed)?;
        if let Some(server) = vmi::manage::server(job) {
            core.serve(server).map_err(failed)?;
        }
        let mut traffic = Traffic::new(core, job.size() as usize);
        traffic.allow_bounces(self.waiting.is_roomy());
        *self.traffic.borrow_mut() = traffic;
        Ok(())
    }

    /// Ends traffic: everything this process owes its peers leaves. Call after the last barrier.
    pub fn stop(&'static self) -> Result {
        while self.traffic.borrow().owes() || self.traffic.borrow().core.retains() {
            self.progress_wait()?;
        }
        // A process that never had to sleep has not told anybody yet.
        self.tell_alerts();
        self.traffic.borrow_mut().core.close();
        Ok(())
    }
}
