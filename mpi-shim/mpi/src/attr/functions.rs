//! The functions of MPI about attributes of communicators and about keyvals, with their MPI-1 names.

use super::{Owner, Predefined, unknown};
use crate::constants::KEYVAL_INVALID;
use crate::error::Result;
use crate::{AttrOn, CommId, Eng, UserFn};

fn create(e: Eng, on: AttrOn, copy: UserFn, delete: UserFn, extra_state: usize) -> Result<i32> {
    Ok(e.keyvals.create(on, copy, delete, extra_state))
}

fn free(e: Eng, on: AttrOn, keyval: &mut i32) -> Result {
    if *keyval == KEYVAL_INVALID {
        return Err(unknown(*keyval));
    }
    e.keyvals.free(*keyval, on)?;
    *keyval = KEYVAL_INVALID;
    Ok(())
}

pub fn comm_create_keyval(e: Eng, copy: UserFn, delete: UserFn, extra_state: usize) -> Result<i32> {
    create(e, AttrOn::Comm, copy, delete, extra_state)
}

pub fn type_create_keyval(e: Eng, copy: UserFn, delete: UserFn, extra_state: usize) -> Result<i32> {
    create(e, AttrOn::Type, copy, delete, extra_state)
}

pub fn win_create_keyval(e: Eng, copy: UserFn, delete: UserFn, extra_state: usize) -> Result<i32> {
    create(e, AttrOn::Win, copy, delete, extra_state)
}

pub fn comm_free_keyval(e: Eng, keyval: &mut i32) -> Result {
    free(e, AttrOn::Comm, keyval)
}

pub fn type_free_keyval(e: Eng, keyval: &mut i32) -> Result {
    free(e, AttrOn::Type, keyval)
}

pub fn win_free_keyval(e: Eng, keyval: &mut i32) -> Result {
    free(e, AttrOn::Win, keyval)
}

pub fn comm_set_attr(e: Eng, comm: CommId, keyval: i32, value: usize) -> Result {
    e.comms.get(comm)?.attrs.set(e, Owner::new(AttrOn::Comm, comm), keyval, value)
}

/// Returns the attribute's value (for predefined keyvals the address of an `int`) and whether there is one.
pub fn comm_get_attr(e: Eng, comm: CommId, keyval: i32) -> Result<(usize, bool)> {
    let comm = e.comms.get(comm)?;
    let value = match Predefined::is(keyval) {
        true => e.predefined.address(keyval),
        false => comm.attrs.get(e, AttrOn::Comm, keyval)?,
    };
    Ok((value.unwrap_or(0), value.is_some()))
}

pub fn comm_delete_attr(e: Eng, comm: CommId, keyval: i32) -> Result {
    e.comms.get(comm)?.attrs.delete(e, Owner::new(AttrOn::Comm, comm), keyval)
}

/// MPI-1 name of [`comm_create_keyval`].
pub fn keyval_create(e: Eng, copy: UserFn, delete: UserFn, extra_state: usize) -> Result<i32> {
    comm_create_keyval(e, copy, delete, extra_state)
}

/// MPI-1 name of [`comm_free_keyval`].
pub fn keyval_free(e: Eng, keyval: &mut i32) -> Result {
    comm_free_keyval(e, keyval)
}

/// MPI-1 name of [`comm_set_attr`].
pub fn attr_put(e: Eng, comm: CommId, keyval: i32, value: usize) -> Result {
    comm_set_attr(e, comm, keyval, value)
}

/// MPI-1 name of [`comm_get_attr`].
pub fn attr_get(e: Eng, comm: CommId, keyval: i32) -> Result<(usize, bool)> {
    comm_get_attr(e, comm, keyval)
}

/// MPI-1 name of [`comm_delete_attr`].
pub fn attr_delete(e: Eng, comm: CommId, keyval: i32) -> Result {
    comm_delete_attr(e, comm, keyval)
}
