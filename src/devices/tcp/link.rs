//! The way to one peer: frames that wait, the socket once there is one, what has arrived.

use super::dial::Dial;
use super::inbox::{Filled, Inbox};
use super::outbox::Outbox;
use super::wire::Malformed;
use crate::sys::net::{Epoll, send_gathered};
use std::net::TcpStream;
use std::os::fd::AsFd;

pub enum State {
    /// A connection is being made.
    Dialing(Box<Dial>),
    Up(TcpStream),
    /// The peer has said that it sends no more, and has closed.
    Gone,
    /// Broken at a time (monotonic, ns), for a reason.
    Lost(u64, String),
}

pub struct Link {
    pub state: State,
    pub outbox: Outbox,
    pub inbox: Inbox,
    /// The socket is watched for room.
    pub watched: bool,
    /// Frames have arrived and wait in the queue of ready links.
    pub ready: bool,
    /// The last frame has arrived.
    pub bye: bool,
    /// Why sending has failed; what the peer sent before may still be read.
    broken: Option<String>,
    /// Nothing more will arrive; for a reason, if it is not the orderly end.
    pub ended: Option<Option<String>>,
}

/// What a read brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    Nothing,
    /// Bytes, but no complete frame.
    Part,
    /// A frame or more; `drained`: the socket was empty afterwards.
    Frames {
        drained: bool,
    },
    /// The end of the stream; frames may be left in the inbox.
    End,
}

impl Link {
    pub fn dialing(dial: Dial) -> Link {
        Link::new(State::Dialing(Box::new(dial)))
    }

    pub fn up(socket: TcpStream) -> Link {
        Link::new(State::Up(socket))
    }

    fn new(state: State) -> Link {
        Link {
            state,
            outbox: Outbox::default(),
            inbox: Inbox::default(),
            watched: false,
            ready: false,
            bye: false,
            broken: None,
            ended: None,
        }
    }

    /// Sends what waits, as far as the socket takes it.
    pub fn flush(&mut self, epoll: &Epoll, token: u64) {
        let State::Up(socket) = &self.state else { return };
        let flushed = self.outbox.flush(|pieces| send_gathered(socket, pieces));
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
            Filled::More | Filled::Drained if self.inbox.peek()?.is_some() => {
                Ok(Arrival::Frames { drained: filled == Filled::Drained })
            }
            _ => Ok(Arrival::Part),
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
