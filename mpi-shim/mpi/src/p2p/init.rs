//! Persistent sends and receives (MPI-5.0 §3.9).

use super::{Checked, SendMode, check_recv, check_send};
use crate::error::Result;
use crate::request::{COMPLETED, insert_persistent};
use crate::{CommId, Eng, RequestId, TypeId, UserBuf};
use std::rc::Rc;

macro_rules! send_inits {
    ($($name:ident $mode:ident;)*) => {$(
        pub fn $name(e: Eng, buf: UserBuf, count: i64, datatype: TypeId, dest: i32, tag: i32, comm: CommId) -> Result<RequestId> {
            send_init_mode(e, SendMode::$mode, buf, count, datatype, dest, tag, comm)
        }
    )*};
}

send_inits! {
    send_init Standard;
    bsend_init Buffered;
    ssend_init Sync;
    rsend_init Ready;
}

#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Send_init")]
fn send_init_mode(
    e: Eng,
    mode: SendMode,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    dest: i32,
    tag: i32,
    comm: CommId,
) -> Result<RequestId> {
    // The datatype may be freed while the request lives: every round uses the object, not the handle.
    let Some(checked) = check_send(e, buf, count, datatype, dest, tag, comm)? else {
        return Ok(insert_persistent(e, Rc::new(|_| Ok(COMPLETED))));
    };
    let start = move |e: Eng| match mode {
        SendMode::Buffered => {
            super::buffered::start(e, &checked.comm, buf, count, &checked.datatype, dest, tag)
        }
        _ => crate::request::isend_raw(
            e,
            mode,
            &checked.comm,
            checked.comm.context,
            buf,
            count,
            &checked.datatype,
            dest,
            tag,
        ),
    };
    Ok(insert_persistent(e, Rc::new(start)))
}

pub fn recv_init(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    source: i32,
    tag: i32,
    comm: CommId,
) -> Result<RequestId> {
    let Some(Checked { comm, datatype }) = check_recv(e, buf, count, datatype, source, tag, comm)? else {
        return Ok(insert_persistent(e, Rc::new(|e| Ok(super::completed_with(e, super::NO_PROC)))));
    };
    let start =
        move |e: Eng| crate::request::irecv_raw(e, &comm, comm.context, buf, count, &datatype, source, tag);
    Ok(insert_persistent(e, Rc::new(start)))
}
