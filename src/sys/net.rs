//! Network sockets: what the standard library lacks (connecting without waiting, gathered sends that raise no
//! signal), epoll, event counters, and the list of network interfaces.
#![allow(unsafe_code, reason = "system calls")]

use super::fd::check;
use std::ffi::CStr;
use std::io::{self, IoSlice};
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Most pieces of one gathered send.
pub const MAX_PIECES: usize = 16;

/// A socket address as the kernel wants it.
pub(super) union RawAddress {
    pub(super) v4: libc::sockaddr_in,
    pub(super) v6: libc::sockaddr_in6,
}

pub(super) fn raw_address(address: SocketAddr) -> (RawAddress, libc::socklen_t) {
    match address {
        SocketAddr::V4(a) => {
            let v4 = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: a.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(a.ip().octets()) },
                sin_zero: [0; 8],
            };
            (RawAddress { v4 }, size_of::<libc::sockaddr_in>() as libc::socklen_t)
        }
        SocketAddr::V6(a) => {
            let v6 = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: a.port().to_be(),
                sin6_flowinfo: a.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: a.ip().octets() },
                sin6_scope_id: a.scope_id(),
            };
            (RawAddress { v6 }, size_of::<libc::sockaddr_in6>() as libc::socklen_t)
        }
    }
}

/// Starts to connect and does not wait. The socket becomes writable when the attempt has ended; then
/// [`TcpStream::take_error`] says how. `source`: our end's address. `device`: the interface that carries all of the
/// connection, if the kernel lets us choose. `prepare` sets options that matter from the first packet on.
pub fn connect(
    address: SocketAddr,
    source: Option<IpAddr>,
    device: Option<&str>,
    prepare: impl FnOnce(&OwnedFd),
) -> io::Result<TcpStream> {
    let socket = open_socket(address.ip(), libc::SOCK_STREAM)?;
    prepare(&socket);
    if let Some(device) = device {
        // Not allowed everywhere; the source address is then all there is.
        let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, device.as_bytes());
    }
    if let Some(source) = source {
        // The port is chosen by connecting: only then it need not be unique on this host.
        let _ = set_number(&socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1);
        bind(&socket, SocketAddr::new(source, 0))?;
    }
    let (raw, len) = raw_address(address);
    // SAFETY: `raw` is a live local of at least `len` bytes.
    match check(unsafe { libc::connect(socket.as_raw_fd(), (&raw const raw).cast(), len) }) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(TcpStream::from(socket)),
    }
}

/// A socket of the family of `like` that never blocks.
fn open_socket(like: IpAddr, kind: i32) -> io::Result<OwnedFd> {
    let family = if like.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: a call without memory arguments.
    let fd = check(unsafe { libc::socket(family, kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn bind(socket: &impl AsRawFd, address: SocketAddr) -> io::Result<()> {
    let (raw, len) = raw_address(address);
    // SAFETY: `raw` is a live local of at least `len` bytes.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const raw).cast(), len) }).map(drop)
}

fn set_option(socket: &impl AsRawFd, level: i32, option: i32, value: &[u8]) -> io::Result<()> {
    let len = value.len() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `value`; the kernel only reads.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value.as_ptr().cast(), len) })
        .map(drop)
}

fn set_number(socket: &impl AsRawFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    set_option(socket, level, option, &value.to_ne_bytes())
}

/// Closes at once: what has not been sent is thrown away, and the peer is told that the connection is void.
pub fn abort(socket: TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let bytes = [linger.l_onoff.to_ne_bytes(), linger.l_linger.to_ne_bytes()].concat();
    // If it fails, closing takes longer, that is all.
    let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_LINGER, &bytes);
}

/// From now on the kernel takes at most so many bytes that it cannot send at once.
pub fn limit_unsent(socket: &TcpStream, bytes: u32) -> io::Result<()> {
    set_number(socket, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, bytes as i32)
}

/// Name of the algorithm by which the kernel decides how fast a connection sends.
pub fn congestion(socket: &impl AsRawFd) -> io::Result<String> {
    let mut name = [0u8; 16];
    let mut len = name.len() as libc::socklen_t;
    // SAFETY: the pointer and `len` describe `name`; the kernel writes no more, and stores how much.
    check(unsafe {
        let to = name.as_mut_ptr().cast();
        libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_CONGESTION, to, &raw mut len)
    })?;
    let name = &name[..name.len().min(len as usize)];
    Ok(String::from_utf8_lossy(name).trim_end_matches('\0').to_string())
}

