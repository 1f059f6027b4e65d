//! The front: one `poll` loop over the agents, the two outputs, standard input and signals.
//!
//! It decides when the job has failed ([`ledger`]), says so once, has the agents end what still runs, and leaves
//! when every agent has said goodbye or is known to be gone.

mod host;
mod ledger;
mod messages;
mod sink;
mod stdin;

use super::agent::Cards;
use super::options::Options;
use super::orders::{Order, Report, Start, Stream};
use super::placement::{self, Placement};
use super::sweep;
use crate::job;
use crate::sys::fd::{self, Interest, PollSet};
use crate::sys::process::{self, Exit};
use crate::sys::signal::{self, SignalFd};
use host::{Host, State};
use ledger::{Ledger, Verdict};
use messages::Messages;
use sink::Sink;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use stdin::{Input, Stdin};

/// Between SIGTERM and SIGKILL when the job has failed.
const FAILURE_GRACE: Duration = Duration::from_millis(250);

/// Between the user's first signal and SIGKILL, if ranks do not end.
const SIGNAL_GRACE: Duration = Duration::from_secs(5);

/// How long agents may take to report the end of killed ranks.
const FAREWELL: Duration = Duration::from_secs(5);

/// The exit code when `--timeout` has passed, as `timeout(1)` has it.
const TIMEOUT_CODE: i32 = 124;

struct Front {
    hosts: Vec<Host>,
    ledger: Ledger,
    cards: Cards<u32>,
    out: Sink,
    err: Sink,
    stdin: Stdin,
    stdin_host: Option<u32>,
    signals: SignalFd,
    messages: Messages,
    verdict: Option<Verdict>,
    /// The signal by which the user has ended the job.
    interrupted: Option<i32>,
    kill_at: Option<Instant>,
    leave_at: Option<Instant>,
    timeout: Option<(Instant, Duration)>,
    stdout_broken: bool,
}

/// Runs a job; the result is the exit code of `vmirun`.
pub fn run(options: &Options) -> i32 {
    let messages = Messages::new(options.json, options.verbose);
    match Front::begin(options, messages) {
        Ok(front) => front.serve(),
        Err((code, text)) => {
            sweep::sweep(|_| false);
            messages.say("error", None, &text);
            code
        }
    }
}

impl Front {
    fn begin(options: &Options, messages: Messages) -> Result<Front, (i32, String)> {
        let failure = |error: io::Error| (1, format!("cannot set up the job: {error}"));
        let placement = placement::place(options, &job::host_name());
        if let Some(rank) = options.stdin_rank.filter(|rank| *rank as usize >= placement.host_of.len()) {
            return Err((
                2,
                format!("option --stdin: there is no rank {rank} in a job of {}", placement.host_of.len()),
            ));
        }
        process::become_subreaper().map_err(failure)?;
        let signals = SignalFd::new(&handled_signals()).map_err(failure)?;
        let hosts = start_hosts(options, &placement, &messages)?;
        let programs =
            options.programs.iter().map(|p| String::from_utf8_lossy(&p.app.arguments[0]).into_owned());
        let stdin = options.stdin_rank.map(|_| io::stdin());
        Ok(Front {
            hosts,
            cards: Cards::default(),
            out: Sink::new(io::stdout().as_fd(), options.label).map_err(failure)?,
            err: Sink::new(io::stderr().as_fd(), options.label).map_err(failure)?,
            stdin: Stdin::new(stdin.as_ref().map(|s| s.as_fd())).map_err(failure)?,
            stdin_host: options.stdin_rank.map(|rank| placement.host_of[rank as usize]),
            ledger: Ledger::new(placement, programs.collect()),
            signals,
            messages,
            verdict: None,
            interrupted: None,
            kill_at: None,
            leave_at: None,
            timeout: options.timeout.map(|limit| (Instant::now() + limit, limit)),
            stdout_broken: false,
        })
    }

    fn serve(mut self) -> i32 {
        let mut set = PollSet::default();
        while self.hosts.iter().any(|host| host.state == State::Running) {
            let signals = self.poll(&mut set);
            if set.wait(self.pause()).is_err() {
                break;
            }
            let now = Instant::now();
            self.listen(&set, now);
            self.forward_stdin(&set);
            self.write_output(&set, now);
            if set.ready(signals) {
                self.handle_signals(now);
            }
            self.check_timers(now);
        }
        self.finish()
    }

