//! TCP between the processes of a job, for peers that shared memory does not reach.
//!
//! At most one connection per pair of processes, made on first use. When two processes connect to each other at
//! the same moment, the connection of the lower rank stays. Nothing a stranger sends is interpreted before it has
//! proven that it belongs to the job ([`greeting`]).
//!
//! ```text
//!   send:  outbox (frames one after another) → socket          next:  socket → inbox → frame, read in place
//! ```
//! No call waits, except [`Tcp::open`] and [`Tcp::close`]. Polling costs system calls, so it is done often while
//! messages arrive and seldom when none do. A process that sleeps is woken by the helper thread of [`waker`].
//!
//! A connection that breaks is not repaired here: after [`GRACE`], in which the launcher may end the job with a
//! better message, sends to the peer fail.

pub mod address;
mod dial;
mod door;
mod greeting;
mod inbox;
mod link;
mod outbox;
mod poll;
mod waker;
pub mod wire;

pub use address::Network;
pub use waker::Bell;

use crate::core::buffer::UserBuf;
use crate::core::device::{Properties, SendError, Sink};
use crate::core::directory::Directory;
use crate::core::frame::{Header, Incoming, Token};
use crate::sys::clock::monotonic_ns;
use crate::sys::net::{Epoll, Event, Interface};
use dial::Dial;
use door::Door;
use greeting::Claim;
use link::{Link, State};
use poll::Pace;
use std::collections::VecDeque;
use waker::Waker;

/// Name of the card with a process's addresses.
const CARD: &str = "tcp";
/// Frames taken from one connection before the next gets its turn.
const BUDGET: u32 = 64;
/// How long a broken connection counts as busy before sends fail, ns.
const GRACE: u64 = 2_000_000_000;

/// What the device must know to open.
pub struct Setup {
    /// The number its frames carry.
    pub id: u8,
    pub rank: u32,
    pub size: u32,
    pub networks: Vec<Network>,
    /// All ranks of the job run on this host.
    pub one_host: bool,
    pub directory: &'static dyn Directory,
    pub bell: Bell,
}

pub struct Tcp {
    id: u8,
    me: u32,
    directory: &'static dyn Directory,
    epoll: Epoll,
    door: Door,
    interfaces: Vec<Interface>,
    links: Vec<Option<Box<Link>>>,
    /// Links with complete frames, the one in turn first.
    ready: VecDeque<u32>,
    budget: u32,
    pace: Pace,
    /// Links whose connection is being made.
    dialing: Vec<u32>,
    /// Links that have broken and whose loss is not yet reported.
    lost: Vec<u32>,
    events: Vec<Event>,
    alerts: Vec<(Option<u32>, String)>,
    /// Last: its thread watches `epoll`.
    waker: Waker,
}

impl Tcp {
    /// Listens, puts up our card and waits until all processes have put up theirs.
    pub fn open(setup: Setup) -> Result<Tcp, String> {
        if setup.size > greeting::MOST_RANKS {
            return Err(format!("{} ranks, at most {}", setup.size, greeting::MOST_RANKS));
        }
        let io = |e: std::io::Error| format!("tcp cannot start: {e}");
        let epoll = Epoll::new().map_err(io)?;
        let (door, interfaces) = Door::open(&setup.networks, setup.one_host, setup.directory.secret())?;
        door.watch(&epoll, |i| token(LISTENER, i))?;
        setup.directory.put(CARD, &address::encode_card(&door.addresses()))?;
        setup.directory.fence()?;
        let waker = Waker::start(epoll.fd(), setup.bell).map_err(io)?;
        Ok(Tcp {
            id: setup.id,
            me: setup.rank,
            directory: setup.directory,
            epoll,
            door,
            interfaces,
            links: (0..setup.size).map(|_| None).collect(),
            ready: VecDeque::new(),
            budget: BUDGET,
            pace: Pace::default(),
            dialing: Vec::new(),
            lost: Vec::new(),
            events: Vec::new(),
            alerts: Vec::new(),
            waker,
        })
    }

