//! The way to one peer: sessions are agreed on, pieces come in, limits run out.

use super::assemble::Assembly;
use super::pace::{Outgoing, Seen};
use super::wire::{Body, Head};
use super::{HELLO_LIMIT, HELLO_PAUSE, Udp, nonce};
use crate::sys::clock::monotonic_ns;
use std::net::{Ipv4Addr, SocketAddr};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    Unused,
    /// Saying hello: since when, when next, and the pause after that (monotonic, ns).
    Opening {
        limit: u64,
        next: u64,
        pause: u64,
    },
    Up,
    Down(String),
    Finished,
}

/// A session that the peer has proposed and not yet confirmed.
#[derive(Clone, Copy)]
struct Offer {
    theirs: u64,
    ours: u64,
}

pub struct Peer {
    pub card: Vec<SocketAddr>,
    pub state: State,
    /// Our part of the session that we are opening.
    ours: u64,
    offer: Option<Offer>,
    /// 0: there has been none.
    pub session: u64,
    /// Where the peer was when the session began.
    pub at: SocketAddr,
    /// The next confirmation, and the pause after it; 0: the peer has used the session.
    confirm_at: u64,
    confirm_pause: u64,
    pub way: Outgoing,
    seen: Seen,
    pub assembly: Assembly,
    /// Number of the next frame.
    pub frame: u32,
}

impl Default for Peer {
    fn default() -> Peer {
        Peer {
            card: Vec::new(),
            state: State::Unused,
            ours: 0,
            offer: None,
            session: 0,
            at: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            confirm_at: 0,
            confirm_pause: 0,
            way: Outgoing::new(0, 0),
            seen: Seen::new(),
            assembly: Assembly::default(),
            frame: 0,
        }
    }
}

impl Peer {
    pub fn is_opening(&self) -> bool {
        matches!(self.state, State::Opening { .. })
    }

    /// A time limit runs.
    fn is_ticking(&self) -> bool {
        self.is_opening() || (self.state == State::Up && (self.confirm_at > 0 || self.way.is_full()))
    }
}

impl Udp {
    pub(super) fn peer_mut(&mut self, peer: u32) -> &mut Peer {
        self.peers[peer as usize].get_or_insert_default()
    }

    /// Begins to say hello.
    pub(super) fn begin(&mut self, peer: u32) {
        let now = monotonic_ns();
        let p = self.peer_mut(peer);
        // What we have answered a hello with is as good, and then both ways lead to the same session.
        p.ours = p.offer.map_or_else(nonce, |offer| offer.ours);
        p.state = State::Opening { limit: now + HELLO_LIMIT, next: now, pause: HELLO_PAUSE };
        if p.card.is_empty() {
            return self.lose(peer, "it has put up no address for udp");
        }
        self.mind(peer);
        self.tick(now);
        self.flush();
    }

    /// A time limit runs for `peer`.
    pub(super) fn mind(&mut self, peer: u32) {
        if !self.ticking.contains(&peer) {
            self.ticking.push(peer);
        }
    }

    pub(super) fn lose(&mut self, peer: u32, why: &str) {
        let why = self.about(peer, why);
        let p = self.peer_mut(peer);
        p.state = State::Down(why);
        p.assembly = Assembly::default();
    }

    // ---- what the peer says ----

    pub(super) fn hear(&mut self, head: Head, body: Body<'_>, from: SocketAddr) {
        let peer = head.from;
        match body {
            Body::Hello { nonce } => return self.heard_hello(peer, nonce, from),
            Body::Welcome { echo, nonce, room } => return self.heard_welcome(peer, echo, nonce, room, from),
            _ => {}
        }
        if !self.is_session(peer, head.session, &body, from) {
            // Never in answer to such an answer.
            let silent = matches!(body, Body::Drop | Body::Bye);
            if !silent {
                self.disown(peer, head.session, from);
            }
            return;
        }
        if head.number == 0 && matches!(body, Body::Drop) {
            return self.lose(peer, "the process there does not know the session");
        }
        let p = self.peer_mut(peer);
        p.confirm_at = 0;
        if !p.seen.take(head.number) {
            return;
        }
        match body {
            Body::Data(piece, bytes) => {
                let spare = &mut self.spare;
                let Some(p) = &mut self.peers[peer as usize] else { return };
                if let Some(frame) = p.assembly.add(&piece, bytes, || Udp::fresh(spare)) {
                    self.ready.push_back((peer, frame));
                }
                if piece.ask {
                    self.report(peer);
                }
            }
            Body::Report { seen } => p.way.reported(seen),
            Body::Drop => self.lose(peer, "the process there has given the link up"),
            Body::Bye => p.state = State::Finished,
            // An answer tells the peer that it need not confirm again.
            Body::Confirm { .. } => self.report(peer),
            Body::Hello { .. } | Body::Welcome { .. } => {}
        }
    }