    fn poll(&mut self, set: &mut PollSet) -> usize {
        set.clear();
        self.hosts.iter_mut().for_each(|host| host.poll(set));
        self.out.poll(set);
        self.err.poll(set);
        self.stdin.poll(set);
        set.add(self.signals.fd(), Interest::Read)
    }

    fn pause(&self) -> Option<Duration> {
        let hosts = self.hosts.iter().filter_map(Host::deadline).min();
        let timeout = self.timeout.map(|(when, _)| when);
        let all = [hosts, timeout, self.kill_at, self.leave_at, self.out.deadline(), self.err.deadline()];
        all.into_iter().flatten().min().map(|when| when.saturating_duration_since(Instant::now()))
    }

    /// Takes in what the agents report.
    fn listen(&mut self, set: &PollSet, now: Instant) {
        for index in 0..self.hosts.len() {
            let alive = self.hosts[index].exchange(set);
            loop {
                match self.hosts[index].next_report() {
                    Ok(Some(report)) => self.take_report(index as u32, report, now),
                    Ok(None) => break,
                    Err(malformed) => {
                        let text = format!("host {}: {malformed}", self.hosts[index].name);
                        return self.lose(index, text, now);
                    }
                }
            }
            if !alive && self.hosts[index].state == State::Running {
                let text = self.hosts[index].describe_loss();
                self.lose(index, text, now);
            }
        }
    }

    /// A host is gone; on this machine its orphans are ours to end.
    fn lose(&mut self, index: usize, text: String, now: Instant) {
        self.hosts[index].forget();
        self.fail(Verdict { code: 1, event: "host-lost", rank: None, text }, now);
    }

    fn take_report(&mut self, host: u32, report: Report, now: Instant) {
        match report {
            Report::Output { rank, stream, bytes } => self.take_output(host, rank, stream, bytes, now),
            Report::Started(pids) => self.ledger.started(host, &pids),
            Report::Failed { code, reason } => {
                self.hosts[host as usize].state = State::Done;
                let text = if self.hosts.len() == 1 { reason } else { self.on_host(host, &reason) };
                self.fail(Verdict { code: code as i32, event: "start", rank: None, text }, now);
            }
            Report::Joined { rank } => {
                let verdict = self.ledger.joined(rank);
                self.fail_if(verdict, now);
            }
            Report::Finalized { rank } => self.ledger.finalized(rank),
            Report::Aborted { rank, code, text } => self.fail(self.ledger.aborted(rank, code, &text), now),
            Report::Vanished { rank, pid } => self.fail(self.ledger.vanished(rank, pid), now),
            Report::Exited { rank, code, signal } => {
                let exit = if signal != 0 { Exit::Signal(signal) } else { Exit::Code(code) };
                let verdict = self.ledger.exited(rank, exit);
                self.fail_if(verdict, now);
            }
            Report::StdinTaken(count) => self.stdin.taken(count as usize),
            Report::StdinClosed => self.stdin.close(),
            Report::Note(text) => self.messages.say("note", None, &self.on_host(host, &text)),
            Report::Done => self.hosts[host as usize].state = State::Done,
            Report::Card { .. } | Report::Lookup { .. } | Report::Fence => self.connect_hosts(host, report),
        }
    }

    fn on_host(&self, host: u32, text: &str) -> String {
        format!("host {}: {text}", self.hosts[host as usize].name)
    }

    /// What ranks of different hosts have to do with each other.
    fn connect_hosts(&mut self, host: u32, report: Report) {
        match report {
            Report::Card { rank, key, value } => {
                for waiter in self.cards.put(rank, key.clone(), value.clone()) {
                    self.send_card(waiter, rank, key.clone(), value.clone());
                }
            }
            Report::Lookup { rank, key } => match self.cards.get(rank, &key).map(<[u8]>::to_vec) {
                Some(value) => self.send_card(host, rank, key, value),
                None => {
                    self.cards.wait(rank, key, host);
                }
            },
            Report::Fence => {
                self.hosts[host as usize].in_fence = true;
                if self.hosts.iter().all(|host| host.in_fence) {
                    self.hosts.iter_mut().for_each(|host| host.in_fence = false);
                    self.tell_all(&Order::Fenced);
                }
            }
            _ => {}
        }
    }

