//! Names of MPI-1 that MPI-3 removed, kept for old programs.

use super::{construct, inquiry};
use crate::{Eng, Handles, Ints, Result, TypeId};

pub fn type_hvector(e: Eng, count: i64, blocklength: i64, stride: i64, oldtype: TypeId) -> Result<TypeId> {
    construct::hvector(e, false, count, blocklength, stride, oldtype)
}

pub fn type_hindexed(
    e: Eng,
    count: i64,
    lengths: Ints,
    displacements: Ints,
    oldtype: TypeId,
) -> Result<TypeId> {
    construct::hindexed(e, false, count, lengths, displacements, oldtype)
}

pub fn type_struct(
    e: Eng,
    count: i64,
    lengths: Ints,
    displacements: Ints,
    types: Handles<TypeId>,
) -> Result<TypeId> {
    construct::structure(e, false, count, lengths, displacements, types)
}

pub fn type_extent(e: Eng, datatype: TypeId) -> Result<i64> {
    Ok(inquiry::type_get_extent(e, datatype)?.1)
}

pub fn type_lb(e: Eng, datatype: TypeId) -> Result<i64> {
    Ok(e.types.get(datatype)?.lb())
}

pub fn type_ub(e: Eng, datatype: TypeId) -> Result<i64> {
    Ok(e.types.get(datatype)?.ub())
}

pub fn address(e: Eng, location: usize) -> Result<i64> {
    inquiry::get_address(e, location)
}
