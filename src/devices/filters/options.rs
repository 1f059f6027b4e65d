//! Reading a filter's options: every one is asked for by name, and what nobody asked for is an error.

use crate::core::filter::Spec;

pub struct Options<'a> {
    device: &'a str,
    left: Vec<&'a (String, String)>,
    known: Vec<&'static str>,
}

impl<'a> Options<'a> {
    pub fn of(spec: &'a Spec) -> Options<'a> {
        Options { device: &spec.name, left: spec.options.iter().collect(), known: Vec::new() }
    }

    /// The text of option `key`; the last one counts.
    pub fn text(&mut self, key: &'static str) -> Option<&'a str> {
        self.known.push(key);
        let mut found = None;
        self.left.retain(|(name, value)| {
            if name == key {
                found = Some(value.as_str());
            }
            name != key
        });
        found
    }

    /// A whole number with an optional k, m or g (powers of 1024), between `least` and `most`.
    pub fn number(&mut self, key: &'static str, default: u64, least: u64, most: u64) -> Result<u64, String> {
        let Some(text) = self.text(key) else { return Ok(default) };
        parse_number(text).filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            format!("{}: {key}={text}, expected a whole number between {least} and {most}", self.device)
        })
    }

    /// A probability.
    pub fn probability(&mut self, key: &'static str) -> Result<f64, String> {
        let Some(text) = self.text(key) else { return Ok(0.0) };
        let value = text.parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
        value.ok_or_else(|| format!("{}: {key}={text}, expected a probability between 0 and 1", self.device))
    }

    /// One of several words; the first is the default.
    pub fn word(&mut self, key: &'static str, words: &[&'static str]) -> Result<&'static str, String> {
        let Some(text) = self.text(key) else { return Ok(words[0]) };
        let found = words.iter().find(|word| **word == text).copied();
        found.ok_or_else(|| format!("{}: {key}={text}, expected {}", self.device, words.join(" or ")))
    }

    /// Everything has been asked for.
    pub fn finish(self) -> Result<(), String> {
        let Some((key, _)) = self.left.first() else { return Ok(()) };
        let known = if self.known.is_empty() { "no options".into() } else { self.known.join(", ") };
        Err(format!("{} has no option '{key}', expected {known}", self.device))
    }
}

fn parse_number(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 10),
        b'm' => (&text[..text.len() - 1], 20),
        b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}
