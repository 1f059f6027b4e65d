//! MPI_Wait*, MPI_Test*, MPI_Request_get_status*, MPI_Request_free, MPI_Cancel.

use super::table::{Body, Outcome, Requests};
use super::{COMPLETED, Ready, consume, ready, unknown};
use crate::constants::{SUCCESS, UNDEFINED, class};
use crate::error::{Error, Result};
use crate::{Eng, Handles, Ints, RequestId, Status, Statuses, errhandler, fail};

fn checked_count(count: i32, what: &str) -> Result<usize> {
    usize::try_from(count)
        .map_err(|_| Error::new(class::ARG, format!("{what} is {count}, expected 0 or more")))
}

fn conclude_one(e: Eng, request: &mut RequestId, status: Statuses) -> Result {
    let outcome = consume(e, request);
    status.set(0, &outcome.status);
    outcome.error.map_or(Ok(()), Err)
}

pub fn wait(e: Eng, request: &mut RequestId, status: Statuses) -> Result {
    loop {
        if let Some(settled) = e.traffic.borrow_mut().requests.take_settled(*request) {
            status.set(0, &settled);
            *request = RequestId::NULL;
            return Ok(());
        }
        match ready(e, *request)? {
            Ready::Yes => return conclude_one(e, request, status),
            Ready::Inactive => {
                status.set(0, &Status::EMPTY);
                return Ok(());
            }
            Ready::No => e.progress_wait()?,
        }
    }
}

pub fn test(e: Eng, request: &mut RequestId, status: Statuses) -> Result<bool> {
    for attempt in 0..2 {
        match ready(e, *request)? {
            Ready::Yes => return conclude_one(e, request, status).map(|()| true),
            Ready::Inactive => {
                status.set(0, &Status::EMPTY);
                return Ok(true);
            }
            Ready::No if attempt == 0 => e.progress_test(),
            Ready::No => {}
        }
    }
    Ok(false)
}

/// The first index that is ready, and whether any request is active at all.
fn first_ready(e: Eng, n: usize, requests: Handles<RequestId>) -> Result<(Option<usize>, bool)> {
    let mut active = false;
    for i in 0..n {
        match ready(e, requests.get(i))? {
            Ready::Yes => return Ok((Some(i), true)),
            Ready::No => active = true,
            Ready::Inactive => {}
        }
    }
    Ok((None, active))
}

fn take_at(e: Eng, i: usize, requests: Handles<RequestId>) -> Outcome {
    let mut id = requests.get(i);
    let outcome = consume(e, &mut id);
    requests.set(i, id);
    outcome
}

fn conclude_index(e: Eng, i: usize, requests: Handles<RequestId>, status: Statuses) -> Result<i32> {
    let outcome = take_at(e, i, requests);
    status.set(0, &outcome.status);
    outcome.error.map_or(Ok(i as i32), Err)
}

pub fn waitany(e: Eng, count: i32, requests: Handles<RequestId>, status: Statuses) -> Result<i32> {
    let n = checked_count(count, "count")?;
    loop {
        match first_ready(e, n, requests)? {
            (Some(i), _) => return conclude_index(e, i, requests, status),
            (None, false) => {
                status.set(0, &Status::EMPTY);
                return Ok(UNDEFINED);
            }
            (None, true) => e.progress_wait()?,
        }
    }
}

pub fn testany(e: Eng, count: i32, requests: Handles<RequestId>, status: Statuses) -> Result<(i32, bool)> {
    let n = checked_count(count, "count")?;
    for attempt in 0..2 {
        match first_ready(e, n, requests)? {
            (Some(i), _) => return conclude_index(e, i, requests, status).map(|i| (i, true)),
            (None, false) => {
                status.set(0, &Status::EMPTY);
                return Ok((UNDEFINED, true));
            }
            (None, true) if attempt == 0 => e.progress_test(),
            (None, true) => {}
        }
    }
    Ok((UNDEFINED, false))
}

/// Stores outcomes from `i` on, up to the first request that is pending, failed, or of a special kind.
#[inline]
fn conclude_settled(e: Eng, i: usize, n: usize, requests: Handles<RequestId>, statuses: Statuses) -> usize {
    let mut traffic = e.traffic.borrow_mut();
    for i in i..n {
        let id = requests.get(i);
        let Some(status) = traffic.requests.take_settled(id) else { return i };
        statuses.set(i, &status);
        if id != RequestId::NULL {
            requests.set(i, RequestId::NULL);
        }
    }
    n
}

