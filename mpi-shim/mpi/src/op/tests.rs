//! Soft numbers against known results, loops against plain arithmetic.

use super::*;
use crate::datatype::Num;

fn f128_of(v: f64) -> u128 {
    let bits = v.to_bits();
    let exponent = (bits >> 52) as u32 & 0x7ff;
    let significand = u128::from(bits & ((1 << 52) - 1)) | 1 << 52;
    if v == 0.0 {
        return u128::from(bits >> 63) << 127;
    }
    assert!((1..0x7ff).contains(&exponent), "normal numbers only");
    u128::from(bits >> 63) << 127
        | u128::from(exponent + 16383 - 1023) << 112
        | (significand << 60) & ((1 << 112) - 1)
}

fn f80_of(v: f64) -> u128 {
    soft::f80::pack(soft::f128::unpack(f128_of(v)))
}

#[test]
fn quad_agrees_with_exact_double_arithmetic() {
    let values = [0.0, -0.0, 1.0, -1.5, 3.25, 1e10, -7.0e-3, 4503599627370495.0, 0.1];
    for a in values {
        for b in values {
            // Both are exact in 113 bits when they are in 53.
            if (a + b) - a == b && (a + b) - b == a {
                assert_eq!(soft::f128::add(f128_of(a), f128_of(b)), f128_of(a + b), "{a} + {b}");
            }
            assert_eq!(soft::f128::less(f128_of(a), f128_of(b)), a < b, "{a} < {b}");
            assert_eq!(soft::f80::less(f80_of(a), f80_of(b)), a < b, "{a} < {b}");
        }
    }
    assert_eq!(soft::f128::mul(f128_of(-1.5), f128_of(3.25)), f128_of(-4.875));
    assert_eq!(soft::f128::sub(f128_of(1.5), f128_of(1.5)), 0);
}

#[test]
fn extended_rounds_to_64_bits() {
    // 1/10 as gcc stores 0.1L, and its double and square.
    let tenth = 0x3ffb_cccc_cccc_cccc_cccd_u128;
    assert_eq!(soft::f80::add(tenth, tenth), 0x3ffc_cccc_cccc_cccc_cccd);
    assert_eq!(soft::f80::mul(tenth, tenth), 0x3ff8_a3d7_0a3d_70a3_d70b);
    // The largest number doubled is infinite; the smallest halved is zero (ties to even).
    let most = 0x7ffe_ffff_ffff_ffff_ffff_u128;
    assert_eq!(soft::f80::add(most, most), 0x7fff_8000_0000_0000_0000);
    assert_eq!(soft::f80::mul(1, f80_of(0.5)), 0);
    assert_eq!(soft::f80::mul(1, f80_of(0.75)), 1);
    assert_eq!(soft::f80::sub(0x0001_8000_0000_0000_0000, 1), 0x7fff_ffff_ffff_ffff);
}

#[test]
fn half_and_bfloat_round_trip_every_number() {
    for bits in 0..=u16::MAX {
        let h = soft::f16::value(bits);
        if !h.is_nan() {
            assert_eq!(soft::f16::from_value(h), bits);
        }
        let b = soft::bf16::value(bits);
        if !b.is_nan() {
            assert_eq!(soft::bf16::from_value(b), bits);
        }
    }
    assert_eq!(soft::f16::from_value(65520.0), 0x7c00, "rounds up to infinity");
    assert_eq!(soft::f16::from_value(2049.0), soft::f16::from_value(2048.0), "ties to even");
    assert_eq!(soft::f16::from_value(2051.0), soft::f16::from_value(2052.0), "ties to even");
}

fn reduce<T: Copy, const N: usize>(which: Which, basic: Basic, a: [T; N], mut b: [T; N]) -> [T; N]
where
    [T; N]: Bytes,
{
    let mut a = a;
    let (input, inout) = (a.buf(), b.buf());
    assert!(apply_basic(which, basic, input, inout, N));
    b
}

trait Bytes {
    fn buf(&mut self) -> UserBuf;
}
macro_rules! bytes {
    ($($t:ty)*) => {$(
        impl<const N: usize> Bytes for [$t; N] {
            fn buf(&mut self) -> UserBuf {
                UserBuf::of_slice(self)
            }
        }
    )*};
}
bytes!(u8 i32 f32 f64);

#[test]
fn loops_compute_each_operation() {
    let int = Basic::one(Num::I32, Family::Integer);
    let (a, b) = ([5, -3, 0, 7, i32::MAX], [2, 4, 0, -7, 1]);
    assert_eq!(reduce(Which::Sum, int, a, b), [7, 1, 0, 0, i32::MIN]);
    assert_eq!(reduce(Which::Prod, int, a, b), [10, -12, 0, -49, i32::MAX]);
    assert_eq!(reduce(Which::Min, int, a, b), [2, -3, 0, -7, 1]);
    assert_eq!(reduce(Which::Max, int, a, b), [5, 4, 0, 7, i32::MAX]);
    assert_eq!(reduce(Which::Band, int, a, b), [0, 4, 0, 1, 1]);
    assert_eq!(reduce(Which::Lxor, int, a, [2, 0, 0, 0, 1]), [0, 1, 0, 1, 0]);
    assert_eq!(reduce(Which::Replace, int, a, b), a);
    assert_eq!(reduce(Which::NoOp, int, a, b), b);
    let complex = Basic::complex(Num::F64);
    let product = &mut [2.0, 3.0];
    let factor = &mut [4.0, -1.0];
    assert!(apply_basic(Which::Prod, complex, UserBuf::of_slice(factor), UserBuf::of_slice(product), 1));
    assert_eq!(product, &[11.0, 10.0]);
}

#[test]
fn minloc_takes_the_smaller_index_of_equal_values() {
    let pair = Basic::pair(Num::I32, Num::I32);
    let winner = |which, a: [i32; 6], b: [i32; 6]| {
        let (mut a, mut b) = (a, b);
        assert!(apply_basic(which, pair, a.buf(), b.buf(), 3));
        b
    };
    let (a, b) = ([1, 5, 3, 2, 9, 9], [1, 4, 3, 3, 8, 0]);
    assert_eq!(winner(Which::Minloc, a, b), [1, 4, 3, 2, 8, 0]);
    assert_eq!(winner(Which::Maxloc, a, b), [1, 4, 3, 2, 9, 9]);
    let reals = Basic::pair(Num::F32, Num::F32);
    let (mut a, mut b) = ([1.0f32, 2.0], [1.0f32, 1.0]);
    assert!(apply_basic(Which::Minloc, reals, a.buf(), b.buf(), 1));
    assert_eq!(b, [1.0, 1.0]);
}

#[test]
fn refuses_what_the_standard_does_not_define() {
    let float = Basic::one(Num::F32, Family::Floating);
    assert!(!accepts(Which::Band, float));
    assert!(!accepts(Which::Minloc, float));
    assert!(!accepts(Which::Max, Basic::complex(Num::F32)));
    assert!(!accepts(Which::Sum, Basic::one(Num::U8, Family::Byte)));
    assert!(accepts(Which::Bxor, Basic::one(Num::U8, Family::Byte)));
    assert!(accepts(Which::Sum, Basic::complex(Num::F80)));
}
