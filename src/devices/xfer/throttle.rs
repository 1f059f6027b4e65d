//! How much may be on its way over a network that loses frames when there is too much: a little more as long as
//! nothing is lost, much less after a loss. Networks that keep the order do this themselves.

pub struct Throttle {
    limit: usize,
    /// Above this the limit grows slowly.
    slow_from: usize,
    least: usize,
    most: usize,
    /// Losses of frames before this index belong to a loss that was already answered.
    answered: u64,
}

impl Throttle {
    pub fn new(max_payload: usize, window: usize) -> Throttle {
        let least = (2 * max_payload).min(window);
        let limit = (16 * max_payload).clamp(128 << 10, window.max(128 << 10));
        Throttle { limit, slow_from: usize::MAX, least, most: window.max(limit), answered: 0 }
    }

    /// A frame may go while so much is on its way.
    pub fn admits(&self, in_flight: usize) -> bool {
        in_flight < self.limit
    }

    pub fn arrived(&mut self, bytes: usize, left: usize) {
        if left + bytes < self.limit / 2 {
            return;
        }
        let grow = if self.limit < self.slow_from { bytes } else { bytes * self.least / self.limit.max(1) };
        self.limit = (self.limit + grow).min(self.most);
    }

    /// The frame `index` was lost; `next` is the index of the next to be sent.
    pub fn lost(&mut self, index: u64, next: u64) {
        if index >= self.answered {
            self.limit = (self.limit * 7 / 10).max(self.least);
            self.slow_from = self.limit;
            self.answered = next;
        }
    }
}