    /// Tells a peer that the session it uses is none of ours, so that it says hello again: when both have said hello at
    /// once, and something was lost, each may be left with a session that the other does not have. A recorded answer
    /// of this kind does no harm: it names the one session that was unknown.
    fn disown(&mut self, peer: u32, session: u64, from: SocketAddr) {
        let Some(p) = &self.peers[peer as usize] else { return };
        let offered = p.offer.is_some_and(|o| session == self.session_of(peer, o.ours, o.theirs));
        if session != 0 && session != p.session && !offered && matches!(p.state, State::Up | State::Down(_)) {
            self.say(peer, from, session, &Body::Drop);
        }
    }

    fn report(&mut self, peer: u32) {
        let p = self.peer_mut(peer);
        let (to, session, seen) = (p.at, p.session, p.seen.highest);
        self.say(peer, to, session, &Body::Report { seen });
    }

    fn heard_hello(&mut self, peer: u32, theirs: u64, from: SocketAddr) {
        let room = self.sockets.room();
        let p = self.peer_mut(peer);
        if p.state == State::Finished {
            return;
        }
        let ours = match p.offer {
            Some(offer) if offer.theirs == theirs => offer.ours,
            // Each hello is answered with a number of its own; while we say hello ourselves, with that one.
            _ if p.is_opening() => p.ours,
            _ => nonce(),
        };
        p.offer = Some(Offer { theirs, ours });
        self.say(peer, from, 0, &Body::Welcome { echo: theirs, nonce: ours, room });
    }

    fn heard_welcome(&mut self, peer: u32, echo: u64, theirs: u64, room: u32, from: SocketAddr) {
        let session = self.session_of(peer, echo, theirs);
        let p = self.peer_mut(peer);
        if !p.is_opening() || echo != p.ours {
            return;
        }
        self.establish(peer, session, room, from);
        let now = monotonic_ns();
        let p = self.peer_mut(peer);
        (p.confirm_at, p.confirm_pause) = (now, HELLO_PAUSE);
        self.mind(peer);
        self.tick(now);
    }

    /// The datagram belongs to the session that we have, or to the one that we have offered and that begins with it.
    fn is_session(&mut self, peer: u32, session: u64, body: &Body<'_>, from: SocketAddr) -> bool {
        let Some(p) = &self.peers[peer as usize] else { return false };
        if session != 0 && session == p.session {
            return p.state == State::Up;
        }
        let (Some(offer), Body::Confirm { room }) = (p.offer, body) else { return false };
        if session != self.session_of(peer, offer.ours, offer.theirs) || p.state == State::Finished {
            return false;
        }
        self.establish(peer, session, *room, from);
        true
    }

    /// The session that both ends derive from the numbers they have chosen.
    fn session_of(&self, peer: u32, ours: u64, theirs: u64) -> u64 {
        let me = self.setup.rank;
        let (low, high) = if me < peer { (ours, theirs) } else { (theirs, ours) };
        let text =
            [low, high, u64::from(me.min(peer)), u64::from(me.max(peer))].map(u64::to_le_bytes).concat();
        self.key.hash(&text).max(1)
    }

    fn establish(&mut self, peer: u32, session: u64, room: u32, at: SocketAddr) {
        let size = self.sockets.largest();
        let p = self.peer_mut(peer);
        (p.session, p.at, p.state) = (session, at, State::Up);
        (p.offer, p.confirm_at, p.frame) = (None, 0, 0);
        (p.way, p.seen, p.assembly) = (Outgoing::new(room, size), Seen::new(), Assembly::default());
    }

    // ---- time limits ----

    pub(super) fn tick(&mut self, now: u64) {
        for peer in std::mem::take(&mut self.ticking) {
            self.tick_peer(peer, now);
            if self.peers[peer as usize].as_ref().is_some_and(|p| p.is_ticking()) {
                self.ticking.push(peer);
            }
        }
    }

    fn tick_peer(&mut self, peer: u32, now: u64) {
        let room = self.sockets.room();
        let p = self.peer_mut(peer);
        p.way.expire(now);
        match p.state {
            State::Opening { limit, next, pause } if now >= next => {
                if now >= limit {
                    let tried: Vec<String> = p.card.iter().map(SocketAddr::to_string).collect();
                    return self.lose(peer, &format!("no answer from {}", tried.join(", ")));
                }
                p.state = State::Opening { limit, next: now + pause, pause: pause * 3 / 2 };
                let (nonce, targets) = (p.ours, p.card.clone());
                for to in self.sockets.in_order(targets) {
                    self.say(peer, to, 0, &Body::Hello { nonce });
                }
            }
            State::Up if p.confirm_at > 0 && now >= p.confirm_at => {
                p.confirm_at = now + p.confirm_pause;
                p.confirm_pause = (p.confirm_pause * 3 / 2).min(HELLO_LIMIT);
                let (to, session) = (p.at, p.session);
                self.say(peer, to, session, &Body::Confirm { room });
            }
            _ => {}
        }
    }
}
