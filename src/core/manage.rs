//! What an operator may ask of a running process: the requests of the control socket, one line of text each, and
//! their answers, one JSON object each.
//!
//! ```text
//!   status                               networks, connections, devices, counts
//!   attach PEERS device [key=value …]    puts a device on connections, in both directions
//!   detach PEERS device|all
//!   network NAME up|down                 opens it, or lets traffic use it again; drains it and moves to the others
//!   operation NUMBER                     how an attach or detach goes
//! ```
//! PEERS is `all`, `local`, `remote`, or numbers: `0,4-7`. An attach or detach answers with the number of an
//! operation at once; it is done when every connection concerned has changed.

use super::Core;
use super::connection::Route;
use super::epoch::{Change, control};
use super::filter::Spec;
use super::live::connection::Wanted;
use super::network::Link;
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
                Some((name, "down")) => self.network_down(name),
                _ => Err(format!("'{line}': expected network NAME up or down")),
            },
            "operation" => {
                let id = rest.parse().map_err(|_| format!("'{rest}' is no number of an operation"))?;
                self.operation(id)
            }
            other => {
                Err(format!("'{other}' is no request, expected status, attach, detach, network or operation"))
            }
        }
    }

    /// Begins a change of the connections to `peers`, both directions.
    pub fn change(&mut self, peers: &Peers, change: &Change) -> Result<u64, String> {
        let size = self.routes.len() as u32;
        let chosen: Vec<u32> = (0..size)
            .filter(|&p| p != self.me && peers.has(p, self.sinks.is_local(p)))
            .filter(|&p| matches!(change, Change::Attach(_)) || self.has_devices(p))
            .collect();
        if chosen.is_empty() && matches!(change, Change::Attach(_)) {
            return Err("there is no such peer".into());
        }
        let operation = Some(self.lively.operations.begin(chosen.len() as u32));
        for peer in chosen {
            self.make_live(peer);
            let wanted = Wanted { change: change.clone(), mutual: true, follows: None, operation };
            self.lively.make(&mut self.sinks, &mut self.alerts, peer).wanted.push_back(wanted);
            self.lively.advance(&mut self.alerts, peer);
        }
        Ok(operation.unwrap_or(0))
    }

    fn has_devices(&self, peer: u32) -> bool {
        self.lively
            .get(peer)
            .is_some_and(|l| !l.out.devices().is_empty() || !l.wanted.is_empty() || l.proposed.is_some())
    }

    fn others(&self) -> impl Iterator<Item = u32> + use<> {
        let me = self.me;
        (0..self.routes.len() as u32).filter(move |p| *p != me)
    }

    /// From now on frames to `peer` take the live way.
    pub(super) fn make_live(&mut self, peer: u32) {
        self.lively.make(&mut self.sinks, &mut self.alerts, peer);
        self.routes[peer as usize] = Route::Live;
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
        Ok(format!("{{\"ok\":true,\"network\":{},\"up\":true}}", quote(name)))
    }

    fn network_down(&mut self, name: &str) -> Result<String, String> {
        let id = self.sinks.number(name).ok_or_else(|| format!("network {name} is not in use here"))?;
        if !self.lively.down.contains(&id) {
            self.lively.down.push(id);
        }
        let mut stranded = Vec::new();
        for peer in self.others() {
            if id != SHM || self.sinks.is_local(peer) {
                self.make_live(peer);
            }
            self.lively.enable(&mut self.sinks, &mut self.alerts, peer, id, false);
            if self
                .lively
                .get(peer)
                .is_some_and(|live| live.links.iter().all(|(id, _)| self.lively.down.contains(id)))
            {
                stranded.push(peer.to_string());
            }
        }
        let stranded = stranded.join(",");
        Ok(format!("{{\"ok\":true,\"network\":{},\"up\":false,\"stranded\":[{stranded}]}}", quote(name)))
    }

    fn operation(&self, id: u64) -> Result<String, String> {
        let operation =
            self.lively.operations.get(id).ok_or_else(|| format!("there is no operation {id}"))?;
        let failures: Vec<String> = operation.failures.iter().map(|f| quote(f)).collect();
        Ok(format!(
            "{{\"ok\":true,\"open\":{},\"done\":{},\"failures\":[{}]}}",
            operation.open,
            operation.done,
            failures.join(",")
        ))
    }

    /// Everything about this process's messaging, as JSON.
    pub fn status(&self) -> String {
        let mut out =
            format!("{{\"ok\":true,\"rank\":{},\"size\":{},\"networks\":[", self.me, self.routes.len());
        let near = self.sinks.shm.is_some().then_some(SHM);
        for (at, id) in near.into_iter().chain(self.sinks.numbers()).enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let device = if id == SHM { "shm" } else { self.sinks.device(id) };
            let state = if self.lively.down.contains(&id) { "down" } else { "up" };
            let name = quote(self.sinks.name(id));
            let _ = write!(out, "{comma}{{\"name\":{name},\"device\":\"{device}\",\"state\":\"{state}\"}}");
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

    fn connection_status(&self, peer: u32) -> String {
        let route = match self.routes[peer as usize] {
            Route::Loopback => "loopback".to_string(),
            Route::Shm(_) => self.sinks.name(SHM).to_string(),
            Route::Network(id) => self.sinks.name(id).to_string(),
            Route::Live => "live".to_string(),
        };
        let Some(live) = self.lively.get(peer) else {
            return format!("{{\"peer\":{peer},\"route\":{}}}", quote(&route));
        };
        let reports = |reports: Vec<(String, String)>| -> String {
            let all = reports
                .iter()
                .map(|(name, report)| format!("{{\"name\":{},\"report\":{report}}}", quote(name)));
            all.collect::<Vec<_>>().join(",")
        };
        let links: Vec<String> = live.links.iter().map(|(id, link)| self.link_status(*id, link)).collect();
        format!(
            "{{\"peer\":{peer},\"route\":{},\"send_epoch\":{},\"receive_epoch\":{},\"send\":[{}],\"receive\":[{}],\"links\":[{}],\"xfer\":{}}}",
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
