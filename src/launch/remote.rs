//! Agents on other hosts: the command that starts one, and its life before the first order.

use super::agent;
use super::channel::Channel;
use super::orders::{GREETING, Order, Start};
use crate::sys::fd::PollSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Variables that belong to the host they were set on.
const HOST_VARIABLES: &[&str] = &[
    "HOSTNAME",
    "HOST",
    "DISPLAY",
    "XAUTHORITY",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "SSH_AUTH_SOCK",
    "TERM",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_ID",
    "DBUS_SESSION_BUS_ADDRESS",
    "SHLVL",
    "_",
];

/// Makes an order fit for another host: its environment must not carry this one's.
pub fn prepare(start: &mut Start) {
    let name = |entry: &[u8]| entry.split(|b| *b == b'=').next().unwrap_or_default().to_vec();
    start.environment.retain(|entry| !HOST_VARIABLES.iter().any(|v| v.as_bytes() == name(entry)));
    let here = std::env::current_dir().ok().map(|d| d.into_os_string().into_encoded_bytes());
    for app in &mut start.apps {
        let directory = app.directory.take();
        app.directory = match (directory, &here) {
            (Some(relative), Some(here)) if !relative.starts_with(b"/") => {
                Some([here, &b"/"[..], &relative].concat())
            }
            (Some(absolute), _) => Some(absolute),
            (None, here) => here.clone(),
        };
    }
}

/// Adds the variables that only this host has.
fn complete(environment: &mut Vec<Vec<u8>>, own: Vec<Vec<u8>>) {
    let name = |entry: &[u8]| entry.split(|b| *b == b'=').next().unwrap_or_default().to_vec();
    let missing = |entry: &Vec<u8>| agent::lookup(environment, &name(entry)).is_none();
    let more: Vec<Vec<u8>> = own.into_iter().filter(missing).collect();
    environment.extend(more);
}

/// The command that starts an agent on `host`: ssh, or the user's command with `%h` replaced by the host, or with
/// the host as its last word.
pub fn command(template: Option<&str>, host: &str) -> Result<Vec<String>, String> {
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find vmirun's own file: {error}"))?;
    let program = program.to_string_lossy().into_owned();
    let mut words: Vec<String> = match template {
        // ssh gives the remote shell one line.
        None => {
            let remote = format!("{} --agent", quote(&program));
            return Ok(["ssh", "-o", "BatchMode=yes", host, &remote].map(str::to_string).to_vec());
        }
        Some(template) => split(template)?,
    };
    if words.iter().any(|word| word.contains("%h")) {
        words.iter_mut().for_each(|word| *word = word.replace("%h", host));
    } else {
        words.push(host.to_string());
    }
    words.extend([program, "--agent".to_string()]);
    Ok(words)
}

/// Quotes a word for a shell.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if word.chars().all(plain) { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Splits at spaces, except inside quotes.
fn split(template: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, None);
    for c in template.chars() {
        match quoted {
            Some(end) if c == end => quoted = None,
            None if c == '\'' || c == '"' => {
                quoted = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match (quoted, words.is_empty()) {
        (Some(_), _) => Err(format!("option --launch-agent: a quote is not closed in '{template}'")),
        (None, true) => Err("option --launch-agent: the command is empty".into()),
        (None, false) => Ok(words),
    }
}

/// The whole life of `vmirun --agent`: greets, waits for its order, obeys it.
pub fn agent_main() -> i32 {
    match receive_order() {
        Ok((start, channel)) => agent::run(start, channel),
        Err(error) => {
            eprintln!("vmirun: this is the agent of a job, started by vmirun on another host; {error}");
            2
        }
    }
}

fn receive_order() -> io::Result<(Start, Channel)> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let mut greeting = File::from(output.try_clone()?);
    greeting.write_all(GREETING)?;
    let mut channel = Channel::new(input, output)?;
    let mut set = PollSet::default();
    loop {
        set.clear();
        let slots = channel.poll(&mut set);
        set.wait(None)?;
        let open = channel.move_bytes(&set, slots);
        let frame = channel.next_frame().map_err(io::Error::other)?;
        match frame.map(|(kind, body)| Order::decode(kind, &body)).transpose().map_err(io::Error::other)? {
            Some(Order::Start(mut start)) => {
                complete(&mut start.environment, agent::own_environment());
                return Ok((*start, channel));
            }
            Some(_) => return Err(io::Error::other("the first order must be to start")),
            None if !open => return Err(io::Error::other("its standard input has ended without an order")),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_put_into_the_command() {
        let words = command(Some("ip netns exec %h"), "a").unwrap();
        assert_eq!(
            (&words[..4], words[5].as_str()),
            (&["ip", "netns", "exec", "a"].map(String::from)[..], "--agent")
        );
        assert_eq!(command(Some("rsh"), "b").unwrap()[1], "b");
        assert_eq!(command(None, "c").unwrap()[..4], ["ssh", "-o", "BatchMode=yes", "c"]);
    }

    #[test]
    fn variables_of_the_remote_host_fill_gaps() {
        let entries = |list: &[&str]| list.iter().map(|e| e.as_bytes().to_vec()).collect::<Vec<_>>();
        let mut environment = entries(&["A=1"]);
        complete(&mut environment, entries(&["A=2", "B=3"]));
        assert_eq!(environment, entries(&["A=1", "B=3"]));
    }

    #[test]
    fn quotes_group_words() {
        assert_eq!(split("a 'b c'  \"d\"''").unwrap(), ["a", "b c", "d"]);
        assert!(split("a 'b").is_err() && split("  ").is_err());
        assert_eq!((quote("/a/b"), quote("/a b'")), ("/a/b".into(), "'/a b'\\'''".into()));
    }
}
