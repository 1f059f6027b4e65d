//! UDP between the processes of a job: datagrams that may be lost, doubled or overtaken.
//!
//! One [`Udp`] is one network of the machine configuration. It promises neither delivery nor order; the transfer
//! device above adds both. What it does itself: it cuts frames into datagrams and puts them together ([`assemble`]),
//! it lets nothing in that no member of the job has sent ([`wire`]: a keyed hash per datagram, numbers that count
//! once, sessions that both ends have agreed on), and it sends no more than the receiver's queue holds ([`pace`]).
//!
//! ```text
//!   send:  frame → pieces → datagrams → sockets          next:  sockets → datagrams → pieces → frame
//! ```
//! No call waits. A link is up as soon as a hello has been answered; nothing tells that a peer is gone, except an
//! error of our own host or the peer's word: silence is for the transfer device to notice.
//!
//! A session begins with a fresh number from each end, so what somebody has recorded of an earlier one is worthless:
//! `HELLO a →`, `← WELCOME a b`, `CONFIRM →`. Both ends derive the session from `a` and `b`; hellos that cross lead to
//! the same one.

mod assemble;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod network;
mod pace;
mod peer;
mod siphash;
mod sockets;
pub mod wire;

use crate::core::frame::Header;
use crate::core::interfaces::Choice;
use crate::sys::clock::monotonic_ns;
use crate::sys::datagram::{BATCH, Receiver};
use crate::sys::fd::random_bytes;
use assemble::Frame;
use hmac::{Hmac, KeyInit, Mac};
use peer::{Peer, State};
use sha2::Sha256;
use siphash::Key;
use sockets::Sockets;
use std::collections::VecDeque;
use std::net::SocketAddr;
use wire::{Body, Head, Piece};

/// Between two hellos, at first; each next pause is longer by half, ns.
const HELLO_PAUSE: u64 = 20_000_000;
/// How long a peer may leave hellos unanswered, ns.
const HELLO_LIMIT: u64 = 1_000_000_000;
/// Pieces of a frame, at most: with more a frame is lost more often than it is worth.
const PIECES: usize = 8;
/// Frames that have arrived and wait to be taken; beyond, datagrams wait in the kernel.
const READY: usize = 256;
/// Vectors kept for later frames.
const SPARE: usize = 64;
/// The goodbye is said so many times: it may be lost.
const GOODBYES: u32 = 3;

/// What the device must know to open.
pub struct Setup {
    /// The number its frames carry.
    pub id: u8,
    /// Of the network, in the machine configuration.
    pub name: String,
    pub options: Options,
    pub rank: u32,
    pub size: u32,
    /// All ranks of the job run on this host.
    pub one_host: bool,
    /// Known to the members of the job only.
    pub secret: [u8; 32],
    /// Name of the host of a rank, for messages.
    pub host: Box<dyn Fn(u32) -> String>,
}

/// What a line of the machine configuration says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    pub choice: Choice,
    /// The largest packet, IP header included; None asks the interface.
    pub mtu: Option<usize>,
}

impl Options {
    /// Takes what is for us out of the options of a configuration line; returns the others.
    ///
    /// # Errors
    /// One sentence: an option's value is wrong.
    pub fn parse(options: Vec<(String, String)>) -> Result<(Options, Vec<(String, String)>), String> {
        let (choice, others) = Choice::parse(options)?;
        let mut found = Options { choice, mtu: None };
        let mut left = Vec::new();
        for (key, value) in others {
            if key != "mtu" {
                left.push((key, value));
                continue;
            }
            let mtu = value.parse().ok().filter(|mtu| (576..=65_535).contains(mtu));
            found.mtu = Some(mtu.ok_or_else(|| format!("mtu={value} is not a number from 576 to 65535"))?);
        }
        Ok((found, left))
    }
}

/// One network of the machine configuration.
pub struct Udp {
    setup: Setup,
    key: Key,
    /// A digest of the network's name.
    digest: u16,
    sockets: Sockets,
    receiver: Option<Receiver>,
    /// Why nobody can reach us over this network, if so.
    trouble: Option<String>,
    /// When we looked for our interfaces last, monotonic ns.
    looked: u64,
    peers: Vec<Option<Box<Peer>>>,
    /// Peers for which a time limit runs.
    ticking: Vec<u32>,
    ready: VecDeque<(u32, Frame)>,
    held: Option<Frame>,
    spare: Vec<Vec<u8>>,
    /// Calls of `next` to let pass before the kernel is asked again.
    skip: u32,
    misses: u32,
    alerts: Vec<(Option<u32>, String)>,
    /// Datagrams that no member has sent; the first is an alert.
    refused: u64,
}

/// Fruitless looks that go straight to the kernel before they become rare, and how rare.
const EAGER_LOOKS: u32 = 64;
const RARELY: u32 = 256;

impl Udp {
    /// Binds. An interface that is not there is no error, see [`Udp::trouble`].
    ///
    /// # Errors
    /// The kernel refuses what any network needs.
    pub fn open(setup: Setup) -> Result<Udp, String> {
        let (key, digest) = derive_key(&setup.secret, &setup.name);
        let sockets = Sockets::new().map_err(|e| format!("udp cannot start: {e}"))?;
        let mut udp = Udp {
            peers: (0..setup.size).map(|_| None).collect(),
            setup,
            key,
            digest,
            sockets,
            receiver: None,
            trouble: None,
            looked: 0,
            ticking: Vec::new(),
            ready: VecDeque::new(),
            held: None,
            spare: Vec::new(),
            skip: 0,
            misses: 0,
            alerts: Vec::new(),
            refused: 0,
        };
        udp.bind();
        Ok(udp)
    }

