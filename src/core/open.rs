//! Opening the core: which sinks the peers need, and the cards by which they find each other.
//!
//! A job on one host opens shared memory only. Other networks are opened at the start when a peer needs one, or
//! later when an operator asks. Cards of the start are put up under `net.NAME` before a fence that all
//! processes of the job pass; later ones travel in-band.

use super::Core;
use super::alert::Alerts;
use super::attendant::{Attendant, Host, Server};
use super::config::{self, Config};
use super::connection::Route;
use super::directory::Directory;
use super::filter::{Half, Open, Site, Spec};
use super::live::{Lively, connection::Kit};
use super::network::Network;
use super::sinks::{FIRST, LOOPBACK, MOST_NETWORKS, SHM, Sinks};
use crate::devices::Seat;
use crate::devices::loopback::Loopback;
use crate::devices::shm::{Bed, Shm};
use crate::devices::xfer::Settings;
use std::sync::Arc;

/// What a process needs to know to open its core.
pub struct Place {
    /// Our world process number and the number of processes.
    pub rank: u32,
    pub size: u32,
    /// World process numbers of the ranks on this host, ascending, ourselves included.
    pub local: Vec<u32>,
    /// The node segment, where there is one.
    pub node: Option<Arc<crate::shm::node::Node>>,
    /// The networks of this machine.
    pub config: Config,
    /// The job, where there is one.
    pub directory: Option<&'static dyn Directory>,
    /// How another thread of this process reaches the core.
    pub host: Option<Arc<dyn Host>>,
    /// Devices on every connection from the start (`VMI_CHAIN`).
    pub filters: Vec<Spec>,
    pub settings: Settings,
    /// Use networks without the transfer device: faster by a little, and the job ends when a link breaks.
    pub direct: bool,
}

/// A process whose core no other thread may reach: it makes progress only in its own calls.
struct Nobody;

impl Host for Nobody {
    fn progress(&self) {}
    fn visit(&self, _work: &mut dyn FnMut(&mut Core)) {}
}

/// What is kept to open networks while the job runs.
pub struct Later {
    rank: u32,
    size: u32,
    one_host: bool,
    pub config: Config,
    directory: Option<&'static dyn Directory>,
    pub host: Option<Arc<dyn Host>>,
}

impl Place {
    /// The place of a process that has nothing else to say.
    pub fn plain(
        rank: u32,
        size: u32,
        local: Vec<u32>,
        node: Arc<crate::shm::node::Node>,
        config: Config,
    ) -> Place {
        let (node, settings) = (Some(node), Settings::default());
        Place {
            rank,
            size,
            local,
            node,
            config,
            directory: None,
            host: None,
            filters: Vec::new(),
            settings,
            direct: false,
        }
    }

    /// Our index among the ranks of this host.
    fn index(&self) -> usize {
        self.local.iter().position(|&r| r == self.rank).unwrap_or(0)
    }

    /// The preferred way to `peer`.
    fn route(&self, peer: u32) -> Result<Route, String> {
        let near = if peer == self.rank {
            Some(Route::Loopback)
        } else {
            let shm = self.config.uses_shm() && self.node.is_some();
            self.local.binary_search(&peer).ok().filter(|_| shm).map(|index| Route::Shm(index as u32))
        };
        match near {
            Some(route) if self.filters.is_empty() => Ok(route),
            Some(_) => Ok(Route::Live),
            None if self.directory.is_none() || self.config.far().next().is_none() => {
                Err(self.unreachable(peer))
            }
            None if self.direct => Ok(Route::Network(FIRST)),
            None => Ok(Route::Live),
        }
    }

    fn unreachable(&self, peer: u32) -> String {
        let host = self.directory.map_or_else(|| "?".into(), |d| d.host(peer));
        let remote = if self.local.contains(&peer) { "" } else { "; shm serves the ranks of one host only" };
        format!("no network reaches rank {peer} on host {host} ({}{remote})", self.config.describe())
    }

    /// Some peer needs a network besides shared memory.
    fn needs_networks(&self) -> bool {
        self.local.len() < self.size as usize
            || (self.size > 1 && !(self.config.uses_shm() && self.node.is_some()))
    }
}

