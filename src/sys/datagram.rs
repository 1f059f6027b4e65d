//! UDP sockets: many datagrams in one system call, large queues, and the size that an interface carries in one piece.
#![allow(unsafe_code, reason = "system calls")]

use super::fd::check;
use super::net::{RawAddress, raw_address};
use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Most datagrams of one call.
pub const BATCH: usize = 32;

/// Sends the datagrams, each to its address; returns how many the kernel took, at least one.
pub fn send_batch<'a>(
    socket: &UdpSocket,
    datagrams: impl Iterator<Item = (&'a [u8], SocketAddr)>,
) -> io::Result<usize> {
    // SAFETY: all-zero addresses, vectors and messages are valid: they name nothing.
    let mut names: [(RawAddress, libc::socklen_t); BATCH] = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let mut parts: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let mut messages: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    let mut count = 0;
    for (bytes, to) in datagrams.take(BATCH) {
        names[count] = raw_address(to);
        parts[count] = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let message = &mut messages[count].msg_hdr;
        (message.msg_name, message.msg_namelen) = ((&raw mut names[count].0).cast(), names[count].1);
        (message.msg_iov, message.msg_iovlen) = (&raw mut parts[count], 1);
        count += 1;
    }
    // SAFETY: `count` messages name locals and datagrams that are borrowed for the length of the call; the kernel only
    // reads what they name.
    check(unsafe {
        libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), count as u32, libc::MSG_NOSIGNAL)
    })
    .map(|sent| sent as usize)
}

/// Room for the datagrams of one call.
pub struct Receiver {
    bytes: Box<[u8]>,
    room: usize,
    arrived: Vec<(usize, Option<SocketAddr>)>,
}

impl Receiver {
    /// `room` bytes for each datagram; longer ones are cut off.
    pub fn new(room: usize) -> Receiver {
        Receiver { bytes: vec![0; room * BATCH].into(), room, arrived: Vec::with_capacity(BATCH) }
    }

    /// Takes what waits, without waiting for more. Returns the number of datagrams.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.arrived.clear();
        // SAFETY: all-zero addresses, vectors and messages are valid: they name nothing.
        let mut names: [RawAddress; BATCH] = unsafe { mem::zeroed() };
        // SAFETY: as above.
        let mut parts: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
        // SAFETY: as above.
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for (i, room) in self.bytes.chunks_exact_mut(self.room).enumerate() {
            parts[i] = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
            let message = &mut messages[i].msg_hdr;
            message.msg_name = (&raw mut names[i]).cast();
            message.msg_namelen = size_of::<RawAddress>() as libc::socklen_t;
            (message.msg_iov, message.msg_iovlen) = (&raw mut parts[i], 1);
        }
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_DONTWAIT);
        // SAFETY: the messages name locals and disjoint parts of `bytes`, which we hold exclusively.
        let got = check(unsafe {
            libc::recvmmsg(fd, messages.as_mut_ptr(), BATCH as u32, flags as _, std::ptr::null_mut())
        })?;
        for (message, name) in messages.iter().zip(&names).take(got as usize) {
            self.arrived.push((message.msg_len as usize, address_of(name)));
        }
        Ok(got as usize)
    }

    /// Datagram `i` of the last call, and who sent it.
    pub fn get(&self, i: usize) -> Option<(&[u8], SocketAddr)> {
        let (len, from) = *self.arrived.get(i)?;
        Some((&self.bytes[i * self.room..][..len.min(self.room)], from?))
    }
}

fn address_of(raw: &RawAddress) -> Option<SocketAddr> {
    // SAFETY: the kernel has filled the address in, which begins with its family whatever it is; it is read as that
    // family says. An untouched one is zero, which is no family.
    unsafe {
        match i32::from(raw.v4.sin_family) {
            libc::AF_INET => {
                let ip = Ipv4Addr::from(raw.v4.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(raw.v4.sin_port)))
            }
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(raw.v6.sin6_addr.s6_addr);
                Some(SocketAddr::new(IpAddr::V6(ip), u16::from_be(raw.v6.sin6_port)))
            }
            _ => None,
        }
    }
}

/// Makes both queues of the socket up to `bytes` long, as far as we may. Returns the bytes that the receive queue
/// holds, as the kernel counts (with its own overhead).
pub fn enlarge_queues(socket: &UdpSocket, bytes: usize) -> usize {
    let fd = socket.as_raw_fd();
    let wanted = bytes as libc::c_int;
    let len = size_of::<libc::c_int>() as libc::socklen_t;
    for option in [libc::SO_RCVBUF, libc::SO_RCVBUFFORCE, libc::SO_SNDBUF, libc::SO_SNDBUFFORCE] {
        // SAFETY: the kernel reads a live local. Refusals do no harm: the queue stays as it is.
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const wanted).cast(), len) };
    }
    let (mut have, mut len) = (0 as libc::c_int, len);
    // SAFETY: the kernel writes at most `len` bytes to a live local of that size.
    let asked = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, (&raw mut have).cast(), &raw mut len)
    };
    if asked == 0 { have.max(0) as usize } else { 0 }
}

/// The largest packet that the interface `name` carries in one piece, IP header included.
pub fn largest_packet(name: &str) -> Option<usize> {
    // SAFETY: an all-zero request is valid.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    // The last byte stays zero: the name is a C string.
    if name.len() >= request.ifr_name.len() {
        return None;
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: a call without memory arguments.
    let fd = check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) }).ok()?;
    // SAFETY: a fresh descriptor that nobody else owns.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: `request` is a live local of the type that this request reads and writes.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU as _, &raw mut request) }).ok()?;
    // SAFETY: the kernel has stored the number that was asked for.
    usize::try_from(unsafe { request.ifr_ifru.ifru_mtu }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_arrive_with_their_senders() {
        let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        assert!(enlarge_queues(&b, 1 << 20) > 0);
        let datagrams: Vec<Vec<u8>> = (0..40).map(|i| vec![i; 10 + i as usize]).collect();
        let to = b.local_addr().unwrap();
        let mut sent = 0;
        while sent < 40 {
            sent += send_batch(&a, datagrams[sent..].iter().map(|d| (d.as_slice(), to))).unwrap();
        }
        let mut receiver = Receiver::new(30);
        let mut got = 0;
        while got < 40 {
            for i in 0..receiver.receive(&b).unwrap() {
                let (bytes, from) = receiver.get(i).unwrap();
                assert_eq!(from, a.local_addr().unwrap());
                assert_eq!(bytes, &datagrams[got][..bytes.len()]);
                assert_eq!(bytes.len(), datagrams[got].len().min(30));
                got += 1;
            }
        }
        assert_eq!(receiver.receive(&b).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn interfaces_say_how_much_they_carry() {
        assert!(largest_packet("lo").unwrap() >= 1500);
        assert_eq!(largest_packet("nosuch0"), None);
        assert_eq!(largest_packet("a name that is much too long"), None);
    }
}
