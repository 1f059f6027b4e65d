//! Slab manager: a slab is a list of buffer ops, that is, one (possibly scattered) message.
//!
//! A slab has a cursor: reading copies from the cursor on and advances it; its state can be saved and restored.
//! A receiver that cannot use a slab yet *grabs* it: ownership passes to the receiver and nothing is copied.

use super::buffer::{Buffer, UserBuf, write_ahead};
use std::rc::Rc;

/// A contiguous piece of a buffer.
#[derive(Clone)]
pub struct BufferOp {
    buffer: Rc<Buffer>,
    offset: usize,
    len: usize,
}

impl BufferOp {
    /// `len` bytes at `offset` of `buffer`; None if they do not lie inside.
    pub fn new(buffer: Rc<Buffer>, offset: usize, len: usize) -> Option<BufferOp> {
        let end = offset.checked_add(len)?;
        (end <= buffer.len()).then_some(BufferOp { buffer, offset, len })
    }

    /// The first `len` bytes of it (all, if there are fewer).
    pub fn first(mut self, len: usize) -> BufferOp {
        self.len = self.len.min(len);
        self
    }

    /// What of it lies behind its first `len` bytes; None if nothing does.
    pub fn behind(mut self, len: usize) -> Option<BufferOp> {
        self.len = self.len.checked_sub(len).filter(|left| *left > 0)?;
        self.offset += len;
        Some(self)
    }

    pub fn address(&self) -> UserBuf {
        self.buffer.address().offset(self.offset as isize)
    }

    /// The bytes from `from` on, for a gathered write.
    pub fn io_slice(&self, from: usize) -> std::io::IoSlice<'_> {
        let from = from.min(self.len);
        self.buffer.io_slice(self.offset + from, self.len - from)
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn buffer(&self) -> &Rc<Buffer> {
        &self.buffer
    }

    /// The piece is all of its buffer.
    pub fn is_whole(&self) -> bool {
        self.len == self.buffer.len()
    }
}

/// Position of a slab's cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct State {
    op: usize,
    /// Bytes consumed of that op.
    at: usize,
}

#[derive(Clone, Default)]
pub struct Slab {
    ops: Vec<BufferOp>,
    cursor: State,
}

impl Slab {
    /// A slab of one whole buffer.
    pub fn of(buffer: Rc<Buffer>) -> Slab {
        let len = buffer.len();
        Slab { ops: BufferOp::new(buffer, 0, len).into_iter().collect(), cursor: State::default() }
    }

    /// Makes a slab of one unshared buffer hold `len` bytes after `room`. None: it has no such buffer, or a small one.
    pub fn refit(&mut self, room: usize, len: usize) -> Option<UserBuf> {
        self.ops.truncate(1);
        let first = self.ops.first_mut()?;
        if first.buffer.len() < room + len || !first.buffer.is_owned() || Rc::strong_count(&first.buffer) != 1
        {
            return None;
        }
        (first.offset, first.len, self.cursor) = (room, len, State::default());
        Some(first.address())
    }

    /// Bytes of its one buffer, if it is the library's and nobody else holds it; else 0.
    #[inline]
    pub fn capacity(&self) -> usize {
        match &self.ops[..] {
            [one] if one.buffer.is_owned() && Rc::strong_count(&one.buffer) == 1 => one.buffer.len(),
            _ => 0,
        }
    }

    /// A piece of it is a piece of this buffer.
    pub fn lies_in(&self, buffer: &Rc<Buffer>) -> bool {
        self.ops.iter().any(|op| Rc::ptr_eq(&op.buffer, buffer))
    }

    /// Appends a piece.
    pub fn push(&mut self, op: BufferOp) {
        self.ops.push(op);
    }

    /// Puts a piece in front (a header).
    pub fn push_front(&mut self, op: BufferOp) {
        self.ops.insert(0, op);
    }

