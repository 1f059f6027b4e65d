//! Reading, writing and updating typed memory of a window, piece by piece.
//!
//! A piece is a range of bytes of the packed form of the target's elements. Whoever calls keeps other updates away:
//! the engine's lock in the owner's process, the update lock of shared memory.

use crate::UserBuf;
use crate::datatype::{Basic, Datatype, Form};
use crate::op::{self, Which};
use std::rc::Rc;

/// Elements of one type somewhere in memory.
#[derive(Clone)]
pub struct Elements {
    pub buf: UserBuf,
    pub count: i64,
    pub datatype: Rc<Datatype>,
}

/// Pieces that are copied or updated in one go when memory is scattered.
const PIECE: u64 = 64 << 10;

impl Elements {
    pub fn bytes(&self) -> u64 {
        self.datatype.bytes(self.count)
    }

    /// The bytes `from..from + len` of the packed form, where they lie together in memory.
    fn block(&self, from: u64, len: u64) -> Option<UserBuf> {
        let (at, total) = self.datatype.contiguous_window(self.buf, self.count)?;
        (from.checked_add(len)? <= total).then(|| at.offset(from as isize))
    }

    pub fn pack(&self, from: u64, to: UserBuf, len: u64) {
        self.datatype.pack(self.buf, self.count, from, to, len as usize);
    }

    pub fn unpack(&self, from: u64, bytes: UserBuf, len: u64) {
        self.datatype.unpack(self.buf, self.count, from, bytes, len as usize);
    }

    /// Copies the first `len` bytes of the packed form to other elements.
    pub fn copy_to(&self, to: &Elements, len: u64) {
        match (self.block(0, len), to.block(0, len)) {
            (Some(a), Some(b)) => a.copy_to(b, len as usize),
            (Some(a), None) => to.unpack(0, a, len),
            (None, Some(b)) => self.pack(0, b, len),
            (None, None) => {
                for_pieces(len, 1, |from, n, temp| {
                    self.pack(from, temp, n);
                    to.unpack(from, temp, n);
                });
            }
        }
    }

    /// `target = incoming op target` for the bytes `from..from + len`, which `incoming` has packed.
    pub fn update(&self, which: Which, basic: Basic, from: u64, incoming: UserBuf, len: u64) {
        match which {
            Which::NoOp => return,
            Which::Replace => return self.unpack(from, incoming, len),
            _ => {}
        }
        let elements = (len / basic.size() as u64) as usize;
        if is_padded(basic) {
            return self.update_padded(which, basic, from, incoming, len);
        }
        if let Some(target) = self.block(from, len) {
            op::apply_basic(which, basic, incoming, target, elements);
            return;
        }
        let mut old = vec![0; len as usize];
        let old = UserBuf::of(&mut old);
        self.pack(from, old, len);
        op::apply_basic(which, basic, incoming, old, elements);
        self.unpack(from, old, len);
    }

    /// Pairs with a gap inside: operations want them as C lays them out.
    fn update_padded(&self, which: Which, basic: Basic, from: u64, incoming: UserBuf, len: u64) {
        let datatype = Rc::new(Datatype::array_of(basic));
        let count = (len / basic.size() as u64) as i64;
        let room = datatype.extent() as usize * count as usize;
        let (mut new, mut old, mut packed) = (vec![0; room], vec![0; room], vec![0; len as usize]);
        let packed = UserBuf::of(&mut packed);
        let new = Elements { buf: UserBuf::of(&mut new), count, datatype: datatype.clone() };
        let old = Elements { buf: UserBuf::of(&mut old), count, datatype };
        new.unpack(0, incoming, len);
        self.pack(from, packed, len);
        old.unpack(0, packed, len);
        op::apply_basic(which, basic, new.buf, old.buf, count as usize);
        old.pack(0, packed, len);
        self.unpack(from, packed, len);
    }

