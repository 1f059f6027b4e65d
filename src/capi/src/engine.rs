//! All state of one process, its beginning and its end.

use crate::alerts::Alerts;
use crate::args::{self, allocate, store_text};
use crate::connection::{Connection, Connections};
use crate::data;
use crate::devices::Changes;
use crate::io::Io;
use crate::key::Settings;
use crate::meeting::Meeting;
use crate::memory::Cache;
use crate::message::{Message, Outgoing};
use crate::pool::Pool;
use crate::rdma::Rdma;
use crate::status::{Code, Fault, Result, fail};
use crate::stream::Stream;
use crate::table::{Table, Tag};
use crate::traffic::Traffic;
use crate::types::VMI_NETADDRESS;
use crate::ways::{Way, Ways};
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::{Arc, OnceLock, atomic::Ordering};
use vmi::core::attendant::Host;
use vmi::core::buffer::Buffer;
use vmi::core::filter::Spec;
use vmi::core::{Core, Place, config::Config};
use vmi::job::Job;
use vmi::shm::node::Node;
use vmi::sync::{EngineLock, Guard};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Before,
    Starting,
    Running,
    Ended,
}

pub type Eng = &'static Engine;

pub struct Engine {
    pub phase: Cell<Phase>,
    pub job: OnceCell<&'static Job>,
    /// The memory that the members of the job on this host share.
    pub node: OnceCell<Arc<Node>>,
    pub settings: RefCell<Settings>,
    pub config: OnceCell<Config>,
    pub ways: Ways,
    pub meeting: RefCell<Option<Meeting>>,
    pub traffic: Traffic,
    pub connections: Connections,
    pub buffers: Table<Buffer>,
    pub cache: Cache,
    pub pools: Table<Pool>,
    /// Slabs that have arrived, and slabs to send.
    pub slabs: Table<Message>,
    pub outgoing: Table<Outgoing>,
    pub streams: Table<Stream>,
    /// Largest inline message; a copy of the setting.
    pub inline_max: Cell<usize>,
    pub rdma: Rdma,
    pub io: Io,
    pub changes: Changes,
    pub alerts: Alerts,
}

impl Default for Engine {
    fn default() -> Self {
        Engine {
            phase: Cell::new(Phase::Before),
            job: OnceCell::new(),
            node: OnceCell::new(),
            settings: RefCell::default(),
            config: OnceCell::new(),
            ways: Ways::default(),
            meeting: RefCell::default(),
            traffic: Traffic::default(),
            connections: Connections::default(),
            buffers: Table::new(Tag::Buffer),
            cache: Cache::default(),
            pools: Table::new(Tag::Pool),
            slabs: Table::new(Tag::Slab),
            outgoing: Table::new(Tag::Outgoing),
            streams: Table::new(Tag::Stream),
            inline_max: Cell::new(0),
            rdma: Rdma::default(),
            io: Io::default(),
            changes: Changes::default(),
            alerts: Alerts::default(),
        }
    }
}

static ENGINE: OnceLock<EngineLock<Engine>> = OnceLock::new();

/// Enters the library for the length of a call.
pub fn enter() -> Guard<'static, Engine> {
    ENGINE.get_or_init(|| EngineLock::new(Engine::default())).enter()
}

impl Engine {
    /// Err before `VMI_Init` and after `VMI_Terminate`.
    #[inline]
    pub fn running(&self) -> Result {
        match self.phase.get() {
            Phase::Running => Ok(()),
            Phase::Before | Phase::Starting => fail!(State, "VMI_Init has not been called"),
            Phase::Ended => fail!(State, "VMI_Terminate has been called"),
        }
    }

    pub fn connection(&self, handle: crate::types::PVMI_CONNECT) -> Result<std::rc::Rc<Connection>> {
        self.running()?;
        self.connections.table.get(handle)
    }
}

/// `VMI_Init`, and `VMI_Init_With_Key`, which leaves the job alone. All that is needed of the environment is copied
/// here: programs free its memory afterwards.
pub fn begin(e: Eng, key: Option<String>) -> Result {
    match e.phase.get() {
        Phase::Before => {}
        Phase::Starting => fail!(State, "VMI is being initialized: it cannot be a network of itself"),
        Phase::Running => fail!(State, "VMI is initialized already"),
        Phase::Ended => fail!(State, "VMI was terminated, it cannot be initialized again"),
    }
    e.phase.set(Phase::Starting);
    let started = start(e, key);
    e.phase.set(if started.is_ok() { Phase::Running } else { Phase::Before });
    started
}

