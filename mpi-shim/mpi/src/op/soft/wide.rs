//! Numbers with a 15-bit exponent and up to 113 bits of precision, unpacked: x87 extended and IEEE quad share
//! everything but their precision and their bytes.

use std::cmp::Ordering;

/// Exponent of the smallest normal number.
const LEAST: i32 = -16382;
const BIAS: i32 = 16383;
/// Biased exponent of infinities and NaNs.
pub const SPECIAL: u32 = 0x7fff;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    Zero {
        negative: bool,
    },
    /// ±1.fraction · 2^exponent: the highest bit of `significand` is the 1.
    Finite {
        negative: bool,
        exponent: i32,
        significand: u128,
    },
    Infinite {
        negative: bool,
    },
    Nan,
}
use Wide::*;

/// A number rounded to a precision: what a format stores.
pub struct Rounded {
    pub negative: bool,
    /// Biased; 0 for zero and subnormals.
    pub exponent: u32,
    /// `precision` bits with the leading one of normal numbers.
    pub significand: u128,
}

/// Shifts right; a one that falls out stays visible in the lowest bit.
fn shift_sticky(value: u128, by: u32) -> u128 {
    match by {
        0 => value,
        1..=127 => value >> by | u128::from(value << (128 - by) != 0),
        _ => u128::from(value != 0),
    }
}

/// High half of the product, the low half squeezed into its lowest bit.
fn multiply_high(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let low = a0 * b0;
    let mid = a1 * b0 + (low >> 64);
    let mid2 = a0 * b1 + (mid & LOW);
    let high = a1 * b1 + (mid >> 64) + (mid2 >> 64);
    let rest = (mid2 & LOW) | (low & LOW);
    high | u128::from(rest != 0)
}

impl Wide {
    /// From a stored form with a biased exponent and `significand` of `precision` bits with its leading one.
    pub fn unpack(negative: bool, exponent: u32, significand: u128, precision: u32) -> Wide {
        let fraction = significand & ((1 << (precision - 1)) - 1);
        match exponent {
            SPECIAL if fraction == 0 => Infinite { negative },
            SPECIAL => Nan,
            _ if significand == 0 => Zero { negative },
            _ => {
                let exponent = if exponent == 0 { LEAST } else { exponent as i32 - BIAS };
                Wide::normal(negative, exponent, significand << (128 - precision))
            }
        }
    }

    fn normal(negative: bool, exponent: i32, significand: u128) -> Wide {
        if significand == 0 {
            return Zero { negative: false };
        }
        let by = significand.leading_zeros();
        Finite { negative, exponent: exponent - by as i32, significand: significand << by }
    }

    /// Rounds to nearest, ties to even.
    pub fn round(self, precision: u32) -> Rounded {
        let special = |negative, significand| Rounded { negative, exponent: SPECIAL, significand };
        let one = 1u128 << (precision - 1);
        match self {
            Zero { negative } => Rounded { negative, exponent: 0, significand: 0 },
            Infinite { negative } => special(negative, one),
            Nan => special(false, one | one >> 1),
            Finite { negative, exponent, significand } => {
                let below = (LEAST - exponent).max(0) as u32;
                let exponent = exponent.max(LEAST);
                let value = shift_sticky(significand, below);
                let cut = 128 - precision;
                let (kept, rest) = (value >> cut, value & ((1 << cut) - 1));
                let up = rest > 1 << (cut - 1) || (rest == 1 << (cut - 1) && kept & 1 == 1);
                let kept = kept + u128::from(up);
                let (kept, exponent) =
                    if kept >> precision == 1 { (kept >> 1, exponent + 1) } else { (kept, exponent) };
                match () {
                    () if kept < one => Rounded { negative, exponent: 0, significand: kept },
                    () if exponent > BIAS => special(negative, one),
                    () => Rounded { negative, exponent: (exponent + BIAS) as u32, significand: kept },
                }
            }
        }
    }

