//! The ways to other hosts, without a live connection: one network after another is asked for a card of the peer, and
//! the first that has one carries all frames to it.
//!
//! Cards are put up under `net.NAME` before a fence that all processes of the job pass, and read on first use.

use super::alert::Alerts;
use super::buffer::UserBuf;
use super::config::{Config, Device};
use super::device::{Properties, SendError};
use super::directory::Directory;
use super::frame::{Header, Incoming, Token};
use super::network::Network;
use super::waker::{Bell, Waker};
use crate::devices::tcp::{self, Tcp};
use crate::sys::net::Epoll;

pub struct Far {
    first_id: u8,
    list: Vec<Tcp>,
    directory: &'static dyn Directory,
    /// The network that carries the frames to a peer, once chosen.
    ways: Vec<Option<u8>>,
    /// Whose turn it is to be asked for a frame.
    turn: usize,
    /// Last: its thread watches the networks.
    waker: Waker,
}

/// What it takes to open the networks.
pub struct Setup<'a> {
    /// Number of the first network; the others follow.
    pub first_id: u8,
    pub rank: u32,
    pub size: u32,
    pub config: &'a Config,
    pub one_host: bool,
    pub directory: &'static dyn Directory,
    pub bell: Bell,
}

/// Name of the card of the network `name`.
fn card_key(name: &str) -> String {
    format!("net.{name}")
}

impl Far {
    /// Opens the networks, puts up our cards and waits until all processes have put up theirs.
    ///
    /// # Errors
    /// One sentence: no network at all can be used.
    pub fn open(setup: Setup, alerts: &mut Alerts) -> Result<Far, String> {
        let directory = setup.directory;
        let mut list = Vec::new();
        let mut unusable = Vec::new();
        for network in setup.config.far() {
            let Device::Tcp(choice) = network.device.clone() else { continue };
            let opened = Tcp::open(tcp::Setup {
                id: setup.first_id + list.len() as u8,
                name: network.name.clone(),
                choice,
                rank: setup.rank,
                size: setup.size,
                one_host: setup.one_host,
                secret: directory.secret(),
                host: Box::new(move |rank| directory.host(rank)),
            })?;
            unusable.extend(opened.trouble());
            directory.put(&card_key(opened.name()), &opened.card())?;
            list.push(opened);
        }
        if list.is_empty() {
            return Err("no network that keeps the order and loses nothing is configured".into());
        }
        if unusable.len() == list.len() {
            return Err(unusable.join("; "));
        }
        unusable.into_iter().for_each(|why| alerts.notice(why));
        directory.fence()?;
        let cannot = |e: std::io::Error| format!("the networks cannot be watched: {e}");
        let waker = wake_for(&list, setup.bell).map_err(cannot)?;
        let (ways, turn) = (vec![None; setup.size as usize], 0);
        Ok(Far { first_id: setup.first_id, list, directory, ways, turn, waker })
    }

    pub fn properties(&self) -> Properties {
        let mut properties = self.list[0].properties();
        for other in &self.list[1..] {
            properties.max_payload = properties.max_payload.min(other.properties().max_payload);
        }
        properties
    }

    #[inline]
    pub fn send(&mut self, peer: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        let way = match self.ways[peer as usize] {
            Some(way) => way,
            None => self.choose(peer)?,
        };
        self.list[way as usize].send_filled(peer, header, fill)
    }

    /// Reads the cards of `peer` and decides for a network.
    #[cold]
    fn choose(&mut self, peer: u32) -> Result<u8, SendError> {
        let mut chosen = None;
        for (way, network) in (0u8..).zip(&mut self.list) {
            let card = self.directory.get(peer, &card_key(network.name())).map_err(SendError::Lost)?;
            network.set_card(peer, &card).map_err(SendError::Lost)?;
            if chosen.is_none() && network.trouble().is_none() && !card.is_empty() {
                chosen = Some(way);
            }
        }
        // Without any card the first network says so.
        let way = chosen.unwrap_or(0);
        self.ways[peer as usize] = Some(way);
        Ok(way)
    }

    #[inline]
    pub fn next(&mut self) -> Option<Incoming> {
        for _ in 0..self.list.len() {
            let turn = self.turn;
            if let Some(frame) = self.list[turn].next() {
                return Some(frame);
            }
            self.turn = (turn + 1) % self.list.len();
        }
        None
    }

    /// True if the token is one of our networks'.
    pub fn release(&mut self, token: Token) {
        if let Some(network) = self.list.get_mut(token.sink.wrapping_sub(self.first_id) as usize) {
            network.release(token);
        }
    }

    pub fn owes(&self) -> bool {
        self.list.iter().any(Network::owes)
    }

    pub fn raise_alerts(&mut self, alerts: &mut Alerts) {
        for (peer, text) in self.list.iter_mut().flat_map(Tcp::take_losses_and_alerts) {
            match peer {
                Some(peer) => alerts.fault(peer, text),
                None => alerts.notice(text),
            }
        }
    }

    /// Looks once more for work; true if there is none, and the helper will ring the bell when there is.
    pub fn announce_sleep(&mut self) -> bool {
        if !self.list.iter_mut().all(Network::is_quiet) {
            return false;
        }
        self.waker.arm(self.list.iter().any(Network::is_ticking));
        true
    }

    pub fn close(&mut self) {
        self.list.iter_mut().for_each(Network::close);
    }
}

fn wake_for(list: &[Tcp], bell: Bell) -> std::io::Result<Waker> {
    let all = Epoll::new()?;
    for fd in list.iter().filter_map(Network::fd) {
        all.add(fd, 0, true, false)?;
    }
    Waker::start(all.fd(), bell)
}
