//! How a process learns who it is: rank, size, the host of every rank, the shared segment of its node.
//!
//! [`Job::discover`] asks, in this order: our own launcher `vmirun` (its node agent, over a unix socket), a PMI-1
//! server (MPICH's and Intel's `mpiexec`), or concludes that the process runs alone. A process that finds a
//! launcher's variables and cannot use them gets an error, never a silent job of one.
//!
//! Above it: the core. Below it: `sys`. It moves no message of the user; what it carries are small *cards* that
//! ranks put up for each other (addresses), fences, and the order to abort. All calls may block and none is on a
//! fast path. Threads: every method takes `&self`; calls are serialised inside.

pub mod auth;
mod directory;
mod environment;
mod error;
pub mod frame;
mod node;
mod own;
mod pmi1;
pub mod protocol;
pub mod share;
mod single;

pub use environment::is_foreign_variable;
pub use error::JobError;
pub use node::{host_name, new_segment};

use environment::Launcher;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// Where this process stands in its job. Filled once by [`Job::discover`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub rank: u32,
    /// Index into `hosts` for each rank; its length is the size of the job.
    pub host_of: Vec<u32>,
    pub hosts: Vec<String>,
    pub app: u32,
    pub universe: u32,
    pub secret: [u8; 32],
}

/// The conversation with a launcher.
pub(crate) trait Link: Send {
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), JobError>;
    fn get(&mut self, rank: u32, key: &str) -> Result<Vec<u8>, JobError>;
    fn fence(&mut self) -> Result<(), JobError>;
    fn finalize(&mut self) -> Result<(), JobError>;
    /// Asks the launcher to end the job. May return when the request could not be delivered.
    fn abort(&mut self, code: i32, text: &str);
    /// Readable when the launcher has something to say, which is the end of the job.
    fn event_fd(&self) -> Option<BorrowedFd<'_>>;
}

/// This process as a member of a job.
pub struct Job {
    place: Place,
    local: Vec<u32>,
    local_index: usize,
    segment: OwnedFd,
    link: Mutex<Box<dyn Link>>,
    /// A duplicate of the link's descriptor, so that it can be waited for without the lock.
    event: Option<OwnedFd>,
}

impl Job {
    /// Finds out who this process is. Under a launcher it must be called once per process.
    ///
    /// # Errors
    /// A sentence for the user: which launcher was found, and why it cannot be used.
    pub fn discover() -> Result<Job, JobError> {
        let launcher = environment::detect(|name| std::env::var(name).ok())?;
        let (place, segment, link) = match launcher {
            Launcher::Own(own) => own::join(&own)?,
            Launcher::Pmi1(server) => pmi1::join(&server)?,
            Launcher::None => single::join()?,
        };
        Job::new(place, segment, link)
    }

    fn new(place: Place, segment: OwnedFd, link: Box<dyn Link>) -> Result<Job, JobError> {
        let host = *place
            .host_of
            .get(place.rank as usize)
            .ok_or_else(|| JobError::Protocol(format!("rank {} is outside the job", place.rank)))?;
        if let Some(bad) = place.host_of.iter().find(|h| **h as usize >= place.hosts.len()) {
            return Err(JobError::Protocol(format!("host number {bad} of {}", place.hosts.len())));
        }
        let local: Vec<u32> =
            (0..place.host_of.len() as u32).filter(|r| place.host_of[*r as usize] == host).collect();
        let local_index = local.iter().position(|r| *r == place.rank).unwrap_or_default();
        let event = link.event_fd().map(|fd| fd.try_clone_to_owned()).transpose();
        let event =
            event.map_err(|e| JobError::Lost(format!("cannot duplicate the launcher's descriptor: {e}")))?;
        Ok(Job { place, local, local_index, segment, link: Mutex::new(link), event })
    }

    fn link(&self) -> std::sync::MutexGuard<'_, Box<dyn Link>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn rank(&self) -> u32 {
        self.place.rank
    }

    pub fn size(&self) -> u32 {
        self.place.host_of.len() as u32
    }

    /// The name of the host a rank runs on. Ranks with the same host share a node segment.
    ///
    /// # Panics
    /// When `rank` is not below [`Job::size`].
    pub fn host_of(&self, rank: u32) -> &str {
        &self.place.hosts[self.place.host_of[rank as usize] as usize]
    }

    /// Whether `rank` shares the node segment with this process.
    pub fn is_local(&self, rank: u32) -> bool {
        self.place.host_of.get(rank as usize) == self.place.host_of.get(self.place.rank as usize)
    }

    /// The ranks that share the node segment, ascending, this one included.
    pub fn local_ranks(&self) -> &[u32] {
        &self.local
    }

    /// This rank's position in [`Job::local_ranks`].
    pub fn local_index(&self) -> usize {
        self.local_index
    }

    pub fn all_local(&self) -> bool {
        self.local.len() == self.place.host_of.len()
    }

    /// The zero-initialised memory file shared by the ranks of this host. Its size cannot change.
    pub fn node_segment(&self) -> BorrowedFd<'_> {
        self.segment.as_fd()
    }

    /// Known to the members of this job only; authenticates their network connections.
    pub fn secret(&self) -> [u8; 32] {
        self.place.secret
    }

    /// Processors that the ranks of this host share.
    pub fn cores(&self) -> usize {
        let own = std::thread::available_parallelism().map_or(1, usize::from);
        let told = std::env::var(protocol::variable::CORES).ok().and_then(|v| v.parse().ok());
        told.unwrap_or(own).max(own)
    }

    /// Which program of a job of several programs this is, from 0.
    pub fn appnum(&self) -> u32 {
        self.place.app
    }

    pub fn universe_size(&self) -> u32 {
        self.place.universe
    }

    /// Puts up a card of this rank. Others can read it after the next [`Job::fence`].
    pub fn put(&self, key: &str, value: &[u8]) -> Result<(), JobError> {
        self.link().put(key, value)
    }

    /// Reads a card of `rank`. Under `vmirun` it waits until the card is there; a PMI-1 server knows only cards
    /// that were put up before the last fence, so put, fence, then get.
    pub fn get(&self, rank: u32, key: &str) -> Result<Vec<u8>, JobError> {
        if rank >= self.size() {
            return Err(JobError::Protocol(format!("card of rank {rank} in a job of {}", self.size())));
        }
        self.link().get(rank, key)
    }

    /// Waits until every rank of the job has called it.
    pub fn fence(&self) -> Result<(), JobError> {
        self.link().fence()
    }

    /// Says that this rank may now exit without being an accident. Call it once, last.
    pub fn finalize(&self) -> Result<(), JobError> {
        self.link().finalize()
    }

    /// Ends the whole job with `code` and this process with it.
    pub fn abort(&self, code: i32, text: &str) -> ! {
        // Another thread may wait for the launcher with the lock held; the launcher then learns from our exit code.
        match self.link.try_lock() {
            Ok(mut link) => link.abort(code, text),
            Err(std::sync::TryLockError::Poisoned(link)) => link.into_inner().abort(code, text),
            Err(std::sync::TryLockError::WouldBlock) => eprintln!("{text}"),
        }
        crate::sys::process::exit_now(if code & 0xff == 0 && code != 0 { 1 } else { code & 0xff })
    }

    /// Becomes readable when the launcher has ended the job or died; the process should then call
    /// [`Job::abort`]. `None` for a process that runs alone.
    pub fn event_fd(&self) -> Option<BorrowedFd<'_>> {
        self.event.as_ref().map(|fd| fd.as_fd())
    }
}

#[cfg(test)]
mod tests;
