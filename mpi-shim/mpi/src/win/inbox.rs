//! The target's side: letters of each origin, in order, and what they ask for.
//!
//! A letter whose data come separately occupies its origin's line until they are there, if it updates memory;
//! plain transfers go on beside the line, and what must come after them waits until they are done.
//!
//! Invariant: every place, count and length from a letter is checked against this process's own part of the
//! window before memory is touched.

use super::apply::Elements;
use super::outbox::{self, byte};
use super::wire::{Head, Kind, LETTERS};
use super::{Flavor, Win, direct};
use crate::constants::{ANY_SOURCE, class};
use crate::datatype::{Basic, Datatype, Memory};
use crate::error::{Error, Result};
use crate::matching::Envelope;
use crate::op::Which;
use crate::p2p::SendMode;
use crate::p2p::protocol::{FRAME_COST, Kept, Receiving, Unexpected};
use crate::request::table::{Body, Requests};
use crate::request::{self, COMPLETED};
use crate::{Eng, OpId, RequestId, UserBuf, fail};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Letters taken in one step, before the caller looks at its own condition.
const STEP: usize = 64;

/// What stands in the line of one origin.
enum Entry {
    Letter(Vec<u8>),
    /// A letter that is still arriving.
    Arriving(RequestId, Vec<u8>),
    /// An update whose data are arriving.
    Update(RequestId, Vec<u8>, Head, Rc<Datatype>),
}

/// One origin.
#[derive(Default)]
struct Line {
    entries: VecDeque<Entry>,
    /// Transfers beside the line, with memory of ours that they use.
    transfers: Vec<(RequestId, Option<Vec<u8>>)>,
    /// Calls of MPI_Win_complete that MPI_Win_wait has not used.
    completes: u32,
}

/// The lock of this process's memory, where that is not in shared memory.
#[derive(Default)]
struct Lock {
    exclusive: bool,
    shared: u32,
    /// Who waits, and whether for the lock alone.
    queue: VecDeque<(i32, bool)>,
}

pub struct Inbox {
    lines: RefCell<Vec<Line>>,
    /// Origins whose line is not empty.
    busy: RefCell<Vec<i32>>,
    lock: RefCell<Lock>,
    /// By rank: who holds the lock alone.
    holders: RefCell<Vec<bool>>,
    /// Letters that have been handled, for those who wait.
    handled: Cell<u64>,
}

impl Inbox {
    pub fn new(size: i32) -> Inbox {
        Inbox {
            lines: RefCell::new((0..size).map(|_| Line::default()).collect()),
            busy: RefCell::default(),
            lock: RefCell::default(),
            holders: RefCell::new(vec![false; size as usize]),
            handled: Cell::new(0),
        }
    }

    /// All of `ranks` have called MPI_Win_complete.
    pub fn all_complete(&self, ranks: &[i32]) -> bool {
        let lines = self.lines.borrow();
        ranks.iter().all(|&rank| lines[rank as usize].completes > 0)
    }

    pub fn use_completes(&self, ranks: &[i32]) {
        let mut lines = self.lines.borrow_mut();
        ranks.iter().for_each(|&rank| lines[rank as usize].completes -= 1);
    }
}

/// Takes letters that have arrived and carries on with what they ask; true if anything happened.
pub fn step(e: Eng, win: &Win) -> bool {
    let before = win.inbox.handled.get();
    let mut taken = 0;
    while taken < STEP && take(e, win) {
        taken += 1;
    }
    let busy = win.inbox.busy.take();
    for rank in busy {
        if !advance(e, win, rank) {
            mark(win, rank);
        }
    }
    taken > 0 || win.inbox.handled.get() != before
}

fn mark(win: &Win, rank: i32) {
    let mut busy = win.inbox.busy.borrow_mut();
    if !busy.contains(&rank) {
        busy.push(rank);
    }
}

