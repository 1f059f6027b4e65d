//! One process on the agent's socket: a stranger until it has shown its ticket, then a rank.

use crate::job::frame::FrameBuffer;
use crate::job::protocol::{Reply, Request};
use crate::sys::fd::{Interest, PollSet};
use crate::sys::unix_socket;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a stranger may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection.
pub struct Client {
    socket: UnixStream,
    pub pid: i32,
    pub rank: Option<u32>,
    arrived: FrameBuffer,
    waiting: Vec<u8>,
    since: Instant,
    slot: Option<usize>,
    gone: bool,
}

impl Client {
    /// Accepts a connection of the same user; others are refused.
    pub fn new(socket: UnixStream) -> io::Result<Client> {
        let peer = unix_socket::peer_credentials(socket.as_fd())?;
        if peer.uid != unix_socket::own_uid() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        socket.set_nonblocking(true)?;
        Ok(Client {
            socket,
            pid: peer.pid,
            rank: None,
            arrived: FrameBuffer::default(),
            waiting: Vec::new(),
            since: Instant::now(),
            slot: None,
            gone: false,
        })
    }

    /// Whether the other end has closed, broken the rules, or stayed silent for too long.
    pub fn is_gone(&self, now: Instant) -> bool {
        self.gone || self.deadline().is_some_and(|deadline| deadline <= now)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.rank.is_none().then(|| self.since + PATIENCE)
    }

    pub fn poll(&mut self, set: &mut PollSet) {
        let interest = if self.waiting.is_empty() { Interest::Read } else { Interest::Both };
        self.slot = Some(set.add(self.socket.as_fd(), interest));
    }

    /// Reads what has arrived and writes what fits; returns the complete requests.
    pub fn exchange(&mut self, set: &PollSet) -> Vec<Request> {
        let Some(slot) = self.slot.take() else { return Vec::new() };
        if set.writable(slot) {
            self.flush();
        }
        if set.readable(slot) {
            self.fill();
        }
        let mut requests = Vec::new();
        loop {
            let decoded = self
                .arrived
                .next_frame()
                .and_then(|frame| frame.map(|(kind, body)| Request::decode(kind, &body)).transpose());
            match decoded {
                Ok(Some(request)) => requests.push(request),
                Ok(None) => return requests,
                Err(_) => {
                    self.gone = true;
                    return requests;
                }
            }
        }
    }

    fn fill(&mut self) {
        let mut buffer = [0; 16384];
        match self.socket.read(&mut buffer) {
            Ok(0) => self.gone = true,
            Ok(n) => self.arrived.push(&buffer[..n]),
            Err(e) => self.gone = !matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    pub fn send(&mut self, reply: &Reply) {
        self.waiting.extend_from_slice(&reply.encode());
        self.flush();
    }

    /// Sends a reply that carries descriptors; it is the first reply, so the socket has room for its beginning.
    pub fn send_with_fds(&mut self, reply: &Reply, fds: &[BorrowedFd<'_>]) {
        let bytes = reply.encode();
        let head = bytes.len().min(1024);
        match unix_socket::send_with_fds(self.socket.as_fd(), &bytes[..head], fds) {
            Ok(()) => {
                self.waiting.extend_from_slice(&bytes[head..]);
                self.flush();
            }
            Err(_) => self.gone = true,
        }
    }

    fn flush(&mut self) {
        let mut written = 0;
        while written < self.waiting.len() {
            match self.socket.write(&self.waiting[written..]) {
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.gone |= e.kind() != io::ErrorKind::WouldBlock;
                    break;
                }
            }
        }
        self.waiting.drain(..written);
    }
}
