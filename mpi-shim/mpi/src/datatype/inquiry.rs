//! Size and bounds of a type, and arithmetic on addresses.

use crate::{Eng, Result, TypeId, UserBuf};

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

pub fn get_address(_e: Eng, location: UserBuf) -> Result<i64> {
    Ok(location.addr() as i64)
}

pub fn aint_add(_e: Eng, base: i64, disp: i64) -> Result<i64> {
    Ok(base.wrapping_add(disp))
}

pub fn aint_diff(_e: Eng, addr1: i64, addr2: i64) -> Result<i64> {
    Ok(addr1.wrapping_sub(addr2))
}
