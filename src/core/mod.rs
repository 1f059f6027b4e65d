//! The core: one file per manager of the VMI 2.0 paper's Table II, and [`Core`], which holds them together.
//!
//! One up: `mpi-shim/mpi` and `capi` send frames and take what has arrived. One down: `devices`.
//! Not thread-safe: the engine's lock is around every call.

pub mod alert;
pub mod buffer;
pub mod chain;
mod chained;
pub mod config;
pub mod connection;
pub mod device;
pub mod directory;
pub mod epoch;
mod far;
pub mod filter;
pub mod frame;
pub mod interfaces;
pub mod io;
pub mod network;
pub mod slab;
pub mod stream;
mod waker;

use crate::devices::loopback::Loopback;
use crate::devices::shm::{Bed, Shm};
use alert::{Alert, Alerts};
use buffer::UserBuf;
use chain::Chain;
use chained::Chained;
use config::Config;
use connection::{Connection, Route};
use device::{Properties, SendError, Sink};
use directory::Directory;
use far::Far;
use frame::{Header, Incoming, Token};

const LOOPBACK: u8 = 0;
const SHM: u8 = 1;
/// The networks are numbered from here on.
const FAR: u8 = 2;
const CHAINED: u8 = 255;

/// One process's messaging layer.
pub struct Core {
    connections: Vec<Connection>,
    loopback: Loopback,
    shm: Option<Shm>,
    far: Option<Box<Far>>,
    /// Where this process sleeps; None in a job without neighbours or network.
    bed: Option<Bed>,
    /// The default chains, where they hold more than sinks.
    chained: Option<Box<Chained>>,
    alerts: Alerts,
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
    /// The networks of this machine.
    pub config: Config,
    /// The job, where there is one.
    pub directory: Option<&'static dyn Directory>,
}

impl Place {
    /// Our index among the ranks of this host.
    fn index(&self) -> usize {
        self.local.iter().position(|&r| r == self.rank).unwrap_or(0)
    }

    /// The preferred way to `peer`.
    fn route(&self, peer: u32) -> Result<Route, String> {
        if peer == self.rank {
            return Ok(Route::Loopback);
        }
        let local = self.local.binary_search(&peer);
        match (local, &self.directory) {
            (Ok(index), _) if self.config.uses_shm() && self.node.is_some() => Ok(Route::Shm(index as u32)),
            (_, Some(_)) if self.config.far().next().is_some() => Ok(Route::Tcp(peer)),
            _ => Err(self.unreachable(peer)),
        }
    }

    fn unreachable(&self, peer: u32) -> String {
        let host = self.directory.map_or_else(|| "?".into(), |d| d.host(peer));
        let remote = if self.local.contains(&peer) { "" } else { "; shm serves the ranks of one host only" };
        format!("no network reaches rank {peer} on host {host} ({}{remote})", self.config.describe())
    }

    /// Opens the networks if a route needs one.
    fn open_far(
        &self,
        routes: &[Connection],
        bed: Option<&Bed>,
        alerts: &mut Alerts,
    ) -> Result<Option<Box<Far>>, String> {
        let needed = routes.iter().any(|c| matches!(c.sink, Route::Tcp(_)));
        let (true, Some(directory), Some(bed)) = (needed, self.directory, bed.cloned()) else {
            return Ok(None);
        };
        let setup = far::Setup {
            first_id: FAR,
            rank: self.rank,
            size: self.size,
            config: &self.config,
            one_host: self.local.len() == self.size as usize,
            directory,
            bell: std::sync::Arc::new(move || bed.ring()),
        };
        Far::open(setup, alerts).map(|far| Some(Box::new(far)))
    }
}

impl Core {
    /// Opens the devices that the routes to the peers need.
    ///
    /// # Errors
    /// One sentence: a peer that no network reaches, or a network that cannot be used.
    pub fn open(place: Place) -> Result<Core, String> {
        let routes = (0..place.size).map(|peer| place.route(peer).map(Connection::direct));
        let connections = routes.collect::<Result<Vec<_>, String>>()?;
        let bed = place.node.clone().map(|node| Bed::new(node, place.index()));
        let mut alerts = Alerts::default();
        let far = place.open_far(&connections, bed.as_ref(), &mut alerts)?;
        let (rank, me) = (place.rank, place.index());
        let node = place.node.filter(|_| place.config.uses_shm());
        let shm = node.map(|node| Shm::new(node, SHM, me, place.local));
        let loopback = Loopback::new(rank, LOOPBACK);
        Ok(Core { connections, loopback, shm, far, bed, chained: None, alerts })
    }