    fn send_card(&mut self, host: u32, rank: u32, key: String, value: Vec<u8>) {
        self.hosts[host as usize].send(&Order::Card { rank, key, value });
    }

    fn tell_all(&mut self, order: &Order) {
        self.hosts.iter_mut().for_each(|host| host.send(order));
    }

    fn take_output(&mut self, host: u32, rank: u32, stream: Stream, bytes: Vec<u8>, now: Instant) {
        self.hosts[host as usize].unacknowledged += bytes.len();
        match stream {
            Stream::Out if self.stdout_broken => {}
            Stream::Out => self.out.push(rank, bytes, now),
            Stream::Err => self.err.push(rank, bytes, now),
        }
    }

    /// Writes what can be written, and lets agents send more when it is.
    fn write_output(&mut self, set: &PollSet, now: Instant) {
        let result = self.out.write_polled(set);
        if let Err(error) = result {
            self.lose_stdout(&error, now);
        }
        if self.err.write_polled(set).is_err() {
            self.err.discard();
        }
        self.out.release(now);
        self.err.release(now);
        if self.out.is_empty() && self.err.is_empty() {
            for host in self.hosts.iter_mut().filter(|host| host.unacknowledged > 0) {
                let count = std::mem::take(&mut host.unacknowledged);
                host.send(&Order::OutputTaken(count as u32));
            }
        }
    }

    /// Nobody reads the output (as in `vmirun … | head -1`), or the disk is full.
    fn lose_stdout(&mut self, error: &io::Error, now: Instant) {
        self.out.discard();
        self.stdout_broken = true;
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        let text = if quiet { String::new() } else { format!("cannot write the output: {error}") };
        let code = if quiet { 128 + libc::SIGPIPE } else { 1 };
        self.fail(Verdict { code, event: "output", rank: None, text }, now);
    }

    fn forward_stdin(&mut self, set: &PollSet) {
        let order = match self.stdin.read_polled(set) {
            Input::Bytes(bytes) => Order::Stdin(bytes),
            Input::End => Order::StdinEnd,
            Input::Nothing => return,
        };
        if let Some(host) = self.stdin_host {
            self.hosts[host as usize].send(&order);
        }
    }

    fn fail_if(&mut self, verdict: Option<Verdict>, now: Instant) {
        if let Some(verdict) = verdict {
            self.fail(verdict, now);
        }
    }

    /// Ends the job. Only the first reason counts and is told.
    fn fail(&mut self, verdict: Verdict, now: Instant) {
        if self.verdict.is_some() || self.interrupted.is_some() {
            return;
        }
        self.verdict = Some(verdict);
        self.end_job(FAILURE_GRACE, now);
    }

    fn end_job(&mut self, grace: Duration, now: Instant) {
        self.tell_all(&Order::End { grace: grace.as_millis() as u32 });
        self.leave_at = Some(now + grace + FAREWELL);
        // An agent that has not answered yet has nothing to end.
        self.hosts.iter_mut().filter(|host| !host.has_answered()).for_each(Host::forget);
    }

    fn handle_signals(&mut self, now: Instant) {
        while let Some((signal, _)) = self.signals.next() {
            match signal {
                libc::SIGTSTP => {
                    self.tell_all(&Order::Signal(libc::SIGSTOP as u32));
                    let _ = process::kill(std::process::id() as i32, libc::SIGSTOP);
                }
                libc::SIGCONT | libc::SIGUSR1 | libc::SIGUSR2 => self.tell_all(&Order::Signal(signal as u32)),
                libc::SIGCHLD => {}
                _ => self.interrupt(signal, now),
            }
        }
    }

