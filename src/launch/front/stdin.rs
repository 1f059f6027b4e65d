//! Standard input of `vmirun`, on its way to one rank.

use crate::sys::fd::{Interest, PollSet};
use crate::sys::process;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

/// Bytes on their way to the rank that it has not read yet; more is left with whoever writes to us.
const WINDOW: usize = 64 * 1024;

/// What reading has brought.
pub enum Input {
    Bytes(Vec<u8>),
    End,
    Nothing,
}

/// Standard input.
pub struct Stdin {
    file: Option<File>,
    in_flight: usize,
    slot: Option<usize>,
}

impl Stdin {
    pub fn new(fd: Option<BorrowedFd<'_>>) -> io::Result<Stdin> {
        let file = fd.map(|fd| fd.try_clone_to_owned()).transpose()?.map(File::from);
        Ok(Stdin { file, in_flight: 0, slot: None })
    }

    /// A background job must not read its terminal: it would be stopped.
    pub fn poll(&mut self, set: &mut PollSet) {
        let room = self.in_flight < WINDOW;
        let file = self.file.as_ref().filter(|file| room && !process::is_background_terminal(file.as_fd()));
        self.slot = file.map(|file| set.add(file.as_fd(), Interest::Read));
    }

    pub fn read_polled(&mut self, set: &PollSet) -> Input {
        if !self.slot.take().is_some_and(|slot| set.readable(slot)) {
            return Input::Nothing;
        }
        let Some(file) = &mut self.file else { return Input::Nothing };
        let mut buffer = [0; 16384];
        match file.read(&mut buffer) {
            Ok(n) if n > 0 => {
                self.in_flight += n;
                Input::Bytes(buffer[..n].to_vec())
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                Input::Nothing
            }
            // The end, or an input that cannot be read.
            _ => {
                self.file = None;
                Input::End
            }
        }
    }

    /// The rank has taken so many bytes.
    pub fn taken(&mut self, count: usize) {
        self.in_flight = self.in_flight.saturating_sub(count);
    }

    /// The rank reads no more.
    pub fn close(&mut self) {
        self.file = None;
    }
}