    /// Puts `bytes` in front: into the room before the first piece if the buffer is the library's and nobody else holds
    /// it, else as a piece.
    pub fn prepend(&mut self, bytes: &[u8]) {
        if let Some(first) = self.ops.first_mut()
            && first.offset >= bytes.len()
            && Rc::strong_count(&first.buffer) == 1
            && first.buffer.is_owned()
        {
            first.offset -= bytes.len();
            first.len += bytes.len();
            first.address().write(0, bytes);
            return;
        }
        let buffer = Buffer::allocate(bytes.len());
        buffer.address().write(0, bytes);
        self.ops.insert(0, BufferOp { buffer, offset: 0, len: bytes.len() });
    }

    /// Drops the first `len` bytes (all, if there are fewer). The cursor goes back to the start.
    pub fn trim_front(&mut self, mut len: usize) {
        self.cursor = State::default();
        while let Some(first) = self.ops.first_mut() {
            if first.len > len {
                first.offset += len;
                first.len -= len;
                return;
            }
            len -= first.len;
            self.ops.remove(0);
        }
    }

    /// Drops all but the first `pieces`.
    pub fn truncate(&mut self, pieces: usize) {
        self.ops.truncate(pieces);
    }

    /// Removes the last piece.
    pub fn pop(&mut self) -> Option<BufferOp> {
        self.ops.pop()
    }

    pub fn ops(&self) -> &[BufferOp] {
        &self.ops
    }

    /// Bytes of the whole message.
    pub fn len(&self) -> usize {
        self.ops.iter().map(BufferOp::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes from the cursor on.
    pub fn remaining(&self) -> usize {
        let rest: usize = self.ops.iter().skip(self.cursor.op).map(BufferOp::len).sum();
        rest - self.cursor.at
    }

    /// What there is from the cursor on, as contiguous pieces; none is empty.
    pub fn rest(&self) -> impl Iterator<Item = (UserBuf, usize)> + '_ {
        let first = self.cursor;
        let pieces = self.ops.iter().enumerate().skip(first.op).map(move |(at, op)| {
            let skipped = if at == first.op { first.at } else { 0 };
            (op.address().offset(skipped as isize), op.len - skipped)
        });
        pieces.filter(|(_, len)| *len > 0)
    }

    /// The bytes from the cursor on, for a gathered write.
    pub fn rest_slices(&self) -> impl Iterator<Item = std::io::IoSlice<'_>> {
        let State { op, at } = self.cursor;
        let ops = self.ops.iter().skip(op).enumerate();
        ops.map(move |(i, op)| op.io_slice(if i == 0 { at } else { 0 }))
    }

