//! Making a connection to one peer: its addresses one after another, each with a time limit, again until the
//! whole attempt has lasted too long. Meanwhile the peer may connect to us; then this attempt is dropped.

use super::greeting::{Claim, Failure, Greeting, Step, Verdict};
use crate::sys::net::{self, Epoll};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;

const SECOND: u64 = 1_000_000_000;
/// For one address.
const ADDRESS_LIMIT: u64 = 3 * SECOND;
/// For the peer. A peer that is alive listens since before the job's first fence.
const PEER_LIMIT: u64 = 15 * SECOND;
/// Pause after a fruitless round over all addresses.
const PAUSE: u64 = SECOND / 4;

struct Attempt {
    greeting: Greeting,
    address: SocketAddr,
    limit: u64,
}

pub struct Dial {
    claim: Claim,
    secret: [u8; 32],
    addresses: Vec<SocketAddr>,
    next: usize,
    attempt: Option<Attempt>,
    /// Not before this time.
    again: u64,
    limit: u64,
    /// How the last attempt at each address ended.
    failures: Vec<String>,
}

pub enum Dialed {
    Pending,
    Up(TcpStream),
    Failed(String),
}

impl Dial {
    pub fn new(claim: Claim, secret: [u8; 32], addresses: Vec<SocketAddr>, now: u64) -> Dial {
        let failures = addresses.iter().map(|_| String::new()).collect();
        Dial {
            claim,
            secret,
            addresses,
            next: 0,
            attempt: None,
            again: now,
            limit: now + PEER_LIMIT,
            failures,
        }
    }

    /// Goes on; registers its sockets with `epoll` under `token`.
    pub fn advance(&mut self, now: u64, epoll: &Epoll, token: u64) -> Dialed {
        loop {
            if self.attempt.is_none() && !self.begin(now, epoll, token) {
                return if now >= self.limit || self.addresses.is_empty() {
                    Dialed::Failed(self.tried())
                } else {
                    Dialed::Pending
                };
            }
            let Some(attempt) = &mut self.attempt else { continue };
            match attempt.greeting.advance() {
                Ok(Step::Judged(Verdict::Welcome)) => {
                    if let Some(attempt) = self.attempt.take() {
                        return Dialed::Up(attempt.greeting.socket);
                    }
                }
                Ok(Step::Judged(Verdict::Crossed)) => {
                    // The peer's own connection is about to come; try again only if it does not.
                    self.fail("the peer connects itself, but has not come".into());
                    self.again = now + 4 * PAUSE;
                }
                Ok(Step::Judged(Verdict::Refused)) => self.fail("the process there refused".into()),
                Ok(_) if now >= attempt.limit => self.fail("no answer".into()),
                Ok(_) => {
                    let write = attempt.greeting.wants_to_write();
                    // A failed change only costs a moment: time limits drive the attempt as well.
                    let _ = epoll.change(attempt.greeting.socket.as_fd(), token, true, write);
                    return Dialed::Pending;
                }
                Err(Failure::Broken(error)) => self.fail(error.to_string()),
                Err(stranger) => self.fail(stranger.to_string()),
            }
        }
    }

    /// Starts the next attempt; false if it is not time yet.
    fn begin(&mut self, now: u64, epoll: &Epoll, token: u64) -> bool {
        if now < self.again || now >= self.limit || self.addresses.is_empty() {
            return false;
        }
        let address = self.addresses[self.next];
        match self.open(address, epoll, token) {
            Ok(greeting) => self.attempt = Some(Attempt { greeting, address, limit: now + ADDRESS_LIMIT }),
            Err(error) => self.note(error.to_string()),
        }
        self.next += 1;
        if self.next == self.addresses.len() {
            self.next = 0;
            self.again = now + PAUSE;
        }
        true
    }

    fn open(&self, address: SocketAddr, epoll: &Epoll, token: u64) -> std::io::Result<Greeting> {
        let socket = net::connect(address)?;
        socket.set_nodelay(true)?;
        epoll.add(socket.as_fd(), token, true, true)?;
        Greeting::client(socket, self.secret, self.claim)
    }

    fn note(&mut self, why: String) {
        let at = self.next.min(self.failures.len() - 1);
        self.failures[at] = why;
    }

    /// Ends the attempt; closing its socket takes it off the epoll set.
    fn fail(&mut self, why: String) {
        if let Some(attempt) = self.attempt.take()
            && let Some(at) = self.addresses.iter().position(|a| *a == attempt.address)
        {
            self.failures[at] = why;
        }
    }

    /// What was tried, for a human.
    fn tried(&self) -> String {
        if self.addresses.is_empty() {
            return "it has put up no address for tcp".to_string();
        }
        let each = self.addresses.iter().zip(&self.failures);
        let each: Vec<String> = each.map(|(address, why)| format!("{address} ({why})")).collect();
        format!("cannot connect: tried {}", each.join(", "))
    }
}
