//! Filters: devices in the middle of a connection's chains, and the list by which they are opened.
//!
//! A filter is two halves, one per end of a direction ([`crate::core::filter`]). Each file or folder is one filter and
//! names no other; `bytes`, `classes` and `options` are vocabulary that all share. A name with a `/` is the path of
//! a plug-in.
//!
//! Invariants, kept by every half: a frame grows by at most 64 bytes; what arrives is not believed: a frame that
//! cannot be undone completes with a sentence that names sender and frame; the program's memory is read, never written.

mod bytes;
mod checksum;
mod classes;
mod compress;
mod crypt;
mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod log;
mod options;
mod profile;

#[cfg(test)]
mod tests;

use crate::core::device::Device;
use crate::core::filter::{Open, Site, Spec};

/// What a filter is called, does and can be told.
pub struct Entry {
    pub name: &'static str,
    /// One line.
    pub what: &'static str,
    /// Option and meaning; the default is part of it.
    pub options: &'static [(&'static str, &'static str)],
    open: Open,
}

static FILTERS: [Entry; 7] =
    [profile::ENTRY, log::ENTRY, checksum::ENTRY, compress::ENTRY, crypt::ENTRY, fault::ENTRY, PASS];

const PASS: Entry = Entry {
    name: "pass",
    what: "forwards everything: what a device costs that does nothing",
    options: &[],
    open: open_pass,
};

fn open_pass(spec: &Spec, _site: &Site) -> Result<Box<dyn Device>, String> {
    options::Options::of(spec).finish()?;
    Ok(Box::new(super::pass::Pass::default()))
}

/// The built-in filters.
pub fn list() -> &'static [Entry] {
    &FILTERS
}

/// Opens one half of a filter.
///
/// # Errors
/// One sentence: no such filter, an option that makes no sense, or what the filter says; nothing has changed then.
pub fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    if spec.name.contains('/') {
        return super::plugin::open(spec, site);
    }
    match FILTERS.iter().find(|entry| entry.name == spec.name) {
        Some(entry) => (entry.open)(spec, site),
        None => {
            Err(format!("there is no filter '{}', expected {} or the path of a plug-in", spec.name, names()))
        }
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out += &format!("\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out + "\""
}

fn names() -> String {
    let names: Vec<&str> = FILTERS.iter().map(|entry| entry.name).collect();
    names.join(", ")
}
