//! IEEE binary128: C's `_Float128`, gfortran's REAL(16), `long double` of most 64-bit processors but x86.

use super::wide::{SPECIAL, Wide, arithmetic};

const FRACTION: u128 = (1 << 112) - 1;

pub fn unpack(bits: u128) -> Wide {
    let exponent = (bits >> 112) as u32 & SPECIAL;
    let leading = u128::from(exponent != 0) << 112;
    Wide::unpack(bits >> 127 == 1, exponent, bits & FRACTION | leading, 113)
}

pub fn pack(value: Wide) -> u128 {
    let r = value.round(113);
    u128::from(r.negative) << 127 | u128::from(r.exponent) << 112 | r.significand & FRACTION
}

arithmetic!(u128, 0x3fff << 112);
