//! How a key finds a process on this host: every process listens on an abstract unix socket named by its user and its
//! key, from `VMI_Init` on.
//!
//! Whoever looks for a key connects. Nobody there: no such process yet. Somebody there: the kernel tells which process
//! and whose. Is it a member of our job, that is all, and the core of the job leads to it. Else the process that asks
//! makes a segment for the two of them and sends it, with its own key, over the socket; the socket stays open and
//! tells either side when the other ends. Processes of other users are refused on both sides.

use crate::connection;
use crate::engine::{Eng, KEY_CARD};
use crate::key::{MAX_KEY, socket_name};
use crate::status::{Code, Fault, Result, fail};
use crate::ways::{Hand, Site, Way};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use vmi::core::directory::Directory;
use vmi::core::{Core, Place};
use vmi::shm::node::Node;
use vmi::sys::{fd, unix_socket};

/// What the one who asks says first; a secret follows, and the segment comes along.
const GREETING: &[u8; 8] = b"VMI2hand";
/// How long it may take to say it.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Meeting {
    listener: UnixListener,
    arriving: Vec<(UnixStream, Instant)>,
}

impl Meeting {
    pub fn open(key: &str) -> Result<Meeting> {
        let name = socket_name(unix_socket::own_uid(), key);
        let listen = || -> io::Result<UnixListener> {
            let listener = unix_socket::listen_abstract(&name)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        match listen() {
            Ok(listener) => Ok(Meeting { listener, arriving: Vec::new() }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                fail!(Job, "another process of this user has the key {key} (VMI_KEY); keys must differ")
            }
            Err(error) => fail!(Resource, "cannot listen for key {key}: {error}"),
        }
    }

    /// Takes who has come; None when there is nobody (complete) left.
    fn next(&mut self) -> Option<(UnixStream, i32, Arrived)> {
        while let Ok((socket, _)) = self.listener.accept() {
            let ours = unix_socket::peer_credentials(socket.as_fd())
                .is_ok_and(|peer| peer.uid == unix_socket::own_uid());
            if ours && socket.set_nonblocking(true).is_ok() {
                self.arriving.push((socket, Instant::now()));
            }
        }
        let mut at = 0;
        while at < self.arriving.len() {
            let (socket, since) = &self.arriving[at];
            match greeting(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && since.elapsed() < PATIENCE => {
                    at += 1
                }
                // A member of our job only wanted to know that we are here.
                Err(_) => drop(self.arriving.swap_remove(at)),
                Ok((pid, arrived)) => return Some((self.arriving.swap_remove(at).0, pid, arrived)),
            }
        }
        None
    }
}

/// What the one who asks sends: memory for the two, and a secret that only they know.
struct Arrived {
    segment: OwnedFd,
    secret: [u8; 32],
}

fn greeting(socket: &UnixStream) -> io::Result<(i32, Arrived)> {
    let mut said = [0; GREETING.len() + 32];
    let (got, fds) = unix_socket::receive_with_fds(socket.as_fd(), &mut said)?;
    let (word, secret) = said.split_at(GREETING.len());
    let mut arrived = fds.into_iter().map(|segment| Arrived { segment, secret: [0; 32] });
    match arrived.next() {
        Some(mut arrived) if got == said.len() && word == GREETING && is_sealed(&arrived)? => {
            arrived.secret.copy_from_slice(secret);
            Ok((unix_socket::peer_credentials(socket.as_fd())?.pid, arrived))
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn is_sealed(arrived: &Arrived) -> io::Result<bool> {
    fd::is_size_sealed(arrived.segment.as_fd())
}

/// Lets in who has come since the last call, and sees who has gone.
pub fn attend(e: Eng) {
    loop {
        let Some((socket, pid, arrived)) = e.meeting.borrow_mut().as_mut().and_then(Meeting::next) else {
            break;
        };
        if let Err(fault) = meet(e, 1, arrived, socket, pid) {
            e.alerts.fault(format!("process {pid} wants to connect: {}", fault.text));
        }
    }
    for at in (0..e.ways.len()).rev() {
        let Some(way) = e.ways.get(at) else { continue };
        let Some(hand) = &way.hand else { continue };
        if way.is_over() {
            // What we said last stays readable; the peer sees the socket close.
            e.ways.remove(&way);
        } else if !hand.gone.get() {
            hand.gone.set(has_ended(&hand.socket));
        } else {
            connection::peer_is_gone(e, &way);
            e.ways.remove(&way);
        }
    }
}

fn has_ended(socket: &UnixStream) -> bool {
    let mut nothing = [0; 1];
    match io::Read::read(&mut &*socket, &mut nothing) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock && error.kind() != io::ErrorKind::Interrupted,
    }
}

/// Opens the way to a process started by hand; `me` is 0 on the side that asked.
fn meet(e: Eng, me: u32, arrived: Arrived, socket: UnixStream, pid: i32) -> Result<Rc<Way>> {
    let Arrived { segment, secret } = arrived;
    let config = e.config.get().cloned().unwrap_or_default();
    if !config.uses_shm() {
        fail!(Connection, "processes started by hand meet over shared memory ({})", config.describe());
    }
    let node = Node::map(segment.as_fd(), 2).map_err(|why| Fault::new(Code::Connection, why.to_string()))?;
    let mut place = Place::plain(me, 2, vec![0, 1], node, config);
    // Lives as long as the process; there are as many as peers.
    place.directory = Some(Box::leak(Box::new(Two { secret })));
    let core = Core::open(place).map_err(|why| Fault::new(Code::Connection, why))?;
    let hand = Hand { socket, pid, used: (me == 0).into(), gone: false.into() };
    Ok(e.ways.add(Way::of(core, 2, me, Some(hand))))
}

/// The job of two processes that have met.
struct Two {
    secret: [u8; 32],
}

impl Directory for Two {
    fn put(&self, _key: &str, _value: &[u8]) -> std::result::Result<(), String> {
        Err("processes started by hand have no cards".into())
    }

    fn get(&self, rank: u32, _key: &str) -> std::result::Result<Vec<u8>, String> {
        Err(format!("process {rank} was started by hand and has no cards"))
    }

    fn fence(&self) -> std::result::Result<(), String> {
        Ok(())
    }

    fn host(&self, _rank: u32) -> String {
        vmi::job::host_name()
    }

    fn secret(&self) -> [u8; 32] {
        self.secret
    }
}

/// Finds the process `key` of this user.
pub fn find(e: Eng, host: &str, user: &str, key: &str) -> Result<Site> {
    if key.is_empty() || key.len() > MAX_KEY {
        fail!(Argument, "the peer's key has {} bytes, expected 1 to {MAX_KEY}", key.len());
    }
    let uid = unix_socket::own_uid();
    if crate::args::uid_of(user).is_some_and(|theirs| theirs != uid) {
        fail!(Permission, "{key} is to belong to user {user}, but processes of one user connect only");
    }
    match unix_socket::connect_abstract_now(&socket_name(uid, key)) {
        Ok(socket) => here(e, key, socket),
        Err(_) => elsewhere(e, host, key),
    }
}

fn here(e: Eng, key: &str, socket: UnixStream) -> Result<Site> {
    let lost = |error: io::Error| Fault::new(Code::Connection, format!("cannot talk to {key}: {error}"));
    let peer = unix_socket::peer_credentials(socket.as_fd()).map_err(lost)?;
    if peer.uid != unix_socket::own_uid() {
        fail!(Permission, "the process that listens for {key} belongs to user {}", peer.uid);
    }
    if let Some(site) = member(e, peer.pid) {
        return Ok(site);
    }
    let segment = vmi::job::new_segment(2).map_err(|why| Fault::new(Code::Resource, why.to_string()))?;
    let secret: [u8; 32] = fd::random_bytes().map_err(lost)?;
    let words = [GREETING.as_slice(), &secret].concat();
    unix_socket::send_with_fds(socket.as_fd(), &words, &[segment.as_fd()]).map_err(lost)?;
    let way = meet(e, 0, Arrived { segment, secret }, socket, peer.pid)?;
    Ok(Site { way, rank: 1 })
}

/// The member of our job on this host that is process `pid`.
fn member(e: Eng, pid: i32) -> Option<Site> {
    let way = e.ways.get(0)?;
    let Some(node) = e.node.get() else {
        // In no job we are alone.
        return (pid as u32 == std::process::id()).then_some(Site { way, rank: 0 });
    };
    let is = |index: &usize| node.control(*index).pid.load(Ordering::Acquire) == pid as u32;
    let index = (0..node.ranks()).find(is)?;
    Some(Site { way, rank: *e.job.get()?.local_ranks().get(index)? })
}

/// A member of our job on another host: all of them have put up their keys before `VMI_Init` returned.
fn elsewhere(e: Eng, host: &str, key: &str) -> Result<Site> {
    if let (Some(job), Some(way)) = (e.job.get(), e.ways.get(0)) {
        let theirs = |rank: &u32| job.get(*rank, KEY_CARD).is_ok_and(|theirs| theirs == key.as_bytes());
        if let Some(rank) = (0..job.size()).filter(|rank| !job.is_local(*rank)).find(theirs) {
            return Ok(Site { way, rank });
        }
    }
    fail!(Connection, "no process with key {key} has called VMI_Init on this host ({host} was asked for)")
}
