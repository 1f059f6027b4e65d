//! The conversation with our own node agent: one unix socket, one reply per request.

use super::environment::OwnAgent;
use super::frame::FrameBuffer;
use super::protocol::{Reply, Request};
use super::{JobError, Link, Place};
use crate::sys::fd;
use crate::sys::unix_socket;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// The socket to the agent.
struct Agent {
    socket: UnixStream,
    arrived: FrameBuffer,
    fds: Vec<OwnedFd>,
    /// Held open: its far end closes when the agent dies, and the kernel then kills this process.
    _lifeline: Option<OwnedFd>,
}

/// Joins the job of the agent that `own` names.
pub(super) fn join(own: &OwnAgent) -> Result<(Place, OwnedFd, Box<dyn Link>), JobError> {
    let mut agent = Agent::connect(&own.socket)?;
    let reply = agent.ask(&Request::Join { ticket: own.ticket, rank: own.rank })?;
    let Reply::Welcome(welcome) = reply else { return Err(unexpected(&reply)) };
    if welcome.host_of.len() != own.size as usize {
        return Err(JobError::Protocol(format!("a job of {}, expected {}", welcome.host_of.len(), own.size)));
    }
    let mut fds = std::mem::take(&mut agent.fds).into_iter();
    let (Some(segment), Some(lifeline)) = (fds.next(), fds.next()) else {
        return Err(JobError::Protocol("the node segment is missing".into()));
    };
    fd::die_when_closed(lifeline.as_fd()).map_err(lost)?;
    agent._lifeline = Some(lifeline);
    let place = Place {
        rank: own.rank,
        host_of: welcome.host_of,
        hosts: welcome.hosts,
        app: welcome.app,
        universe: welcome.universe,
        secret: welcome.secret,
    };
    Ok((place, segment, Box::new(agent)))
}

fn lost(error: io::Error) -> JobError {
    JobError::Lost(error.to_string())
}

fn unexpected(reply: &Reply) -> JobError {
    match reply {
        Reply::Refused { reason } => JobError::Refused(reason.clone()),
        Reply::Welcome(_) => JobError::Protocol("a second welcome".into()),
        Reply::Done | Reply::Value { .. } => JobError::Protocol("an answer to another question".into()),
    }
}

impl Agent {
    fn connect(name: &str) -> Result<Agent, JobError> {
        let explain = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => JobError::Environment(format!(
                "the vmirun that VMI_JOB_SOCKET={name} names is not there: it has ended, or this process runs in \
                 another network namespace than its host's agent"
            )),
            _ => JobError::Lost(format!("cannot connect to {name}: {error}")),
        };
        let socket = unix_socket::connect_abstract(name).map_err(explain)?;
        let peer = unix_socket::peer_credentials(socket.as_fd()).map_err(lost)?;
        if peer.uid != unix_socket::own_uid() && peer.uid != 0 {
            return Err(JobError::Environment(format!("{name} belongs to another user (uid {})", peer.uid)));
        }
        Ok(Agent { socket, arrived: FrameBuffer::default(), fds: Vec::new(), _lifeline: None })
    }

    fn send(&mut self, request: &Request) -> Result<(), JobError> {
        self.socket.write_all(&request.encode()).map_err(lost)
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, JobError> {
        self.send(request)?;
        loop {
            let frame = self.arrived.next_frame().map_err(|m| JobError::Protocol(m.0))?;
            if let Some((kind, body)) = frame {
                return Reply::decode(kind, &body).map_err(|m| JobError::Protocol(m.0));
            }
            let mut buffer = [0; 4096];
            let (got, fds) = unix_socket::receive_with_fds(self.socket.as_fd(), &mut buffer).map_err(lost)?;
            if got == 0 {
                return Err(JobError::Lost("vmirun's node agent has ended".into()));
            }
            self.fds.extend(fds);
            self.arrived.push(&buffer[..got]);
        }
    }

    fn done(&mut self, request: &Request) -> Result<(), JobError> {
        match self.ask(request)? {
            Reply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

impl Link for Agent {
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), JobError> {
        self.done(&Request::Put { key: key.to_string(), value: value.to_vec() })
    }

    fn get(&mut self, rank: u32, key: &str) -> Result<Vec<u8>, JobError> {
        match self.ask(&Request::Get { rank, key: key.to_string() })? {
            Reply::Value { value } => Ok(value),
            other => Err(unexpected(&other)),
        }
    }

    fn fence(&mut self) -> Result<(), JobError> {
        self.done(&Request::Fence)
    }

    fn finalize(&mut self) -> Result<(), JobError> {
        self.done(&Request::Finalize)
    }

    fn abort(&mut self, code: i32, text: &str) {
        // The agent answers by killing this process; a reply or an error means that it cannot.
        let _ = self.ask(&Request::Abort { code, text: text.to_string() });
    }

    fn event_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }
}
