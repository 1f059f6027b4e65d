//! Cuts what a rank writes into whole lines.
//!
//! Lines of several ranks must not mix, so a line is passed on when it is complete. A line without an end is passed
//! on when nothing was added to it for a while (a prompt, a progress dot) or when it is very long.

use std::time::{Duration, Instant};

/// A longer beginning of a line is passed on as it is.
const LONGEST: usize = 64 * 1024;

/// The unfinished line of one stream.
pub struct Lines {
    bytes: Vec<u8>,
    last: Instant,
    patience: Duration,
}

impl Lines {
    /// `patience`: how long an unfinished line may rest.
    pub fn new(patience: Duration) -> Lines {
        Lines { bytes: Vec::new(), last: Instant::now(), patience }
    }

    /// Takes new bytes; returns what can be passed on.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Vec<u8> {
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let mut ready = Vec::new();
        if whole > 0 {
            ready = std::mem::take(&mut self.bytes);
            ready.extend_from_slice(&bytes[..whole]);
        }
        if whole < bytes.len() {
            self.bytes.extend_from_slice(&bytes[whole..]);
            self.last = now;
        }
        if self.bytes.len() > LONGEST {
            ready.append(&mut self.bytes);
        }
        ready
    }

    /// When the unfinished line should be passed on if nothing comes.
    pub fn deadline(&self) -> Option<Instant> {
        (!self.bytes.is_empty()).then(|| self.last + self.patience)
    }

    /// The unfinished line, if it has rested long enough.
    pub fn take_rested(&mut self, now: Instant) -> Vec<u8> {
        if self.deadline().is_some_and(|deadline| deadline <= now) { self.take() } else { Vec::new() }
    }

    /// The unfinished line.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_pass_and_the_rest_waits() {
        let (mut lines, now) = (Lines::new(Duration::from_millis(50)), Instant::now());
        assert_eq!(lines.push(b"one\ntwo\nthr", now), b"one\ntwo\n");
        assert_eq!(lines.take_rested(now), b"");
        assert_eq!(lines.push(b"ee\n", now), b"three\n");
        assert_eq!(lines.deadline(), None);
    }

    #[test]
    fn a_prompt_passes_after_a_rest() {
        let (mut lines, now) = (Lines::new(Duration::from_millis(50)), Instant::now());
        assert_eq!(lines.push(b"name? ", now), b"");
        assert_eq!(lines.take_rested(now + Duration::from_millis(49)), b"");
        assert_eq!(lines.take_rested(now + Duration::from_millis(50)), b"name? ");
        assert_eq!(lines.take(), b"");
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let (mut lines, now) = (Lines::new(Duration::from_secs(1)), Instant::now());
        assert_eq!(lines.push(&[b'x'; LONGEST], now), b"");
        assert_eq!(lines.push(b"y", now).len(), LONGEST + 1);
    }
}
