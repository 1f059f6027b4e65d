//! The core: one file per manager of the VMI 2.0 paper's Table II, and [`Core`], which holds them together.
//!
//! One up: `mpi-shim/mpi` and `capi` send frames and take what has arrived. One down: `devices`.
//! Not thread-safe: the engine's lock is around every call.

pub mod buffer;
pub mod connection;
pub mod device;
pub mod frame;

use crate::devices::{loopback::Loopback, shm::Shm};
use buffer::UserBuf;
use connection::{Connection, Route};
use device::{Properties, SendError, Sink};
use frame::{Header, Incoming, Token};

const LOOPBACK: u8 = 0;
pub const SHM: u8 = 1;

/// One process's messaging layer.
pub struct Core {
    connections: Vec<Connection>,
    loopback: Loopback,
    shm: Option<Shm>,
}

/// What a process needs to know to open its core.
pub struct Place {
    /// Our world process number and the number of processes.
    pub rank: u32,
    pub size: u32,
    /// World process numbers of the ranks on this host, ascending, ourselves included.
    pub local: Vec<u32>,
    /// The node segment, where there is one.
    pub node: Option<std::sync::Arc<crate::shm::node::Node>>,
}

impl Place {
    /// A job of one process.
    pub fn alone() -> Place {
        Place { rank: 0, size: 1, local: vec![0], node: None }
    }
}

impl Core {
    pub fn open(place: Place) -> Core {
        let mut connections: Vec<_> = (0..place.size).map(|_| Connection { route: Route::Unbound }).collect();
        connections[place.rank as usize].route = Route::Loopback;
        let shm = place.node.map(|node| {
            for (index, &rank) in place.local.iter().enumerate().filter(|(_, r)| **r != place.rank) {
                connections[rank as usize].route = Route::Shm(index as u32);
            }
            let me = place.local.iter().position(|&r| r == place.rank).unwrap_or(0);
            Shm::new(node, SHM, me, place.local)
        });
        Core { connections, loopback: Loopback::new(place.rank, LOOPBACK), shm }
    }

    pub fn route(&self, peer: u32) -> Route {
        self.connections[peer as usize].route
    }

    /// What the way to `peer` can do.
    pub fn properties(&self, peer: u32) -> Properties {
        match (self.route(peer), &self.shm) {
            (Route::Shm(_), Some(shm)) => shm.properties(),
            _ => self.loopback.properties(),
        }
    }

    /// Process id of a peer on this host.
    pub fn pid(&self, peer: u32) -> Option<i32> {
        match (self.route(peer), &self.shm) {
            (Route::Shm(slot), Some(shm)) => shm.pid(slot),
            (Route::Loopback, _) => Some(std::process::id() as i32),
            _ => None,
        }
    }

    /// Hands one frame to the way to `peer`. `fill` writes the payload, exactly `header.len` bytes.
    #[inline]
    pub fn send(&mut self, peer: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        match (self.connections[peer as usize].route, &mut self.shm) {
            (Route::Shm(slot), Some(shm)) => shm.send(slot, header, fill),
            (Route::Loopback, _) => self.loopback.send(0, header, fill),
            _ => Err(SendError::Lost(format!("no network reaches rank {peer}"))),
        }
    }

    /// The next frame that has arrived. Give it back with [`Core::release`] before asking for another.
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "not an iterator: each frame must be released first")]
    pub fn next(&mut self) -> Option<Incoming> {
        if let Some(shm) = &mut self.shm
            && let Some(frame) = shm.next()
        {
            return Some(frame);
        }
        self.loopback.next()
    }

    #[inline]
    pub fn release(&mut self, token: Token) {
        match (token.sink, &mut self.shm) {
            (SHM, Some(shm)) => shm.release(token),
            _ => self.loopback.release(token),
        }
    }

    /// Alerts since the last call, one sentence each.
    pub fn take_alerts(&mut self) -> Vec<String> {
        self.shm.as_mut().map(Shm::take_alerts).unwrap_or_default()
    }

    /// Announces a sleep; None if there is work to do first.
    pub fn announce_sleep(&mut self) -> Option<Sleep> {
        let shm = self.shm.as_mut()?;
        let bell = shm.announce_sleep()?;
        Some(Sleep { bed: shm.bed(), bell })
    }

    /// Wakes the threads of this process that sleep.
    pub fn ring_own_bell(&self) {
        if let Some(shm) = &self.shm {
            shm.bed().ring();
        }
    }

    pub fn end_sleep(&mut self) {
        if let Some(shm) = &mut self.shm {
            shm.end_sleep();
        }
    }
}

/// A sleep that has been announced. Sleep without holding the engine's lock, then call [`Core::end_sleep`].
pub struct Sleep {
    bed: crate::devices::shm::Bed,
    bell: u32,
}

impl Sleep {
    pub fn sleep(&self) {
        self.bed.sleep(self.bell);
    }
}
