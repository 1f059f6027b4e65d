//! The sockets of a network, one per interface, and the datagrams that wait for room in them.

use super::{Options, wire};
use crate::core::interfaces::{self, Choice};
use crate::sys::datagram::{self, BATCH, Receiver};
use crate::sys::net::{Epoll, Interface};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

/// What we ask the kernel for, bytes.
const QUEUE: usize = 4 << 20;
/// Largest datagram that we take.
pub const LONGEST: usize = wire::MAX_FRAME + wire::OVERHEAD;
/// Before an interface is known.
const SMALLEST_PACKET: usize = 1280;
/// Datagrams kept for later use.
const SPARE: usize = 256;

struct Bound {
    socket: UdpSocket,
    interface: Interface,
    /// Wait for room.
    waiting: VecDeque<(SocketAddr, Vec<u8>)>,
    watched: bool,
}

pub struct Sockets {
    epoll: Epoll,
    bound: Vec<Bound>,
    spare: Vec<Vec<u8>>,
    largest: usize,
    /// Bytes of the shortest receive queue.
    room: usize,
}

impl Sockets {
    pub fn new() -> io::Result<Sockets> {
        Ok(Sockets {
            epoll: Epoll::new()?,
            bound: Vec::new(),
            spare: Vec::new(),
            largest: SMALLEST_PACKET - 48,
            room: 0,
        })
    }

    /// Binds on each chosen interface where we have not yet.
    pub fn open(&mut self, options: &Options, one_host: bool) -> Result<(), String> {
        let used = interfaces::choose(&options.choice, &interfaces::of_this_host()?, one_host)?;
        for interface in used {
            if self.bound.iter().any(|b| b.interface.address == interface.address) {
                continue;
            }
            self.bind(interface, &options.choice)?;
        }
        self.largest =
            self.bound.iter().map(|b| largest(&b.interface, options.mtu)).min().unwrap_or(self.largest);
        Ok(())
    }

    fn bind(&mut self, interface: Interface, choice: &Choice) -> Result<(), String> {
        let socket = interfaces::bind_to(interface.address, choice, UdpSocket::bind)?;
        let cannot = |e: io::Error| format!("cannot use {}: {e}", interface.address);
        socket.set_nonblocking(true).map_err(cannot)?;
        self.epoll.add(socket.as_fd(), self.bound.len() as u64, true, false).map_err(cannot)?;
        let room = datagram::enlarge_queues(&socket, QUEUE);
        self.room = if self.bound.is_empty() { room } else { room.min(self.room) };
        self.bound.push(Bound { socket, interface, waiting: VecDeque::new(), watched: false });
        Ok(())
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.fd()
    }

    pub fn count(&self) -> usize {
        self.bound.len()
    }

    /// Bytes of the largest datagram.
    pub fn largest(&self) -> usize {
        self.largest
    }

    /// Bytes that our receive queue holds.
    pub fn room(&self) -> u32 {
        self.room.min(1 << 30) as u32
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.bound.iter().filter_map(|b| b.socket.local_addr().ok()).collect()
    }

    /// The peer's addresses, those on a network of ours first.
    pub fn in_order(&self, addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let ours: Vec<Interface> = self.bound.iter().map(|b| b.interface.clone()).collect();
        interfaces::in_order(addresses, &ours)
    }

    // ---- sending ----

    pub fn blank(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    pub fn give_back(&mut self, mut datagram: Vec<u8>) {
        if self.spare.len() < SPARE {
            datagram.clear();
            self.spare.push(datagram);
        }
    }

    /// From where to send to `to`: from the interface on the same network, or any that speaks its language.
    fn socket_for(&self, to: SocketAddr) -> Option<usize> {
        let alike = |b: &&Bound| b.interface.address.is_ipv4() == to.is_ipv4();
        let near = |b: &Bound| interfaces::same_network(b.interface.address, to.ip(), b.interface.prefix);
        let found = self.bound.iter().filter(alike).position(near);
        found.or_else(|| self.bound.iter().position(|b| alike(&b)))
    }

    /// The datagram leaves with the next [`Sockets::flush`], or later if there is no room.
    pub fn push(&mut self, to: SocketAddr, datagram: Vec<u8>) {
        match self.socket_for(to) {
            Some(at) => self.bound[at].waiting.push_back((to, datagram)),
            None => self.give_back(datagram),
        }
    }

    pub fn is_waiting(&self) -> bool {
        self.bound.iter().any(|b| !b.waiting.is_empty())
    }

    /// Gives the kernel what it takes. Err: it cannot send to an address at all; what was for it is dropped.
    pub fn flush(&mut self) -> Result<(), (SocketAddr, io::Error)> {
        let mut result = Ok(());
        for (token, bound) in self.bound.iter_mut().enumerate() {
            while !bound.waiting.is_empty() {
                let batch = bound.waiting.iter().map(|(to, bytes)| (bytes.as_slice(), *to));
                let gone = match datagram::send_batch(&bound.socket, batch.take(BATCH)) {
                    Ok(sent) => sent,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                    Err(error) => {
                        // The first one was refused.
                        result = Err((bound.waiting[0].0, error));
                        1
                    }
                };
                for (_, mut datagram) in bound.waiting.drain(..gone) {
                    if self.spare.len() < SPARE {
                        datagram.clear();
                        self.spare.push(datagram);
                    }
                }
            }
            let watch = !bound.waiting.is_empty();
            if watch != bound.watched
                && self.epoll.change(bound.socket.as_fd(), token as u64, true, watch).is_ok()
            {
                bound.watched = watch;
            }
        }
        result
    }

    // ---- receiving ----

    /// Takes a batch off socket `at`; false if nothing waits there.
    pub fn receive(&mut self, at: usize, receiver: &mut Receiver) -> bool {
        // An error is the echo of something that we have sent: the peer's port is closed, for one.
        receiver.receive(&self.bound[at].socket).is_ok_and(|got| got > 0)
    }

    pub fn close(&mut self) {
        self.bound.clear();
    }
}

/// Bytes of the largest datagram that `interface` carries in one piece.
fn largest(interface: &Interface, mtu: Option<usize>) -> usize {
    let packet = mtu.or_else(|| datagram::largest_packet(&interface.name)).unwrap_or(SMALLEST_PACKET);
    let headers = if interface.address.is_ipv4() { 28 } else { 48 };
    packet.clamp(576, 65_535).saturating_sub(headers).min(LONGEST)
}
