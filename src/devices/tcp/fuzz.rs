//! Fuzzing the inbox: any bytes in any fragments give the frames that a plain reading of the stream gives, wherever they
//! land, and never more memory than a frame needs.

use super::inbox::{Inbox, MOST};
use super::wire::{self, HEADER, MAX_PAYLOAD};
use crate::core::buffer::UserBuf;
use crate::core::frame::{HEAD, Header};
use crate::core::interfaces::decode_card;
use crate::fuzz::Input;
use std::io::{self, Read};

/// Longest stream that is made of an input.
const STREAM: usize = 300 * 1024;

/// A stream of valid, damaged and arbitrary frames.
fn stream(input: &mut Input<'_>) -> Vec<u8> {
    let (mut out, mut sequence) = (Vec::new(), 0u32);
    for _ in 0..input.byte() {
        if input.is_empty() || out.len() > STREAM {
            break;
        }
        let choice = input.byte();
        if choice.is_multiple_of(8) {
            let len = input.below(64);
            out.extend_from_slice(input.take(len));
            continue;
        }
        let kind = input.byte().max(1);
        let len = match choice {
            _ if kind == wire::BYE => 0,
            192.. => (2 * input.size(MAX_PAYLOAD / 2)).min(MAX_PAYLOAD),
            _ => input.size(600),
        };
        let header = Header { kind, meta: [input.word(), len as u32, sequence], len };
        let mut bytes = wire::encode(header, sequence);
        if choice % 8 == 1 {
            bytes[input.below(HEADER)] = input.byte();
        }
        out.extend_from_slice(&bytes);
        out.extend(std::iter::repeat_n(sequence as u8, len));
        sequence = sequence.wrapping_add(1);
    }
    out
}

/// What a plain reading gives: the next frame, if it is all there, or that the stream is broken.
fn next_of<'a>(stream: &mut &'a [u8], sequence: &mut u32) -> Result<Option<(Header, &'a [u8])>, ()> {
    let Some(head) = stream.first_chunk::<HEADER>() else { return Ok(None) };
    let header = wire::decode(head, *sequence).map_err(|_| ())?;
    assert!(header.len <= MAX_PAYLOAD && header.kind != 0);
    let Some(payload) = stream.get(HEADER..HEADER + header.len) else { return Ok(None) };
    *stream = &stream[HEADER + header.len..];
    *sequence = sequence.wrapping_add(1);
    Ok(Some((header, payload)))
}

struct Pieces<'a, 'b>(&'a [u8], &'a mut Input<'b>);

impl Read for Pieces<'_, '_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = match self.1.byte() % 4 {
            1 => return Err(io::ErrorKind::WouldBlock.into()),
            2 => usize::from(self.1.byte()),
            3 => usize::from(self.1.half()),
            _ => to.len(),
        };
        let n = n.max(1).min(to.len()).min(self.0.len());
        to[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

/// Memory in which a frame lands.
#[derive(Default)]
struct Ground(Vec<u8>);

impl Ground {
    /// Lets what has begun land.
    fn land(&mut self, inbox: &mut Inbox) {
        if let Some((header, _)) = inbox.begun() {
            self.0 = vec![0; header.len - HEAD];
            inbox.land(header, UserBuf::of(&mut self.0));
        }
    }

    /// The payload of a complete frame.
    fn payload(&self, header: Header, here: UserBuf, landed: bool) -> Vec<u8> {
        let mut bytes = vec![0; if landed { HEAD } else { header.len }];
        here.read(0, &mut bytes);
        if landed {
            bytes.extend_from_slice(&self.0);
        }
        bytes
    }
}

/// Any bytes, in any fragments.
pub fn inbox(data: &[u8]) {
    let mut input = Input(data);
    let _ = decode_card(data);
    let whole = stream(&mut input);
    let (mut oracle, mut sequence) = (&whole[..], 0);
    let (mut inbox, mut ground) = (Inbox::default(), Ground::default());
    let (lands, retracts) = (!data.len().is_multiple_of(3), data.len().is_multiple_of(5));
    let mut source = Pieces(&whole, &mut input);
    while !source.0.is_empty() {
        let _ = inbox.fill(&mut source);
        assert!(inbox.capacity() <= MOST);
        if retracts {
            inbox.retract();
        }
        if lands {
            ground.land(&mut inbox);
        }
        loop {
            match inbox.peek() {
                Ok(None) => break,
                Ok(Some((header, payload))) => {
                    let bytes = ground.payload(header, payload, inbox.lands());
                    assert_eq!(Ok(Some((header, &bytes[..]))), next_of(&mut oracle, &mut sequence));
                    inbox.release(header.len);
                }
                Err(_) => return assert_eq!(next_of(&mut oracle, &mut sequence), Err(())),
            }
        }
    }
    assert_eq!(next_of(&mut oracle, &mut sequence), Ok(None), "a frame was not found");
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("tcp", inbox);
}
