//! Oracle test: the queues behave as two plain lists searched from the front.

use super::*;

struct Random(u64);
impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn takes(pattern: Envelope, message: Envelope) -> bool {
    pattern.context == message.context
        && (pattern.source == ANY_SOURCE || pattern.source == message.source)
        && (pattern.tag == ANY_TAG || pattern.tag == message.tag)
}

fn take<T>(list: &mut Vec<(Envelope, T)>, wanted: impl Fn(Envelope) -> bool) -> Option<T> {
    let at = list.iter().position(|(e, _)| wanted(*e))?;
    Some(list.remove(at).1)
}

#[test]
fn agrees_with_linear_search_for_random_traffic() {
    for seed in 1..60 {
        let mut random = Random(seed);
        let mut real: Matching<u64, u64> = Matching::default();
        let (mut posted, mut unexpected) = (Vec::new(), Vec::new());
        for step in 0..3_000 {
            let message = Envelope {
                context: random.below(2) as u32,
                source: random.below(4) as i32,
                tag: random.below(5) as i32,
            };
            if random.below(2) == 0 {
                let pattern = message.pattern(random.below(4) as usize);
                let expected = take(&mut unexpected, |m| takes(pattern, m));
                assert_eq!(real.probe(pattern).map(|(_, v)| *v), expected);
                assert_eq!(real.take_unexpected(pattern).map(|(_, v)| v), expected);
                if expected.is_none() {
                    posted.push((pattern, step));
                    real.post(pattern, step);
                }
            } else {
                let expected = take(&mut posted, |p| takes(p, message));
                assert_eq!(real.take_posted(message), expected);
                if expected.is_none() {
                    unexpected.push((message, step));
                    real.keep(message, step);
                }
            }
            assert_eq!((real.posted_len(), real.unexpected_len()), (posted.len(), unexpected.len()));
        }
    }
}

#[test]
fn withdrawn_receive_is_not_matched() {
    let mut real: Matching<u8, u8> = Matching::default();
    let e = Envelope { context: 0, source: 1, tag: 2 };
    let first = real.post(e, 1);
    real.post(e, 2);
    assert_eq!(real.withdraw(first), Some(1));
    assert_eq!(real.withdraw(first), None);
    assert_eq!(real.take_posted(e), Some(2));
    assert_eq!(real.take_posted(e), None);
}