    /// The way to `peer`, made if there is none yet.
    #[cold]
    fn begin(&mut self, peer: u32) -> Result<(), SendError> {
        let card = self.directory.get(peer, CARD).map_err(|why| SendError::Lost(self.about(peer, &why)))?;
        let addresses = address::in_order(address::decode_card(&card), &self.interfaces);
        let now = monotonic_ns();
        let dial = Dial::new(Claim::new(self.me, peer), self.directory.secret(), addresses, now);
        self.links[peer as usize] = Some(Box::new(Link::dialing(dial)));
        self.dialing.push(peer);
        self.advance_dial(peer, now);
        Ok(())
    }

    fn about(&self, peer: u32, why: &str) -> String {
        format!("rank {peer} on host {}: {why}", self.directory.host(peer))
    }

    /// A frame for a peer whose connection is not simply open, or is full.
    #[cold]
    fn send_slowly(
        &mut self,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        if self.links[peer as usize].is_none() {
            self.begin(peer)?;
        }
        let Some(link) = &mut self.links[peer as usize] else { return Err(SendError::Full) };
        match &link.state {
            State::Gone => {
                let why = self.about(peer, "the process there has finished");
                Err(SendError::Lost(why))
            }
            State::Lost(since, why) if monotonic_ns() >= since + GRACE => Err(SendError::Lost(why.clone())),
            _ => {
                if link.outbox.is_full() {
                    link.flush(&self.epoll, token(LINK, peer));
                }
                if !link.is_open() || link.outbox.is_full() {
                    return Err(SendError::Full);
                }
                link.outbox.push(header, fill);
                // Only a watched socket, or the end of dialing, will take the frame along by itself.
                if !link.watched {
                    link.flush(&self.epoll, token(LINK, peer));
                }
                Ok(())
            }
        }
    }

    /// Frames that have not been given to the kernel.
    pub fn owes(&self) -> bool {
        self.links.iter().flatten().any(|link| link.is_open() && !link.outbox.is_empty())
    }

    /// What went wrong since the last call: the peer, if one is concerned, and one sentence each.
    pub fn take_alerts(&mut self) -> Vec<(Option<u32>, String)> {
        self.alerts.extend(self.door.complaint.take().map(|text| (None, text)));
        std::mem::take(&mut self.alerts)
    }

    /// Looks once more for work; true if there is none, and the helper will ring the bell when there is.
    pub fn announce_sleep(&mut self) -> bool {
        // Whatever happened may be what somebody waits for (room, for one).
        if self.poll_all() || !self.ready.is_empty() {
            return false;
        }
        self.waker.arm(self.is_ticking());
        true
    }
}

impl Sink for Tcp {
    fn name(&self) -> &'static str {
        "tcp"
    }

    fn properties(&self) -> Properties {
        Properties {
            max_payload: wire::MAX_PAYLOAD,
            ordered: true,
            // Until the connection breaks: what the kernel has taken is not yet delivered.
            reliable: true,
            latency_ns: 10_000,
            bandwidth_mb: 1_000,
        }
    }

    #[inline]
    fn send(&mut self, slot: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        match &mut self.links[slot as usize] {
            Some(link) if link.outbox.is_empty() && matches!(link.state, State::Up(_)) && link.is_open() => {
                link.outbox.push(header, fill);
                link.flush(&self.epoll, token(LINK, slot));
                self.pace.expect_answer(slot);
                Ok(())
            }
            _ => self.send_slowly(slot, header, fill),
        }
    }

    #[inline]
    fn next(&mut self) -> Option<Incoming> {
        if self.ready.is_empty() && !self.look() {
            return None;
        }
        self.take()
    }

    fn release(&mut self, token: Token) {
        if let Some(link) = &mut self.links[token.slot as usize] {
            link.inbox.release(token.line as usize);
        }
    }
}

/// What an event of the epoll set is about.
const LISTENER: u32 = 0;
const STRANGER: u32 = 1;
const DIAL: u32 = 2;
const LINK: u32 = 3;

fn token(class: u32, number: u32) -> u64 {
    u64::from(class) << 32 | u64::from(number)
}

#[cfg(test)]
mod tests;
