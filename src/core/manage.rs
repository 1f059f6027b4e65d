//! What an operator may ask of a running process: the requests of the control socket, one line of text each, and
//! their answers, one JSON object each.
//!
//! ```text
//!   status                               networks, connections, devices, counts
//!   attach PEERS device [key=value …]    puts a device on connections, in both directions
//!   detach PEERS device|all
//!   network NAME up|down                 opens it, or lets traffic use it again; drains it and moves to the others
//!   operation NUMBER                     how an attach or detach goes
//!   ranks                                the host of every rank
//!   events NUMBER                        what has happened after the event of this number, and the last one's number
//!   relay RANK request                   asks another process of the job
//!   reply NUMBER                         that process's answer, when it is there
//! ```
//! PEERS is `all`, `local`, `remote`, or numbers: `0,4-7`. An attach or detach answers with the number of an
//! operation at once; it is done when every connection concerned has changed. A network whose loss would leave a peer
//! without a way to it goes down only by force: `network NAME down force`.

use super::Core;
use super::alert::Event;
use super::connection::Route;
use super::epoch::{Change, control};
use super::filter::Spec;
use super::live::connection::Wanted;
use super::network::Link;
use super::rdma::Counts;
use super::sinks::SHM;
use std::fmt::Write;

/// Which connections of a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peers {
    All,
    Local,
    Remote,
    Listed(Vec<(u32, u32)>),
}

impl Peers {
    /// Reads `all`, `local`, `remote` or `0,4-7`.
    pub fn parse(text: &str) -> Result<Peers, String> {
        match text {
            "all" => return Ok(Peers::All),
            "local" => return Ok(Peers::Local),
            "remote" => return Ok(Peers::Remote),
            _ => {}
        }
        let bad = || format!("'{text}' names no peers, expected all, local, remote or ranks such as 0,4-7");
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some((first, last))
        };
        text.split(',').map(|part| range(part).ok_or_else(bad)).collect::<Result<_, _>>().map(Peers::Listed)
    }

    fn has(&self, peer: u32, local: bool) -> bool {
        match self {
            Peers::All => true,
            Peers::Local => local,
            Peers::Remote => !local,
            Peers::Listed(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&peer)),
        }
    }
}

impl Core {
    /// Does what one line asks; the answer is a JSON object with `"ok"` true or false.
    pub fn command(&mut self, line: &str) -> String {
        match self.obey(line) {
            Ok(answer) => answer,
            Err(why) => format!("{{\"ok\":false,\"error\":{}}}", quote(&why)),
        }
    }

    fn obey(&mut self, line: &str) -> Result<String, String> {
        let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match verb {
            "status" => Ok(self.status()),
            "ranks" => Ok(self.ranks()),
            "events" => self.events(number_of(rest, "an event")?),
            "relay" => self.relay(rest),
            "reply" => self.take_reply(number_of(rest, "a request")?),
            "attach" | "detach" => {
                let (peers, device) =
                    rest.split_once(' ').ok_or_else(|| format!("{verb} without a device: {line}"))?;
                let peers = Peers::parse(peers)?;
                let change = match verb {
                    "attach" => Change::Attach(Spec::parse(device)?),
                    _ => Change::Detach(device.trim().to_string()),
                };
                let id = self.change(&peers, &change)?;
                Ok(format!("{{\"ok\":true,\"operation\":{id}}}"))
            }
            "network" => match rest.split_once(' ') {
                Some((name, "up")) => self.network_up(name),
                Some((name, "down")) => self.network_down(name, false),
                Some((name, "down force")) => self.network_down(name, true),
                _ => Err(format!("'{line}': expected network NAME up or down")),
            },
            "operation" => self.operation(number_of(rest, "an operation")?),
            other => Err(format!(
                "'{other}' is no request, expected status, attach, detach, network, operation, ranks, events, relay or reply"
            )),
        }
    }

    /// Begins a change of the connections to `peers`, both directions.
    pub fn change(&mut self, peers: &Peers, change: &Change) -> Result<u64, String> {
        let size = self.routes.len() as u32;
        let chosen: Vec<u32> = (0..size)
            .filter(|&p| p != self.me && peers.has(p, self.sinks.is_local(p)))
            .filter(|&p| match change {
                Change::Attach(_) => true,
                Change::Detach(name) => self.has_device(p, name),
            })
            .collect();
        if chosen.is_empty() && matches!(change, Change::Attach(_)) {
            return Err("there is no such peer".into());
        }
        let id = self.lively.operations.begin(chosen.len() as u32);
        let operation = Some(id);
        for peer in chosen {
            self.make_live(peer);
            let wanted = Wanted { change: change.clone(), mutual: true, follows: None, operation };
            self.lively.make(&mut self.sinks, &mut self.alerts, peer).wanted.push_back(wanted);
            self.lively.advance(&mut self.alerts, peer);
        }
        Ok(id)
    }

