//! Environment: beginning and end of the library, versions, clocks, memory, names (MPI-5.0 §9, §11).

use crate::engine::Phase;
use crate::{CommId, Eng, Engine};

/// Life of the library in this process, and what the program asked for.
#[derive(Default)]
pub struct Env {}

impl Engine {
    /// Number of processes of the job.
    pub fn world_size(&self) -> u32 {
        self.comms.find(CommId(257)).map_or(1, |world| world.size() as u32)
    }

    /// Number of the host that process `proc` runs on.
    pub fn host_of(&self, _proc: u32) -> u32 {
        0
    }
}

/// Who reports an error: "rank 2 (host)".
pub fn whoami(e: Eng) -> String {
    match e.phase.get() {
        Phase::Before => format!("process {} (before MPI_Init)", std::process::id()),
        _ => format!("rank {} ({})", e.me.get(), host_name()),
    }
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or("localhost".into(), |s| s.trim().to_string())
}

/// Prints `sentence` and ends all processes of the job with exit code `code`.
pub fn end_job(_e: &Engine, code: i32, sentence: &str) -> ! {
    eprintln!("{sentence}");
    std::process::exit(code)
}

/// What MPI_INFO_ENV holds.
pub fn info_pairs(_e: Eng) -> Vec<(String, String)> {
    Vec::new()
}
