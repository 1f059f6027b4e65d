//! Networks that break and come back under a running program: nothing lost, doubled or reordered.
//!
//! Two hosts with two networks. A program exchanges messages all the time and verifies every byte and the order, while
//! cables are pulled, packets vanish, connections are reset, on one network or on both. `VMI_CYCLES` sets how often
//! (default 12).

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vmi_c_tests::hosts::{Hosts, ip};

/// xorshift64*: the same cuts in each run of a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % n
    }

    fn ms(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least))
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Cut {
    /// The interface goes down on one host.
    Down,
    /// Packets vanish on their way: the neighbour's hardware address is wrong on both hosts.
    Silent,
    /// All tcp connections over the network are reset.
    Reset,
}

fn address(cable: char, number: u8, end: usize) -> String {
    format!("10.{}.{number}.{}", if cable == 'a' { 97 } else { 98 }, end + 1)
}

fn cut(hosts: &Hosts, number: u8, cable: char, how: Cut) {
    match how {
        Cut::Down => hosts.plug(0, cable, "down"),
        Cut::Silent => {
            for end in 0..2 {
                let peer = address(cable, number, 1 - end);
                let host = &hosts.names[end];
                let wrong = "lladdr 02:00:00:00:00:99";
                assert!(ip(&format!("-n {host} neigh replace {peer} {wrong} dev {cable}0 nud permanent")));
            }
        }
        Cut::Reset => {
            let kill = ["netns", "exec", &hosts.names[0], "ss", "-K", "dst", &address(cable, number, 1)];
            assert!(Command::new("ip").args(kill).output().is_ok_and(|o| o.status.success()));
        }
    }
}

fn mend(hosts: &Hosts, number: u8, cable: char, how: Cut) {
    match how {
        Cut::Down => hosts.plug(0, cable, "up"),
        Cut::Silent => {
            for end in 0..2 {
                let peer = address(cable, number, 1 - end);
                ip(&format!("-n {} neigh del {peer} dev {cable}0", hosts.names[end]));
            }
        }
        Cut::Reset => {}
    }
}

/// One cut of one network, or of both, and what follows.
fn cycle(hosts: &Hosts, number: u8, random: &mut Random) {
    let cables: &[char] = [&['a'][..], &['b'], &['a', 'b']][random.below(3) as usize];
    let cuts: Vec<(char, Cut)> =
        cables.iter().map(|c| (*c, [Cut::Down, Cut::Silent, Cut::Reset][random.below(3) as usize])).collect();
    for (cable, how) in &cuts {
        cut(hosts, number, *cable, *how);
        std::thread::sleep(random.ms(0, 50));
    }
    std::thread::sleep(random.ms(10, 1200));
    for (cable, how) in &cuts {
        mend(hosts, number, *cable, *how);
    }
    std::thread::sleep(random.ms(0, 700));
}

/// The file that the program makes when its ranks have met, gone when dropped.
struct Moving(PathBuf);

impl Moving {
    fn new(number: u8) -> Moving {
        let name = format!("vmi-moving-{}-{number}", std::process::id());
        let mark = Moving(std::env::temp_dir().join(name));
        let _ = std::fs::remove_file(&mark.0);
        mark
    }

    fn variable(&self) -> String {
        format!("TRAFFIC_MOVING={}", self.0.display())
    }