    /// The connection has device `name` (`all`: any), or may have when its changes are done.
    fn has_device(&self, peer: u32, name: &str) -> bool {
        self.lively.get(peer).is_some_and(|l| {
            l.out.devices().iter().any(|d| name == "all" || d.spec.name == name)
                || !l.wanted.is_empty()
                || l.proposed.is_some()
        })
    }

    /// Answers the requests that have come from peers.
    #[cold]
    pub(super) fn answer_peers(&mut self) {
        while let Some((peer, number, line)) = self.lively.relays.next_request() {
            let answer = match line.split(' ').next() {
                Some("relay" | "reply") => "{\"ok\":false,\"error\":\"relayed requests end here\"}".into(),
                _ => self.command(&line),
            };
            self.lively.make(&mut self.sinks, &mut self.alerts, peer).reply(number, &answer);
            self.lively.advance(&mut self.alerts, peer);
        }
    }

    fn relay(&mut self, text: &str) -> Result<String, String> {
        let (rank, line) = text.split_once(' ').ok_or("expected relay RANK request")?;
        let peer = rank.parse::<u32>().ok().filter(|r| (*r as usize) < self.routes.len());
        let peer =
            peer.ok_or_else(|| format!("there is no rank {rank}, the job has {}", self.routes.len()))?;
        if peer == self.me {
            return Err(format!("rank {peer} is this process"));
        }
        self.make_live(peer);
        let number = self.lively.ask(peer, line)?;
        self.lively.advance(&mut self.alerts, peer);
        Ok(format!("{{\"ok\":true,\"request\":{number}}}"))
    }

    fn take_reply(&mut self, number: u64) -> Result<String, String> {
        let number = u16::try_from(number).map_err(|_| format!("there is no request {number}"))?;
        Ok(match self.lively.relays.take(number)? {
            None => "{\"ok\":true,\"complete\":false}".into(),
            Some(answer) => format!("{{\"ok\":true,\"complete\":true,\"answer\":{}}}", quote(&answer)),
        })
    }

    fn ranks(&self) -> String {
        let hosts: Vec<String> =
            (0..self.routes.len() as u32).map(|r| quote(&self.opening.host_of(r))).collect();
        format!("{{\"ok\":true,\"rank\":{},\"hosts\":[{}]}}", self.me, hosts.join(","))
    }

    fn events(&mut self, since: u64) -> Result<String, String> {
        self.sinks.raise_alerts(&mut self.alerts);
        let events = self.alerts.events_since(since).map(|e| {
            let peer = e.peer.map_or_else(|| "null".into(), |p| p.to_string());
            let Event { number, at, kind, text, .. } = e;
            let text = quote(text);
            format!(
                "{{\"number\":{number},\"time_ms\":{at},\"kind\":\"{kind}\",\"peer\":{peer},\"text\":{text}}}"
            )
        });
        let events = events.collect::<Vec<_>>().join(",");
        Ok(format!("{{\"ok\":true,\"last\":{},\"events\":[{events}]}}", self.alerts.last_event()))
    }

    fn others(&self) -> impl Iterator<Item = u32> + use<> {
        let me = self.me;
        (0..self.routes.len() as u32).filter(move |p| *p != me)
    }

    /// From now on frames to `peer` take the live way.
    pub(super) fn make_live(&mut self, peer: u32) {
        self.lively.make(&mut self.sinks, &mut self.alerts, peer);
        let before = std::mem::replace(&mut self.routes[peer as usize], Route::Live);
        self.route_changes += 1;
        if let Route::Shm(_) = before {
            // Whatever network live frames take: the first of them lies behind the direct ones, and they wait for it.
            self.lively.mark(&mut self.sinks, peer);
        }
    }

    fn network_up(&mut self, name: &str) -> Result<String, String> {
        let id = match self.sinks.number(name) {
            Some(id) => id,
            None => self.open_network_later(name)?,
        };
        self.lively.down.retain(|d| *d != id);
        let card = self.sinks.network(id).map(|n| n.card());
        for peer in self.others() {
            if let Some(card) = &card {
                self.make_live(peer);
                let text = [name.as_bytes(), b"\n", card].concat();
                self.lively.make(&mut self.sinks, &mut self.alerts, peer).control.push_back((
                    control::CARD,
                    0,
                    text,
                ));
                self.lively.use_card(&mut self.sinks, &mut self.alerts, peer, name);
                self.lively.advance(&mut self.alerts, peer);
            }
            self.lively.enable(&mut self.sinks, &mut self.alerts, peer, id, true);
        }
        self.alerts.note("network", None, format!("an operator takes network {name} up"));
        Ok(format!("{{\"ok\":true,\"network\":{},\"up\":true}}", quote(name)))
    }

