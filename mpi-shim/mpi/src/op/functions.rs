//! The functions of MPI about operations.

use super::{Kind, Op, apply, check};
use crate::{Eng, OpId, Result, TypeId, UserBuf, UserFn, datatype, fail};

/// `MPI_Op_create` and `MPI_Op_create_c`; `func.large` tells them apart.
pub fn op_create(e: Eng, func: UserFn, commute: i32) -> Result<OpId> {
    if func.func == UserFn::NULL {
        fail!(ARG, "user_fn is NULL, expected a function");
    }
    let op = Op { kind: Kind::User(func), name: "a user operation", commutative: commute != 0 };
    Ok(e.ops.insert(op))
}

pub fn op_free(e: Eng, op: &mut OpId) -> Result {
    let object = e.ops.get(*op)?;
    if object.is_predefined() {
        fail!(OP, "{} is predefined and cannot be freed", object.name());
    }
    e.ops.remove(*op)?;
    *op = OpId::NULL;
    Ok(())
}

pub fn op_commutative(e: Eng, op: OpId) -> Result<bool> {
    Ok(e.ops.get(op)?.commutative())
}

pub fn reduce_local(
    e: Eng,
    inbuf: UserBuf,
    inoutbuf: UserBuf,
    count: i64,
    datatype: TypeId,
    op: OpId,
) -> Result {
    if count < 0 {
        fail!(COUNT, "count is {count}, expected 0 or more");
    }
    let dt = datatype::usable(e, datatype)?;
    let op = e.ops.get(op)?;
    check(&op, &dt)?;
    for (name, buf) in [("inbuf", inbuf), ("inoutbuf", inoutbuf)] {
        if buf.is_in_place() {
            fail!(BUFFER, "{name} is MPI_IN_PLACE, expected a buffer");
        }
        datatype::check_buffer(buf, count, &dt)?;
    }
    apply(e, &op, &dt, datatype, inbuf, inoutbuf, count)
}
