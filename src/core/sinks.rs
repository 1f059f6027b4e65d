//! The sinks of a process: where send chains end and receive chains begin. Loopback and shared memory are called
//! directly; every other network through [`Network`].

use super::alert::Alerts;
use super::buffer::{Buffer, UserBuf};
use super::device::{Properties, SendError, Sink};
use super::frame::{Header, Incoming, Token};
use super::network::{Link, Network};
use super::slab::Slab;
use crate::devices::loopback::Loopback;
use crate::devices::shm::Shm;

/// Numbers of the sinks, in tokens and towards [`crate::devices::xfer`].
pub const LOOPBACK: u8 = 0;
pub const SHM: u8 = 1;
/// Network `i` has the number `FIRST + i`.
pub const FIRST: u8 = 2;
/// Networks a process may have.
pub const MOST_NETWORKS: usize = 32;

/// Frames from the sinks of this host in a row before the networks get a turn.
const TURN: u32 = 256;

pub struct Sinks {
    pub loopback: Loopback,
    pub shm: Option<Shm>,
    /// Name of the shared-memory network in the machine configuration.
    pub shm_name: String,
    /// Local index of each process on this host.
    local: Vec<u32>,
    pub networks: Vec<Box<dyn Network>>,
    turn: u32,
}

impl Sinks {
    /// `local`: world process numbers of the processes that `shm` reaches, by index.
    pub fn new(loopback: Loopback, shm: Option<Shm>, shm_name: String, local: Vec<u32>) -> Sinks {
        Sinks { loopback, shm, shm_name, local, networks: Vec::new(), turn: TURN }
    }

    pub fn is_local(&self, peer: u32) -> bool {
        self.local.binary_search(&peer).is_ok()
    }

    /// Name of the device that drives a network.
    pub fn device(&self, id: u8) -> &str {
        let network = id.checked_sub(FIRST).and_then(|at| self.networks.get(at as usize));
        network.map_or("?", |n| n.device())
    }

    /// The peer's index in shared memory.
    pub fn slot(&self, peer: u32) -> Option<u32> {
        self.shm.as_ref()?;
        self.local.binary_search(&peer).ok().map(|at| at as u32)
    }

    pub fn number(&self, name: &str) -> Option<u8> {
        if self.shm.is_some() && self.shm_name == name {
            return Some(SHM);
        }
        self.networks.iter().position(|n| n.name() == name).map(|at| FIRST + at as u8)
    }

    pub fn name(&self, id: u8) -> &str {
        match id {
            LOOPBACK => "loopback",
            SHM => &self.shm_name,
            _ => self.networks.get((id - FIRST) as usize).map_or("?", |n| n.name()),
        }
    }

    pub fn network(&mut self, id: u8) -> Option<&mut (dyn Network + 'static)> {
        let at = id.checked_sub(FIRST)?;
        self.networks.get_mut(at as usize).map(|n| &mut **n)
    }

    pub fn properties(&self, id: u8) -> Properties {
        match (id, &self.shm) {
            (SHM, Some(shm)) => shm.properties(),
            (LOOPBACK | SHM, _) => self.loopback.properties(),
            _ => self
                .networks
                .get((id - FIRST) as usize)
                .map_or_else(|| self.loopback.properties(), |n| n.properties()),
        }
    }

    pub fn link(&self, id: u8, peer: u32) -> Link {
        match id {
            LOOPBACK => Link::Up,
            SHM if self.slot(peer).is_some() => Link::Up,
            SHM => Link::Down("not on this host".into()),
            _ => self
                .networks
                .get((id - FIRST) as usize)
                .map_or_else(|| Link::Down("closed".into()), |n| n.link(peer)),
        }
    }

    /// Sends what `slab` holds.
    pub fn send_slab(&mut self, id: u8, peer: u32, header: Header, slab: &Slab) -> Result<(), SendError> {
        let slot = self.slot(peer);
        match (id, &mut self.shm, slot) {
            (SHM, Some(shm), Some(slot)) => shm.send(slot, header, |to| slab.copy_to(to, header.len)),
            (LOOPBACK, ..) => self.loopback.send(0, header, |to| slab.copy_to(to, header.len)),
            _ => match self.network(id) {
                Some(network) => network.send(peer, header, slab),
                None => Err(SendError::Lost(format!("there is no network number {id}"))),
            },
        }
    }

    /// Sends `prefix` and what `slab` holds over shared memory or loopback.
    #[inline]
    pub fn send_near(
        &mut self,
        id: u8,
        peer: u32,
        header: Header,
        prefix: &[u8],
        slab: &Slab,
    ) -> Result<(), SendError> {
        let fill = |to: UserBuf| {
            to.write(0, prefix);
            slab.copy_to(to.offset(prefix.len() as isize), header.len - prefix.len());
        };
        match (id, &mut self.shm) {
            (SHM, Some(shm)) => match self.local.binary_search(&peer) {
                Ok(slot) => shm.send(slot as u32, header, fill),
                Err(_) => Err(SendError::Full),
            },
            (LOOPBACK, _) => self.loopback.send(0, header, fill),
            _ => Err(SendError::Full),
        }
    }

    /// Sends a frame over a network as it is.
    pub fn send_plain(
        &mut self,
        id: u8,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        let Some(network) = self.network(id) else {
            return Err(SendError::Lost(format!("there is no network number {id}")));
        };
        network.open(peer);
        let buffer = Buffer::allocate(header.len);
        fill(buffer.address());
        network.send(peer, header, &Slab::of(buffer))
    }

    pub fn raise_alerts(&mut self, alerts: &mut Alerts) {
        for (peer, text) in self.shm.as_mut().map(Shm::take_alerts).unwrap_or_default() {
            alerts.fault(peer, text);
        }
        for (peer, text) in self.networks.iter_mut().flat_map(|n| n.take_alerts()) {
            match peer {
                Some(peer) => alerts.fault(peer, text),
                None => alerts.notice(text),
            }
        }
    }

    /// Numbers of the networks, the preferred first.
    pub fn numbers(&self) -> Vec<u8> {
        (0..self.networks.len()).map(|at| FIRST + at as u8).collect()
    }

    /// The next frame that has arrived over any of them.
    #[inline]
    pub fn next(&mut self) -> Option<Incoming> {
        if self.turn > 0
            && let Some(shm) = &mut self.shm
            && let Some(frame) = shm.next()
        {
            self.turn -= 1;
            return Some(frame);
        }
        self.next_far()
    }

    #[inline]
    fn next_far(&mut self) -> Option<Incoming> {
        for network in &mut self.networks {
            if let Some(frame) = network.next() {
                return Some(frame);
            }
        }
        if self.turn == 0 {
            self.turn = TURN;
            return self.next_near();
        }
        self.turn = TURN;
        self.loopback.next()
    }

    /// After the networks' turn.
    #[cold]
    fn next_near(&mut self) -> Option<Incoming> {
        self.loopback.next().or_else(|| self.shm.as_mut()?.next())
    }

    #[inline]
    pub fn release(&mut self, token: Token) {
        match (token.sink, &mut self.shm) {
            (SHM, Some(shm)) => shm.release(token),
            (LOOPBACK, _) => self.loopback.release(token),
            (id, _) => {
                if let Some(network) = self.network(id) {
                    network.release(token);
                }
            }
        }
    }
}