    /// Peers with no other network than `id`.
    fn stranded_without(&self, id: u8) -> Vec<u32> {
        let usable = |other: u8| other != id && !self.lively.down.contains(&other);
        let stranded = |peer: u32| match (self.lively.get(peer), self.routes[peer as usize]) {
            (Some(live), _) => {
                !live.links.iter().any(|(other, link)| usable(*other) && *link != Link::Finished)
            }
            (None, Route::Shm(_)) => id == SHM && !self.sinks.numbers().into_iter().any(usable),
            (None, Route::Network(other)) => other == id,
            (None, _) => !self.sinks.numbers().into_iter().any(usable),
        };
        self.others().filter(|peer| stranded(*peer)).collect()
    }

    /// What could be opened yet, as the end of a sentence.
    fn unopened(&self) -> String {
        let names = self.opening.config.far().map(|network| network.name.as_str());
        let unopened: Vec<&str> = names.filter(|name| self.sinks.number(name).is_none()).collect();
        if unopened.is_empty() {
            return String::new();
        }
        format!(" (configured but not in use: {}; take it up first)", unopened.join(", "))
    }

    fn network_down(&mut self, name: &str, force: bool) -> Result<String, String> {
        let id = self.sinks.number(name).ok_or_else(|| format!("network {name} is not in use here"))?;
        for peer in self.others().filter(|p| self.lively.get(*p).is_some()).collect::<Vec<_>>() {
            self.lively.add_far(&mut self.sinks, &mut self.alerts, peer);
        }
        let stranded = self.stranded_without(id);
        if !stranded.is_empty() && !force {
            return Err(format!("nothing else reaches rank {}{}", list(&stranded), self.unopened()));
        }
        for peer in self.others() {
            if id != SHM || self.sinks.is_local(peer) {
                self.make_live(peer);
            }
        }
        if id == SHM
            && let Some(full) = self.others().find(|p| self.lively.get(*p).is_some_and(|l| l.owes_mark()))
        {
            return Err(format!("rank {full} has yet to take what lies in shared memory for it, try again"));
        }
        if !self.lively.down.contains(&id) {
            self.lively.down.push(id);
        }
        for peer in self.others() {
            self.lively.enable(&mut self.sinks, &mut self.alerts, peer, id, false);
        }
        self.alerts.note("network", None, format!("an operator takes network {name} down"));
        let stranded = list(&stranded);
        Ok(format!("{{\"ok\":true,\"network\":{},\"up\":false,\"stranded\":[{stranded}]}}", quote(name)))
    }

    /// How an operation goes: the connections that have not answered yet, and what went wrong on others. None: there
    /// is no such operation (any more).
    pub fn outcome(&self, id: u64) -> Option<(u32, &[(u32, String)])> {
        self.lively.operations.get(id).map(|operation| (operation.open, operation.failures.as_slice()))
    }

    fn operation(&self, id: u64) -> Result<String, String> {
        let operation =
            self.lively.operations.get(id).ok_or_else(|| format!("there is no operation {id}"))?;
        let failures: Vec<String> = (operation.failures.iter())
            .map(|(peer, why)| format!("{{\"peer\":{peer},\"why\":{}}}", quote(why)))
            .collect();
        Ok(format!(
            "{{\"ok\":true,\"open\":{},\"done\":[{}],\"failures\":[{}]}}",
            operation.open,
            list(&operation.done),
            failures.join(",")
        ))
    }

