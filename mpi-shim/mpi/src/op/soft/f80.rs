//! x87 extended precision, C's `long double` on x86: 80 bits in 16 bytes of memory, the leading one stored. The
//! upper six bytes are ignored when read and zero when written.

use super::wide::{SPECIAL, Wide, arithmetic};

pub fn unpack(bits: u128) -> Wide {
    Wide::unpack(bits >> 79 & 1 == 1, (bits >> 64) as u32 & SPECIAL, bits & u128::from(u64::MAX), 64)
}

pub fn pack(value: Wide) -> u128 {
    let r = value.round(64);
    u128::from(r.negative) << 79 | u128::from(r.exponent) << 64 | r.significand
}

arithmetic!(u128, 0x3fff << 64 | 1 << 63);
