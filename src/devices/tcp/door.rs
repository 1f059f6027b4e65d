//! Where peers come in: the listening sockets, and the strangers that have not proven yet that they are peers.

use super::congestion;
use super::greeting::{Claim, Failure, Greeting, Step};
use crate::core::interfaces::{self, Choice};
use crate::sys::net::{self, Epoll, Interface};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;

/// How long a stranger may take, ns.
const PATIENCE: u64 = 5_000_000_000;
/// Strangers at a time; more wait in the kernel.
const MOST: usize = 256;

struct Stranger {
    greeting: Greeting,
    from: SocketAddr,
    limit: u64,
}

struct Listener {
    socket: TcpListener,
    interface: Interface,
    /// What peers that are no neighbours get back ([`congestion::send_at_once`]).
    own: Option<String>,
}

pub struct Door {
    secret: [u8; 32],
    listeners: Vec<Listener>,
    strangers: Vec<Option<Stranger>>,
    inside: usize,
    /// Connections dropped, and the sentence about the first.
    pub dropped: u64,
    pub complaint: Option<String>,
}

impl Door {
    /// Nobody listens yet.
    pub fn new(secret: [u8; 32]) -> Door {
        let (listeners, strangers) = (Vec::new(), Vec::new());
        Door { secret, listeners, strangers, inside: 0, dropped: 0, complaint: None }
    }

    /// Listens on each interface of `used` where nobody listens yet; listener `i` is watched under `token(i)`.
    pub fn open(
        &mut self,
        used: &[Interface],
        choice: &Choice,
        epoll: &Epoll,
        token: impl Fn(u32) -> u64,
    ) -> Result<(), String> {
        for interface in used {
            if self.addresses().iter().any(|a| a.ip() == interface.address) {
                continue;
            }
            let listener = interfaces::bind_to(interface.address, choice, TcpListener::bind)?;
            let number = self.listeners.len() as u32;
            let watch = |e: std::io::Error| format!("cannot listen on {}: {e}", interface.address);
            listener.set_nonblocking(true).map_err(watch)?;
            epoll.add(listener.as_fd(), token(number), true, false).map_err(watch)?;
            let own = congestion::send_at_once(&listener);
            self.listeners.push(Listener { socket: listener, interface: interface.clone(), own });
        }
        Ok(())
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|l| l.socket.local_addr().ok()).collect()
    }

    /// Stops listening.
    pub fn close(&mut self) {
        self.listeners.clear();
        self.strangers.clear();
        self.inside = 0;
    }

    /// True if a stranger's time runs.
    pub fn is_ticking(&self) -> bool {
        self.inside > 0
    }

    /// Lets one stranger in, watched under `token(number)`. None if nobody waits.
    pub fn accept(&mut self, index: u32, now: u64, epoll: &Epoll, token: impl Fn(u32) -> u64) -> Option<u32> {
        if self.inside >= MOST {
            return None;
        }
        let listener = self.listeners.get(index as usize)?;
        let (socket, from) = match listener.socket.accept() {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return None,
            Err(error) => {
                self.complain(format!("cannot accept a connection: {error}"));
                return None;
            }
        };
        let interface = &listener.interface;
        if let Some(own) = &listener.own
            && !interfaces::same_network(interface.address, from.ip(), interface.prefix)
        {
            // If it is refused, the neighbours' algorithm serves as well.
            let _ = net::set_congestion(&socket, own);
        }
        let number = self.free_number();
        let welcome = || -> std::io::Result<Greeting> {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            epoll.add(socket.as_fd(), token(number), true, false)?;
            Greeting::server(socket, self.secret)
        };
        match welcome() {
            Ok(greeting) => {
                self.strangers[number as usize] = Some(Stranger { greeting, from, limit: now + PATIENCE });
                self.inside += 1;
            }
            Err(error) => self.complain(format!("cannot serve a connection from {from}: {error}")),
        }
        Some(number)
    }

    fn free_number(&mut self) -> u32 {
        let free = self.strangers.iter().position(Option::is_none);
        let number = free.unwrap_or_else(|| {
            self.strangers.push(None);
            self.strangers.len() - 1
        });
        number as u32
    }

    /// Hears a stranger; Some when it has proven itself.
    pub fn advance(&mut self, number: u32) -> Option<(Claim, Greeting)> {
        let stranger = self.strangers.get_mut(number as usize)?.as_mut()?;
        match stranger.greeting.advance() {
            Ok(Step::Proven(_)) if stranger.greeting.is_abandoned() => {
                // Its member has given up waiting and will come again.
                self.dismiss(number);
                None
            }
            Ok(Step::Proven(claim)) => self.dismiss(number).map(|s| (claim, s.greeting)),
            Ok(_) => None,
            Err(failure) => {
                let from = stranger.from;
                self.dismiss(number);
                // A peer that found another way closes; so do those who only look whether a port is open.
                if let Failure::Stranger(why) = failure {
                    self.complain(format!("dropped a connection from {from}: {}", why.0));
                }
                None
            }
        }
    }

    fn dismiss(&mut self, number: u32) -> Option<Stranger> {
        let stranger = self.strangers.get_mut(number as usize)?.take()?;
        self.inside -= 1;
        Some(stranger)
    }

    /// Shows those out who take too long.
    pub fn expire(&mut self, now: u64) {
        for number in 0..self.strangers.len() {
            let Some(stranger) = &self.strangers[number] else { continue };
            if now >= stranger.limit {
                let from = stranger.from;
                self.dismiss(number as u32);
                self.complain(format!("dropped a connection from {from}: it did not say who it is"));
            }
        }
    }

    /// Logged once: the first reason is kept.
    pub fn complain(&mut self, why: String) {
        self.dropped += 1;
        if self.dropped == 1 {
            self.complaint = Some(why);
        }
    }
}
