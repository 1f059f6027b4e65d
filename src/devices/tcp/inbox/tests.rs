//! Outbox and inbox together: an oracle over random partial transfers, and garbage.

use super::super::outbox::Outbox;
use super::*;
use crate::core::buffer::Buffer;
use crate::core::slab::{BufferOp, Slab};
use std::collections::VecDeque;

/// A small generator (xorshift), so that failures repeat.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// A pipe that takes and gives as much as the dice say.
struct Pipe<'a>(VecDeque<u8>, &'a mut Dice);

impl Read for Pipe<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() || self.1.next(4) == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = (1 + self.1.next(70_000)).min(self.0.len()).min(to.len());
        self.0.drain(..n).zip(to).for_each(|(from, to)| *to = from);
        Ok(n)
    }
}

fn write_some(
    pipe: &mut VecDeque<u8>,
    dice: &mut Dice,
    pieces: &[std::io::IoSlice<'_>],
) -> io::Result<usize> {
    if dice.next(3) == 0 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let flat = pieces.iter().flat_map(|p| p.iter().copied());
    let n = 1 + dice.next(50_000);
    let before = pipe.len();
    pipe.extend(flat.take(n));
    Ok(pipe.len() - before)
}

fn payload(number: u32, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i as u32).wrapping_mul(31).wrapping_add(number) as u8).collect()
}

/// The bytes as a slab of random pieces, with something that has been read in front.
fn scattered(bytes: &[u8], dice: &mut Dice) -> Slab {
    let mut slab = Slab::default();
    let ahead = dice.next(3);
    let all = [vec![9; ahead], bytes.to_vec()].concat();
    let buffer = Buffer::allocate(all.len());
    buffer.address().write(0, &all);
    let mut at = 0;
    while at < all.len() {
        let len = match dice.next(3) {
            0 => dice.next(300),
            _ => dice.next(30_000),
        };
        let len = len.min(all.len() - at);
        slab.push(BufferOp::new(buffer.clone(), at, len).unwrap());
        at += len;
    }
    slab.read(UserBuf::of(&mut [0; 3]), ahead);
    slab
}

/// Memory in which frames land, and bytes behind it that nobody may touch.
pub struct Ground(Vec<u8>);

const FENCE: usize = 64;

impl Ground {
    pub fn new() -> Ground {
        Ground(vec![0xee; MAX_PAYLOAD + FENCE])
    }

    /// Where a frame lands whose last byte is the last before the fence.
    pub fn place(&mut self, len: usize) -> UserBuf {
        UserBuf::of(&mut self.0).offset((MAX_PAYLOAD - (len - HEAD)) as isize)
    }

    /// The payload of a frame that `peek` has told of.
    pub fn payload(&self, header: Header, here: UserBuf, landed: bool) -> Vec<u8> {
        let mut bytes = vec![0; header.len];
        if landed {
            here.read(0, &mut bytes[..HEAD]);
            bytes[HEAD..].copy_from_slice(&self.0[MAX_PAYLOAD - (header.len - HEAD)..MAX_PAYLOAD]);
        } else {
            here.read(0, &mut bytes);
        }
        assert!(self.0[MAX_PAYLOAD..].iter().all(|byte| *byte == 0xee), "written behind the end");
        bytes
    }
}

fn take_all(inbox: &mut Inbox, ground: &Ground, got: &mut u32, sizes: &[usize]) {
    while let Some((header, buf)) = inbox.peek().unwrap() {
        let bytes = ground.payload(header, buf, inbox.lands());
        assert_eq!((header.meta[0], header.len), (*got, sizes[*got as usize]));
        assert!(bytes == payload(*got, header.len), "frame {got}");
        inbox.release(header.len);
        *got += 1;
    }
}

/// Lets what has begun land, and takes some of it back.
fn land_some(inbox: &mut Inbox, ground: &mut Ground, dice: &mut Dice) {
    if let Some((header, head)) = inbox.begun() {
        assert_eq!(head[..], payload(header.meta[0], HEAD));
        assert!(inbox.begun().is_none());
        if dice.next(4) > 0 {
            inbox.land(header, ground.place(header.len));
        }
    }
    if dice.next(20) == 0 {
        inbox.retract();
    }
}

#[test]
fn frames_arrive_in_order_whatever_the_fragments() {
    for seed in 1..30 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
        let sizes: Vec<usize> = (0..300)
            .map(|_| match dice.next(6) {
                0 => 0,
                1 => dice.next(20),
                2 => dice.next(2000),
                3 => dice.next(MAX_PAYLOAD + 1),
                4 => MAX_PAYLOAD,
                _ => 8,
            })
            .collect();
        let (mut out, mut inbox, mut pipe) = (Outbox::default(), Inbox::default(), VecDeque::new());
        let (mut put, mut got, mut ground) = (0, 0, Ground::new());
        while (got as usize) < sizes.len() {
            while put < sizes.len() && !out.is_full(super::super::outbox::LIMIT) && dice.next(5) > 0 {
                let header = Header { kind: 3, meta: [put as u32, 0, 0], len: sizes[put] };
                let payload = payload(put as u32, sizes[put]);
                let slab = scattered(&payload, &mut dice);
                match dice.next(3) {
                    0 => out.push(header, |to| to.write(0, &payload)),
                    1 => out.push_slab(header, &slab),
                    _ => {
                        let _ = out
                            .send_slab(header, &slab, |pieces| write_some(&mut pipe, &mut dice, pieces))
                            .unwrap();
                    }
                }
                put += 1;
            }
            let _ = out.flush(|pieces| write_some(&mut pipe, &mut dice, pieces)).unwrap();
            let mut source = Pipe(std::mem::take(&mut pipe), &mut dice);
            inbox.fill(&mut source).unwrap();
            pipe = source.0;
            land_some(&mut inbox, &mut ground, &mut dice);
            take_all(&mut inbox, &ground, &mut got, &sizes);
        }
        assert!(out.is_empty() && pipe.is_empty());
    }
}

#[test]
fn garbage_is_an_error_or_waits_and_never_a_panic() {
    let mut dice = Dice(42);
    for _ in 0..2000 {
        let mut inbox = Inbox::default();
        let mut bytes: VecDeque<u8> = (0..dice.next(5000)).map(|_| dice.next(256) as u8).collect();
        // Half of the time a plausible beginning.
        if dice.next(2) == 0 {
            let header = Header { kind: 1, meta: [0; 3], len: dice.next(100) };
            wire::encode(header, 0).into_iter().rev().for_each(|b| bytes.push_front(b));
        }
        while !bytes.is_empty() {
            let mut source = Pipe(bytes, &mut dice);
            inbox.fill(&mut source).unwrap();
            bytes = source.0;
            match inbox.peek() {
                Ok(Some((header, _))) => inbox.release(header.len),
                Ok(None) => {}
                Err(_) => break,
            }
        }
    }
}

#[test]
fn an_outbox_fills_up() {
    let mut out = Outbox::default();
    let mut frames = 0;
    while !out.is_full(super::super::outbox::LIMIT) {
        out.push(Header { kind: 1, meta: [0; 3], len: MAX_PAYLOAD }, |_| {});
        frames += 1;
    }
    assert_eq!(frames, super::super::outbox::LIMIT.div_ceil(MAX_PAYLOAD));
    assert!(out.flush(|pieces| Ok(pieces.iter().map(|p| p.len()).sum())).unwrap() && out.is_empty());
}
