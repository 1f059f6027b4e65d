//! `vmi network`: a network of the job up or down, on all ranks; a refusal takes it back where it was done.

use super::{Fail, ranges, team::Team};
use crate::core::manage::quote;
use crate::manage::json::Json;
use std::time::{Duration, Instant};

/// How long links that are being made, and frames under way, are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

pub fn switch(
    team: &mut Team,
    name: &str,
    up: bool,
    ranks: Option<&str>,
    force: bool,
    json: bool,
) -> Result<(), Fail> {
    let start = Instant::now();
    let size = team.size();
    let ranks = ranks.map_or_else(|| Ok((0..size).collect()), |text| ranges::parse(text, size));
    let ranks = ranks.map_err(Fail::Usage)?;
    let request = match (up, force) {
        (true, _) => format!("network {name} up"),
        (false, false) => format!("network {name} down"),
        (false, true) => format!("network {name} down force"),
    };
    let mut failures = ask(team, &ranks, &request);
    if !failures.is_empty() {
        let done: Vec<u32> =
            ranks.iter().copied().filter(|r| !failures.iter().any(|(f, _)| f == r)).collect();
        let back = if up { format!("network {name} down") } else { format!("network {name} up") };
        let stuck = ask(team, &done, &back);
        let end = if stuck.is_empty() {
            "nothing has changed"
        } else {
            "and it could not be taken back everywhere"
        };
        let more = if failures.len() > 1 {
            format!(" (and {} more ranks)", failures.len() - 1)
        } else {
            String::new()
        };
        let (rank, why) = failures.remove(0);
        return Err(Fail::Refused(format!("rank {rank}{more}: {why}; {end}")));
    }
    let settled = settle(team, &ranks, name, up)?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let state = if up { "up" } else { "down" };
    let job = &team.job.name;
    if json {
        let name = quote(name);
        println!(
            "{{\"ok\":true,\"job\":\"{job}\",\"network\":{name},\"up\":{up},\"settled\":{settled},\"ranks\":{},\"milliseconds\":{milliseconds:.3}}}",
            ranks.len()
        );
        return Ok(());
    }
    println!("network {name} of job {job} is {state} on {} ranks, {milliseconds:.1} ms", ranks.len());
    if !settled {
        let what = if up { "not every link is up yet" } else { "messages are still under way on it" };
        println!("{what} (see vmi status)");
    }
    Ok(())
}

/// Asks all ranks; returns who refused, and why.
fn ask(team: &mut Team, ranks: &[u32], request: &str) -> Vec<(u32, String)> {
    let requests: Vec<(u32, String)> = ranks.iter().map(|rank| (*rank, request.to_string())).collect();
    let answers = team.ask_all(&requests);
    ranks.iter().zip(answers).filter_map(|(rank, answer)| answer.err().map(|why| (*rank, why))).collect()
}

/// Waits until every link over the network is up, or nothing is under way over it.
fn settle(team: &mut Team, ranks: &[u32], name: &str, up: bool) -> Result<bool, Fail> {
    let end = Instant::now() + PATIENCE;
    let requests: Vec<(u32, String)> = ranks.iter().map(|rank| (*rank, "status".to_string())).collect();
    loop {
        team.tend()?;
        let mut settled = true;
        for (rank, answer) in ranks.iter().zip(team.ask_all(&requests)) {
            let status = answer?;
            settled &= if up { are_up(&status, *rank, ranks, name) } else { is_drained(&status, name) };
        }
        if settled || Instant::now() >= end {
            return Ok(settled);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Every connection of `rank` to one of `ranks` has a link over the network that is up.
fn are_up(status: &Json, rank: u32, ranks: &[u32], name: &str) -> bool {
    let network = status.get("networks").list().iter().find(|n| n.get("name").text() == name);
    let near = network.is_some_and(|n| n.get("device").text() == "shm");
    status.get("connections").list().iter().all(|connection| {
        let peer = connection.get("peer").integer().unwrap_or(0) as u32;
        let direct = connection.get("xfer").is_null();
        if peer == rank
            || ranks.binary_search(&peer).is_err()
            || (near && (direct || !connection.get("local").is_true()))
        {
            return true;
        }
        let links = connection.get("links").list();
        let mut ours = links.iter().filter(|l| l.get("network").text() == name);
        ours.any(|link| matches!(link.get("state").text(), "up" | "finished"))
    })
}

/// Nothing is under way over the network.
fn is_drained(status: &Json, name: &str) -> bool {
    status.get("connections").list().iter().all(|connection| {
        let paths = connection.get("xfer").get("networks").list();
        let mut ours = paths.iter().filter(|p| p.get("name").text() == name);
        ours.all(|path| path.get("in_flight_bytes").integer().unwrap_or(0) == 0)
    })
}
