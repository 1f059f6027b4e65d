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

/// The most a stranger may send; its ticket and rank fit easily.
const STRANGER_BYTES: usize = 256;

/// Why a connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The other end has closed it.
    Closed,
    /// It does not belong here.
    Stranger(&'static str),
}

/// A connection.
pub struct Client {
    socket: UnixStream,
    pub pid: i32,
    pub rank: Option<u32>,
    arrived: FrameBuffer,
    waiting: Vec<u8>,
    since: Instant,
    slot: Option<usize>,
    end: Option<End>,
    /// How much an unproven peer has sent.
    heard: usize,
}

impl Client {
    /// Takes a connection; one of another user has ended before a byte of it is read.
    pub fn new(socket: UnixStream) -> io::Result<Client> {
        let peer = unix_socket::peer_credentials(socket.as_fd())?;
        let same_user = peer.uid == unix_socket::own_uid();
        socket.set_nonblocking(true)?;
        Ok(Client {
            socket,
            pid: peer.pid,
            rank: None,
            arrived: FrameBuffer::default(),
            waiting: Vec::new(),
            since: Instant::now(),
            slot: None,
            end: (!same_user).then_some(End::Stranger("it belongs to another user")),
            heard: 0,
        })
    }

    /// Whether and why the connection is to be closed.
    pub fn end(&self, now: Instant) -> Option<End> {
        let late = self.deadline().is_some_and(|deadline| deadline <= now);
        self.end.or(late.then_some(End::Stranger("it does not say who it is")))
    }

    /// The connection has shown that it does not belong here.
    pub fn refuse(&mut self, why: &'static str) {
        self.end.get_or_insert(End::Stranger(why));
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
        if set.readable(slot) && self.end.is_none() {
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
                    self.refuse("it sends nonsense");
                    return requests;
                }
            }
        }
    }

    fn fill(&mut self) {
        let mut buffer = [0; 16384];
        match self.socket.read(&mut buffer) {
            Ok(0) => self.end = Some(End::Closed),
            Ok(n) => {
                self.heard += n;
                if self.rank.is_none() && self.heard > STRANGER_BYTES {
                    return self.refuse("it sends nonsense");
                }
                self.arrived.push(&buffer[..n]);
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.end = Some(End::Closed),
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
            Err(_) => self.end = Some(End::Closed),
        }
    }

    fn flush(&mut self) {
        let mut written = 0;
        while written < self.waiting.len() {
            match self.socket.write(&self.waiting[written..]) {
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.end = Some(End::Closed);
                    break;
                }
            }
        }
        self.waiting.drain(..written);
    }
}
