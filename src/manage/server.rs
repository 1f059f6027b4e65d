//! The control socket of one process: takes connections, reads lines, answers them.
//!
//! Runs on the attendant's thread only, when something has happened; nothing waits. A client is believed in nothing:
//! it must be of our user (the kernel says so), a line and the number of connections are bounded, and who does not take
//! its answers gets no more of them and is dropped.
//!
//! The request `tend` is answered here: the process makes progress every millisecond as long as that client stays
//! and asks, so that a change goes on while the program computes.

use super::{Address, MOST_REQUEST};
use crate::core::attendant::{Host, Server};
use crate::core::manage::quote;
use crate::sys::net::Epoll;
use crate::sys::unix_socket::{listen_abstract, own_uid, peer_credentials};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// Connections at once.
const MOST_CLIENTS: usize = 32;
/// Connections taken and requests answered in one go; the attendant has other duties.
const TURN: usize = 16;
/// A client that has not taken a byte of its answers for so long is dropped; one that asks nothing makes place for another
/// after that time.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the process tends its connections after a client has asked for it.
const TENDING: Duration = Duration::from_secs(2);
/// Time between two steps of progress meanwhile.
const STEP: Duration = Duration::from_millis(1);

/// Token of the listener in the set.
const LISTENER: u64 = 0;

struct Client {
    socket: UnixStream,
    /// Bytes of the line that is not complete.
    line: Vec<u8>,
    /// What it has not taken.
    answers: Vec<u8>,
    /// Last sign of life.
    seen: Instant,
    tends_until: Option<Instant>,
    /// Complete lines wait in `line`.
    more: bool,
}

pub struct Door {
    set: Epoll,
    listener: UnixListener,
    /// False while new connections cannot be taken.
    listening: bool,
    clients: BTreeMap<u64, Client>,
    next: u64,
}

impl Door {
    pub fn open(address: &Address) -> io::Result<Door> {
        let listener = listen_abstract(&address.name())?;
        listener.set_nonblocking(true)?;
        let set = Epoll::new()?;
        set.add(listener.as_fd(), LISTENER, true, false)?;
        Ok(Door { set, listener, listening: true, clients: BTreeMap::new(), next: LISTENER + 1 })
    }

    /// Takes what knocks.
    fn accept(&mut self) {
        for _ in 0..TURN {
            match self.listener.accept() {
                Ok((socket, _)) => self.admit(socket),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    // No descriptor is left, for instance: the listener would report it without end.
                    if self.set.remove(self.listener.as_fd()).is_ok() {
                        self.listening = false;
                    }
                    return;
                }
            }
        }
    }

    fn listen_again(&mut self) {
        if !self.listening && self.set.add(self.listener.as_fd(), LISTENER, true, false).is_ok() {
            self.listening = true;
        }
    }

    fn admit(&mut self, socket: UnixStream) {
        if socket.set_nonblocking(true).is_err() {
            return;
        }
        if let Err(why) = self.check(&socket) {
            // Nobody waits for a stranger to read it.
            let _ = (&socket).write(format!("{{\"ok\":false,\"error\":{}}}\n", quote(&why)).as_bytes());
            return;
        }
        let token = self.next;
        self.next += 1;
        if self.set.add(socket.as_fd(), token, true, false).is_ok() {
            let (line, answers) = (Vec::new(), Vec::new());
            let client =
                Client { socket, line, answers, seen: Instant::now(), tends_until: None, more: false };
            self.clients.insert(token, client);
        }
    }

    fn check(&mut self, socket: &UnixStream) -> Result<(), String> {
        let peer = peer_credentials(socket.as_fd()).map_err(|e| format!("who are you? {e}"))?;
        let own = own_uid();
        if peer.uid != own && peer.uid != 0 {
            return Err(format!("this process belongs to user {own}, you are user {}", peer.uid));
        }
        if self.clients.len() >= MOST_CLIENTS {
            let idle = self.clients.iter().filter(|(_, c)| c.seen.elapsed() >= PATIENCE);
            let longest = idle.min_by_key(|(_, c)| c.seen).map(|(token, _)| *token);
            let longest = longest.ok_or_else(|| format!("{MOST_CLIENTS} others are connected already"))?;
            self.clients.remove(&longest);
        }
        Ok(())
    }

    /// Goes on with one client; it is gone if it cannot be gone on with.
    fn attend(&mut self, token: u64, readable: bool, host: &dyn Host) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let stays = client.write() && (!readable || client.read()) && client.answer(host) && client.write();
        if !stays {
            self.clients.remove(&token);
            return;
        }
        // Who does not take its answers is not listened to.
        let (read, write) = (client.answers.is_empty() && !client.more, !client.answers.is_empty());
        if self.set.change(client.socket.as_fd(), token, read, write).is_err() {
            self.clients.remove(&token);
        }
    }

    /// When to be called again.
    fn again(&self) -> Option<Duration> {
        let waits = |c: &Client| !c.answers.is_empty();
        let busy = self.clients.values().any(|c| c.more && c.answers.is_empty() || c.tends_until.is_some());
        let slow = !self.listening || self.clients.values().any(waits);
        if busy { Some(STEP) } else { slow.then_some(Duration::from_secs(1)) }
    }
}

