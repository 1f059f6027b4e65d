//! The agent of a host: starts its ranks, serves their control connections, ends them.
//!
//! One thread, one `poll` loop, no sleeping. It reports facts to the front and never decides about the job; the only
//! decision it takes alone is to kill everything when the front is gone.

mod cards;
mod client;
mod lines;
mod output;
mod rank;
mod service;
mod start;

pub use cards::Cards;
pub use start::{Failure, lookup, own_environment, set};

use super::channel::{Channel, Slots};
use super::orders::{Order, Report, Start, Stream};
use super::sweep;
use crate::job::protocol::to_hex;
use crate::sys::fd::{self, Interest, PollSet};
use crate::sys::process::{self, Exit, Reaped};
use crate::sys::signal::{self, SignalFd};
use crate::sys::unix_socket;
use rank::Rank;
use service::Service;
use std::io;
use std::time::{Duration, Instant};

/// Output on its way to the user that a host may have unacknowledged; more stays in the ranks' pipes.
const OUTPUT_WINDOW: usize = 512 * 1024;

/// After its connection has closed, how long a rank's process may take to end before that is called an accident.
const VANISH_PATIENCE: Duration = Duration::from_millis(200);

/// A running agent.
pub struct Agent {
    channel: Channel,
    signals: SignalFd,
    ranks: Vec<Rank>,
    service: Service,
    output_in_flight: usize,
    /// When ranks that were told to end are killed.
    kill_at: Option<Instant>,
}

/// The poll slots of one round.
struct Round {
    channel: Slots,
    signals: usize,
    listener: usize,
}

/// Runs an agent until its ranks have ended; the result is its exit code.
pub fn run(start: Start, channel: Channel) -> i32 {
    process::set_name(c"vmi-agent");
    // The front takes signals as data; whoever sends one to the agent means it.
    let _ = signal::SignalSet::of(&[]).set();
    let mut channel = channel;
    match Agent::begin(start, &mut channel) {
        Ok((ranks, service, signals)) => {
            let agent = Agent { channel, signals, ranks, service, output_in_flight: 0, kill_at: None };
            agent.serve()
        }
        Err(failure) => {
            sweep::sweep(|_| false);
            channel.send(&Report::Failed { code: failure.code, reason: failure.reason }.encode());
            channel.drain();
            1
        }
    }
}

impl Agent {
    fn begin(start: Start, channel: &mut Channel) -> Result<(Vec<Rank>, Service, SignalFd), Failure> {
        let resources =
            |error: io::Error| Failure { code: 1, reason: format!("cannot set up the node: {error}") };
        process::become_subreaper().map_err(resources)?;
        let signals = SignalFd::new(&[libc::SIGCHLD]).map_err(resources)?;
        let address = start::Address {
            socket: format!("vmi-{}", to_hex(&fd::random_bytes::<16>().map_err(resources)?)),
            ticket: fd::random_bytes().map_err(resources)?,
        };
        let listener = unix_socket::listen_abstract(&address.socket).map_err(resources)?;
        let mut ranks = Vec::new();
        start::start_ranks(&start, &address, |rank, process| ranks.push(Rank::new(rank, process)))?;
        channel.send(&Report::Started(ranks.iter().map(|r| r.process.pid as u32).collect()).encode());
        let service = Service::new(start, listener, address.ticket, ranks.len())?;
        Ok((ranks, service, signals))
    }

    fn serve(mut self) -> i32 {
        let mut set = PollSet::default();
        loop {
            let round = self.poll(&mut set);
            if set.wait(self.timeout()).is_err() || !self.channel.move_bytes(&set, round.channel) {
                return self.give_up();
            }
            if !self.obey_orders() {
                return self.give_up();
            }
            let now = Instant::now();
            self.move_streams(&set, now);
            if set.ready(round.listener) {
                self.service.accept();
            }
            self.service.exchange(&set, now, &mut self.ranks, &mut self.channel);
            if set.ready(round.signals) {
                self.collect(now);
            }
            self.check_timers(now);
            if self.ranks.iter().all(|rank| rank.exit.is_some()) {
                return self.finish();
            }
        }
    }

