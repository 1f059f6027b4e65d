//! Oracle, model-checker and hostile-peer tests of the ring.

use super::*;
use crate::shm::bounce::BUFFERS;
use std::collections::VecDeque;
use std::sync::Arc;

#[cfg(loom)]
use loom::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
};
#[cfg(not(loom))]
use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
};

/// A ring in ordinary memory. Payload is not stored: `meta` carries the test's value.
struct TestLines<const N: usize> {
    words: [AtomicU32; N],
    metas: [[AtomicU32; 3]; N],
    head: AtomicU64,
}

impl<const N: usize> TestLines<N> {
    fn new() -> Arc<Self> {
        let atomic = |_| AtomicU32::new(0);
        Arc::new(TestLines {
            words: std::array::from_fn(atomic),
            metas: std::array::from_fn(|_| std::array::from_fn(atomic)),
            head: AtomicU64::new(0),
        })
    }
}

impl<const N: usize> Lines for Arc<TestLines<N>> {
    const COUNT: usize = N;
    fn word_acquire(&self, line: usize) -> u32 {
        self.words[line].load(Ordering::Acquire)
    }
    fn word_release(&self, line: usize, value: u32) {
        self.words[line].store(value, Ordering::Release);
    }
    fn meta(&self, line: usize) -> [u32; 3] {
        [0, 1, 2].map(|i| self.metas[line][i].load(Ordering::Relaxed))
    }
    fn set_meta(&self, line: usize, meta: [u32; 3]) {
        for (i, m) in meta.into_iter().enumerate() {
            self.metas[line][i].store(m, Ordering::Relaxed);
        }
    }
    fn head_acquire(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }
    fn head_release(&self, head: u64) {
        self.head.store(head, Ordering::Release);
    }
}

/// Sends `count` records of varying length and checks that they arrive once, in order.
fn pass<const N: usize>(count: u32) {
    let lines = TestLines::<N>::new();
    let mut producer = Producer::new(lines.clone());
    let sender = thread::spawn(move || {
        for i in 0..count {
            let len = length(i, N);
            while producer.reserve(len).is_none() {
                thread::yield_now();
            }
            producer.publish(1, len, [i, !i, 7]);
        }
    });
    let mut consumer = Consumer::new(lines);
    for i in 0..count {
        let record = loop {
            match consumer.peek().expect("an honest peer") {
                Some(record) => break record,
                None => thread::yield_now(),
            }
        };
        assert_eq!((record.meta, record.len), ([i, !i, 7], length(i, N)));
        consumer.release(record.lines());
    }
    sender.join().expect("sender ends");
}

fn length(i: u32, lines: usize) -> usize {
    [0, 48, 49, 112, 176][i as usize % 5].min(max_payload(lines))
}

#[cfg(loom)]
#[test]
fn records_arrive_once_in_order_in_every_interleaving() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| pass::<4>(4));
}

#[cfg(not(loom))]
#[test]
fn records_arrive_once_in_order_under_stress() {
    pass::<16>(100_000);
    pass::<1024>(100_000);
}

/// xorshift: small, repeatable, good enough to choose operations.
struct Random(u64);
impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

#[cfg(not(loom))]
#[test]
fn behaves_like_a_queue_for_random_operations() {
    for seed in 1..200 {
        let mut random = Random(seed);
        let lines = TestLines::<32>::new();
        let (mut producer, mut consumer) = (Producer::new(lines.clone()), Consumer::new(lines));
        let mut oracle: VecDeque<(usize, u32, u8)> = VecDeque::new();
        for step in 0..2_000 {
            if random.below(2) == 0 {
                let cell = [0, 1, 2, CELLS + 1, CELLS + 2 * BUFFERS as u8][random.below(5)];
                let most = if cell > CELLS { bounce::BYTES } else { max_payload(32) };
                let len = random.below(most + 1);
                match producer.reserve(if cell == 0 { len } else { 0 }) {
                    Some(_) if cell == 0 => {
                        producer.publish(3, len, [step, 0, 0]);
                        oracle.push_back((len, step, 0));
                    }
                    Some(_) => {
                        producer.publish_apart(3, cell, len, [step, 0, 0], || ());
                        oracle.push_back((len, step, cell));
                    }
                    None => assert!(!oracle.is_empty(), "an empty ring takes any record"),
                }
            } else {
                let record = consumer.peek().expect("an honest peer");
                assert_eq!(record.map(|r| (r.len, r.meta[0], r.cell)), oracle.pop_front());
                if let Some(record) = record {
                    consumer.release(record.lines());
                }
            }
        }
    }
}

#[cfg(not(loom))]
#[test]
fn garbage_from_a_hostile_peer_is_an_error_inside_the_ring() {
    for seed in 1..2_000 {
        let mut random = Random(seed);
        let lines = TestLines::<32>::new();
        let mut consumer = Consumer::new(lines.clone());
        for line in &lines.words {
            line.store(
                random.0 as u32 & [u32::MAX, 0xff00_01ff, 0x0100_00ff][random.below(3)],
                Ordering::Relaxed,
            );
            random.below(2);
        }
        for _ in 0..1_000 {
            match consumer.peek() {
                Ok(Some(record)) => {
                    let most = if record.cell > CELLS { bounce::BYTES } else { max_payload(32) };
                    assert!(record.line + record.lines() <= 32 && record.len <= most);
                    assert!(record.cell <= CELLS || Bounce::named(record.cell).is_some());
                    consumer.release(record.lines());
                }
                Ok(None) | Err(_) => break,
            }
        }
    }
}

#[cfg(not(loom))]
#[test]
fn a_lying_head_makes_the_ring_full_at_worst() {
    let lines = TestLines::<32>::new();
    let mut producer = Producer::new(lines.clone());
    for head in [u64::MAX, 1 << 40, 31] {
        lines.head.store(head, Ordering::Relaxed);
        while producer.reserve(0).is_some() {
            producer.publish(1, 0, [0; 3]);
            lines.head.store(head, Ordering::Relaxed);
            if producer.tail > 64 {
                break;
            }
        }
        assert!(producer.head <= producer.tail);
    }
}
