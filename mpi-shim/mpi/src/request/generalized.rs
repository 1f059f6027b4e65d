//! Generalized requests (MPI-5.0 §13.2): operations that the program itself performs and completes.

use super::table::{Body, Generalized, Outcome, Requests};
use super::unknown;
use crate::constants::class;
use crate::error::{Error, Result};
use crate::{Callbacks, Eng, RequestId, Status, UserFn, fail};

pub fn grequest_start(
    e: Eng,
    query: UserFn,
    free: UserFn,
    cancel: UserFn,
    extra_state: usize,
) -> Result<RequestId> {
    let body = Body::Generalized(Generalized { query, free, cancel, extra_state, complete: false });
    Ok(Requests::handle(e.traffic.borrow_mut().requests.insert(None, body)))
}

pub fn grequest_complete(e: Eng, request: RequestId) -> Result {
    let abandoned = {
        let mut traffic = e.traffic.borrow_mut();
        if !traffic.requests.contains(request) && !traffic.requests.is_abandoned(request) {
            return Err(unknown(request));
        }
        match traffic.requests.any_body(request) {
            Some(Body::Generalized(g)) => {
                g.complete = true;
                let g = *g;
                traffic.requests.is_abandoned(request).then_some(g)
            }
            _ => fail!(REQUEST, "request is no generalized request, expected one made by MPI_Grequest_start"),
        }
    };
    if let Some(g) = abandoned {
        if let Some(number) = Requests::number(request) {
            e.traffic.borrow_mut().requests.finish(number);
        }
        conclude(e, &g);
    }
    e.wake_sleepers();
    Ok(())
}

fn callbacks() -> Result<&'static Callbacks> {
    vmi_mpi_args::callbacks()
        .ok_or_else(|| Error::new(class::INTERN, "no ABI library has registered its callbacks"))
}

/// Asks the program for the status.
pub(crate) fn query(_e: Eng, g: &Generalized) -> Result<Status> {
    let (code, status) = (callbacks()?.greq_query)(g.query, g.extra_state);
    match code {
        0 => Ok(status),
        code => Err(Error::new(code, "the query function of a generalized request failed")),
    }
}

/// Query, then free: the end of a completed generalized request.
pub(crate) fn conclude(e: Eng, g: &Generalized) -> Outcome {
    let queried = query(e, g);
    let code = callbacks().map_or(class::INTERN, |c| (c.greq_free)(g.free, g.extra_state));
    let freed = (code != 0).then(|| Error::new(code, "the free function of a generalized request failed"));
    match queried {
        Ok(status) => Outcome { status, error: freed },
        Err(error) => Outcome { status: Status::EMPTY, error: Some(error) },
    }
}

pub(crate) fn cancel_one(_e: Eng, g: &Generalized) -> Result {
    match (callbacks()?.greq_cancel)(g.cancel, g.extra_state, g.complete) {
        0 => Ok(()),
        code => Err(Error::new(code, "the cancel function of a generalized request failed")),
    }
}
