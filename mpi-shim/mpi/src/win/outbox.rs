//! The origin's side: letters to targets, and operations whose data or reply is under way.

use super::Win;
use super::apply::Elements;
use super::wire::{Head, INLINE, Kind, LETTERS};
use crate::datatype::{Datatype, wire};
use crate::error::Result;
use crate::p2p::SendMode;
use crate::request::table::{Body, Requests};
use crate::request::{self, COMPLETED};
use crate::{Eng, RequestId, Status, TypeId, UserBuf};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Operations, and bytes of their data, that one target may have without having confirmed them.
pub const MOST_OPERATIONS: u32 = 1024;
const MOST_BYTES: u64 = 32 << 20;

/// What this process knows about one target.
#[derive(Default, Clone)]
pub struct Target {
    /// Started since the last confirmation was asked for.
    operations: u32,
    bytes: u64,
    /// Confirmations asked for and received.
    asked: u32,
    pub done: u32,
    /// A lock that was asked for has been granted.
    pub granted: bool,
    /// Calls of MPI_Win_post that told this process, not yet used by MPI_Win_start.
    pub posts: u32,
}

/// An operation of which a message is under way.
struct Pending {
    request: RequestId,
    rank: i32,
    /// The program's request, completed with the last part of its operation.
    user: Option<Rc<Ticket>>,
    /// Memory of ours that the message comes from or goes to.
    _keep: Option<Vec<u8>>,
    /// Where a reply goes that lies in memory of ours.
    landing: Option<(Elements, u64, UserBuf, u64)>,
}

/// The program's request for an operation in several parts; complete when the last part lets go of it.
struct Ticket {
    e: Eng,
    number: u32,
    error: RefCell<Option<crate::Error>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let error = self.error.take();
        self.e.traffic.borrow_mut().requests.complete(self.number, Status::EMPTY, error);
    }
}

pub struct Outbox {
    pub targets: RefCell<Vec<Target>>,
    pending: RefCell<Vec<Pending>>,
    /// Letters that have not left yet.
    letters: RefCell<Vec<(RequestId, Vec<u8>)>>,
    tag: Cell<i32>,
}

impl Outbox {
    pub fn new(size: i32) -> Outbox {
        Outbox {
            targets: RefCell::new(vec![Target::default(); size as usize]),
            pending: RefCell::default(),
            letters: RefCell::default(),
            tag: Cell::new(0),
        }
    }

    /// Nothing of ours that a message needs is left here.
    pub fn has_left(&self) -> bool {
        self.letters.borrow().is_empty() && self.pending.borrow().is_empty()
    }

    /// Tags of messages beside letters: even for data, odd for replies.
    fn next_tag(&self, reply: bool) -> i32 {
        let tag = self.tag.get() % (1 << 29) + 1;
        self.tag.set(tag);
        2 * tag + i32::from(reply)
    }
}

pub(super) fn byte(e: Eng) -> Rc<Datatype> {
    e.types.find(TypeId(583)).expect("predefined types live as long as the engine")
}

/// Sends a letter.
pub fn post(e: Eng, win: &Win, rank: i32, mut letter: Vec<u8>) -> Result {
    let (buf, len) = (UserBuf::of(&mut letter), letter.len() as i64);
    let (comm, byte) = (&win.comm, byte(e));
    let mode = SendMode::Standard;
    let request = request::isend_raw(e, mode, comm, comm.context, buf, len, &byte, rank, LETTERS)?;
    if request != COMPLETED {
        win.outbox.letters.borrow_mut().push((request, letter));
    }
    Ok(())
}

/// The request that the program gets for an operation, while the operation's parts are being started.
pub struct Whole(Option<(Rc<Ticket>, RequestId)>);

impl Whole {
    pub fn none() -> Whole {
        Whole(None)
    }

    pub fn request(e: Eng) -> Whole {
        let number = e.traffic.borrow_mut().requests.insert(None, Body::Nothing);
        Whole(Some((Rc::new(Ticket { e, number, error: RefCell::new(None) }), Requests::handle(number))))
    }

    pub fn id(&self) -> RequestId {
        self.0.as_ref().map_or(COMPLETED, |(_, id)| *id)
    }

    fn part(&self) -> Option<Rc<Ticket>> {
        self.0.as_ref().map(|(ticket, _)| ticket.clone())
    }
}

/// The target's elements, as a letter describes them.
pub struct There<'a> {
    pub rank: i32,
    pub place: i64,
    pub count: i64,
    pub datatype: &'a Datatype,
}

impl There<'_> {
    fn head(&self, kind: Kind, number: u32) -> Head {
        let (place, count) = (self.place, self.count);
        Head { kind, described: 0, number, tag: 0, place, count, from: 0, len: 0 }
    }
}

