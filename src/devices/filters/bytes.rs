//! What filters do with a frame's bytes: look at them, gather them, put others in their place.
//!
//! A message is what its slab holds from the cursor on. The pieces may be the program's memory, or memory that a peer
//! can still write: they are copied before anything is computed from them, and are never written.

use crate::core::buffer::{Buffer, UserBuf};
use crate::core::io::{Irb, Status, Step};
use crate::core::slab::{BufferOp, Slab};

/// Shows the message piece by piece, each a copy in a small buffer.
pub fn each_piece(slab: &Slab, look: impl FnMut(&[u8])) {
    // Clearing the larger buffer would cost a small message more than everything else.
    if slab.remaining() <= 128 { each_copy::<128>(slab, look) } else { each_copy::<4096>(slab, look) }
}

fn each_copy<const N: usize>(slab: &Slab, mut look: impl FnMut(&[u8])) {
    let mut copy = [0; N];
    for (mut from, mut left) in slab.rest() {
        while left > 0 {
            let n = left.min(N);
            from.read(0, &mut copy[..n]);
            look(&copy[..n]);
            from = from.offset(n as isize);
            left -= n;
        }
    }
}

/// Appends the message to `to`, at most `len` bytes of it.
pub fn append(slab: &Slab, mut len: usize, to: &mut Vec<u8>) {
    for (from, here) in slab.rest() {
        let n = here.min(len);
        from.append_to(n, to);
        len -= n;
    }
}

/// The message becomes `bytes[from..]`.
pub fn replace(irb: &mut Irb, bytes: Vec<u8>, from: usize) {
    let len = bytes.len().saturating_sub(from);
    let mut slab = Slab::default();
    if let Some(piece) = BufferOp::new(Buffer::adopt(bytes), from, len) {
        slab.push(piece);
    }
    irb.slab = slab;
    irb.header.len = len;
}

/// Puts `bytes` in front of the message.
pub fn prepend(irb: &mut Irb, bytes: &[u8]) {
    settle(&mut irb.slab);
    irb.slab.prepend(bytes);
    irb.header.len = irb.slab.len();
}

/// Takes the first `N` bytes off the message; None if there are fewer.
pub fn take<const N: usize>(irb: &mut Irb) -> Option<[u8; N]> {
    settle(&mut irb.slab);
    let mut first = [0; N];
    if irb.slab.read(UserBuf::of(&mut first), N) < N {
        return None;
    }
    irb.slab.trim_front(N);
    irb.header.len = irb.slab.len();
    Some(first)
}

/// Drops what lies before the cursor.
fn settle(slab: &mut Slab) {
    let before = slab.len() - slab.remaining();
    if before > 0 {
        slab.trim_front(before);
    }
}

/// A frame that cannot be undone ends here.
pub fn refuse(mut irb: Box<Irb>, why: String) -> Step {
    irb.status = Status::Failed(why);
    Step::Complete(irb)
}
