//! Datatypes against an oracle that expands type maps the naive way, and what each function promises by itself.

mod functions;
mod grid;
mod oracle;
mod random;

use crate::{Eng, TypeId};

pub const CHAR: TypeId = TypeId(579);
pub const SHORT: TypeId = TypeId(520);
pub const INT: TypeId = TypeId(521);
pub const DOUBLE: TypeId = TypeId(532);

pub fn engine() -> Eng {
    Box::leak(Box::default())
}

/// A small generator of reproducible numbers.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.roll((high - low + 1) as u64) as i64
    }
}
