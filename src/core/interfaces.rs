//! Which interfaces of this machine a network uses, where it listens on them, and the card by which peers find it.
//!
//! Shared by the devices that speak IP; none of them is named here.

use crate::sys::net::{self, Interface};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

/// What a line of the machine configuration says about interfaces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// Interfaces by name, or networks as `address/prefix`; None chooses by itself.
    pub interfaces: Option<Vec<String>>,
    /// Ports to listen on; None takes what the system gives.
    pub ports: Option<RangeInclusive<u16>>,
}

impl Choice {
    /// Takes `interface=` and `port=` out of the options of a configuration line; returns the others.
    pub fn parse(options: Vec<(String, String)>) -> Result<(Choice, Vec<(String, String)>), String> {
        let mut choice = Choice::default();
        let mut others = Vec::new();
        for (key, value) in options {
            match key.as_str() {
                "interface" => choice.interfaces = Some(value.split(',').map(str::to_string).collect()),
                "port" => choice.ports = Some(parse_ports(&value)?),
                _ => others.push((key, value)),
            }
        }
        Ok((choice, others))
    }

    /// The ports to try, one after another. Port 0 is whatever the system gives.
    pub fn ports_to_try(&self) -> RangeInclusive<u16> {
        self.ports.clone().unwrap_or(0..=0)
    }
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let bad = || format!("port={text} is not a port or a range such as 5000-5100");
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
    if first == 0 || first > last { Err(bad()) } else { Ok(first..=last) }
}

/// Interfaces that join containers or virtual machines on this host: no way to another host.
const VIRTUAL: &[&str] =
    &["docker", "virbr", "br-", "veth", "lxc", "lxd", "cni", "flannel", "cali", "podman"];

/// The addresses of `all` that a network may use. `one_host`: all ranks of the job run here.
pub fn choose(choice: &Choice, all: &[Interface], one_host: bool) -> Result<Vec<Interface>, String> {
    let up: Vec<&Interface> = all.iter().filter(|i| i.up && is_usable(i.address)).collect();
    let chosen = match &choice.interfaces {
        Some(names) => by_name(names, &up, all)?,
        None => {
            // A link that has just come up may not be reported as running yet: better than none.
            let running: Vec<&Interface> = up.iter().copied().filter(|i| i.running).collect();
            let chosen = by_default(&running, one_host);
            if chosen.is_empty() { by_default(&up, one_host) } else { chosen }
        }
    };
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
        return Err(format!("no usable interface among {}", names.join(" ")));
    }
    Ok(prefer_ipv4(chosen))
}

/// Link-local addresses of version 6 mean nothing without an interface.
fn is_usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(a) => a.segments()[0] & 0xffc0 != 0xfe80,
    }
}

