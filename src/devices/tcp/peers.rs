//! The life of the links: making connections, letting peers in, losing them, and our own interfaces.

use super::dial::{Dial, Dialed, Patience, Target};
use super::greeting::{Claim, Greeting, Verdict};
use super::link::{Care, Link, State};
use super::{BUDGET, DIAL, GRACE, LINK, LISTENER, STRANGER, Tcp, token};
use crate::core::interfaces;
use crate::sys::clock::monotonic_ns;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;

/// Time between two looks for our interfaces, ns.
const LOOK: u64 = 200_000_000;

impl Tcp {
    pub(super) fn link_mut(&mut self, peer: u32) -> &mut Link {
        self.links[peer as usize].get_or_insert_default()
    }

    // ---- our own end ----

    /// Listens where we should and do not yet: an interface may come and go.
    pub(super) fn listen(&mut self) {
        self.looked = monotonic_ns();
        let (choice, one_host) = (&self.setup.choice, self.setup.one_host);
        let found = interfaces::of_this_host().and_then(|all| interfaces::choose(choice, &all, one_host));
        let listening = found.and_then(|used| {
            self.door.open(&used, choice, &self.epoll, |i| token(LISTENER, i))?;
            self.interfaces = used;
            Ok(())
        });
        self.trouble = listening.err().map(|why| format!("network {}: {why}", self.setup.name));
    }

    /// From where to connect to `address`: from the interface on the same network, or the only one there is.
    fn target(&self, address: SocketAddr) -> Target {
        let alike = || self.interfaces.iter().filter(|i| i.address.is_ipv4() == address.is_ipv4());
        let near = alike().find(|i| interfaces::same_network(i.address, address.ip(), i.prefix));
        let only = || alike().next().filter(|_| alike().count() == 1);
        let source = near.or_else(only).map(|i| i.address);
        // What this host sends to itself never leaves by an interface.
        let to_ourselves = self.interfaces.iter().any(|i| i.address == address.ip() || i.loopback);
        let bound = near.filter(|_| self.setup.choice.interfaces.is_some() && !to_ourselves);
        Target { address, source, device: bound.map(|i| i.name.clone()), near: near.is_some() }
    }

    // ---- connections that we make ----

    /// Begins to connect to `peer`.
    #[cold]
    pub(super) fn begin(&mut self, peer: u32, patience: Patience) {
        let now = monotonic_ns();
        if now >= self.looked + LOOK && (self.trouble.is_some() || self.link_mut(peer).proposed > 0) {
            self.listen();
        }
        let addresses = interfaces::in_order(self.cards[peer as usize].clone(), &self.interfaces);
        let targets = addresses.into_iter().map(|address| self.target(address)).collect();
        let mut claim = Claim::new(&self.setup.name, self.setup.rank, peer);
        let (secret, link) = (self.setup.secret, self.link_mut(peer));
        claim.generation = link.proposed.max(link.generation).saturating_add(1);
        link.state = State::Dialing(Box::new(Dial::new(claim, secret, targets, patience, now)));
        self.dialing.push(peer);
        self.advance_dial(peer, now);
    }

    /// Goes on with making a connection.
    pub(super) fn advance_dial(&mut self, peer: u32, now: u64) {
        let Some(link) = &mut self.links[peer as usize] else { return };
        let State::Dialing(dial) = &mut link.state else { return };
        let dialed = dial.advance(now, &self.epoll, token(DIAL, peer));
        link.proposed = link.proposed.max(dial.proposed());
        match dialed {
            Dialed::Pending => {}
            Dialed::Up(socket, generation) => {
                let _ = self.epoll.remove(socket.as_fd());
                self.establish(peer, socket, generation);
            }
            Dialed::Failed(why) => {
                self.lose(peer, &why);
                self.forgo_grace(peer);
            }
        }
    }

    /// A peer that never answered has had its time.
    fn forgo_grace(&mut self, peer: u32) {
        if let Some(Link { state: State::Lost(since, _), .. }) = self.links[peer as usize].as_deref_mut() {
            *since = since.saturating_sub(GRACE);
        }
    }

