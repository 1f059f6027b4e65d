//! Error codes as the program sees them.
//!
//! The engine's code is `number | slot << 16`: `number` a class or a code of the program, `slot` finds the text of this one
//! error. The standard ABI gets it as it is, MPICH's gets the same shape with its own class numbers and with the program's codes
//! above its MPI_ERR_LASTCODE. Programs of Open MPI compare returned codes with classes, so they get the plain class, and
//! `MPI_Error_string` gives the text of the latest error of that class.

use crate::abi::{Abi, Column};
use crate::translate;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use vmi_mpi_table::constants::{Int, LIMITS};

const NUMBER: i32 = 0xffff;
/// The engine's last error class; numbers above are the program's own.
const LAST_CLASS: i32 = vmi_mpi::constants::class::LASTCODE;

/// The latest code that lost its slot on the way to a program of Open MPI.
static LATEST: AtomicI32 = AtomicI32::new(0);

/// A code of the engine as the program sees it.
pub fn code_out<A: Abi>(code: i32) -> i32 {
    if A::COLUMN == Column::Std {
        return code;
    }
    let number = code & NUMBER;
    if number > LAST_CLASS {
        return A::user_code_out(number);
    }
    let class = if number == LAST_CLASS { last_code::<A>() } else { translate::class_to_abi::<A>(number) };
    if A::DETAILED_CODES {
        return class | (code & !NUMBER);
    }
    if code != number {
        LATEST.store(code, Relaxed);
    }
    class
}

fn last_code<A: Abi>() -> i32 {
    let row = LIMITS.iter().find(|row: &&Int| row.name == "MPI_ERR_LASTCODE");
    row.and_then(|row| A::COLUMN.of(row)).unwrap_or(LAST_CLASS)
}

/// A code of the program as the engine's.
pub fn code_in<A: Abi>(code: i32) -> i32 {
    if A::COLUMN == Column::Std || code < 0 {
        return code;
    }
    if let Some(number) = A::user_code_in(code) {
        return number;
    }
    if !A::DETAILED_CODES {
        return translate::class_to_engine::<A>(code);
    }
    translate::class_to_engine::<A>(code & NUMBER) | (code & !NUMBER)
}

/// As [`code_in`], and for a plain class the code of its latest error.
pub fn code_in_with_text<A: Abi>(code: i32) -> i32 {
    let plain = code_in::<A>(code);
    let latest = LATEST.load(Relaxed);
    if !A::DETAILED_CODES && latest & NUMBER == plain { latest } else { plain }
}
