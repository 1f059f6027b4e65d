//! Profile: counts messages and bytes, sizes and times, per class of message. One half sees one direction of one
//! connection, so the figures are per peer.
//!
//! The sending half measures from dispatch to completion (the network has taken the frame, or could not); the
//! receiving half measures between arrivals. Times are kept in ticks and become nanoseconds in the report.

mod histogram;

use super::Entry;
use super::classes::Class;
use super::options::Options;
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Status, Step};
use crate::sys::clock::{Scale, ticks};
use histogram::{Sizes, Times};

pub const ENTRY: Entry = Entry {
    name: "profile",
    what: "counts messages, sizes and times per peer and class",
    options: &[],
    open,
};

fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    Options::of(spec).finish()?;
    let known = [NONE; Class::INDICES];
    Ok(Box::new(Profile { site: *site, scale: Scale::start(), known, records: Vec::new() }))
}

struct Record {
    class: Class,
    messages: u64,
    bytes: u64,
    failed: u64,
    sizes: Sizes,
    times: Times,
    /// Tick of the last arrival.
    last: u64,
}

/// No record of this class yet.
const NONE: u16 = u16::MAX;

struct Profile {
    site: Site,
    scale: Scale,
    /// Index of each class's record.
    known: [u16; Class::INDICES],
    records: Vec<Record>,
}

/// What a request takes along until it completes: the tick in the upper bits, the record in the lowest.
const RECORD_BITS: u32 = 10;

impl Profile {
    /// The number of the class's record.
    #[inline]
    fn record(&mut self, class: Class) -> usize {
        let known = self.known[class.index()];
        if known != NONE { known as usize } else { self.add(class) }
    }

    #[cold]
    fn add(&mut self, class: Class) -> usize {
        let (sizes, times) = (Sizes::new(), Times::new());
        self.known[class.index()] = self.records.len() as u16;
        self.records.push(Record { class, messages: 0, bytes: 0, failed: 0, sizes, times, last: 0 });
        self.records.len() - 1
    }

    #[inline]
    fn count(&mut self, irb: &Irb) -> usize {
        let at = self.record(Class::of(&irb.header));
        let len = irb.slab.remaining() as u64;
        let record = &mut self.records[at];
        record.messages += 1;
        record.bytes += len;
        record.sizes.add(len);
        at
    }

    fn class_report(&self, record: &Record, scale: f64) -> String {
        let times = &record.times;
        let ns = |ticks: u64| (ticks as f64 * scale).round() as u64;
        let sizes: Vec<String> = record.sizes.rows().map(|(from, n)| format!("[{from},{n}]")).collect();
        let rows: Vec<String> = times.rows().map(|(from, n)| format!("[{},{n}]", ns(from))).collect();
        format!(
            r#"{{"class":"{}","kind":{},"collective":{},"messages":{},"bytes":{},"failed":{},"sizes":[{}],"{}":{{"count":{},"mean":{:.1},"min":{},"p50":{},"p99":{},"max":{},"histogram":[{}]}}}}"#,
            record.class,
            record.class.kind,
            record.class.collective,
            record.messages,
            record.bytes,
            record.failed,
            sizes.join(","),
            if self.site.half == Half::Send { "latency_ns" } else { "interval_ns" },
            times.count(),
            times.mean() * scale,
            ns(times.least()),
            ns(times.quantile(0.5)),
            ns(times.quantile(0.99)),
            ns(times.most()),
            rows.join(","),
        )
    }
}

impl Device for Profile {
    fn name(&self) -> &str {
        "profile"
    }

    #[inline]
    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        match (irb.command, self.site.half) {
            (Command::Send, Half::Send) => {
                let at = self.count(&irb);
                irb.on_completion(ticks() << RECORD_BITS | at as u64);
            }
            (Command::Receive, Half::Receive) => {
                let at = self.count(&irb);
                let now = ticks();
                let record = &mut self.records[at];
                if record.last != 0 {
                    record.times.add(now.saturating_sub(record.last));
                }
                record.last = now;
            }
            _ => {}
        }
        Step::Forward(irb)
    }

    #[inline]
    fn completed(&mut self, irb: &mut Irb, context: u64) {
        let at = (context & ((1 << RECORD_BITS) - 1)) as usize;
        let Some(record) = self.records.get_mut(at) else { return };
        // The same bits are kept of both, so the difference is right although the uppermost are lost.
        let spent = (ticks() << RECORD_BITS).wrapping_sub(context & !((1 << RECORD_BITS) - 1)) >> RECORD_BITS;
        record.times.add(spent);
        record.failed += u64::from(irb.status != Status::Success);
    }

    fn report(&self) -> String {
        let scale = self.scale.ns_per_tick();
        let classes: Vec<String> =
            self.records.iter().map(|record| self.class_report(record, scale)).collect();
        format!(
            r#"{{"half":"{}","sender":{},"receiver":{},"epoch":{},"messages":{},"bytes":{},"classes":[{}]}}"#,
            if self.site.half == Half::Send { "send" } else { "receive" },
            self.site.sender,
            self.site.receiver,
            self.site.epoch,
            self.records.iter().map(|record| record.messages).sum::<u64>(),
            self.records.iter().map(|record| record.bytes).sum::<u64>(),
            classes.join(","),
        )
    }
}
