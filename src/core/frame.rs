//! Frames: what a sink carries. The upper layer's header travels inside the first cache line.

use super::buffer::UserBuf;

/// Kinds of frame that the core itself uses; kinds below [`kind::CORE`] belong to the protocol above.
pub mod kind {
    pub const CORE: u8 = 240;
    /// A frame of a live connection: `meta` is `[epoch << 16 | inner kind << 8 | flags, sequence, ack]`, the payload
    /// begins with the inner `meta` (12 bytes, little-endian).
    pub const LIVE: u8 = 250;
    /// Acknowledges without data: `meta` is `[flags, probe, ack]`; no sequence of its own, may be lost.
    pub const ACK: u8 = 251;
    /// Inner kind of the frames by which two processes agree on a change of their connection.
    pub const CONTROL: u8 = 252;
}

/// Header of a frame. `kind` (1 ..= 239) and `meta` belong to the protocol above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: u8,
    pub meta: [u32; 3],
    /// Payload bytes, at most the sink's [`super::device::Properties::max_payload`].
    pub len: usize,
}

/// A frame that has arrived. The payload stays in the device's memory, which a peer may still write: read it
/// once, by copying. It is valid until the frame is given back.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// World process number of the sender.
    pub peer: u32,
    pub header: Header,
    pub payload: UserBuf,
    /// Names the frame to the device that holds it.
    pub token: Token,
}

/// Bytes of a payload that stay with the network when the rest lands elsewhere.
pub const HEAD: usize = 12;

/// A frame whose beginning has arrived, and the rest is on its way.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    pub peer: u32,
    /// Number of the sink it arrives over.
    pub sink: u8,
    pub header: Header,
    /// The first bytes of the payload.
    pub head: [u8; HEAD],
}

/// Which device holds a frame, and the device's own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub sink: u8,
    /// The payload behind its [`HEAD`] lies where [`super::network::Network::land`] was told.
    pub landed: bool,
    pub slot: u32,
    pub line: u32,
}

impl Incoming {
    /// Copies `N` payload bytes at `at`; zeros where the frame is too short (a hostile peer's frame may be).
    #[inline]
    pub fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        if at + N <= self.header.len {
            self.payload.read(at as isize, &mut out);
        }
        out
    }
}
