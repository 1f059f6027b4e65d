//! Length-prefixed messages on a byte stream, and the fields inside them.
//!
//! Both conversations of the launcher use it: a rank with its node agent, an agent with `vmirun`. No I/O happens
//! here; bytes are pushed in as they arrive. What arrives is checked, never believed: a bad length or field is an
//! error that names it.

use std::fmt;

/// Longer messages are refused: nothing in a job's control traffic is that large.
pub const MAX_FRAME: usize = 64 << 20;

/// The bytes do not form the message they claim to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed message: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Builds one message.
pub struct Frame(Vec<u8>);

impl Frame {
    pub fn new(kind: u8) -> Frame {
        Frame(vec![0, 0, 0, 0, kind])
    }

    pub fn byte(mut self, value: u8) -> Frame {
        self.0.push(value);
        self
    }

    pub fn number(mut self, value: u32) -> Frame {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub fn bytes(self, value: &[u8]) -> Frame {
        let mut frame = self.number(value.len() as u32);
        frame.0.extend_from_slice(value);
        frame
    }

    pub fn text(self, value: &str) -> Frame {
        self.bytes(value.as_bytes())
    }

    /// A counted list.
    pub fn list<T>(self, items: impl ExactSizeIterator<Item = T>, each: impl Fn(Frame, T) -> Frame) -> Frame {
        let frame = self.number(items.len() as u32);
        items.fold(frame, each)
    }

    /// The bytes for the stream.
    pub fn finish(mut self) -> Vec<u8> {
        let length = (self.0.len() - 4) as u32;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}

/// Reads the fields of one message.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn new(body: &'a [u8]) -> Fields<'a> {
        Fields(body)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let short = || Malformed(format!("{length} bytes wanted, {} left", self.0.len()));
        let (head, tail) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = tail;
        Ok(head)
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub fn number(&mut self) -> Result<u32, Malformed> {
        let mut value = [0; 4];
        value.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(value))
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.number()? as usize;
        self.take(length)
    }

    pub fn key(&mut self) -> Result<[u8; 32], Malformed> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| Malformed(format!("key of {} bytes, expected 32", bytes.len())))
    }

    pub fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Malformed("text that is not UTF-8".into()))
    }

    pub fn list<T>(&mut self, each: impl Fn(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        // The count is not trusted with an allocation: the vector grows as items really arrive.
        let count = self.number()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    /// Every byte must have been read.
    pub fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed(format!("{} bytes too many", self.0.len()))) }
    }
}

/// Cuts arriving bytes into messages.
#[derive(Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// How many of them have been given out; they are dropped with the next arrival.
    start: usize,
}

impl FrameBuffer {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Drops everything up to and including `marker`; `true` once it has been seen. Memory stays bounded: without
    /// the marker only its possible beginning is kept.
    pub fn skip_to(&mut self, marker: &[u8]) -> bool {
        let rest = &self.bytes[self.start..];
        let found = rest.windows(marker.len()).position(|w| w == marker);
        self.start += found.map_or(rest.len().saturating_sub(marker.len() - 1), |at| at + marker.len());
        found.is_some()
    }

    /// The next complete message: its kind and its body.
    pub fn next_frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, Malformed> {
        let rest = &self.bytes[self.start..];
        let Some((head, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length == 0 || length > MAX_FRAME {
            return Err(Malformed(format!("length {length}, expected 1 to {MAX_FRAME}")));
        }
        let Some(frame) = rest.get(..length) else { return Ok(None) };
        let (kind, body) = (frame[0], frame[1..].to_vec());
        self.start += head.len() + length;
        Ok(Some((kind, body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_in_order() {
        let bytes =
            Frame::new(7).number(300).text("héllo").list([1u32, 2].iter(), |f, n| f.number(*n)).finish();
        let mut buffer = FrameBuffer::default();
        for byte in &bytes {
            assert_eq!(buffer.next_frame(), Ok(None));
            buffer.push(std::slice::from_ref(byte));
        }
        let (kind, body) = buffer.next_frame().unwrap().unwrap();
        let mut fields = Fields::new(&body);
        assert_eq!((kind, fields.number(), fields.text()), (7, Ok(300), Ok("héllo".into())));
        assert_eq!(fields.list(Fields::number), Ok(vec![1, 2]));
        assert_eq!(fields.end(), Ok(()));
    }

    #[test]
    fn marker_is_found_across_pieces() {
        let mut buffer = FrameBuffer::default();
        buffer.push(b"Welcome to the machine\nMAR");
        assert!(!buffer.skip_to(b"MARKER"));
        buffer.push(b"KER");
        buffer.push(&Frame::new(1).finish());
        assert!(buffer.skip_to(b"MARKER"));
        assert_eq!(buffer.next_frame(), Ok(Some((1, vec![]))));
    }

    #[test]
    fn hostile_lengths_are_errors() {
        let mut buffer = FrameBuffer::default();
        buffer.push(&[0xff; 9]);
        assert!(buffer.next_frame().is_err());
        let mut buffer = FrameBuffer::default();
        buffer.push(&[0; 4]);
        assert!(buffer.next_frame().is_err());
        assert!(Fields::new(&[255, 255, 255, 255, 1]).bytes().is_err());
        assert!(Fields::new(&[255, 255, 255, 255]).list(Fields::byte).is_err());
        assert!(Fields::new(&[2, 0, 0, 0, 0xff, 0xfe]).text().is_err());
        assert!(Fields::new(&[0]).end().is_err());
    }
}