    /// Waits until messages move, or the job is over. Cuts before that would test the start of a job.
    fn wait(&self, over: &AtomicBool) {
        while !self.0.exists() && !over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn survives(number: u8, ranks: usize, environment: &[&str]) {
    let Some(hosts) = Hosts::with_two_networks(number) else { return };
    let cycles: u64 = std::env::var("VMI_CYCLES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let seed = std::env::var("VMI_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0x5eed);
    let seconds = (cycles as f64 * 1.2 + 2.0).to_string();
    let over = AtomicBool::new(false);
    let moving = Moving::new(number);
    let mark = moving.variable();
    std::thread::scope(|scope| {
        let job = scope.spawn(|| {
            let limit = Duration::from_secs(60 + 4 * cycles);
            let environment = [environment, &["VMI_DEAD_AFTER=300", &mark]].concat();
            let outcome = hosts.run(ranks, "network/traffic", &environment, &[&seconds], limit);
            over.store(true, Ordering::SeqCst);
            outcome
        });
        let mut random = Random(seed);
        moving.wait(&over);
        let started = Instant::now();
        let mut done = 0;
        while done < cycles && !over.load(Ordering::SeqCst) {
            cycle(&hosts, number, &mut random);
            done += 1;
        }
        let outcome = job.join().expect("the job was run");
        assert!(outcome.code == Some(0), "after {done} cycles, seed {seed}: {}", outcome.report());
        println!("{done} cycles in {:.0} s: {}", started.elapsed().as_secs_f64(), outcome.stdout.trim());
    });
}

#[test]
fn two_tcp_networks_break_in_turn_and_together() {
    survives(11, 1, &["VMI_CONFIG=network/two.conf"]);
}

#[test]
fn tcp_and_datagrams_break_in_turn_and_together() {
    survives(12, 2, &["VMI_CONFIG=network/unlike.conf"]);
}

/// The only connection is reset again and again under messages of up to 4 MiB, whose pieces land in the program's memory:
/// most resets are in the middle of one, and it goes on over the next connection.
#[test]
fn a_connection_is_reset_in_the_middle_of_long_messages() {
    let Some(hosts) = Hosts::with_two_networks(14) else { return };
    let over = AtomicBool::new(false);
    let moving = Moving::new(14);
    let mark = moving.variable();
    std::thread::scope(|scope| {
        let job = scope.spawn(|| {
            let environment = ["VMI_CONFIG=network/only_a.conf", mark.as_str()];
            let arguments = ["6", "4194304"];
            let outcome = hosts.run(1, "network/traffic", &environment, &arguments, Duration::from_secs(60));
            over.store(true, Ordering::SeqCst);
            outcome
        });
        let mut random = Random(0xc07);
        moving.wait(&over);
        while !over.load(Ordering::SeqCst) {
            cut(&hosts, 14, 'a', Cut::Reset);
            std::thread::sleep(random.ms(300, 700));
        }
        let outcome = job.join().expect("the job was run");
        assert!(outcome.code == Some(0), "{}", outcome.report());
        println!("{}", outcome.stdout.trim());
    });
}

/// Nothing comes back: the job waits for the configured time, then ends and says who could not be reached and what was tried.
#[test]
fn the_last_network_lost_for_good_ends_the_job() {
    let Some(hosts) = Hosts::with_two_networks(13) else { return };
    let over = AtomicBool::new(false);
    let moving = Moving::new(13);
    let mark = moving.variable();
    std::thread::scope(|scope| {
        let job = scope.spawn(|| {
            let environment =
                ["VMI_CONFIG=network/two.conf", "VMI_DEAD_AFTER=300", "VMI_GIVE_UP=2000", mark.as_str()];
            let outcome = hosts.run(1, "network/traffic", &environment, &["60"], Duration::from_secs(50));
            over.store(true, Ordering::SeqCst);
            outcome
        });
        moving.wait(&over);
        cut(&hosts, 13, 'a', Cut::Silent);
        cut(&hosts, 13, 'b', Cut::Down);
        let since = Instant::now();
        let outcome = job.join().expect("the job was run");
        let waited = since.elapsed();
        assert!(outcome.code.is_some_and(|code| code != 0), "{}", outcome.report());
        assert!(outcome.stderr.contains("could not be reached for"), "{}", outcome.report());
        assert!(outcome.stderr.contains("a: ") && outcome.stderr.contains("b: "), "{}", outcome.report());
        let limits = Duration::from_millis(1900)..Duration::from_secs(15);
        assert!(limits.contains(&waited), "ended after {waited:?}: {}", outcome.report());
    });
}