/// Takes the next letter, if there is one, and puts it into the line of its origin.
fn take(e: Eng, win: &Win) -> bool {
    let pattern = Envelope { context: win.comm.context, source: ANY_SOURCE, tag: LETTERS };
    let mut traffic = e.traffic.borrow_mut();
    if traffic.matching.unexpected_len() == 0 {
        return false;
    }
    let Some((envelope, Unexpected { peer, what })) = traffic.matching.take_unexpected(pattern) else {
        return false;
    };
    let rank = envelope.source;
    let entry = match what {
        Kept::Data(mut slab) => {
            let mut bytes = vec![0; slab.bytes()];
            slab.buf().read(0, &mut bytes);
            traffic.credit_back(peer, bytes.len() as u64 + FRAME_COST);
            Entry::Letter(bytes)
        }
        Kept::Fetched(block) => {
            let bytes = block.clone();
            traffic.forget_brought(block);
            Entry::Letter(bytes)
        }
        what @ Kept::Offer(_) => {
            let mut bytes = vec![0; what.bytes() as usize];
            let to = Receiving::new(Memory::new(UserBuf::of(&mut bytes), bytes.len() as i64, &byte(e)));
            let number = traffic.requests.insert(Some(win.comm.clone()), Body::Receive(to));
            traffic.take(number, envelope, Unexpected { peer, what });
            Entry::Arriving(Requests::handle(number), bytes)
        }
    };
    drop(traffic);
    if win.comm.group.rank_of(peer) != Some(rank) {
        eprintln!("VMI: process {peer} sent a letter as rank {rank} of a window; ignored");
        return true;
    }
    win.inbox.lines.borrow_mut()[rank as usize].entries.push_back(entry);
    mark(win, rank);
    true
}

/// Works on the line of `rank`; true if nothing is left to do.
fn advance(e: Eng, win: &Win, rank: i32) -> bool {
    loop {
        finish_transfers(e, win, rank);
        let first = win.inbox.lines.borrow_mut()[rank as usize].entries.pop_front();
        let Some(first) = first else {
            return win.inbox.lines.borrow()[rank as usize].transfers.is_empty();
        };
        if let Some(stuck) = proceed(e, win, rank, first) {
            win.inbox.lines.borrow_mut()[rank as usize].entries.push_front(stuck);
            return false;
        }
        win.inbox.handled.set(win.inbox.handled.get() + 1);
    }
}

fn finish_transfers(e: Eng, win: &Win, rank: i32) {
    let mut transfers = std::mem::take(&mut win.inbox.lines.borrow_mut()[rank as usize].transfers);
    let before = transfers.len();
    transfers.retain(|(request, _)| match request::poll_done(e, *request) {
        Some(outcome) => {
            if let Err(error) = outcome {
                win.record(error);
            }
            false
        }
        None => true,
    });
    if transfers.len() != before {
        win.inbox.handled.set(win.inbox.handled.get() + 1);
    }
    win.inbox.lines.borrow_mut()[rank as usize].transfers = transfers;
}

/// Goes on with the first entry of a line; returns it if it must wait.
fn proceed(e: Eng, win: &Win, rank: i32, entry: Entry) -> Option<Entry> {
    match entry {
        Entry::Arriving(request, bytes) => match request::poll_done(e, request) {
            None => Some(Entry::Arriving(request, bytes)),
            Some(Ok(_)) => proceed(e, win, rank, Entry::Letter(bytes)),
            Some(Err(error)) => {
                win.record(error);
                None
            }
        },
        Entry::Update(request, mut data, head, datatype) => match request::poll_done(e, request) {
            None => Some(Entry::Update(request, data, head, datatype)),
            Some(Ok(_)) => {
                let done = update(e, win, rank, &head, datatype, UserBuf::of(&mut data));
                report(e, win, rank, &head, done);
                None
            }
            Some(Err(error)) => {
                win.record(error);
                None
            }
        },
        Entry::Letter(mut letter) => {
            let Some((head, _, _)) = Head::open(&mut letter) else {
                eprintln!("VMI: rank {rank} sent a damaged letter of {} bytes; ignored", letter.len());
                return None;
            };
            let beside = matches!(head.kind, Kind::Put | Kind::Get | Kind::Lock | Kind::Granted | Kind::Post);
            let transfers = win.inbox.lines.borrow()[rank as usize].transfers.len();
            if transfers > 0 && (!beside || transfers >= 64) {
                return Some(Entry::Letter(letter));
            }
            match handle(e, win, rank, &mut letter) {
                Ok(entry) => entry,
                Err(error) => {
                    report(e, win, rank, &head, Err(error));
                    None
                }
            }
        }
    }
}

