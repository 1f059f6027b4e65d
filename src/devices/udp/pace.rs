//! How much may be on its way to one peer, and which datagrams have been seen already. Pure; times are given.
//!
//! The receiver's queue in the kernel is short, and what does not fit is thrown away without a word. So the sender
//! keeps as many datagrams on their way as the queue holds: now and then it asks for a report of the highest number
//! seen. Everything up to that number has been taken out of the queue, or is lost.

/// Datagrams on their way, at most and at least, whatever the peer's queue.
const MOST: u64 = 1024;
const LEAST: u64 = 4;
/// What the kernel spends on a datagram besides its bytes.
const SPENT: usize = 1024;
/// How long a full way waits for a report before what is on it counts as lost, ns.
const PATIENCE: u64 = 20_000_000;

#[derive(Debug)]
pub struct Outgoing {
    /// Number of the last datagram.
    last: u64,
    /// The highest that the peer has seen, as far as we know.
    seen: u64,
    /// Number of the last datagram with which we asked.
    asked: u64,
    /// Small ones after `seen` that nobody reports, about.
    aside: u64,
    window: u64,
    /// Since when the way is full, ns; 0: it is not.
    full_since: u64,
}

impl Outgoing {
    /// `room`: bytes of the peer's queue; `size`: of our largest datagram.
    pub fn new(room: u32, size: usize) -> Outgoing {
        // A quarter is left for others.
        let window = room as u64 * 3 / 4 / (size + SPENT) as u64;
        Outgoing { last: 0, seen: 0, asked: 0, aside: 0, window: window.clamp(LEAST, MOST), full_since: 0 }
    }

    /// Datagrams on their way.
    fn away(&self) -> u64 {
        (self.last - self.seen).saturating_sub(self.aside)
    }

    /// `count` datagrams may go; always true on an empty way.
    pub fn admits(&mut self, count: u64, now: u64) -> bool {
        let away = self.away();
        if away == 0 || away + count <= self.window {
            self.full_since = 0;
            return true;
        }
        if self.full_since == 0 {
            self.full_since = now.max(1);
        }
        false
    }

    /// The number of the next datagram, and whether to ask with it: four times per window, so that a report comes in
    /// time even if some are lost.
    pub fn number(&mut self) -> (u64, bool) {
        self.last += 1;
        let ask = self.last - self.asked.max(self.seen) >= (self.window / 4).max(1);
        if ask {
            self.asked = self.last;
        }
        (self.last, ask)
    }

    /// The number of a small datagram that is no part of a frame: it takes no room.
    pub fn number_aside(&mut self) -> u64 {
        let empty = self.away() == 0;
        self.last += 1;
        (self.seen, self.aside) = if empty { (self.last, 0) } else { (self.seen, self.aside + 1) };
        self.last
    }

    pub fn reported(&mut self, seen: u64) {
        if seen > self.seen && seen <= self.last {
            self.seen = seen;
            self.aside = self.aside.min(self.last - seen);
            self.full_since = 0;
        }
    }

    pub fn is_full(&self) -> bool {
        self.full_since != 0
    }

    /// No report has come for too long: it is lost, or what should have led to it. A quarter may go again.
    pub fn expire(&mut self, now: u64) {
        if self.full_since != 0 && now >= self.full_since + PATIENCE {
            self.seen = self.last - (self.last - self.seen) * 3 / 4;
            self.aside = 0;
            self.asked = self.asked.min(self.seen);
            self.full_since = 0;
        }
    }
}

/// Which numbers of the peer's datagrams have come: the highest, and those shortly below it.
#[derive(Debug)]
pub struct Seen {
    pub highest: u64,
    /// Bit `n % 1024`: number `n` has come, for the last 1024 numbers.
    bits: [u64; 16],
}

impl Seen {
    const WINDOW: u64 = 1024;

    pub fn new() -> Seen {
        Seen { highest: 0, bits: [0; 16] }
    }

    /// False: it has come already, or is too old to tell.
    pub fn take(&mut self, number: u64) -> bool {
        if number == 0 || number.saturating_add(Self::WINDOW) <= self.highest {
            return false;
        }
        if number > self.highest {
            let from = self.highest.max(number.saturating_sub(Self::WINDOW)) + 1;
            (from..=number).for_each(|n| self.set(n, false));
            self.highest = number;
        }
        let (word, bit) = Self::place(number);
        let new = self.bits[word] & bit == 0;
        self.set(number, true);
        new
    }

    fn place(number: u64) -> (usize, u64) {
        ((number / 64 % 16) as usize, 1 << (number % 64))
    }

    fn set(&mut self, number: u64, on: bool) {
        let (word, bit) = Self::place(number);
        self.bits[word] = if on { self.bits[word] | bit } else { self.bits[word] & !bit };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_full_way_waits_for_a_report_or_for_a_while() {
        let mut way = Outgoing::new(100 * 2048, 1024);
        let window = 75;
        let mut asked = 0;
        for number in 1..=window {
            assert!(way.admits(1, 5));
            let (found, ask) = way.number();
            assert_eq!(found, number);
            asked += u64::from(ask);
        }
        assert_eq!(asked, 4);
        assert!(!way.admits(1, 7) && way.is_full());
        way.expire(8);
        assert!(!way.admits(1, 9));
        way.reported(60);
        assert!(way.admits(60, 10) && !way.is_full());
        way.reported(50);
        way.reported(1_000_000);
        assert!(way.admits(60, 10) && !way.admits(61, 10));
        way.expire(10 + PATIENCE);
        assert!(!way.is_full() && way.admits(62, 11 + PATIENCE));
    }

    #[test]
    fn the_smallest_queue_takes_something() {
        let mut way = Outgoing::new(0, 60_000);
        assert!(way.admits(64, 1));
        (0..64).for_each(|_| _ = way.number());
        assert!(!way.admits(1, 1));
    }

    #[test]
    fn small_ones_take_no_room() {
        let mut way = Outgoing::new(100 * 2048, 1024);
        (0..1000).for_each(|_| _ = way.number_aside());
        assert!(way.admits(75, 1));
        assert_eq!(way.number().0, 1001);
        (0..1000).for_each(|_| _ = way.number_aside());
        assert!(way.admits(74, 1) && !way.admits(75, 1));
        way.reported(1001);
        assert!(way.admits(75, 1));
    }

    #[test]
    fn numbers_count_once() {
        let mut state = 3u64;
        let (mut seen, mut oracle) = (Seen::new(), HashSet::new());
        let mut base = 1u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            base += (state >> 60) / 8;
            let number = base + (state >> 33) % 700;
            if number + Seen::WINDOW > seen.highest {
                assert_eq!(seen.take(number), oracle.insert(number), "{number}");
            }
        }
        assert!(!seen.take(1) && !seen.take(0));
        let far = seen.highest + 1_000_000;
        assert!(seen.take(far) && seen.take(far - 1023) && !seen.take(far - 1024) && !seen.take(far));
    }
}
