//! Attributes and names of datatypes.

use crate::attr::Owner;
use crate::constants::MAX_OBJECT_NAME;
use crate::{AttrOn, Eng, Result, StrOut, TypeId, fail};

pub fn type_set_attr(e: Eng, datatype: TypeId, keyval: i32, value: usize) -> Result {
    e.types.get(datatype)?.attrs.set(e, Owner::new(AttrOn::Type, datatype), keyval, value)
}

/// (value, is there one)
pub fn type_get_attr(e: Eng, datatype: TypeId, keyval: i32) -> Result<(usize, bool)> {
    let value = e.types.get(datatype)?.attrs.get(e, AttrOn::Type, keyval)?;
    Ok((value.unwrap_or(0), value.is_some()))
}

pub fn type_delete_attr(e: Eng, datatype: TypeId, keyval: i32) -> Result {
    e.types.get(datatype)?.attrs.delete(e, Owner::new(AttrOn::Type, datatype), keyval)
}

pub fn type_set_name(e: Eng, datatype: TypeId, name: &str) -> Result {
    if name.len() >= MAX_OBJECT_NAME {
        fail!(ARG, "type_name has {} characters, expected at most {}", name.len(), MAX_OBJECT_NAME - 1);
    }
    name.clone_into(&mut e.types.get(datatype)?.name.borrow_mut());
    Ok(())
}

/// Length of the name. `MPI_DATATYPE_NULL` has a name, too (MPI-5.0 §7.8).
pub fn type_get_name(e: Eng, datatype: TypeId, name: StrOut) -> Result<i32> {
    if datatype == TypeId::NULL {
        return Ok(name.set("MPI_DATATYPE_NULL") as i32);
    }
    Ok(name.set(&e.types.get(datatype)?.name.borrow()) as i32)
}
