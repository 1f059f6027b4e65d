//! The ring: one producer, one consumer, records of whole lines (IVC's segments; of two cache lines here).
//!
//! ```text
//!   line:   | word | meta 1 | meta 2 | meta 3 | 48 bytes of payload |   a record of up to 48 bytes
//!
//!   line:   | word | meta 1 | meta 2 | meta 3 | unused              |   a longer record: payload from the
//!           | payload …                                             |   second cache line on
//!
//!   line:   | word | meta 1 | meta 2 | meta 3 | unused              |   payload apart, in a cell (see [`super::cells`]) or in
//!                                                                       a bounce buffer (see [`super::bounce`])
//!
//!   word:   kind (8 bits, never 0) | cell (8 bits, 0: none) | payload length in bytes (16 bits)
//! ```
//! Up to 48 bytes of payload and the word that publishes them cross in one cache-line transfer.
//! There is no shared tail. Invariant: the word of the line at the producer's tail is 0, so the consumer, who
//! waits there, sees a record exactly when its word becomes non-zero. Therefore the producer clears the word
//! behind a record before it publishes the record, and a record of n lines needs n + 1 free ones.
//!
//! The consumer polls the line that the producer is about to write, and each look may take the line away from
//! the producer's cache. So the producer touches that line last, all at once: the word behind the record is clear
//! before (for a one-line record since the record before it), then the lines of payload are written, then the
//! header line.
//!
//! The consumer publishes its head lazily, once per [`LAZY`] of the ring; the producer reads it only when the
//! ring seems full. A record is contiguous; where the end of the ring is too near, a padding record fills it.
//!
//! The consumer does not trust what it reads: a length that does not fit is [`Corrupt`], never an access
//! outside of the ring. Wait-free on both sides; nothing is allocated.

use super::bounce::{self, Bounce};
use super::cells::CELLS;
use crate::core::buffer::STEP;

/// Memory of a ring. The implementation maps it; the model checker simulates it.
pub trait Lines {
    /// Number of lines, a power of two.
    const COUNT: usize;
    /// The word of a line; Acquire: pairs with `word_release`.
    fn word_acquire(&self, line: usize) -> u32;
    /// Release: pairs with `word_acquire`.
    fn word_release(&self, line: usize, value: u32);
    fn meta(&self, line: usize) -> [u32; 3];
    fn set_meta(&self, line: usize, meta: [u32; 3]);
    /// Acquire: pairs with `head_release`, so a line is written only after it has been read.
    fn head_acquire(&self) -> u64;
    fn head_release(&self, head: u64);
    /// The producer is done with these bytes from the start of `line`: they may move towards the consumer.
    fn hand_over(&self, _line: usize, _bytes: usize) {}
    /// The producer is going to write `bytes` from `line` on: the cache lines may move towards it.
    fn fetch(&self, _line: usize, _bytes: usize) {}
}

/// Bytes of a cache line: what crosses between two cores in one transfer.
pub const CACHE_LINE: usize = 64;
/// Bytes of a line of the ring: two cache lines, because processors fetch them in pairs. (Measured on two cores,
/// half round trip of a 64-byte MPI message: 0.36 µs with single ones, 0.20 to 0.29 with pairs.)
pub const LINE: usize = 2 * CACHE_LINE;
/// Bytes of the header.
const HEADER: usize = 16;
/// Largest payload that lies in the header's cache line.
pub const INLINE: usize = CACHE_LINE - HEADER;
/// Fraction of the ring after which the consumer publishes its head: 1 / LAZY.
pub const LAZY: usize = 8;
/// Longest payload that lies in the ring also where there is a cell for it. (Half round trip of 1 KiB: 0.36 µs in the ring,
/// 0.28 in a cell.)
pub const SHORT: usize = 512;
/// Longest payload for whose like room is brought in as soon as it is published. For longer ones that would delay the
/// next record of a stream: the producer's owner calls [`Producer::fetch_ahead`] when it has nothing else to do.
/// (4 KiB, 64 in flight both ways: 0.44 µs at once, 0.40 later; 64 bytes 0.062 and 0.064.)
pub const AT_ONCE: usize = 1 << 10;
/// So many lines before records of one line need it, a line is brought in. The consumer, who polls the next one, does not
/// take it away. (Of two cores each, 64 in flight both ways, 8 bytes: 0.061 µs without, 0.053 at 2, 0.047 at 4 and 8; 64
/// bytes 0.066 and 0.052.)
const AHEAD: u64 = 8;
/// Fills the ring up to its end. Kinds from 1 to 254 belong to the user of the ring.
pub const PAD: u8 = 255;