    /// `self op target` in the target for the first `len` bytes; `result`, if wanted, gets what was there before.
    pub fn accumulate(
        &self,
        which: Which,
        basic: Basic,
        target: &Elements,
        result: Option<&Elements>,
        len: u64,
    ) {
        for_pieces(len, basic.size() as u64, |from, n, temp| {
            // What comes in is taken first: the result may lie in the same place.
            let incoming = match (which, self.block(from, n)) {
                (Which::NoOp, _) => None,
                (_, Some(block)) if result.is_none() => Some(block),
                _ => {
                    self.pack(from, temp, n);
                    Some(temp)
                }
            };
            if let Some(result) = result {
                let mut before = vec![0; n as usize];
                let before = UserBuf::of(&mut before);
                target.pack(from, before, n);
                result.unpack(from, before, n);
            }
            if let Some(incoming) = incoming {
                target.update(which, basic, from, incoming, n);
            }
        });
    }
}

fn is_padded(basic: Basic) -> bool {
    matches!(basic.form, Form::Pair(v, i) if Basic::pair_layout(v, i).1 != basic.size())
}

/// Calls `f` with each piece (start, length, memory for it) of `len` bytes; pieces end between elements of `unit`.
fn for_pieces(len: u64, unit: u64, mut f: impl FnMut(u64, u64, UserBuf)) {
    let step = (PIECE / unit * unit).min(len);
    let mut temp = vec![0; step as usize];
    let temp = UserBuf::of(&mut temp);
    let mut from = 0;
    while from < len {
        let n = step.min(len - from);
        f(from, n, temp);
        from += n;
    }
}

/// The bytes of one piece of an accumulate operation on its way to another process.
pub fn piece_of(basic: Basic, total: u64, from: u64) -> u64 {
    let unit = basic.size() as u64;
    ((4 * PIECE) / unit * unit).min(total - from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TypeId;
    use crate::datatype::predefined_table;

    fn elements(id: u32, bytes: &mut [u8], count: i64) -> Elements {
        let datatype = predefined_table().get(TypeId(id)).unwrap();
        Elements { buf: UserBuf::of(bytes), count, datatype }
    }

    #[test]
    fn sums_replace_and_remember() {
        let (mut a, mut b, mut c) = ([1u8; 40000], [2u8; 40000], [0u8; 40000]);
        let (a, b, c) =
            (elements(577, &mut a, 40000), elements(577, &mut b, 40000), elements(577, &mut c, 40000));
        let basic = a.datatype.uniform().unwrap();
        a.accumulate(Which::Sum, basic, &b, Some(&c), 40000);
        assert_eq!((b.buf.load::<u8>(39999), c.buf.load::<u8>(39999)), (3, 2));
        // The origin is also where the result goes.
        a.accumulate(Which::Replace, basic, &b, Some(&a), 40000);
        assert_eq!((b.buf.load::<u8>(0), a.buf.load::<u8>(0)), (1, 3));
        c.accumulate(Which::NoOp, basic, &b, Some(&c), 40000);
        assert_eq!((b.buf.load::<u8>(7), c.buf.load::<u8>(7)), (1, 1));
    }

    #[test]
    fn pairs_keep_their_gaps() {
        // MPI_DOUBLE_INT: 12 bytes of data in 16.
        let make = |value: f64, index: i32| {
            let mut bytes = vec![0xEE; 32];
            for i in 0..2 {
                bytes[16 * i..16 * i + 8].copy_from_slice(&(value + i as f64).to_ne_bytes());
                bytes[16 * i + 8..16 * i + 12].copy_from_slice(&(index + i as i32).to_ne_bytes());
            }
            bytes
        };
        let (mut a, mut b) = (make(5.0, 1), make(4.0, 7));
        let (from, to) = (elements(553, &mut a, 2), elements(553, &mut b, 2));
        let basic = from.datatype.uniform().unwrap();
        from.accumulate(Which::Maxloc, basic, &to, None, from.bytes());
        assert_eq!(b, make(5.0, 1));
    }
}
