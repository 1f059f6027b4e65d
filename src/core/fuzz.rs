//! Fuzzing what the core reads as text: proposals of a peer, requests of an operator, the machine configuration.

use super::Core;
use super::config::{self, Config};
use super::epoch::{Inward, MOST_DEVICES, Opener, Proposal};
use super::filter::Spec;
use super::manage::Peers;
use crate::devices::filters;
use crate::fuzz::Input;

/// A plug-in is code, and the log writes files: neither may be opened by what a fuzzer thinks of.
fn is_harmless(spec: &Spec) -> bool {
    spec.name != "log" && !spec.name.contains('/')
}

/// Numbers, names and separators from the input, as a text.
fn text(input: &mut Input<'_>) -> String {
    const WORDS: [&str; 30] = [
        " ",
        "\n",
        "=",
        "-",
        ",",
        "#",
        "pass",
        "checksum",
        "compress",
        "crypt",
        "fault",
        "profile",
        "attach",
        "detach",
        "one-way",
        "all",
        "level=3",
        "min=9",
        "rekey=2",
        "shm",
        "tcp",
        "udp",
        "plugin",
        "interface=",
        "port=",
        "path=/x",
        "mtu=",
        "network",
        "operation ",
        "status",
    ];
    let mut out = String::new();
    while !input.is_empty() {
        match input.byte() {
            at @ 0..30 => out += WORDS[usize::from(at)],
            number @ 30..100 => out += &(number % 24).to_string(),
            100..110 => out += &input.half().to_string(),
            110..120 => out.push(char::from_u32(input.word() % 0x11_0000).unwrap_or('?')),
            byte => out.push(char::from(byte & 0x7f)),
        }
    }
    out
}

/// Half of the inputs are text as they are, the others a list of words.
fn as_text(input: &mut Input<'_>) -> String {
    if input.byte() & 1 == 0 { String::from_utf8_lossy(input.rest()).into_owned() } else { text(input) }
}

/// Proposals of a hostile peer, one after another, and frames of any epoch.
pub fn proposals(data: &[u8]) {
    let mut input = Input(data);
    let opener = Opener { open: filters::open, sender: 0, receiver: 1, secret: [0; 32] };
    let (mut inward, mut prepared) = (Inward::new(opener), Vec::<Proposal>::new());
    while !input.is_empty() {
        let choice = input.byte();
        if choice & 3 == 0 {
            let epoch = if choice & 4 == 0 { inward.epoch().wrapping_add(1) } else { input.half() };
            let known = prepared.iter().position(|p| p.epoch == epoch);
            match inward.go_to(epoch) {
                Ok(()) => {
                    if let Some(at) = known {
                        check_chain(&mut inward, &prepared[at]);
                        prepared.drain(..=at);
                    }
                }
                Err(_) => {
                    assert!(known.is_none(), "an epoch that was accepted");
                    return;
                }
            }
            continue;
        }
        let len = usize::from(input.byte());
        let mut part = Input(input.take(len));
        let mut words = as_text(&mut part);
        if choice & 8 != 0 {
            let last = prepared.last().map_or(inward.epoch(), |p| p.epoch);
            words = format!("{} {words}", last.wrapping_add(1));
        }
        let Ok(proposal) = Proposal::decode(&words) else { continue };
        assert!(proposal.devices.len() <= MOST_DEVICES);
        assert_eq!(Proposal::decode(&proposal.encode()).as_ref(), Ok(&proposal));
        if proposal.devices.iter().all(|listed| is_harmless(&listed.spec))
            && inward.prepare(proposal.clone()).is_ok()
        {
            prepared.push(proposal);
        }
    }
}

/// The chain is what the sender's list says, nearest to the network first.
fn check_chain(inward: &mut Inward, proposal: &Proposal) {
    let wanted: Vec<&str> = proposal.devices.iter().rev().map(|listed| listed.spec.name.as_str()).collect();
    assert_eq!(inward.devices(), &proposal.devices[..]);
    assert_eq!(inward.chain().names(), wanted);
}

