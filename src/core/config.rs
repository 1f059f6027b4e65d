//! The machine configuration file: which networks this machine has. One a line, the preferred first:
//!
//! ```text
//!   # network   device   options
//!   shm         shm
//!   eth         tcp      interface=eth0 port=5000-5100
//!   # ib        tcp      interface=10.1.0.0/16
//!   # dgram     udp      interface=eth1 mtu=9000
//!   # fabric    plugin   path=/opt/vmi/libfabric_network.so anything=else
//! ```
//! Comment a line out, and that network is not used. The first file of these counts: `$VMI_CONFIG` (which must
//! exist; empty means no file), `$XDG_CONFIG_HOME/vmi/vmi.conf` or `~/.config/vmi/vmi.conf`, `/etc/vmi.conf`.
//! Without a file: shared memory between the ranks of a host, tcp between hosts.

use super::interfaces::Choice;
use crate::devices::udp;
use std::path::{Path, PathBuf};

/// The networks to use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub networks: Vec<Network>,
    /// The file they come from.
    pub file: Option<PathBuf>,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Network {
    pub name: String,
    pub device: Device,
}

/// What drives a network, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Device {
    /// Memory shared by the ranks of a host.
    Shm,
    Tcp(Choice),
    Udp(udp::Options),
    /// A shared library, and what is for it to understand.
    Plugin {
        path: String,
        options: Options,
    },
}

/// Options of a line, in order.
pub type Options = Vec<(String, String)>;

impl Device {
    /// Its name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Device::Shm => "shm",
            Device::Tcp(_) => "tcp",
            Device::Udp(_) => "udp",
            Device::Plugin { .. } => "plugin",
        }
    }

    fn parse(device: &str, options: Options) -> Result<Device, String> {
        match device {
            "shm" => none_left(device, options, "").map(|()| Device::Shm),
            "tcp" => {
                let (choice, others) = Choice::parse(options)?;
                none_left(device, others, ", expected interface= or port=").map(|()| Device::Tcp(choice))
            }
            "udp" => {
                let (udp, others) = udp::Options::parse(options)?;
                none_left(device, others, ", expected interface=, port= or mtu=").map(|()| Device::Udp(udp))
            }
            "plugin" => {
                let (paths, options): (Options, Options) =
                    options.into_iter().partition(|(key, _)| key == "path");
                match paths.as_slice() {
                    [(_, path)] => Ok(Device::Plugin { path: path.clone(), options }),
                    _ => Err("device plugin needs one path= of a shared library".into()),
                }
            }
            other => Err(format!("there is no device '{other}', expected shm, tcp, udp or plugin")),
        }
    }
}

/// Ok if the device has taken all options.
fn none_left(device: &str, options: Options, expected: &str) -> Result<(), String> {
    match options.first() {
        None => Ok(()),
        Some((key, _)) => Err(format!("device {device} has no option '{key}'{expected}")),
    }
}

impl Default for Config {
    fn default() -> Config {
        let network = |name: &str, device| Network { name: name.into(), device };
        let networks = vec![network("shm", Device::Shm), network("tcp", Device::Tcp(Choice::default()))];
        Config { networks, file: None }
    }
}

impl Config {
    /// The configuration of this machine.
    ///
    /// # Errors
    /// One sentence: a file that cannot be read, or file and number of a line that is wrong.
    pub fn load() -> Result<Config, String> {
        let Some(file) = find(|name| std::env::var(name).ok(), &Path::is_file) else {
            return Ok(Config::default());
        };
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read the machine configuration {}: {error}", file.display()))?;
        let networks = parse(&text).map_err(|wrong| format!("{}, {wrong}", file.display()))?;
        Ok(Config { networks, file: Some(file) })
    }

