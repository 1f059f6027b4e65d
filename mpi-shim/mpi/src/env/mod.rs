//! Environment: beginning and end of the library, versions, clocks, memory, names (MPI-5.0 §9 and §11).
//!
//! [`init`] finds the job, makes the predefined communicators and starts the messaging core; [`finalize`] is the
//! reverse. One down: `vmi::job` for who we are, [`crate::comm`], and [`Engine::start`].

mod inquiry;
mod life;
mod memory;

pub use inquiry::*;
pub use life::*;
pub use memory::*;

use crate::constants::{THREAD_SINGLE, predefined};
use crate::engine::Phase;
use crate::{Eng, Engine};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write;
use std::thread::ThreadId;

/// Life of the library in this process, and what the program asked for.
pub struct Env {
    /// Where MPI_Init and MPI_Finalize stand. The engine may be running for sessions alone.
    world: Cell<Phase>,
    sessions: Cell<u32>,
    left_job: Cell<bool>,
    thread_level: Cell<i32>,
    main_thread: Cell<Option<ThreadId>>,
    /// By address: memory from MPI_Alloc_mem.
    memory: RefCell<HashMap<usize, Vec<u8>>>,
    /// Number of the host of each process of the job.
    host_of: RefCell<Vec<u32>>,
    fortran: RefCell<Vec<(String, String)>>,
}

impl Default for Env {
    fn default() -> Self {
        Env {
            world: Cell::new(Phase::Before),
            sessions: Cell::new(0),
            left_job: Cell::new(false),
            thread_level: Cell::new(THREAD_SINGLE),
            main_thread: Cell::new(None),
            memory: RefCell::default(),
            host_of: RefCell::default(),
            fortran: RefCell::default(),
        }
    }
}

impl Engine {
    /// Number of processes of the job.
    pub fn world_size(&self) -> u32 {
        self.comms.find(predefined::COMM_WORLD).map_or(1, |world| world.size() as u32)
    }

    /// Number of the host that process `proc` runs on.
    pub fn host_of(&self, proc: u32) -> u32 {
        self.env.host_of.borrow().get(proc as usize).copied().unwrap_or(0)
    }
}

/// Who reports an error: "rank 2 (host)".
pub fn whoami(e: Eng) -> String {
    match e.job.get() {
        Some(job) => format!("rank {} ({})", job.rank(), job.host_of(job.rank())),
        None => format!("process {} ({})", std::process::id(), host_name()),
    }
}

pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| "localhost".to_string(), |name| name.trim().to_string())
}

/// Says `sentence` once and ends all processes of the job with exit code `code`; never with an exit code that
/// reads as success, unless `code` is 0.
pub fn end_job(e: &Engine, code: i32, sentence: &str) -> ! {
    let code = if code != 0 && code & 0xff == 0 { 1 } else { code & 0xff };
    match e.job.get().filter(|_| !e.env.left_job.get()) {
        Some(job) => job.abort(code, sentence),
        None => {
            // One write: other processes share the stream.
            let _ = std::io::stderr().write_all(format!("{sentence}\n").as_bytes());
            std::process::exit(code)
        }
    }
}
