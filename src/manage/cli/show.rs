//! `vmi jobs`, `vmi status`, `vmi devices`: tables of what the processes tell.

use super::find::{self, Job};
use super::table::{Table, bytes, nanoseconds};
use super::{Fail, ranges, team::Team};
use crate::core::manage::quote;
use crate::devices::filters;
use crate::manage::json::Json;

pub fn jobs(jobs: &[Job], json: bool) {
    if json {
        jobs.iter().for_each(|job| println!("{}", job_json(job)));
        return;
    }
    if jobs.is_empty() {
        println!("no job of yours runs on this node");
        return;
    }
    let mut table = Table::new(&["JOB", "RANKS HERE", "OF", "PID", "UID", "PROGRAM"]);
    for job in jobs {
        let size = Team::open(job.clone()).map_or_else(|_| "?".into(), |team| team.size().to_string());
        let ranks: Vec<u32> = job.members.iter().map(|m| m.rank).collect();
        let pid = job.members.first().map_or(0, |m| m.pid);
        let cells = [job.name.clone(), ranges::write(&ranks), size, pid.to_string(), job.uid.to_string()];
        table.row(cells.into_iter().chain([find::program(pid)]).collect());
    }
    print!("{}", table.text(""));
}

fn job_json(job: &Job) -> String {
    let size = Team::open(job.clone()).map_or_else(|_| "null".into(), |team| team.size().to_string());
    let members: Vec<String> = job
        .members
        .iter()
        .map(|m| {
            format!("{{\"rank\":{},\"pid\":{},\"program\":{}}}", m.rank, m.pid, quote(&find::program(m.pid)))
        })
        .collect();
    let (name, uid) = (quote(&job.name), job.uid);
    format!("{{\"job\":{name},\"uid\":{uid},\"size\":{size},\"processes\":[{}]}}", members.join(","))
}

/// The status of ranks, in order.
fn statuses(team: &mut Team, ranks: &[u32]) -> Result<Vec<Json>, Fail> {
    let requests: Vec<(u32, String)> = ranks.iter().map(|r| (*r, "status".to_string())).collect();
    Ok(team.ask_all(&requests).into_iter().collect::<Result<_, _>>()?)
}

fn all_or(team: &Team, ranks: Option<&str>) -> Result<Vec<u32>, Fail> {
    let size = team.size();
    ranks.map_or_else(|| Ok((0..size).collect()), |text| ranges::parse(text, size)).map_err(Fail::Usage)
}

pub fn status(team: &mut Team, rank: Option<&str>, json: bool) -> Result<(), Fail> {
    let ranks = all_or(team, rank)?;
    let all = statuses(team, &ranks)?;
    if !json {
        println!("job {}: {} ranks, {} on this node", team.job.name, team.size(), team.job.members.len());
    }
    for (rank, status) in ranks.iter().zip(&all) {
        let host = &team.hosts[*rank as usize];
        let pid = team.pid(*rank);
        if json {
            let pid = pid.map_or_else(|| "null".into(), |p| p.to_string());
            let Json::Object(members) = status else { continue };
            let rest =
                Json::Object(members.iter().filter(|(key, _)| key != "ok").cloned().collect()).to_string();
            let job = quote(&team.job.name);
            println!("{{\"job\":{job},\"host\":{},\"pid\":{pid},{}", quote(host), &rest[1..]);
            continue;
        }
        let place = pid.map_or_else(|| format!("host {host}"), |p| format!("host {host}, process {p}"));
        println!("\nrank {rank} ({place}); networks: {}", networks(status));
        print!("{}", connections(status).text("  "));
        print_reports(status, *rank, rank_is_chosen(&all));
    }
    Ok(())
}

/// Full reports are for a look at few ranks.
fn rank_is_chosen(all: &[Json]) -> bool {
    all.len() == 1
}