    /// As [`Config::load`], unless `VMI_LAYERS` asks for the layers of another age: `vmi1` puts VMI 1.0 over VMI 2
    /// under the program, as a network of its own (`src/capi/vmi1`).
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn load_with_layers() -> Result<Config, String> {
        match std::env::var("VMI_LAYERS").unwrap_or_default().as_str() {
            "" => Config::load(),
            "vmi1" => Ok(Config { networks: vec![vmi1()], file: None }),
            other => Err(format!("VMI_LAYERS={other} names no layers, expected vmi1")),
        }
    }

    /// Ranks of one host may share memory.
    pub fn uses_shm(&self) -> bool {
        self.networks.iter().any(|n| n.device == Device::Shm)
    }

    /// Name of the shared-memory network.
    pub fn shm_name(&self) -> String {
        let shm = self.networks.iter().find(|n| n.device == Device::Shm);
        shm.map_or_else(|| "shm".into(), |n| n.name.clone())
    }

    /// The networks that reach other hosts, the preferred first.
    pub fn far(&self) -> impl Iterator<Item = &Network> {
        self.networks.iter().filter(|n| n.device != Device::Shm)
    }

    /// For a message about a peer that cannot be reached.
    pub fn describe(&self) -> String {
        let names: Vec<String> =
            self.networks.iter().map(|n| format!("{} ({})", n.name, n.device.name())).collect();
        let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
        match &self.file {
            Some(file) => format!("networks in {}: {names}", file.display()),
            None => format!("networks: {names}"),
        }
    }
}

/// VMI 1.0 as a network: the library beside ours, or where the dynamic linker finds it.
fn vmi1() -> Network {
    const LIBRARY: &str = "libvmi1.so.1";
    let beside = crate::sys::library::folder_of(vmi1 as *const ()).map(|dir| format!("{dir}/{LIBRARY}"));
    let path = beside.filter(|file| Path::new(file).exists()).unwrap_or_else(|| LIBRARY.into());
    Network { name: "vmi1".into(), device: Device::Plugin { path, options: Options::new() } }
}

/// Which file counts. `exists` tells whether there is one at a place where there need not be.
fn find(lookup: impl Fn(&str) -> Option<String>, exists: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    if let Some(named) = lookup("VMI_CONFIG") {
        return (!named.is_empty()).then(|| PathBuf::from(named));
    }
    let home = || lookup("HOME").map(|home| Path::new(&home).join(".config"));
    let user = lookup("XDG_CONFIG_HOME").filter(|d| !d.is_empty()).map(PathBuf::from).or_else(home);
    let user = user.map(|dir| dir.join("vmi/vmi.conf"));
    user.into_iter().chain([PathBuf::from("/etc/vmi.conf")]).find(|file| exists(file))
}

pub(super) fn parse(text: &str) -> Result<Vec<Network>, String> {
    let mut networks: Vec<Network> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let network = parse_line(line).map_err(|wrong| format!("line {number}: {wrong}"))?;
        let Some(network) = network else { continue };
        if networks.iter().any(|n| n.name == network.name) {
            return Err(format!("line {number}: there is a network '{}' already", network.name));
        }
        networks.push(network);
    }
    Ok(networks)
}

