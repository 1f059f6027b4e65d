//! Blocks of any length that travel together: each in an envelope that says its length, one behind the other.
//!
//! The writer decides what is in the envelope: a block of at most [`Limit`] bytes, or the news that its rank sends it
//! straight to the one that wants it. So nobody has to know a length beforehand, and a wrong one is noticed by the rank
//! whose block it is.
//!
//! Invariant: an envelope is never longer than [`Limit::envelope`], whatever it says.

use super::super::part::Part;
use super::super::wire::{Batch, Temp, Wire};
use super::Op;
use crate::error::Result;
use crate::{UserBuf, fail};
use std::ops::Range;

const HEAD: usize = 8;

/// Most bytes of a block in an envelope; all ranks know it.
#[derive(Clone, Copy)]
pub struct Limit(pub usize);

impl Limit {
    /// Most bytes of an envelope.
    pub fn envelope(self) -> usize {
        HEAD + self.0
    }

    /// Whether a block of `len` bytes travels in its envelope.
    pub fn holds(self, len: usize) -> bool {
        len <= self.0
    }
}

/// An envelope where it lies.
#[derive(Clone, Copy)]
pub struct Envelope {
    at: UserBuf,
    /// Bytes of the block.
    pub len: usize,
    /// The block is inside.
    pub inside: bool,
}

impl Envelope {
    fn bytes(&self) -> usize {
        if self.inside { HEAD + self.len } else { HEAD }
    }

    /// Puts the block of `rank` into its place. Less than fits is believed, as with messages.
    pub fn open(&self, rank: usize, into: Part) -> Result {
        let room = into.len();
        into.dt.unpack(into.buf, into.count, 0, self.at.offset(HEAD as isize), self.len.min(room));
        if self.len > room {
            fail!(
                TRUNCATE,
                "rank {rank} sent {} bytes where this rank expected {room} at most: count or datatype differ between \
                 ranks",
                self.len
            );
        }
        Ok(())
    }
}

/// Envelopes in memory, read or written from the front.
#[derive(Clone, Copy)]
pub struct Bundle {
    start: UserBuf,
    at: UserBuf,
    limit: Limit,
}

impl Bundle {
    pub fn at(start: UserBuf, limit: Limit) -> Bundle {
        Bundle { start, at: start, limit }
    }

    /// What was read or written so far.
    pub fn passed<'w>(&self, w: &'w Wire) -> Part<'w> {
        w.bytes(self.start, self.at.addr() - self.start.addr())
    }

    /// The bundle that begins here.
    pub fn rest(&self) -> Bundle {
        Bundle::at(self.at, self.limit)
    }

    /// Writes the block's envelope. True if the block must follow by message.
    pub fn put(&mut self, block: Part) -> bool {
        let len = block.len();
        self.at.store(0, len as u64);
        self.at = self.at.offset(HEAD as isize);
        if self.limit.holds(len) {
            block.pack_into(self.at);
            self.at = self.at.offset(len as isize);
        }
        !self.limit.holds(len)
    }

    /// Writes a copy of an envelope.
    pub fn forward(&mut self, envelope: Envelope) {
        envelope.at.copy_to(self.at, envelope.bytes());
        self.at = self.at.offset(envelope.bytes() as isize);
    }

    /// Reads an envelope.
    pub fn next(&mut self) -> Envelope {
        let len = self.at.load::<u64>(0) as usize;
        let envelope = Envelope { at: self.at, len, inside: self.limit.holds(len) };
        self.at = self.at.offset(envelope.bytes() as isize);
        envelope
    }

    /// Reads `n` envelopes: the memory that they take.
    pub fn pass<'w>(&mut self, w: &'w Wire, n: usize) -> Part<'w> {
        let mut run = self.rest();
        for _ in 0..n {
            run.next();
        }
        *self = run.rest();
        run.passed(w)
    }

    /// Writes copies of the next `n` envelopes of `from`.
    pub fn forward_from(&mut self, from: &mut Bundle, n: usize) {
        (0..n).for_each(|_| self.forward(from.next()));
    }
}

/// Memory for envelopes, each as long as one can be.
pub struct Room<'w> {
    memory: Temp<'w>,
    limit: Limit,
}

impl Room<'_> {
    /// The envelopes from number `at` on.
    pub fn bundle(&self, at: usize) -> Bundle {
        Bundle::at(self.memory.base.offset((at * self.limit.envelope()) as isize), self.limit)
    }

    pub fn part<'w>(&self, w: &'w Wire, envelopes: Range<usize>) -> Part<'w> {
        let at = self.memory.base.offset((envelopes.start * self.limit.envelope()) as isize);
        w.bytes(at, envelopes.len() * self.limit.envelope())
    }
}

impl Op<'_> {
    pub(super) fn room(&self, limit: Limit, envelopes: usize) -> Room<'_> {
        Room { memory: self.temp(envelopes * limit.envelope()), limit }
    }

    /// Room for the envelopes of `ranks` ranks on a leader, for none elsewhere.
    pub(super) fn room_of_leader(&self, limit: Limit, ranks: usize) -> Room<'_> {
        self.room(limit, if self.heads().is_some() { ranks } else { 0 })
    }

    /// Puts the block of `rank` into its place, or posts the receive for it.
    pub(super) fn deliver<'w>(
        &'w self,
        envelope: Envelope,
        rank: usize,
        into: Part,
        arrivals: &mut Batch<'w>,
    ) -> Result {
        match envelope.inside {
            true => self.unless_broken(envelope.open(rank, into))?,
            false => arrivals.push(self.whole().irecv_up_to(into, rank)?),
        }
        Ok(())
    }

    /// From the leader `each` envelopes to every rank of the host.
    pub(super) async fn deal_in_host(&self, mut bundle: Bundle, each: usize, mine: Part<'_>) -> Result {
        let host = self.host();
        let locals = if host.rank == 0 { host.size } else { 0 };
        let blocks: Vec<Part> = (0..locals).map(|_| bundle.pass(host, each)).collect();
        self.scatter_in_host(|local| blocks[local], mine).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coll::tests::Types;

    #[test]
    fn envelopes_come_out_as_they_went_in() {
        let types = Types::new();
        let limit = Limit(16);
        let mut memory = [0u8; 3 * 24];
        let mut bundle = Bundle::at(UserBuf::of(&mut memory), limit);
        let mut data = [7u8; 40];
        let part = |len: usize, data: &mut [u8]| Part::new(UserBuf::of(data), len as i64, &types.byte);
        assert!(!bundle.put(part(3, &mut data)));
        assert!(bundle.put(part(17, &mut data)));
        assert!(!bundle.put(part(16, &mut data)));
        let mut copy = [0u8; 3 * 24];
        let mut copied = Bundle::at(UserBuf::of(&mut copy), limit);
        copied.forward_from(&mut Bundle::at(UserBuf::of(&mut memory), limit), 3);
        let mut reader = Bundle::at(UserBuf::of(&mut copy), limit);
        let seen = [(); 3].map(|()| reader.next());
        assert_eq!(seen.map(|e| (e.len, e.inside)), [(3, true), (17, false), (16, true)]);
        let mut into = [0u8; 16];
        assert!(seen[2].open(0, part(16, &mut into)).is_ok() && into == [7; 16]);
        assert!(seen[2].open(0, part(8, &mut into)).is_err());
    }
}
