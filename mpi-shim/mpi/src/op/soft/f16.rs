//! IEEE binary16. Sums and products of two halves are exact in `f32` or rounded harmlessly twice
//! (24 ≥ 2 · 11 + 2 bits).

/// The number as an `f32`, exactly.
pub fn value(h: u16) -> f32 {
    let sign = u32::from(h & 0x8000) << 16;
    let exponent = u32::from(h >> 10) & 0x1f;
    let fraction = u32::from(h) & 0x3ff;
    match exponent {
        0 => {
            // Zero and subnormals: a multiple of 2^-24.
            let magnitude = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(sign | magnitude.to_bits())
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// The nearest half.
pub fn from_value(v: f32) -> u16 {
    let bits = v.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return sign | 0x7e00;
    }
    if magnitude >= 0x4780_0000 {
        return sign | 0x7c00;
    }
    if magnitude < 0x3880_0000 {
        // Subnormal: adding 0.5 moves the rounding to the right bit.
        let rounded = f32::from_bits(magnitude) + 0.5;
        return sign | (rounded.to_bits() - 0x3f00_0000) as u16;
    }
    let even = (magnitude >> 13) & 1;
    let rounded = magnitude + 0xfff + even;
    sign | ((rounded - 0x3800_0000) >> 13) as u16
}

pub fn add(a: u16, b: u16) -> u16 {
    from_value(value(a) + value(b))
}
pub fn sub(a: u16, b: u16) -> u16 {
    from_value(value(a) - value(b))
}
pub fn mul(a: u16, b: u16) -> u16 {
    from_value(value(a) * value(b))
}
pub fn less(a: u16, b: u16) -> bool {
    value(a) < value(b)
}
pub fn truth(a: u16) -> bool {
    a & 0x7fff != 0
}
pub fn from_bool(v: bool) -> u16 {
    if v { 0x3c00 } else { 0 }
}
