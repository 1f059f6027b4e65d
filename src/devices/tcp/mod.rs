//! TCP between the processes of a job, for peers that shared memory does not reach.
//!
//! One [`Tcp`] is one network of the machine configuration: its own interfaces, listeners and links. At most one
//! connection per pair of processes, made on first use. Connections that two processes make to each other at the same
//! moment become one, and a new one replaces one whose death only one end has noticed ([`greeting`]). Nothing a
//! stranger sends is interpreted before it has proven that it belongs to the job.
//!
//! ```text
//!   send:  outbox (frames one after another) → socket          next:  socket → inbox → frame, read in place
//!                                                                             ↘ landing: where the layer above wants it
//! ```
//! No call waits, except closing. Polling costs system calls, so it is done often while messages arrive and seldom
//! when none do. Whoever owns the device sleeps on its descriptor.
//!
//! What a broken connection has lost is not repaired here. There are two ways to use a link ([`link::Care`]): as a
//! [`crate::core::network::Network`] it can be opened again any number of times, and whoever sends over it keeps what
//! may be lost. Frames sent with [`Tcp::send_filled`] nobody keeps: after [`GRACE`], in which the launcher may end the
//! job with a better message, the loss is an alert and sends fail.

mod congestion;
mod dial;
mod door;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod greeting;
mod inbox;
mod landing;
mod link;
mod network;
mod outbox;
mod peers;
mod poll;
pub mod wire;

use crate::core::buffer::UserBuf;
use crate::core::device::SendError;
use crate::core::frame::{Header, Incoming, Token};
use crate::core::interfaces::Choice;
use crate::sys::clock::monotonic_ns;
use crate::sys::net::{Epoll, Event, Interface};
use dial::Patience;
use door::Door;
use inbox::Inbox;
use link::{Care, Link, State};
use outbox::LIMIT;
use poll::Pace;
use std::collections::VecDeque;
use std::net::SocketAddr;

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
    /// Of the network, in the machine configuration.
    pub name: String,
    pub choice: Choice,
    /// All ranks of the job run on this host.
    pub one_host: bool,
    /// Known to the members of the job only.
    pub secret: [u8; 32],
    /// Name of the host of a rank, for messages.
    pub host: Box<dyn Fn(u32) -> String>,
}

/// One network of the machine configuration.
pub struct Tcp {
    setup: Setup,
    epoll: Epoll,
    door: Door,
    interfaces: Vec<Interface>,
    /// Why nobody can reach us over this network, if so.
    trouble: Option<String>,
    /// When we looked for our interfaces last, monotonic ns.
    looked: u64,
    /// Where the peers listen, as far as we know.
    cards: Vec<Vec<SocketAddr>>,
    links: Vec<Option<Box<Link>>>,
    /// Links with complete frames, the one in turn first.
    ready: VecDeque<u32>,
    budget: u32,
    /// Links on which a long frame has begun that nobody was told of.
    begun: Vec<u32>,
    pace: Pace,
    /// The link whose frame has been handed out, and its inbox if the link has been reset meanwhile.
    held: Option<u32>,
    kept: Option<Inbox>,
    /// Links whose connection is being made.
    dialing: Vec<u32>,
    /// Links that have broken and whose loss is not yet reported.
    lost: Vec<u32>,
    events: Vec<Event>,
    alerts: Vec<(Option<u32>, String)>,
}

impl Tcp {
    /// Listens. An interface that is not there is no error, see [`Tcp::trouble`].
    ///
    /// # Errors
    /// The kernel refuses what any network needs, or the job is too large.
    pub fn open(setup: Setup) -> Result<Tcp, String> {
        if setup.size > greeting::MOST_RANKS {
            return Err(format!("{} ranks, at most {}", setup.size, greeting::MOST_RANKS));
        }
        let epoll = Epoll::new().map_err(|e| format!("tcp cannot start: {e}"))?;
        let size = setup.size as usize;
        let mut tcp = Tcp {
            door: Door::new(setup.secret),
            setup,
            epoll,
            interfaces: Vec::new(),
            trouble: None,
            looked: 0,
            cards: vec![Vec::new(); size],
            links: (0..size).map(|_| None).collect(),
            ready: VecDeque::new(),
            budget: BUDGET,
            begun: Vec::new(),
            pace: Pace::default(),
            held: None,
            kept: None,
            dialing: Vec::new(),
            lost: Vec::new(),
            events: Vec::new(),
            alerts: Vec::new(),
        };
        tcp.listen();
        Ok(tcp)
    }

    /// Why nobody can reach us over this network, if so: its interface is missing or down.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    fn about(&self, peer: u32, why: &str) -> String {
        format!("rank {peer} on host {}: {why}", (self.setup.host)(peer))
    }

    /// A frame for a peer whose connection is not simply open, or is full.
    #[cold]
    fn send_slowly(
        &mut self,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        let link = self.link_mut(peer);
        // A brief attempt that has failed is none: nothing has been sent yet.
        let first = link.generation == 0 && link.care == Care::Unknown;
        let begin = matches!(link.state, State::Unused) || (first && matches!(link.state, State::Lost(..)));
        if link.care == Care::Unknown && matches!(link.state, State::Dialing(_)) {
            return Err(SendError::Full);
        }
        link.care = link.care.max(Care::Direct);
        if begin {
            self.begin(peer, Patience::LONG);
        }
        let Some(link) = &mut self.links[peer as usize] else { return Err(SendError::Full) };
        match &link.state {
            State::Gone => {
                let why = self.about(peer, "the process there has finished");
                Err(SendError::Lost(why))
            }
            State::Lost(since, why) if monotonic_ns() >= since + GRACE => Err(SendError::Lost(why.clone())),
            _ => {
                if link.outbox.is_full(LIMIT) {
                    link.flush(&self.epoll, token(LINK, peer));
                }
                if !link.is_open() || link.outbox.is_full(LIMIT) {
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

    /// Alerts, and the links that have broken since the last call, each as an alert.
    pub fn take_losses_and_alerts(&mut self) -> Vec<(Option<u32>, String)> {
        self.alerts.extend(self.door.complaint.take().map(|text| (None, text)));
        std::mem::take(&mut self.alerts)
    }

    /// Sends one frame to `peer`; `fill` writes exactly `header.len` bytes. For a way that nobody repairs: the first
    /// frame makes the link, and a link that breaks stays broken.
    #[inline]
    pub fn send_filled(
        &mut self,
        peer: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        match &mut self.links[peer as usize] {
            Some(link) if link.outbox.is_empty() && link.is_up() && link.care != Care::Unknown => {
                link.outbox.push(header, fill);
                link.flush(&self.epoll, token(LINK, peer));
                self.pace.expect_answer(peer);
                Ok(())
            }
            _ => self.send_slowly(peer, header, fill),
        }
    }

    #[inline]
    #[allow(clippy::should_implement_trait, reason = "not an iterator: each frame must be released first")]
    pub fn next(&mut self) -> Option<Incoming> {
        if self.ready.is_empty() && !self.look() {
            return None;
        }
        self.take()
    }

    pub fn release(&mut self, token: Token) {
        self.kept = None;
        // A frame of a connection that is no more went with its inbox.
        if self.held.take() == Some(token.slot)
            && let Some(link) = &mut self.links[token.slot as usize]
        {
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
