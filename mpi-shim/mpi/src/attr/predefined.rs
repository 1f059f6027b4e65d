//! Attributes that the library sets: MPI_TAG_UB and the others on every communicator.
//!
//! C programs get a pointer to an `int`. Each value lives in a cell that is never freed; the border may write
//! its ABI's numbers there once ([`set_numbers`]), because rank constants and error codes differ between ABIs.

use crate::constants::{PROC_NULL, TAG_UB, class, keyval};
use crate::{Eng, Engine};
use std::cell::Cell;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// Cells of the predefined attributes, by keyval from MPI_TAG_UB on.
pub struct Predefined {
    cells: &'static [AtomicI32; COUNT],
    /// MPI_UNIVERSE_SIZE and MPI_APPNUM may be unknown.
    known: [Cell<bool>; COUNT],
    code_to_abi: Cell<fn(i32) -> i32>,
}

const FIRST: i32 = keyval::TAG_UB;
const COUNT: usize = (keyval::UNIVERSE_SIZE - FIRST + 1) as usize;

impl Default for Predefined {
    fn default() -> Self {
        let predefined = Predefined {
            cells: Box::leak(Box::new([const { AtomicI32::new(0) }; COUNT])),
            known: [const { Cell::new(false) }; COUNT],
            code_to_abi: Cell::new(|code| code),
        };
        predefined.set(keyval::TAG_UB, TAG_UB);
        predefined.set(keyval::HOST, PROC_NULL);
        predefined.set(keyval::WTIME_IS_GLOBAL, 0);
        predefined.set(keyval::LASTUSEDCODE, class::LASTCODE);
        predefined
    }
}

impl Predefined {
    pub fn is(id: i32) -> bool {
        Self::index(id).is_some()
    }

    fn index(id: i32) -> Option<usize> {
        (FIRST..FIRST + COUNT as i32).contains(&id).then(|| (id - FIRST) as usize)
    }

    /// Sets the value of a predefined attribute. Other ids are ignored.
    pub fn set(&self, id: i32, value: i32) {
        if let Some(i) = Self::index(id) {
            self.cells[i].store(value, Relaxed);
            self.known[i].set(true);
        }
    }

    /// Address of the `int` that holds the value.
    pub fn address(&self, id: i32) -> Option<usize> {
        let i = Self::index(id).filter(|&i| self.known[i].get())?;
        Some(self.cells[i].as_ptr() as usize)
    }
}

/// Value of a predefined attribute, for Fortran, which gets values and no addresses. None for other keyvals.
pub fn predefined_value(e: &Engine, id: i32) -> Option<i32> {
    let p = &e.predefined;
    let i = Predefined::index(id).filter(|&i| p.known[i].get())?;
    Some(p.cells[i].load(Relaxed))
}

/// Called once by an ABI whose numbers differ from the engine's: what MPI_PROC_NULL is, and how codes translate.
pub fn set_numbers(e: &Engine, proc_null: i32, code_to_abi: fn(i32) -> i32) {
    e.predefined.set(keyval::HOST, proc_null);
    e.predefined.code_to_abi.set(code_to_abi);
    update_last_used_of(e);
}

/// Brings MPI_LASTUSEDCODE up to date after error codes were added or removed.
pub fn update_last_used(e: Eng) {
    update_last_used_of(e);
}

fn update_last_used_of(e: &Engine) {
    let code = e.errors.codes.last_used();
    e.predefined.set(keyval::LASTUSEDCODE, (e.predefined.code_to_abi.get())(code));
}
