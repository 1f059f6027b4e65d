//! Devices: what a message passes on its way out and in. Each file is one device and names no other.
//!
//! Sinks are the last device of a send chain and the first of a receive chain: they talk to a network.

pub mod filters;
pub mod loopback;
pub mod pass;
pub mod plugin;
pub mod shm;
pub mod tcp;
pub mod udp;
pub mod xfer;

use crate::core::config;
use crate::core::network::Network;

/// A network's place in the job.
pub struct Seat {
    /// The number its frames carry.
    pub id: u8,
    pub rank: u32,
    pub size: u32,
    /// All ranks of the job run on this host.
    pub one_host: bool,
    /// Known to the members of the job only.
    pub secret: [u8; 32],
    /// Name of the host of a rank, for messages.
    pub host: Box<dyn Fn(u32) -> String>,
}

/// Opens the network of one line of the machine configuration. One whose interface is missing is opened all the
/// same, and may come up later.
///
/// # Errors
/// One sentence: the line names no network, or the device cannot be had at all.
pub fn open_network(line: &config::Network, seat: Seat) -> Result<Box<dyn Network>, String> {
    let Seat { id, rank, size, one_host, secret, host } = seat;
    let name = line.name.clone();
    match &line.device {
        config::Device::Shm => Err(format!("network {name} joins the processes of one host only")),
        config::Device::Tcp(choice) => {
            let choice = choice.clone();
            let setup = tcp::Setup { id, name, choice, rank, size, one_host, secret, host };
            Ok(Box::new(tcp::Tcp::open(setup)?))
        }
        config::Device::Udp(options) => {
            let options = options.clone();
            let setup = udp::Setup { id, name, options, rank, size, one_host, secret, host };
            Ok(Box::new(udp::Udp::open(setup)?))
        }
        config::Device::Plugin { path, options } => {
            let place = plugin::Place { id, name: &name, path, options, rank, size, secret };
            Ok(Box::new(plugin::PluginNetwork::open(&place)?))
        }
    }
}