fn parse_line(line: &str) -> Result<Option<Network>, String> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    let Some(name) = words.next() else { return Ok(None) };
    let Some(device) = words.next() else {
        return Err(format!("network '{name}' has no device, expected: network device options"));
    };
    let options = words.map(|word| match word.split_once('=') {
        Some((key, value)) if !value.is_empty() => Ok((key.to_string(), value.to_string())),
        _ => Err(format!("'{word}' is no option, expected name=value")),
    });
    let options = options.collect::<Result<Options, String>>()?;
    let (name, device) = (name.to_string(), Device::parse(device, options)?);
    Ok(Some(Network { name, device }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_networks_and_commented_lines_are_not() {
        let text =
            "# network device options\n\nshm shm # local\n#eth tcp\n  ib\ttcp interface=ib0 port=7-9\n";
        let networks = parse(text).unwrap();
        let config = Config { networks, file: Some("/etc/vmi.conf".into()) };
        assert!(config.uses_shm());
        let choice = Choice { interfaces: Some(vec!["ib0".into()]), ports: Some(7..=9) };
        let ib = Network { name: "ib".into(), device: Device::Tcp(choice) };
        assert_eq!(config.far().collect::<Vec<_>>(), [&ib]);
        assert_eq!(config.describe(), "networks in /etc/vmi.conf: shm (shm), ib (tcp)");
        assert_eq!(Config { networks: vec![], file: None }.describe(), "networks: none");
    }

    #[test]
    fn several_networks_keep_their_order() {
        let networks = parse("u udp port=7000 mtu=1500\na tcp\nshm shm\nb tcp interface=b0,b1").unwrap();
        let config = Config { networks, file: None };
        let far: Vec<&str> = config.far().map(|n| n.name.as_str()).collect();
        assert_eq!(far, ["u", "a", "b"]);
        let choice = Choice { interfaces: None, ports: Some(7000..=7000) };
        assert_eq!(config.networks[0].device, Device::Udp(udp::Options { choice, mtu: Some(1500) }));
        let plugin = parse("x plugin depth=3 path=/l.so color=red").unwrap().remove(0).device;
        let options = [("depth", "3"), ("color", "red")].map(|(k, v)| (k.to_string(), v.to_string())).into();
        assert_eq!(plugin, Device::Plugin { path: "/l.so".into(), options });
        assert_eq!(config.describe(), "networks: u (udp), a (tcp), shm (shm), b (tcp)");
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, sentence) in [
            ("shm shm\neth", "line 2: network 'eth' has no device, expected: network device options"),
            ("eth ethernet", "line 1: there is no device 'ethernet', expected shm, tcp, udp or plugin"),
            ("a tcp\n\na shm", "line 3: there is a network 'a' already"),
            ("a tcp fast", "line 1: 'fast' is no option, expected name=value"),
            ("a tcp port=", "line 1: 'port=' is no option, expected name=value"),
            ("a tcp port=x", "line 1: port=x is not a port or a range such as 5000-5100"),
            ("a tcp speed=9", "line 1: device tcp has no option 'speed', expected interface= or port="),
            ("a plugin rate=1", "line 1: device plugin needs one path= of a shared library"),
            ("a udp mtu=x", "line 1: mtu=x is not a number from 576 to 65535"),
            ("a udp rate=1", "line 1: device udp has no option 'rate', expected interface=, port= or mtu="),
            ("a shm size=9", "line 1: device shm has no option 'size'"),
        ] {
            assert_eq!(parse(text).unwrap_err(), sentence);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic() {
        const ALPHABET: &[u8] = b" \n\t#=-,/shmtcpudpinterfaceportmtu0123456789\xff";
        let mut state = 1u64;
        for _ in 0..2000 {
            let mut text = Vec::new();
            for _ in 0..60 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push(ALPHABET[(state >> 33) as usize % ALPHABET.len()]);
            }
            let _ = parse(&String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn the_first_file_counts() {
        let with = |variables: &[(&str, &str)], files: &[&str]| {
            let lookup =
                |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
            let file = find(lookup, &|path| files.iter().any(|f| Path::new(f) == path));
            file.map(|f| f.display().to_string()).unwrap_or_default()
        };
        let all = ["/x/vmi/vmi.conf", "/h/.config/vmi/vmi.conf", "/etc/vmi.conf"];
        assert_eq!(with(&[("VMI_CONFIG", "a"), ("HOME", "/h")], &all), "a");
        assert_eq!(with(&[("VMI_CONFIG", ""), ("HOME", "/h")], &all), "");
        assert_eq!(with(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")], &all), "/x/vmi/vmi.conf");
        assert_eq!(with(&[("HOME", "/h")], &all), "/h/.config/vmi/vmi.conf");
        assert_eq!(with(&[("HOME", "/h")], &["/etc/vmi.conf"]), "/etc/vmi.conf");
        assert_eq!(with(&[], &[]), "");
    }
}
