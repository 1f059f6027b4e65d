//! `vmi attach` and `vmi detach`: one operation per rank, waited for; a refusal anywhere takes everything back.
//!
//! A change of a connection concerns both directions and is asked of one of its ends: the lower rank, if both ends
//! are chosen.

use super::options::Change;
use super::{Fail, ranges, team::Team};
use crate::core::filter::Spec;
use crate::core::manage::{Peers, quote};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two looks at how the operations go.
const PAUSE: Duration = Duration::from_millis(1);

/// What has become of an operation on all ranks.
#[derive(Default)]
struct Outcome {
    /// Connections that have changed, by the rank that was asked.
    done: BTreeMap<u32, Vec<u32>>,
    failures: Vec<String>,
    /// Ranks whose operation is not finished.
    open: Vec<u32>,
    took: Duration,
}

impl Outcome {
    fn connections(&self) -> usize {
        self.done.values().map(Vec::len).sum()
    }
}

/// The connections to change: for each rank that is asked, its peers.
fn connections(team: &Team, ranks: Option<&str>, peers: &str) -> Result<BTreeMap<u32, Vec<u32>>, String> {
    let size = team.size();
    let all: Vec<u32> = (0..size).collect();
    let ranks = ranks.map_or(Ok(all.clone()), |text| ranges::parse(text, size))?;
    let listed = match Peers::parse(peers)? {
        Peers::Listed(_) => ranges::parse(peers, size)?,
        _ => Vec::new(),
    };
    let near = |a: u32, b: u32| team.hosts[a as usize] == team.hosts[b as usize];
    let chosen = |rank: u32, peer: u32| {
        rank != peer
            && match peers {
                "all" => true,
                "local" => near(rank, peer),
                "remote" => !near(rank, peer),
                _ => listed.binary_search(&peer).is_ok(),
            }
    };
    let asked_there =
        |rank: u32, peer: u32| peer < rank && ranks.binary_search(&peer).is_ok() && chosen(peer, rank);
    let mut connections = BTreeMap::new();
    for rank in &ranks {
        let peers = all.iter().copied().filter(|p| chosen(*rank, *p) && !asked_there(*rank, *p));
        let peers: Vec<u32> = peers.collect();
        if !peers.is_empty() {
            connections.insert(*rank, peers);
        }
    }
    Ok(connections)
}

