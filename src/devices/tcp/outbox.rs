//! Bytes on their way to the kernel: frames written one after another into blocks, sent from there gathered.
//!
//! Bounded: beyond [`LIMIT`] unsent bytes no frame is accepted. A frame is contiguous, so its sender writes the
//! payload in place, and several small frames leave in one system call.

use super::wire::{self, HEADER};
use crate::core::buffer::UserBuf;
use crate::core::frame::Header;
use crate::sys::net::MAX_PIECES;
use std::collections::VecDeque;
use std::io::{self, IoSlice};

/// Unsent bytes from which on no frame is accepted.
pub const LIMIT: usize = 1 << 20;
/// Smallest block.
const BLOCK: usize = 16 * 1024;
/// Blocks kept for later use.
const SPARE: usize = 8;

struct Block {
    bytes: Box<[u8]>,
    used: usize,
}

#[derive(Default)]
pub struct Outbox {
    /// The last block takes new frames. Bytes of the first before `sent` are gone.
    blocks: VecDeque<Block>,
    sent: usize,
    /// Bytes not sent yet.
    waiting: usize,
    spare: Vec<Block>,
    sequence: u32,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub fn is_full(&self) -> bool {
        self.waiting >= LIMIT
    }

    /// Appends a frame; `fill` writes exactly `header.len` bytes.
    #[inline]
    pub fn push(&mut self, header: Header, fill: impl FnOnce(UserBuf)) {
        let need = HEADER + header.len;
        if self.blocks.back().is_none_or(|b| b.bytes.len() - b.used < need) {
            self.add_block(need);
        }
        let Some(block) = self.blocks.back_mut() else { return };
        let room = &mut block.bytes[block.used..block.used + need];
        let (head, payload) = room.split_at_mut(HEADER);
        head.copy_from_slice(&wire::encode(header, self.sequence));
        fill(UserBuf::of(payload));
        block.used += need;
        self.waiting += need;
        self.sequence = self.sequence.wrapping_add(1);
    }

    #[cold]
    fn add_block(&mut self, need: usize) {
        let fits = self.spare.iter().position(|b| b.bytes.len() >= need);
        let block = match fits {
            Some(at) => self.spare.swap_remove(at),
            None => Block { bytes: vec![0; need.max(BLOCK).next_multiple_of(4096)].into(), used: 0 },
        };
        if self.waiting == 0 {
            // The only block was too small for this frame.
            self.retire_all();
        }
        self.blocks.push_back(block);
    }

    fn retire_all(&mut self) {
        self.sent = 0;
        while let Some(block) = self.blocks.pop_front() {
            self.retire(block);
        }
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
            let wrote = match &self.blocks {
                one if one.len() == 1 => write(&[IoSlice::new(&one[0].bytes[self.sent..one[0].used])]),
                _ => self.write_gathered(&mut write),
            };
            match wrote {
                Ok(n) => self.advance(n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn write_gathered(
        &self,
        write: &mut impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let mut from = self.sent;
        let count = self.blocks.len().min(MAX_PIECES);
        for (piece, block) in pieces.iter_mut().zip(&self.blocks) {
            *piece = IoSlice::new(&block.bytes[from..block.used]);
            from = 0;
        }
        write(&pieces[..count])
    }

    fn advance(&mut self, bytes: usize) {
        self.waiting -= bytes.min(self.waiting);
        self.sent += bytes;
        if self.waiting == 0 && self.blocks.len() == 1 {
            // Begin anew in the same block, whose lines are in the cache.
            self.sent = 0;
            self.blocks[0].used = 0;
            return;
        }
        while let Some(first) = self.blocks.front()
            && self.sent >= first.used
            && self.blocks.len() > 1
        {
            self.sent -= first.used;
            if let Some(block) = self.blocks.pop_front() {
                self.retire(block);
            }
        }
        if self.waiting == 0 {
            self.sent = 0;
            self.blocks[0].used = 0;
        }
    }
}