/// Requests of an operator: whatever the line, the answer is one JSON object that says whether it went well.
pub fn requests(data: &[u8]) {
    let mut input = Input(data);
    let mut core = Core::alone();
    let whole = as_text(&mut input);
    for line in whole.lines().take(64) {
        let device = line.split_whitespace().nth(2).unwrap_or_default();
        if let Ok(spec) = Spec::parse(line) {
            assert_eq!(Spec::parse(&spec.to_string()).as_ref(), Ok(&spec));
        }
        if let Ok(Peers::Listed(ranges)) = Peers::parse(line) {
            assert!(!ranges.is_empty() && ranges.iter().all(|(first, last)| first <= last));
        }
        if device.contains('/') || device == "log" {
            continue;
        }
        let answer = core.command(line);
        assert!(
            answer.starts_with("{\"ok\":true") || answer.starts_with("{\"ok\":false,\"error\":\""),
            "{answer}"
        );
        let mut rest = answer.as_bytes();
        assert!(value(&mut rest, 0).is_some() && rest.is_empty(), "no JSON: {answer}");
        assert!(!answer.contains('\n'), "more than a line: {answer}");
    }
}

/// A JSON value taken off the front.
fn value(text: &mut &[u8], depth: usize) -> Option<()> {
    assert!(depth < 20, "deep nesting");
    let (first, rest) = text.split_first()?;
    match first {
        b'{' | b'[' => {
            *text = rest;
            let end = if *first == b'{' { b'}' } else { b']' };
            if text.first() == Some(&end) {
                *text = &text[1..];
                return Some(());
            }
            loop {
                if *first == b'{' {
                    string(text)?;
                    *text = text.strip_prefix(b":")?;
                }
                value(text, depth + 1)?;
                let (next, rest) = text.split_first()?;
                *text = rest;
                match next {
                    b',' => {}
                    next => return (*next == end).then_some(()),
                }
            }
        }
        b'"' => string(text),
        _ => {
            let len = text.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
            let word = std::str::from_utf8(&text[..len]).ok()?;
            *text = &text[len..];
            (["true", "false", "null"].contains(&word) || word.parse::<f64>().is_ok()).then_some(())
        }
    }
}

fn string(text: &mut &[u8]) -> Option<()> {
    *text = text.strip_prefix(b"\"")?;
    loop {
        let (first, rest) = text.split_first()?;
        *text = rest;
        match first {
            b'"' => return Some(()),
            b'\\' => {
                let (escape, rest) = text.split_first()?;
                *text = rest;
                if *escape == b'u' {
                    let digits = text.split_off(..4)?;
                    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                } else if !b"\"\\/bfnrt".contains(escape) {
                    return None;
                }
            }
            0..0x20 => return None,
            _ => {}
        }
    }
}

/// A machine configuration file.
pub fn configuration(data: &[u8]) {
    let text = as_text(&mut Input(data));
    match config::parse(&text) {
        Ok(networks) => {
            assert!(networks.len() <= text.lines().count());
            for (at, network) in networks.iter().enumerate() {
                assert!(!network.name.is_empty() && !network.name.contains(char::is_whitespace));
                assert!(networks[..at].iter().all(|other| other.name != network.name));
            }
            let config = Config { networks, file: None };
            let shm = config.networks.iter().filter(|n| n.device == config::Device::Shm).count();
            assert_eq!((config.far().count() + shm, shm > 0), (config.networks.len(), config.uses_shm()));
            assert!(config.describe().starts_with("networks: "));
        }
        Err(why) => {
            let number = why.strip_prefix("line ").and_then(|rest| rest.split(':').next());
            let number: usize = number.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{why}"));
            assert!((1..=text.lines().count()).contains(&number), "{why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fuzz::replay;

    #[test]
    fn the_corpora_hold() {
        replay("proposals", super::proposals);
        replay("requests", super::requests);
        replay("configuration", super::configuration);
    }
}
