//! What the frames of the point-to-point protocol say: their kinds, and the words that go with them. What each of them is for
//! says [`super::protocol`].

use crate::matching::Envelope;
use vmi::core::frame::Incoming;

pub mod kind {
    pub const EAGER: u8 = 1;
    pub const RTS: u8 = 2;
    pub const CTS: u8 = 3;
    pub const DATA: u8 = 4;
    pub const FIN: u8 = 5;
    pub const CREDIT: u8 = 6;
    pub const CANCEL: u8 = 7;
    pub const CANCELLED: u8 = 8;
    pub const FIRST: u8 = 9;
    pub const MORE: u8 = 10;
    pub const SHARE: u8 = 11;
    pub const BOUNCE: u8 = 12;
    pub const BOUNCED: u8 = 13;
}

/// A message offered by rendezvous.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    pub total: u64,
    pub request: u32,
    /// Address of the message in the sender, if it is contiguous there; else 0.
    pub address: u64,
    /// Its sender wants to know when it is received.
    pub sync: bool,
    /// It lies in no cache.
    pub cold: bool,
}

impl Offer {
    pub const LEN: usize = 21;

    pub fn encode(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..8].copy_from_slice(&self.total.to_le_bytes());
        out[8..16].copy_from_slice(&self.address.to_le_bytes());
        out[16..20].copy_from_slice(&self.request.to_le_bytes());
        out[20] = u8::from(self.sync) | u8::from(self.cold) << 1;
        out
    }

    pub fn decode(frame: &Incoming) -> Offer {
        let [flags] = frame.bytes::<1>(20);
        Offer {
            total: u64::from_le_bytes(frame.bytes(0)),
            address: u64::from_le_bytes(frame.bytes(8)),
            request: u32::from_le_bytes(frame.bytes(16)),
            sync: flags & 1 != 0,
            cold: flags & 2 != 0,
        }
    }
}

#[inline]
pub(super) fn meta_of(e: Envelope) -> [u32; 3] {
    [e.context, e.tag as u32, e.source as u32]
}

#[inline]
pub(super) fn envelope_of(meta: [u32; 3]) -> Envelope {
    Envelope { context: meta[0], tag: meta[1] as i32, source: meta[2] as i32 }
}
