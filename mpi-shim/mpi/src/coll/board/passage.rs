//! What each rank of a scan tells the next one, through a ring beside the board.
//!
//! The record says what kind of scan it is ([`Shape`]), and small vectors come with it: a ring holds hundreds of records,
//! where the board has 16 turns, so ranks run so far ahead of those behind them that switching between ranks costs next
//! to nothing. Whoever has another vector than the ranks before it follows them all the same ([`scan::follow`]).

use super::scan::{self, Before, Vectors};
use super::{Op, Way};
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

/// How what the ranks before have combined comes: by shared memory, by message, or not at all as they do not agree.
const HERE: u8 = 1;
const BY_MESSAGE: u8 = 2;
const SPOILED: u8 = 3;

/// How a scan goes. The ranks follow rank 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of a vector.
    pub bytes: usize,
    /// Bytes of a post on the board; 0 where the vector takes no turns.
    pub piece: usize,
}

impl Shape {
    /// The shape that a record tells. One that comes with its vector needs no more words.
    pub fn of(record: Record) -> Shape {
        let [low, high, piece] = record.meta;
        match record.len {
            0 => Shape { bytes: (u64::from(high) << 32 | u64::from(low)) as usize, piece: piece as usize },
            bytes => Shape { bytes, piece: 0 },
        }
    }

    fn meta(self) -> [u32; 3] {
        [self.bytes as u32, (self.bytes as u64 >> 32) as u32, self.piece as u32]
    }
}

/// How what a record announces comes; `None`: it is spoiled.
pub fn way_of(record: Record) -> Option<Way> {
    match record.kind {
        HERE => Some(Way::Board),
        BY_MESSAGE => Some(Way::Message),
        _ => None,
    }
}

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
    if record.as_ref().is_some_and(|record| record.len != whole) {
        return scan::follow(vectors);
    }
    let combined = combine(vectors, record, post);
    // The next rank does not wait for one that failed.
    let passed = post.map_or(Ok(()), |post| pass_on(op, post, whole));
    if let Some(record) = record {
        release(op, record);
    }
    if op.board.passage.is_time_for_progress() {
        op.e.progress();
    }
    combined.and(passed)
}

#[inline]
fn combine(vectors: &Vectors, record: Option<Record>, post: Option<UserBuf>) -> Result {
    let before = match record {
        Some(record) => Some(operand(vectors.op, record)?),
        None => None,
    };
    vectors.combine(vectors.all(), before, post)
}

/// Waits for the record of the rank before this one.
#[inline]
pub fn take(op: &Op) -> Result<Record> {
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
    publish(op, if here { HERE } else { BY_MESSAGE }, len, [0; 3]);
    if here { Ok(()) } else { scan::send(op, post, len) }
}

/// Tells the next rank the shape of a scan, and how what comes first comes; `None`: nothing comes.
pub fn announce(op: &Op, way: Option<Way>, shape: Shape) -> Result {
    room(op, 0)?;
    let kind = match way {
        Some(Way::Message) => BY_MESSAGE,
        Some(_) => HERE,
        None => SPOILED,
    };
    publish(op, kind, 0, shape.meta());
    Ok(())
}

#[inline]
fn publish(op: &Op, kind: u8, len: usize, meta: [u32; 3]) {
    op.board.passage.next.borrow_mut().publish(kind, len, meta);
    op.board.bells.wake(op.rank + 1);
}

/// The rank before this one may use the room of `record` again.
#[inline]
pub fn release(op: &Op, record: Record) {
    if op.board.passage.before.borrow_mut().release(record.lines()) {
        op.board.bells.wake(op.rank - 1);
    }
}
