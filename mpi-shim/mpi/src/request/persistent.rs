//! Persistent requests (MPI-5.0 §3.9, §6.13): a handle that starts the same operation again and again.

use super::table::{Body, Persistent, Requests, Start};
use super::unknown;
use crate::constants::class;
use crate::error::{Error, Result};
use crate::{Eng, Handles, RequestId, fail};

/// An inactive persistent request; `start` begins a round and returns its request.
pub fn insert_persistent(e: Eng, start: Start) -> RequestId {
    let body = Body::Persistent(Persistent { start, active: None });
    Requests::handle(e.traffic.borrow_mut().requests.insert(None, body))
}

pub fn start(e: Eng, request: &mut RequestId) -> Result {
    let id = *request;
    let begin = match e.traffic.borrow_mut().requests.body(id) {
        None => return Err(unknown(id)),
        Some(Body::Persistent(Persistent { active: Some(_), .. })) => {
            fail!(REQUEST, "request is already active, expected an inactive persistent request")
        }
        Some(Body::Persistent(p)) => p.start.clone(),
        Some(_) => fail!(REQUEST, "request is not persistent, expected one made by an MPI_*_init function"),
    };
    let round = begin(e)?;
    if let Some(Body::Persistent(p)) = e.traffic.borrow_mut().requests.body(id) {
        p.active = Some(round);
    }
    Ok(())
}

pub fn startall(e: Eng, count: i32, requests: Handles<RequestId>) -> Result {
    let n = usize::try_from(count)
        .map_err(|_| Error::new(class::COUNT, format!("count is {count}, expected 0 or more")))?;
    for i in 0..n {
        start(e, &mut requests.get(i))?;
    }
    Ok(())
}
