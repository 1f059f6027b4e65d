//! A process that shares memory with the ranks and writes garbage into it: they may end with a message, but neither
//! crash nor stay for ever.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use vmi_c_tests::job;
use vmi_c_tests::program::{Abi, compile};

/// Set in the ranks' environment, to find them.
const MARK: &str = "VMI_TEST_HOSTILE";

/// The node segments of marked processes, as open files.
fn segments(mark: &str) -> Vec<File> {
    let wanted = format!("{MARK}={mark}");
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if !environment.split(|&b| b == 0).any(|variable| variable == wanted.as_bytes()) {
            continue;
        }
        let open = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        let shared = |path: &PathBuf| {
            fs::read_link(path).is_ok_and(|link| link.to_string_lossy().contains("memfd:vmi-node"))
        };
        let files = open.map(|entry| entry.path()).filter(shared);
        found.extend(files.filter_map(|path| OpenOptions::new().read(true).write(true).open(path).ok()));
    }
    found
}

/// Waits for the ranks, lets them talk, then writes over their memory until `end`.
fn scribble(mark: &str, seed: u64, end: Instant) -> usize {
    let mut dice = seed | 1;
    let mut roll = move || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice
    };
    let file = loop {
        match segments(mark).pop() {
            Some(file) => break file,
            None if Instant::now() > end => return 0,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    thread::sleep(Duration::from_millis(300));
    let size = file.metadata().map_or(0, |data| data.len()).max(64);
    let mut writes = 0;
    while Instant::now() < end {
        // Half of the writes hit the small words at the front of a page: bells, indices, heads of records.
        let page = roll() % (size / 4096).max(1) * 4096;
        let at = page + if roll() % 2 == 0 { (roll() % 256) & !3 } else { roll() % 4096 };
        let bytes = if roll() % 4 == 0 { u64::MAX } else { roll() }.to_le_bytes();
        let len = 1 + (roll() % 8) as usize;
        if at + 8 <= size && file.write_at(&bytes[..len], at).is_ok() {
            writes += 1;
        }
    }
    writes
}

#[test]
fn garbage_in_shared_memory_neither_crashes_nor_hangs_a_job() {
    let program = compile("launch/chatter", Abi::Standard).expect("it compiles");
    for seed in 1..=4u64 {
        let mark = format!("{}-{seed}", std::process::id());
        let scribbler = {
            let mark = mark.clone();
            let end = Instant::now() + Duration::from_secs(4);
            thread::spawn(move || scribble(&mark, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), end))
        };
        let mut command = job::vmirun();
        // A job whose messages were destroyed may wait for them: the launcher ends it.
        command.args(["--timeout", "8", "-n", "2"]).arg(&program).arg("3").env(MARK, &mark);
        let outcome = job::run(&mut command, Duration::from_secs(40));
        let writes = scribbler.join().expect("the scribbler ends");
        let says = |text: &str| outcome.stderr.contains(text);
        assert!(writes > 0, "seed {seed}: nothing was written\n{}", outcome.report());
        assert!(outcome.code.is_some(), "seed {seed}: the job does not end\n{}", outcome.report());
        let crashed = ["SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "internal error"].into_iter().any(says);
        assert!(!crashed, "seed {seed}: a rank crashed\n{}", outcome.report());
        let silent = outcome.code != Some(0) && outcome.stderr.trim().is_empty();
        assert!(!silent, "seed {seed}: ended without a message\n{}", outcome.report());
    }
}
