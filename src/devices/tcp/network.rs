//! The device as the core's live connections see it.

use super::dial::Patience;
use super::link::{Care, State};
use super::outbox::SHARED_LIMIT;
use super::{LINK, Tcp, token, wire};
use crate::core::buffer::{Buffer, UserBuf};
use crate::core::device::{Properties, SendError};
use crate::core::frame::{Begun, Header, Incoming, Token, kind};
use crate::core::interfaces;
use crate::core::network::{Link, Network};
use crate::core::slab::Slab;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

impl Network for Tcp {
    fn name(&self) -> &str {
        &self.setup.name
    }

    fn device(&self) -> &str {
        "tcp"
    }

    fn properties(&self) -> Properties {
        Properties {
            max_payload: wire::MAX_PAYLOAD,
            ordered: true,
            // What the kernel has taken is not yet delivered.
            reliable: false,
            latency_ns: 10_000,
            bandwidth_mb: 1_000,
        }
    }

    fn stands_alone(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        Tcp::trouble(self)
    }

    fn card(&self) -> Vec<u8> {
        interfaces::encode_card(&self.door.addresses())
    }

    fn set_card(&mut self, peer: u32, card: &[u8]) -> Result<(), String> {
        let addresses = interfaces::decode_card(card);
        if addresses.is_empty() && !card.is_empty() {
            return Err(self.about(peer, "its card for tcp names no address"));
        }
        self.cards[peer as usize] = addresses;
        Ok(())
    }

    fn open(&mut self, peer: u32) {
        let link = self.link_mut(peer);
        let broken = if matches!(link.state, State::Up(_)) { link.broken.clone() } else { None };
        if let Some(why) = broken {
            self.lose(peer, &why);
        }
        let link = self.link_mut(peer);
        match link.state {
            // What it has lost would be missing.
            State::Lost(..) if link.care == Care::Direct => {}
            State::Unused | State::Lost(..) => self.begin(peer, Patience::SHORT),
            _ => {}
        }
    }

    fn drop_link(&mut self, peer: u32, why: &str) {
        if matches!(self.link_mut(peer).state, State::Up(_) | State::Dialing(_)) {
            self.lose(peer, why);
        }
    }

    fn link(&self, peer: u32) -> Link {
        let Some(link) = &self.links[peer as usize] else { return Link::Unused };
        match (&link.state, &link.broken) {
            (State::Unused, _) => Link::Unused,
            (State::Dialing(_), _) => Link::Opening,
            (State::Up(_), None) => Link::Up,
            (State::Up(_), Some(why)) => Link::Down(self.about(peer, why)),
            (State::Gone, _) => Link::Finished,
            (State::Lost(_, why), _) => Link::Down(why.clone()),
        }
    }

    fn send(&mut self, peer: u32, header: Header, slab: &Slab) -> Result<(), SendError> {
        if header.kind < kind::CORE {
            return self.send_filled(peer, header, |to| slab_to(slab, to, header.len));
        }
        let Some(link) = self.links[peer as usize].as_deref_mut().filter(|link| link.is_up()) else {
            return Err(self.not_up(peer));
        };
        link.care = Care::Kept;
        link.limit_unsent();
        if link.outbox.is_full(SHARED_LIMIT) {
            link.flush(&self.epoll, token(LINK, peer));
            if link.outbox.is_full(SHARED_LIMIT) {
                return Err(SendError::Full);
            }
        }
        if link.watched {
            // The socket takes the frame along when it has room.
            link.outbox.push_slab(header, slab);
        } else {
            link.send(header, slab, &self.epoll, token(LINK, peer));
        }
        if header.kind != kind::ACK {
            self.pace.expect_answer(peer);
        }
        Ok(())
    }

    fn copy_out_of(&mut self, peer: u32, buffer: &Rc<Buffer>) {
        if let Some(link) = &mut self.links[peer as usize] {
            link.outbox.copy_out_of(buffer);
        }
    }

    fn next(&mut self) -> Option<Incoming> {
        Tcp::next(self)
    }

    fn release(&mut self, token: Token) {
        Tcp::release(self, token);
    }

    fn begun(&mut self) -> Option<Begun> {
        while let Some(peer) = self.begun.pop() {
            let link = self.links[peer as usize].as_mut();
            if let Some((header, head)) = link.and_then(|link| link.inbox.begun()) {
                return Some(Begun { peer, sink: self.setup.id, header, head });
            }
        }
        None
    }

    fn land(&mut self, begun: &Begun, at: UserBuf) {
        if let Some(link) = &mut self.links[begun.peer as usize] {
            link.inbox.land(begun.header, at);
        }
    }

    fn retract(&mut self, peer: u32) {
        // What has been handed out has landed.
        if self.held != Some(peer)
            && let Some(link) = &mut self.links[peer as usize]
        {
            link.inbox.retract();
        }
    }

    fn owes(&self) -> bool {
        self.links.iter().flatten().any(|link| link.is_open() && !link.outbox.is_empty())
    }

    fn is_ticking(&self) -> bool {
        !self.dialing.is_empty() || !self.lost.is_empty() || self.door.is_ticking()
    }

    fn is_quiet(&mut self) -> bool {
        // Whatever happened may be what somebody waits for (room, for one).
        !self.poll_all() && self.ready.is_empty()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.epoll.fd())
    }

    fn take_alerts(&mut self) -> Vec<(Option<u32>, String)> {
        self.take_losses_and_alerts()
    }

    fn close(&mut self) {
        self.end();
    }
}

fn slab_to(slab: &Slab, to: UserBuf, len: usize) {
    slab.clone().read(to, len);
}

impl Tcp {
    #[cold]
    fn not_up(&self, peer: u32) -> SendError {
        match Network::link(self, peer) {
            Link::Opening | Link::Up => SendError::Full,
            Link::Unused => SendError::Lost(self.about(peer, "the link has not been opened")),
            Link::Finished => SendError::Lost(self.about(peer, "the process there has finished")),
            Link::Down(why) => SendError::Lost(why),
        }
    }
}
