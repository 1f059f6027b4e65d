//! The device as the core's live connections see it.

use super::link::State;
use super::{Tcp, wire};
use crate::core::device::{Properties, SendError};
use crate::core::frame::{Header, Incoming, Token};
use crate::core::interfaces;
use crate::core::network::{Link, Network};
use crate::core::slab::Slab;
use std::os::fd::BorrowedFd;

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
            // Until the connection breaks: what the kernel has taken is not yet delivered.
            reliable: true,
            latency_ns: 10_000,
            bandwidth_mb: 1_000,
        }
    }

    fn card(&self) -> Vec<u8> {
        interfaces::encode_card(&self.door.addresses())
    }

    fn set_card(&mut self, peer: u32, card: &[u8]) -> Result<(), String> {
        self.cards[peer as usize] = interfaces::decode_card(card);
        Ok(())
    }

    fn open(&mut self, peer: u32) {
        if self.links[peer as usize].is_none() {
            self.begin(peer);
        }
    }

    fn drop_link(&mut self, peer: u32, why: &str) {
        if self.links[peer as usize].is_some() {
            self.lose(peer, why);
        }
    }

    fn link(&self, peer: u32) -> Link {
        match self.links[peer as usize].as_ref().map(|l| &l.state) {
            None => Link::Unused,
            Some(State::Dialing(_)) => Link::Opening,
            Some(State::Up(_)) => Link::Up,
            Some(State::Gone) => Link::Finished,
            Some(State::Lost(_, why)) => Link::Down(why.clone()),
        }
    }

    fn send(&mut self, peer: u32, header: Header, slab: &Slab) -> Result<(), SendError> {
        let mut slab = slab.clone();
        self.send_filled(peer, header, |to| {
            slab.read(to, header.len);
        })
    }

    fn next(&mut self) -> Option<Incoming> {
        Tcp::next(self)
    }

    fn release(&mut self, token: Token) {
        Tcp::release(self, token);
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
