//! What a window is: group, memory, names, hints, attributes.

use super::{Flavor, Part, UNIFIED, Win};
use crate::attr::Owner;
use crate::constants::{MAX_OBJECT_NAME, PROC_NULL, keyval};
use crate::error::Result;
use crate::{AttrOn, Eng, GroupId, InfoId, StrOut, WinId, fail, group, info};
use std::sync::atomic::{AtomicI32, AtomicI64};

/// The numbers that predefined attributes point to; they live as long as the window.
pub struct Numbers {
    size: AtomicI64,
    unit: AtomicI32,
    flavor: AtomicI32,
    model: AtomicI32,
}

impl Numbers {
    /// Flavor and model in the numbers of the program's ABI.
    pub fn new(e: Eng, flavor: Flavor, part: &Part) -> Box<Numbers> {
        let to_abi = e.windows.kind_to_abi.get();
        Box::new(Numbers {
            size: AtomicI64::new(part.size),
            unit: AtomicI32::new(part.unit as i32),
            flavor: AtomicI32::new(to_abi(flavor as i32)),
            model: AtomicI32::new(to_abi(UNIFIED)),
        })
    }
}

/// Hints that mean something for a window, with what holds when the program says nothing.
const HINTS: [(&str, &str); 5] = [
    ("no_locks", "false"),
    ("accumulate_ordering", "rar,raw,war,waw"),
    ("accumulate_ops", "same_op_no_op"),
    ("same_size", "false"),
    ("same_disp_unit", "false"),
];
const NONCONTIGUOUS: (&str, &str) = ("alloc_shared_noncontig", "false");

impl Win {
    pub(super) fn set_hints(&self, hints: &[(String, String)]) {
        let shared = (self.flavor == Flavor::Shared).then_some(NONCONTIGUOUS);
        for (key, default) in HINTS.into_iter().chain(shared) {
            let told = hints.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
            match (told, self.info.get(key)) {
                (Some(value), _) => self.info.set(key, value),
                (None, None) => self.info.set(key, default),
                _ => {}
            }
        }
    }
}

pub fn win_get_group(e: Eng, win: WinId) -> Result<GroupId> {
    Ok(group::insert_rc(e, &e.windows.table.get(win)?.comm.group))
}

pub fn win_set_info(e: Eng, win: WinId, info: InfoId) -> Result {
    let win = e.windows.table.get(win)?;
    win.set_hints(&info::pairs_of(e, info)?);
    Ok(())
}

/// A new info object with the hints in effect.
pub fn win_get_info(e: Eng, win: WinId) -> Result<InfoId> {
    let hints = e.windows.table.get(win)?.info.clone();
    Ok(e.infos.insert(hints))
}

pub fn win_set_name(e: Eng, win: WinId, name: &str) -> Result {
    let win = e.windows.table.get(win)?;
    if name.len() >= MAX_OBJECT_NAME {
        fail!(ARG, "win_name has {} characters, expected at most {}", name.len(), MAX_OBJECT_NAME - 1);
    }
    name.clone_into(&mut win.name.borrow_mut());
    Ok(())
}

/// Returns the length of the name.
pub fn win_get_name(e: Eng, win: WinId, name: StrOut) -> Result<i32> {
    if win == WinId::NULL {
        return Ok(name.set_limited("MPI_WIN_NULL", MAX_OBJECT_NAME) as i32);
    }
    let win = e.windows.table.get(win)?;
    Ok(name.set_limited(&win.name.borrow(), MAX_OBJECT_NAME) as i32)
}

/// Size, displacement unit and address of the memory of `rank`, as this process sees it; size 0 and NULL where it
/// cannot be reached by loads and stores. MPI_PROC_NULL: the first rank with memory.
pub fn win_shared_query(e: Eng, win: WinId, rank: i32) -> Result<(i64, i64, usize)> {
    let win = e.windows.table.get(win)?;
    if win.flavor == Flavor::Dynamic {
        fail!(RMA_FLAVOR, "win was made by MPI_Win_create_dynamic and has no memory of its own");
    }
    if rank != PROC_NULL && (rank < 0 || rank >= win.size()) {
        fail!(RANK, "rank is {rank}, expected 0 to {} or MPI_PROC_NULL", win.size() - 1);
    }
    let first = || win.parts.iter().position(|part| part.size > 0);
    let rank = if rank == PROC_NULL { first().map(|rank| rank as i32) } else { Some(rank) };
    let Some(rank) = rank else { return Ok((0, 0, 0)) };
    let part = win.parts[rank as usize];
    Ok(match win.reach(rank) {
        Some(base) if part.size > 0 => (part.size, part.unit, base.addr()),
        _ => (0, part.unit, 0),
    })
}

pub fn win_set_attr(e: Eng, win: WinId, keyval: i32, value: usize) -> Result {
    let object = e.windows.table.get(win)?;
    if (keyval::WIN_BASE..=keyval::WIN_MODEL).contains(&keyval) {
        fail!(KEYVAL, "keyval {keyval} is predefined and cannot be changed");
    }
    object.attrs.set(e, Owner::new(AttrOn::Win, win), keyval, value)
}

/// Returns the attribute's value and whether there is one. MPI_WIN_BASE is the address itself; the others are
/// addresses of numbers.
pub fn win_get_attr(e: Eng, win: WinId, keyval: i32) -> Result<(usize, bool)> {
    let object = e.windows.table.get(win)?;
    let numbers = &object.numbers;
    let value = match keyval {
        keyval::WIN_BASE => Some(object.base.addr()),
        keyval::WIN_SIZE => Some(numbers.size.as_ptr() as usize),
        keyval::WIN_DISP_UNIT => Some(numbers.unit.as_ptr() as usize),
        keyval::WIN_CREATE_FLAVOR => Some(numbers.flavor.as_ptr() as usize),
        keyval::WIN_MODEL => Some(numbers.model.as_ptr() as usize),
        _ => object.attrs.get(e, AttrOn::Win, keyval)?,
    };
    Ok((value.unwrap_or(0), value.is_some()))
}

pub fn win_delete_attr(e: Eng, win: WinId, keyval: i32) -> Result {
    let object = e.windows.table.get(win)?;
    if (keyval::WIN_BASE..=keyval::WIN_MODEL).contains(&keyval) {
        fail!(KEYVAL, "keyval {keyval} is predefined and cannot be deleted");
    }
    object.attrs.delete(e, Owner::new(AttrOn::Win, win), keyval)
}