fn by_name(names: &[String], up: &[&Interface], all: &[Interface]) -> Result<Vec<Interface>, String> {
    let mut chosen = Vec::new();
    for name in names {
        let found: Vec<_> = up.iter().filter(|i| matches(name, i)).map(|i| (*i).clone()).collect();
        if found.is_empty() {
            let state = if all.iter().any(|i| matches(name, i)) { "is down" } else { "is not there" };
            return Err(format!("interface {name} {state}"));
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

/// Whether a configured interface means this one: by its name or by its network.
fn matches(name: &str, interface: &Interface) -> bool {
    if name == interface.name {
        return true;
    }
    let Some((address, prefix)) = name.split_once('/') else { return false };
    match (address.parse(), prefix.parse()) {
        (Ok(address), Ok(prefix)) => same_network(interface.address, address, prefix),
        _ => false,
    }
}

/// Whether two addresses have the first `prefix` bits in common.
pub fn same_network(a: IpAddr, b: IpAddr, prefix: u32) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (u32::from(a) ^ u32::from(b)).checked_shr(32u32.saturating_sub(prefix)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (u128::from(a) ^ u128::from(b)).checked_shr(128u32.saturating_sub(prefix)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

fn by_default(up: &[&Interface], one_host: bool) -> Vec<Interface> {
    let pick = |wanted: &dyn Fn(&Interface) -> bool| -> Vec<Interface> {
        up.iter().filter(|i| wanted(i)).map(|i| (*i).clone()).collect()
    };
    if one_host {
        return pick(&|i| i.loopback);
    }
    let is_virtual = |i: &Interface| VIRTUAL.iter().any(|v| i.name.starts_with(v));
    let real = pick(&|i| !i.loopback && !is_virtual(i));
    // Inside a container the one interface may well be the end of a virtual pair.
    if real.is_empty() { pick(&|i| !i.loopback && i.name.starts_with("veth")) } else { real }
}

/// One address per interface: of version 4 where there is one.
fn prefer_ipv4(mut chosen: Vec<Interface>) -> Vec<Interface> {
    chosen.sort_by_key(|i| i.address.is_ipv6());
    let mut names: Vec<String> = Vec::new();
    chosen.retain(|i| {
        let keep = i.address.is_ipv4() || !names.contains(&i.name);
        names.push(i.name.clone());
        keep
    });
    chosen
}

/// Binds `address` and a port of the choice by `bind`.
pub fn bind_to<T>(
    address: IpAddr,
    choice: &Choice,
    bind: impl Fn(SocketAddr) -> std::io::Result<T>,
) -> Result<T, String> {
    let mut last = None;
    for port in choice.ports_to_try() {
        match bind(SocketAddr::new(address, port)) {
            Ok(bound) => return Ok(bound),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(String::new, |e| e.to_string());
    let ports =
        choice.ports.as_ref().map_or_else(String::new, |p| format!(" port {}-{}", p.start(), p.end()));
    Err(format!("cannot listen on {address}{ports}: {why}"))
}

/// The card: one address a line.
pub fn encode_card(addresses: &[SocketAddr]) -> Vec<u8> {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join("\n").into_bytes()
}

/// Reads a card. Lines that are no address are left out: another version may add something.
pub fn decode_card(card: &[u8]) -> Vec<SocketAddr> {
    String::from_utf8_lossy(card).lines().filter_map(|line| line.parse().ok()).take(64).collect()
}

/// The peer's addresses, those on a network of ours first.
pub fn in_order(mut addresses: Vec<SocketAddr>, ours: &[Interface]) -> Vec<SocketAddr> {
    let near = |a: &SocketAddr| ours.iter().any(|i| same_network(i.address, a.ip(), i.prefix));
    addresses.sort_by_key(|a| !near(a));
    addresses
}

/// The interfaces of this host.
pub fn of_this_host() -> Result<Vec<Interface>, String> {
    net::interfaces().map_err(|e| format!("cannot list the network interfaces: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn interface(name: &str, address: &str, up: bool) -> Interface {
        Interface {
            name: name.into(),
            address: address.parse().unwrap(),
            prefix: 24,
            up,
            running: up,
            loopback: name == "lo",
        }
    }

    fn host() -> Vec<Interface> {
        [
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("eth0", "fe80::1"),
            ("eth0", "fd00::2"),
            ("eth0", "10.0.0.2"),
            ("veth12", "169.254.0.1"),
            ("ib0", "fd01::2"),
        ]
        .map(|(name, address)| interface(name, address, true))
        .into()
    }

    fn names(chosen: Result<Vec<Interface>, String>) -> Vec<String> {
        chosen.unwrap().iter().map(|i| format!("{} {}", i.name, i.address)).collect()
    }

    #[test]
    fn defaults_leave_virtual_interfaces_out() {
        let any = Choice::default();
        assert_eq!(names(choose(&any, &host(), false)), ["eth0 10.0.0.2", "ib0 fd01::2"]);
        assert_eq!(names(choose(&any, &host(), true)), ["lo 127.0.0.1"]);
        let container = [interface("lo", "127.0.0.1", true), interface("veth0", "10.1.0.2", true)];
        assert_eq!(names(choose(&any, &container, false)), ["veth0 10.1.0.2"]);
        assert!(choose(&any, &[interface("eth0", "10.0.0.1", false)], false).is_err());
    }

    #[test]
    fn configured_interfaces_are_taken_as_they_are() {
        let network = |value: &str| Choice::parse(vec![("interface".into(), value.into())]).unwrap().0;
        assert_eq!(names(choose(&network("docker0"), &host(), false)), ["docker0 172.17.0.1"]);
        assert_eq!(names(choose(&network("10.0.0.0/16"), &host(), false)), ["eth0 10.0.0.2"]);
        assert_eq!(choose(&network("eth7"), &host(), false).unwrap_err(), "interface eth7 is not there");
        let down = [interface("eth7", "10.0.0.1", false)];
        assert_eq!(choose(&network("eth7"), &down, false).unwrap_err(), "interface eth7 is down");
    }

    #[test]
    fn ports_are_checked() {
        let ports = |value: &str| Choice::parse(vec![("port".into(), value.into())]).map(|(c, _)| c.ports);
        assert_eq!(ports("5000-5100").unwrap(), Some(5000..=5100));
        assert_eq!(ports("7").unwrap(), Some(7..=7));
        for bad in ["", "0", "9-8", "x", "70000", "5-"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
        let other = vec![("speed".to_string(), "1".to_string())];
        assert_eq!(Choice::parse(other.clone()), Ok((Choice::default(), other)));
    }

    #[test]
    fn a_taken_port_is_skipped_and_a_full_range_is_an_error() {
        let address = "127.0.0.1".parse().unwrap();
        let first = bind_to(address, &Choice::default(), TcpListener::bind).unwrap();
        let port = first.local_addr().unwrap().port();
        let taken = Choice { ports: Some(port..=port), ..Choice::default() };
        let why = bind_to(address, &taken, TcpListener::bind).unwrap_err();
        assert!(why.contains(&format!("port {port}")));
    }

    #[test]
    fn cards_survive_and_near_addresses_come_first() {
        let addresses: Vec<SocketAddr> =
            ["192.168.1.1:5", "[fd00::9]:7", "10.0.0.9:6"].map(|a| a.parse().unwrap()).into();
        let mut card = encode_card(&addresses);
        assert_eq!(decode_card(&card), addresses);
        card.extend_from_slice(b"\nsomething new\xff");
        assert_eq!(decode_card(&card), addresses);
        let order = in_order(addresses.clone(), &host());
        assert_eq!(order, [addresses[1], addresses[2], addresses[0]]);
    }
}
