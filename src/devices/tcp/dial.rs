//! Making a connection to one peer: its addresses one after another, each with a time limit. Meanwhile the peer may
//! connect to us; then this attempt is dropped.
//!
//! How long one tries is the caller's choice ([`Patience`]): where nobody repairs the way, long; where there are
//! others, briefly, and again when asked to.

use super::congestion;
use super::greeting::{Claim, Failure, Greeting, Step, Verdict};
use crate::sys::net::{self, Epoll};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

const MILLISECOND: u64 = 1_000_000;

/// Time limits, ns.
#[derive(Clone, Copy)]
pub struct Patience {
    /// Until an address answers.
    connect: u64,
    /// From then on, until the peer has come round to greeting us.
    greet: u64,
    /// Pause after a fruitless round over all addresses.
    pause: u64,
    /// How long a peer that connects itself may take to come.
    crossing: u64,
    /// No new attempt after this time; one round is always made.
    total: u64,
}

impl Patience {
    /// For the only way to a peer. One that is alive listens since before the job's first fence.
    pub const LONG: Patience = Patience {
        connect: 3000 * MILLISECOND,
        // Its host lives; the process may be computing, and its launcher knows if it is not.
        greet: 3_600_000 * MILLISECOND,
        pause: 250 * MILLISECOND,
        crossing: 1000 * MILLISECOND,
        total: 15_000 * MILLISECOND,
    };
    /// For one of several ways.
    pub const SHORT: Patience = Patience {
        connect: 400 * MILLISECOND,
        greet: 2000 * MILLISECOND,
        pause: 0,
        crossing: 400 * MILLISECOND,
        total: 0,
    };
}

/// Where to connect to, and from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub source: Option<IpAddr>,
    /// The interface that has to carry the connection.
    pub device: Option<String>,
    /// No router is between us.
    pub near: bool,
}

struct Attempt {
    greeting: Greeting,
    target: usize,
    limit: u64,
}

pub struct Dial {
    claim: Claim,
    secret: [u8; 32],
    patience: Patience,
    targets: Vec<Target>,
    next: usize,
    rounds: u32,
    attempt: Option<Attempt>,
    /// Not before this time.
    again: u64,
    /// No new round after this time.
    limit: u64,
    /// How the last attempt at each target ended.
    failures: Vec<String>,
}

pub enum Dialed {
    Pending,
    /// With the generation that both ends agree on.
    Up(TcpStream, u32),
    Failed(String),
}

impl Dial {
    /// `claim` carries the first generation to propose.
    pub fn new(claim: Claim, secret: [u8; 32], targets: Vec<Target>, patience: Patience, now: u64) -> Dial {
        Dial {
            claim,
            secret,
            patience,
            failures: vec![String::new(); targets.len()],
            targets,
            next: 0,
            rounds: 0,
            attempt: None,
            again: now,
            limit: now + patience.total,
        }
    }

    /// The highest generation that the peer may have heard of. The attempt in progress is the latest.
    pub fn proposed(&self) -> u32 {
        if self.has_spoken() { self.claim.generation } else { self.claim.generation - 1 }
    }

    /// The peer may have heard of the attempt in progress.
    pub fn has_spoken(&self) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.greeting.has_spoken())
    }

    /// Goes on; registers its sockets with `epoll` under `token`.
    pub fn advance(&mut self, now: u64, epoll: &Epoll, token: u64) -> Dialed {
        loop {
            if self.attempt.is_none() && !self.begin(now, epoll, token) {
                return if self.is_over(now) { Dialed::Failed(self.tried()) } else { Dialed::Pending };
            }
            let Some(attempt) = &mut self.attempt else { continue };
            let spoken = attempt.greeting.has_spoken();
            let step = attempt.greeting.advance();
            if !spoken && attempt.greeting.has_spoken() {
                attempt.limit = now + self.patience.greet;
            }
            match step {
                Ok(Step::Judged(verdict)) => {
                    if let Some(up) = self.judged(verdict, now) {
                        return up;
                    }
                }
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

    fn judged(&mut self, verdict: Verdict, now: u64) -> Option<Dialed> {
        match verdict {
            Verdict::Welcome(generation) => {
                return self.attempt.take().map(|attempt| Dialed::Up(attempt.greeting.socket, generation));
            }
            Verdict::Crossed => {
                // The peer's own connection is about to come; try again only if it does not.
                self.fail("the peer connects itself, but has not come".into());
                self.again = now + self.patience.crossing;
            }
            Verdict::Stale(generation) => {
                self.fail("the peer has a newer connection".into());
                self.claim.generation = self.claim.generation.max(generation.saturating_add(1));
            }
            Verdict::Refused => self.fail("the process there refused".into()),
        }
        None
    }

    fn is_over(&self, now: u64) -> bool {
        self.targets.is_empty() || (self.rounds > 0 && self.next == 0 && now >= self.again.max(self.limit))
    }

    /// Starts the next attempt; false if it is not time yet, or too late.
    fn begin(&mut self, now: u64, epoll: &Epoll, token: u64) -> bool {
        if now < self.again || self.is_over(now) {
            return false;
        }
        match self.open(epoll, token) {
            Ok(greeting) => {
                let limit = now + self.patience.connect;
                self.attempt = Some(Attempt { greeting, target: self.next, limit });
            }
            Err(error) => self.failures[self.next] = error.to_string(),
        }
        self.next += 1;
        if self.next == self.targets.len() {
            self.next = 0;
            self.rounds += 1;
            self.again = now + self.patience.pause;
        }
        true
    }

    fn open(&self, epoll: &Epoll, token: u64) -> std::io::Result<Greeting> {
        let target = &self.targets[self.next];
        let prepare = |socket: &OwnedFd| {
            if target.near {
                congestion::send_at_once(socket);
            }
        };
        let socket = net::connect(target.address, target.source, target.device.as_deref(), prepare)?;
        socket.set_nodelay(true)?;
        epoll.add(socket.as_fd(), token, true, true)?;
        Greeting::client(socket, self.secret, self.claim)
    }

    /// Ends the attempt; closing its socket takes it off the epoll set. A number that the peer may have heard of is
    /// not used again.
    fn fail(&mut self, why: String) {
        if let Some(attempt) = self.attempt.take() {
            let used = u32::from(attempt.greeting.has_spoken());
            self.claim.generation = self.claim.generation.saturating_add(used);
            self.failures[attempt.target] = why;
        }
    }

    /// What was tried, for a human.
    fn tried(&self) -> String {
        if self.targets.is_empty() {
            return "it has put up no address for tcp".to_string();
        }
        let each = self.targets.iter().zip(&self.failures);
        let each: Vec<String> = each.map(|(target, why)| format!("{} ({why})", target.address)).collect();
        format!("cannot connect: tried {}", each.join(", "))
    }
}
