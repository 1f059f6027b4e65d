//! Size and bounds of a type, and addresses.

use crate::{Eng, Result, TypeId};

pub fn type_size(e: Eng, datatype: TypeId) -> Result<i64> {
    Ok(e.types.get(datatype)?.size() as i64)
}

/// MPI-3 name of the large count form.
pub fn type_size_x(e: Eng, datatype: TypeId) -> Result<i64> {
    type_size(e, datatype)
}

/// (lower bound, extent)
pub fn type_get_extent(e: Eng, datatype: TypeId) -> Result<(i64, i64)> {
    let dt = e.types.get(datatype)?;
    Ok((dt.lb(), dt.extent()))
}

/// MPI-3 name of the large count form.
pub fn type_get_extent_x(e: Eng, datatype: TypeId) -> Result<(i64, i64)> {
    type_get_extent(e, datatype)
}

/// (true lower bound, true extent)
pub fn type_get_true_extent(e: Eng, datatype: TypeId) -> Result<(i64, i64)> {
    let dt = e.types.get(datatype)?;
    Ok((dt.true_lb(), dt.true_extent()))
}

/// MPI-3 name of the large count form.
pub fn type_get_true_extent_x(e: Eng, datatype: TypeId) -> Result<(i64, i64)> {
    type_get_true_extent(e, datatype)
}

pub fn get_address(_e: Eng, location: usize) -> Result<i64> {
    Ok(location as i64)
}
