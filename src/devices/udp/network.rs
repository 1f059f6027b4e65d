//! The device as the core's live connections see it.

use super::peer::State;
use super::wire::Body;
use super::{GOODBYES, SPARE, Udp};
use crate::core::buffer::UserBuf;
use crate::core::device::{Properties, SendError};
use crate::core::frame::{Header, Incoming, Token};
use crate::core::interfaces;
use crate::core::network::{Link, Network};
use crate::core::slab::Slab;
use crate::sys::clock::monotonic_ns;
use std::os::fd::BorrowedFd;

/// Frames so small are not held back: acknowledgements, mostly, that let others go on.
const TINY: usize = 64;

/// Time between two looks for our interfaces, ns.
const LOOK: u64 = 200_000_000;

impl Network for Udp {
    fn name(&self) -> &str {
        &self.setup.name
    }

    fn device(&self) -> &str {
        "udp"
    }

    fn properties(&self) -> Properties {
        Properties {
            max_payload: self.frame_size(),
            ordered: false,
            reliable: false,
            latency_ns: 15_000,
            bandwidth_mb: 500,
        }
    }

    fn trouble(&self) -> Option<String> {
        Udp::trouble(self)
    }

    fn card(&self) -> Vec<u8> {
        interfaces::encode_card(&self.sockets.addresses())
    }

    fn set_card(&mut self, peer: u32, card: &[u8]) -> Result<(), String> {
        let addresses = interfaces::decode_card(card);
        if addresses.is_empty() && !card.is_empty() {
            return Err(self.about(peer, "its card for udp names no address"));
        }
        self.peer_mut(peer).card = addresses;
        Ok(())
    }

    fn open(&mut self, peer: u32) {
        if !matches!(self.peer_mut(peer).state, State::Unused | State::Down(_)) {
            return;
        }
        if monotonic_ns() >= self.looked + LOOK {
            self.bind();
        }
        self.begin(peer);
    }

    fn drop_link(&mut self, peer: u32, why: &str) {
        let p = self.peer_mut(peer);
        let (up, to, session) = (p.state == State::Up, p.at, p.session);
        if up {
            self.say(peer, to, session, &Body::Drop);
            self.flush();
        }
        if up || self.peer_mut(peer).is_opening() {
            self.lose(peer, why);
        }
    }

    fn link(&self, peer: u32) -> Link {
        let Some(p) = &self.peers[peer as usize] else { return Link::Unused };
        match &p.state {
            State::Unused => Link::Unused,
            State::Opening { .. } => Link::Opening,
            State::Up => Link::Up,
            State::Down(why) => Link::Down(why.clone()),
            State::Finished => Link::Finished,
        }
    }

    fn send(&mut self, peer: u32, header: Header, slab: &Slab) -> Result<(), SendError> {
        let count = header.len.div_ceil(self.piece_size()).max(1) as u64;
        match self.peers[peer as usize].as_deref_mut() {
            Some(p) if p.state == State::Up => {
                if self.sockets.is_waiting() {
                    self.flush();
                }
                if self.sockets.is_waiting() {
                    return Err(SendError::Full);
                }
                let Some(p) = self.peers[peer as usize].as_deref_mut() else { return Err(SendError::Full) };
                if header.len > TINY && !p.way.admits(count, monotonic_ns()) {
                    self.mind(peer);
                    return Err(SendError::Full);
                }
            }
            Some(p) if p.is_opening() => return Err(SendError::Full),
            _ => return Err(self.not_up(peer)),
        }
        debug_assert!(slab.remaining() >= header.len, "the slab is shorter than header.len");
        let mut slab = slab.clone();
        self.push_frame(peer, header, |to, len| {
            let at = to.len();
            to.resize(at + len, 0);
            slab.read(UserBuf::of(&mut to[at..]), len);
        });
        self.flush();
        self.misses = 0;
        self.skip = 0;
        Ok(())
    }

    fn next(&mut self) -> Option<Incoming> {
        if self.ready.is_empty() && !self.look() {
            return None;
        }
        let (peer, mut frame) = self.ready.pop_front()?;
        let token = Token { sink: self.setup.id, landed: false, slot: peer, line: 0 };
        let (header, payload) = (frame.header, UserBuf::of(&mut frame.bytes));
        self.held = Some(frame);
        Some(Incoming { peer, header, payload, token })
    }

    fn release(&mut self, _token: Token) {
        let Some(mut frame) = self.held.take() else { return };
        if self.spare.len() < SPARE {
            frame.bytes.clear();
            self.spare.push(frame.bytes);
        }
    }

    fn owes(&self) -> bool {
        self.sockets.is_waiting()
    }

    fn is_ticking(&self) -> bool {
        !self.ticking.is_empty()
    }

    fn is_quiet(&mut self) -> bool {
        !self.poll() && self.ready.is_empty()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.sockets.fd())
    }

    fn take_alerts(&mut self) -> Vec<(Option<u32>, String)> {
        std::mem::take(&mut self.alerts)
    }

    fn close(&mut self) {
        let up = |p: &Option<Box<super::Peer>>| p.as_ref().is_some_and(|p| p.state == State::Up);
        let peers: Vec<u32> = (0..).zip(&self.peers).filter(|(_, p)| up(p)).map(|(peer, _)| peer).collect();
        for _ in 0..GOODBYES {
            for peer in &peers {
                let p = self.peer_mut(*peer);
                let (to, session) = (p.at, p.session);
                self.say(*peer, to, session, &Body::Bye);
            }
            self.flush();
        }
        for peer in peers {
            self.peer_mut(peer).state = State::Finished;
        }
        self.ticking.clear();
        self.sockets.close();
    }
}

impl Udp {
    #[cold]
    fn not_up(&self, peer: u32) -> SendError {
        match self.link(peer) {
            Link::Down(why) => SendError::Lost(why),
            Link::Finished => SendError::Lost(self.about(peer, "the process there has finished")),
            _ => SendError::Lost(self.about(peer, "the link has not been opened")),
        }
    }
}
