//! Integer constants of an ABI to the engine's numbers and back, by the table of constants.
//!
//! A number that is not a constant of its group passes unchanged: the engine then reports it as invalid, and numbers
//! that the engine makes at run time (keyvals, user error codes) mean the same everywhere.

use crate::abi::{Abi, Column};
use vmi_mpi_table::constants::Int;

pub fn to_engine<A: Abi>(rows: &[Int], value: i32) -> i32 {
    if A::COLUMN == Column::Std {
        return value;
    }
    let row = rows.iter().find(|row| A::COLUMN.of(row) == Some(value));
    row.and_then(|row| row.std).unwrap_or(value)
}

pub fn to_abi<A: Abi>(rows: &[Int], value: i32) -> i32 {
    if A::COLUMN == Column::Std {
        return value;
    }
    let row = rows.iter().find(|row| row.std == Some(value));
    row.and_then(|row| A::COLUMN.of(row)).unwrap_or(value)
}

/// As [`to_engine`] for a set of bits; bits without a meaning become bit 30, which the engine knows to be wrong.
pub fn bits_to_engine<A: Abi>(rows: &[Int], value: i32) -> i32 {
    translate_bits(rows, value, |row| A::COLUMN.of(row), |row| row.std)
}

pub fn bits_to_abi<A: Abi>(rows: &[Int], value: i32) -> i32 {
    translate_bits(rows, value, |row| row.std, |row| A::COLUMN.of(row))
}

fn translate_bits(
    rows: &[Int],
    value: i32,
    from: impl Fn(&Int) -> Option<i32>,
    to: impl Fn(&Int) -> Option<i32>,
) -> i32 {
    let mut left = value;
    let mut result = 0;
    for row in rows {
        if let (Some(source), Some(target)) = (from(row), to(row)) {
            if left & source == source {
                left &= !source;
                result |= target;
            }
        }
    }
    if left == 0 { result } else { result | 1 << 30 }
}
