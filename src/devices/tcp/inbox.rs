//! Bytes from the kernel, and the frames in them. A frame is read where it lies; its place is used again once it
//! has been given back. The rest of a long frame can be told to land elsewhere ([`Inbox::land`]): then the kernel writes it
//! there, and only its beginning lies here.
//!
//! What arrives is not trusted: a header that makes no sense ends the connection ([`Malformed`]).

use super::landing::Landing;
use super::wire::{self, HEADER, MAX_PAYLOAD, Malformed};
use crate::core::buffer::UserBuf;
use crate::core::frame::{HEAD, Header};
use crate::sys::net::is_bad_address;
use std::io::{self, IoSliceMut, Read};

/// Bytes of a fresh buffer; it grows when reads fill it or a frame needs more.
const START: usize = 16 * 1024;
/// Largest buffer: one frame of the largest size, and then some.
pub(super) const MOST: usize = 512 * 1024;
/// While a frame lacks this much, only it is read, so that it need not be moved afterwards.
const ALONE: usize = 16 * 1024;
/// Bytes of a frame by which it is known.
const BEGINNING: usize = HEADER + HEAD;
/// A frame that lacks less is not worth landing elsewhere, bytes.
const LAND_FROM: usize = 4 * 1024;
/// While frames land, so much is read beyond what is known to come, bytes: short frames as a whole, and the beginning of
/// the next that lands.
const AHEAD: usize = 16 * 1024;

const _: () = assert!(MOST >= HEADER + MAX_PAYLOAD);

#[derive(Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// What has arrived and was not given back: `bytes[start..end]`.
    start: usize,
    end: usize,
    sequence: u32,
    /// Where the first frame goes, except its beginning.
    landing: Option<Landing>,
    /// The first frame was told of.
    told: bool,
    /// The last long frame landed; the next is likely to.
    lands: bool,
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
        let (len, landed) = match &self.landing {
            Some(landing) => (HEAD, landing.is_complete()),
            None => (header.len, true),
        };
        if self.end - self.start < HEADER + len || !landed {
            return Ok(None);
        }
        let at = self.start + HEADER;
        Ok(Some((header, UserBuf::of(&mut self.bytes[at..at + len]))))
    }

    /// The first frame has landed elsewhere, or is landing; its beginning is here.
    #[inline]
    pub fn lands(&self) -> bool {
        self.landing.is_some()
    }

    /// The first frame has begun, most of it is still to come, and [`Inbox::begun`] has not told of it.
    #[inline]
    pub fn has_begun(&self) -> bool {
        !self.told && self.end - self.start >= BEGINNING && self.lacking() >= LAND_FROM
    }

    /// The frame that has begun: its header, and the first bytes of its payload. Once for each.
    pub fn begun(&mut self) -> Option<(Header, [u8; HEAD])> {
        let header = self.header().ok().flatten().filter(|_| self.has_begun())?;
        self.told = true;
        let head = self.bytes[self.start + HEADER..self.end].first_chunk()?;
        Some((header, *head))
    }

    /// The frame that has begun, with this header, goes to `at` behind the head of its payload. Nothing happens if all of
    /// it is here.
    pub fn land(&mut self, header: Header, at: UserBuf) {
        let behind = self.start + BEGINNING;
        if !self.told || self.landing.is_some() || self.header() != Ok(Some(header)) || self.lacking() == 0 {
            return;
        }
        self.landing = Some(Landing::new(at, header.len - HEAD, &self.bytes[behind..self.end]));
        (self.end, self.lands) = (behind, true);
    }

    /// Takes the first frame back to here: nothing is written to where it was to land any more.
    pub fn retract(&mut self) {
        let Some(landing) = self.landing.take() else { return };
        let behind = self.start + BEGINNING;
        let mut whole = self.bytes[self.start..behind].to_vec();
        landing.append_to(&mut whole);
        whole.extend_from_slice(&self.bytes[behind..self.end]);
        (self.start, self.end) = (0, whole.len());
        whole.resize(self.bytes.len().max(whole.len()), 0);
        self.bytes = whole;
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
        let here = if self.landing.take().is_some() { HEAD } else { len };
        self.told = false;
        self.start = (self.start + HEADER + here).min(self.end);
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
        if room.is_empty() {
            return Ok(Filled::More);
        }
        let (wanted, read) = match &self.landing {
            None => (room.len(), source.read(room)),
            Some(landing) => {
                let mut rooms = [landing.room(), IoSliceMut::new(room)];
                (rooms[0].len() + rooms[1].len(), source.read_vectored(&mut rooms))
            }
        };
        match read {
            Ok(0) => Ok(Filled::End),
            Ok(n) => Ok(self.took(n, wanted)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Filled::Nothing),
                _ if self.lands() && is_bad_address(&error) => {
                    // The program's mistake, which it is to meet where it would without us.
                    self.retract();
                    Ok(Filled::Nothing)
                }
                _ => Err(error),
            },
        }
    }

    #[inline]
    fn took(&mut self, n: usize, wanted: usize) -> Filled {
        let lands = self.lands();
        self.end += self.landing.as_mut().map_or(n, |landing| landing.take(n));
        if n < wanted {
            return Filled::Drained;
        }
        self.lands &= lands;
        self.grow_for_stream();
        Filled::More
    }

    /// Bytes that the unfinished frame at the start still lacks here.
    #[inline]
    fn lacking(&self) -> usize {
        let need = match self.header() {
            _ if self.landing.is_some() => BEGINNING,
            Ok(Some(header)) => HEADER + header.len,
            _ => HEADER,
        };
        need.saturating_sub(self.end - self.start)
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
        if self.bytes.len() < need + BEGINNING {
            let grown = (need + BEGINNING).next_multiple_of(4096).max(self.bytes.len() * 2);
            self.bytes.resize(grown.min(MOST), 0);
        }
        let most = match lacking {
            ALONE.. => lacking + BEGINNING,
            _ if self.lands => lacking.max(AHEAD),
            _ => usize::MAX,
        };
        self.end.saturating_add(most).min(self.bytes.len())
    }

    fn grow_for_stream(&mut self) {
        if self.end == self.bytes.len() && self.bytes.len() < MOST {
            self.bytes.resize((self.bytes.len() * 2).min(MOST), 0);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
