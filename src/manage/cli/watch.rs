//! `vmi watch`: what happens in a job, as lines: events of all ranks in the order of their time, and rates.

use super::Fail;
use super::table::bytes;
use super::team::Team;
use crate::core::manage::quote;
use crate::manage::json::Json;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// Bytes a rank has sent and received over a network.
type Traffic = BTreeMap<(u32, String), (u64, u64)>;

pub fn watch(team: &mut Team, interval: Duration, count: Option<u64>, json: bool) -> Result<(), Fail> {
    let ranks: Vec<u32> = (0..team.size()).collect();
    let mut seen: Vec<u64> = Vec::new();
    for answer in ask(team, &ranks, |_| format!("events {}", u64::MAX)) {
        seen.push(answer?.get("last").integer().unwrap_or(0));
    }
    let (mut before, mut then) = (traffic(team, &ranks)?, Instant::now());
    match json {
        true => println!("{{\"kind\":\"begin\",\"ranks\":{}}}", ranks.len()),
        false => println!("watching {} ranks", ranks.len()),
    }
    for _ in 0..count.unwrap_or(u64::MAX) {
        std::thread::sleep(interval);
        let events = ask(team, &ranks, |rank| format!("events {}", seen[rank as usize]));
        if events.iter().all(Result::is_err) {
            println!("{}", if json { "{\"kind\":\"end\"}" } else { "the job has ended" });
            return Ok(());
        }
        let mut lines = Vec::new();
        for (rank, answer) in ranks.iter().zip(events) {
            let Ok(answer) = answer else { continue };
            seen[*rank as usize] = answer.get("last").integer().unwrap_or(0);
            lines.extend(
                answer.get("events").list().iter().map(|e| (e.get("time_ms").integer(), *rank, e.clone())),
            );
        }
        lines.sort_by_key(|(time, rank, _)| (*time, *rank));
        lines.iter().for_each(|(_, rank, event)| tell(*rank, event, json));
        let Ok(now) = traffic(team, &ranks) else { continue };
        rates(&before, &now, then.elapsed(), json);
        (before, then) = (now, Instant::now());
        // Somebody may read our lines from a pipe.
        if std::io::stdout().flush().is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn ask(team: &mut Team, ranks: &[u32], request: impl Fn(u32) -> String) -> Vec<Result<Json, String>> {
    let requests: Vec<(u32, String)> = ranks.iter().map(|rank| (*rank, request(*rank))).collect();
    team.ask_all(&requests)
}

fn tell(rank: u32, event: &Json, json: bool) {
    let (kind, text) = (event.get("kind").text(), event.get("text").text());
    let time = event.get("time_ms").integer().unwrap_or(0);
    let peer = event.get("peer");
    if json {
        println!(
            "{{\"time_ms\":{time},\"rank\":{rank},\"peer\":{peer},\"kind\":{},\"text\":{}}}",
            quote(kind),
            quote(text)
        );
        return;
    }
    let peer = peer.integer().map_or_else(String::new, |p| format!(" peer {p}"));
    println!("{} {kind:<7} rank {rank}{peer}: {text}", clock(time));
}

/// Time of day (UTC) of milliseconds since 1970.
fn clock(time: u64) -> String {
    let (seconds, ms) = (time / 1000 % 86400, time % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn traffic(team: &mut Team, ranks: &[u32]) -> Result<Traffic, Fail> {
    let mut all = Traffic::new();
    for (rank, answer) in ranks.iter().zip(ask(team, ranks, |_| "status".into())) {
        let Ok(status) = answer else { continue };
        for connection in status.get("connections").list() {
            for path in connection.get("xfer").get("networks").list() {
                let count = |key: &str| path.get(key).integer().unwrap_or(0);
                let sums = all.entry((*rank, path.get("name").text().to_string())).or_default();
                sums.0 += count("bytes_out");
                sums.1 += count("bytes_in");
            }
        }
    }
    Ok(all)
}

/// One line for each rank and network that has carried something.
fn rates(before: &Traffic, now: &Traffic, time: Duration, json: bool) {
    let seconds = time.as_secs_f64().max(1e-3);
    for ((rank, network), (sent, received)) in now {
        let (old_sent, old_received) = before.get(&(*rank, network.clone())).copied().unwrap_or_default();
        let rate = |new: u64, old: u64| (new.saturating_sub(old) as f64 / seconds) as u64;
        let (out, inward) = (rate(*sent, old_sent), rate(*received, old_received));
        if out == 0 && inward == 0 {
            continue;
        }
        if json {
            let name = quote(network);
            println!(
                "{{\"kind\":\"rate\",\"rank\":{rank},\"network\":{name},\"sent_per_second\":{out},\"received_per_second\":{inward}}}"
            );
        } else {
            println!("rate    rank {rank} network {network}: {}/s out, {}/s in", bytes(out), bytes(inward));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_readable() {
        assert_eq!(clock(86_400_000 * 3 + 3_723_004), "01:02:03.004Z");
    }
}