    /// The user ends the job: the ranks get the signal, and a second one kills them.
    fn interrupt(&mut self, signal: i32, now: Instant) {
        if self.interrupted.is_some() || self.verdict.is_some() {
            self.end_job(Duration::ZERO, now);
            return;
        }
        self.interrupted = Some(signal);
        self.tell_all(&Order::Signal(signal as u32));
        self.tell_all(&Order::Signal(libc::SIGCONT as u32));
        self.kill_at = Some(now + SIGNAL_GRACE);
        self.hosts.iter_mut().filter(|host| !host.has_answered()).for_each(Host::forget);
    }

    fn check_timers(&mut self, now: Instant) {
        if self.kill_at.is_some_and(|when| when <= now) {
            self.kill_at = None;
            self.end_job(Duration::ZERO, now);
        }
        if let Some((_, limit)) = self.timeout.take_if(|(when, _)| *when <= now) {
            let text = format!("the job has not ended within {} s", limit.as_secs_f64());
            self.fail(Verdict { code: TIMEOUT_CODE, event: "timeout", rank: None, text }, now);
        }
        if self.leave_at.is_some_and(|when| when <= now) {
            self.hosts.iter_mut().filter(|host| host.state == State::Running).for_each(Host::forget);
        }
        if let Some(index) =
            self.hosts.iter().position(|host| host.deadline().is_some_and(|when| when <= now))
        {
            let text = self.hosts[index].describe_silence();
            self.lose(index, text, now);
        }
    }

    /// Writes what is left, ends what is left, and says why.
    fn finish(mut self) -> i32 {
        let now = Instant::now();
        for sink in [&mut self.out, &mut self.err] {
            sink.release_all(now);
            while !sink.is_empty() && sink.write_piece().is_ok() {}
        }
        self.hosts.iter().for_each(Host::wait_for_end);
        sweep::sweep(|_| false);
        if let Some(signal) = self.interrupted {
            self.messages.say(
                "signal",
                None,
                &format!("the job was ended by {}", signal::signal_name(signal)),
            );
            return self.ledger.first_bad_exit().map_or(0, |_| 128 + signal);
        }
        let Some(verdict) = self.verdict.take().or_else(|| self.ledger.outcome()) else { return 0 };
        if !verdict.text.is_empty() {
            self.messages.say(verdict.event, verdict.rank, &verdict.text);
        }
        verdict.code
    }
}

/// The signals the front takes as data; those it was told to ignore stay ignored.
fn handled_signals() -> Vec<i32> {
    let all = [
        libc::SIGINT,
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGQUIT,
        libc::SIGTSTP,
        libc::SIGCONT,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGCHLD,
    ];
    all.into_iter().filter(|signal| !signal::is_ignored(*signal)).collect()
}

/// Starts the agents of all hosts.
fn start_hosts(
    options: &Options,
    placement: &Placement,
    messages: &Messages,
) -> Result<Vec<Host>, (i32, String)> {
    let failure = |error: io::Error| (1, format!("cannot set up the job: {error}"));
    let mut environment = super::agent::own_environment();
    for entry in &options.environment {
        super::agent::set(&mut environment, entry.clone());
    }
    let template = Start {
        secret: fd::random_bytes().map_err(failure)?,
        hosts: placement.hosts.clone(),
        host_of: placement.host_of.clone(),
        host: 0,
        app_of: placement.app_of.clone(),
        apps: options.programs.iter().map(|program| program.app.clone()).collect(),
        environment,
        binding: options.binding,
        stdin_rank: options.stdin_rank,
    };
    let mut hosts = Vec::new();
    for (number, name) in placement.hosts.iter().enumerate() {
        let mut start = template.clone();
        start.host = number as u32;
        hosts.push(if is_local(options, name) {
            messages.explain(&format!("host {name} is this one"));
            Host::start_local(name, start).map_err(failure)?
        } else {
            super::remote::prepare(&mut start);
            let command =
                super::remote::command(options.launch_agent.as_deref(), name).map_err(|text| (2, text))?;
            messages.explain(&format!("host {name}: {}", command.join(" ")));
            Host::start_remote(name, start, &command).map_err(|text| (1, text))?
        });
    }
    Ok(hosts)
}

/// With a launch agent every named host is somebody else's, whatever it is called.
fn is_local(options: &Options, name: &str) -> bool {
    let named = !options.hosts.is_empty();
    !named || (options.launch_agent.is_none() && (name == "localhost" || name == job::host_name()))
}
