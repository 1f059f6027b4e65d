//! Loopback: a process's messages to itself.

use crate::core::buffer::UserBuf;
use crate::core::device::{Properties, SendError, Sink};
use crate::core::frame::{Header, Incoming, Token};
use std::collections::VecDeque;

/// Frames under way at a time; beyond it senders wait.
const DEPTH: usize = 64;

pub struct Loopback {
    me: u32,
    id: u8,
    queue: VecDeque<(Header, Vec<u8>)>,
    /// The front frame has been handed up and not yet given back.
    handed: bool,
    spare: Vec<Vec<u8>>,
}

impl Loopback {
    /// `me` is the process's own number, `id` the sink number its frames carry.
    pub fn new(me: u32, id: u8) -> Self {
        Loopback { me, id, queue: VecDeque::new(), handed: false, spare: Vec::new() }
    }
}

impl Sink for Loopback {
    fn name(&self) -> &'static str {
        "loopback"
    }

    fn properties(&self) -> Properties {
        Properties {
            max_payload: 256 * 1024,
            ordered: true,
            reliable: true,
            latency_ns: 30,
            bandwidth_mb: 20_000,
        }
    }

    fn send(&mut self, _slot: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        if self.queue.len() >= DEPTH {
            return Err(SendError::Full);
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.resize(header.len, 0);
        fill(UserBuf::of(&mut bytes));
        self.queue.push_back((header, bytes));
        Ok(())
    }

    #[inline]
    fn next(&mut self) -> Option<Incoming> {
        if self.handed {
            return None;
        }
        let (header, bytes) = self.queue.front_mut()?;
        self.handed = true;
        let token = Token { sink: self.id, landed: false, slot: 0, line: 0 };
        Some(Incoming { peer: self.me, header: *header, payload: UserBuf::of(bytes), token })
    }

    fn release(&mut self, _token: Token) {
        self.handed = false;
        if let Some((_, bytes)) = self.queue.pop_front()
            && self.spare.len() < DEPTH
            && bytes.capacity() <= 64 * 1024
        {
            self.spare.push(bytes);
        }
    }
}
