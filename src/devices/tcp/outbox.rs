//! Bytes on their way to the kernel: small frames written one after another into blocks, large payloads left where
//! they are, both sent gathered.
//!
//! Bounded: beyond a number of unsent bytes ([`Outbox::is_full`]) no frame is accepted. What was copied is contiguous,
//! so several small frames leave in one system call. A large payload is not copied: its pieces are kept (and with
//! them their buffers) until the kernel has taken them.

use super::wire::{self, HEADER};
use crate::core::buffer::{Buffer, UserBuf};
use crate::core::frame::Header;
use crate::core::slab::{BufferOp, Slab};
use crate::sys::net::MAX_PIECES;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;

/// Unsent bytes from which on no frame is accepted, on a way that nothing else watches.
pub const LIMIT: usize = 1 << 20;
/// The same for one of several ways to a peer: what waits here cannot take another way any more.
pub const SHARED_LIMIT: usize = 1 << 19;
/// Payloads up to this size are copied.
const SMALL: usize = 4096;
/// Pieces up to this size of a large payload are copied as well.
const SMALL_PIECE: usize = 256;
/// Smallest block.
const BLOCK: usize = 16 * 1024;
/// Blocks kept for later use.
const SPARE: usize = 8;

struct Block {
    bytes: Box<[u8]>,
    used: usize,
}

/// What leaves next.
enum Run {
    /// So many bytes of the blocks.
    Copied(usize),
    /// A piece, and how much of it has left.
    Piece(BufferOp, usize),
}

#[derive(Default)]
pub struct Outbox {
    /// In the order of leaving; no two neighbours are copied.
    runs: VecDeque<Run>,
    /// The last block takes new bytes. Bytes of the first before `sent` are gone.
    blocks: VecDeque<Block>,
    sent: usize,
    /// Bytes not sent yet, and those of them that are in blocks.
    waiting: usize,
    copied: usize,
    spare: Vec<Block>,
    sequence: u32,
}

/// How much was taken; nothing, if that is no failure.
fn or_none(wrote: io::Result<usize>) -> io::Result<usize> {
    wrote.or_else(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
        _ => Err(error),
    })
}

