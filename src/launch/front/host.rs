//! The front's view of one host: how its agent was started, and what it has said.

use super::super::agent;
use super::super::channel::{Channel, Slots};
use super::super::orders::{GREETING, Order, Report, Start};
use crate::job::frame::Malformed;
use crate::sys::fd::PollSet;
use crate::sys::process::{self, Command, Exit, Fork};
use crate::sys::signal;
use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a remote agent may take to answer.
const REMOTE_PATIENCE: Duration = Duration::from_secs(60);

/// How long an agent that has said goodbye, or the ssh that reached it, may take to end by itself.
const GOODBYE: Duration = Duration::from_millis(500);

/// A host of the job.
pub struct Host {
    pub name: String,
    /// The agent, or the program that reaches it.
    pid: i32,
    channel: Channel,
    slots: Option<Slots>,
    /// What started the agent, for messages; `None` for the local one.
    started_by: Option<String>,
    greeted: bool,
    deadline: Option<Instant>,
    pub state: State,
    pub in_fence: bool,
    /// Bytes of output received and not yet acknowledged.
    pub unacknowledged: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    /// Its ranks have ended and all their output has arrived.
    Done,
    Lost,
}

impl Host {
    fn new(name: &str, pid: i32, channel: Channel, started_by: Option<String>) -> Host {
        let greeted = started_by.is_none();
        let deadline = (!greeted).then(|| Instant::now() + REMOTE_PATIENCE);
        Host {
            name: name.to_string(),
            pid,
            channel,
            slots: None,
            started_by,
            greeted,
            deadline,
            state: State::Running,
            in_fence: false,
            unacknowledged: 0,
        }
    }

    /// Forks the agent of this host.
    pub fn start_local(name: &str, start: Start) -> io::Result<Host> {
        let (ours, theirs) = UnixStream::pair()?;
        match process::fork()? {
            Fork::Parent(pid) => {
                let input = OwnedFd::from(ours.try_clone()?);
                Ok(Host::new(name, pid, Channel::new(input, OwnedFd::from(ours))?, None))
            }
            Fork::Child => {
                drop(ours);
                // A group of its own: a terminal's signals are the front's business.
                let _ = process::new_group();
                let channel = theirs.try_clone().and_then(|copy| Channel::new(copy.into(), theirs.into()));
                process::exit_now(channel.map_or(1, |channel| agent::run(start, channel)))
            }
        }
    }

    /// Starts the agent of another host with `command`, and sends it its order through standard input, where no
    /// `ps` shows the secret in it.
    pub fn start_remote(name: &str, start: Start, command: &[String]) -> Result<Host, String> {
        let shown = command.join(" ");
        let explain = |error: io::Error| format!("host {name}: cannot run '{shown}': {error}");
        let (stdin, to_agent) = io::pipe().map_err(explain)?;
        let (from_agent, stdout) = io::pipe().map_err(explain)?;
        let text = |s: &String| CString::new(s.as_bytes()).map_err(|e| explain(io::Error::other(e)));
        let path = std::env::var_os("PATH");
        let program = command.first().map(String::as_str).unwrap_or_default();
        let program =
            super::super::program::find(program.as_bytes(), path.as_deref().map(OsStr::as_bytes), None);
        let program = program.map_err(|failure| format!("host {name}: {}", failure.reason))?;
        let environment = std::env::vars_os().map(|(k, v)| [k.as_bytes(), b"=", v.as_bytes()].concat());
        let command = Command {
            program: text(&program.to_string_lossy().into_owned())?,
            arguments: command.iter().map(text).collect::<Result<_, _>>()?,
            environment: environment.filter_map(|entry| CString::new(entry).ok()).collect(),
            directory: None,
            stdio: [stdin.as_raw_fd(), stdout.as_raw_fd(), 2],
            cpus: None,
            open_files: None,
            new_group: true,
            parent_death_signal: libc::SIGKILL,
        };
        let pid = process::spawn(&command).map_err(|failure| explain(failure.error))?;
        let mut channel = Channel::new(from_agent.into(), to_agent.into()).map_err(explain)?;
        channel.send(&Order::Start(Box::new(start)).encode());
        Ok(Host::new(name, pid, channel, Some(shown)))
    }

    pub fn poll(&mut self, set: &mut PollSet) {
        self.slots = (self.state == State::Running).then(|| self.channel.poll(set));
    }

    /// When to give up waiting for the first sign of life.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| self.state == State::Running)
    }

    /// Moves bytes; returns `false` once when the agent is gone without having said goodbye.
    pub fn exchange(&mut self, set: &PollSet) -> bool {
        let Some(slots) = self.slots.take() else { return true };
        self.channel.move_bytes(set, slots)
    }

    /// The next report that has arrived.
    pub fn next_report(&mut self) -> Result<Option<Report>, Malformed> {
        if !self.greeted {
            self.greeted = self.channel.skip_to(GREETING);
            if !self.greeted {
                return Ok(None);
            }
            self.deadline = None;
        }
        self.channel.next_frame()?.map(|(kind, body)| Report::decode(kind, &body)).transpose()
    }

    pub fn send(&mut self, order: &Order) {
        if self.state == State::Running {
            self.channel.send(&order.encode());
        }
    }

    /// Stops listening to a host that has not answered at all; its agent, if there is one, finds its input closed.
    pub fn forget(&mut self) {
        self.state = State::Lost;
        let _ = process::kill(self.pid, libc::SIGKILL);
    }

    /// Waits for the end of an agent that has said goodbye.
    pub fn wait_for_end(&self) {
        if self.state == State::Done {
            process::wait_for_at_most(self.pid, GOODBYE);
        }
    }

    /// Whether the agent has answered at all.
    pub fn has_answered(&self) -> bool {
        self.greeted
    }

    /// A sentence about the loss of the agent.
    pub fn describe_loss(&self) -> String {
        let exit = process::wait_for_at_most(self.pid, Duration::from_millis(300));
        let how = match exit {
            Some(Exit::Code(code)) => format!(" (exit code {code})"),
            Some(Exit::Signal(signal)) => format!(" (killed by {})", signal::signal_name(signal)),
            None => String::new(),
        };
        match &self.started_by {
            None => format!("the agent of this host, {}, ended unexpectedly{how}", self.name),
            Some(command) if !self.greeted => {
                format!("host {}: '{command}' started no agent{how}", self.name)
            }
            Some(_) => format!("host {}: the connection to its agent is lost{how}", self.name),
        }
    }

    /// A sentence about a host that does not answer.
    pub fn describe_silence(&self) -> String {
        let command = self.started_by.as_deref().unwrap_or_default();
        format!(
            "host {}: no answer from an agent started by '{command}' within {REMOTE_PATIENCE:?}",
            self.name
        )
    }
}
