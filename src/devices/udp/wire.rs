//! What a datagram looks like: a head of 32 bytes, a body, and a keyed hash of both. Little-endian. Pure: bytes in,
//! values out; nothing is believed before the hash has been checked.
//!
//! ```text
//!   0 version  1 what  2 network digest 16  4 from 32  8 to 32  12 zero 32  16 session 64  24 number 64
//!   HELLO    nonce 64
//!   WELCOME  echo of the nonce 64 · nonce 64 · room 32
//!   CONFIRM  room 32
//!   DATA     frame 32 · len 32 · piece 16 · pieces 16 · kind 8 · ask 8 · zero 16 · meta 3 × 32 · bytes
//!   REPORT   the highest number seen 64
//!   DROP     (the link is given up)       BYE  (the process ends)
//! ```
//! `room`: bytes that the receive queue of the sender of this datagram holds.

use super::siphash::Key;
use crate::core::frame::Header;

pub const VERSION: u8 = 1;
pub const HEAD: usize = 32;
/// In front of the bytes of a piece.
pub const DATA_HEAD: usize = 28;
pub const TAG: usize = 8;
/// What a datagram with a piece of a frame has besides the bytes.
pub const OVERHEAD: usize = HEAD + DATA_HEAD + TAG;
/// Longest frame that is put together.
pub const MAX_FRAME: usize = 60 * 1024;
/// Most pieces of a frame.
pub const MAX_PIECES: u16 = 64;

/// Who sent a datagram to whom, in which session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    pub network: u16,
    pub from: u32,
    pub to: u32,
    /// 0 before there is one.
    pub session: u64,
    /// Counts the datagrams of a session in one direction, from 1; 0 outside of one.
    pub number: u64,
}

/// What a piece of a frame belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece {
    /// Counts the frames of a session in one direction, wraps.
    pub frame: u32,
    pub header: Header,
    pub index: u16,
    pub count: u16,
    /// The sender wants a report.
    pub ask: bool,
}

impl Piece {
    /// Bytes of each piece but the last, and where this one lies.
    pub fn place(&self) -> (usize, usize) {
        let size = self.header.len.div_ceil(self.count.max(1) as usize);
        let start = (size * self.index as usize).min(self.header.len);
        (start, (start + size).min(self.header.len))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body<'a> {
    Hello { nonce: u64 },
    Welcome { echo: u64, nonce: u64, room: u32 },
    Confirm { room: u32 },
    Data(Piece, &'a [u8]),
    Report { seen: u64 },
    Drop,
    Bye,
}

const HELLO: u8 = 1;
const WELCOME: u8 = 2;
const CONFIRM: u8 = 3;
const DATA: u8 = 4;
const REPORT: u8 = 5;
const DROP: u8 = 6;
const BYE: u8 = 7;

/// Writes a datagram to `out`, which is empty.
pub fn encode(out: &mut Vec<u8>, head: Head, body: &Body<'_>, key: &Key) {
    put_head(out, head, what(body));
    match body {
        Body::Hello { nonce } => out.extend_from_slice(&nonce.to_le_bytes()),
        Body::Welcome { echo, nonce, room } => {
            [echo, nonce].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            out.extend_from_slice(&room.to_le_bytes());
        }
        Body::Confirm { room } => out.extend_from_slice(&room.to_le_bytes()),
        Body::Data(piece, bytes) => {
            put_piece(out, piece);
            out.extend_from_slice(bytes);
        }
        Body::Report { seen } => out.extend_from_slice(&seen.to_le_bytes()),
        Body::Drop | Body::Bye => {}
    }
    seal(out, key);
}

/// Writes a datagram with a piece of a frame up to where the bytes follow; then it is to be sealed.
pub fn encode_piece(out: &mut Vec<u8>, head: Head, piece: &Piece) {
    put_head(out, head, DATA);
    put_piece(out, piece);
}

fn put_head(out: &mut Vec<u8>, head: Head, what: u8) {
    out.extend_from_slice(&[VERSION, what]);
    out.extend_from_slice(&head.network.to_le_bytes());
    [head.from, head.to, 0].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
    [head.session, head.number].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn what(body: &Body<'_>) -> u8 {
    match body {
        Body::Hello { .. } => HELLO,
        Body::Welcome { .. } => WELCOME,
        Body::Confirm { .. } => CONFIRM,
        Body::Data(..) => DATA,
        Body::Report { .. } => REPORT,
        Body::Drop => DROP,
        Body::Bye => BYE,
    }
}

fn put_piece(out: &mut Vec<u8>, piece: &Piece) {
    out.extend_from_slice(&piece.frame.to_le_bytes());
    out.extend_from_slice(&(piece.header.len as u32).to_le_bytes());
    out.extend_from_slice(&piece.index.to_le_bytes());
    out.extend_from_slice(&piece.count.to_le_bytes());
    out.extend_from_slice(&[piece.header.kind, u8::from(piece.ask), 0, 0]);
    piece.header.meta.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

/// Appends the hash.
pub fn seal(out: &mut Vec<u8>, key: &Key) {
    let tag = key.hash(out);
    out.extend_from_slice(&tag.to_le_bytes());
}

/// The bytes without the hash, if that is right.
pub fn unseal<'a>(datagram: &'a [u8], key: &Key) -> Option<&'a [u8]> {
    let (bytes, tag) = datagram.split_last_chunk::<TAG>()?;
    // Whether the comparison takes constant time matters little: each guess costs a datagram and yields nothing.
    (key.hash(bytes) == u64::from_le_bytes(*tag)).then_some(bytes)
}

/// Reads what [`unseal`] has let through. None: it makes no sense.
pub fn decode(bytes: &[u8]) -> Option<(Head, Body<'_>)> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let word = |at: usize| u32_at(head, at);
    let network = u16::from_le_bytes([head[2], head[3]]);
    let (session, number) = (u64_at(head, 16), u64_at(head, 24));
    let body = match (head[0], head[1], rest.len()) {
        (VERSION, HELLO, 8) => Body::Hello { nonce: u64_at(rest, 0) },
        (VERSION, WELCOME, 20) => {
            Body::Welcome { echo: u64_at(rest, 0), nonce: u64_at(rest, 8), room: u32_at(rest, 16) }
        }
        (VERSION, CONFIRM, 4) => Body::Confirm { room: u32_at(rest, 0) },
        (VERSION, DATA, DATA_HEAD..) => decode_piece(rest)?,
        (VERSION, REPORT, 8) => Body::Report { seen: u64_at(rest, 0) },
        (VERSION, DROP, 0) => Body::Drop,
        (VERSION, BYE, 0) => Body::Bye,
        _ => return None,
    };
    Some((Head { network, from: word(4), to: word(8), session, number }, body))
}

fn decode_piece(bytes: &[u8]) -> Option<Body<'_>> {
    let (head, bytes) = bytes.split_first_chunk::<DATA_HEAD>()?;
    let half = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let meta = [16, 20, 24].map(|at| u32_at(head, at));
    let header = Header { kind: head[12], meta, len: u32_at(head, 4) as usize };
    let piece = Piece { frame: u32_at(head, 0), header, index: half(8), count: half(10), ask: head[13] != 0 };
    let sane = header.kind != 0
        && header.len <= MAX_FRAME
        && piece.index < piece.count
        && piece.count <= MAX_PIECES
        && (piece.count == 1 || header.len >= piece.count as usize);
    let (start, end) = piece.place();
    (sane && bytes.len() == end - start).then_some(Body::Data(piece, bytes))
}

/// The caller has checked that they are there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([1, 2]);
    const HEADER: Header = Header { kind: 9, meta: [1, u32::MAX, 3], len: 11 };

