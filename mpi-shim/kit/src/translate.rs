//! Integer constants of an ABI to the engine's numbers and back, by the table of constants.
//!
//! A number that is not a constant of its group passes unchanged: the engine then reports it as invalid, and numbers
//! that the engine makes at run time (keyvals, user error codes) mean the same everywhere.

use crate::abi::{Abi, Column};
use std::marker::PhantomData;
use vmi_mpi_table::constants::{ERROR_CLASSES, Int};

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
        if let (Some(source), Some(target)) = (from(row), to(row))
            && left & source == source
        {
            left &= !source;
            result |= target;
        }
    }
    if left == 0 { result } else { result | 1 << 30 }
}

/// Error classes are in every status, so they translate by one index instead of a search.
struct ErrorClasses<A>(PhantomData<A>);

/// No error class of any ABI is this high.
const CLASSES: usize = 1024;

impl<A: Abi> ErrorClasses<A> {
    const TO_ENGINE: [i16; CLASSES] = Self::table(true);
    const TO_ABI: [i16; CLASSES] = Self::table(false);

    /// -1 where a number is no error class.
    const fn table(to_engine: bool) -> [i16; CLASSES] {
        let mut table = [-1; CLASSES];
        table[0] = 0;
        let mut i = 0;
        while i < ERROR_CLASSES.len() {
            if let (Some(std), Some(abi)) = (ERROR_CLASSES[i].std, A::COLUMN.of(&ERROR_CLASSES[i])) {
                let (from, to) = if to_engine { (abi, std) } else { (std, abi) };
                assert!(from >= 0 && (from as usize) < CLASSES, "an error class is out of range");
                table[from as usize] = to as i16;
            }
            i += 1;
        }
        table
    }
}

fn indexed(table: &[i16; CLASSES], class: i32) -> i32 {
    match usize::try_from(class).ok().and_then(|i| table.get(i)) {
        Some(&found) if found >= 0 => found as i32,
        _ => class,
    }
}

/// As [`to_engine`] for an error class.
#[inline]
pub fn class_to_engine<A: Abi>(class: i32) -> i32 {
    indexed(&ErrorClasses::<A>::TO_ENGINE, class)
}

/// As [`to_abi`] for an error class.
#[inline]
pub fn class_to_abi<A: Abi>(class: i32) -> i32 {
    indexed(&ErrorClasses::<A>::TO_ABI, class)
}