    /// Everything about this process's messaging, as JSON.
    pub fn status(&mut self) -> String {
        let mut out =
            format!("{{\"ok\":true,\"rank\":{},\"size\":{},\"networks\":[", self.me, self.routes.len());
        let near = self.sinks.shm.is_some().then_some(SHM);
        for (at, id) in near.into_iter().chain(self.sinks.numbers()).enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let device = if id == SHM { "shm" } else { self.sinks.device(id) };
            let state = if self.lively.down.contains(&id) { "down" } else { "up" };
            let name = quote(self.sinks.name(id));
            let _ = write!(out, "{comma}{{\"name\":{name},\"device\":\"{device}\",\"state\":\"{state}\"");
            match &self.sinks.shm {
                Some(shm) if id == SHM => {
                    let _ = write!(out, ",\"bounced\":{}", shm.bounced());
                }
                _ => out += &self.remote_memory(id),
            }
            out.push('}');
        }
        out.push_str("],\"connections\":[");
        let mut comma = "";
        let own = (self.lively.get(self.me).is_some()).then_some(self.me);
        for peer in own.into_iter().chain(self.others()) {
            let _ = write!(out, "{comma}{}", self.connection_status(peer));
            comma = ",";
        }
        out.push_str("]}");
        out
    }

    /// What a network's remote memory has carried, or why it has none; and what its device tells.
    fn remote_memory(&mut self, id: u8) -> String {
        let Some(network) = self.sinks.network(id) else { return String::new() };
        let report = network.report();
        let counts = network.rdma().map(|rdma| rdma.counts());
        let rdma = match counts {
            Some(Counts { puts, gets, bytes, failed }) => {
                format!("{{\"puts\":{puts},\"gets\":{gets},\"bytes\":{bytes},\"failed\":{failed}}}")
            }
            None => format!("{{\"why\":{}}}", quote(network.no_rdma())),
        };
        format!(",\"rdma\":{rdma},\"report\":{report}")
    }

    fn connection_status(&self, peer: u32) -> String {
        let route = match self.routes[peer as usize] {
            Route::Loopback => "loopback".to_string(),
            Route::Shm(_) => self.sinks.name(SHM).to_string(),
            Route::Network(id) => self.sinks.name(id).to_string(),
            Route::Live => "live".to_string(),
        };
        let local = peer == self.me || self.sinks.is_local(peer);
        let Some(live) = self.lively.get(peer) else {
            return format!("{{\"peer\":{peer},\"local\":{local},\"route\":{}}}", quote(&route));
        };
        let reports = |reports: Vec<(String, String)>| -> String {
            let all = reports
                .iter()
                .map(|(name, report)| format!("{{\"name\":{},\"report\":{report}}}", quote(name)));
            all.collect::<Vec<_>>().join(",")
        };
        let links: Vec<String> = live.links.iter().map(|(id, link)| self.link_status(*id, link)).collect();
        format!(
            "{{\"peer\":{peer},\"local\":{local},\"route\":{},\"send_epoch\":{},\"receive_epoch\":{},\"send\":[{}],\"receive\":[{}],\"links\":[{}],\"xfer\":{}}}",
            quote(&route),
            live.out.epoch(),
            live.inward.epoch(),
            reports(live.out.reports()),
            reports(live.inward.reports()),
            links.join(","),
            live.xfer.report()
        )
    }

    fn link_status(&self, id: u8, link: &Link) -> String {
        let (state, why) = match link {
            Link::Unused => ("unused", ""),
            Link::Opening => ("opening", ""),
            Link::Up => ("up", ""),
            Link::Down(why) => ("down", why.as_str()),
            Link::Finished => ("finished", ""),
        };
        let name = quote(self.sinks.name(id));
        format!("{{\"network\":{name},\"state\":\"{state}\",\"why\":{}}}", quote(why))
    }
}

fn number_of(text: &str, what: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| format!("'{text}' is no number of {what}"))
}

fn list(numbers: &[u32]) -> String {
    numbers.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(",")
}

/// `text` as a JSON string.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_read_and_checked() {
        assert_eq!(Peers::parse("remote"), Ok(Peers::Remote));
        assert_eq!(Peers::parse("0,4-7"), Ok(Peers::Listed(vec![(0, 0), (4, 7)])));
        let some = Peers::parse("0,4-7").unwrap();
        assert!(some.has(5, false) && !some.has(3, true) && Peers::Remote.has(3, false));
        for bad in ["", "x", "3-1", "1,", "-"] {
            assert!(Peers::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wrong_request_is_answered_and_changes_nothing() {
        let mut core = Core::alone();
        for bad in [
            "",
            "dance",
            "attach",
            "attach all",
            "network",
            "network x sideways",
            "operation x",
            "operation 9",
            "relay",
            "relay 0 status",
            "relay 1 status",
            "reply 1",
            "reply 70000",
            "events x",
            "network x down force",
        ] {
            assert!(core.command(bad).starts_with("{\"ok\":false,\"error\":\""), "{bad}");
        }
        assert!(core.command("status").starts_with("{\"ok\":true,\"rank\":0,\"size\":1"));
    }

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quote("a\"b\\\n\u{1}é"), "\"a\\\"b\\\\\\n\\u0001é\"");
    }
}
