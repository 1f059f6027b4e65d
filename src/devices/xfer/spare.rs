//! Slabs of frames that are done, to be used for new ones: fresh memory costs page faults, and zeroing as much as the
//! copy into it. The last that came back is the first to be used again, while it is still in the cache.

use crate::core::buffer::Buffer;
use crate::core::slab::{BufferOp, Slab};

/// Sizes of buffers, as powers of two.
const LEAST: u32 = 8;
const MOST: u32 = 18;
/// Bytes kept by one connection.
const KEPT: usize = 4 << 20;

#[derive(Default)]
pub struct Spare {
    /// Slabs of one buffer each, by its size.
    slabs: [Vec<Slab>; (MOST - LEAST + 1) as usize],
    bytes: usize,
}

/// The index of the buffers of at least `len` bytes; None if they are too large to be kept.
fn class(len: usize) -> Option<usize> {
    let power = len.next_power_of_two().trailing_zeros().max(LEAST);
    (power <= MOST).then_some((power - LEAST) as usize)
}

impl Spare {
    /// A slab that holds `len` bytes behind `room` others.
    #[inline]
    pub fn take(&mut self, room: usize, len: usize) -> Slab {
        let class = class(room + len);
        if let Some(mut slab) = class.and_then(|class| self.slabs[class].pop()) {
            self.bytes -= slab.capacity();
            // A network that still has a piece of it makes it useless.
            if slab.refit(room, len).is_some() {
                return slab;
            }
        }
        let whole = class.map_or(room + len, |class| 1 << (class as u32 + LEAST));
        let piece = BufferOp::new(Buffer::allocate(whole), room, len);
        let mut slab = Slab::default();
        piece.into_iter().for_each(|piece| slab.push(piece));
        slab
    }

    /// A frame is done. What it has borrowed is let go of.
    #[inline]
    pub fn keep(&mut self, mut slab: Slab) {
        slab.truncate(1);
        let bytes = slab.capacity();
        if let Some(class) = class(bytes)
            && bytes == 1 << (class as u32 + LEAST)
            && self.bytes + bytes <= KEPT
        {
            self.bytes += bytes;
            self.slabs[class].push(slab);
        }
    }

    #[cold]
    pub fn clear(&mut self) {
        *self = Spare::default();
    }
}
