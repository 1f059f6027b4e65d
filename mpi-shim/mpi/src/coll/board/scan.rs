//! Scan and exscan: every rank combines its operand with what the rank before it has combined, and hands that on.
//!
//! Small vectors go through a [`passage`], long ones in turns of the board that are announced there. Ranks run ahead of
//! those behind them as far as that has room. Every rank decides for itself how its post goes to the next one. (8 ranks
//! on two cores: 16 KiB 6.9 µs, 90 in log2(n) exchanges; 4 MiB 5.5 ms and 15.)

use super::super::fold::Fold;
use super::passage::{self, Shape};
use super::reductions::{Run, runs};
use super::{GROUP, Op, Outcome, Way, mismatch};
use crate::error::Result;
use crate::{UserBuf, fail};
use vmi::core::buffer::fetch_pages;
use vmi::shm::board::CELL;

/// Most bytes of a post: a rank combines one while the next rank combines the one before.
const PIECE: usize = 2 * CELL;
/// From here on posts are as long as they can be: where ranks outnumber cores every wait costs more than it hides.
const LONG: usize = 1 << 20;
/// Longest exscan of two ranks that takes turns. (256 KiB: 15 µs, 10 by message.)
const MOST_OF_TWO: usize = 64 << 10;

/// The vectors of this rank.
pub struct Vectors<'a> {
    pub op: &'a Op<'a>,
    pub fold: &'a Fold,
    pub mine: UserBuf,
    pub out: UserBuf,
    pub count: i64,
    /// Whether this rank's own operand is part of its result.
    pub inclusive: bool,
}

/// What the rank before this one has combined.
pub enum Before {
    Posted(UserBuf),
    Received(Vec<u8>),
}

/// The operands of the ranks before this one, and its own if `inclusive`, go to `out`.
pub fn scan(op: &Op, fold: &Fold, mine: UserBuf, out: UserBuf, count: i64, inclusive: bool) -> Outcome {
    let vectors = Vectors { op, fold, mine, out, count, inclusive };
    let small = vectors.bytes() <= passage::MOST;
    Some(if small { passage::scan(&vectors) } else { long(&vectors) })
}

impl Vectors<'_> {
    /// Bytes of a vector.
    pub fn bytes(&self) -> usize {
        self.fold.bytes(self.count)
    }

    pub fn all(&self) -> Run {
        Run { first: 0, count: self.count, size: self.fold.bytes(1) }
    }

    /// How the scan goes, as far as this rank knows.
    fn shape(&self) -> Shape {
        let (bytes, element) = (self.bytes(), self.fold.bytes(1));
        let most = if bytes < LONG { PIECE } else { GROUP };
        let in_turns = bytes > passage::MOST && !self.is_long_message();
        Shape { bytes, piece: if in_turns { most / element * element } else { 0 } }
    }

    /// An exscan of two ranks is a message from one to the other.
    fn is_long_message(&self) -> bool {
        self.op.size == 2 && !self.inclusive && self.bytes() > MOST_OF_TWO
    }

    /// Whether no rank comes after this one.
    pub fn is_last(&self) -> bool {
        self.op.rank + 1 == self.op.size
    }

    /// Makes this rank's result of `run`, and at `post` what the next rank wants.
    pub fn combine(&self, run: Run, mut before: Option<Before>, post: Option<UserBuf>) -> Result {
        let before = before.as_mut().map(|before| match before {
            Before::Posted(at) => *at,
            Before::Received(bytes) => UserBuf::of(bytes),
        });
        let (mine, out, len) = (run.of(self.mine), run.of(self.out), run.bytes());
        if let Some(before) = before {
            fetch_pages(before, len);
        }
        if self.inclusive {
            self.grow(before, mine, out, run.count)?;
            if let Some(post) = post {
                out.copy_to(post, len);
            }
            return Ok(());
        }
        if let Some(post) = post {
            self.grow(before, mine, post, run.count)?;
        }
        if let Some(before) = before {
            before.copy_to(out, len);
        }
        Ok(())
    }

    /// Combines at `to` what the ranks before this one have with `mine`.
    fn grow(&self, before: Option<UserBuf>, mine: UserBuf, to: UserBuf, count: i64) -> Result {
        if mine != to {
            mine.copy_to(to, self.fold.bytes(count));
        }
        match before {
            Some(before) => self.fold.apply(self.op.e, before, to, count),
            None => Ok(()),
        }
    }
}

/// A scan that the passage only announces.
fn long(vectors: &Vectors) -> Result {
    let (op, shape) = (vectors.op, vectors.shape());
    let record = if op.rank == 0 { None } else { Some(passage::take(op)?) };
    let announced = record.and_then(passage::way_of);
    if let Some(record) = record {
        if announced.is_none() || Shape::of(record) != shape {
            return follow(vectors);
        }
        passage::release(op, record);
    }
    if shape.piece == 0 { by_message(vectors) } else { in_turns(vectors, announced) }
}