/// Lines that a record with `len` bytes of payload takes.
#[inline]
pub const fn lines_of(len: usize) -> usize {
    if len <= INLINE { 1 } else { (CACHE_LINE + len).div_ceil(LINE) }
}

/// Where the payload of a record begins, in bytes from its first line.
#[inline]
pub const fn payload_at(len: usize) -> usize {
    if len <= INLINE { HEADER } else { CACHE_LINE }
}

/// Largest payload of a record: a quarter of the ring, so that two always fit however the end falls.
pub const fn max_payload(lines: usize) -> usize {
    lines / 4 * LINE - CACHE_LINE
}

#[inline]
const fn pack(kind: u8, cell: u8, len: usize) -> u32 {
    (kind as u32) << 24 | (cell as u32) << 16 | len as u32
}

/// The sending end.
pub struct Producer<L: Lines> {
    lines: L,
    /// Lines written since the start; the next record begins here.
    tail: u64,
    /// Last seen head; in tail - COUNT ..= tail.
    head: u64,
    /// The words of lines tail .. cleared are known to be 0.
    cleared: u64,
}

impl<L: Lines> Producer<L> {
    const MASK: u64 = L::COUNT as u64 - 1;

    pub fn new(lines: L) -> Self {
        Producer { lines, tail: 0, head: 0, cleared: 1 }
    }

    pub fn lines(&self) -> &L {
        &self.lines
    }

    /// Makes room for `len` bytes of payload; returns the first line of the record, to be filled and then
    /// passed to [`Producer::publish`], or None while the ring is full.
    #[inline]
    pub fn reserve(&mut self, len: usize) -> Option<usize> {
        debug_assert!(len <= max_payload(L::COUNT));
        let need = lines_of(len) as u64;
        if need > 1 {
            return self.reserve_lines(len, need);
        }
        // One line never reaches beyond the end.
        if !self.has_room(2) {
            return None;
        }
        self.clear_next(1);
        Some((self.tail & Self::MASK) as usize)
    }

    /// Room for a record of several lines, brought in for writing.
    #[inline(never)]
    fn reserve_lines(&mut self, len: usize, need: u64) -> Option<usize> {
        let at = self.tail & Self::MASK;
        let pad = if at + need > L::COUNT as u64 { L::COUNT as u64 - at } else { 0 };
        if !self.has_room(pad + need + 1) {
            return None;
        }
        if pad > 0 {
            self.lines.word_release(0, 0);
            self.lines.word_release(at as usize, pack(PAD, 0, 0));
            self.tail += pad;
        }
        self.clear_next(need);
        let first = (self.tail & Self::MASK) as usize;
        self.lines.fetch(first, (payload_at(len) + len).min(STEP));
        Some(first)
    }

    /// The word behind a record of `need` lines must be clear before the record is published.
    #[inline]
    fn clear_next(&mut self, need: u64) {
        let next = self.tail + need;
        if next >= self.cleared {
            self.lines.word_release((next & Self::MASK) as usize, 0);
        }
    }

    #[inline]
    fn has_room(&mut self, lines: u64) -> bool {
        self.tail + lines - self.head <= L::COUNT as u64 || self.has_room_now(lines)
    }

    /// As [`Producer::has_room`], after a look at how far the consumer is.
    #[cold]
    fn has_room_now(&mut self, lines: u64) -> bool {
        let head = self.lines.head_acquire();
        // The consumer may lie: a head outside of what was written counts as no news.
        if head > self.tail || head < self.head {
            return false;
        }
        self.head = head;
        self.tail + lines - head <= L::COUNT as u64
    }

    /// Publishes the record that [`Producer::reserve`] made room for.
    #[inline]
    pub fn publish(&mut self, kind: u8, len: usize, meta: [u32; 3]) {
        debug_assert!(kind != 0 && kind != PAD);
        let at = (self.tail & Self::MASK) as usize;
        self.lines.set_meta(at, meta);
        self.lines.word_release(at, pack(kind, 0, len));
        self.lines.hand_over(at, payload_at(len) + len);
        self.tail += lines_of(len) as u64;
        self.clear_ahead();
        if lines_of(len) == 1 {
            self.fetch_line(payload_at(len) + len);
        } else if len <= AT_ONCE {
            self.fetch_ahead(len);
        }
    }

    /// Publishes a record that [`Producer::reserve`] made room for with no payload in the ring: its `len` bytes lie in `cell`,
    /// which `hand_over` may push towards the consumer.
    #[inline]
    pub fn publish_apart(
        &mut self,
        kind: u8,
        cell: u8,
        len: usize,
        meta: [u32; 3],
        hand_over: impl FnOnce(),
    ) {
        debug_assert!(kind != 0 && kind != PAD && cell != 0);
        let at = (self.tail & Self::MASK) as usize;
        self.lines.set_meta(at, meta);
        self.lines.word_release(at, pack(kind, cell, len));
        self.lines.hand_over(at, HEADER);
        hand_over();
        self.tail += 1;
        self.clear_ahead();
        self.fetch_line(HEADER);
    }

