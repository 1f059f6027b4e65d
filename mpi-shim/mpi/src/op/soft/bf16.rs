//! bfloat16: the upper half of an `f32`.

/// The number as an `f32`, exactly.
pub fn value(h: u16) -> f32 {
    f32::from_bits(u32::from(h) << 16)
}

/// The nearest bfloat16.
pub fn from_value(v: f32) -> u16 {
    let bits = v.to_bits();
    if v.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
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
    if v { 0x3f80 } else { 0 }
}
