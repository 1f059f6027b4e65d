//! A program that nobody here wrote (Debian's lammps) on two hosts, while an operator attaches devices to its connections
//! and detaches them, a hundred times in random order: the result is the undisturbed one, to the last digit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vmi_c_tests::hosts::Hosts;
use vmi_c_tests::stage::Stage;

const LIMIT: Duration = Duration::from_secs(240);
const CHANGES: u32 = 100;

/// The melt of the CI, long enough for all changes.
fn input(steps: u32) -> PathBuf {
    let melt = std::fs::read_to_string(vmi_c_tests::root().join(".ci/programs/melt.lammps"))
        .expect("it is in the repository");
    let text: String = melt
        .lines()
        .map(|line| match line.split_whitespace().next() {
            Some("run") => format!("run {steps}\n"),
            Some("thermo") => format!("thermo {}\n", steps / 10),
            _ => format!("{line}\n"),
        })
        .collect();
    let path = std::env::temp_dir().join(format!("vmi-melt-{}.lammps", std::process::id()));
    std::fs::write(&path, text).expect("a temporary file");
    path
}

/// The thermodynamic lines: a step number and numbers.
fn thermo(output: &str) -> Vec<String> {
    let is_thermo = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.len() == 6 && words.iter().all(|w| w.parse::<f64>().is_ok())
    };
    output.lines().filter(is_thermo).map(str::to_string).collect()
}

fn vmi(host: &str, arguments: &[&str]) -> Result<(), String> {
    let output =
        Command::new("ip").args(["netns", "exec", host]).arg(Stage::get().vmi()).args(arguments).output();
    let output = output.map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("vmi {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}

/// One random change; `on` is what is attached.
fn change(host: &str, random: &mut u64, on: &mut Vec<&'static str>, log: &Path) -> Result<(), String> {
    const DEVICES: [&str; 5] = ["profile", "log", "checksum", "compress", "crypt"];
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let pick = (*random >> 33) as usize;
    if on.len() > 6 || pick.is_multiple_of(9) {
        on.clear();
        return vmi(host, &["detach", "all"]);
    }
    if pick.is_multiple_of(3) && !on.is_empty() {
        let device = on.remove(pick % on.len());
        return vmi(host, &["detach", device]);
    }
    let device = DEVICES[pick % DEVICES.len()];
    on.push(device);
    let file = format!("file={}/%r-%p.pcapng", log.display());
    match device {
        "log" => vmi(host, &["attach", "log", "snap=64", &file]),
        // Only what leaves the host is worth hiding.
        "crypt" => vmi(host, &["attach", "crypt", "--peers", "remote"]),
        _ => vmi(host, &["attach", device]),
    }
}

#[test]
fn a_hundred_changes_do_not_touch_the_result() {
    let Some(lammps) = vmi_c_tests::find_tool("lmp") else {
        return vmi_c_tests::skip("lammps is not installed");
    };
    let Some(hosts) = Hosts::make(31) else { return };
    // Long enough for all changes, also where the program is fast.
    let input = input(16_000);
    let arguments = ["-in", input.to_str().expect("a plain path"), "-log", "none"];
    let alone = hosts.run_program(2, &lammps, &[], &arguments, LIMIT);
    assert!(alone.code == Some(0), "{}", alone.report());
    let logs = std::env::temp_dir().join(format!("vmi-logs-{}", std::process::id()));
    std::fs::create_dir_all(&logs).expect("a temporary folder");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let job = scope.spawn(|| {
            let outcome = hosts.run_program(2, &lammps, &[], &arguments, LIMIT);
            over.store(true, Ordering::SeqCst);
            outcome
        });
        let (start, mut random, mut on, mut done) = (Instant::now(), 0x5eed, Vec::new(), 0);
        while vmi(&hosts.names[0], &["status"]).is_err() && start.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut failures = Vec::new();
        while done < CHANGES && !over.load(Ordering::SeqCst) {
            failures.extend(change(&hosts.names[0], &mut random, &mut on, &logs).err());
            done += 1;
            std::thread::sleep(Duration::from_millis(10 + random % 40));
        }
        let took = start.elapsed().as_secs_f64();
        let disturbed = job.join().expect("the job was run");
        let _ = std::fs::remove_dir_all(&logs);
        let _ = std::fs::remove_file(&input);
        assert!(disturbed.code == Some(0), "after {done} changes: {}", disturbed.report());
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        assert!(done == CHANGES, "the job ended after {done} changes");
        let (expected, found) = (thermo(&alone.stdout), thermo(&disturbed.stdout));
        assert!(expected.len() == 11, "{}", alone.report());
        assert_eq!(expected, found);
        println!(
            "{done} changes in {took:.1} s; undisturbed {:.1} s, disturbed {:.1} s",
            alone.seconds, disturbed.seconds
        );
    });
}