type Write<'a> = dyn FnMut(&[IoSlice<'_>]) -> io::Result<usize> + 'a;

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// So many bytes wait, or more.
    pub fn is_full(&self, limit: usize) -> bool {
        self.waiting >= limit
    }

    /// Appends a frame; `fill` writes exactly `header.len` bytes.
    #[inline]
    pub fn push(&mut self, header: Header, fill: impl FnOnce(UserBuf)) {
        let head = wire::encode(header, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        self.copy(HEADER + header.len, |to| {
            to.write(0, &head);
            fill(to.offset(HEADER as isize));
        });
    }

    /// Appends a frame whose payload is the first `header.len` bytes of what `slab` holds from its cursor on.
    pub fn push_slab(&mut self, header: Header, slab: &Slab) {
        if header.len <= SMALL {
            self.push(header, |to| slab.copy_to(to, header.len));
            return;
        }
        let head = wire::encode(header, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        self.copy(HEADER, |to| to.write(0, &head));
        let mut left = header.len;
        for piece in slab.rest_ops() {
            let piece = piece.first(left);
            left -= piece.len();
            if piece.len() <= SMALL_PIECE {
                self.copy(piece.len(), |to| piece.address().copy_to(to, piece.len()));
            } else {
                self.waiting += piece.len();
                self.runs.push_back(Run::Piece(piece, 0));
            }
        }
        // A slab that is shorter than its header says is a bug of ours; the stream must stay readable all the same.
        debug_assert_eq!(left, 0, "the slab is shorter than header.len");
        self.copy(left, |to| (0..left).for_each(|i| to.write(i as isize, &[0])));
    }

    /// As [`Outbox::push_slab`] and [`Outbox::flush`]; a long frame before which none waits leaves without being queued.
    pub fn send_slab(
        &mut self,
        header: Header,
        slab: &Slab,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        if header.len <= SMALL || !self.is_empty() || slab.remaining() != header.len {
            self.push_slab(header, slab);
            return self.flush(write);
        }
        let (offered, wrote) = self.write_through(header, slab, &mut write);
        let gone = or_none(wrote)?;
        if gone == HEADER + header.len {
            self.sequence = self.sequence.wrapping_add(1);
            return Ok(true);
        }
        self.push_slab(header, slab);
        self.advance(gone);
        if gone < offered { Ok(false) } else { self.flush(write) }
    }

    /// Offers a frame; how many bytes of it, and how it went.
    fn write_through(
        &self,
        header: Header,
        slab: &Slab,
        write: &mut Write<'_>,
    ) -> (usize, io::Result<usize>) {
        let head = wire::encode(header, self.sequence);
        let mut pieces = [IoSlice::new(&head); MAX_PIECES];
        let mut count = 1;
        for (place, piece) in pieces[1..].iter_mut().zip(slab.rest_slices()) {
            *place = piece;
            count += 1;
        }
        let pieces = &pieces[..count];
        (pieces.iter().map(|piece| piece.len()).sum(), write(pieces))
    }

    /// Copies the pieces of `buffer` that have not left.
    pub fn copy_out_of(&mut self, buffer: &Rc<Buffer>) {
        for run in &mut self.runs {
            if let Run::Piece(piece, gone) = run
                && Rc::ptr_eq(piece.buffer(), buffer)
            {
                let left = piece.len() - *gone;
                let copy = Buffer::allocate(left);
                piece.address().offset(*gone as isize).copy_to(copy.address(), left);
                if let Some(piece) = BufferOp::new(copy, 0, left) {
                    *run = Run::Piece(piece, 0);
                }
            }
        }
    }

    /// Appends `len` bytes that `fill` writes, in one block.
    #[inline]
    fn copy(&mut self, len: usize, fill: impl FnOnce(UserBuf)) {
        if len == 0 {
            return;
        }
        if self.blocks.back().is_none_or(|b| b.bytes.len() - b.used < len) {
            self.add_block(len);
        }
        let Some(block) = self.blocks.back_mut() else { return };
        fill(UserBuf::of(&mut block.bytes[block.used..block.used + len]));
        block.used += len;
        self.waiting += len;
        self.copied += len;
        match self.runs.back_mut() {
            Some(Run::Copied(run)) => *run += len,
            _ => self.runs.push_back(Run::Copied(len)),
        }
    }

    #[cold]
    fn add_block(&mut self, need: usize) {
        let fits = self.spare.iter().position(|b| b.bytes.len() >= need);
        let block = match fits {
            Some(at) => self.spare.swap_remove(at),
            None => Block { bytes: vec![0; need.max(BLOCK).next_multiple_of(4096)].into(), used: 0 },
        };
        if self.copied == 0 {
            // The only block was too small.
            self.sent = 0;
            while let Some(block) = self.blocks.pop_front() {
                self.retire(block);
            }
        }
        self.blocks.push_back(block);
    }

    fn retire(&mut self, mut block: Block) {
        block.used = 0;
        if self.spare.len() < SPARE {
            self.spare.push(block);
        }
    }

    /// Writes what the receiver of bytes takes. Ok(true) when nothing waits any more.
    #[inline]
    pub fn flush(&mut self, mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<bool> {
        while self.waiting > 0 {
            let (offered, wrote) = match &self.blocks {
                one if one.len() == 1 && self.copied == self.waiting => {
                    (self.waiting, write(&[IoSlice::new(&one[0].bytes[self.sent..one[0].used])]))
                }
                _ => self.write_gathered(&mut write),
            };
            match wrote {
                Ok(n) => {
                    self.advance(n);
                    // There was room for no more; asking again would only tell the same.
                    if n < offered {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// How many bytes were offered, and how it went.
    fn write_gathered(&self, write: &mut Write<'_>) -> (usize, io::Result<usize>) {
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let mut count = 0;
        let (mut block, mut from) = (0, self.sent);
        'runs: for run in &self.runs {
            match run {
                Run::Piece(piece, left) => {
                    if count == MAX_PIECES {
                        break;
                    }
                    pieces[count] = piece.io_slice(*left);
                    count += 1;
                }
                &Run::Copied(mut len) => {
                    while len > 0 {
                        if count == MAX_PIECES {
                            break 'runs;
                        }
                        if from == self.blocks[block].used {
                            (block, from) = (block + 1, 0);
                        }
                        let take = len.min(self.blocks[block].used - from);
                        pieces[count] = IoSlice::new(&self.blocks[block].bytes[from..from + take]);
                        (count, len, from) = (count + 1, len - take, from + take);
                    }
                }
            }
        }
        let pieces = &pieces[..count];
        (pieces.iter().map(|piece| piece.len()).sum(), write(pieces))
    }

    /// `bytes` have left.
    fn advance(&mut self, mut bytes: usize) {
        self.waiting -= bytes.min(self.waiting);
        while let Some(run) = self.runs.front_mut() {
            let (left, took) = match run {
                Run::Copied(len) => {
                    let took = bytes.min(*len);
                    *len -= took;
                    (*len, took)
                }
                Run::Piece(piece, gone) => {
                    let took = bytes.min(piece.len() - *gone);
                    *gone += took;
                    (piece.len() - *gone, took)
                }
            };
            let was_copied = matches!(run, Run::Copied(_));
            bytes -= took;
            if left == 0 {
                self.runs.pop_front();
            }
            if was_copied {
                self.advance_blocks(took);
            }
            if left > 0 || bytes == 0 {
                return;
            }
        }
    }

    /// `bytes` of the blocks have left.
    fn advance_blocks(&mut self, bytes: usize) {
        self.copied -= bytes;
        self.sent += bytes;
        while let Some(first) = self.blocks.front()
            && self.sent >= first.used
            && self.blocks.len() > 1
        {
            self.sent -= first.used;
            if let Some(block) = self.blocks.pop_front() {
                self.retire(block);
            }
        }
        if self.copied == 0 {
            // Begin anew in the same block, whose lines are in the cache.
            self.sent = 0;
            self.blocks[0].used = 0;
        }
    }
}
