//! Fuzzing what comes out of datagrams: the decoder takes any bytes; what it lets through, even when all of it is
//! malice, makes frames of the promised length from pieces that belong together, in bounded memory.

use super::assemble::{Assembly, MOST};
use super::pace::Seen;
use super::siphash::Key;
use super::wire::{self, Body, DATA_HEAD, HEAD, Head, MAX_FRAME, Piece};
use crate::core::frame::Header;
use crate::fuzz::Input;
use std::collections::{HashMap, HashSet};

const KEY: Key = Key([3, 4]);

/// Any bytes through the decoder; whatever it understands survives being written again.
fn raw(bytes: &[u8]) {
    assert!(wire::unseal(bytes, &KEY).is_none() || bytes.len() >= 8);
    let Some((head, body)) = wire::decode(bytes) else { return };
    if let Body::Data(piece, data) = &body {
        let (start, end) = piece.place();
        assert!(data.len() == end - start && end <= piece.header.len && piece.header.len <= MAX_FRAME);
    }
    let mut again = Vec::new();
    wire::encode(&mut again, head, &body, &KEY);
    assert_eq!(wire::decode(wire::unseal(&again, &KEY).unwrap()), Some((head, body)));
}

/// What the model knows of a frame that is not finished.
struct Model {
    header: Header,
    count: u16,
    bytes: Vec<Option<u8>>,
    have: HashSet<u16>,
}

fn piece(input: &mut Input<'_>) -> Piece {
    let choice = input.byte();
    let count = if choice & 1 == 0 { 1 + u16::from(input.byte() % 4) } else { input.half() };
    let index = if choice & 2 == 0 { u16::from(input.byte()) % count.max(1) } else { input.half() };
    let len = if choice & 4 == 0 { usize::from(input.byte()) } else { usize::from(input.half()) };
    let header = Header { kind: choice >> 4, meta: [u32::from(choice >> 3 & 1), 0, 0], len };
    Piece { frame: u32::from(input.byte() % 80), header, index, count, ask: false }
}

/// Pieces as a hostile member of the job may send them.
fn assembly(input: &mut Input<'_>) {
    let head = Head { network: 1, from: 2, to: 3, session: 4, number: 5 };
    let (mut assembly, mut models) = (Assembly::default(), HashMap::<u32, Model>::new());
    let mut order: Vec<u32> = Vec::new();
    while !input.is_empty() {
        let piece = piece(input);
        let fill = input.byte();
        let (start, end) = piece.place();
        let mut wire = Vec::new();
        wire::encode_piece(&mut wire, head, &piece);
        wire.resize(HEAD + DATA_HEAD + end - start, fill);
        let Some((_, Body::Data(piece, bytes))) = wire::decode(&wire) else { continue };
        let frame = assembly.add(&piece, bytes, Vec::new);
        assert!(assembly.len() <= MOST);
        if piece.count == 1 {
            let frame = frame.expect("a frame of one piece is complete");
            assert_eq!((frame.header, &frame.bytes[..]), (piece.header, bytes));
            continue;
        }
        if !models.contains_key(&piece.frame) {
            if order.len() == MOST {
                models.remove(&order.remove(0));
            }
            order.push(piece.frame);
        }
        let fresh = || Model {
            header: piece.header,
            count: piece.count,
            bytes: vec![None; piece.header.len],
            have: HashSet::new(),
        };
        let model = models.entry(piece.frame).or_insert_with(fresh);
        if (model.header, model.count) == (piece.header, piece.count) && model.have.insert(piece.index) {
            model.bytes[start..end].fill(Some(fill));
        }
        let done = model.have.len() == usize::from(model.count);
        assert_eq!(frame.is_some(), done);
        if let Some(frame) = frame {
            let model = models.remove(&piece.frame).expect("it is there");
            order.retain(|number| *number != piece.frame);
            assert_eq!(frame.header, model.header);
            let wanted: Vec<u8> = model.bytes.into_iter().map(|byte| byte.unwrap_or(0)).collect();
            assert!(frame.bytes == wanted, "bytes of frame {}", piece.frame);
        }
    }
}

/// A number counts once.
fn numbers(input: &mut Input<'_>) {
    let (mut seen, mut model) = (Seen::new(), HashSet::new());
    let mut at = 1u64;
    while !input.is_empty() {
        let number = match input.byte() % 4 {
            0 => u64::from_le_bytes(input.bytes()),
            1 => at.saturating_sub(u64::from(input.half())),
            _ => at + u64::from(input.byte() % 8),
        };
        if seen.take(number) {
            assert!(number > 0 && model.insert(number), "number {number} counts twice");
            at = at.max(number).min(u64::MAX - 8);
        }
    }
}

/// A datagram, a sequence of pieces, or a sequence of numbers.
pub fn datagrams(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 3 {
        0 => raw(input.rest()),
        1 => assembly(&mut input),
        _ => numbers(&mut input),
    }
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("udp", datagrams);
}
