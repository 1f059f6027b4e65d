//! Fuzzing the conversations of a job's launcher: bytes from a rank, from an agent, from `vmirun`, and from strangers who
//! know no secret.

use super::orders::{Order, Report};
use crate::fuzz::Input;
use crate::job::auth::{Handshake, LONGEST_MESSAGE};
use crate::job::frame::FrameBuffer;
use crate::job::protocol::{Reply, Request, from_hex, to_hex};

/// Whatever is understood survives being written again.
fn messages(input: &mut Input<'_>) {
    let mut stream = Vec::new();
    let skip = input.byte() & 1 == 0;
    while !input.is_empty() {
        // Lengths are mostly right: without them hardly a message would be read.
        let (sort, kind, len) = (input.byte(), input.byte() % 18, usize::from(input.byte()));
        let body = input.take(len);
        let length = if sort < 250 { body.len() as u32 + 1 } else { input.word() };
        stream.extend_from_slice(&length.to_le_bytes());
        stream.push(kind);
        stream.extend_from_slice(body);
    }
    let mut buffer = FrameBuffer::default();
    for piece in stream.chunks(7 + stream.len() / 3) {
        buffer.push(piece);
        if skip && !buffer.skip_to(&[7]) {
            continue;
        }
        while let Ok(Some((kind, body))) = buffer.next_frame() {
            understand(kind, &body);
        }
    }
}

fn understand(kind: u8, body: &[u8]) {
    let again = |bytes: Vec<u8>| {
        let mut buffer = FrameBuffer::default();
        buffer.push(&bytes);
        buffer.next_frame().expect("our own message").expect("a whole message")
    };
    if let Ok(request) = Request::decode(kind, body) {
        let (kind, body) = again(request.encode());
        assert_eq!(Request::decode(kind, &body), Ok(request));
    }
    if let Ok(reply) = Reply::decode(kind, body) {
        let (kind, body) = again(reply.encode());
        assert_eq!(Reply::decode(kind, &body), Ok(reply));
    }
    if let Ok(order) = Order::decode(kind, body) {
        let (kind, body) = again(order.encode());
        assert_eq!(Order::decode(kind, &body), Ok(order));
    }
    if let Ok(report) = Report::decode(kind, body) {
        let (kind, body) = again(report.encode());
        assert_eq!(Report::decode(kind, &body), Ok(report));
    }
    if let Some(bytes) = std::str::from_utf8(body).ok().and_then(from_hex) {
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
    }
}

/// One end against a stranger: never convinced, and never holding more than a message.
fn stranger(input: &mut Input<'_>) {
    let secret = [5; 32];
    let server = input.byte() & 1 == 0;
    let end = if server { Handshake::server(secret) } else { Handshake::client(secret, 9) };
    let mut end = end.expect("random bytes");
    if input.byte() & 1 == 0 && server {
        end.receive(b"VMI\0hs\x002").expect("the right beginning");
    }
    while !input.is_empty() {
        assert!(end.wanted() <= LONGEST_MESSAGE && end.take_output().len() <= LONGEST_MESSAGE);
        let len = input.below(LONGEST_MESSAGE + 2);
        if end.receive(input.take(len)).is_err() {
            return;
        }
        assert!(!end.is_done(), "a stranger was believed");
    }
}

/// Two members, and somebody between them who changes at most one byte.
fn between(input: &mut Input<'_>) {
    let secret = [6; 32];
    let (mut client, mut server) = (
        Handshake::client(secret, u128::from(input.word())).expect("random bytes"),
        Handshake::server(secret).expect("random bytes"),
    );
    let (at, bits) = (usize::from(input.byte()), input.byte());
    let mut count = 0;
    for _ in 0..3 {
        for turn in [true, false] {
            let (from, to) = if turn { (&mut client, &mut server) } else { (&mut server, &mut client) };
            for mut byte in from.take_output() {
                byte ^= if count == at { bits } else { 0 };
                count += 1;
                if to.receive(&[byte]).is_err() {
                    assert!(bits != 0 && count > at, "members were refused");
                    return;
                }
            }
        }
    }
    assert!(server.is_done() && client.is_done());
    assert!(bits == 0 || at >= count, "a change was not noticed");
}

pub fn conversations(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 4 {
        0 => stranger(&mut input),
        1 => between(&mut input),
        _ => messages(&mut input),
    }
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("launch", conversations);
}
