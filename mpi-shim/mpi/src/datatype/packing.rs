//! `MPI_Pack` and `MPI_Unpack`. The packed form is the message as it travels: no header, no conversion.

use super::construct::check_count;
use super::{Datatype, usable};
use crate::{CommId, Eng, Result, TypeId, UserBuf, fail};

/// Checks that `bytes` fit between `position` and the end of the buffer.
pub(super) fn check_room(position: i64, size: i64, bytes: u64, size_name: &str) -> Result {
    if position < 0 || size < 0 {
        fail!(ARG, "position is {position} and {size_name} is {size}, expected 0 or more");
    }
    if i128::from(position) + i128::from(bytes) > i128::from(size) {
        fail!(TRUNCATE, "{bytes} bytes from position {position} on exceed {size_name} {size}");
    }
    Ok(())
}

/// A NULL buffer is good only for types with absolute addresses in them.
pub fn check_buffer(buf: UserBuf, count: i64, dt: &Datatype) -> Result {
    if buf.is_null() && count > 0 && dt.size() > 0 && dt.true_lb().unsigned_abs() < 4096 {
        fail!(BUFFER, "the buffer is NULL, expected {count} elements of {}", dt.describe());
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn pack(
    e: Eng,
    inbuf: UserBuf,
    incount: i64,
    datatype: TypeId,
    outbuf: UserBuf,
    outsize: i64,
    position: &mut i64,
    comm: CommId,
) -> Result {
    e.comms.get(comm)?;
    check_count(incount)?;
    let dt = usable(e, datatype)?;
    check_buffer(inbuf, incount, &dt)?;
    let bytes = dt.bytes(incount);
    check_room(*position, outsize, bytes, "outsize")?;
    dt.pack(inbuf, incount, 0, outbuf.offset(*position as isize), bytes as usize);
    *position += bytes as i64;
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn unpack(
    e: Eng,
    inbuf: UserBuf,
    insize: i64,
    position: &mut i64,
    outbuf: UserBuf,
    outcount: i64,
    datatype: TypeId,
    comm: CommId,
) -> Result {
    e.comms.get(comm)?;
    check_count(outcount)?;
    let dt = usable(e, datatype)?;
    check_buffer(outbuf, outcount, &dt)?;
    let bytes = dt.bytes(outcount);
    check_room(*position, insize, bytes, "insize")?;
    dt.unpack(outbuf, outcount, 0, inbuf.offset(*position as isize), bytes as usize);
    *position += bytes as i64;
    Ok(())
}

pub fn pack_size(e: Eng, incount: i64, datatype: TypeId, comm: CommId) -> Result<i64> {
    e.comms.get(comm)?;
    check_count(incount)?;
    let dt = e.types.get(datatype)?;
    match i64::try_from(i128::from(dt.size()) * i128::from(incount)) {
        Ok(n) => Ok(n),
        Err(_) => fail!(VALUE_TOO_LARGE, "{incount} elements of {} exceed 2^63 - 1 bytes", dt.describe()),
    }
}
