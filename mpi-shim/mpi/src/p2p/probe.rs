//! Probing and matched probes (MPI-5.0 §3.8).

use super::protocol::Unexpected;
use super::{NO_PROC, check_source, completed_with, pattern};
use crate::comm::Comm;
use crate::constants::{PROC_NULL, predefined::MESSAGE_NO_PROC};
use crate::datatype::Memory;
use crate::error::Result;
use crate::matching::Envelope;
use crate::request::table::{Body, Requests};
use crate::request::{self};
use crate::{CommId, Eng, MessageId, RequestId, Status, Statuses, TypeId, UserBuf, datatype, fail};
use std::cell::RefCell;
use std::rc::Rc;

/// A message taken out of the queue by a matched probe, waiting for its MPI_Mrecv.
pub struct Message {
    comm: Rc<Comm>,
    held: RefCell<Option<(Envelope, Unexpected)>>,
}

fn status_of(envelope: Envelope, message: &Unexpected) -> Status {
    let Envelope { source, tag, .. } = envelope;
    Status { source, tag, error: 0, bytes: message.what.bytes(), cancelled: false }
}

fn peek(e: Eng, comm: &Comm, source: i32, tag: i32) -> Option<Status> {
    let mut traffic = e.traffic.borrow_mut();
    traffic.matching.probe(pattern(comm, source, tag)).map(|(envelope, message)| status_of(envelope, message))
}

pub fn iprobe(e: Eng, source: i32, tag: i32, comm: CommId, status: Statuses) -> Result<bool> {
    let comm = e.comms.get(comm)?;
    check_source(&comm, source, tag)?;
    if source == PROC_NULL {
        status.set(0, &NO_PROC);
        return Ok(true);
    }
    let mut found = peek(e, &comm, source, tag);
    if found.is_none() {
        e.progress_test();
        found = peek(e, &comm, source, tag);
    }
    if let Some(found) = found {
        status.set(0, &found);
    }
    Ok(found.is_some())
}

pub fn probe(e: Eng, source: i32, tag: i32, comm: CommId, status: Statuses) -> Result {
    let comm = e.comms.get(comm)?;
    check_source(&comm, source, tag)?;
    if source == PROC_NULL {
        status.set(0, &NO_PROC);
        return Ok(());
    }
    loop {
        if let Some(found) = peek(e, &comm, source, tag) {
            status.set(0, &found);
            return Ok(());
        }
        e.progress_wait()?;
    }
}

fn take(e: Eng, comm: &Rc<Comm>, source: i32, tag: i32) -> Option<(MessageId, Status)> {
    let taken = e.traffic.borrow_mut().matching.take_unexpected(pattern(comm, source, tag))?;
    let status = status_of(taken.0, &taken.1);
    Some((e.messages.insert(Message { comm: comm.clone(), held: RefCell::new(Some(taken)) }), status))
}

pub fn improbe(e: Eng, source: i32, tag: i32, comm: CommId, status: Statuses) -> Result<(bool, MessageId)> {
    let comm = e.comms.get(comm)?;
    check_source(&comm, source, tag)?;
    if source == PROC_NULL {
        status.set(0, &NO_PROC);
        return Ok((true, MESSAGE_NO_PROC));
    }
    let mut taken = take(e, &comm, source, tag);
    if taken.is_none() {
        e.progress_test();
        taken = take(e, &comm, source, tag);
    }
    let Some((message, found)) = taken else { return Ok((false, MessageId::NULL)) };
    status.set(0, &found);
    Ok((true, message))
}

pub fn mprobe(e: Eng, source: i32, tag: i32, comm: CommId, status: Statuses) -> Result<MessageId> {
    let comm = e.comms.get(comm)?;
    check_source(&comm, source, tag)?;
    if source == PROC_NULL {
        status.set(0, &NO_PROC);
        return Ok(MESSAGE_NO_PROC);
    }
    loop {
        if let Some((message, found)) = take(e, &comm, source, tag) {
            status.set(0, &found);
            return Ok(message);
        }
        e.progress_wait()?;
    }
}

pub fn imrecv(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    message: &mut MessageId,
) -> Result<RequestId> {
    let datatype = datatype::usable(e, datatype)?;
    super::check_buffer(buf, count, &datatype)?;
    let id = std::mem::replace(message, MessageId::NULL);
    if id == MESSAGE_NO_PROC {
        return Ok(completed_with(e, NO_PROC));
    }
    let held = e.messages.remove(id).inspect_err(|_| *message = id)?;
    let Some((envelope, unexpected)) = held.held.take() else {
        fail!(REQUEST, "message has been received before, expected one from MPI_Mprobe or MPI_Improbe");
    };
    let mut traffic = e.traffic.borrow_mut();
    let to = super::protocol::Receiving::new(Memory::new(buf, count, &datatype));
    let number = traffic.requests.insert(Some(held.comm.clone()), Body::Receive(to));
    traffic.take(number, envelope, unexpected);
    Ok(Requests::handle(number))
}

pub fn mrecv(
    e: Eng,
    buf: UserBuf,
    count: i64,
    datatype: TypeId,
    message: &mut MessageId,
    status: Statuses,
) -> Result {
    let request = imrecv(e, buf, count, datatype, message)?;
    let received = request::wait_raw(e, request)?;
    status.set(0, &received);
    Ok(())
}
