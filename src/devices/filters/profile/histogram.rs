//! Histograms that cost a few instructions to add to.

/// Sizes by powers of two: bucket 0 is empty messages, bucket b holds 2^(b-1) ..= 2^b - 1 bytes.
pub struct Sizes([u64; Sizes::BUCKETS]);

impl Sizes {
    const BUCKETS: usize = 48;

    pub const fn new() -> Sizes {
        Sizes([0; Sizes::BUCKETS])
    }

    #[inline]
    pub fn add(&mut self, size: u64) {
        let bucket = (u64::BITS - size.leading_zeros()) as usize;
        self.0[bucket.min(Sizes::BUCKETS - 1)] += 1;
    }

    /// Smallest size and number of messages of every bucket that holds any.
    pub fn rows(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let rows = self.0.iter().enumerate().map(|(b, n)| (if b == 0 { 0 } else { 1 << (b - 1) }, *n));
        rows.filter(|(_, n)| *n > 0)
    }
}

/// Times, four buckets per power of two: a bucket's times differ by less than a quarter. The unit is the caller's.
pub struct Times {
    buckets: [u32; Times::BUCKETS],
    count: u64,
    sum: u64,
    least: u64,
    most: u64,
}

impl Times {
    const BUCKETS: usize = 252;

    pub const fn new() -> Times {
        Times { buckets: [0; Times::BUCKETS], count: 0, sum: 0, least: u64::MAX, most: 0 }
    }

    #[inline]
    pub fn add(&mut self, time: u64) {
        let bucket = &mut self.buckets[Times::bucket(time)];
        *bucket = bucket.saturating_add(1);
        self.count += 1;
        self.sum = self.sum.saturating_add(time);
        self.least = self.least.min(time);
        self.most = self.most.max(time);
    }

    /// The two bits after the first one choose the quarter.
    #[inline]
    fn bucket(time: u64) -> usize {
        if time < 4 {
            return time as usize;
        }
        let power = time.ilog2();
        let quarter = (time >> (power - 2)) & 3;
        (power as usize - 1) * 4 + quarter as usize
    }

    /// The smallest time of a bucket.
    fn start(bucket: usize) -> u64 {
        if bucket < 4 {
            return bucket as u64;
        }
        (4 + bucket as u64 % 4) << (bucket / 4 - 1)
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }

    pub fn least(&self) -> u64 {
        if self.count == 0 { 0 } else { self.least }
    }

    pub fn most(&self) -> u64 {
        self.most
    }

    /// The time that the given part of all times does not exceed, to a quarter of a power of two.
    pub fn quantile(&self, part: f64) -> u64 {
        let wanted = (self.count as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (bucket, n) in self.buckets.iter().enumerate() {
            seen += u64::from(*n);
            if seen >= wanted && *n > 0 {
                return Times::start(bucket + 1).wrapping_sub(1).clamp(self.least(), self.most);
            }
        }
        self.most
    }

    /// Smallest time and number of every bucket that holds any.
    pub fn rows(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let rows = self.buckets.iter().enumerate().map(|(bucket, n)| (Times::start(bucket), u64::from(*n)));
        rows.filter(|(_, n)| *n > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_its_bucket() {
        let some = (0..64)
            .flat_map(|bit| [1u64 << bit, (1u64 << bit) + 1, (3u64 << bit).max(1 << bit), u64::MAX >> bit]);
        for time in some.chain(0..5000) {
            let bucket = Times::bucket(time);
            assert!(bucket < Times::BUCKETS && Times::start(bucket) <= time, "{time} in {bucket}");
            assert!(bucket + 1 == Times::BUCKETS || time < Times::start(bucket + 1), "{time} in {bucket}");
        }
    }

    #[test]
    fn quantiles_come_from_the_buckets() {
        let mut times = Times::new();
        (1..=1000).for_each(|t| times.add(t));
        assert_eq!((times.count(), times.least(), times.most(), times.mean()), (1000, 1, 1000, 500.5));
        assert!((500..=640).contains(&times.quantile(0.5)), "{}", times.quantile(0.5));
        assert_eq!(times.quantile(1.0), 1000);
        assert_eq!(Times::new().quantile(0.5), 0);
    }

    #[test]
    fn sizes_fall_into_powers_of_two() {
        let mut sizes = Sizes::new();
        [0, 1, 2, 3, 4, 1 << 20, u64::MAX].into_iter().for_each(|s| sizes.add(s));
        assert_eq!(
            sizes.rows().collect::<Vec<_>>(),
            [(0, 1), (1, 1), (2, 2), (4, 1), (1 << 20, 1), (1 << 46, 1)]
        );
    }
}
