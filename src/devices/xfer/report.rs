//! What the device has to tell, as JSON.

use super::path::{Path, Phase};
use super::{Mode, Xfer};
use std::fmt::Write;

impl Xfer {
    /// The state of the connection as a JSON object.
    pub fn report(&self) -> String {
        let mode = if self.settings.mode == Mode::Striping { "striping" } else { "standby" };
        let mut out = format!(
            "{{\"mode\":\"{mode}\",\"retained_bytes\":{},\"retained_frames\":{},\"held_bytes\":{},\"outages\":{},\
             \"last_outage_ns\":{},\"networks\":[",
            self.window.bytes(),
            self.window.len(),
            self.order.bytes(),
            self.watch.outages,
            self.watch.last_outage
        );
        for (i, path) in self.paths.iter().enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            tell(&mut out, path);
        }
        out.push_str("]}");
        out
    }
}

fn tell(out: &mut String, path: &Path) {
    let state = match path.phase {
        _ if !path.enabled => "disabled",
        Phase::Closed => "down",
        Phase::Opening => "opening",
        Phase::Proving => "proving",
        Phase::Usable if path.suspect => "suspect",
        Phase::Usable => "up",
        Phase::Finished => "finished",
    };
    let counts = &path.counts;
    let _ = write!(
        out,
        "{{\"name\":{},\"state\":\"{state}\",\"why\":{},\"frames_out\":{},\"bytes_out\":{},\"resent\":{},\
         \"copies\":{},\"probes\":{},\"in_flight_bytes\":{},\"frames_in\":{},\"bytes_in\":{},\"duplicates\":{},\
         \"failures\":{},\"last_gap_ns\":{},\"rate_mb\":{:.1},\"round_trip_ns\":{}}}",
        quoted(&path.name),
        quoted(&path.why),
        counts.frames_out,
        counts.bytes_out,
        counts.resent,
        counts.copies,
        counts.probes,
        path.flights.bytes(),
        counts.frames_in,
        counts.bytes_in,
        counts.duplicates,
        counts.failures,
        counts.gap,
        path.gauge.rate() * 1000.0,
        path.gauge.round_trip()
    );
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
