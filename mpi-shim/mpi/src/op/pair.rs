//! `MPI_MINLOC` and `MPI_MAXLOC`: the extreme value and the smallest index at which it occurs.

use super::soft;
use crate::UserBuf;
use crate::datatype::{Basic, Num};
use std::cmp::Ordering;
use vmi::core::buffer::Plain;

/// `inout[i]` becomes the winner of `input[i]` and `inout[i]`; at equal values the smaller index wins.
pub fn locate(min: bool, value: Num, index: Num, input: UserBuf, inout: UserBuf, n: usize) {
    let l = Loop { min, index, layout: Basic::pair_layout(value, index), input, inout, n };
    match value {
        Num::I8 => l.run(|a: i8, b| a.partial_cmp(&b)),
        Num::I16 => l.run(|a: i16, b| a.partial_cmp(&b)),
        Num::I32 => l.run(|a: i32, b| a.partial_cmp(&b)),
        Num::I64 => l.run(|a: i64, b| a.partial_cmp(&b)),
        Num::I128 => l.run(|a: i128, b| a.partial_cmp(&b)),
        Num::U8 => l.run(|a: u8, b| a.partial_cmp(&b)),
        Num::U16 => l.run(|a: u16, b| a.partial_cmp(&b)),
        Num::U32 => l.run(|a: u32, b| a.partial_cmp(&b)),
        Num::U64 => l.run(|a: u64, b| a.partial_cmp(&b)),
        Num::F32 => l.run(|a: f32, b| a.partial_cmp(&b)),
        Num::F64 => l.run(|a: f64, b| a.partial_cmp(&b)),
        Num::F16 => l.run(|a, b| soft::f16::value(a).partial_cmp(&soft::f16::value(b))),
        Num::Bf16 => l.run(|a, b| soft::bf16::value(a).partial_cmp(&soft::bf16::value(b))),
        Num::F80 => l.run(soft::f80::compare),
        Num::F128 => l.run(soft::f128::compare),
    }
}

struct Loop {
    min: bool,
    index: Num,
    /// Where the index lies in a pair, and the distance of pairs.
    layout: (usize, usize),
    input: UserBuf,
    inout: UserBuf,
    n: usize,
}

impl Loop {
    fn run<V: Plain>(&self, compare: impl Fn(V, V) -> Option<Ordering>) {
        match self.index {
            Num::I32 => self.indexed::<V, i32>(compare),
            Num::I8 => self.indexed::<V, i8>(compare),
            Num::I16 => self.indexed::<V, i16>(compare),
            Num::I64 => self.indexed::<V, i64>(compare),
            Num::I128 => self.indexed::<V, i128>(compare),
            Num::U8 => self.indexed::<V, u8>(compare),
            Num::U16 => self.indexed::<V, u16>(compare),
            Num::U32 => self.indexed::<V, u32>(compare),
            Num::U64 => self.indexed::<V, u64>(compare),
            Num::F32 => self.indexed::<V, f32>(compare),
            // MPI_2DOUBLE_PRECISION; no other real number serves as an index.
            _ => self.indexed::<V, f64>(compare),
        }
    }

    fn indexed<V: Plain, I: Plain + PartialOrd>(&self, compare: impl Fn(V, V) -> Option<Ordering>) {
        let (index_at, stride) = self.layout;
        let better = if self.min { Ordering::Less } else { Ordering::Greater };
        for k in 0..self.n {
            let at = (k * stride) as isize;
            let index = at + index_at as isize;
            let (value, place): (V, I) = (self.input.load(at), self.input.load(index));
            let wins = match compare(value, self.inout.load(at)) {
                Some(Ordering::Equal) => place < self.inout.load(index),
                other => other == Some(better),
            };
            if wins {
                self.inout.store(at, value);
                self.inout.store(index, place);
            }
        }
    }
}
