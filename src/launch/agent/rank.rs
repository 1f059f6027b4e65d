//! One local rank: its process, its pipes, how far it has come in MPI.

use super::start::Started;
use crate::sys::process::{self, Exit};
use std::time::Instant;

/// How far a rank has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Has not asked for its place, and may never do so.
    Outside,
    /// Has joined through this connection.
    Member(u64),
    Finalized,
}

/// A local rank.
pub struct Rank {
    pub number: u32,
    pub process: Started,
    pub membership: Membership,
    pub in_fence: bool,
    pub exit: Option<Exit>,
    /// The process that had joined and whose connection has closed, and when to speak about it.
    pub vanished: Option<(i32, Instant)>,
}

impl Rank {
    pub fn new(number: u32, process: Started) -> Rank {
        Rank { number, process, membership: Membership::Outside, in_fence: false, exit: None, vanished: None }
    }

    /// Signals the rank's process and all others of its group. A process group may outlive its first process.
    pub fn signal(&self, signal: i32) {
        let _ = process::kill(-self.process.pid, signal);
    }

    /// The next moment at which something must be done for this rank.
    pub fn deadline(&self) -> Option<Instant> {
        let lines = [self.process.out.deadline(), self.process.err.deadline()];
        lines.into_iter().chain([self.vanished.map(|(_, when)| when)]).flatten().min()
    }
}
