//! A part of a buffer: where, how many elements, of which type.

use super::needs::Datatype;
use super::wire::Wire;
use crate::{UserBuf, error::Result};
use std::rc::Rc;

#[derive(Clone, Copy)]
/// Elements of a datatype in a buffer.
pub struct Part<'a> {
    pub buf: UserBuf,
    pub count: i64,
    pub dt: &'a Rc<Datatype>,
}

impl<'a> Part<'a> {
    pub fn new(buf: UserBuf, count: i64, dt: &'a Rc<Datatype>) -> Self {
        Part { buf, count, dt }
    }

    /// Bytes of data, gaps not counted.
    pub fn len(&self) -> usize {
        (self.count as u64).saturating_mul(self.dt.size()) as usize
    }

    /// The part of `count` elements that begins `first` elements further on.
    pub fn at(self, first: i64, count: i64) -> Self {
        Part { buf: self.buf.offset((first * self.dt.extent()) as isize), count, ..self }
    }

    /// Address of the data when it lies in one block without gaps.
    pub fn flat(&self) -> Option<UserBuf> {
        self.dt.contiguous_window(self.buf, self.count).map(|(base, _)| base)
    }

    /// The bytes relative to the address of element 0 that `count` elements of `dt` may touch, as a range.
    pub fn span(dt: &Datatype, count: i64) -> (i64, i64) {
        if count <= 0 {
            return (0, 0);
        }
        let last = (count - 1) * dt.extent();
        (last.min(0) + dt.true_lb(), last.max(0) + dt.true_lb() + dt.true_extent())
    }

    pub fn pack_into(&self, dst: UserBuf) {
        self.dt.pack(self.buf, self.count, 0, dst, self.len());
    }

    pub fn unpack_from(&self, src: UserBuf) {
        self.dt.unpack(self.buf, self.count, 0, src, self.len());
    }
}

/// Bytes moved through temporary memory at a time.
const WINDOW: usize = 64 << 10;

/// Copies `from` to `to` within this process. Their types may differ in layout, not in size.
pub fn copy(wire: &Wire, from: Part, to: Part) -> Result {
    copy_with(from, to, |len| copy_through_window(wire.temp(WINDOW.min(len)).base, from, to, len))
}

/// As [`copy`], without a wire.
pub fn copy_here(from: Part, to: Part) -> Result {
    copy_with(from, to, |len| {
        let mut window = vec![0; WINDOW.min(len)];
        copy_through_window(UserBuf::of(&mut window), from, to, len);
    })
}

#[inline]
fn copy_with(from: Part, to: Part, through_window: impl FnOnce(usize)) -> Result {
    let len = from.len().min(to.len());
    if len == 0 || (from.buf == to.buf && Rc::ptr_eq(from.dt, to.dt)) {
        return Ok(());
    }
    match (from.flat(), to.flat()) {
        (Some(src), Some(dst)) => src.copy_to(dst, len),
        (Some(src), None) => to.dt.unpack(to.buf, to.count, 0, src, len),
        (None, Some(dst)) => from.dt.pack(from.buf, from.count, 0, dst, len),
        (None, None) => through_window(len),
    }
    if from.len() > len {
        crate::fail!(
            TRUNCATE,
            "this rank sends {} bytes to itself and receives {len}: count or datatype of the two sides differ",
            from.len()
        );
    }
    Ok(())
}

fn copy_through_window(window: UserBuf, from: Part, to: Part, len: usize) {
    let mut done = 0;
    while done < len {
        let n = WINDOW.min(len - done);
        from.dt.pack(from.buf, from.count, done as u64, window, n);
        to.dt.unpack(to.buf, to.count, done as u64, window, n);
        done += n;
    }
}

/// A part as plain bytes: in place when it has no gaps, else a packed copy in temporary memory.
pub struct Flat<'w> {
    pub base: UserBuf,
    temp: Option<super::wire::Temp<'w>>,
}

impl<'w> Flat<'w> {
    pub fn new(wire: &'w Wire, part: Part) -> Flat<'w> {
        match part.flat() {
            Some(base) => Flat { base, temp: None },
            None => {
                let temp = wire.temp(part.len());
                Flat { base: temp.base, temp: Some(temp) }
            }
        }
    }

    /// Brings the part's data into the bytes.
    pub fn load(&self, part: Part) {
        if self.temp.is_some() {
            part.pack_into(self.base);
        }
    }

    /// Brings the bytes back into the part.
    pub fn store(&self, part: Part) {
        if self.temp.is_some() {
            part.unpack_from(self.base);
        }
    }
}
