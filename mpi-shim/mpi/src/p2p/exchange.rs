//! MPI_Sendrecv and its relatives (MPI-5.0 §3.10).

use super::{irecv, isend};
use crate::error::Result;
use crate::request::{self, insert_generic, poll_done};
use crate::{CommId, Eng, RequestId, Statuses, TypeId, UserBuf, datatype};

/// Both halves of an exchange; the receive's outcome counts.
fn both(e: Eng, send: RequestId, recv: RequestId, status: Statuses) -> Result {
    let received = request::wait_raw(e, recv);
    let sent = request::wait_raw(e, send);
    status.set(0, &received?);
    sent.map(|_| ())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Sendrecv")]
pub fn sendrecv(
    e: Eng,
    sendbuf: UserBuf,
    sendcount: i64,
    sendtype: TypeId,
    dest: i32,
    sendtag: i32,
    recvbuf: UserBuf,
    recvcount: i64,
    recvtype: TypeId,
    source: i32,
    recvtag: i32,
    comm: CommId,
    status: Statuses,
) -> Result {
    super::check_send(e, sendbuf, sendcount, sendtype, dest, sendtag, comm)?;
    let recv = irecv(e, recvbuf, recvcount, recvtype, source, recvtag, comm)?;
    let send = isend(e, sendbuf, sendcount, sendtype, dest, sendtag, comm)?;
    both(e, send, recv, status)
}

/// A packed copy of what is to be sent, so that the buffer can be received into.
fn packed(e: Eng, buf: UserBuf, count: i64, datatype: TypeId) -> Result<Vec<u8>> {
    let datatype = datatype::usable(e, datatype)?;
    super::check_buffer(buf, count, &datatype)?;
    let len = datatype.bytes(count) as usize;
    // Room for a byte at least: an empty vector's address would look like a sentinel.
    let mut copy = Vec::with_capacity(len.max(1));
    copy.resize(len, 0);
    datatype.pack(buf, count, 0, UserBuf::of(&mut copy), len);
    Ok(copy)
}

const BYTE: TypeId = TypeId(583);

#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Sendrecv_replace")]
pub fn sendrecv_replace(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    dest: i32,
    sendtag: i32,
    source: i32,
    recvtag: i32,
    comm: CommId,
    status: Statuses,
) -> Result {
    super::check_send(e, buf, count, datatype, dest, sendtag, comm)?;
    let mut copy = packed(e, buf, count, datatype)?;
    let recv = irecv(e, buf, count, datatype, source, recvtag, comm)?;
    let send = isend(e, UserBuf::of(&mut copy), copy.len() as i64, BYTE, dest, sendtag, comm)?;
    both(e, send, recv, status)
}

/// One request for both halves; `copy` lives until they are complete.
fn joined(e: Eng, send: RequestId, recv: RequestId, copy: Vec<u8>) -> RequestId {
    let (mut sent, mut received) = (None, None);
    insert_generic(
        e,
        Box::new(move |e| {
            let _keep = &copy;
            sent = sent.take().or_else(|| poll_done(e, send));
            received = received.take().or_else(|| poll_done(e, recv));
            match (&sent, &received) {
                (Some(_), Some(_)) => {}
                _ => return None,
            }
            let outcome = received.take()?;
            Some(sent.take()?.and(outcome))
        }),
    )
}

#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Isendrecv")]
pub fn isendrecv(
    e: Eng,
    sendbuf: UserBuf,
    sendcount: i64,
    sendtype: TypeId,
    dest: i32,
    sendtag: i32,
    recvbuf: UserBuf,
    recvcount: i64,
    recvtype: TypeId,
    source: i32,
    recvtag: i32,
    comm: CommId,
) -> Result<RequestId> {
    super::check_send(e, sendbuf, sendcount, sendtype, dest, sendtag, comm)?;
    let recv = irecv(e, recvbuf, recvcount, recvtype, source, recvtag, comm)?;
    let send = isend(e, sendbuf, sendcount, sendtype, dest, sendtag, comm)?;
    Ok(joined(e, send, recv, Vec::new()))
}

#[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Isendrecv_replace")]
pub fn isendrecv_replace(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    dest: i32,
    sendtag: i32,
    source: i32,
    recvtag: i32,
    comm: CommId,
) -> Result<RequestId> {
    super::check_send(e, buf, count, datatype, dest, sendtag, comm)?;
    let mut copy = packed(e, buf, count, datatype)?;
    let recv = irecv(e, buf, count, datatype, source, recvtag, comm)?;
    let send = isend(e, UserBuf::of(&mut copy), copy.len() as i64, BYTE, dest, sendtag, comm)?;
    Ok(joined(e, send, recv, copy))
}