/// Chooses that algorithm. An error if this machine lacks it or does not allow it.
pub fn set_congestion(socket: &impl AsRawFd, name: &str) -> io::Result<()> {
    set_option(socket, libc::IPPROTO_TCP, libc::TCP_CONGESTION, name.as_bytes())
}

/// Writes the pieces as one stream; returns how many bytes the kernel took. A closed peer is an error, not a signal.
pub fn send_gathered(socket: &TcpStream, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    if let [one] = pieces {
        // The kernel has less to read and to check.
        // SAFETY: the pointer and the length describe the slice; the kernel only reads.
        let sent =
            unsafe { libc::send(socket.as_raw_fd(), one.as_ptr().cast(), one.len(), libc::MSG_NOSIGNAL) };
        return if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) };
    }
    // SAFETY: an all-zero msghdr is valid: no name, no parts, no control data.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    // IoSlice is guaranteed to have the layout of iovec; the kernel only reads.
    message.msg_iov = pieces.as_ptr().cast_mut().cast();
    message.msg_iovlen = pieces.len().min(MAX_PIECES);
    // SAFETY: `message` names slices that are borrowed for the length of the call.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) }
}

/// The kernel could not reach the memory that it was given.
pub fn is_bad_address(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EFAULT)
}

/// What happened on a watched descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    pub token: u64,
    pub readable: bool,
    pub writable: bool,
}

/// Waits for many descriptors at once; the set lives in the kernel. Level-triggered.
pub struct Epoll(OwnedFd);

/// Most events of one wait.
const BATCH: usize = 32;

impl Epoll {
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: a call without memory arguments.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: a fresh descriptor that nobody else owns.
        Ok(Epoll(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    fn control(&self, command: i32, fd: BorrowedFd<'_>, token: u64, events: u32) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: `event` is a live local; both descriptors are open.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), command, fd.as_raw_fd(), &raw mut event) })
            .map(drop)
    }

    fn events(read: bool, write: bool) -> u32 {
        (if read { libc::EPOLLIN } else { 0 } | if write { libc::EPOLLOUT } else { 0 }) as u32
    }

    /// Watches `fd` until it is closed.
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64, read: bool, write: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, Self::events(read, write))
    }

    pub fn change(&self, fd: BorrowedFd<'_>, token: u64, read: bool, write: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, Self::events(read, write))
    }

    pub fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    /// Hands each event to `f`; waits at most `timeout` for the first.
    pub fn wait(&self, timeout: Duration, mut f: impl FnMut(Event)) -> io::Result<usize> {
        let mut batch = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the pointer and the length describe `batch`.
        let found = check(unsafe {
            libc::epoll_wait(self.0.as_raw_fd(), batch.as_mut_ptr(), BATCH as i32, milliseconds)
        });
        let found = match found {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            other => other? as usize,
        };
        let broken = (libc::EPOLLERR | libc::EPOLLHUP) as u32;
        for event in &batch[..found] {
            let (events, token) = (event.events, event.u64);
            let readable = events & (libc::EPOLLIN as u32 | broken) != 0;
            let writable = events & (libc::EPOLLOUT as u32 | broken) != 0;
            f(Event { token, readable, writable });
        }
        Ok(found)
    }

    /// The set itself is readable when an event waits.
    pub fn fd(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.0.as_fd()
    }
}

/// A counter in the kernel that is readable while it is not zero.
pub struct EventCounter(OwnedFd);

