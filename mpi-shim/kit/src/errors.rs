//! Error codes as the program sees them, and the texts behind them.
//!
//! A returned code of the standard ABI and of MPICH's is `class | number << 14 | 1 << 29`: `MPI_Error_class` takes the class
//! back, `MPI_Error_string` finds the text as long as it is among the last [`KEPT`]. Codes of Open MPI are plain classes,
//! because its programs compare them; `MPI_Error_string` then gives the latest text of that class.

use crate::abi::{Abi, Column};
use crate::translate;
use std::sync::{Mutex, PoisonError};
use vmi_mpi_table::constants::ERROR_CLASSES;

const DETAILED: i32 = 1 << 29;
const CLASS_BITS: u32 = 14;
const NUMBER_MASK: u32 = 0x7fff;
/// Texts remembered.
pub const KEPT: usize = 64;
/// The engine's last error class; codes above are the program's own.
pub const LAST_CLASS: i32 = vmi_mpi::constants::class::LASTCODE;

struct Texts {
    /// Number of the next text.
    next: u32,
    kept: Vec<(u32, i32, String)>,
}

static TEXTS: Mutex<Texts> = Mutex::new(Texts { next: 0, kept: Vec::new() });

fn texts() -> std::sync::MutexGuard<'static, Texts> {
    TEXTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers the text of an error that is about to be returned.
#[cold]
pub fn remember(code: i32, text: String) {
    let mut texts = texts();
    let number = texts.next & NUMBER_MASK;
    texts.next = texts.next.wrapping_add(1);
    if texts.kept.len() == KEPT {
        texts.kept.remove(0);
    }
    texts.kept.push((number, code, text));
}

/// An engine code as a plain class or user code of the ABI.
pub fn plain_out<A: Abi>(code: i32) -> i32 {
    if code > LAST_CLASS { A::user_code_out(code) } else { translate::to_abi::<A>(ERROR_CLASSES, code) }
}

/// An engine code as returned to the program or passed to its error handler: with the number of the latest text.
#[cold]
pub fn detailed_out<A: Abi>(code: i32) -> i32 {
    let plain = plain_out::<A>(code);
    if !A::DETAILED_CODES || code > LAST_CLASS || code == 0 {
        return plain;
    }
    match texts().kept.last() {
        Some((number, of, _)) if *of == code => plain | DETAILED | (*number << CLASS_BITS) as i32,
        _ => plain,
    }
}

/// A code of the program as the engine's class or user code.
pub fn code_in<A: Abi>(code: i32) -> i32 {
    let (plain, _) = split::<A>(code);
    let engine = translate::to_engine::<A>(ERROR_CLASSES, plain);
    if engine == plain && plain > LAST_CLASS && A::COLUMN != Column::Std { A::user_code_in(plain) } else { engine }
}

/// The text behind a code of the program, if it is remembered.
pub fn text_of<A: Abi>(code: i32) -> Option<String> {
    let (_, number) = split::<A>(code);
    let texts = texts();
    let found = match number {
        Some(number) => texts.kept.iter().rev().find(|t| t.0 == number),
        None if !A::DETAILED_CODES && code != 0 => {
            let class = code_in::<A>(code);
            texts.kept.iter().rev().find(|t| t.1 == class)
        }
        None => None,
    };
    found.map(|t| t.2.clone())
}

fn split<A: Abi>(code: i32) -> (i32, Option<u32>) {
    if A::DETAILED_CODES && code > 0 && code & DETAILED != 0 && code & (1 << 30) == 0 {
        let number = (code as u32 >> CLASS_BITS) & NUMBER_MASK;
        (code & ((1 << CLASS_BITS) - 1), Some(number))
    } else {
        (code, None)
    }
}
