//! Checksum: CRC-32C from end to end. It detects what a device or network below it damages, loses, doubles or
//! reorders; it does not stop somebody who means harm (crypt does).
//!
//! ```text
//!   wire: CRC-32C (4 bytes, little-endian), message
//! ```
//! The CRC covers the frame's number in the epoch (which both halves count and does not travel), the kind, the header's
//! numbers and the message.

use super::options::Options;
use super::{Entry, bytes};
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Step};
use crc32c::{crc32c, crc32c_append};

pub const ENTRY: Entry =
    Entry { name: "checksum", what: "detects damaged frames from end to end (CRC-32C)", options: &[], open };

fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    Options::of(spec).finish()?;
    Ok(Box::new(Checksum { site: *site, frames: 0, bytes: 0, damaged: 0 }))
}

struct Checksum {
    site: Site,
    frames: u64,
    bytes: u64,
    damaged: u64,
}

impl Checksum {
    fn crc(&self, irb: &Irb) -> u32 {
        let mut head = [0; 21];
        head[..8].copy_from_slice(&self.frames.to_le_bytes());
        head[8] = irb.header.kind;
        for (to, number) in head[9..].chunks_exact_mut(4).zip(irb.header.meta) {
            to.copy_from_slice(&number.to_le_bytes());
        }
        let mut crc = crc32c(&head);
        bytes::each_piece(&irb.slab, |piece| crc = crc32c_append(crc, piece));
        crc
    }

    fn send(&mut self, irb: &mut Irb) {
        let crc = self.crc(irb);
        self.count(irb);
        bytes::prepend(irb, &crc.to_le_bytes());
    }

    fn receive(&mut self, irb: &mut Irb) -> Result<(), String> {
        let stated = bytes::take(irb).map(u32::from_le_bytes);
        let computed = self.crc(irb);
        let number = self.frames;
        self.count(irb);
        if stated == Some(computed) {
            return Ok(());
        }
        self.damaged += 1;
        let sender = self.site.sender;
        Err(match stated {
            None => format!("checksum: frame {number} from rank {sender} has no checksum, expected 4 bytes"),
            Some(stated) => format!(
                "checksum: frame {number} from rank {sender} is damaged: CRC-32C {computed:08x}, expected {stated:08x}"
            ),
        })
    }

    fn count(&mut self, irb: &Irb) {
        self.frames += 1;
        self.bytes += irb.slab.remaining() as u64;
    }
}

impl Device for Checksum {
    fn name(&self) -> &str {
        "checksum"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        match (irb.command, self.site.half) {
            (Command::Send, Half::Send) => self.send(&mut irb),
            (Command::Receive, Half::Receive) => {
                if let Err(why) = self.receive(&mut irb) {
                    return bytes::refuse(irb, why);
                }
            }
            _ => {}
        }
        Step::Forward(irb)
    }

    fn report(&self) -> String {
        let Checksum { frames, bytes, damaged, .. } = self;
        format!(r#"{{"frames":{frames},"bytes":{bytes},"damaged":{damaged}}}"#)
    }
}