    /// The core of a job of one process: only loopback.
    pub fn alone() -> Core {
        let connections = vec![Connection::direct(Route::Loopback)];
        let loopback = Loopback::new(0, LOOPBACK);
        let alerts = Alerts::default();
        Core { connections, loopback, shm: None, far: None, bed: None, chained: None, alerts }
    }

    /// Puts the filters named in `list` ("a,b": a nearest to the program) on the default chains.
    ///
    /// # Errors
    /// A name is none of a built-in filter; nothing is changed then.
    pub fn load_filters(&mut self, list: &str) -> Result<(), String> {
        let (mut send, mut receive) = (Chain::new(), Chain::new());
        let mut halves = Vec::new();
        for name in list.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let Some((down, up)) = crate::devices::filter(name) else {
                return Err(format!(
                    "VMI_CHAIN names the device {name:?}, which is none of the built-in filters (pass)"
                ));
            };
            send.attach(down);
            halves.push(up);
        }
        // The receive chain undoes the send chain: last filter first.
        halves.into_iter().rev().for_each(|up| receive.attach(up));
        if !send.is_empty() {
            self.set_default_chains(send, receive);
        }
        Ok(())
    }

    /// Puts devices on the default chains of this process: all its connections go through them from now on.
    /// Every process of the job must have the inverse devices before the first message.
    pub fn set_default_chains(&mut self, send: Chain, receive: Chain) {
        for connection in &mut self.connections {
            connection.route = Route::Chained;
        }
        self.chained = Some(Box::new(Chained::new(send, receive, CHAINED)));
    }

    pub fn route(&self, peer: u32) -> Route {
        self.connections[peer as usize].route
    }

    /// What the way to `peer` can do.
    pub fn properties(&self, peer: u32) -> Properties {
        let mut properties = match (self.connections[peer as usize].sink, &self.shm, &self.far) {
            (Route::Shm(_), Some(shm), _) => shm.properties(),
            (Route::Tcp(_), _, Some(far)) => far.properties(),
            _ => self.loopback.properties(),
        };
        if self.chained.is_some() {
            properties.max_payload -= chained::ROOM;
        }
        properties
    }

    /// What is sent to `peer` stays in this host's memory.
    pub fn is_near(&self, peer: u32) -> bool {
        matches!(self.connections[peer as usize].sink, Route::Loopback | Route::Shm(_))
    }

    /// Process id of a peer on this host.
    pub fn pid(&self, peer: u32) -> Option<i32> {
        match (self.connections[peer as usize].sink, &self.shm) {
            (Route::Shm(slot), Some(shm)) => shm.pid(slot),
            (Route::Loopback, _) => Some(std::process::id() as i32),
            _ => None,
        }
    }

    /// Hands one frame to the way to `peer`. `fill` writes the payload, exactly `header.len` bytes.
    #[inline]
    pub fn send(&mut self, peer: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        match self.connections[peer as usize].route {
            Route::Chained => self.send_chained(peer, header, fill),
            route => self.send_direct(route, peer, header, fill),
        }
    }

    #[inline]
    fn send_direct(
        &mut self,
        route: Route,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        match (route, &mut self.shm) {
            (Route::Shm(slot), Some(shm)) => shm.send(slot, header, fill),
            (Route::Loopback, _) => self.loopback.send(0, header, fill),
            _ => self.send_far(route, peer, header, fill),
        }
    }

    #[inline(never)]
    fn send_far(
        &mut self,
        route: Route,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        match (route, &mut self.far) {
            (Route::Tcp(slot), Some(far)) => far.send(slot, header, fill),
            _ => Err(SendError::Lost(format!("no network reaches rank {peer}"))),
        }
    }

    /// True if a sleeping process is woken when there is room again on the way to `peer`.
    pub fn wakes_for_room(&self, peer: u32) -> bool {
        matches!(self.connections[peer as usize].sink, Route::Tcp(_))
    }

    /// True while accepted frames have not left this process.
    pub fn owes(&self) -> bool {
        self.far.as_ref().is_some_and(|far| far.owes())
    }

    /// Ends all connections orderly. May take a moment; nothing can be sent afterwards.
    pub fn close(&mut self) {
        if let Some(mut far) = self.far.take() {
            far.close();
        }
    }

    fn send_chained(
        &mut self,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        self.flush_chained();
        let Some(chained) = &mut self.chained else { return Err(SendError::Full) };
        if chained.is_full() {
            return Err(SendError::Full);
        }
        chained.push(peer, header, fill).map_err(SendError::Lost)?;
        self.flush_chained();
        Ok(())
    }

    /// Gives the sinks what has passed the send chain.
    fn flush_chained(&mut self) {
        let Some(mut chained) = self.chained.take() else { return };
        chained.poll();
        while let Some((peer, header, slab)) = chained.front() {
            let sink = self.connections[peer as usize].sink;
            let mut slab = slab.clone();
            let sent = self.send_direct(sink, peer, header, |to| {
                slab.read(to, header.len);
            });
            match sent {
                Ok(()) => chained.sent(io::Status::Success),
                Err(SendError::Full) => break,
                Err(SendError::Lost(why)) => {
                    self.alerts.fault(peer, why.clone());
                    chained.sent(io::Status::Failed(why));
                }
            }
        }
        self.chained = Some(chained);
    }

    /// What has passed the receive chain.
    #[cold]
    fn next_chained(&mut self) -> Option<Incoming> {
        self.flush_chained();
        for _ in 0..64 {
            if let Some(frame) = self.chained.as_mut()?.next() {
                return Some(frame);
            }
            let frame = self.next_direct()?;
            let taken = self.chained.as_mut()?.arrive(&frame);
            if let Err(why) = taken {
                self.alerts.fault(frame.peer, why);
            }
            self.release_direct(frame.token);
        }
        None
    }

    /// The next frame that has arrived. Give it back with [`Core::release`] before asking for another.
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "not an iterator: each frame must be released first")]
    pub fn next(&mut self) -> Option<Incoming> {
        if self.chained.is_some() {
            return self.next_chained();
        }
        self.next_direct()
    }

    #[inline]
    fn next_direct(&mut self) -> Option<Incoming> {
        if let Some(shm) = &mut self.shm
            && let Some(frame) = shm.next()
        {
            return Some(frame);
        }
        if let Some(far) = &mut self.far
            && let Some(frame) = far.next()
        {
            return Some(frame);
        }
        self.loopback.next()
    }

    #[inline]
    pub fn release(&mut self, token: Token) {
        match &mut self.chained {
            Some(chained) if token.sink == CHAINED => chained.release(),
            _ => self.release_direct(token),
        }
    }

    #[inline]
    fn release_direct(&mut self, token: Token) {
        match (token.sink, &mut self.shm) {
            (SHM, Some(shm)) => shm.release(token),
            (LOOPBACK, _) => self.loopback.release(token),
            _ => {
                if let Some(far) = &mut self.far {
                    far.release(token);
                }
            }
        }
    }

    /// Alerts since the last call.
    pub fn take_alerts(&mut self) -> Vec<Alert> {
        for (peer, text) in self.shm.as_mut().map(Shm::take_alerts).unwrap_or_default() {
            self.alerts.fault(peer, text);
        }
        if let Some(far) = &mut self.far {
            far.raise_alerts(&mut self.alerts);
        }
        self.alerts.take()
    }

    /// Announces a sleep; None if there is work to do first.
    pub fn announce_sleep(&mut self) -> Option<Sleep> {
        if self.chained.as_ref().is_some_and(|c| !c.is_idle()) {
            return None;
        }
        let bed = self.bed.clone()?;
        let bell = match &mut self.shm {
            Some(shm) => shm.announce_sleep()?,
            None => bed.value(),
        };
        if let Some(far) = &mut self.far
            && !far.announce_sleep()
        {
            self.end_sleep();
            return None;
        }
        Some(Sleep { bed, bell })
    }

    /// Wakes the threads of this process that sleep.
    pub fn ring_own_bell(&self) {
        if let Some(bed) = &self.bed {
            bed.ring();
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
    bed: Bed,
    bell: u32,
}

impl Sleep {
    pub fn sleep(&self) {
        self.bed.sleep(self.bell);
    }
}
