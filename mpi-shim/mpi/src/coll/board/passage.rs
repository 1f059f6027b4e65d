//! Small vectors of a scan: each rank passes on what it has combined through a ring to the next one.
//!
//! A ring holds hundreds of small records, where the board has 16 turns: ranks run so far ahead of those behind them that
//! switching between ranks costs next to nothing.

use super::scan::{self, Before, Vectors};
use super::{Op, Way, mismatch};
use crate::error::Result;
use crate::{UserBuf, fail};
use std::cell::{Cell, RefCell};
use vmi::shm::board::{BoardMemory, Member};
use vmi::shm::lines::SharedLines;
use vmi::shm::ring::{Consumer, Producer, Record, payload_at};

/// Most bytes of a vector.
pub const MOST: usize = 2 << 10;

/// A rank that never has to wait makes progress once in so many operations.
const PROGRESS: u32 = 16;

/// How the operand of a record comes: with it, or by message.
const HERE: u8 = 1;
const BY_MESSAGE: u8 = 2;

/// The rings to this rank's neighbours.
pub struct Passage {
    before: RefCell<Consumer<SharedLines>>,
    next: RefCell<Producer<SharedLines>>,
    operations: Cell<u32>,
}

impl Passage {
    pub fn of(member: &Member<BoardMemory>) -> Passage {
        let (before, next) = (RefCell::new(member.from_before()), RefCell::new(member.to_next()));
        Passage { before, next, operations: Cell::new(0) }
    }

    /// What the rank before this one has passed on.
    #[inline]
    fn record(&self, op: &Op) -> Result<Option<Record>> {
        match self.before.borrow_mut().peek() {
            Ok(Some(Record { cell: 1.., .. })) => {
                fail!(
                    INTERN,
                    "rank {} has named a cell; there are none between ranks of a board",
                    op.rank - 1
                )
            }
            Ok(record) => Ok(record),
            Err(corrupt) => {
                fail!(INTERN, "rank {} has written no record where one was due: {corrupt:?}", op.rank - 1)
            }
        }
    }

    fn payload(&self, record: Record) -> UserBuf {
        self.before.borrow().lines().bytes(record.line, payload_at(record.len))
    }

    /// Where `len` bytes for the next rank go, once there is room.
    #[inline]
    fn room(&self, len: usize) -> Option<UserBuf> {
        let mut next = self.next.borrow_mut();
        let line = next.reserve(len)?;
        Some(next.lines().bytes(line, payload_at(len)))
    }

    /// Once in a while.
    fn is_time_for_progress(&self) -> bool {
        let operations = self.operations.get().wrapping_add(1);
        self.operations.set(operations);
        operations.is_multiple_of(PROGRESS)
    }
}

/// A scan of vectors of at most [`MOST`] bytes.
pub fn scan(vectors: &Vectors) -> Result {
    let (op, whole) = (vectors.op, vectors.bytes());
    let post = if vectors.is_last() { None } else { Some(room(op, whole)?) };
    let record = if op.rank == 0 { None } else { Some(take(op)?) };
    let combined = combine(vectors, record, post);
    // The next rank does not wait for one that failed.
    let passed = post.map_or(Ok(()), |post| pass_on(op, post, whole));
    if let Some(record) = record {
        release(op, record);
    }
    if op.board.passage.is_time_for_progress() {
        op.e.progress();
    }
    combined.and(passed)?;
    match record {
        Some(record) if record.len != whole => mismatch(op.rank - 1, record.len, whole),
        _ => Ok(()),
    }
}

/// A vector of another length than this rank's is received, and left alone.
#[inline]
fn combine(vectors: &Vectors, record: Option<Record>, post: Option<UserBuf>) -> Result {
    let before = match record {
        Some(record) => Some(operand(vectors.op, record)?).filter(|_| record.len == vectors.bytes()),
        None => None,
    };
    vectors.combine(vectors.all(), before, post)
}

/// Waits for what the rank before this one passes on.
#[inline]
fn take(op: &Op) -> Result<Record> {
    op.until(|| op.board.passage.record(op).transpose())?
}

/// Waits for room.
#[inline]
fn room(op: &Op, len: usize) -> Result<UserBuf> {
    op.until(|| op.board.passage.room(len))
}

/// What the record says that the ranks before this one have combined.
#[inline]
fn operand(op: &Op, record: Record) -> Result<Before> {
    if record.kind == BY_MESSAGE {
        scan::receive(op, record.len)
    } else {
        Ok(Before::Posted(op.board.passage.payload(record)))
    }
}

/// The next rank gets the `len` bytes at `post`.
#[inline]
fn pass_on(op: &Op, post: UserBuf, len: usize) -> Result {
    let here = op.way() == Way::Board;
    op.board.passage.next.borrow_mut().publish(if here { HERE } else { BY_MESSAGE }, len, [0; 3]);
    op.board.bells.wake(op.rank + 1);
    if here { Ok(()) } else { scan::send(op, post, len) }
}

/// The rank before this one may use the room of `record` again.
#[inline]
fn release(op: &Op, record: Record) {
    if op.board.passage.before.borrow_mut().release(record.lines()) {
        op.board.bells.wake(op.rank - 1);
    }
}
