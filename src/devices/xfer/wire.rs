//! What xfer writes into the headers of LIVE and ACK frames, and serial number arithmetic. The layout is in
//! the module documentation of [`super`].

use crate::core::frame::{Header, kind};

/// Largest gap or span that an ACK frame can tell.
pub const MOST: usize = (1 << 14) - 1;

/// How far `to` is after `from`; negative if it is before. Right as long as they are less than 2³¹ apart.
#[inline]
pub fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from) as i32
}

/// Epoch and inner kind in one word.
#[inline]
pub fn word(epoch: u16, kind: u8) -> u32 {
    u32::from(epoch) << 16 | u32::from(kind) << 8
}

#[inline]
pub fn split_word(word: u32) -> (u16, u8) {
    ((word >> 16) as u16, (word >> 8) as u8)
}

pub fn inner_bytes(meta: [u32; 3]) -> [u8; super::INNER] {
    let mut bytes = [0; super::INNER];
    for (to, number) in bytes.chunks_exact_mut(4).zip(meta) {
        to.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

/// What an ACK frame says besides the cumulative ack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    Block(Block),
    /// Answer over this network, please.
    Probe(u32),
    /// Answers that probe. So many frames from the cumulative ack on are missing.
    Answer(u32, usize),
}

/// Frames `start .. start + span` have arrived ahead of their turn, the `gap` before them have not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Block {
    pub gap: usize,
    pub start: u32,
    pub span: usize,
}

pub fn ack_header(said: Said, ack: u32) -> Header {
    let (flags, gap, span, number) = match said {
        Said::Block(block) => (0, block.gap, block.span, block.start),
        Said::Probe(number) => (1, 0, 0, number),
        Said::Answer(number, gap) => (2, gap, 0, number),
    };
    let first = flags << 28 | (gap.min(MOST) as u32) << 14 | span.min(MOST) as u32;
    Header { kind: kind::ACK, meta: [first, number, ack], len: 0 }
}

/// None: no version of this program writes such a frame.
pub fn read_ack(header: &Header) -> Option<Said> {
    let [first, number, _] = header.meta;
    let (gap, span) = ((first >> 14) as usize & MOST, first as usize & MOST);
    match first >> 28 {
        0 => Some(Said::Block(Block { gap, start: number, span })),
        1 => Some(Said::Probe(number)),
        2 => Some(Said::Answer(number, gap)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let block = Block { gap: 5, start: 0xffff_fff0, span: MOST };
        for said in [Said::Block(block), Said::Probe(7), Said::Answer(9, 16000)] {
            let header = ack_header(said, 3);
            assert_eq!((read_ack(&header), header.meta[2]), (Some(said), 3));
        }
        assert_eq!(split_word(word(0xabcd, 0xef)), (0xabcd, 0xef));
        assert_eq!((distance(u32::MAX, 1), distance(1, u32::MAX)), (2, -2));
    }
}