/// A job that asks for encryption does not run in the clear because of a misspelt word.
fn try_encryption(place: &Place, secret: [u8; 32]) -> Result<(), String> {
    let (rank, size) = (place.rank, place.size);
    let site = Site { half: Half::Send, sender: rank, receiver: (rank + 1) % size.max(1), epoch: 0, secret };
    for spec in place.filters.iter().filter(|spec| spec.asks_for_encryption()) {
        let opened = crate::devices::filters::open(spec, &site);
        opened.map_err(|why| {
            format!(
                "'{spec}' in the chain asks for encryption, and the job does not run without it: {why}; \
                 correct the chain, or take this out of it"
            )
        })?;
    }
    Ok(())
}

/// Name of the card of the network `name`.
pub fn card_key(name: &str) -> String {
    format!("net.{name}")
}

impl Core {
    /// Opens the devices that the routes to the peers need.
    ///
    /// # Errors
    /// One sentence: a peer that no network reaches, or a network that cannot be used.
    pub fn open(place: Place) -> Result<Core, String> {
        let routes = (0..place.size).map(|peer| place.route(peer)).collect::<Result<Vec<_>, String>>()?;
        let secret = place.directory.map_or([0; 32], |d| d.secret());
        try_encryption(&place, secret)?;
        let (me, needed) = (place.index(), place.needs_networks());
        let bed = place.node.clone().map(|node| Bed::new(node, me));
        let node = place.node.filter(|_| place.config.uses_shm());
        let shm = node.map(|node| Shm::new(node, SHM, me, place.local.clone()));
        let one_host = place.local.len() == place.size as usize;
        let name = place.config.shm_name();
        let sinks = Sinks::new(Loopback::new(place.rank, LOOPBACK), shm, name, place.local);
        let open: Open = crate::devices::filters::open;
        let kit = Kit { me: place.rank, open, secret, settings: place.settings };
        let mut lively = Lively::new(kit, place.size);
        lively.initial = place.filters;
        let (rank, size, directory, host) = (place.rank, place.size, place.directory, place.host);
        let opening = Later { rank, size, one_host, config: place.config, directory, host };
        let mut core = Core {
            me: rank,
            routes,
            route_changes: 0,
            sinks,
            lively,
            bed,
            sleepers: 0,
            alerts: Alerts::default(),
            opening,
            attendant: None,
        };
        if needed {
            core.open_networks()?;
        }
        Ok(core)
    }

    /// The core of a job of one process: only loopback.
    pub fn alone() -> Core {
        Core::alone_with(crate::devices::filters::open, Vec::new())
    }

    /// As [`Core::alone`], with devices on the loopback connection, opened by `open`.
    pub fn alone_with(open: Open, filters: Vec<Spec>) -> Core {
        let route = if filters.is_empty() { Route::Loopback } else { Route::Live };
        let kit = Kit { me: 0, open, secret: [0; 32], settings: Settings::default() };
        let mut lively = Lively::new(kit, 1);
        lively.initial = filters;
        let sinks = Sinks::new(Loopback::new(0, LOOPBACK), None, "shm".into(), vec![0]);
        let config = Config { networks: Vec::new(), file: None };
        let opening = Later { rank: 0, size: 1, one_host: true, config, directory: None, host: None };
        let alerts = Alerts::default();
        Core {
            me: 0,
            routes: vec![route],
            route_changes: 0,
            sinks,
            lively,
            bed: None,
            sleepers: 0,
            alerts,
            opening,
            attendant: None,
        }
    }

    /// Opens all configured networks, puts up our cards and waits until all processes have put up theirs.
    fn open_networks(&mut self) -> Result<(), String> {
        let Some(directory) = self.opening.directory else { return Ok(()) };
        let mut unusable = Vec::new();
        let mut missing = 0;
        for network in self.opening.config.far().cloned().collect::<Vec<_>>() {
            let opened = match self.opening.open(self.sinks.networks.len(), &network) {
                Ok(opened) => opened,
                // What it needs may not be there, on this machine or now.
                Err(why) if matches!(network.device, config::Device::Plugin { .. }) => {
                    unusable.push(format!("network {} is done without: {why}", network.name));
                    missing += 1;
                    continue;
                }
                Err(why) => return Err(why),
            };
            unusable.extend(opened.trouble());
            directory.put(&card_key(opened.name()), &opened.card())?;
            self.sinks.networks.push(opened);
        }
        if unusable.len() == self.sinks.networks.len() + missing {
            return Err(unusable.join("; "));
        }
        unusable.into_iter().for_each(|why| self.alerts.notice(why));
        directory.fence()?;
        self.lively.published = Some(directory);
        self.hand_out_cards(directory)?;
        self.need_attendant()?;
        Ok(())
    }

