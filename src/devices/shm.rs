//! Shared memory between the ranks of one host: a ring per ordered pair, made on first use.
//!
//! Long frames lie in [cells](crate::shm::cells) that go back and forth between the two ranks, as far as the sender has some;
//! all others in the ring. What lies in no cache passes through [bounce buffers](crate::shm::bounce).
//!
//! Poll cost follows the rings in use: a ring is polled once its sender has asked for it by a bit in the
//! receiver's control block. Memory follows the pairs that talk: an unused ring is an untouched part of a
//! sparse file.
//!
//! Sleeping: the receiver announces it, imposes a barrier on the senders ([`crate::sys::barrier`]), polls once
//! more and sleeps on its bell. A sender publishes first and looks at the announcement second.

use crate::core::buffer::{UserBuf, demote_all};
use crate::core::device::{Properties, SendError, Sink};
use crate::core::frame::{Header, Incoming, Token};
use crate::shm::bounce::{self, Bounce, OwnBuffers};
use crate::shm::cells::{Cell, OwnCells};
use crate::shm::claims::Claims;
use crate::shm::lines::SharedLines;
use crate::shm::node::Node;
use crate::shm::ring::{AT_ONCE, Consumer, Lines, Producer, SHORT, max_payload, payload_at};
use crate::sync::Ordering;
use crate::sys::{barrier, futex};
use std::sync::Arc;

/// Frames taken from one ring before the next ring gets its turn.
const BUDGET: u32 = 64;

pub struct Shm {
    node: Arc<Node>,
    id: u8,
    me: usize,
    /// World process number of each local index.
    ranks: Vec<u32>,
    out: Vec<Option<Outgoing>>,
    rings: Vec<Option<Consumer<SharedLines>>>,
    /// Of each pair with a neighbour.
    cells: Vec<OwnCells>,
    buffers: OwnBuffers,
    /// Frames that went through bounce buffers.
    bounced: u64,
    /// Local indices whose rings held garbage.
    given_up: Vec<u32>,
    /// Local indices whose rings are polled.
    active: Vec<u32>,
    cursor: usize,
    budget: u32,
    /// Words of hot bits in use.
    hot_words: usize,
    /// Receiver and length of the long frame sent last, until the next one like it is prepared for.
    sent: Option<(u32, usize)>,
    /// We issue barriers for both sides when we fall asleep.
    barriers: bool,
    alerts: Vec<(u32, String)>,
}

struct Outgoing {
    ring: Producer<SharedLines>,
    /// Our and the receiver's barriers do not (yet) reach each other: fence after each publish.
    fence: bool,
}

impl Shm {
    /// `me` is our index among the local ranks, `ranks` their world process numbers.
    pub fn new(node: Arc<Node>, id: u8, me: usize, ranks: Vec<u32>) -> Self {
        let barriers = barrier::register();
        let control = node.control(me);
        control.barrier.store(u32::from(barriers), Ordering::Relaxed);
        control.pid.store(std::process::id(), Ordering::Release);
        let n = ranks.len();
        let none = |_| None;
        Shm {
            me,
            id,
            out: (0..n).map(none).collect(),
            rings: (0..n).map(|_| None).collect(),
            cells: vec![OwnCells::at_first(); n],
            buffers: OwnBuffers::at_first(),
            bounced: 0,
            given_up: Vec::new(),
            active: Vec::new(),
            cursor: 0,
            budget: BUDGET,
            hot_words: n.div_ceil(64),
            sent: None,
            barriers,
            ranks,
            node,
            alerts: Vec::new(),
        }
    }

    /// Process id of a neighbour; None until it has started.
    pub fn pid(&self, slot: u32) -> Option<i32> {
        let pid = self.node.control(slot as usize).pid.load(Ordering::Acquire);
        (pid != 0).then_some(pid as i32)
    }

    /// Of copies out of a neighbour's memory, and of its copies out of ours.
    pub fn claims(&self, slot: u32) -> (Option<&Claims>, Option<&Claims>) {
        let from = self.rings[slot as usize].as_ref().map(|ring| &ring.lines().control().claims);
        let to = self.out[slot as usize].as_ref().map(|out| &out.ring.lines().control().claims);
        (from, to)
    }

    /// What went wrong since the last call: the peer and one sentence each.
    pub fn take_alerts(&mut self) -> Vec<(u32, String)> {
        std::mem::take(&mut self.alerts)
    }