impl EventCounter {
    pub fn new() -> io::Result<EventCounter> {
        // SAFETY: a call without memory arguments.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: a fresh descriptor that nobody else owns.
        Ok(EventCounter(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub fn raise(&self) {
        let one = 1u64;
        // SAFETY: writes eight bytes of a live local. It fails only when the counter is full, thus readable anyway.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    pub fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: reads eight bytes into a live local. It fails only when the counter is zero already.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.0.as_fd()
    }
}

/// One address of a network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    pub name: String,
    pub address: IpAddr,
    /// Length of the network's prefix, bits.
    pub prefix: u32,
    /// Switched on.
    pub up: bool,
    /// Its cable is plugged in, as far as the kernel has noticed: that takes a moment after a link comes up.
    pub running: bool,
    pub loopback: bool,
}

/// All addresses of all interfaces.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut first: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: getifaddrs stores a list that we free below.
    check(unsafe { libc::getifaddrs(&raw mut first) })?;
    let mut found = Vec::new();
    let mut at = first;
    while !at.is_null() {
        // SAFETY: a non-null entry of the list is valid until the list is freed.
        let entry = unsafe { &*at };
        found.extend(interface_of(entry));
        at = entry.ifa_next;
    }
    // SAFETY: the list came from getifaddrs and nothing refers to it any more.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

fn interface_of(entry: &libc::ifaddrs) -> Option<Interface> {
    let address = ip_of(entry.ifa_addr)?;
    let prefix = match ip_of(entry.ifa_netmask) {
        Some(IpAddr::V4(mask)) => u32::from(mask).leading_ones(),
        Some(IpAddr::V6(mask)) => u128::from(mask).leading_ones(),
        None => 0,
    };
    // SAFETY: the name of an entry is a C string.
    let name = unsafe { CStr::from_ptr(entry.ifa_name) }.to_string_lossy().into_owned();
    let has = |flags: i32| entry.ifa_flags & flags as u32 == flags as u32;
    let (up, running, loopback) = (has(libc::IFF_UP), has(libc::IFF_RUNNING), has(libc::IFF_LOOPBACK));
    Some(Interface { name, address, prefix, up, running, loopback })
}

fn ip_of(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: a non-null address in the list starts with its family; `cast` is read as that family says.
    unsafe {
        match i32::from((*address).sa_family) {
            libc::AF_INET => {
                let raw = address.cast::<libc::sockaddr_in>().read_unaligned();
                Some(IpAddr::V4(Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes())))
            }
            libc::AF_INET6 => {
                let raw = address.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(IpAddr::V6(Ipv6Addr::from(raw.sin6_addr.s6_addr)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    #[test]
    fn connects_without_waiting_and_gathers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = connect(listener.local_addr().unwrap(), None, None, |_| ()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let epoll = Epoll::new().unwrap();
        epoll.add(client.as_fd(), 7, true, true).unwrap();
        let mut seen = Vec::new();
        epoll.wait(Duration::from_secs(5), |e| seen.push(e)).unwrap();
        assert_eq!(seen, [Event { token: 7, readable: false, writable: true }]);
        assert!(client.take_error().unwrap().is_none());
        assert_eq!(send_gathered(&client, &[IoSlice::new(b"ab"), IoSlice::new(b"c")]).unwrap(), 3);
        let mut bytes = [0; 3];
        server.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"abc");
        epoll.change(client.as_fd(), 8, true, false).unwrap();
        server.write_all(b"x").unwrap();
        epoll.wait(Duration::from_secs(5), |e| seen.push(e)).unwrap();
        assert_eq!(seen[1], Event { token: 8, readable: true, writable: false });
    }

    #[test]
    fn sending_to_a_closed_peer_is_an_error_and_no_signal() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = connect(listener.local_addr().unwrap(), None, None, |_| ()).unwrap();
        drop(listener.accept().unwrap());
        let mut result = Ok(0);
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(2));
            result = send_gathered(&client, &[IoSlice::new(b"x")]);
        }
        assert!(result.is_err());
    }

    #[test]
    fn our_end_has_the_address_asked_for_and_can_be_torn_down() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let source = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
        let client = connect(listener.local_addr().unwrap(), Some(source), Some("lo"), |_| ()).unwrap();
        let (mut server, from) = listener.accept().unwrap();
        assert_eq!(from.ip(), source);
        limit_unsent(&client, 1 << 17).unwrap();
        abort(client);
        let error = server.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn the_loopback_interface_is_listed() {
        let found = interfaces().unwrap();
        let lo = found.iter().find(|i| i.address == IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        assert!(lo.loopback && lo.up && lo.prefix == 8);
    }

    #[test]
    fn counter_is_readable_until_cleared() {
        let counter = EventCounter::new().unwrap();
        let epoll = Epoll::new().unwrap();
        epoll.add(counter.fd(), 1, true, false).unwrap();
        counter.raise();
        assert_eq!(epoll.wait(Duration::ZERO, |_| {}).unwrap(), 1);
        counter.clear();
        assert_eq!(epoll.wait(Duration::ZERO, |_| {}).unwrap(), 0);
    }
}
