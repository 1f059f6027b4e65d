//! Reductions on plain and complex numbers, one loop per type and operation.

use super::Which;
use super::soft;
use crate::UserBuf;
use crate::datatype::Num;
use vmi::core::buffer::{Plain, combine, combine_quickly};

/// Where the operands lie.
#[derive(Clone, Copy)]
struct Operands {
    input: UserBuf,
    inout: UserBuf,
    n: usize,
}

impl Operands {
    #[inline]
    fn each_quickly<T: Plain>(self, f: impl Fn(T, T) -> T) -> bool {
        combine_quickly(self.input, self.inout, self.n, f);
        true
    }

    /// As [`Operands::each_quickly`], of what is computed in steps.
    #[inline]
    fn each<T: Plain>(self, f: impl Fn(T, T) -> T) -> bool {
        combine(self.input, self.inout, self.n, f);
        true
    }

    #[inline]
    fn logical<T: Plain>(self, which: Which, truth: impl Fn(T) -> bool, value: impl Fn(bool) -> T) -> bool {
        match which {
            Which::Land => self.each(|a: T, b: T| value(truth(a) & truth(b))),
            Which::Lor => self.each(|a: T, b: T| value(truth(a) | truth(b))),
            Which::Lxor => self.each(|a: T, b: T| value(truth(a) ^ truth(b))),
            _ => false,
        }
    }
}

macro_rules! integer {
    ($t:ty, $which:expr, $o:expr) => {
        match $which {
            Which::Sum => $o.each_quickly(|a: $t, b: $t| a.wrapping_add(b)),
            Which::Prod => $o.each_quickly(|a: $t, b: $t| a.wrapping_mul(b)),
            Which::Min => $o.each_quickly(|a: $t, b: $t| a.min(b)),
            Which::Max => $o.each_quickly(|a: $t, b: $t| a.max(b)),
            Which::Band => $o.each_quickly(|a: $t, b: $t| a & b),
            Which::Bor => $o.each_quickly(|a: $t, b: $t| a | b),
            Which::Bxor => $o.each_quickly(|a: $t, b: $t| a ^ b),
            _ => $o.logical($which, |a: $t| a != 0, <$t>::from),
        }
    };
}

macro_rules! float {
    ($t:ty, $which:expr, $o:expr) => {
        match $which {
            Which::Sum => $o.each_quickly(|a: $t, b: $t| a + b),
            Which::Prod => $o.each_quickly(|a: $t, b: $t| a * b),
            Which::Min => $o.each_quickly(|a: $t, b: $t| if a < b { a } else { b }),
            Which::Max => $o.each_quickly(|a: $t, b: $t| if a > b { a } else { b }),
            _ => $o.logical($which, |a: $t| a != 0.0, |v| if v { 1.0 } else { 0.0 }),
        }
    };
}

/// Numbers the processor's float instructions do not know, by their arithmetic `$m`.
macro_rules! soft {
    ($m:ident, $which:expr, $o:expr) => {
        match $which {
            Which::Sum => $o.each(soft::$m::add),
            Which::Prod => $o.each(soft::$m::mul),
            Which::Min => $o.each(|a, b| if soft::$m::less(a, b) { a } else { b }),
            Which::Max => $o.each(|a, b| if soft::$m::less(b, a) { a } else { b }),
            _ => $o.logical($which, soft::$m::truth, soft::$m::from_bool),
        }
    };
}

/// `false`: the operation is not defined for such numbers.
pub fn reduce(which: Which, num: Num, input: UserBuf, inout: UserBuf, n: usize) -> bool {
    let o = Operands { input, inout, n };
    match num {
        Num::I8 => integer!(i8, which, o),
        Num::I16 => integer!(i16, which, o),
        Num::I32 => integer!(i32, which, o),
        Num::I64 => integer!(i64, which, o),
        Num::I128 => integer!(i128, which, o),
        Num::U8 => integer!(u8, which, o),
        Num::U16 => integer!(u16, which, o),
        Num::U32 => integer!(u32, which, o),
        Num::U64 => integer!(u64, which, o),
        Num::F32 => float!(f32, which, o),
        Num::F64 => float!(f64, which, o),
        Num::F16 => soft!(f16, which, o),
        Num::Bf16 => soft!(bf16, which, o),
        Num::F80 => soft!(f80, which, o),
        Num::F128 => soft!(f128, which, o),
    }
}

#[inline]
fn complex<T: Plain>(
    which: Which,
    o: Operands,
    add: impl Fn(T, T) -> T,
    sub: impl Fn(T, T) -> T,
    mul: impl Fn(T, T) -> T,
) -> bool {
    match which {
        Which::Sum => o.each(|a: [T; 2], b: [T; 2]| [add(a[0], b[0]), add(a[1], b[1])]),
        Which::Prod => o.each(|a: [T; 2], b: [T; 2]| {
            let re = sub(mul(a[0], b[0]), mul(a[1], b[1]));
            [re, add(mul(a[0], b[1]), mul(a[1], b[0]))]
        }),
        _ => false,
    }
}

/// `false`: the operation is not defined for complex numbers.
pub fn reduce_complex(which: Which, part: Num, input: UserBuf, inout: UserBuf, n: usize) -> bool {
    if which == Which::Sum && matches!(part, Num::F32 | Num::F64) {
        return reduce(which, part, input, inout, 2 * n);
    }
    let o = Operands { input, inout, n };
    match part {
        Num::F32 => complex(which, o, |a: f32, b| a + b, |a, b| a - b, |a, b| a * b),
        Num::F64 => complex(which, o, |a: f64, b| a + b, |a, b| a - b, |a, b| a * b),
        Num::F16 => complex(which, o, soft::f16::add, soft::f16::sub, soft::f16::mul),
        Num::Bf16 => complex(which, o, soft::bf16::add, soft::bf16::sub, soft::bf16::mul),
        Num::F80 => complex(which, o, soft::f80::add, soft::f80::sub, soft::f80::mul),
        Num::F128 => complex(which, o, soft::f128::add, soft::f128::sub, soft::f128::mul),
        _ => false,
    }
}