/// Stores the outcomes from `from` on; those before are stored and have not failed. An error in any of them is
/// MPI_ERR_IN_STATUS.
fn conclude_all(
    e: Eng,
    function: &str,
    from: usize,
    n: usize,
    requests: Handles<RequestId>,
    statuses: Statuses,
) -> Result {
    let mut failed = None;
    let mut outcomes = Vec::new();
    for i in conclude_settled(e, from, n, requests, statuses)..n {
        let outcome = match ready(e, requests.get(i))? {
            Ready::Yes => take_at(e, i, requests),
            _ => Outcome { status: Status::EMPTY, error: None },
        };
        if outcome.error.is_none() && failed.is_none() {
            statuses.set(i, &outcome.status);
            continue;
        }
        failed = failed.or(Some(i));
        outcomes.push((i, outcome));
    }
    let Some(first) = failed else { return Ok(()) };
    for i in 0..first {
        let status = statuses_get(statuses, i);
        statuses.set_with_error(i, &Status { error: SUCCESS, ..status });
    }
    in_status(e, function, outcomes, statuses)
}

fn statuses_get(statuses: Statuses, i: usize) -> Status {
    if statuses.ignored() { Status::EMPTY } else { statuses.get(i) }
}

/// Stores outcomes of which at least one failed, and says so.
fn in_status(e: Eng, function: &str, outcomes: Vec<(usize, Outcome)>, statuses: Statuses) -> Result {
    let mut on = None;
    let mut text = String::new();
    for (i, outcome) in outcomes {
        let mut status = outcome.status;
        if let Some(error) = outcome.error {
            status.error = errhandler::remember(e, function, &error);
            if text.is_empty() {
                text = format!("request {i} failed: {}", error.text());
            }
            on = on.or(error.target());
        }
        statuses.set_with_error(i, &status);
    }
    let error = Error::new(class::IN_STATUS, text);
    Err(match on {
        Some(on) => error.on(on),
        None => error,
    })
}

