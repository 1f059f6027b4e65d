//! The log file by a strict parser of our own, and by Wireshark's tools where they are installed.

use super::super::tests::{Pair, site};
use super::*;
use crate::core::buffer::Buffer;
use crate::core::frame::Header;
use crate::core::slab::Slab;
use std::path::PathBuf;
use std::process::Command as Process;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        Scratch(std::env::temp_dir().join(format!("vmi-log-{}-{name}.pcapng", std::process::id())))
    }

    fn spec(&self, more: &str) -> String {
        format!("log file={} {more}", self.0.display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Sends and receives messages of these sizes; the log is closed afterwards.
fn log(spec: &str, sizes: &[usize]) {
    let mut pair = Pair::of(&[spec]);
    for (n, len) in sizes.iter().enumerate() {
        let header = Header { kind: 1 + n as u8 % 8, meta: [n as u32, 2, 3], len: *len };
        let message: Vec<u8> = (0..*len).map(|i| i as u8).collect();
        let (outside, wire) = pair.down(header, Slab::of(Buffer::adopt(message)));
        pair.up(outside, &wire).expect("passes");
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Types and bodies of all blocks.
fn blocks(bytes: &[u8]) -> Vec<(u32, &[u8])> {
    let (mut at, mut all) = (0, Vec::new());
    while at < bytes.len() {
        let len = word(bytes, at + 4) as usize;
        assert!(len >= 12 && len.is_multiple_of(4) && at + len <= bytes.len(), "length {len} at {at}");
        assert_eq!(word(bytes, at + len - 4) as usize, len, "the lengths of a block differ");
        all.push((word(bytes, at), &bytes[at + 8..at + len - 4]));
        at += len;
    }
    all
}

fn packets(file: &Scratch) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(&file.0).expect("the log");
    let found = blocks(&bytes);
    assert_eq!((found[0].0, word(found[0].1, 0)), (0x0a0d_0d0a, 0x1a2b_3c4d));
    assert_eq!((found[1].0, word(found[1].1, 0)), (1, 1));
    found.iter().filter(|(kind, _)| *kind == 6).map(|(_, body)| body.to_vec()).collect()
}

#[test]
fn a_log_has_every_frame_with_its_time_and_ends() {
    let file = Scratch::new("frames");
    log(&file.spec("snap=100"), &[0, 1, 8, 99, 100, 101, 70_000]);
    let packets = packets(&file);
    assert_eq!(packets.len(), 14, "each message is sent and received in this process");
    let mut before = 0;
    for (n, body) in packets.iter().enumerate() {
        let len = [0, 1, 8, 99, 100, 101, 70_000][n / 2];
        let (kept, whole) = (word(body, 12) as usize, word(body, 16) as usize);
        assert_eq!((kept, whole), (HEAD + len.min(100), HEAD + len));
        let time = u64::from(word(body, 4)) << 32 | u64::from(word(body, 8));
        assert!(time >= before && time > 1_600_000_000_000_000_000, "{time}");
        before = time;
        let frame = &body[20..20 + kept];
        assert_eq!(frame[26..34], [10, 0, 0, 3, 10, 0, 0, 5]);
        assert_eq!((frame[42], word(frame, 46) as usize), (1 + (n / 2) as u8 % 8, n / 2));
        assert!(frame[HEAD..].iter().enumerate().all(|(i, byte)| *byte == i as u8));
        // Direction: 2 is outbound.
        let options = &body[20 + kept.next_multiple_of(4)..];
        assert_eq!(options[..8], [2, 0, 4, 0, 2 - n as u8 % 2, 0, 0, 0]);
    }
}

#[test]
fn a_log_opened_again_is_continued() {
    let file = Scratch::new("again");
    log(&file.spec(""), &[1, 2]);
    log(&file.spec(""), &[3]);
    assert_eq!(packets(&file).len(), 6);
}

#[test]
fn wireshark_s_tools_read_a_log() {
    let file = Scratch::new("shark");
    log(&file.spec("snap=64"), &[0, 8, 5000, 100_000]);
    let run = |tool: &str, arguments: &[&str]| {
        let output = Process::new(tool).args(arguments).arg(&file.0).output().ok()?;
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    match run("capinfos", &["-c", "-M"]) {
        Some(text) => assert!(text.contains("Number of packets:   8"), "{text}"),
        None => println!("SKIPPED capinfos: not installed"),
    }
    let fields =
        ["-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "udp.dstport", "-e", "frame.len", "-r"];
    match run("tshark", &fields) {
        Some(text) => {
            let line = format!("10.0.0.3\t10.0.0.5\t61002\t{}", HEAD + 8);
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        None => println!("SKIPPED tshark: not installed"),
    }
}

#[test]
fn a_full_disk_is_told_once_and_no_message_fails() {
    let mut pair = Pair::of(&["log file=/dev/full"]);
    let header = Header { kind: 1, meta: [0; 3], len: 8 };
    let mut alerts = Vec::new();
    let begin = std::time::Instant::now();
    while alerts.is_empty() && begin.elapsed().as_secs() < 10 {
        let (outside, wire) = pair.down(header, Slab::of(Buffer::allocate(8)));
        pair.up(outside, &wire).expect("the message passes");
        alerts = pair.send.device_mut(0).expect("log").take_alerts();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].contains("cannot write /dev/full: No space left on device"), "{alerts:?}");
    assert!(pair.receive.device_mut(0).expect("log").take_alerts().is_empty(), "told twice");
    let report = pair.send.device_mut(0).expect("log").report();
    assert!(report.contains(r#""error":"cannot write /dev/full"#), "{report}");
}

#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let file = Scratch::new("drop");
    let writer = writer::open(&file.0).expect("opens");
    for n in 0..1000 {
        writer.append(n, 1 << 20, |out| out.resize(out.len() + (1 << 20), 0));
    }
    let (dropped, error) = writer.health();
    assert!(dropped > 0 && error.is_none(), "{dropped} {error:?}");
}

#[test]
fn names_are_made_from_the_pattern() {
    let send = site(Half::Send);
    assert_eq!(file_name("a-%r-%p-100%%", &send).expect("a name"), "a-3-5-100%");
    assert_eq!(file_name("%r%p", &site(Half::Receive)).expect("a name"), "53");
    let tag = file_name("%j", &send).expect("a name");
    assert!(tag.len() == 8 && tag != file_name("%j", &Site { secret: [1; 32], ..send }).expect("a name"));
}

#[test]
fn a_pipe_is_refused() {
    let path = Scratch::new("pipe");
    if !Process::new("mkfifo").arg(&path.0).status().is_ok_and(|s| s.success()) {
        return println!("SKIPPED: no mkfifo");
    }
    assert!(writer::open(&path.0).err().is_some_and(|why| why.ends_with("it is a pipe")));
}