fn networks(status: &Json) -> String {
    let of = |network: &Json| {
        let (name, device) = (network.get("name").text(), network.get("device").text());
        let driver = if name == device { String::new() } else { format!(" ({device})") };
        let state = network.get("state").text();
        let rdma = network.get("rdma");
        let moved: u64 = ["puts", "gets"].iter().filter_map(|key| rdma.get(key).integer()).sum();
        let rdma = if moved > 0 { format!(" ({moved} by remote memory)") } else { String::new() };
        let bounced = match network.get("bounced").integer() {
            Some(frames @ 1..) => format!(" ({frames} frames through bounce buffers)"),
            _ => String::new(),
        };
        format!("{name}{driver} {state}{rdma}{bounced}")
    };
    let list: Vec<String> = status.get("networks").list().iter().map(of).collect();
    if list.is_empty() { "none".into() } else { list.join(", ") }
}

/// One row for each connection; neighbouring ones that say the same share a row.
fn connections(status: &Json) -> Table {
    let mut table = Table::new(&["PEER", "WAY", "EPOCH", "DEVICES", "LINKS", "SENT", "RECEIVED", "UNACKED"]);
    let mut rows: Vec<(Vec<u32>, Vec<String>)> = Vec::new();
    for connection in status.get("connections").list() {
        let peer = connection.get("peer").integer().unwrap_or(0) as u32;
        let cells = connection_cells(connection);
        match rows.last_mut() {
            Some((peers, last)) if *last == cells => peers.push(peer),
            _ => rows.push((vec![peer], cells)),
        }
    }
    for (peers, cells) in rows {
        table.row([ranges::write(&peers)].into_iter().chain(cells).collect());
    }
    table
}

fn connection_cells(connection: &Json) -> Vec<String> {
    let way = connection.get("route").text().to_string();
    if connection.get("xfer").is_null() {
        return vec![way];
    }
    let number = |value: &Json| value.integer().unwrap_or(0);
    let (send, receive) = (number(connection.get("send_epoch")), number(connection.get("receive_epoch")));
    let epoch = if send == receive { send.to_string() } else { format!("{send}/{receive}") };
    let xfer = connection.get("xfer");
    let paths = xfer.get("networks").list();
    let sum = |key: &str| bytes(paths.iter().map(|p| number(p.get(key))).sum());
    let links: Vec<String> =
        paths.iter().map(|p| format!("{}:{}", p.get("name").text(), p.get("state").text())).collect();
    vec![
        way,
        epoch,
        devices_of(connection),
        links.join(" "),
        sum("bytes_out"),
        sum("bytes_in"),
        bytes(number(xfer.get("retained_bytes"))),
    ]
}

/// Names of the devices of a connection, those of both directions once.
fn devices_of(connection: &Json) -> String {
    let names = |key: &str| -> Vec<String> {
        connection.get(key).list().iter().map(|d| d.get("name").text().to_string()).collect()
    };
    let (send, mut receive) = (names("send"), names("receive"));
    receive.reverse();
    match (send.is_empty(), send == receive) {
        (true, true) => "-".into(),
        (_, true) => send.join(" "),
        _ => format!("out[{}] in[{}]", send.join(" "), receive.join(" ")),
    }
}

fn print_reports(status: &Json, rank: u32, full: bool) {
    for connection in status.get("connections").list() {
        let peer = connection.get("peer").integer().unwrap_or(0);
        for (key, way) in [("send", format!("{rank} to {peer}")), ("receive", format!("{peer} to {rank}"))] {
            for device in connection.get(key).list().iter().filter(|d| !d.get("report").is_null()) {
                let (name, report) = (device.get("name").text(), device.get("report"));
                println!("  {name} {way}: {}", summary(report));
                if full {
                    print_classes(report);
                }
            }
        }
    }
}

/// The plain members of a report in one line.
fn summary(report: &Json) -> String {
    let Json::Object(members) = report else { return report.to_string() };
    let plain = members.iter().filter(|(key, value)| {
        !matches!(value, Json::List(_) | Json::Object(_))
            && !["half", "sender", "receiver", "epoch"].contains(&key.as_str())
    });
    let words: Vec<String> = plain
        .map(|(key, value)| match value {
            Json::Text(text) => format!("{key}={text}"),
            other => format!("{key}={other}"),
        })
        .collect();
    words.join(" ")
}