    /// Clears the word that the next one-line record needs clear, now that nobody waits for it.
    #[inline]
    fn clear_ahead(&mut self) {
        if self.tail + 2 - self.head <= L::COUNT as u64 {
            self.lines.word_release(((self.tail + 1) & Self::MASK) as usize, 0);
            self.cleared = self.tail + 2;
        }
    }

    /// Brings in the first `bytes` of the line that is [`AHEAD`] lines further on.
    #[inline]
    fn fetch_line(&self, bytes: usize) {
        let line = self.tail + AHEAD;
        if line < self.head + L::COUNT as u64 {
            self.lines.fetch((line & Self::MASK) as usize, bytes);
        }
    }

    /// Messages often come in one size: brings in what the next record of this size will lie in.
    #[inline(never)]
    pub fn fetch_ahead(&self, len: usize) {
        let (at, lines) = (self.tail & Self::MASK, lines_of(len) as u64);
        if self.tail + lines - self.head <= L::COUNT as u64 && at + lines <= L::COUNT as u64 {
            self.lines.fetch(at as usize, payload_at(len) + len);
        }
    }

    /// Line at which the next record begins (if it needs no padding).
    #[inline]
    pub fn next_line(&self) -> usize {
        (self.tail & Self::MASK) as usize
    }
}

/// A published record: valid until [`Consumer::release`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub kind: u8,
    pub len: usize,
    pub meta: [u32; 3],
    pub line: usize,
    /// Where the payload lies: 0 in the ring, else a cell or a bounce buffer.
    pub cell: u8,
}

impl Record {
    /// Lines of the ring that it takes.
    #[inline]
    pub fn lines(&self) -> usize {
        if self.cell == 0 { lines_of(self.len) } else { 1 }
    }
}

/// The peer wrote something that is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    pub line: usize,
    pub word: u32,
}

/// The receiving end.
pub struct Consumer<L: Lines> {
    lines: L,
    /// Lines consumed since the start.
    head: u64,
    /// What the producer can see of `head`.
    published: u64,
    /// `head` has been published since a record was released.
    news: bool,
}

impl<L: Lines> Consumer<L> {
    const MASK: u64 = L::COUNT as u64 - 1;

    pub fn new(lines: L) -> Self {
        Consumer { lines, head: 0, published: 0, news: false }
    }

    pub fn lines(&self) -> &L {
        &self.lines
    }

    /// The next record, if one is there.
    #[inline]
    pub fn peek(&mut self) -> Result<Option<Record>, Corrupt> {
        let line = (self.head & Self::MASK) as usize;
        let word = self.lines.word_acquire(line);
        if word == 0 {
            return Ok(None);
        }
        self.parse(line, word)
    }

    /// True if something waits at the head (a record, or garbage).
    #[inline]
    pub fn ready(&self) -> bool {
        self.lines.word_acquire((self.head & Self::MASK) as usize) != 0
    }

    #[inline]
    fn parse(&mut self, line: usize, word: u32) -> Result<Option<Record>, Corrupt> {
        let (kind, cell, len) = ((word >> 24) as u8, (word >> 16) as u8, (word & 0xffff) as usize);
        if kind == PAD && line != 0 && cell == 0 && len == 0 {
            self.advance((L::COUNT - line) as u64);
            return self.peek();
        }
        let record = Record { kind, len, meta: self.lines.meta(line), line, cell };
        let most = match Bounce::named(cell) {
            Some(_) => bounce::BYTES,
            None if cell <= CELLS => max_payload(L::COUNT),
            None => return Err(Corrupt { line, word }),
        };
        let fits = len <= most && line + record.lines() <= L::COUNT;
        if kind == 0 || kind == PAD || !fits {
            return Err(Corrupt { line, word });
        }
        Ok(Some(record))
    }

    /// Gives the lines of a record back to the producer. True if the producer sees more room than after the last time.
    #[inline]
    pub fn release(&mut self, lines: usize) -> bool {
        self.advance(lines as u64);
        std::mem::take(&mut self.news)
    }

    #[inline]
    fn advance(&mut self, lines: u64) {
        self.head += lines;
        if self.head - self.published >= (L::COUNT / LAZY) as u64 {
            self.lines.head_release(self.head);
            self.published = self.head;
            self.news = true;
        }
    }
}

#[cfg(test)]
mod tests;