    fn head() -> Head {
        Head { network: 0x0102, from: 3, to: u32::MAX, session: 1 << 40, number: 1 << 50 }
    }

    #[test]
    fn datagrams_survive_the_wire() {
        let piece = Piece { frame: 7, header: HEADER, index: 1, count: 2, ask: true };
        assert_eq!(piece.place(), (6, 11));
        for body in [
            Body::Hello { nonce: 1 << 63 },
            Body::Welcome { echo: 1, nonce: 2, room: 3 },
            Body::Confirm { room: 9 },
            Body::Data(piece, b"bytes"),
            Body::Data(Piece { index: 0, count: 1, ..piece }, b"eleven bytes".split_at(11).0),
            Body::Report { seen: u64::MAX },
            Body::Drop,
            Body::Bye,
        ] {
            let mut out = Vec::new();
            encode(&mut out, head(), &body, &KEY);
            assert_eq!(decode(unseal(&out, &KEY).unwrap()), Some((head(), body)));
            for at in [0, out.len() / 2, out.len() - 1] {
                out[at] ^= 4;
                assert!(unseal(&out, &KEY).is_none());
                out[at] ^= 4;
            }
            assert!(unseal(&out, &Key([1, 3])).is_none());
        }
    }

    #[test]
    fn a_piece_that_does_not_fit_its_frame_is_refused() {
        let refused = |piece: Piece, bytes: &[u8]| {
            let mut out = Vec::new();
            encode(&mut out, head(), &Body::Data(piece, bytes), &KEY);
            decode(unseal(&out, &KEY).unwrap()).is_none()
        };
        let piece = Piece { frame: 7, header: HEADER, index: 0, count: 1, ask: false };
        assert!(!refused(piece, &[0; 11]));
        assert!(refused(piece, &[0; 12]) && refused(piece, &[0; 10]));
        assert!(refused(Piece { index: 1, ..piece }, &[]));
        assert!(refused(Piece { count: 12, ..piece }, &[0]));
        assert!(refused(Piece { count: MAX_PIECES + 1, ..piece }, &[0]));
        let long = Header { len: MAX_FRAME + 1, ..HEADER };
        assert!(refused(Piece { header: long, ..piece }, &vec![0; MAX_FRAME + 1]));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic() {
        let mut state = 5u64;
        for _ in 0..20_000 {
            let mut bytes = Vec::new();
            let len = (state >> 40) as usize % 90;
            for _ in 0..len {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                bytes.push((state >> 56) as u8);
            }
            state = state.wrapping_add(1);
            if len > 2 {
                (bytes[0], bytes[1]) = (VERSION, bytes[1] % 9);
            }
            let _ = decode(&bytes);
            assert!(unseal(&bytes, &KEY).is_none());
        }
    }
}