/// A profile: one row per class of messages, then its histograms.
fn print_classes(report: &Json) {
    let classes = report.get("classes").list();
    if classes.is_empty() {
        return;
    }
    let mut table = Table::new(&["CLASS", "MESSAGES", "BYTES", "TIME", "MEAN", "P50", "P99", "MAX"]);
    for class in classes {
        let (what, times) = times_of(class);
        let ns = |key: &str| times.get(key).number().map_or_else(String::new, nanoseconds);
        let count = |key: &str| class.get(key).integer().unwrap_or(0);
        let (name, messages) = (class.get("class").text().to_string(), count("messages").to_string());
        let cells =
            [name, messages, bytes(count("bytes")), what.into(), ns("mean"), ns("p50"), ns("p99"), ns("max")];
        table.row(cells.to_vec());
    }
    print!("{}", table.text("    "));
    for class in classes {
        let (what, times) = times_of(class);
        let name = class.get("class").text();
        print_histogram(&format!("{name}, size"), class.get("sizes"), &|from| bytes(from as u64));
        print_histogram(&format!("{name}, {what}"), times.get("histogram"), &nanoseconds);
    }
}

fn times_of(class: &Json) -> (&'static str, &Json) {
    match class.get("latency_ns") {
        Json::Null => ("interval", class.get("interval_ns")),
        latency => ("latency", latency),
    }
}

/// Bars for pairs of lower bound and count.
fn print_histogram(title: &str, rows: &Json, bound: &dyn Fn(f64) -> String) {
    const WIDTH: f64 = 40.0;
    let rows: Vec<(f64, f64)> = rows
        .list()
        .iter()
        .filter_map(|row| Some((row.list().first()?.number()?, row.list().get(1)?.number()?)))
        .collect();
    let most = rows.iter().map(|(_, n)| *n).fold(0.0, f64::max);
    if most == 0.0 {
        return;
    }
    println!("    {title}:");
    for (from, count) in rows {
        let bar = "#".repeat((count / most * WIDTH).ceil() as usize);
        println!("      from {:>8}  {count:>9}  {bar}", bound(from));
    }
}

pub fn devices(team: &mut Team, json: bool) -> Result<(), Fail> {
    let ranks = all_or(team, None)?;
    let all = statuses(team, &ranks)?;
    let mut table = Table::new(&["DEVICE", "RANK", "PEERS"]);
    let mut rows = 0;
    for (rank, status) in ranks.iter().zip(&all) {
        for (names, peers) in attached(status) {
            rows += 1;
            if json {
                let peers: Vec<String> = peers.iter().map(|p| p.to_string()).collect();
                println!("{{\"rank\":{rank},\"devices\":{},\"peers\":[{}]}}", quote(&names), peers.join(","));
            }
            table.row(vec![names, rank.to_string(), ranges::write(&peers)]);
        }
    }
    match (json, rows) {
        (true, _) => {}
        (_, 0) => println!("no device is attached to job {}", team.job.name),
        _ => print!("{}", table.text("")),
    }
    Ok(())
}

/// Lists of devices, and the peers on whose connections they are.
fn attached(status: &Json) -> Vec<(String, Vec<u32>)> {
    let mut found: Vec<(String, Vec<u32>)> = Vec::new();
    for connection in status.get("connections").list() {
        let names = devices_of(connection);
        if names == "-" {
            continue;
        }
        let peer = connection.get("peer").integer().unwrap_or(0) as u32;
        match found.iter_mut().find(|(n, _)| *n == names) {
            Some((_, peers)) => peers.push(peer),
            None => found.push((names, vec![peer])),
        }
    }
    found
}

/// The built-in filters.
pub fn filters(json: bool) {
    for entry in filters::list() {
        if json {
            let options: Vec<String> = entry
                .options
                .iter()
                .map(|(name, what)| format!("{{\"name\":{},\"what\":{}}}", quote(name), quote(what)))
                .collect();
            let (name, what) = (quote(entry.name), quote(entry.what));
            println!("{{\"name\":{name},\"what\":{what},\"options\":[{}]}}", options.join(","));
            continue;
        }
        println!("{:<10} {}", entry.name, entry.what);
        for (option, what) in entry.options {
            println!("    {:<12} {what}", format!("{option}="));
        }
    }
    if !json {
        println!("{:<10} a device to load: vmi attach /path/of/device.so KEY=VALUE…", "/path");
    }
}