    fn poll(&mut self, set: &mut PollSet) -> Round {
        set.clear();
        let room = self.output_in_flight < OUTPUT_WINDOW;
        for rank in &mut self.ranks {
            rank.process.out.poll(set, room);
            rank.process.err.poll(set, room);
            if let Some(feed) = &mut rank.process.feed {
                feed.poll(set);
            }
        }
        Round {
            channel: self.channel.poll(set),
            signals: set.add(self.signals.fd(), Interest::Read),
            listener: self.service.poll(set),
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let ranks = self.ranks.iter().filter_map(Rank::deadline).min();
        let next = [ranks, self.kill_at, self.service.deadline()].into_iter().flatten().min();
        next.map(|when| when.saturating_duration_since(Instant::now()))
    }

    /// `false` when the front talks nonsense, which ends the job like its death.
    fn obey_orders(&mut self) -> bool {
        loop {
            match self.channel.next_frame().and_then(|f| f.map(|(k, b)| Order::decode(k, &b)).transpose()) {
                Ok(Some(order)) => self.obey(order),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Start(_) => {}
            Order::Card { rank, key, value } => self.service.card_arrived(rank, key, value),
            Order::Fenced => self.service.fenced(&mut self.ranks),
            Order::Signal(signal) => self.signal_all(signal as i32),
            Order::End { grace } => self.end(Duration::from_millis(grace.into())),
            Order::Stdin(bytes) => self.feeds(|feed| feed.push(&bytes)),
            Order::StdinEnd => self.feeds(|feed| feed.end()),
            Order::OutputTaken(count) => {
                self.output_in_flight = self.output_in_flight.saturating_sub(count as usize);
            }
        }
    }

    fn feeds(&mut self, mut each: impl FnMut(&mut output::Feed)) {
        self.ranks.iter_mut().filter_map(|rank| rank.process.feed.as_mut()).for_each(&mut each);
    }

    fn signal_all(&self, signal: i32) {
        self.ranks.iter().filter(|rank| rank.exit.is_none()).for_each(|rank| rank.signal(signal));
    }

    /// SIGTERM now, SIGKILL after the grace. A stopped process takes SIGTERM only when it continues.
    fn end(&mut self, grace: Duration) {
        if !grace.is_zero() {
            self.signal_all(libc::SIGTERM);
            self.signal_all(libc::SIGCONT);
        }
        self.kill_at = Some(Instant::now() + grace);
    }

    fn move_streams(&mut self, set: &PollSet, now: Instant) {
        for rank in &mut self.ranks {
            for stream in [Stream::Out, Stream::Err] {
                let bytes = tap(rank, stream).read_polled(set, now);
                self.output_in_flight += pass_on(&mut self.channel, rank.number, stream, bytes);
            }
            if let Some(feed) = &mut rank.process.feed {
                match feed.write_polled(set) {
                    Some(0) => {}
                    Some(count) => self.channel.send(&Report::StdinTaken(count as u32).encode()),
                    None => {
                        rank.process.feed = None;
                        self.channel.send(&Report::StdinClosed.encode());
                    }
                }
            }
        }
    }

    /// Collects ended children: ranks, and orphans that became ours.
    fn collect(&mut self, now: Instant) {
        while self.signals.next().is_some() {}
        while let Reaped::Child(pid, exit) = process::reap() {
            self.ended(pid, exit, now);
        }
    }

    fn ended(&mut self, pid: i32, exit: Exit, now: Instant) {
        let Some(rank) = self.ranks.iter_mut().find(|rank| rank.process.pid == pid && rank.exit.is_none())
        else {
            return;
        };
        rank.exit = Some(exit);
        rank.vanished = None;
        // What it wrote last is in its pipes, and comes before the news of its end.
        for stream in [Stream::Out, Stream::Err] {
            self.output_in_flight += drain(&mut self.channel, rank, stream, now);
        }
        let (code, signal) = match exit {
            Exit::Code(code) => (code, 0),
            Exit::Signal(signal) => (0, signal),
        };
        self.channel.send(&Report::Exited { rank: rank.number, code, signal }.encode());
    }

    fn check_timers(&mut self, now: Instant) {
        if self.kill_at.is_some_and(|when| when <= now) {
            self.kill_at = None;
            self.signal_all(libc::SIGKILL);
        }
        for rank in &mut self.ranks {
            let Some((pid, when)) = rank.vanished else { continue };
            if when <= now {
                rank.vanished = None;
                // A program may close descriptors it did not open; only its death is an accident.
                if !sweep::is_running(pid) {
                    self.channel.send(&Report::Vanished { rank: rank.number, pid: pid as u32 }.encode());
                }
            }
        }
    }

    /// All ranks have ended: ends what they left running, and says goodbye.
    fn finish(mut self) -> i32 {
        let now = Instant::now();
        self.kill_groups();
        sweep::sweep(|_| false);
        for rank in &mut self.ranks {
            for stream in [Stream::Out, Stream::Err] {
                drain(&mut self.channel, rank, stream, now);
                let rest = tap(rank, stream).take_rest();
                pass_on(&mut self.channel, rank.number, stream, rest);
            }
        }
        self.channel.send(&Report::Done.encode());
        self.channel.drain();
        0
    }

    /// The front is gone: nobody wants the job any more.
    fn give_up(self) -> i32 {
        self.kill_groups();
        sweep::sweep(|_| false);
        1
    }

    /// Kills the groups of all ranks, also of ended ones, whose groups may live on.
    fn kill_groups(&self) {
        self.ranks.iter().for_each(|rank| rank.signal(libc::SIGKILL));
    }
}

fn tap(rank: &mut Rank, stream: Stream) -> &mut output::Tap {
    match stream {
        Stream::Out => &mut rank.process.out,
        Stream::Err => &mut rank.process.err,
    }
}

/// Sends output to the front; returns its length.
fn pass_on(channel: &mut Channel, rank: u32, stream: Stream, bytes: Vec<u8>) -> usize {
    let length = bytes.len();
    if length > 0 {
        channel.send(&Report::Output { rank, stream, bytes }.encode());
    }
    length
}

/// Reads and sends all that is in a pipe now.
fn drain(channel: &mut Channel, rank: &mut Rank, stream: Stream, now: Instant) -> usize {
    let mut length = 0;
    while let Some(bytes) = tap(rank, stream).read(now) {
        length += pass_on(channel, rank.number, stream, bytes);
    }
    length
}