/// Tells the origin that its operation failed. A reply that it waits for is sent empty.
fn report(e: Eng, win: &Win, rank: i32, head: &Head, outcome: Result) {
    let Err(error) = outcome else { return };
    let mut letter = Head::control(Kind::Fault, error.code() as u32).letter(&[]);
    letter.extend(error.text().as_bytes());
    let told = outbox::post(e, win, rank, letter);
    let replied = if head.tag & 1 == 1 { reply(e, win, rank, head.tag, Vec::new()) } else { Ok(()) };
    if let Err(error) = told.and(replied) {
        win.record(error);
    }
}

fn handle(e: Eng, win: &Win, rank: i32, letter: &mut [u8]) -> Result<Option<Entry>> {
    let Some((head, described, data)) = Head::open(letter) else { return Ok(None) };
    match head.kind {
        Kind::Put | Kind::Get | Kind::Accumulate | Kind::GetAccumulate | Kind::CompareAndSwap => {
            let Some(datatype) = e.windows.type_of(e, described) else {
                fail!(INTERN, "the target does not understand the datatype of the operation");
            };
            return operation(e, win, rank, head, datatype, data);
        }
        Kind::Lock => {
            win.inbox.lock.borrow_mut().queue.push_back((rank, head.number != 0));
            grant(e, win)?;
        }
        Kind::Granted => win.outbox.targets.borrow_mut()[rank as usize].granted = true,
        Kind::Unlock => {
            if head.count != 0 {
                unlock(win, rank);
                grant(e, win)?;
            }
            outbox::post(e, win, rank, Head::control(Kind::Done, head.number).letter(&[]))?;
        }
        Kind::Flush => {
            outbox::post(e, win, rank, Head::control(Kind::Done, head.number).letter(&[]))?;
        }
        Kind::Done => win.outbox.targets.borrow_mut()[rank as usize].done = head.number,
        Kind::Post => win.outbox.targets.borrow_mut()[rank as usize].posts += 1,
        Kind::Complete => win.inbox.lines.borrow_mut()[rank as usize].completes += 1,
        Kind::Fault => {
            let text = String::from_utf8_lossy(data);
            win.record(Error::new(head.number as i32, format!("rank {rank} reports: {text}")));
        }
    }
    Ok(None)
}

// ---- operations ----

/// The elements that a letter means, if this process's part of the window holds them.
fn elements(win: &Win, head: &Head, datatype: Rc<Datatype>) -> Result<Elements> {
    let rank = win.rank();
    win.check_range(rank, head.place, head.count, &datatype)?;
    let total = datatype.bytes(head.count);
    if head.kind != Kind::CompareAndSwap && head.from.checked_add(head.len).is_none_or(|end| end > total) {
        fail!(INTERN, "an operation means bytes outside of its elements");
    }
    Ok(Elements { buf: win.base.offset(head.place as isize), count: head.count, datatype })
}

