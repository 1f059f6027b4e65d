//! Arithmetic on numbers that Rust has no stable type for: half precision, bfloat16, x87 extended, IEEE quad.
//!
//! Each module has the same functions on the number's bytes as an unsigned integer. All round to nearest even, as
//! the processor does unless a program changes it.

pub mod bf16;
pub mod f128;
pub mod f16;
pub mod f80;
mod wide;