    #[cold]
    fn open(&mut self, slot: u32) -> &mut Outgoing {
        let (node, me) = (&self.node, self.me);
        // Fences are on until `slow_fence` has seen that barriers reach both sides.
        self.out[slot as usize]
            .get_or_insert_with(|| Outgoing { ring: node.producer(slot as usize, me), fence: true })
    }

    #[cold]
    fn slow_fence(&mut self, slot: u32) {
        // SeqCst: orders the publish before the look at `hot` and `sleeping` (Dekker), as the receiver's
        // own fence in `announce_sleep` does on its side.
        std::sync::atomic::fence(Ordering::SeqCst);
        let control = self.node.control(slot as usize);
        let issues_barriers = control.barrier.load(Ordering::Relaxed) != 0;
        if let Some(out) = &mut self.out[slot as usize] {
            out.fence = !(self.barriers && control.pid.load(Ordering::Acquire) != 0 && issues_barriers);
        }
    }

    #[cold]
    fn ring_bell(&mut self, slot: u32) {
        let control = self.node.control(slot as usize);
        let Some(out) = &self.out[slot as usize] else { return };
        if out.ring.lines().control().hot.load(Ordering::Relaxed) == 0 {
            control.hot[self.me / 64].fetch_or(1 << (self.me % 64), Ordering::SeqCst);
        }
        if control.sleeping.load(Ordering::SeqCst) != 0 {
            control.bell.fetch_add(1, Ordering::SeqCst);
            futex::wake(&control.bell, i32::MAX);
        }
    }

    /// Gets our ring to `slot` polled and its owner woken, where needed.
    #[inline]
    fn call(&mut self, slot: u32) {
        let Some(Some(out)) = self.out.get(slot as usize) else { return };
        if out.fence {
            self.slow_fence(slot);
            return self.ring_bell(slot);
        }
        std::sync::atomic::compiler_fence(Ordering::SeqCst);
        let hot = out.ring.lines().control().hot.load(Ordering::Relaxed);
        if hot == 0 || self.node.control(slot as usize).sleeping.load(Ordering::Relaxed) != 0 {
            self.ring_bell(slot);
        }
    }

    /// A frame whose payload lies in `cell`, the top one of the cells for `slot`.
    #[inline(never)]
    fn send_in_cell(
        &mut self,
        slot: u32,
        cell: Cell,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        let payload = self.node.cell(slot as usize, self.me, cell);
        let hand_over = || demote_all(payload, header.len);
        self.send_apart(slot, cell.name(), header, || fill(payload), hand_over)?;
        self.cells[slot as usize].give();
        Ok(())
    }

    /// A frame whose payload, which `fill` writes, lies outside of the ring.
    #[inline(always)]
    fn send_apart(
        &mut self,
        slot: u32,
        name: u8,
        header: Header,
        fill: impl FnOnce(),
        hand_over: impl FnOnce(),
    ) -> Result<(), SendError> {
        let out = match self.out.get_mut(slot as usize) {
            Some(Some(out)) => out,
            _ => self.open(slot),
        };
        if out.ring.reserve(0).is_none() {
            return Err(SendError::Full);
        }
        fill();
        out.ring.publish_apart(header.kind, name, header.len, header.meta, hand_over);
        self.call(slot);
        Ok(())
    }

    /// The bounce buffer that is used next, unless it is busy.
    fn next_bounce(&mut self) -> Option<Bounce> {
        self.buffers.next(&self.node.control(self.me).returned)
    }

    /// Whether [`Shm::send_bounced`] has a bounce buffer and room for a record.
    pub fn may_bounce(&mut self, slot: u32) -> bool {
        let room = self.out[slot as usize].as_mut().is_none_or(|out| out.ring.reserve(0).is_some());
        room && self.next_bounce().is_some()
    }

    /// Writes to the bounce buffer that is used next. False if it is busy.
    pub fn fill_bounce(&mut self, fill: impl FnOnce(UserBuf)) -> bool {
        let next = self.next_bounce();
        if let Some(bounce) = next {
            fill(self.node.bounce(self.me, bounce));
        }
        next.is_some()
    }