fn operation(
    e: Eng,
    win: &Win,
    rank: i32,
    head: Head,
    datatype: Rc<Datatype>,
    data: &mut [u8],
) -> Result<Option<Entry>> {
    let separate = head.tag & !1 != 0 && data.is_empty() && head.len > 0;
    match head.kind {
        Kind::Put if separate => receive_put(e, win, rank, &head, datatype)?,
        Kind::Put => {
            let target = elements(win, &head, datatype)?;
            if data.len() as u64 != head.len {
                fail!(INTERN, "an operation came with {} bytes instead of {}", data.len(), head.len);
            }
            target.unpack(0, UserBuf::of(data), head.len);
        }
        Kind::Get => send_get(e, win, rank, &head, datatype)?,
        Kind::CompareAndSwap => swap(e, win, rank, &head, datatype, data)?,
        _ => {
            let no_data = head.kind == Kind::GetAccumulate && which_of(e, head.number)? == Which::NoOp;
            if separate && !no_data {
                return receive_update(e, win, rank, head, datatype).map(Some);
            }
            if !no_data && data.len() as u64 != head.len {
                fail!(INTERN, "an operation came with {} bytes instead of {}", data.len(), head.len);
            }
            update(e, win, rank, &head, datatype, UserBuf::of(data))?;
        }
    }
    Ok(None)
}

/// Data of a put go straight to their place. Where the letter is wrong they are received all the same.
fn receive_put(e: Eng, win: &Win, rank: i32, head: &Head, datatype: Rc<Datatype>) -> Result {
    let (comm, tag) = (&win.comm, head.tag);
    let (request, keep, outcome) = match elements(win, head, datatype) {
        Ok(t) => {
            (request::irecv_raw(e, comm, comm.context, t.buf, t.count, &t.datatype, rank, tag)?, None, Ok(()))
        }
        Err(error) => {
            let mut keep = vec![0; head.len as usize];
            let (buf, len) = (UserBuf::of(&mut keep), head.len as i64);
            (
                request::irecv_raw(e, comm, comm.context, buf, len, &byte(e), rank, tag)?,
                Some(keep),
                Err(error),
            )
        }
    };
    win.inbox.lines.borrow_mut()[rank as usize].transfers.push((request, keep));
    outcome
}

fn receive_update(e: Eng, win: &Win, rank: i32, head: Head, datatype: Rc<Datatype>) -> Result<Entry> {
    let mut data = vec![0; head.len as usize];
    let (comm, buf, len) = (&win.comm, UserBuf::of(&mut data), head.len as i64);
    let request = request::irecv_raw(e, comm, comm.context, buf, len, &byte(e), rank, head.tag & !1)?;
    Ok(Entry::Update(request, data, head, datatype))
}

fn send_get(e: Eng, win: &Win, rank: i32, head: &Head, datatype: Rc<Datatype>) -> Result {
    let t = elements(win, head, datatype)?;
    let (comm, mode) = (&win.comm, SendMode::Standard);
    let request =
        request::isend_raw(e, mode, comm, comm.context, t.buf, t.count, &t.datatype, rank, head.tag)?;
    if request != COMPLETED {
        win.inbox.lines.borrow_mut()[rank as usize].transfers.push((request, None));
    }
    Ok(())
}

fn reply(e: Eng, win: &Win, rank: i32, tag: i32, mut bytes: Vec<u8>) -> Result {
    let (comm, mode, buf, len) = (&win.comm, SendMode::Standard, UserBuf::of(&mut bytes), bytes.len() as i64);
    let request = request::isend_raw(e, mode, comm, comm.context, buf, len, &byte(e), rank, tag)?;
    if request != COMPLETED {
        win.inbox.lines.borrow_mut()[rank as usize].transfers.push((request, Some(bytes)));
        mark(win, rank);
    }
    Ok(())
}

fn which_of(e: Eng, op: u32) -> Result<Which> {
    let which = e.ops.find(OpId(op)).and_then(|op| op.which());
    which.ok_or_else(|| Error::new(class::OP, "the target does not know the operation"))
}