/// Begins a change and waits until it is done everywhere.
fn perform(
    team: &mut Team,
    connections: &BTreeMap<u32, Vec<u32>>,
    request: &str,
    limit: Duration,
) -> Result<Outcome, String> {
    let start = Instant::now();
    let (verb, device) = request.split_once(' ').unwrap_or((request, ""));
    let requests: Vec<(u32, String)> = connections
        .iter()
        .map(|(rank, peers)| (*rank, format!("{verb} {} {device}", ranges::write(peers))))
        .collect();
    let mut outcome = Outcome::default();
    let mut open: Vec<(u32, u64)> = Vec::new();
    for ((rank, _), answer) in requests.iter().zip(team.ask_all(&requests)) {
        match answer {
            Ok(json) => open.push((*rank, json.get("operation").integer().unwrap_or(0))),
            Err(why) => outcome.failures.push(format!("rank {rank}: {why}")),
        }
    }
    while !open.is_empty() && start.elapsed() < limit {
        team.tend()?;
        open = look(team, &open, &mut outcome);
        if !open.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
    outcome.took = start.elapsed();
    outcome.open = open.into_iter().map(|(rank, _)| rank).collect();
    Ok(outcome)
}

/// Asks how the operations go; returns those that are not finished.
fn look(team: &mut Team, open: &[(u32, u64)], outcome: &mut Outcome) -> Vec<(u32, u64)> {
    let questions: Vec<(u32, String)> =
        open.iter().map(|(rank, id)| (*rank, format!("operation {id}"))).collect();
    let mut left = Vec::new();
    for ((rank, id), answer) in open.iter().zip(team.ask_all(&questions)) {
        let json = match answer {
            Ok(json) if json.get("open").integer() != Some(0) => {
                left.push((*rank, *id));
                continue;
            }
            Ok(json) => json,
            Err(why) => {
                outcome.failures.push(why);
                continue;
            }
        };
        let done = json.get("done").list().iter().filter_map(|n| n.integer()).map(|n| n as u32);
        outcome.done.insert(*rank, done.collect());
        let told = json.get("failures").list().iter();
        outcome.failures.extend(told.map(|f| format!("rank {rank}: {}", f.get("why").text())));
    }
    left
}

pub fn attach(team: &mut Team, change: &Change, json: bool) -> Result<(), Fail> {
    let mut spec = Spec { name: change.device.clone(), options: change.options.clone() };
    if spec.name.contains('/')
        && let Ok(path) = std::fs::canonicalize(&spec.name)
    {
        // The processes have working directories of their own.
        spec.name = path.to_string_lossy().into_owned();
    }
    let chosen = some_connections(team, change)?;
    let outcome = perform(team, &chosen, &format!("attach {spec}"), change.limit)?;
    if outcome.failures.is_empty() && outcome.open.is_empty() {
        report(team, "attached", &spec.to_string(), &outcome, json);
        return Ok(());
    }
    let mut why = reasons(&outcome, change.limit);
    let mut back = outcome.done.clone();
    outcome.open.iter().for_each(|rank| drop(back.insert(*rank, chosen[rank].clone())));
    back.retain(|_, peers| !peers.is_empty());
    let undone = perform(team, &back, &format!("detach {}", spec.name), change.limit)?;
    if undone.failures.is_empty() && undone.open.is_empty() {
        why += "; nothing has changed";
    } else {
        why += &format!("; taking it back failed as well: {}", reasons(&undone, change.limit));
    }
    Err(Fail::Refused(format!("{} is not attached: {why}", spec.name)))
}

pub fn detach(team: &mut Team, change: &Change, json: bool) -> Result<(), Fail> {
    let chosen = some_connections(team, change)?;
    let outcome = perform(team, &chosen, &format!("detach {}", change.device), change.limit)?;
    if !outcome.failures.is_empty() || !outcome.open.is_empty() {
        let why = reasons(&outcome, change.limit);
        return Err(Fail::Refused(format!("{} is not detached everywhere: {why}", change.device)));
    }
    if outcome.connections() == 0 && change.device != "all" {
        let text = format!("{} is attached to none of these connections (see vmi devices)", change.device);
        return Err(Fail::Refused(text));
    }
    report(team, "detached", &change.device, &outcome, json);
    Ok(())
}

fn some_connections(team: &Team, change: &Change) -> Result<BTreeMap<u32, Vec<u32>>, Fail> {
    let chosen = connections(team, change.ranks.as_deref(), &change.peers).map_err(Fail::Usage)?;
    if chosen.is_empty() {
        let size = team.size();
        let text = format!("job {} of {size} ranks has no such connection", team.job.name);
        return Err(Fail::Refused(text));
    }
    Ok(chosen)
}

/// Sentences, each once.
fn reasons(outcome: &Outcome, limit: Duration) -> String {
    let mut all: Vec<String> = Vec::new();
    for failure in &outcome.failures {
        if !all.contains(failure) {
            all.push(failure.clone());
        }
    }
    if !outcome.open.is_empty() {
        let ranks = ranges::write(&outcome.open);
        all.push(format!("not finished on rank {ranks} after {} s (--timeout)", limit.as_secs_f64()));
    }
    let more = all.len().saturating_sub(4);
    all.truncate(4);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    all.join("; ") + &more
}

fn report(team: &Team, verb: &str, device: &str, outcome: &Outcome, json: bool) {
    let (count, job) = (outcome.connections(), &team.job.name);
    let milliseconds = outcome.took.as_secs_f64() * 1e3;
    if json {
        let device = quote(device);
        println!(
            "{{\"ok\":true,\"job\":\"{job}\",\"{verb}\":{device},\"connections\":{count},\"milliseconds\":{milliseconds:.3}}}"
        );
    } else {
        let plural = if count == 1 { "" } else { "s" };
        println!("{verb} {device}: {count} connection{plural} of job {job}, {milliseconds:.1} ms");
    }
}
