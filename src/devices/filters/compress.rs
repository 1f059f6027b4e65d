//! Compress: LZ4, frame by frame, where it pays.
//!
//! ```text
//!   wire: 0, message            as it was
//!         1, length (4), LZ4    compressed
//! ```
//! Whether it pays is found out by trying: of a long frame a sample is compressed first, and after each attempt that
//! saved less than a sixteenth, twice as many frames as before go out untried. Each direction learns for itself.

use super::options::Options;
use super::{Entry, bytes};
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Step};
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

pub const ENTRY: Entry = Entry {
    name: "compress",
    what: "compresses frames (LZ4) as long as it pays",
    options: &[
        ("min", "shorter frames are left alone, bytes (512)"),
        ("level", "1 = give up soon when it does not pay, 2 = try more often, 3 = try every frame (1)"),
    ],
    open,
};

const PLAIN: u8 = 0;
const LZ4: u8 = 1;
/// Flag and length.
const HEAD: usize = 5;
/// Longer frames are left alone, and a frame that claims to become longer is refused.
const LONGEST: usize = 16 << 20;
/// Frames longer than this are sampled first.
const SAMPLED: usize = 32 << 10;
const SAMPLE: usize = 4 << 10;

fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    let mut options = Options::of(spec);
    let min = options.number("min", 512, 1, LONGEST as u64)? as usize;
    let level = options.number("level", 1, 1, 3)?;
    options.finish()?;
    let most_skipped = [256, 16, 0][level as usize - 1];
    let backoff = Backoff { most: most_skipped, last: 0, left: 0 };
    Ok(match site.half {
        Half::Send => {
            Box::new(Pack { min, backoff, scratch: Vec::new(), input: Vec::new(), counts: Counts::default() })
        }
        Half::Receive => {
            Box::new(Unpack { sender: site.sender, frames: 0, input: Vec::new(), counts: Counts::default() })
        }
    })
}

/// How many frames go out untried after a failure.
struct Backoff {
    most: u32,
    last: u32,
    left: u32,
}

impl Backoff {
    /// True if the next frame is worth an attempt.
    fn due(&mut self) -> bool {
        let due = self.left == 0;
        self.left = self.left.saturating_sub(1);
        due
    }

    fn learn(&mut self, paid: bool) {
        self.last = if paid { 0 } else { (self.last * 2).clamp(1, self.most.max(1)).min(self.most) };
        self.left = self.last;
    }
}

#[derive(Default)]
struct Counts {
    frames: u64,
    compressed: u64,
    /// Bytes of the messages, and what became of them on the wire.
    plain: u64,
    wire: u64,
}

impl Counts {
    fn add(&mut self, compressed: bool, plain: usize, wire: usize) {
        self.frames += 1;
        self.compressed += u64::from(compressed);
        self.plain += plain as u64;
        self.wire += wire as u64;
    }

    fn report(&self) -> String {
        let Counts { frames, compressed, plain, wire } = self;
        format!(r#"{{"frames":{frames},"compressed":{compressed},"bytes":{plain},"wire_bytes":{wire}}}"#)
    }
}

struct Pack {
    min: usize,
    backoff: Backoff,
    scratch: Vec<u8>,
    input: Vec<u8>,
    counts: Counts,
}

impl Pack {
    /// The compressed frame, if that pays.
    fn pack(&mut self, irb: &Irb, len: usize) -> Option<Vec<u8>> {
        if len < self.min || len > LONGEST || !self.backoff.due() {
            return None;
        }
        self.input.clear();
        bytes::append(&irb.slab, len, &mut self.input);
        let sampled = len <= SAMPLED || {
            let middle = len / 2;
            self.shrink(middle, middle + SAMPLE).is_some()
        };
        let packed = if sampled { self.shrink(0, len) } else { None };
        self.backoff.learn(packed.is_some());
        let packed = packed?;
        let mut out = Vec::with_capacity(HEAD + packed);
        out.push(LZ4);
        out.extend_from_slice(&(len as u32).to_le_bytes());
        out.extend_from_slice(&self.scratch[..packed]);
        Some(out)
    }

    /// Compresses a part of the input into the scratch memory; None if that saves less than a sixteenth.
    fn shrink(&mut self, from: usize, to: usize) -> Option<usize> {
        let input = &self.input[from..to];
        let room = get_maximum_output_size(input.len());
        if self.scratch.len() < room {
            self.scratch.resize(room, 0);
        }
        let packed = compress_into(input, &mut self.scratch).ok()?;
        (packed < input.len() - input.len() / 16).then_some(packed)
    }
}

impl Device for Pack {
    fn name(&self) -> &str {
        "compress"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        if irb.command != Command::Send {
            return Step::Forward(irb);
        }
        let len = irb.slab.remaining();
        let packed = self.pack(&irb, len);
        let compressed = packed.is_some();
        match packed {
            Some(out) => bytes::replace(&mut irb, out, 0),
            None => bytes::prepend(&mut irb, &[PLAIN]),
        }
        self.counts.add(compressed, len, irb.header.len);
        Step::Forward(irb)
    }

    fn report(&self) -> String {
        self.counts.report()
    }
}

struct Unpack {
    sender: u32,
    frames: u64,
    input: Vec<u8>,
    counts: Counts,
}

impl Unpack {
    fn unpack(&mut self, irb: &mut Irb) -> Result<bool, String> {
        match bytes::take(irb) {
            Some([PLAIN]) => Ok(false),
            Some([LZ4]) => self.unpack_lz4(irb).map(|()| true),
            Some([flag]) => Err(format!("begins with {flag}, expected {PLAIN} or {LZ4}")),
            None => Err("is empty, expected at least 1 byte".into()),
        }
    }

    fn unpack_lz4(&mut self, irb: &mut Irb) -> Result<(), String> {
        let Some(len) = bytes::take(irb).map(u32::from_le_bytes) else {
            return Err("ends before its length, expected 4 bytes".into());
        };
        let (len, packed) = (len as usize, irb.slab.remaining());
        // LZ4 cannot shrink more than 255 : 1, so this also bounds the memory by what has arrived.
        let most = LONGEST.min(packed.saturating_mul(255));
        if len > most {
            return Err(format!("claims to become {len} bytes, expected at most {most}"));
        }
        self.input.clear();
        bytes::append(&irb.slab, packed, &mut self.input);
        let mut out = vec![0; len];
        match decompress_into(&self.input, &mut out) {
            Ok(n) if n == len => bytes::replace(irb, out, 0),
            Ok(n) => return Err(format!("became {n} bytes, expected {len}")),
            Err(error) => return Err(format!("is no LZ4 block ({error})")),
        }
        Ok(())
    }
}

impl Device for Unpack {
    fn name(&self) -> &str {
        "compress"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        if irb.command != Command::Receive {
            return Step::Forward(irb);
        }
        let (number, wire) = (self.frames, irb.slab.remaining());
        self.frames += 1;
        match self.unpack(&mut irb) {
            Ok(compressed) => self.counts.add(compressed, irb.header.len, wire),
            Err(why) => {
                return bytes::refuse(
                    irb,
                    format!("compress: frame {number} from rank {} {why}", self.sender),
                );
            }
        }
        Step::Forward(irb)
    }

    fn report(&self) -> String {
        self.counts.report()
    }
}
