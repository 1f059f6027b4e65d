//! A byte stream between `vmirun` and an agent: never blocks, keeps what could not be written yet.

use crate::job::frame::{FrameBuffer, Malformed};
use crate::sys::fd::{self, Interest, PollSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

/// Both directions of the stream. Descriptors may be two ends of one socket or two pipes.
pub struct Channel {
    input: File,
    output: File,
    arrived: FrameBuffer,
    waiting: Vec<u8>,
}

/// The poll slots of a channel.
#[derive(Clone, Copy)]
pub struct Slots {
    input: usize,
    output: Option<usize>,
}

impl Channel {
    pub fn new(input: OwnedFd, output: OwnedFd) -> io::Result<Channel> {
        fd::set_nonblocking(input.as_fd())?;
        fd::set_nonblocking(output.as_fd())?;
        let (input, output) = (File::from(input), File::from(output));
        Ok(Channel { input, output, arrived: FrameBuffer::default(), waiting: Vec::new() })
    }

    /// Queues a message and writes what fits. Errors show up as the end of the input.
    pub fn send(&mut self, message: &[u8]) {
        self.waiting.extend_from_slice(message);
        self.flush();
    }

    fn flush(&mut self) {
        let mut written = 0;
        while written < self.waiting.len() {
            match self.output.write(&self.waiting[written..]) {
                Ok(n) if n > 0 => written += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The other end is gone; reading will tell.
                _ => written = self.waiting.len(),
            }
        }
        self.waiting.drain(..written);
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub fn poll(&self, set: &mut PollSet) -> Slots {
        let input = set.add(self.input.as_fd(), Interest::Read);
        let output = self.has_waiting().then(|| set.add(self.output.as_fd(), Interest::Write));
        Slots { input, output }
    }

    /// Reads and writes what is possible. `false` means that the other end is gone.
    pub fn move_bytes(&mut self, set: &PollSet, slots: Slots) -> bool {
        if slots.output.is_some_and(|slot| set.writable(slot)) {
            self.flush();
        }
        !set.readable(slots.input) || self.fill()
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 65536];
        match self.input.read(&mut buffer) {
            Ok(0) => false,
            Ok(n) => {
                self.arrived.push(&buffer[..n]);
                true
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// The next message that has arrived.
    pub fn next_frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, Malformed> {
        self.arrived.next_frame()
    }

    /// Drops everything up to and including `marker`; `true` once it has been seen.
    pub fn skip_to(&mut self, marker: &[u8]) -> bool {
        self.arrived.skip_to(marker)
    }

    /// Writes what is queued, waiting for the other end to take it.
    pub fn drain(&mut self) {
        while self.has_waiting() {
            let mut set = PollSet::default();
            set.add(self.output.as_fd(), Interest::Write);
            if set.wait(None).is_err() {
                return;
            }
            self.flush();
        }
    }
}