/// Before an operation: bounds what the target has not confirmed.
fn admit(e: Eng, win: &Win, rank: i32, bytes: u64) -> Result {
    let full = {
        let target = &win.outbox.targets.borrow()[rank as usize];
        target.operations >= MOST_OPERATIONS || target.bytes >= MOST_BYTES
    };
    if full {
        flush(e, win, rank)?;
    }
    let target = &mut win.outbox.targets.borrow_mut()[rank as usize];
    target.operations += 1;
    target.bytes += bytes;
    Ok(())
}

pub fn put(e: Eng, win: &Win, to: &There<'_>, origin: &Elements, whole: &Whole) -> Result {
    let len = origin.bytes();
    admit(e, win, to.rank, len)?;
    let head = Head { len, ..to.head(Kind::Put, 0) };
    send_operation(e, win, to, head, origin, whole)
}

/// A letter with the bytes `head.from..+head.len` of `origin`, inside or after it.
fn send_operation(
    e: Eng,
    win: &Win,
    to: &There<'_>,
    mut head: Head,
    origin: &Elements,
    whole: &Whole,
) -> Result {
    let described = wire::encode(to.datatype);
    if head.len <= INLINE {
        let mut letter = head.letter(&described);
        let at = letter.len();
        letter.resize(at + head.len as usize, 0);
        origin.pack(head.from, UserBuf::of(&mut letter[at..]), head.len);
        return post(e, win, to.rank, letter);
    }
    // The reply, if any, has an odd tag; the data come under the even one below it.
    let tag = if head.tag == 0 { win.outbox.next_tag(false) } else { head.tag & !1 };
    head.tag = tag | (head.tag & 1);
    post(e, win, to.rank, head.letter(&described))?;
    send_data(e, win, to.rank, tag, (head.from, head.len), origin, whole)
}

fn send_data(
    e: Eng,
    win: &Win,
    rank: i32,
    tag: i32,
    (from, len): (u64, u64),
    origin: &Elements,
    whole: &Whole,
) -> Result {
    let (comm, mode) = (&win.comm, SendMode::Standard);
    let mut keep = None;
    let request = if from == 0 && len == origin.bytes() {
        let (buf, count, datatype) = (origin.buf, origin.count, &origin.datatype);
        request::isend_raw(e, mode, comm, comm.context, buf, count, datatype, rank, tag)?
    } else {
        let buf = match origin.datatype.contiguous_window(origin.buf, origin.count) {
            Some((at, _)) => at.offset(from as isize),
            None => {
                let bytes = keep.insert(vec![0; len as usize]);
                origin.pack(from, UserBuf::of(bytes), len);
                UserBuf::of(bytes)
            }
        };
        request::isend_raw(e, mode, comm, comm.context, buf, len as i64, &byte(e), rank, tag)?
    };
    if request != COMPLETED {
        let user = whole.part();
        let pending = Pending { request, rank, user, _keep: keep, landing: None };
        win.outbox.pending.borrow_mut().push(pending);
    }
    Ok(())
}

/// Waits for a reply with the bytes `from..+len` of `result`; returns its tag.
fn expect_reply(
    e: Eng,
    win: &Win,
    rank: i32,
    result: &Elements,
    (from, len): (u64, u64),
    whole: &Whole,
) -> Result<i32> {
    let tag = win.outbox.next_tag(true);
    let (comm, mut keep, mut landing) = (&win.comm, None, None);
    let request = if from == 0 && len == result.bytes() {
        let (buf, count, datatype) = (result.buf, result.count, &result.datatype);
        request::irecv_raw(e, comm, comm.context, buf, count, datatype, rank, tag)?
    } else {
        let bytes = keep.insert(vec![0; len as usize]);
        let buf = UserBuf::of(bytes);
        landing = Some((result.clone(), from, buf, len));
        request::irecv_raw(e, comm, comm.context, buf, len as i64, &byte(e), rank, tag)?
    };
    let user = whole.part();
    win.outbox.pending.borrow_mut().push(Pending { request, rank, user, _keep: keep, landing });
    Ok(tag)
}

pub fn get(e: Eng, win: &Win, from: &There<'_>, origin: &Elements, whole: &Whole) -> Result {
    let len = origin.bytes();
    admit(e, win, from.rank, len)?;
    let tag = expect_reply(e, win, from.rank, origin, (0, len), whole)?;
    let head = Head { tag, len, ..from.head(Kind::Get, 0) };
    post(e, win, from.rank, head.letter(&wire::encode(from.datatype)))
}

/// An accumulate operation in pieces; with `result` it fetches as well.
pub fn accumulate(
    e: Eng,
    win: &Win,
    to: &There<'_>,
    (op, basic): (u32, crate::datatype::Basic),
    origin: Option<&Elements>,
    result: Option<&Elements>,
    whole: &Whole,
) -> Result {
    let total = to.datatype.bytes(to.count);
    let kind = if result.is_some() { Kind::GetAccumulate } else { Kind::Accumulate };
    let mut from = 0;
    while from < total {
        let len = super::apply::piece_of(basic, total, from);
        admit(e, win, to.rank, len)?;
        let tag = match result {
            Some(result) => expect_reply(e, win, to.rank, result, (from, len), whole)?,
            None => 0,
        };
        let head = Head { tag, from, len, ..to.head(kind, op) };
        match origin {
            Some(origin) => send_operation(e, win, to, head, origin, whole)?,
            None => post(e, win, to.rank, head.letter(&wire::encode(to.datatype)))?,
        }
        from += len;
    }
    Ok(())
}

