//! What `vmirun` itself says, on standard error: sentences for people, or JSON lines for programs.

use std::io::Write;

/// How messages are written.
#[derive(Clone, Copy)]
pub struct Messages {
    json: bool,
    verbose: bool,
}

impl Messages {
    pub fn new(json: bool, verbose: bool) -> Messages {
        Messages { json, verbose }
    }

    /// One message in one write, so that it stays whole.
    pub fn say(&self, event: &str, rank: Option<u32>, text: &str) {
        let line = if self.json { json(event, rank, text) } else { format!("vmirun: {text}\n") };
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    /// Only with `--verbose`.
    pub fn explain(&self, text: &str) {
        if self.verbose {
            self.say("info", None, text);
        }
    }
}

fn json(event: &str, rank: Option<u32>, text: &str) -> String {
    let rank = rank.map(|rank| format!(",\"rank\":{rank}")).unwrap_or_default();
    format!("{{\"event\":\"{event}\"{rank},\"text\":\"{}\"}}\n", escape(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            c if (c as u32) < 0x20 => escaped.push_str(&format!("\\u{:04x}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped() {
        assert_eq!(
            json("killed", Some(2), "a \"b\"\\\t\n"),
            "{\"event\":\"killed\",\"rank\":2,\"text\":\"a \\\"b\\\"\\\\\\u0009\\n\"}\n"
        );
    }
}
