//! Cells: memory of two ranks in which the payload of a record may lie apart from the ring.
//!
//! A cell belongs to one of the two at a time, and goes over to the other with the record that names it. So whoever answers
//! a message writes into memory that it has just read: the lines are in its cache, and each crosses once for a
//! message, where in the ring it crosses twice, there with the payload and back to be written anew. (Two cores, in C, 4 KiB: half
//! round trip 0.75 µs by a ring, 0.55 by a cell; both at once 1.0 and 0.65.)
//!
//! Nothing waits for a cell: who has none sends through the ring, which is the better way in one direction. Each rank begins with
//! those behind the ring that it sends through.
//!
//! A hostile peer may name a cell that is not its to give. It then shares with us what we write for it, and nothing else.

/// Bytes of a cell; no record of a ring is longer.
pub const BYTES: usize = 16 << 10;
/// Cells behind each ring: so many long messages in each direction at a time.
pub const PER_RING: usize = 2;
/// Cells of two ranks, numbered from 1.
pub const CELLS: u8 = 2 * PER_RING as u8;

/// A cell as the record names it: up to [`PER_RING`] those behind the ring in which the record lies, then those behind the
/// ring the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell(u8);

impl Cell {
    /// None for 0 (the payload lies in the ring) and for what is no cell.
    #[inline]
    pub fn named(name: u8) -> Option<Cell> {
        (1..=CELLS).contains(&name).then_some(Cell(name))
    }

    #[inline]
    pub fn name(self) -> u8 {
        self.0
    }

    /// Whether it lies behind the ring of the record, and its place there.
    #[inline]
    pub fn behind_its_ring(self) -> (bool, usize) {
        let nth = usize::from(self.0) - 1;
        (nth < PER_RING, nth % PER_RING)
    }

    /// As a record in the ring the other way names it.
    #[inline]
    fn turned(self) -> Cell {
        let per_ring = PER_RING as u8;
        Cell(if self.0 > per_ring { self.0 - per_ring } else { self.0 + per_ring })
    }
}

/// The cells that we may write a record for one peer into: names of four bits each, the one read last on top.
#[derive(Clone, Copy, Debug)]
pub struct OwnCells(u32);

impl OwnCells {
    /// What each rank begins with.
    pub fn at_first() -> OwnCells {
        (1..=PER_RING as u32).rev().fold(OwnCells(0), |own, name| OwnCells(own.0 << 4 | name))
    }

    #[inline]
    pub fn top(self) -> Option<Cell> {
        Cell::named((self.0 & 0xf) as u8)
    }

    /// The top one now belongs to the peer.
    #[inline]
    pub fn give(&mut self) {
        self.0 >>= 4;
    }

    /// `cell`, as the peer's record named it, now belongs to us.
    #[inline]
    pub fn receive(&mut self, cell: Cell) {
        self.0 = self.0 << 4 | u32::from(cell.turned().name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_last_is_written_next_and_comes_back_under_its_first_name() {
        let (mut ours, mut theirs) = (OwnCells::at_first(), OwnCells::at_first());
        let sent = ours.top().unwrap();
        assert_eq!(sent.behind_its_ring(), (true, 0));
        ours.give();
        theirs.receive(sent);
        let answer = theirs.top().unwrap();
        assert_eq!(answer.behind_its_ring(), (false, 0));
        theirs.give();
        ours.receive(answer);
        assert_eq!(ours.top(), Some(sent));
    }

    #[test]
    fn cells_run_out_and_all_of_them_fit_on_one_side() {
        let (mut ours, mut theirs) = (OwnCells::at_first(), OwnCells::at_first());
        for _ in 0..PER_RING {
            theirs.receive(ours.top().unwrap());
            ours.give();
        }
        assert_eq!(ours.top(), None);
        let mut names: Vec<u8> = (0..CELLS)
            .map(|_| {
                let name = theirs.top().unwrap().name();
                theirs.give();
                name
            })
            .collect();
        names.sort_unstable();
        assert_eq!((names, theirs.top()), ((1..=CELLS).collect(), None));
    }
}
