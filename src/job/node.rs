//! The node: which ranks share memory, and how they come to hold the same memory file when the launcher does not
//! hand it out. Under a PMI-1 server the lowest rank of a node serves it to the others over an abstract unix socket.

use super::JobError;
use crate::shm::segment;
use crate::sys::fd::{self, Interest, PollSet};
use crate::sys::unix_socket;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// How long local ranks wait for each other. Long, because a loaded machine starts processes slowly.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one connected process may take to say its ticket.
const TICKET_PATIENCE: Duration = Duration::from_secs(5);

/// This machine's name.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_string() } else { name.trim().to_string() }
}

/// Equal for two processes exactly when they can reach each other's abstract unix sockets: same boot of the same
/// kernel, same network namespace.
pub(super) fn identity() -> Result<String, JobError> {
    let explain = |error| JobError::Lost(format!("cannot tell which machine this is: {error}"));
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(explain)?;
    let network = std::fs::read_link("/proc/self/ns/net").map_err(explain)?;
    Ok(format!("{}/{}", boot.trim(), network.display()))
}

/// A node segment for `ranks` local ranks; its size is sealed so that no rank can pull it away from the others.
pub fn new_segment(ranks: usize) -> Result<OwnedFd, JobError> {
    let make = || -> io::Result<OwnedFd> {
        let file = fd::memory_file(c"vmi-node", segment::node_size(ranks))?;
        fd::seal_size(file.as_fd())?;
        Ok(file)
    };
    make()
        .map_err(|error| JobError::Lost(format!("cannot create the shared memory of {ranks} ranks: {error}")))
}

/// Where the ranks of a node meet: a listening socket and the word that opens it.
pub(super) struct Meeting {
    pub name: String,
    pub ticket: [u8; 32],
    listener: UnixListener,
}

impl Meeting {
    pub(super) fn open() -> Result<Meeting, JobError> {
        let make = || -> io::Result<Meeting> {
            let name = format!("vmi-node-{}", super::protocol::to_hex(&fd::random_bytes::<16>()?));
            Ok(Meeting { listener: unix_socket::listen_abstract(&name)?, ticket: fd::random_bytes()?, name })
        };
        make().map_err(|error| {
            JobError::Lost(format!("cannot open a socket for the ranks of this host: {error}"))
        })
    }

    /// Hands `segment` to `peers` processes that know the ticket; others are dropped.
    pub(super) fn serve(&self, segment: &OwnedFd, peers: usize) -> Result<(), JobError> {
        let deadline = Instant::now() + PATIENCE;
        let mut served = 0;
        while served < peers {
            let mut set = PollSet::default();
            let slot = set.add(self.listener.as_fd(), Interest::Read);
            let waited = set.wait(Some(deadline.saturating_duration_since(Instant::now())));
            waited.map_err(|e| JobError::Lost(format!("waiting for the ranks of this host: {e}")))?;
            if set.readable(slot) {
                served += usize::from(self.serve_one(segment).is_ok());
            } else if Instant::now() >= deadline {
                let missing = peers - served;
                return Err(JobError::Lost(format!(
                    "{missing} ranks of this host have not come for {PATIENCE:?}"
                )));
            }
        }
        Ok(())
    }

    fn serve_one(&self, segment: &OwnedFd) -> io::Result<()> {
        let (mut socket, _) = self.listener.accept()?;
        if unix_socket::peer_credentials(socket.as_fd())?.uid != unix_socket::own_uid() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        socket.set_read_timeout(Some(TICKET_PATIENCE))?;
        let mut ticket = [0; 32];
        socket.read_exact(&mut ticket)?;
        if ticket != self.ticket {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        unix_socket::send_with_fds(socket.as_fd(), b"+", &[segment.as_fd()])
    }
}

/// Gets the segment from the rank that serves it.
pub(super) fn fetch(name: &str, ticket: &[u8; 32]) -> Result<OwnedFd, JobError> {
    let ask = || -> io::Result<OwnedFd> {
        let mut socket: UnixStream = unix_socket::connect_abstract(name)?;
        if unix_socket::peer_credentials(socket.as_fd())?.uid != unix_socket::own_uid() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(ticket)?;
        let (_, mut fds) = unix_socket::receive_with_fds(socket.as_fd(), &mut [0; 1])?;
        fds.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    };
    ask().map_err(|error| JobError::Lost(format!("cannot get the shared memory of this host: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::memory::file_len;

    #[test]
    fn segment_reaches_those_with_the_ticket_only() {
        let meeting = Meeting::open().unwrap();
        let segment = new_segment(2).unwrap();
        let (name, ticket) = (meeting.name.clone(), meeting.ticket);
        let peer = std::thread::spawn(move || {
            assert!(fetch(&name, &[0; 32]).is_err());
            drop(unix_socket::connect_abstract(&name).unwrap());
            fetch(&name, &ticket).unwrap()
        });
        meeting.serve(&segment, 1).unwrap();
        let received = peer.join().unwrap();
        assert_eq!(file_len(received.as_fd()).unwrap(), segment::node_size(2));
    }
}