/// `new` and `compare` are `size` bytes each.
pub fn compare_and_swap(
    e: Eng,
    win: &Win,
    to: &There<'_>,
    [new, compare]: [UserBuf; 2],
    result: &Elements,
) -> Result {
    let size = result.bytes();
    admit(e, win, to.rank, size)?;
    let tag = expect_reply(e, win, to.rank, result, (0, size), &Whole::none())?;
    let head = Head { tag, len: 2 * size, ..to.head(Kind::CompareAndSwap, 0) };
    let mut letter = head.letter(&wire::encode(to.datatype));
    for value in [new, compare] {
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..size as usize];
        value.read(0, bytes);
        letter.extend_from_slice(bytes);
    }
    post(e, win, to.rank, letter)
}

// ---- completion ----

/// Asks `rank` to tell when all operations so far are done. True if there is something to wait for.
pub fn ask(e: Eng, win: &Win, rank: i32) -> Result<bool> {
    let number = {
        let target = &mut win.outbox.targets.borrow_mut()[rank as usize];
        if target.operations == 0 {
            return Ok(target.asked != target.done);
        }
        target.operations = 0;
        target.bytes = 0;
        target.asked += 1;
        target.asked
    };
    post(e, win, rank, Head::control(Kind::Flush, number).letter(&[]))?;
    Ok(true)
}

/// As [`ask`], and ends the lock epoch there.
pub fn ask_unlock(e: Eng, win: &Win, rank: i32, checked: bool) -> Result {
    let number = {
        let target = &mut win.outbox.targets.borrow_mut()[rank as usize];
        target.operations = 0;
        target.bytes = 0;
        target.asked += 1;
        target.asked
    };
    let head = Head { count: i64::from(checked), ..Head::control(Kind::Unlock, number) };
    post(e, win, rank, head.letter(&[]))
}

/// Everything asked of `rank` is confirmed, and nothing to or from it is under way.
pub fn is_quiet(win: &Win, rank: i32) -> bool {
    let target = &win.outbox.targets.borrow()[rank as usize];
    target.asked == target.done && is_locally_quiet(win, rank)
}

/// Nothing to or from `rank` is under way here.
pub fn is_locally_quiet(win: &Win, rank: i32) -> bool {
    win.outbox.pending.borrow().iter().all(|p| p.rank != rank)
}

/// Completes all operations on `rank`, here and there.
pub fn flush(e: Eng, win: &Win, rank: i32) -> Result {
    ask(e, win, rank)?;
    win.wait(e, || is_quiet(win, rank))
}

/// Completes all operations, here and there.
pub fn flush_all(e: Eng, win: &Win) -> Result {
    for rank in 0..win.size() {
        ask(e, win, rank)?;
    }
    win.wait(e, || all_quiet(win))
}

fn all_quiet(win: &Win) -> bool {
    win.outbox.pending.borrow().is_empty()
        && win.outbox.targets.borrow().iter().all(|target| target.asked == target.done)
}

/// Completes all operations here.
pub fn flush_local_all(e: Eng, win: &Win) -> Result {
    win.wait(e, || win.outbox.pending.borrow().is_empty())
}

/// MPI_Win_complete has told the target; what was started before is its business now.
pub fn forget(win: &Win, rank: i32) {
    let target = &mut win.outbox.targets.borrow_mut()[rank as usize];
    target.operations = 0;
    target.bytes = 0;
}

/// Takes note of messages that have arrived or left; true if there were any.
pub fn step(e: Eng, win: &Win) -> bool {
    let mut any = false;
    let mut i = 0;
    // Newly started ones come at the end; none is started while this runs.
    while i < win.outbox.pending.borrow().len() {
        let request = win.outbox.pending.borrow()[i].request;
        let Some(outcome) = request::poll_done(e, request) else {
            i += 1;
            continue;
        };
        any = true;
        let pending = win.outbox.pending.borrow_mut().swap_remove(i);
        if let Some((result, from, bytes, len)) = &pending.landing {
            result.unpack(*from, *bytes, *len);
        }
        if let Err(error) = outcome {
            let error = win.own(error);
            if let Some(user) = &pending.user {
                user.error.borrow_mut().get_or_insert(error.clone());
            }
            win.record(error);
        }
    }
    let sent = |(request, _): &(RequestId, Vec<u8>)| match request::poll_done(e, *request) {
        Some(Err(error)) => {
            win.record(error);
            false
        }
        Some(Ok(_)) => false,
        None => true,
    };
    win.outbox.letters.borrow_mut().retain(sent);
    any
}