    // ---- connections that come in ----

    pub(super) fn let_in(&mut self, listener: u32) {
        let now = monotonic_ns();
        while let Some(number) = self.door.accept(listener, now, &self.epoll, |n| token(STRANGER, n)) {
            self.hear(number);
        }
    }

    pub(super) fn hear(&mut self, stranger: u32) {
        let Some((claim, greeting)) = self.door.advance(stranger) else { return };
        let verdict = self.judge(claim);
        if verdict == Verdict::Refused {
            self.door.complain(format!(
                "refused a connection from rank {} (wire version {}) to rank {}",
                claim.from, claim.version, claim.to
            ));
        }
        self.admit(claim, verdict, greeting);
    }

    fn judge(&self, claim: Claim) -> Verdict {
        let me = self.setup.rank;
        let expected = Claim { generation: claim.generation, ..Claim::new(&self.setup.name, claim.from, me) };
        if claim != expected || claim.from as usize >= self.links.len() || claim.from == me {
            return Verdict::Refused;
        }
        let Some(link) = &self.links[claim.from as usize] else { return Verdict::Welcome(claim.generation) };
        if claim.generation <= link.generation {
            return Verdict::Stale(link.generation);
        }
        match &link.state {
            State::Gone => Verdict::Refused,
            // Both connect, and the peer may have heard of ours: the lower rank's connection stays.
            State::Dialing(dial) if dial.has_spoken() && claim.from > me => Verdict::Crossed,
            // Frames over the connection that we have may be on their way, and nobody would send them again.
            State::Up(_) | State::Lost(..) if link.care == Care::Direct => Verdict::Crossed,
            // What we believe to be up is not, as the peer knows; or nothing is.
            // Attempts of ours that the peer may still find in its queue are older than what we agree on.
            _ => Verdict::Welcome(claim.generation.max(link.proposed)),
        }
    }

    fn admit(&mut self, claim: Claim, verdict: Verdict, greeting: Greeting) {
        // A connection that breaks at its first byte is made again by the peer.
        let Ok(socket) = greeting.judge(verdict) else { return };
        if let Verdict::Welcome(generation) = verdict {
            let _ = self.epoll.remove(socket.as_fd());
            self.establish(claim.from, socket, generation);
        }
    }

    // ---- up and down ----

    fn establish(&mut self, peer: u32, socket: TcpStream, generation: u32) {
        self.dialing.retain(|d| *d != peer);
        let epoll_token = token(LINK, peer);
        if matches!(self.link_mut(peer).state, State::Up(_)) {
            self.reset(peer, State::Unused);
        }
        if let Err(error) = self.epoll.add(socket.as_fd(), epoll_token, true, false) {
            return self.lose(peer, &format!("cannot watch the connection: {error}"));
        }
        let link = self.link_mut(peer);
        // Frames that waited for a connection stay in the outbox.
        link.state = State::Up(socket);
        link.generation = generation;
        self.flush_link(peer);
        self.read_link(peer);
    }

    /// Replaces the state of a link and forgets what belonged to its connection, except a frame that is held.
    fn reset(&mut self, peer: u32, state: State) {
        if self.ready.front() == Some(&peer) {
            self.budget = BUDGET;
        }
        self.ready.retain(|r| *r != peer);
        self.begun.retain(|b| *b != peer);
        let inbox = self.link_mut(peer).reset(state);
        if self.held == Some(peer) {
            self.held = None;
            self.kept = Some(inbox);
        }
    }

    /// The link is down, for a reason.
    #[cold]
    pub(super) fn lose(&mut self, peer: u32, why: &str) {
        let why = self.about(peer, why);
        self.dialing.retain(|d| *d != peer);
        self.reset(peer, State::Lost(monotonic_ns(), why));
        if self.link_mut(peer).care == Care::Direct {
            self.lost.push(peer);
        }
    }
}
