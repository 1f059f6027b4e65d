//! What a status says about received data: whole elements, basic elements.

use super::layout::Layout;
use crate::constants::UNDEFINED;
use crate::{Eng, Result, Statuses, TypeId, fail};

fn bytes_of(status: Statuses) -> Result<u64> {
    if status.ignored() {
        fail!(ARG, "status is MPI_STATUS_IGNORE, expected a status");
    }
    Ok(status.get(0).bytes)
}

/// Whole elements in `bytes`, or `MPI_UNDEFINED` (MPI-5.0 §3.2.5).
pub fn count_of(layout: &Layout, bytes: u64) -> i64 {
    match layout.size {
        _ if bytes == 0 => 0,
        0 => UNDEFINED.into(),
        size if bytes.is_multiple_of(size) => (bytes / size) as i64,
        _ => UNDEFINED.into(),
    }
}

/// Basic elements in `bytes`, or `MPI_UNDEFINED` when the last one is cut (MPI-5.0 §5.1.11).
pub fn elements_of(layout: &Layout, bytes: u64) -> i64 {
    match layout.elements_of(u64::MAX, bytes) {
        (n, 0) => n as i64,
        _ => UNDEFINED.into(),
    }
}

pub fn get_count(e: Eng, status: Statuses, datatype: TypeId) -> Result<i64> {
    Ok(count_of(e.types.get(datatype)?.layout(), bytes_of(status)?))
}

pub fn get_elements(e: Eng, status: Statuses, datatype: TypeId) -> Result<i64> {
    Ok(elements_of(e.types.get(datatype)?.layout(), bytes_of(status)?))
}

/// MPI-3 name of the large count form.
pub fn get_elements_x(e: Eng, status: Statuses, datatype: TypeId) -> Result<i64> {
    get_elements(e, status, datatype)
}

pub fn status_set_elements(e: Eng, status: Statuses, datatype: TypeId, count: i64) -> Result {
    let dt = e.types.get(datatype)?;
    let mut new = match status.ignored() {
        true => fail!(ARG, "status is MPI_STATUS_IGNORE, expected a status"),
        false => status.get(0),
    };
    let Ok(n) = u64::try_from(count) else { fail!(COUNT, "count is {count}, expected 0 or more") };
    match dt.layout().bytes_of_elements(n) {
        Some(bytes) => new.bytes = bytes,
        None => fail!(COUNT, "count is {count}: {} holds no such number of elements", dt.describe()),
    }
    status.set(0, &new);
    Ok(())
}

/// MPI-3 name of the large count form.
pub fn status_set_elements_x(e: Eng, status: Statuses, datatype: TypeId, count: i64) -> Result {
    status_set_elements(e, status, datatype, count)
}