    /// The pieces from the cursor on; they share the slab's buffers.
    pub fn rest_ops(&self) -> impl Iterator<Item = BufferOp> + '_ {
        let State { op, at } = self.cursor;
        let ops = self.ops.iter().skip(op).enumerate();
        ops.map(move |(i, op)| {
            let skip = if i == 0 { at } else { 0 };
            BufferOp { buffer: op.buffer.clone(), offset: op.offset + skip, len: op.len - skip }
        })
    }

    pub fn save(&self) -> State {
        self.cursor
    }

    /// Puts the cursor back to a saved state; one that no longer fits leaves it at the end.
    pub fn restore(&mut self, state: State) {
        let fits = self.ops.get(state.op).is_some_and(|op| state.at <= op.len);
        self.cursor = if fits { state } else { State { op: self.ops.len(), at: 0 } };
    }

    /// Copies up to `len` bytes from the cursor to `to` and advances; returns the number of bytes.
    pub fn read(&mut self, to: UserBuf, len: usize) -> usize {
        let mut done = 0;
        while done < len
            && let Some(op) = self.ops.get(self.cursor.op)
        {
            let n = (op.len - self.cursor.at).min(len - done);
            op.address().offset(self.cursor.at as isize).copy_to(to.offset(done as isize), n);
            done += n;
            self.cursor.at += n;
            if self.cursor.at == op.len {
                self.cursor = State { op: self.cursor.op + 1, at: 0 };
            }
        }
        done
    }

    /// Copies up to `len` bytes from the cursor to `to`, which may be memory that another core has; the cursor stays.
    pub fn copy_to(&self, to: UserBuf, len: usize) {
        let (mut done, mut at) = (0, self.cursor.at);
        for op in self.ops.iter().skip(self.cursor.op) {
            let n = (op.len - at).min(len - done);
            let from = op.address().offset(at as isize);
            let write = |at: usize, to, n| from.offset(at as isize).copy_to(to, n);
            write_ahead(to.offset(done as isize), n, write);
            (done, at) = (done + n, 0);
        }
    }

    /// Takes the slab out of its place: the receiver owns it from now on.
    pub fn grab(&mut self) -> Slab {
        std::mem::take(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(parts: &[&[u8]]) -> Slab {
        let mut slab = Slab::default();
        for part in parts {
            let buffer = Buffer::allocate(part.len());
            buffer.address().write(0, part);
            slab.push(BufferOp::new(buffer, 0, part.len()).expect("inside"));
        }
        slab
    }

    fn text(slab: &mut Slab, len: usize) -> String {
        let mut out = vec![0; len];
        let n = slab.read(UserBuf::of(&mut out), len);
        String::from_utf8_lossy(&out[..n]).into_owned()
    }

    #[test]
    fn reads_across_pieces_and_goes_back_to_a_saved_state() {
        let mut s = slab(&[b"one", b"", b"two", b"three"]);
        assert_eq!((s.len(), text(&mut s, 4)), (11, "onet".into()));
        let state = s.save();
        assert_eq!(s.rest().map(|(_, len)| len).collect::<Vec<_>>(), [2, 5]);
        assert_eq!((text(&mut s, 3), s.remaining()), ("wot".into(), 4));
        s.restore(state);
        assert_eq!(text(&mut s, 100), "wothree");
        assert_eq!(s.remaining(), 0);
        s.restore(state);
        let rest: Vec<Vec<u8>> = s.rest_ops().map(|op| op.io_slice(0).to_vec()).collect();
        assert_eq!(rest, [b"wo".to_vec(), b"three".to_vec()]);
    }

    #[test]
    fn bytes_go_in_front_and_come_off_again() {
        let buffer = Buffer::allocate(20);
        buffer.address().write(12, b"payload!");
        let mut s = Slab::default();
        s.push(BufferOp::new(buffer, 12, 8).expect("inside"));
        s.prepend(b"head");
        assert_eq!((s.ops().len(), s.len()), (1, 12));
        let shared = s.clone();
        s.prepend(b"more");
        assert_eq!((s.ops().len(), shared.len()), (2, 12));
        assert_eq!(text(&mut s, 100), "moreheadpayload!");
        s.trim_front(6);
        assert_eq!(text(&mut s, 100), "adpayload!");
        s.trim_front(100);
        assert!(s.is_empty());
    }

    #[test]
    fn the_program_s_memory_before_a_piece_is_no_room() {
        let mut memory = *b"theirs and ours";
        let buffer = Buffer::register(UserBuf::of(&mut memory), 15);
        let mut s = Slab::default();
        s.push(BufferOp::new(buffer, 11, 4).expect("inside"));
        s.prepend(b"head");
        assert_eq!(text(&mut s, 100), "headours");
        assert_eq!(&memory, b"theirs and ours");
    }

    #[test]
    fn a_grabbed_slab_leaves_nothing_behind() {
        let mut s = slab(&[b"abc"]);
        let mut mine = s.grab();
        assert_eq!((s.len(), text(&mut mine, 3)), (0, "abc".into()));
    }

    #[test]
    fn a_piece_outside_of_its_buffer_is_refused() {
        let buffer = Buffer::allocate(8);
        assert!(BufferOp::new(buffer.clone(), 4, 5).is_none());
        assert!(BufferOp::new(buffer, usize::MAX, 2).is_none());
    }
}