/// Applies an accumulate operation whose data are here; answers one that fetches.
fn update(e: Eng, win: &Win, rank: i32, head: &Head, datatype: Rc<Datatype>, data: UserBuf) -> Result {
    let which = which_of(e, head.number)?;
    let Some(basic) = datatype.uniform() else {
        fail!(TYPE, "the target's datatype consists of several predefined types");
    };
    let target = elements(win, head, datatype)?;
    check_piece(head, basic)?;
    let mut before = Vec::new();
    if head.kind == Kind::GetAccumulate {
        before.resize(head.len as usize, 0);
        target.pack(head.from, UserBuf::of(&mut before), head.len);
    }
    target.update(which, basic, head.from, data, head.len);
    match head.kind {
        Kind::GetAccumulate => reply(e, win, rank, head.tag | 1, before),
        _ => Ok(()),
    }
}

fn check_piece(head: &Head, basic: Basic) -> Result {
    let unit = basic.size() as u64;
    if !head.from.is_multiple_of(unit) || !head.len.is_multiple_of(unit) {
        fail!(INTERN, "an operation cuts an element");
    }
    Ok(())
}

fn swap(e: Eng, win: &Win, rank: i32, head: &Head, datatype: Rc<Datatype>, data: &mut [u8]) -> Result {
    let size = datatype.size() as usize;
    let target = elements(win, head, datatype)?;
    if data.len() != 2 * size || size > 16 {
        fail!(INTERN, "a swap came with {} bytes for {size}", data.len());
    }
    let mut before = vec![0; size];
    let (new, compare) = data.split_at_mut(size);
    let places = [UserBuf::of(new), UserBuf::of(compare), UserBuf::of(&mut before), target.buf];
    direct::swap_if_equal(size, places);
    reply(e, win, rank, head.tag, before)
}

// ---- the lock ----

/// Gives the lock to those whose turn it is: in order, those who share it together.
fn grant(e: Eng, win: &Win) -> Result {
    loop {
        let next = {
            let mut lock = win.inbox.lock.borrow_mut();
            let Some(&(rank, alone)) = lock.queue.front() else { return Ok(()) };
            if lock.exclusive || (alone && lock.shared > 0) {
                return Ok(());
            }
            lock.queue.pop_front();
            if alone {
                lock.exclusive = true;
            } else {
                lock.shared += 1;
            }
            win.inbox.holders.borrow_mut()[rank as usize] = alone;
            rank
        };
        outbox::post(e, win, next, Head::control(Kind::Granted, 0).letter(&[]))?;
    }
}

fn unlock(win: &Win, rank: i32) {
    let mut lock = win.inbox.lock.borrow_mut();
    if std::mem::take(&mut win.inbox.holders.borrow_mut()[rank as usize]) {
        lock.exclusive = false;
    } else {
        lock.shared = lock.shared.saturating_sub(1);
    }
}

impl Win {
    /// The elements lie within the part of `rank`. What is attached to a dynamic window only its owner knows.
    pub(super) fn check_range(&self, rank: i32, place: i64, count: i64, datatype: &Datatype) -> Result {
        if count <= 0 || datatype.size() == 0 {
            return Ok(());
        }
        let span = datatype.extent().checked_mul(count - 1);
        let ends = span.and_then(|span| {
            let low = place.checked_add(datatype.true_lb())?.checked_add(span.min(0))?;
            let high = place.checked_add(datatype.true_lb().checked_add(datatype.true_extent())?)?;
            Some((low, high.checked_add(span.max(0))?))
        });
        let Some((low, high)) = ends else {
            fail!(RMA_RANGE, "the operation reaches beyond all addresses");
        };
        if self.flavor == Flavor::Dynamic {
            return if rank == self.rank() { self.check_attached(low, high) } else { Ok(()) };
        }
        let size = self.parts[rank as usize].size;
        if low < 0 || high > size {
            fail!(
                RMA_RANGE,
                "the operation means bytes {low} to {high} of the window of rank {rank}, which has {size}"
            );
        }
        Ok(())
    }
}