impl Server for Door {
    fn fd(&self) -> BorrowedFd<'_> {
        self.set.fd()
    }

    fn serve(&mut self, host: &dyn Host) -> Option<Duration> {
        self.listen_again();
        let mut events = Vec::new();
        if self.set.wait(Duration::ZERO, |event| events.push(event)).is_err() {
            return Some(Duration::from_secs(1));
        }
        // Who has left makes place for who knocks.
        for event in events.iter().filter(|event| event.token != LISTENER) {
            self.attend(event.token, event.readable, host);
        }
        if events.iter().any(|event| event.token == LISTENER) {
            self.accept();
        }
        let waiting = self.clients.iter().filter(|(_, c)| c.more && c.answers.is_empty());
        for token in waiting.map(|(token, _)| *token).collect::<Vec<_>>() {
            self.attend(token, false, host);
        }
        let now = Instant::now();
        self.clients.retain(|_, c| c.answers.is_empty() || c.seen + PATIENCE > now);
        let mut tends = false;
        for client in self.clients.values_mut() {
            client.tends_until = client.tends_until.filter(|until| *until > now);
            tends |= client.tends_until.is_some();
        }
        if tends {
            host.progress();
        }
        self.again()
    }
}

impl Client {
    /// Reads what is there; false at the end or when the line becomes too long.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.socket.read(&mut bytes) {
            Ok(0) => false,
            Ok(got) => {
                self.seen = Instant::now();
                self.line.extend_from_slice(&bytes[..got]);
                let last = self.line.iter().rev().position(|b| *b == b'\n').unwrap_or(self.line.len());
                if last > MOST_REQUEST || self.line.len() > 4 * MOST_REQUEST {
                    self.refuse(&format!("a request has at most {MOST_REQUEST} bytes"));
                    return false;
                }
                true
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// Says why, as far as it is taken, before the end.
    fn refuse(&mut self, why: &str) {
        let answer = format!("{{\"ok\":false,\"error\":{}}}\n", quote(why));
        self.answers.extend_from_slice(answer.as_bytes());
        self.write();
    }

    /// Answers complete lines, while the answers are taken.
    fn answer(&mut self, host: &dyn Host) -> bool {
        for _ in 0..TURN {
            let end = self.line.iter().position(|b| *b == b'\n');
            self.more = end.is_some();
            let Some(end) = end.filter(|_| self.answers.is_empty()) else { return true };
            let line: Vec<u8> = self.line.drain(..=end).collect();
            let Ok(line) = std::str::from_utf8(&line[..end]) else {
                self.refuse("a request is text in UTF-8");
                return false;
            };
            let answer = self.obey(line.trim(), host);
            self.answers = answer.into_bytes();
            self.answers.push(b'\n');
            if !self.write() {
                return false;
            }
        }
        true
    }

    fn obey(&mut self, line: &str, host: &dyn Host) -> String {
        if line == "tend" {
            self.tends_until = Some(Instant::now() + TENDING);
            host.progress();
            return "{\"ok\":true}".into();
        }
        let mut answer = String::new();
        host.visit(&mut |core| answer = core.command(line));
        answer
    }

    /// Sends what it takes; false if it is gone.
    fn write(&mut self) -> bool {
        while !self.answers.is_empty() {
            match self.socket.write(&self.answers) {
                Ok(0) => return false,
                Ok(sent) => {
                    self.answers.drain(..sent);
                    self.seen = Instant::now();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
