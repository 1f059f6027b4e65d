//! Stream manager: begins a stream on a connection, sends slabs on it, ends it.
//!
//! Streams are directional and cheap: a number on a connection. Data inside a slab is ordered; the slabs of one
//! stream arrive whole and, over an ordered sink, in the order sent. A slab larger than a frame is cut into
//! fragments here and put together again on the other side.
//!
//! ```text
//!   SLAB   [stream, length low, length high]  first bytes     begins a slab
//!   MORE   [stream, offset low, offset high]  further bytes
//!   END    [stream]                                           no slab follows on this stream
//! ```

use super::Core;
use super::buffer::Buffer;
use super::device::SendError;
use super::frame::{Header, Incoming};
use super::slab::Slab;
use std::collections::HashMap;
use std::rc::Rc;

/// Frame kinds of the stream protocol; kinds below belong to MPI.
pub mod kind {
    pub const SLAB: u8 = 64;
    pub const MORE: u8 = 65;
    pub const END: u8 = 66;
}

/// The sending end of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    pub peer: u32,
    pub id: u32,
}

/// A slab on its way out: call [`Streams::push`] until it says that everything has left.
pub struct Sending {
    stream: Stream,
    slab: Slab,
    len: u64,
    sent: u64,
}

/// What arrives on streams.
#[derive(Clone)]
pub enum Arrival {
    /// A whole slab; the receiver may grab it.
    Slab(Stream, Slab),
    /// The sender ended the stream.
    End(Stream),
}

struct Assembly {
    buffer: Rc<Buffer>,
    received: u64,
}

#[derive(Default)]
pub struct Streams {
    next_id: u32,
    /// Slabs whose last fragment has not arrived, by sender and stream.
    partial: HashMap<(u32, u32), Assembly>,
}

/// Largest slab a peer may announce, bytes; a bound on what a hostile peer can make us allocate.
pub const MAX_SLAB: u64 = 1 << 32;

impl Streams {
    /// Begins a stream to `peer`.
    pub fn begin(&mut self, peer: u32) -> Stream {
        self.next_id += 1;
        Stream { peer, id: self.next_id }
    }

    pub fn send(&self, stream: Stream, slab: Slab) -> Sending {
        Sending { stream, len: slab.len() as u64, slab, sent: 0 }
    }

    /// Sends as much of a slab as there is room for; true once all of it has left.
    pub fn push(&self, core: &mut Core, sending: &mut Sending) -> Result<bool, SendError> {
        let Stream { peer, id } = sending.stream;
        let max = core.properties(peer).max_payload as u64;
        while sending.sent < sending.len || sending.sent == 0 {
            let len = (sending.len - sending.sent).min(max) as usize;
            let (kind, word) = match sending.sent {
                0 => (kind::SLAB, sending.len),
                at => (kind::MORE, at),
            };
            let header = Header { kind, meta: [id, word as u32, (word >> 32) as u32], len };
            let state = sending.slab.save();
            let sent = core.send(peer, header, |to| {
                sending.slab.read(to, len);
            });
            match sent {
                Ok(()) => sending.sent += len as u64,
                Err(SendError::Full) => {
                    sending.slab.restore(state);
                    return Ok(false);
                }
                Err(lost) => return Err(lost),
            }
            if sending.len == 0 {
                break;
            }
        }
        Ok(true)
    }

    /// Ends a stream. Full: try again after progress.
    pub fn end(&self, core: &mut Core, stream: Stream) -> Result<(), SendError> {
        core.send(stream.peer, Header { kind: kind::END, meta: [stream.id, 0, 0], len: 0 }, |_| {})
    }

    /// Takes a frame of the stream protocol. Err: the peer broke the protocol.
    pub fn handle(&mut self, frame: &Incoming) -> Result<Option<Arrival>, String> {
        let [id, low, high] = frame.header.meta;
        let stream = Stream { peer: frame.peer, id };
        let word = low as u64 | (high as u64) << 32;
        match frame.header.kind {
            kind::END => Ok(Some(Arrival::End(stream))),
            kind::SLAB => {
                if word > MAX_SLAB || self.partial.contains_key(&(frame.peer, id)) {
                    return Err(format!(
                        "stream {id} from rank {} begins a slab of {word} bytes out of turn",
                        frame.peer
                    ));
                }
                let buffer = Buffer::allocate(word as usize);
                self.partial.insert((frame.peer, id), Assembly { buffer, received: 0 });
                self.fill(frame, stream, 0)
            }
            kind::MORE => self.fill(frame, stream, word),
            other => Err(format!("frame of kind {other} is none of the stream protocol")),
        }
    }