/// True if none of the requests is pending.
fn all_ready(e: Eng, n: usize, requests: Handles<RequestId>) -> Result<bool> {
    for i in 0..n {
        if matches!(ready(e, requests.get(i))?, Ready::No) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn waitall(e: Eng, count: i32, requests: Handles<RequestId>, statuses: Statuses) -> Result {
    let n = checked_count(count, "count")?;
    let mut settled = 0;
    loop {
        settled = conclude_settled(e, settled, n, requests, statuses);
        if settled == n {
            return Ok(());
        }
        match ready(e, requests.get(settled))? {
            Ready::No => e.progress_wait()?,
            _ => break,
        }
    }
    // One of a special kind, or one that failed: the others are waited for first.
    for i in settled..n {
        while let Ready::No = ready(e, requests.get(i))? {
            e.progress_wait()?;
        }
    }
    conclude_all(e, "MPI_Waitall", settled, n, requests, statuses)
}

pub fn testall(e: Eng, count: i32, requests: Handles<RequestId>, statuses: Statuses) -> Result<bool> {
    let n = checked_count(count, "count")?;
    if !all_ready(e, n, requests)? {
        e.progress_test();
        if !all_ready(e, n, requests)? {
            return Ok(false);
        }
    }
    conclude_all(e, "MPI_Testall", 0, n, requests, statuses).map(|()| true)
}

/// Completes what is ready. None if no request is active.
fn some(
    e: Eng,
    function: &str,
    n: usize,
    requests: Handles<RequestId>,
    indices: Ints,
    statuses: Statuses,
) -> Result<Option<i32>> {
    let mut found = Vec::new();
    let mut active = false;
    for i in 0..n {
        match ready(e, requests.get(i))? {
            Ready::Yes => found.push(i),
            Ready::No => active = true,
            Ready::Inactive => {}
        }
    }
    if found.is_empty() {
        return Ok(active.then_some(0));
    }
    let outcomes: Vec<_> = found.iter().map(|&i| take_at(e, i, requests)).collect();
    for (k, &i) in found.iter().enumerate() {
        indices.set(k, i as i64);
    }
    if outcomes.iter().any(|o| o.error.is_some()) {
        return in_status(e, function, outcomes.into_iter().enumerate().collect(), statuses).map(|()| None);
    }
    for (k, outcome) in outcomes.iter().enumerate() {
        statuses.set(k, &outcome.status);
    }
    Ok(Some(found.len() as i32))
}

pub fn waitsome(
    e: Eng,
    count: i32,
    requests: Handles<RequestId>,
    indices: Ints,
    statuses: Statuses,
) -> Result<i32> {
    let n = checked_count(count, "incount")?;
    // What has arrived already belongs into this answer.
    e.progress_test();
    loop {
        match some(e, "MPI_Waitsome", n, requests, indices, statuses)? {
            None => return Ok(UNDEFINED),
            Some(0) => e.progress_wait()?,
            Some(done) => return Ok(done),
        }
    }
}

pub fn testsome(
    e: Eng,
    count: i32,
    requests: Handles<RequestId>,
    indices: Ints,
    statuses: Statuses,
) -> Result<i32> {
    let n = checked_count(count, "incount")?;
    e.progress_test();
    Ok(some(e, "MPI_Testsome", n, requests, indices, statuses)?.unwrap_or(UNDEFINED))
}

/// Status of a request that stays allocated.
fn peek(e: Eng, id: RequestId) -> Result<Option<Status>> {
    match ready(e, id)? {
        Ready::No => return Ok(None),
        Ready::Inactive => return Ok(Some(Status::EMPTY)),
        Ready::Yes => {}
    }
    let mut traffic = e.traffic.borrow_mut();
    let round = match traffic.requests.body(id) {
        Some(Body::Persistent(p)) => p.active.unwrap_or(COMPLETED),
        Some(Body::Generalized(g)) => {
            let g = *g;
            drop(traffic);
            return super::generalized::query(e, &g).map(Some);
        }
        _ => id,
    };
    Ok(Some(traffic.requests.peek(round).map_or(Status::EMPTY, |(status, _)| status)))
}

pub fn request_get_status(e: Eng, request: RequestId, status: Statuses) -> Result<bool> {
    e.progress_test();
    let Some(found) = peek(e, request)? else { return Ok(false) };
    status.set(0, &found);
    Ok(true)
}

pub fn request_get_status_any(
    e: Eng,
    count: i32,
    requests: Handles<RequestId>,
    status: Statuses,
) -> Result<(i32, bool)> {
    let n = checked_count(count, "count")?;
    e.progress_test();
    match first_ready(e, n, requests)? {
        (Some(i), _) => {
            request_get_status(e, requests.get(i), status)?;
            Ok((i as i32, true))
        }
        (None, false) => {
            status.set(0, &Status::EMPTY);
            Ok((UNDEFINED, true))
        }
        (None, true) => Ok((UNDEFINED, false)),
    }
}

pub fn request_get_status_all(
    e: Eng,
    count: i32,
    requests: Handles<RequestId>,
    statuses: Statuses,
) -> Result<bool> {
    let n = checked_count(count, "count")?;
    e.progress_test();
    if !all_ready(e, n, requests)? {
        return Ok(false);
    }
    for i in 0..n {
        if let Some(status) = peek(e, requests.get(i))? {
            statuses.set(i, &status);
        }
    }
    Ok(true)
}

pub fn request_get_status_some(
    e: Eng,
    count: i32,
    requests: Handles<RequestId>,
    indices: Ints,
    statuses: Statuses,
) -> Result<i32> {
    let n = checked_count(count, "incount")?;
    e.progress_test();
    let (mut found, mut active) = (0, false);
    for i in 0..n {
        match ready(e, requests.get(i))? {
            Ready::Yes => {
                active = true;
                indices.set(found, i as i64);
                if let Some(status) = peek(e, requests.get(i))? {
                    statuses.set(found, &status);
                }
                found += 1;
            }
            Ready::No => active = true,
            Ready::Inactive => {}
        }
    }
    Ok(if active { found as i32 } else { UNDEFINED })
}

pub fn request_free(e: Eng, request: &mut RequestId) -> Result {
    let id = *request;
    if id == RequestId::NULL {
        fail!(REQUEST, "request is MPI_REQUEST_NULL, expected a request");
    }
    let mut traffic = e.traffic.borrow_mut();
    let generalized = match traffic.requests.body(id) {
        None if id != COMPLETED => return Err(unknown(id)),
        Some(Body::Persistent(p)) => {
            if let Some(round) = p.active.take() {
                traffic.requests.abandon(round);
            }
            None
        }
        Some(Body::Generalized(g)) => Some(*g),
        _ => None,
    };
    match generalized {
        // The program completes it later; its free function runs then.
        Some(g) if !g.complete => traffic.requests.abandon(id),
        Some(g) => {
            traffic.requests.take(id);
            drop(traffic);
            super::generalized::conclude(e, &g);
        }
        None if id != COMPLETED => traffic.requests.abandon(id),
        None => {}
    }
    *request = RequestId::NULL;
    Ok(())
}

pub fn cancel(e: Eng, request: &mut RequestId) -> Result {
    let id = *request;
    if id == RequestId::NULL {
        fail!(REQUEST, "request is MPI_REQUEST_NULL, expected an active request");
    }
    if id == COMPLETED {
        return Ok(());
    }
    let mut traffic = e.traffic.borrow_mut();
    let round = match traffic.requests.body(id) {
        None => return Err(unknown(id)),
        Some(Body::Persistent(p)) => match p.active {
            None => fail!(REQUEST, "request is an inactive persistent request, expected an active one"),
            Some(round) => round,
        },
        Some(Body::Generic(_)) => {
            fail!(REQUEST, "request belongs to a nonblocking collective, which cannot be cancelled")
        }
        Some(Body::Generalized(g)) => {
            let g = *g;
            drop(traffic);
            return super::generalized::cancel_one(e, &g);
        }
        Some(_) => id,
    };
    if let Some(number) = Requests::number(round).filter(|_| round != COMPLETED) {
        traffic.cancel(number);
    }
    Ok(())
}
