//! The pipes of one rank: what it writes, and for one rank of the job what it reads.

use super::lines::Lines;
use crate::sys::fd::{self, Interest, PollSet};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long the rank that reads standard input may leave a line unfinished: it may be asking something.
const PROMPT: Duration = Duration::from_millis(50);

/// How long other ranks may.
const PROGRESS: Duration = Duration::from_millis(500);

/// One output stream of a rank.
pub struct Tap {
    pipe: Option<File>,
    lines: Lines,
    slot: Option<usize>,
}

impl Tap {
    pub fn new(pipe: OwnedFd, has_stdin: bool) -> io::Result<Tap> {
        fd::set_nonblocking(pipe.as_fd())?;
        let lines = Lines::new(if has_stdin { PROMPT } else { PROGRESS });
        Ok(Tap { pipe: Some(File::from(pipe)), lines, slot: None })
    }

    pub fn poll(&mut self, set: &mut PollSet, allowed: bool) {
        self.slot = self.pipe.as_ref().filter(|_| allowed).map(|pipe| set.add(pipe.as_fd(), Interest::Read));
    }

    /// Reads once if the last poll said so, and returns what can be passed on.
    pub fn read_polled(&mut self, set: &PollSet, now: Instant) -> Vec<u8> {
        if self.slot.take().is_some_and(|slot| set.readable(slot)) {
            return self.read(now).unwrap_or_default();
        }
        self.lines.take_rested(now)
    }

    /// Reads once; `None` when nothing is there now.
    pub fn read(&mut self, now: Instant) -> Option<Vec<u8>> {
        let mut buffer = [0; 65536];
        match self.pipe.as_mut()?.read(&mut buffer) {
            Ok(0) => {
                self.pipe = None;
                Some(self.lines.take())
            }
            Ok(n) => Some(self.lines.push(&buffer[..n], now)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Some(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => {
                self.pipe = None;
                None
            }
        }
    }

    /// The unfinished line, for the end of the job.
    pub fn take_rest(&mut self) -> Vec<u8> {
        self.lines.take()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.lines.deadline()
    }
}

/// Standard input of the rank that gets it.
pub struct Feed {
    pipe: Option<File>,
    waiting: VecDeque<u8>,
    ending: bool,
    slot: Option<usize>,
}

impl Feed {
    pub fn new(pipe: OwnedFd) -> io::Result<Feed> {
        fd::set_nonblocking(pipe.as_fd())?;
        Ok(Feed { pipe: Some(File::from(pipe)), waiting: VecDeque::new(), ending: false, slot: None })
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// Closes the pipe once everything pushed has been written.
    pub fn end(&mut self) {
        self.ending = true;
    }

    /// Waits for space if there is something to write, and always for the reader's death.
    pub fn poll(&mut self, set: &mut PollSet) {
        let interest = if self.waiting.is_empty() { Interest::Hangup } else { Interest::Write };
        self.slot = self.pipe.as_ref().map(|pipe| set.add(pipe.as_fd(), interest));
    }

    /// Writes what fits. Returns the bytes written, or `None` once the rank reads no more.
    pub fn write_polled(&mut self, set: &PollSet) -> Option<usize> {
        let ready = self.slot.take().is_some_and(|slot| set.ready(slot));
        let pipe = self.pipe.as_mut()?;
        let mut written = 0;
        let mut broken = ready && self.waiting.is_empty();
        while !broken && !self.waiting.is_empty() {
            match pipe.write(self.waiting.as_slices().0) {
                Ok(n) => {
                    self.waiting.drain(..n);
                    written += n;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => broken = true,
            }
        }
        if broken || (self.ending && self.waiting.is_empty()) {
            self.pipe = None;
            self.waiting.clear();
        }
        if broken { None } else { Some(written) }
    }
}