    /// As [`Sink::send`], of up to [`bounce::BYTES`] through a bounce buffer; full if all of those are busy.
    pub fn send_bounced(
        &mut self,
        slot: u32,
        header: Header,
        fill: impl FnOnce(UserBuf),
    ) -> Result<(), SendError> {
        debug_assert!(header.len <= bounce::BYTES);
        let Some(bounce) = self.next_bounce() else { return Err(SendError::Full) };
        let payload = self.node.bounce(self.me, bounce);
        self.send_apart(slot, bounce.name(), header, || fill(payload), || ())?;
        self.buffers.take();
        self.bounced += 1;
        Ok(())
    }

    /// Frames of this process that went through bounce buffers.
    pub fn bounced(&self) -> u64 {
        self.bounced
    }

    /// Nobody needs us at the moment: the next frame of this length may be written at once.
    #[inline(never)]
    fn prepare(&self, slot: u32, len: usize) {
        if let Some(out) = &self.out[slot as usize] {
            out.ring.fetch_ahead(len);
        }
    }

    /// Starts polling the rings whose senders asked for it.
    #[inline]
    fn accept(&mut self) {
        for word in 0..self.hot_words {
            if self.node.control(self.me).hot[word].load(Ordering::Relaxed) != 0 {
                self.accept_word(word);
            }
        }
    }

    #[cold]
    fn accept_word(&mut self, word: usize) {
        // Acquire: pairs with the sender's fetch_or; what it published before is visible.
        let mut bits = self.node.control(self.me).hot[word].swap(0, Ordering::SeqCst);
        while bits != 0 {
            let index = word * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let known = |index: usize| self.rings[index].is_some() || self.given_up.contains(&(index as u32));
            if index >= self.ranks.len() || known(index) {
                continue;
            }
            let ring = self.node.consumer(self.me, index);
            ring.lines().control().hot.store(1, Ordering::SeqCst);
            self.rings[index] = Some(ring);
            self.active.push(index as u32);
        }
    }

    /// The next frame of the rings after the one whose turn it was.
    fn next_of_others(&mut self) -> Option<Incoming> {
        for _ in 1..self.active.len() {
            self.cursor = if self.cursor + 1 < self.active.len() { self.cursor + 1 } else { 0 };
            let &index = self.active.get(self.cursor)?;
            if let Some(frame) = self.poll_ring(index) {
                self.budget -= 1;
                return Some(frame);
            }
        }
        None
    }

    #[inline]
    fn poll_ring(&mut self, index: u32) -> Option<Incoming> {
        let ring = self.rings[index as usize].as_mut()?;
        match ring.peek() {
            Ok(None) => None,
            Ok(Some(record)) => Some(Incoming {
                peer: self.ranks[index as usize],
                header: Header { kind: record.kind, meta: record.meta, len: record.len },
                payload: match (Cell::named(record.cell), Bounce::named(record.cell)) {
                    (Some(cell), _) => self.node.cell(self.me, index as usize, cell),
                    (_, Some(bounce)) => self.node.bounce(index as usize, bounce),
                    _ => ring.lines().bytes(record.line, payload_at(record.len)),
                },
                token: Token {
                    sink: self.id,
                    landed: false,
                    slot: index,
                    line: record.lines() as u32 | u32::from(record.cell) << 16,
                },
            }),
            Err(corrupt) => {
                self.quarantine(index, format!("line {} holds {:#010x}", corrupt.line, corrupt.word));
                None
            }
        }
    }

    /// A ring with garbage in it is never read again.
    #[cold]
    fn quarantine(&mut self, index: u32, why: String) {
        self.rings[index as usize] = None;
        self.active.retain(|&a| a != index);
        self.cursor = 0;
        self.given_up.push(index);
        let rank = self.ranks[index as usize];
        let text = format!("shared-memory ring from rank {rank} is corrupt ({why}); it is no longer read");
        self.alerts.push((rank, text));
    }

    /// True if a frame or a request to be polled is there.
    fn pending(&mut self) -> bool {
        self.accept();
        let active = std::mem::take(&mut self.active);
        let found = active.iter().any(|&i| self.rings[i as usize].as_ref().is_some_and(|r| r.ready()));
        self.active = active;
        found
    }

    /// Announces that we are about to sleep. Returns the bell's value to sleep on, or None if there is work; then
    /// [`Shm::end_sleep`] takes the announcement back, unless another thread of the process sleeps.
    pub fn announce_sleep(&mut self) -> Option<u32> {
        let control = self.node.control(self.me);
        let bell = control.bell.load(Ordering::Acquire);
        control.sleeping.store(1, Ordering::SeqCst);
        if !(self.barriers && barrier::everywhere()) {
            // SeqCst: the other half of the sender's fence.
            std::sync::atomic::fence(Ordering::SeqCst);
        }
        (!self.pending()).then_some(bell)
    }