    pub fn negated(self) -> Wide {
        match self {
            Zero { negative } => Zero { negative: !negative },
            Finite { negative, exponent, significand } => {
                Finite { negative: !negative, exponent, significand }
            }
            Infinite { negative } => Infinite { negative: !negative },
            Nan => Nan,
        }
    }

    pub fn add(self, other: Wide) -> Wide {
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Infinite { negative: a }, Infinite { negative: b }) if a != b => Nan,
            (Infinite { .. }, _) => self,
            (_, Infinite { .. }) => other,
            (Zero { negative: a }, Zero { negative: b }) => Zero { negative: a && b },
            (Zero { .. }, _) => other,
            (_, Zero { .. }) => self,
            (
                Finite { negative: a, exponent: ea, significand: sa },
                Finite { negative: b, exponent: eb, significand: sb },
            ) => {
                if (ea, sa) < (eb, sb) {
                    return other.add(self);
                }
                // One bit of room for the carry; the precision leaves the lowest bits free.
                let big = sa >> 1;
                let small = shift_sticky(sb >> 1, (ea - eb) as u32);
                Wide::normal(a, ea + 1, if a == b { big + small } else { big - small })
            }
        }
    }

    pub fn mul(self, other: Wide) -> Wide {
        let negative = self.is_negative() != other.is_negative();
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Infinite { .. }, Zero { .. }) | (Zero { .. }, Infinite { .. }) => Nan,
            (Infinite { .. }, _) | (_, Infinite { .. }) => Infinite { negative },
            (Zero { .. }, _) | (_, Zero { .. }) => Zero { negative },
            (Finite { exponent: ea, significand: sa, .. }, Finite { exponent: eb, significand: sb, .. }) => {
                Wide::normal(negative, ea + eb + 1, multiply_high(sa, sb))
            }
        }
    }

    fn is_negative(self) -> bool {
        match self {
            Zero { negative } | Finite { negative, .. } | Infinite { negative } => negative,
            Nan => false,
        }
    }

    pub fn compare(self, other: Wide) -> Option<Ordering> {
        /// Sign, then size; all zeros are one.
        fn rank(w: Wide) -> (i32, i32, u128) {
            match w {
                Zero { .. } | Nan => (0, 0, 0),
                Finite { negative, exponent, significand } => {
                    (if negative { -1 } else { 1 }, exponent, significand)
                }
                Infinite { negative } => (if negative { -1 } else { 1 }, i32::MAX, 0),
            }
        }
        if self == Nan || other == Nan {
            return None;
        }
        let (a, b) = (rank(self), rank(other));
        let by_size = (a.1, a.2).cmp(&(b.1, b.2));
        Some(a.0.cmp(&b.0).then(if a.0 < 0 { by_size.reverse() } else { by_size }))
    }
}

/// The functions that every module of [`super`] has, for a module with `unpack` and `pack`.
macro_rules! arithmetic {
    ($t:ty, $one:expr) => {
        pub fn add(a: $t, b: $t) -> $t {
            pack(unpack(a).add(unpack(b)))
        }
        pub fn sub(a: $t, b: $t) -> $t {
            pack(unpack(a).add(unpack(b).negated()))
        }
        pub fn mul(a: $t, b: $t) -> $t {
            pack(unpack(a).mul(unpack(b)))
        }
        pub fn compare(a: $t, b: $t) -> Option<std::cmp::Ordering> {
            unpack(a).compare(unpack(b))
        }
        pub fn less(a: $t, b: $t) -> bool {
            compare(a, b) == Some(std::cmp::Ordering::Less)
        }
        pub fn truth(a: $t) -> bool {
            !matches!(unpack(a), super::wide::Wide::Zero { .. })
        }
        pub fn from_bool(v: bool) -> $t {
            if v { $one } else { 0 }
        }
    };
}
pub(super) use arithmetic;
