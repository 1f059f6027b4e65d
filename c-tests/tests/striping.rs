//! Two rate-limited networks together: as fast as their sum where both help, never slower than the better one.
//!
//! The limits are low enough for this machine to reach them; the ratios are taken within one run.

use std::process::Command;
use std::time::Duration;
use vmi_c_tests::hosts::Hosts;

/// Limits what leaves over a cable, on both hosts.
fn limit(hosts: &Hosts, cable: char, mbit: u32) {
    for host in &hosts.names {
        let rate = format!("{mbit}mbit");
        let dev = format!("{cable}0");
        let words = [
            "-n", host, "qdisc", "replace", "dev", &dev, "root", "tbf", "rate", &rate, "burst", "128kb",
            "latency", "20ms",
        ];
        assert!(
            Command::new("tc").args(words).output().is_ok_and(|o| o.status.success()),
            "tc cannot limit {dev}"
        );
    }
}

/// MB/s of a verified stream over the networks of `config`.
fn rate(hosts: &Hosts, config: &str, message: &str, seconds: &str) -> f64 {
    let config = format!("VMI_CONFIG=network/{config}");
    let outcome = hosts.run(1, "network/stream", &[&config], &[seconds, message], Duration::from_secs(60));
    assert!(outcome.code == Some(0), "{}", outcome.report());
    let first = outcome.stdout.split_whitespace().next().and_then(|w| w.parse().ok());
    first.unwrap_or_else(|| panic!("no rate in {}", outcome.report()))
}

fn compare(hosts: &Hosts, a: u32, b: u32, message: &str, share: f64, seconds: &str) {
    limit(hosts, 'a', a);
    limit(hosts, 'b', b);
    let (only_a, only_b) =
        (rate(hosts, "only_a.conf", message, seconds), rate(hosts, "only_b.conf", message, seconds));
    let both = rate(hosts, "two.conf", message, seconds);
    let (sum, best) = (only_a + only_b, only_a.max(only_b));
    println!(
        "{a} and {b} Mbit/s, messages of {message} bytes: alone {only_a:.1} and {only_b:.1}, both {both:.1} MB/s: {:.2} × sum, {:.2} × best",
        both / sum,
        both / best
    );
    assert!(both >= share * sum, "{both:.1} MB/s, expected {share} × {sum:.1}");
    assert!(both >= 0.95 * best, "{both:.1} MB/s, expected 0.95 × {best:.1}");
}

/// One test, so that no two measure at the same time.
#[test]
fn networks_add_up_and_a_slow_one_does_no_harm() {
    let Some(hosts) = Hosts::with_two_networks(21) else { return };
    compare(&hosts, 400, 400, "1048576", 0.9, "3");
    compare(&hosts, 400, 100, "1048576", 0.9, "3");
    compare(&hosts, 400, 100, "65536", 0.9, "3");
    // The first frames find out how slow it is, which costs up to half a second once (and more
    // where its queue is short and tcp meets it for the first time).
    compare(&hosts, 400, 4, "1048576", 0.0, "20");
    compare(&hosts, 400, 4, "4096", 0.0, "20");
}