    pub fn end_sleep(&mut self) {
        self.node.control(self.me).sleeping.store(0, Ordering::Relaxed);
    }
}

/// The bell of this process.
#[derive(Clone)]
pub struct Bed {
    node: Arc<Node>,
    me: usize,
}

impl Bed {
    /// The bell of local rank `me`, which must be this process.
    pub fn new(node: Arc<Node>, me: usize) -> Bed {
        Bed { node, me }
    }

    /// The node segment that the bell lies in.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// What to pass to [`Bed::sleep`], read before the last look for work.
    pub fn value(&self) -> u32 {
        self.node.control(self.me).bell.load(Ordering::Acquire)
    }

    /// Sleeps until the bell no longer has the value `bell`.
    pub fn sleep(&self, bell: u32) {
        futex::wait(&self.node.control(self.me).bell, bell, None);
    }

    /// Wakes whoever sleeps on this process's bell.
    pub fn ring(&self) {
        let control = self.node.control(self.me);
        control.bell.fetch_add(1, Ordering::SeqCst);
        futex::wake(&control.bell, i32::MAX);
    }
}

impl Sink for Shm {
    fn name(&self) -> &'static str {
        "shm"
    }

    fn properties(&self) -> Properties {
        let max_payload = max_payload(SharedLines::COUNT);
        Properties { max_payload, ordered: true, reliable: true, latency_ns: 100, bandwidth_mb: 10_000 }
    }

    #[inline]
    fn send(&mut self, slot: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError> {
        if header.len > SHORT
            && let Some(cell) = self.cells.get(slot as usize).and_then(|own| own.top())
        {
            return self.send_in_cell(slot, cell, header, fill);
        }
        if header.len > AT_ONCE {
            self.sent = Some((slot, header.len));
        }
        let out = match self.out.get_mut(slot as usize) {
            Some(Some(out)) => out,
            _ => self.open(slot),
        };
        let Some(line) = out.ring.reserve(header.len) else { return Err(SendError::Full) };
        fill(out.ring.lines().bytes(line, payload_at(header.len)));
        out.ring.publish(header.kind, header.len, header.meta);
        self.call(slot);
        Ok(())
    }

    #[inline]
    fn next(&mut self) -> Option<Incoming> {
        if self.budget > 0
            && let Some(&index) = self.active.get(self.cursor)
            && let Some(frame) = self.poll_ring(index)
        {
            self.budget -= 1;
            return Some(frame);
        }
        self.budget = BUDGET;
        let frame = if self.active.len() > 1 { self.next_of_others() } else { None };
        if frame.is_none() {
            if let Some((slot, len)) = self.sent.take() {
                self.prepare(slot, len);
            }
            self.accept();
        }
        frame
    }

    #[inline]
    fn release(&mut self, token: Token) {
        if let Some(ring) = self.rings[token.slot as usize].as_mut() {
            ring.release((token.line & 0xffff) as usize);
            let name = (token.line >> 16) as u8;
            if let Some(cell) = Cell::named(name) {
                self.cells[token.slot as usize].receive(cell);
            } else if let Some(bounce) = Bounce::named(name) {
                self.node.control(token.slot as usize).returned.give_back(bounce);
            }
        }
    }
}

#[cfg(any(test, fuzzing))]
pub mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::segment::node_size;
    use crate::sys::fd::memory_file;
    use std::os::fd::AsFd;

    #[test]
    fn a_ring_that_held_garbage_stays_closed_though_its_writer_knocks_again() {
        let file = memory_file(c"vmi-test", node_size(2)).unwrap();
        let node = Node::map(file.as_fd(), 2).unwrap();
        let mut us = Shm::new(node.clone(), 1, 0, vec![0, 1]);
        for _ in 0..3 {
            node.lines(0, 1).word_release(0, u32::MAX);
            node.control(0).hot[0].store(2, Ordering::Relaxed);
            assert!(us.next().is_none() && us.next().is_none());
        }
        let alerts = us.take_alerts();
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert!(us.announce_sleep().is_some(), "the garbage keeps nobody awake");
    }
}
