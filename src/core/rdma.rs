//! Remote memory: puts and gets that a network carries out without frames.
//!
//! It is used between two processes that both have the network, while their connection consists of nothing but networks:
//! what moves this way passes no filter, so a connection with a filter (or with one on its way) does without. A filter in
//! its turn begins to work only when no operation is under way ([`Live::bypassing`]).
//!
//! One up: `capi`, which orders operations and messages, and repeats through frames what did not come to an end. One
//! down: a network that has it. MPI's rendezvous stays with frames: they are striped and fail over by themselves.
//!
//! [`Live::bypassing`]: super::live::connection::Live

use super::Core;
use super::connection::Route;
use super::device::SendError;
use super::network::Link;
use super::sinks::SHM;
use super::slab::BufferOp;

/// What a network can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Longest operation, bytes.
    pub max_len: usize,
    /// Operations under way at once that are worth while.
    pub depth: u32,
    /// The bytes of a put are in the peer's memory before those of the next one to this peer.
    pub ordered: bool,
}

/// Memory that peers may reach.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    pub number: u64,
    /// Opens it to whoever has it.
    pub key: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Put,
    Get,
}

/// One operation.
pub struct Move<'a> {
    /// Not used again before it has ended.
    pub operation: u64,
    pub way: Way,
    /// In this process; the network holds it until the end. Not empty.
    pub memory: &'a BufferOp,
    pub key: &'a [u8],
    /// In the peer's region; the bytes from there on lie inside of it.
    pub offset: u64,
}

/// The end of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    pub operation: u64,
    /// Why its bytes may not have arrived; None: all are there, visible to the process they are in.
    pub failed: Option<String>,
}

/// Operations that have ended, and bytes of those that succeeded.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counts {
    pub puts: u64,
    pub gets: u64,
    pub bytes: u64,
    pub failed: u64,
}

impl Counts {
    pub fn note(&mut self, way: Way, len: usize, failed: bool) {
        match (failed, way) {
            (true, _) => self.failed += 1,
            (false, Way::Put) => self.puts += 1,
            (false, Way::Get) => self.gets += 1,
        }
        self.bytes += if failed { 0 } else { len as u64 };
    }
}

/// A network's remote memory.
///
/// Not thread-safe: the engine's lock is held around every call. [`Rdma::deregister`] and [`Rdma::cancel`] may take a
/// moment, the others do not block.
pub trait Rdma {
    fn limits(&self) -> Limits;

    /// Lets peers put into and get from `memory`, which is held until [`Rdma::deregister`].
    fn register(&mut self, memory: &BufferOp) -> Result<Region, String>;

    /// No peer reaches the region after the return. `ended`: those who had the key say that their operations have ended;
    /// else what is under way is broken off, even if other operations break with it.
    fn deregister(&mut self, region: u64, ended: bool);

    /// Begins an operation; [`Rdma::ended`] tells of its end.
    fn begin(&mut self, peer: u32, what: &Move<'_>) -> Result<(), SendError>;

    /// The next operation that has ended.
    fn ended(&mut self) -> Option<End>;

    /// Gives up the operations towards `peer`: they touch no memory of this process any more, and end soon.
    fn cancel(&mut self, peer: u32);

    fn counts(&self) -> Counts;
}

impl Core {
    /// The network by which `peer` may reach memory of this process, if one is of use now.
    pub fn rdma_with(&mut self, peer: u32) -> Option<String> {
        let ids = self.sinks.numbers();
        let id = ids.into_iter().find(|&id| self.rdma_is_open(peer, id))?;
        Some(self.sinks.name(id).to_string())
    }

    /// Operations between us and `peer` may go over the network `name` now.
    pub fn rdma_limits(&mut self, peer: u32, name: &str) -> Option<Limits> {
        let id = self.sinks.number(name)?;
        if !self.rdma_is_open(peer, id) {
            return None;
        }
        self.sinks.network(id)?.rdma().map(|rdma| rdma.limits())
    }

    /// Both have the network and it is up, and nothing is to be passed by.
    fn rdma_is_open(&mut self, peer: u32, id: u8) -> bool {
        let down = &self.lively.down;
        let bare = self.routes[peer as usize] == Route::Live
            && self.lively.get(peer).is_some_and(|live| {
                // Within a host shared memory is faster.
                live.is_bare() && live.knows(id) && (!live.knows(SHM) || down.contains(&SHM))
            });
        bare && !down.contains(&id)
            && self.sinks.link(id, peer) == Link::Up
            && self.sinks.network(id).is_some_and(|network| network.rdma().is_some())
    }

    /// The network has lost its way to `peer`: what is under way there had better be given up.
    pub fn rdma_is_cut(&self, peer: u32, name: &str) -> bool {
        self.sinks.number(name).is_none_or(|id| self.sinks.link(id, peer) != Link::Up)
    }

    fn rdma_named(&mut self, name: &str) -> Option<&mut dyn Rdma> {
        let id = self.sinks.number(name)?;
        self.sinks.network(id)?.rdma()
    }

    /// As [`Rdma::register`].
    pub fn rdma_register(&mut self, name: &str, memory: &BufferOp) -> Result<Region, String> {
        let rdma = self.rdma_named(name).ok_or_else(|| format!("network {name} has no remote memory"))?;
        rdma.register(memory)
    }

    /// As [`Rdma::deregister`].
    pub fn rdma_deregister(&mut self, name: &str, region: u64, ended: bool) {
        if let Some(rdma) = self.rdma_named(name) {
            rdma.deregister(region, ended);
        }
    }

    /// As [`Rdma::begin`], while [`Core::rdma_limits`] says that it may. The network and `what.operation` name it later.
    pub fn rdma_begin(&mut self, peer: u32, name: &str, what: &Move<'_>) -> Result<(), SendError> {
        let Some(rdma) = self.rdma_named(name) else {
            return Err(SendError::Lost(format!("network {name} has no remote memory")));
        };
        rdma.begin(peer, what)?;
        self.lively.bypass(peer, what.operation);
        Ok(())
    }

    /// The next operation that has ended, over any network.
    pub fn rdma_ended(&mut self) -> Option<End> {
        let end = self.sinks.networks.iter_mut().find_map(|network| network.rdma()?.ended())?;
        self.lively.bypassed(&mut self.alerts, end.operation);
        Some(end)
    }

    /// As [`Rdma::cancel`].
    pub fn rdma_cancel(&mut self, peer: u32, name: &str) {
        if let Some(rdma) = self.rdma_named(name) {
            rdma.cancel(peer);
        }
    }
}
