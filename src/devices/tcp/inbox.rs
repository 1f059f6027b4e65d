//! Bytes from the kernel, and the frames in them. A frame is read where it lies; its place is used again once it
//! has been given back.
//!
//! What arrives is not trusted: a header that makes no sense ends the connection ([`Malformed`]).

use super::wire::{self, HEADER, MAX_PAYLOAD, Malformed};
use crate::core::buffer::UserBuf;
use crate::core::frame::Header;
use std::io::{self, Read};

/// Bytes of a fresh buffer; it grows when reads fill it or a frame needs more.
const START: usize = 16 * 1024;
/// Largest buffer: one frame of the largest size, and then some.
pub(super) const MOST: usize = 256 * 1024;
/// While a frame lacks this much, only it is read, so that it need not be moved afterwards.
const ALONE: usize = 16 * 1024;

const _: () = assert!(MOST >= HEADER + MAX_PAYLOAD);

#[derive(Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// What has arrived and was not given back: `bytes[start..end]`.
    start: usize,
    end: usize,
    sequence: u32,
}

/// How a read went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filled {
    /// Nothing there.
    Nothing,
    /// Some bytes; more may be waiting.
    More,
    /// Some bytes, and the source is drained.
    Drained,
    /// The peer will send no more.
    End,
}

impl Inbox {
    /// The first frame, if it is complete, and its payload. The same frame until [`Inbox::release`].
    #[inline]
    pub fn peek(&mut self) -> Result<Option<(Header, UserBuf)>, Malformed> {
        let Some(header) = self.header()? else { return Ok(None) };
        if self.end - self.start < HEADER + header.len {
            return Ok(None);
        }
        let at = self.start + HEADER;
        Ok(Some((header, UserBuf::of(&mut self.bytes[at..at + header.len]))))
    }

    #[inline]
    fn header(&self) -> Result<Option<Header>, Malformed> {
        match self.bytes[self.start..self.end].first_chunk::<HEADER>() {
            Some(bytes) => wire::decode(bytes, self.sequence).map(Some),
            None => Ok(None),
        }
    }

    /// Bytes of memory.
    #[cfg(any(test, fuzzing))]
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Gives back the first frame, whose payload has `len` bytes.
    #[inline]
    pub fn release(&mut self, len: usize) {
        self.start = (self.start + HEADER + len).min(self.end);
        self.sequence = self.sequence.wrapping_add(1);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads once. No frame may be held.
    #[inline]
    pub fn fill(&mut self, source: &mut impl Read) -> Result<Filled, io::Error> {
        let limit = self.make_room();
        let room = &mut self.bytes[self.end..limit];
        let wanted = room.len();
        if wanted == 0 {
            return Ok(Filled::More);
        }
        match source.read(room) {
            Ok(0) => Ok(Filled::End),
            Ok(n) => {
                self.end += n;
                if n < wanted {
                    return Ok(Filled::Drained);
                }
                self.grow_for_stream();
                Ok(Filled::More)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Filled::Nothing),
                _ => Err(error),
            },
        }
    }

    /// Bytes that the unfinished frame at the start still lacks.
    fn lacking(&self) -> usize {
        let have = self.end - self.start;
        let need = match self.header() {
            Ok(Some(header)) => HEADER + header.len,
            _ => HEADER,
        };
        need.saturating_sub(have)
    }

    /// Makes room for the unfinished frame; returns where reading should stop.
    #[inline]
    fn make_room(&mut self) -> usize {
        if self.bytes.is_empty() {
            self.bytes.resize(START, 0);
        }
        let lacking = self.lacking();
        let need = self.end - self.start + lacking;
        if self.bytes.len() - self.start < need || self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() < need + HEADER {
            self.bytes.resize((need + HEADER).next_multiple_of(4096).max(self.bytes.len() * 2).min(MOST), 0);
        }
        if lacking >= ALONE { (self.end + lacking + HEADER).min(self.bytes.len()) } else { self.bytes.len() }
    }

    fn grow_for_stream(&mut self) {
        if self.end == self.bytes.len() && self.bytes.len() < MOST {
            self.bytes.resize((self.bytes.len() * 2).min(MOST), 0);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
