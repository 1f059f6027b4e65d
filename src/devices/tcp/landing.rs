//! Where the rest of a frame goes that the layer above wants elsewhere than in the inbox.
//!
//! Invariant: there is room for `len` bytes at `at` (kept by whoever asked, who knew the frame's length), and no more are
//! written whatever arrives.

use crate::core::buffer::UserBuf;
use std::io::IoSliceMut;

pub struct Landing {
    at: UserBuf,
    got: usize,
    len: usize,
}

impl Landing {
    /// `first` are the bytes that are here already.
    pub fn new(at: UserBuf, len: usize, first: &[u8]) -> Landing {
        let got = first.len().min(len);
        at.write(0, &first[..got]);
        Landing { at, got, len }
    }

    pub fn is_complete(&self) -> bool {
        self.got == self.len
    }

    /// Where the next bytes go.
    pub fn room(&self) -> IoSliceMut<'_> {
        self.at.offset(self.got as isize).io_slice_mut(self.len - self.got)
    }

    /// So many bytes have been read into the room and what follows it; returns how many of them are behind it.
    pub fn take(&mut self, read: usize) -> usize {
        let taken = read.min(self.len - self.got);
        self.got += taken;
        read - taken
    }

    /// Appends what has landed to bytes of our own.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        self.at.append_to(self.got, bytes);
    }
}