/// The result of the second of two ranks is the operand of the first.
fn by_message(vectors: &Vectors) -> Result {
    let (op, shape) = (vectors.op, vectors.shape());
    if vectors.is_last() {
        return op.by_message(async |w| w.recv(w.bytes(vectors.out, shape.bytes), op.rank - 1).await);
    }
    passage::announce(op, Some(Way::Message), shape)?;
    send(op, vectors.mine, shape.bytes)
}

/// The first post of a scan is announced in the passage, later ones on the board.
fn in_turns(vectors: &Vectors, announced: Option<Way>) -> Result {
    let op = vectors.op;
    let mut combined = Ok(());
    for run in runs(vectors.fold, vectors.count, vectors.shape().piece) {
        // The last rank posts nothing.
        let turn = if vectors.is_last() { op.take(run.bytes()) } else { op.start(run.bytes())? };
        let step = Step { vectors, run, turn };
        let before = match way_before(op, turn, announced.filter(|_| run.first == 0))? {
            None => None,
            Some(Way::Message) => Some(receive(op, run.bytes())?),
            Some(_) => Some(Before::Posted(step.post(op.rank - 1))),
        };
        let post = (!vectors.is_last()).then(|| step.post(op.rank));
        // The next rank does not wait for one that failed.
        combined = combined.and(vectors.combine(run, before, post));
        if let Some(post) = post {
            step.hand_on(post)?;
        }
        op.finish();
    }
    combined
}

/// How what the rank before this one has combined comes; rank 0 has none.
fn way_before(op: &Op, turn: u64, announced: Option<Way>) -> Result<Option<Way>> {
    match announced {
        None if op.rank > 0 => op.note(op.rank - 1, turn).map(|note| Some(note.way)),
        way => Ok(way),
    }
}

/// A run of the vectors under way.
struct Step<'a> {
    vectors: &'a Vectors<'a>,
    run: Run,
    turn: u64,
}

impl Step<'_> {
    /// Where the post of `rank` lies.
    fn post(&self, rank: usize) -> UserBuf {
        self.vectors.op.bytes(rank, self.turn, self.run.bytes())
    }

    fn hand_on(&self, post: UserBuf) -> Result {
        let op = self.vectors.op;
        let way = op.way();
        if self.run.first == 0 {
            passage::announce(op, Some(way), self.vectors.shape())?;
        } else {
            op.post_to(op.rank + 1, self.turn, way, self.run.bytes());
        }
        if way == Way::Message { send(op, post, self.run.bytes()) } else { Ok(()) }
    }
}

/// The ranks before this one do not agree about the vectors, with each other or with this one: it takes the turns that
/// rank 0 takes, so that no other operation is harmed, combines nothing and says so.
#[cold]
pub fn follow(vectors: &Vectors) -> Result {
    let op = vectors.op;
    let record = passage::take(op)?;
    let (shape, announced) = (Shape::of(record), passage::way_of(record));
    passage::release(op, record);
    if shape.piece > GROUP {
        fail!(
            INTERN,
            "rank {} announces posts of {} bytes, expected {GROUP} at most",
            op.rank - 1,
            shape.piece
        );
    }
    if !vectors.is_last() {
        passage::announce(op, None, shape)?;
    }
    if shape.piece > 0 {
        drop_posts(op, shape, announced)?;
    } else if announced == Some(Way::Message) {
        let room = vectors.bytes();
        op.by_message(async |w| w.recv(w.bytes(vectors.out, room), op.rank - 1).await)?;
    }
    if shape == vectors.shape() {
        fail!(
            TRUNCATE,
            "rank {} has combined nothing: count or datatype differ between the ranks before this one",
            op.rank - 1
        );
    }
    mismatch(0, shape.bytes, vectors.bytes())
}

/// Takes the turns of a scan, and leaves alone what comes in them.
fn drop_posts(op: &Op, shape: Shape, announced: Option<Way>) -> Result {
    for at in (0..shape.bytes).step_by(shape.piece) {
        let len = shape.piece.min(shape.bytes - at);
        let turn = op.take(len);
        if announced.is_some() && way_before(op, turn, announced.filter(|_| at == 0))? == Some(Way::Message) {
            receive(op, len)?;
        }
        op.finish();
    }
    Ok(())
}

/// Receives what the rank before this one has combined by message.
#[cold]
pub fn receive(op: &Op, len: usize) -> Result<Before> {
    let mut bytes = vec![0; len];
    let to = UserBuf::of(&mut bytes);
    op.by_message(async |w| w.recv(w.bytes(to, len), op.rank - 1).await)?;
    Ok(Before::Received(bytes))
}

/// Sends the next rank what has been combined at `post`.
#[cold]
pub fn send(op: &Op, post: UserBuf, len: usize) -> Result {
    op.by_message(async |w| w.send(w.bytes(post, len), op.rank + 1).await)
}