fn start(e: Eng, key: Option<String>) -> Result {
    let in_job = |why: String| Fault::new(Code::Job, why);
    let mut settings = Settings::read(|name| std::env::var(name).ok())?;
    // Outside of a job there is shared memory only: the machine's networks join jobs.
    let load = || if key.is_some() { Ok(Config::default()) } else { Config::load() };
    let config = e.config.get_or_init_with(load).map_err(in_job)?.clone();
    let (host, all_here) = match key {
        Some(key) => {
            settings.key = key;
            e.ways.add(Way::of(Core::alone(), 1, 0, None));
            (vmi::job::host_name(), true)
        }
        None => enter_job(e, &mut settings, config)?,
    };
    *e.meeting.borrow_mut() = Some(Meeting::open(&settings.key)?);
    if let (false, Some(job)) = (all_here, e.job.get()) {
        job.fence().map_err(|why| in_job(why.to_string()))?;
    }
    let own = address(&host, 0, &args::own_user(), &settings.key)?;
    data::localAddress.set(allocate(own)?);
    e.inline_max.set(settings.inline_max);
    *e.settings.borrow_mut() = settings;
    args::at_exit(leave_at_exit);
    Ok(())
}

/// Joins the job. Returns the name of this host, and whether all members are here.
fn enter_job(e: Eng, settings: &mut Settings, config: Config) -> Result<(String, bool)> {
    let job = join(e)?;
    settings.complete_key(job.rank(), job.size(), &job.secret());
    let put = job.put(KEY_CARD, settings.key.as_bytes());
    put.map_err(|why| Fault::new(Code::Job, why.to_string()))?;
    e.ways.add(Way::of(open_core(e, job, config)?, job.size(), job.rank(), None));
    Ok((job.host_of(job.rank()).to_string(), job.all_local()))
}

/// The card under which a process of a job puts up its key.
pub const KEY_CARD: &str = "vmi.key";

/// A failed `VMI_Init` may be repeated, but a job can be joined only once.
fn join(e: Eng) -> Result<&'static Job> {
    if let Some(job) = e.job.get() {
        return Ok(job);
    }
    let job = Job::discover().map_err(|why| Fault::new(Code::Job, why.to_string()))?;
    Ok(e.job.get_or_init(|| Box::leak(Box::new(job))))
}

fn open_core(e: Eng, job: &'static Job, config: Config) -> Result<Core> {
    let local = job.local_ranks().to_vec();
    let map = || Node::map(job.node_segment(), local.len());
    let node = e.node.get_or_init_with(map);
    let node = node.map_err(|why| Fault::new(Code::Job, format!("shared memory of this host: {why}")))?;
    // Whatever network is used: by this a process that listens is known as a member of the job.
    node.control(job.local_index()).pid.store(std::process::id(), Ordering::Release);
    let wrong = |why| Fault::new(Code::Job, why);
    let lookup = |name: &str| std::env::var(name).ok();
    let host: Option<Arc<dyn Host>> =
        if vmi::sys::barrier::register() { Some(Arc::new(Visited)) } else { None };
    let visited = host.is_some();
    let place = Place {
        directory: Some(job),
        host,
        filters: Spec::parse_list(&lookup("VMI_CHAIN").unwrap_or_default()).map_err(wrong)?,
        settings: vmi::devices::xfer::Settings::load(lookup).map_err(wrong)?,
        direct: lookup("VMI_XFER").is_some_and(|value| value == "0"),
        ..Place::plain(job.rank(), job.size(), local, node.clone(), config)
    };
    let mut core = Core::open(place).map_err(wrong)?;
    if visited && let Some(server) = vmi::manage::server(job) {
        core.serve(server).map_err(wrong)?;
    }
    Ok(core)
}

/// The engine as the core's helper thread sees it. It never runs code of the program.
struct Visited;

impl Host for Visited {
    fn progress(&self) {
        if let Some(engine) = ENGINE.get() {
            engine.visit(crate::traffic::tend);
        }
    }

    fn visit(&self, work: &mut dyn FnMut(&mut Core)) {
        let Some(engine) = ENGINE.get() else { return };
        engine.visit(|e| {
            if let Some(way) = e.ways.get(0) {
                let mut core = way.core.borrow_mut();
                work(&mut core);
                core.ring_own_bell();
            }
        });
    }
}

pub fn address(host: &str, port: u32, user: &str, key: &str) -> Result<VMI_NETADDRESS> {
    let mut address = VMI_NETADDRESS { version: 1, port, host: [0; 256], user: [0; 64], key: [0; 264] };
    store_text(&mut address.host, host, "host")?;
    store_text(&mut address.user, user, "user")?;
    store_text(&mut address.key, key, "key")?;
    Ok(address)
}

/// `VMI_Terminate`.
pub fn end(e: Eng) {
    if e.phase.get() != Phase::Running {
        return;
    }
    crate::traffic::drain(e);
    e.phase.set(Phase::Ended);
    *e.meeting.borrow_mut() = None;
    e.ways.close();
    if let Some(job) = e.job.get() {
        // The launcher learns from our exit code what it could not be told.
        let _ = job.finalize();
    }
}

/// A program that just exits has not had an accident.
extern "C" fn leave_at_exit() {
    end(enter().value());
}

/// `OnceCell::get_or_try_init` is not stable.
trait TryInit<T> {
    fn get_or_init_with<E>(
        &self,
        make: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<&T, E>;
}

impl<T> TryInit<T> for OnceCell<T> {
    fn get_or_init_with<E>(
        &self,
        make: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => make().map(|value| self.get_or_init(|| value)),
        }
    }
}