    /// Networks that are used without a live connection get the cards of all peers now: nobody asks for them later.
    fn hand_out_cards(&mut self, directory: &dyn Directory) -> Result<(), String> {
        for (peer, route) in (0..).zip(&self.routes) {
            let Route::Network(id) = *route else { continue };
            let Some(network) = self.sinks.network(id) else { continue };
            if !network.stands_alone() {
                let name = network.name();
                return Err(format!(
                    "network {name} loses or reorders frames and cannot be used bare: take VMI_XFER=0 away"
                ));
            }
            let card = directory.get(peer, &card_key(network.name()))?;
            network.set_card(peer, &card).map_err(|why| {
                format!("network {}: the card of rank {peer} is of no use: {why}", network.name())
            })?;
        }
        Ok(())
    }

    /// Opens the configured network `name` while the job runs. The peers get its card in-band.
    pub(super) fn open_network_later(&mut self, name: &str) -> Result<u8, String> {
        let found = self.opening.config.far().find(|n| n.name == name).cloned();
        let network = found
            .ok_or_else(|| format!("there is no network {name} here ({})", self.opening.config.describe()))?;
        let opened = self.opening.open(self.sinks.networks.len(), &network)?;
        if let Some(why) = opened.trouble() {
            return Err(why);
        }
        self.need_attendant()?;
        if let (Some(attendant), Some(fd)) = (&self.attendant, opened.fd()) {
            attendant.watch(fd).map_err(|e| format!("network {name} cannot be watched: {e}"))?;
            attendant.pulse(true);
        }
        self.sinks.networks.push(opened);
        Ok(FIRST + (self.sinks.networks.len() - 1) as u8)
    }

    fn need_attendant(&mut self) -> Result<(), String> {
        if self.attendant.is_none() { self.start_attendant(None) } else { Ok(()) }
    }

    /// Starts the attendant with a server of requests from outside.
    ///
    /// # Errors
    /// The thread cannot start.
    pub fn serve(&mut self, server: Box<dyn Server>) -> Result<(), String> {
        self.start_attendant(Some(server))
    }

    fn start_attendant(&mut self, server: Option<Box<dyn Server>>) -> Result<(), String> {
        let Some(bed) = self.bed.clone() else { return Ok(()) };
        let host = self.opening.host.clone().unwrap_or_else(|| Arc::new(Nobody));
        // Visits need it, and not every process has shared memory that would have asked for it.
        crate::sys::barrier::register();
        let started = Attendant::start(host, Arc::new(move || bed.ring()), server);
        let attendant = started.map_err(|e| format!("the helper thread cannot start: {e}"))?;
        // Whoever waits for a process that computes (an acknowledgement, an answer) gets it even if it has never slept.
        attendant.pulse(!self.sinks.networks.is_empty());
        for fd in self.sinks.networks.iter().filter_map(|n| n.fd()) {
            attendant.watch(fd).map_err(|e| format!("the networks cannot be watched: {e}"))?;
        }
        self.attendant = Some(attendant);
        Ok(())
    }
}

impl Later {
    /// Name of the host of `rank`.
    pub fn host_of(&self, rank: u32) -> String {
        self.directory.map_or_else(String::new, |d| d.host(rank))
    }

    /// Opens one network as number `index`.
    fn open(&self, index: usize, network: &config::Network) -> Result<Box<dyn Network>, String> {
        let Some(directory) = self.directory else { return Err("there is no job".into()) };
        if index >= MOST_NETWORKS {
            return Err(format!("more than {MOST_NETWORKS} networks"));
        }
        let seat = Seat {
            id: FIRST + index as u8,
            rank: self.rank,
            size: self.size,
            one_host: self.one_host,
            secret: directory.secret(),
            host: Box::new(move |rank| directory.host(rank)),
        };
        crate::devices::open_network(network, seat)
    }
}
