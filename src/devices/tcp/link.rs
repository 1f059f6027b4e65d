//! The way to one peer: frames that wait, the socket once there is one, what has arrived.

use super::dial::Dial;
use super::inbox::{Filled, Inbox};
use super::outbox::Outbox;
use super::wire::Malformed;
use crate::core::frame::Header;
use crate::core::slab::Slab;
use crate::sys::net::{Epoll, abort, limit_unsent, send_gathered};
use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;

/// Unsent bytes in the kernel's queue of a link that is one of several, at most.
const UNSENT: u32 = 256 * 1024;
/// Payload that one packet surely has room for, bytes.
const PACKET: usize = 1400;

pub enum State {
    Unused,
    /// A connection is being made.
    Dialing(Box<Dial>),
    Up(TcpStream),
    /// The peer has said that it sends no more, and has closed.
    Gone,
    /// Broken at a time (monotonic, ns), for a reason.
    Lost(u64, String),
}

/// Who cares when the link breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Care {
    /// Nobody has used it yet.
    Unknown,
    /// Nobody can repair what it loses: the loss is an alert.
    Direct,
    /// Whoever sends over it keeps what may be lost, and opens it again.
    Kept,
}

pub struct Link {
    pub state: State,
    pub care: Care,
    /// Of the connection that is there, or was the last.
    pub generation: u32,
    /// The highest generation that an attempt of ours has proposed.
    pub proposed: u32,
    pub outbox: Outbox,
    pub inbox: Inbox,
    /// The socket is watched for room.
    pub watched: bool,
    /// The kernel has been told to take little at a time.
    pub limited: bool,
    /// Frames have arrived and wait in the queue of ready links.
    pub ready: bool,
    /// The last frame has arrived.
    pub bye: bool,
    /// Why sending has failed; what the peer sent before may still be read.
    pub broken: Option<String>,
    /// Nothing more will arrive; for a reason, if it is not the orderly end.
    pub ended: Option<Option<String>>,
}

/// What a read brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    Nothing,
    /// Bytes, but no complete frame.
    Part,
    /// A frame or more; `drained`: the socket was empty afterwards. `long`: the first takes several packets.
    Frames {
        drained: bool,
        long: bool,
    },
    /// The end of the stream; frames may be left in the inbox.
    End,
}

impl Default for Link {
    fn default() -> Link {
        Link {
            state: State::Unused,
            care: Care::Unknown,
            generation: 0,
            proposed: 0,
            outbox: Outbox::default(),
            inbox: Inbox::default(),
            watched: false,
            limited: false,
            ready: false,
            bye: false,
            broken: None,
            ended: None,
        }
    }
}

impl Link {
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_)) && self.is_open()
    }

    /// Takes the state's place; what belonged to the connection before is gone. The old socket is closed at once.
    /// Returns the inbox, in which a frame may be held.
    pub fn reset(&mut self, state: State) -> Inbox {
        if let State::Up(socket) = std::mem::replace(&mut self.state, state) {
            abort(socket);
        }
        self.outbox = Outbox::default();
        (self.watched, self.limited, self.ready, self.bye) = (false, false, false, false);
        (self.broken, self.ended) = (None, None);
        std::mem::take(&mut self.inbox)
    }

    /// Makes the kernel's own queue short: what waits there cannot take another way any more.
    pub fn limit_unsent(&mut self) {
        if let State::Up(socket) = &self.state
            && !std::mem::replace(&mut self.limited, true)
        {
            // If it is refused, frames wait in the kernel for longer.
            let _ = limit_unsent(socket, UNSENT);
        }
    }

    /// Sends what waits, as far as the socket takes it.
    pub fn flush(&mut self, epoll: &Epoll, token: u64) {
        let State::Up(socket) = &self.state else { return };
        let flushed = self.outbox.flush(|pieces| send_gathered(socket, pieces));
        self.note_flushed(flushed, epoll, token);
    }

    /// Sends a frame behind what waits, as far as the socket takes it.
    pub fn send(&mut self, header: Header, slab: &Slab, epoll: &Epoll, token: u64) {
        let State::Up(socket) = &self.state else { return };
        let flushed = self.outbox.send_slab(header, slab, |pieces| send_gathered(socket, pieces));
        self.note_flushed(flushed, epoll, token);
    }

    /// `flushed`: nothing waits any more, or why sending has failed.
    fn note_flushed(&mut self, flushed: io::Result<bool>, epoll: &Epoll, token: u64) {
        let State::Up(socket) = &self.state else { return };
        match flushed {
            Ok(done) if done != self.watched => {}
            Ok(done) => {
                self.watched = !done;
                if epoll.change(socket.as_fd(), token, true, self.watched).is_err() {
                    self.watched = false;
                }
            }
            Err(error) => {
                self.outbox = Outbox::default();
                self.broken = Some(error.to_string());
            }
        }
    }

    /// Reads once.
    #[inline]
    pub fn fill(&mut self) -> Result<Arrival, Malformed> {
        let State::Up(socket) = &self.state else { return Ok(Arrival::Nothing) };
        let filled = match self.inbox.fill(&mut &*socket) {
            Ok(filled) => filled,
            Err(error) => {
                self.ended = Some(Some(error.to_string()));
                return Ok(Arrival::End);
            }
        };
        match filled {
            Filled::Nothing => Ok(Arrival::Nothing),
            Filled::End => {
                self.ended = Some(self.broken.clone());
                Ok(Arrival::End)
            }
            Filled::More | Filled::Drained => Ok(match self.inbox.peek()? {
                Some((header, _)) => {
                    Arrival::Frames { drained: filled == Filled::Drained, long: header.len > PACKET }
                }
                None => Arrival::Part,
            }),
        }
    }

    /// The socket takes bytes, or will.
    pub fn is_open(&self) -> bool {
        match &self.state {
            State::Dialing(_) => true,
            State::Up(_) => self.broken.is_none() && self.ended.is_none(),
            _ => false,
        }
    }
}
