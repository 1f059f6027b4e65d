//! Log: writes every frame of a connection to a pcapng file, which Wireshark opens.
//!
//! Not part of the message's fate: a full disk ends the log and is told once; no frame waits for the file.

mod pcapng;
#[cfg(test)]
mod tests;
mod writer;

use super::options::Options;
use super::{Entry, bytes, quoted};
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Step};
use crate::sys::clock::monotonic_ns;
use pcapng::{HEAD, Packet};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};
use writer::Writer;

pub const ENTRY: Entry = Entry {
    name: "log",
    what: "writes frames to a file that Wireshark opens (pcapng)",
    options: &[
        ("file", "%j job, %r rank, %p peer, %% percent (vmi-%j-%r-%p.pcapng)"),
        ("snap", "bytes kept of each message (256)"),
    ],
    open,
};

fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    let mut options = Options::of(spec);
    let pattern = options.text("file").unwrap_or("vmi-%j-%r-%p.pcapng");
    let snap = options.number("snap", 256, 0, 1 << 20)? as usize;
    options.finish()?;
    let file = file_name(pattern, site)?;
    let writer = writer::open(Path::new(&file)).map_err(|why| format!("log: {why}"))?;
    Ok(Box::new(Log { site: *site, snap, file, writer, offset: offset(), frames: 0, bytes: 0 }))
}

/// What makes the monotonic clock the time of day: the same for all logs of a process, or frames of one file would go
/// back in time whenever the process had to wait between the two readings.
fn offset() -> u64 {
    static OFFSET: OnceLock<u64> = OnceLock::new();
    *OFFSET.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        now.wrapping_sub(monotonic_ns())
    })
}

fn file_name(pattern: &str, site: &Site) -> Result<String, String> {
    let (rank, peer) = match site.half {
        Half::Send => (site.sender, site.receiver),
        Half::Receive => (site.receiver, site.sender),
    };
    let mut name = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '%' { chars.next() } else { None }) {
            ('%', Some('r')) => name += &rank.to_string(),
            ('%', Some('p')) => name += &peer.to_string(),
            ('%', Some('j')) => name += &job_tag(site),
            ('%', Some('%')) => name.push('%'),
            ('%', _) => return Err(format!("log: file={pattern}, expected one of j, r, p, % after a %")),
            _ => name.push(c),
        }
    }
    Ok(name)
}

/// Eight letters that are the same in all processes of a job, and in no other job.
fn job_tag(site: &Site) -> String {
    let digest = Sha256::new().chain_update(b"vmi log name").chain_update(site.secret).finalize();
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

struct Log {
    site: Site,
    snap: usize,
    file: String,
    writer: Arc<Writer>,
    /// What makes the monotonic clock the time of day.
    offset: u64,
    frames: u64,
    bytes: u64,
}

impl Log {
    fn write(&mut self, irb: &Irb) {
        let len = irb.slab.remaining();
        self.frames += 1;
        self.bytes += len as u64;
        let packet = Packet {
            time_ns: monotonic_ns().wrapping_add(self.offset),
            sender: self.site.sender,
            receiver: self.site.receiver,
            kind: irb.header.kind,
            meta: irb.header.meta,
            len,
            outbound: self.site.half == Half::Send,
        };
        let room = HEAD + len.min(self.snap) + 64;
        self.writer.append(packet.time_ns, room, |out| {
            pcapng::packet(out, &packet, self.snap, |n, out| bytes::append(&irb.slab, n, out));
        });
    }
}

impl Device for Log {
    fn name(&self) -> &str {
        "log"
    }

    fn dispatch(&mut self, irb: Box<Irb>) -> Step {
        let mine = match self.site.half {
            Half::Send => Command::Send,
            Half::Receive => Command::Receive,
        };
        if irb.command == mine {
            self.write(&irb);
        }
        Step::Forward(irb)
    }

    fn take_alerts(&mut self) -> Vec<String> {
        self.writer.take_error().map(|error| format!("log: {error}")).into_iter().collect()
    }

    fn report(&self) -> String {
        let Log { file, frames, bytes, .. } = self;
        let (dropped, error) = self.writer.health();
        let (file, error) = (quoted(file), error.map_or("null".into(), |error| quoted(&error)));
        format!(r#"{{"file":{file},"frames":{frames},"bytes":{bytes},"dropped":{dropped},"error":{error}}}"#)
    }
}