    /// Binds where we should and have not yet: an interface may come and go.
    fn bind(&mut self) {
        self.looked = monotonic_ns();
        let bound = self.sockets.open(&self.setup.options, self.setup.one_host);
        self.trouble = bound.err().map(|why| format!("network {}: {why}", self.setup.name));
    }

    /// Why nobody can reach us over this network, if so: its interface is missing or down.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    fn about(&self, peer: u32, why: &str) -> String {
        format!("rank {peer} on host {}: {why}", (self.setup.host)(peer))
    }

    // ---- sending ----

    /// Bytes of a frame that one datagram carries.
    fn piece_size(&self) -> usize {
        self.sockets.largest() - wire::OVERHEAD
    }

    /// Largest payload of a frame.
    fn frame_size(&self) -> usize {
        (self.piece_size() * PIECES).min(wire::MAX_FRAME)
    }

    fn head(&self, peer: u32, session: u64, number: u64) -> Head {
        Head { network: self.digest, from: self.setup.rank, to: peer, session, number }
    }

    /// Sends a datagram outside of any frame to `to`. It may be lost like any other.
    fn say(&mut self, peer: u32, to: SocketAddr, session: u64, body: &Body<'_>) {
        let number = match (&mut self.peers[peer as usize], session) {
            (Some(p), 1..) if p.session == session => p.way.number_aside(),
            _ => 0,
        };
        let mut datagram = self.sockets.blank();
        wire::encode(&mut datagram, self.head(peer, session, number), body, &self.key);
        self.sockets.push(to, datagram);
    }

    /// Cuts a frame into datagrams for a peer whose link is up; `fill` copies `len` bytes at `from` to a vector's end.
    fn push_frame(&mut self, peer: u32, header: Header, mut fill: impl FnMut(&mut Vec<u8>, usize)) {
        let count = header.len.div_ceil(self.piece_size()).max(1) as u16;
        let Some(p) = &mut self.peers[peer as usize] else { return };
        let (session, to, frame) = (p.session, p.at, p.frame);
        p.frame = frame.wrapping_add(1);
        for index in 0..count {
            let (number, ask) = p.way.number();
            let piece = Piece { frame, header, index, count, ask };
            let (start, end) = piece.place();
            let mut datagram = self.sockets.blank();
            let head = Head { network: self.digest, from: self.setup.rank, to: peer, session, number };
            wire::encode_piece(&mut datagram, head, &piece);
            fill(&mut datagram, end - start);
            wire::seal(&mut datagram, &self.key);
            self.sockets.push(to, datagram);
        }
    }

    /// Gives the kernel what waits; reports what it says.
    fn flush(&mut self) {
        let Err((to, error)) = self.sockets.flush() else { return };
        for peer in 0..self.peers.len() as u32 {
            let concerned = |p: &Peer| match p.state {
                State::Up => p.at == to,
                State::Opening { .. } => p.card == [to],
                _ => false,
            };
            if self.peers[peer as usize].as_deref().is_some_and(concerned) {
                self.lose(peer, &format!("{to}: {error}"));
            }
        }
    }

    // ---- receiving ----

    /// Asks the kernel, unless it is too early or enough is there.
    fn look(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let happened = self.poll();
        if happened {
            self.misses = 0;
        } else {
            self.misses = self.misses.saturating_add(1);
            if self.misses > EAGER_LOOKS {
                self.skip = (self.misses - EAGER_LOOKS).min(RARELY);
                // Whoever shares this processor may go first, and it may be the peer.
                std::thread::yield_now();
            }
        }
        happened
    }

    /// Sends what waits, takes what has come, looks at the clock; true if anything happened.
    fn poll(&mut self) -> bool {
        let mut happened = false;
        let mut receiver = self.receiver.take().unwrap_or_else(|| Receiver::new(sockets::LONGEST));
        for socket in 0..self.sockets.count() {
            while self.ready.len() < READY && self.sockets.receive(socket, &mut receiver) {
                happened = true;
                for (datagram, from) in (0..BATCH).map_while(|i| receiver.get(i)) {
                    self.arrive(datagram, from);
                }
            }
        }
        self.receiver = Some(receiver);
        if !self.ticking.is_empty() {
            self.tick(monotonic_ns());
        }
        self.flush();
        happened
    }

    fn arrive(&mut self, datagram: &[u8], from: SocketAddr) {
        let opened = wire::unseal(datagram, &self.key).and_then(wire::decode);
        let known = |head: &Head| {
            head.network == self.digest
                && head.to == self.setup.rank
                && head.from != self.setup.rank
                && (head.from as usize) < self.peers.len()
        };
        match opened {
            Some((head, body)) if known(&head) => self.hear(head, body, from),
            _ => {
                self.refused += 1;
                if self.refused == 1 {
                    let why = format!("dropped a datagram from {from} that no member of the job has sent");
                    self.alerts.push((None, why));
                }
            }
        }
    }

    fn fresh(spare: &mut Vec<Vec<u8>>) -> Vec<u8> {
        spare.pop().unwrap_or_default()
    }
}

/// The key of the network's datagrams, from the job's secret, and a digest of its name.
fn derive_key(secret: &[u8; 32], name: &str) -> (Key, u16) {
    // HMAC fills a key up to its block of 64 bytes with zeros.
    let mut long = [0; 64];
    long[..32].copy_from_slice(secret);
    let mut mac = Hmac::<Sha256>::new(&long.into());
    mac.update(b"datagrams of ");
    mac.update(name.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[..16]);
    (Key::from_bytes(&key), u16::from_le_bytes([bytes[16], bytes[17]]))
}

/// A number that has not been before.
fn nonce() -> u64 {
    random_bytes().map_or_else(|_| monotonic_ns(), u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
