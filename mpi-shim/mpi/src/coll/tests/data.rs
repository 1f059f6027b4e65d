//! Typed buffers with canaries, and what they should hold.

use crate::coll::fold::Fold;
use crate::coll::needs::{Datatype, byte, word};
use crate::coll::part::Part;
use crate::coll::sim::{Mode, World, packed};
use crate::{TypeId, UserBuf, datatype};
use std::rc::Rc;

/// Datatypes of eight bytes of data per element, laid out differently.
pub struct Types {
    pub byte: Rc<Datatype>,
    pub word: Rc<Datatype>,
    pub gaps: Rc<Datatype>,
    pub backwards: Rc<Datatype>,
}

impl Types {
    pub fn new() -> Types {
        let e: crate::Eng = Box::leak(Box::default());
        let spread = |stride, lb, extent| {
            let pieces = datatype::type_create_hvector(e, 2, 4, stride, TypeId(583)).unwrap();
            e.types.get(datatype::type_create_resized(e, pieces, lb, extent).unwrap()).unwrap()
        };
        Types { byte: byte(e), word: word(e), gaps: spread(8, -4, 24), backwards: spread(-8, 0, -24) }
    }

    pub fn layouts(&self) -> [&Rc<Datatype>; 3] {
        [&self.word, &self.gaps, &self.backwards]
    }
}

const CANARY: u8 = 0xEE;
const MARGIN: i64 = 64;

/// A program's buffer.
pub struct Buffer {
    memory: Vec<u8>,
    pub base: UserBuf,
    count: i64,
    pub dt: Rc<Datatype>,
}

impl Buffer {
    pub fn new(dt: &Rc<Datatype>, count: i64) -> Buffer {
        let (low, high) = Part::span(dt, count);
        let mut memory = vec![CANARY; (high - low + 2 * MARGIN) as usize];
        let base = UserBuf::of(&mut memory).offset((MARGIN - low) as isize);
        Buffer { memory, base, count, dt: dt.clone() }
    }

    /// Elements with these values.
    pub fn of(dt: &Rc<Datatype>, values: &[u64]) -> Buffer {
        let buffer = Buffer::new(dt, values.len() as i64);
        buffer.put(0, values);
        buffer
    }

    pub fn part(&self) -> Part<'_> {
        Part::new(self.base, self.count, &self.dt)
    }

    pub fn put(&self, first: i64, values: &[u64]) {
        let mut bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
        self.part().at(first, values.len() as i64).unpack_from(UserBuf::of(&mut bytes));
    }

    /// The values, after a check that nothing else was written to.
    pub fn values(&self) -> Vec<u64> {
        let bytes = packed(self.part());
        let values: Vec<u64> = bytes.chunks(8).map(|b| u64::from_ne_bytes(b.try_into().unwrap())).collect();
        assert!(
            Buffer::of(&self.dt, &values).memory == self.memory,
            "bytes outside of the elements were written to"
        );
        values
    }
}

pub const MODES: [Mode; 2] = [Mode::Eager, Mode::Late];

/// Communicators of 1 to 17 ranks in both modes.
pub fn worlds() -> impl Iterator<Item = World> {
    (1..=17).flat_map(|size| MODES.map(|mode| World::of(size, mode)))
}

/// Element `i` of the data of `rank`.
pub fn value(rank: usize, i: i64) -> u64 {
    (rank as u64 + 1) << 32 | (2 * i as u64 + 1)
}

pub fn values(rank: usize, count: i64) -> Vec<u64> {
    (0..count).map(|i| value(rank, i)).collect()
}

/// An operation of two operands, in order.
#[derive(Clone, Copy, Debug)]
pub struct TestOp {
    pub commutes: bool,
    pub combine: fn(u64, u64) -> u64,
}

pub const SUM: TestOp = TestOp { commutes: true, combine: |a, b| a.wrapping_add(b) };
/// Composition of the maps x → hi·x + lo modulo 2^32: associative, and no two maps commute in general.
pub const COMPOSE: TestOp = TestOp { commutes: false, combine: compose };

fn compose(a: u64, b: u64) -> u64 {
    let (ah, al, bh, bl) = (a >> 32, a & 0xFFFF_FFFF, b >> 32, b & 0xFFFF_FFFF);
    let m = 0xFFFF_FFFF;
    ((ah * bh) & m) << 32 | ((ah * bl + al) & m)
}

impl TestOp {
    pub fn fold(self, dt: &Rc<Datatype>) -> Fold {
        let (layout, combine) = (dt.clone(), self.combine);
        let apply = move |input: UserBuf, inout: UserBuf, count: i64| {
            let read = |buf| {
                let bytes = packed(Part::new(buf, count, &layout));
                bytes.chunks(8).map(|b| u64::from_ne_bytes(b.try_into().unwrap())).collect::<Vec<_>>()
            };
            let result = read(input).into_iter().zip(read(inout)).map(|(a, b)| combine(a, b));
            let mut bytes: Vec<u8> = result.flat_map(u64::to_ne_bytes).collect();
            Part::new(inout, count, &layout).unpack_from(UserBuf::of(&mut bytes));
        };
        Fold::Test { commutes: self.commutes, apply: Box::new(apply), dt: dt.clone() }
    }

    /// Element `i` combined over `ranks`.
    pub fn over(self, ranks: std::ops::Range<usize>, i: i64) -> u64 {
        ranks.map(|rank| value(rank, i)).reduce(self.combine).unwrap()
    }
}