    fn fill(&mut self, frame: &Incoming, stream: Stream, at: u64) -> Result<Option<Arrival>, String> {
        let key = (stream.peer, stream.id);
        let Some(slab) = self.partial.get_mut(&key) else {
            return Err(format!("stream {} from rank {} continues no slab", stream.id, stream.peer));
        };
        let len = frame.header.len as u64;
        if at != slab.received || len > slab.buffer.len() as u64 - slab.received {
            return Err(format!("stream {} from rank {} skips or overruns its slab", stream.id, stream.peer));
        }
        frame.payload.copy_to(slab.buffer.address().offset(at as isize), len as usize);
        slab.received += len;
        if slab.received < slab.buffer.len() as u64 {
            return Ok(None);
        }
        let whole = self.partial.remove(&key).map(|a| Slab::of(a.buffer));
        Ok(whole.map(|slab| Arrival::Slab(stream, slab)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::buffer::UserBuf;
    use super::super::filter::Spec;
    use super::super::slab::BufferOp;
    use super::*;

    fn scattered(len: usize) -> (Slab, Vec<u8>) {
        let bytes: Vec<u8> = (0..len).map(|i| (i * 7 + i / 251) as u8).collect();
        let mut slab = Slab::default();
        for part in bytes.chunks(1000) {
            let buffer = Buffer::allocate(part.len());
            buffer.address().write(0, part);
            slab.push(BufferOp::new(buffer, 0, part.len()).expect("inside"));
        }
        (slab, bytes)
    }

    fn carry(core: &mut Core, streams: &mut Streams, slab: Slab) -> Vec<u8> {
        let stream = streams.begin(0);
        let mut sending = streams.send(stream, slab);
        let mut out = None;
        let mut all = false;
        while out.is_none() {
            all = all || streams.push(core, &mut sending).expect("loopback takes it");
            while let Some(frame) = core.next() {
                if let Some(Arrival::Slab(from, slab)) = streams.handle(&frame).expect("protocol") {
                    assert_eq!(from, stream);
                    out = Some(slab);
                }
                core.release(frame.token);
            }
        }
        let mut slab = out.expect("arrived");
        let mut bytes = vec![0; slab.len()];
        let n = bytes.len();
        slab.read(UserBuf::of(&mut bytes), n);
        bytes
    }

    /// One suite over the direct route and over a chain: the receiver must see the same.
    fn slabs_arrive_whole(mut core: Core) -> Core {
        let mut streams = Streams::default();
        for len in [0, 1, 47, 48, 4096, 300_000, 3_000_000] {
            let (slab, bytes) = scattered(len);
            assert!(carry(&mut core, &mut streams, slab) == bytes, "slab of {len} bytes");
        }
        core
    }

    #[test]
    fn slabs_arrive_whole_over_a_sink() {
        slabs_arrive_whole(Core::alone());
    }

    #[test]
    fn slabs_arrive_whole_over_a_chain_and_every_frame_completes() {
        let filters = vec![Spec::parse("pass").unwrap(), Spec::parse("pass").unwrap()];
        let mut core = slabs_arrive_whole(Core::alone_with(crate::devices::filters::open, filters));
        let status = core.status();
        assert!(core.status().contains("\"pass\""), "{status}");
    }

    #[test]
    fn a_peer_that_breaks_the_protocol_is_an_error() {
        let mut bytes = [0u8; 16];
        let payload = UserBuf::of(&mut bytes);
        let token = crate::core::frame::Token { sink: 0, landed: false, slot: 0, line: 0 };
        let frame =
            |kind, meta, len| Incoming { peer: 3, header: Header { kind, meta, len }, payload, token };
        let mut streams = Streams::default();
        assert!(streams.handle(&frame(kind::MORE, [1, 0, 0], 4)).is_err());
        assert!(streams.handle(&frame(kind::SLAB, [1, 0, 99], 4)).is_err());
        assert!(matches!(streams.handle(&frame(kind::SLAB, [1, 8, 0], 4)), Ok(None)));
        assert!(streams.handle(&frame(kind::SLAB, [1, 8, 0], 4)).is_err());
        assert!(streams.handle(&frame(kind::MORE, [1, 4, 0], 5)).is_err());
        assert!(streams.handle(&frame(kind::MORE, [1, 3, 0], 4)).is_err());
        assert!(matches!(streams.handle(&frame(kind::MORE, [1, 4, 0], 4)), Ok(Some(Arrival::Slab(..)))));
    }
}
