//! What a frame looks like between two hosts: a header of 24 bytes, then the payload. Little-endian.
//!
//! The sequence number counts the frames of one direction of one connection. TCP keeps the order, so a number
//! that does not follow is a sign of corruption.

use crate::core::frame::Header;

/// Changes whenever the layout or the meaning of a field does.
pub const VERSION: u8 = 2;
/// Kind of the frame that says: nothing more comes from me. Kinds from 1 to 254 belong to the layer above.
pub const BYE: u8 = 255;
/// Largest payload of a frame, bytes: an eager message of 256 KiB, and what the core puts around it. (Two namespaces, reno,
/// in frames of 128 KiB and of 256 KiB: half round trip of 1 MiB 157 and 135 µs, 256 KiB both ways 34 and 26.)
pub const MAX_PAYLOAD: usize = 257 * 1024;
/// Bytes of a header.
pub const HEADER: usize = size_of::<WireHeader>();

/// Layout of a header. Values are little-endian whatever the machine; [`encode`] and [`decode`] see to it.
#[repr(C)]
struct WireHeader {
    kind: u8,
    version: u8,
    /// 0.
    reserved: u16,
    len: u32,
    meta: [u32; 3],
    sequence: u32,
}

const _: () = {
    use std::mem::offset_of;
    assert!(HEADER == 24 && align_of::<WireHeader>() == 4);
    assert!(offset_of!(WireHeader, kind) == 0 && offset_of!(WireHeader, version) == 1);
    assert!(offset_of!(WireHeader, reserved) == 2 && offset_of!(WireHeader, len) == 4);
    assert!(offset_of!(WireHeader, meta) == 8 && offset_of!(WireHeader, sequence) == 20);
};

/// Why a header cannot be believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    Version(u8),
    Kind(u8),
    Length(u32),
    Sequence { found: u32, expected: u32 },
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Malformed::Version(v) => write!(f, "frame of version {v}, expected {VERSION}"),
            Malformed::Kind(k) => write!(f, "frame of kind {k}"),
            Malformed::Length(n) => write!(f, "frame of {n} bytes, at most {MAX_PAYLOAD} are allowed"),
            Malformed::Sequence { found, expected } => write!(f, "frame number {found}, expected {expected}"),
        }
    }
}

/// The bytes of a header.
#[inline]
pub fn encode(header: Header, sequence: u32) -> [u8; HEADER] {
    let mut out = [0; HEADER];
    out[0] = header.kind;
    out[1] = VERSION;
    out[4..8].copy_from_slice(&(header.len as u32).to_le_bytes());
    for (at, value) in [8, 12, 16].into_iter().zip(header.meta) {
        out[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    out[20..].copy_from_slice(&sequence.to_le_bytes());
    out
}

/// Reads and checks a header.
#[inline]
pub fn decode(bytes: &[u8; HEADER], expected: u32) -> Result<Header, Malformed> {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (kind, version, len, found) = (bytes[0], bytes[1], word(4), word(20));
    if version != VERSION {
        return Err(Malformed::Version(version));
    }
    if kind == 0 || (kind == BYE && len != 0) {
        return Err(Malformed::Kind(kind));
    }
    if len as usize > MAX_PAYLOAD {
        return Err(Malformed::Length(len));
    }
    if found != expected {
        return Err(Malformed::Sequence { found, expected });
    }
    Ok(Header { kind, meta: [word(8), word(12), word(16)], len: len as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: Header = Header { kind: 9, meta: [1, u32::MAX, 0x0102_0304], len: MAX_PAYLOAD };

    #[test]
    fn headers_survive_the_wire() {
        assert_eq!(decode(&encode(HELLO, 77), 77), Ok(HELLO));
        assert_eq!(encode(HELLO, 0x0a0b_0c0d)[16..], [4, 3, 2, 1, 0x0d, 0x0c, 0x0b, 0x0a]);
    }

    #[test]
    fn each_field_is_checked() {
        let with = |at: usize, value: u8| {
            let mut bytes = encode(HELLO, 0);
            bytes[at] = value;
            decode(&bytes, 0)
        };
        assert_eq!(with(0, 0), Err(Malformed::Kind(0)));
        assert_eq!(with(0, BYE), Err(Malformed::Kind(BYE)));
        assert_eq!(with(1, 9), Err(Malformed::Version(9)));
        assert_eq!(with(4, 1), Err(Malformed::Length(MAX_PAYLOAD as u32 + 1)));
        assert_eq!(with(20, 1), Err(Malformed::Sequence { found: 1, expected: 0 }));
    }
}
