//! Standard output or standard error of the job: the ranks' lines, one after the other.
//!
//! Lines arrive whole except prompts and the like. While such an open line is on the screen, lines of other ranks
//! are held back for a moment, so that it can be completed. Writing never blocks the front.

use crate::sys::fd::{Interest, PollSet};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long an open line keeps others waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// A pipe or terminal that polls as writable takes this much without blocking.
const PIECE: usize = 4096;

/// One of the job's two outputs.
pub struct Sink {
    file: File,
    label: bool,
    piece: usize,
    ready: VecDeque<u8>,
    held: VecDeque<(u32, Vec<u8>)>,
    /// Whose line is unfinished, and since when.
    open: Option<(u32, Instant)>,
    slot: Option<usize>,
}

impl Sink {
    pub fn new(fd: BorrowedFd<'_>, label: bool) -> io::Result<Sink> {
        let file = File::from(fd.try_clone_to_owned()?);
        // A regular file never blocks for long, and takes large pieces faster.
        let piece = if file.metadata()?.is_file() { 1 << 20 } else { PIECE };
        Ok(Sink { file, label, piece, ready: VecDeque::new(), held: VecDeque::new(), open: None, slot: None })
    }

    /// Takes what a rank has written.
    pub fn push(&mut self, rank: u32, bytes: Vec<u8>, now: Instant) {
        self.held.push_back((rank, bytes));
        self.release(now);
    }

    /// Moves to `ready` what may be written now: everything, or, while a line is open, what its owner wrote.
    pub fn release(&mut self, now: Instant) {
        loop {
            let next = match self.open {
                Some((owner, since)) if now < since + PATIENCE => {
                    self.held.iter().position(|(rank, _)| *rank == owner)
                }
                _ => Some(0),
            };
            let Some((rank, bytes)) = next.and_then(|index| self.held.remove(index)) else { return };
            self.admit(rank, &bytes, now);
        }
    }

    fn admit(&mut self, rank: u32, bytes: &[u8], now: Instant) {
        let mut fresh = self.open.is_none_or(|(owner, _)| owner != rank);
        if self.label && fresh && self.open.is_some() {
            self.ready.push_back(b'\n');
        }
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            if self.label && fresh {
                self.ready.extend(format!("[{rank}] ").as_bytes());
            }
            self.ready.extend(line);
            fresh = true;
        }
        self.open = if bytes.ends_with(b"\n") { None } else { Some((rank, now)) };
    }

    /// Lets go of everything, for the end of the job.
    pub fn release_all(&mut self, now: Instant) {
        while let Some((rank, bytes)) = self.held.pop_front() {
            self.admit(rank, &bytes, now);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.open.filter(|_| !self.held.is_empty()).map(|(_, since)| since + PATIENCE)
    }

    /// Nothing waits to be written.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.held.is_empty()
    }

    pub fn poll(&mut self, set: &mut PollSet) {
        self.slot = (!self.ready.is_empty()).then(|| set.add(self.file.as_fd(), Interest::Write));
    }

    /// Writes one piece if the last poll allows it.
    pub fn write_polled(&mut self, set: &PollSet) -> io::Result<()> {
        if self.slot.take().is_some_and(|slot| set.writable(slot)) { self.write_piece() } else { Ok(()) }
    }

    /// Writes one piece; may block unless a poll has allowed it.
    pub fn write_piece(&mut self) -> io::Result<()> {
        let front = self.ready.as_slices().0;
        let written = match self.file.write(&front[..front.len().min(self.piece)]) {
            Ok(written) => written,
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => 0,
            Err(error) => return Err(error),
        };
        self.ready.drain(..written);
        Ok(())
    }

    /// Drops what nobody can read any more.
    pub fn discard(&mut self) {
        self.ready.clear();
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(label: bool) -> Sink {
        Sink::new(File::open("/dev/null").unwrap().as_fd(), label).unwrap()
    }

    fn text(sink: &mut Sink) -> String {
        String::from_utf8(sink.ready.drain(..).collect()).unwrap()
    }

    #[test]
    fn each_line_gets_one_label() {
        let (mut sink, now) = (sink(true), Instant::now());
        sink.push(1, b"a\nb\n".to_vec(), now);
        sink.push(0, b"c".to_vec(), now);
        sink.push(0, b"d\n".to_vec(), now);
        assert_eq!(text(&mut sink), "[1] a\n[1] b\n[0] cd\n");
    }

    #[test]
    fn others_wait_for_an_open_line() {
        let (mut sink, now) = (sink(false), Instant::now());
        sink.push(0, b"half ".to_vec(), now);
        sink.push(1, b"other\n".to_vec(), now);
        sink.push(0, b"whole\n".to_vec(), now);
        assert_eq!(text(&mut sink), "half whole\nother\n");
        assert_eq!(sink.deadline(), None);
    }

    #[test]
    fn but_not_for_ever() {
        let (mut sink, now) = (sink(true), Instant::now());
        sink.push(0, b"name? ".to_vec(), now);
        sink.push(1, b"other\n".to_vec(), now);
        assert_eq!(sink.deadline(), Some(now + PATIENCE));
        sink.release(now + PATIENCE);
        assert_eq!(text(&mut sink), "[0] name? \n[1] other\n");
    }
}
