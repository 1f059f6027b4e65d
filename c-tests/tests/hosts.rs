//! Two hosts: network namespaces joined by a virtual cable, one agent in each. Needs root and `ip`; skipped without.

use std::process::Command;
use std::time::Duration;
use vmi_c_tests::job::{self, Outcome};
use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::stage::Stage;

const LIMIT: Duration = Duration::from_secs(120);

/// Two namespaces and the cable between them; gone when dropped.
struct Hosts {
    names: [String; 2],
}

fn ip(arguments: &str) -> bool {
    let output = Command::new("ip").args(arguments.split(' ')).output();
    output.is_ok_and(|o| o.status.success())
}

impl Hosts {
    /// Joined by the given cables: on both hosts the interface of cable `x` is `x0`. None where the machine does not
    /// let us.
    fn joined_by(number: u8, cables: &[char]) -> Option<Hosts> {
        let name = |end: char| format!("vmi{}n{number}{end}", std::process::id());
        let hosts = Hosts { names: [name('a'), name('b')] };
        let made = hosts
            .names
            .iter()
            .all(|n| ip(&format!("netns add {n}")) && ip(&format!("-n {n} link set lo up")))
            && (0u8..).zip(cables).all(|(i, cable)| hosts.lay(*cable, &format!("10.{}.{number}", 97 + i)));
        if !made {
            vmi_c_tests::skip("network namespaces cannot be made here (needs root and iproute2)");
        }
        made.then_some(hosts)
    }

    fn make(number: u8) -> Option<Hosts> {
        Hosts::joined_by(number, &['c'])
    }

    /// Two hosts with two networks, as `network/two.conf` has them.
    fn with_two_networks(number: u8) -> Option<Hosts> {
        Hosts::joined_by(number, &['a', 'b'])
    }

    /// Lays a cable.
    fn lay(&self, cable: char, network: &str) -> bool {
        let [a, b] = &self.names;
        ip(&format!("link add {cable}0 netns {a} type veth peer name {cable}0 netns {b}"))
            && (1..).zip([a, b]).all(|(end, host)| {
                ip(&format!("-n {host} addr add {network}.{end}/24 dev {cable}0"))
                    && ip(&format!("-n {host} link set {cable}0 up"))
            })
    }

    /// Pulls a cable out of host `at`, or plugs it in again.
    fn plug(&self, at: usize, cable: char, state: &str) {
        assert!(ip(&format!("-n {} link set {cable}0 {state}", self.names[at])));
    }

    /// Runs `program` with `ranks` on each of the hosts.
    fn run(&self, ranks: usize, program: &str, environment: &[&str]) -> Outcome {
        let program = compile(program, Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
        let [a, b] = &self.names;
        let mut command = job::vmirun();
        command.current_dir(vmi_c_tests::home());
        command.args(["--hosts", &format!("{a}:{ranks},{b}:{ranks}")]);
        command.args(["--launch-agent", "ip netns exec %h"]);
        command.arg("-x").arg(format!("VMI_LIB_DIR={}", Stage::get().lib().display()));
        for variable in environment {
            command.args(["-x", variable]);
        }
        job::run(command.arg("-n").arg((2 * ranks).to_string()).arg(program), LIMIT)
    }

    fn passes(&self, ranks: usize, program: &str, environment: &[&str]) {
        let outcome = self.run(ranks, program, environment);
        assert!(outcome.code == Some(0), "{program} on 2 × {ranks}: {}", outcome.report());
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

#[test]
fn programs_run_across_two_hosts() {
    let Some(hosts) = Hosts::make(1) else { return };
    hosts.passes(1, "mpi/p2p/sizes", &[]);
    hosts.passes(2, "mpi/p2p/order", &[]);
    hosts.passes(2, "mpi/p2p/exchange", &[]);
    hosts.passes(2, "mpi/coll/everyone", &[]);
    hosts.passes(2, "mpi/coll/mixed_traffic", &[]);
    hosts.passes(1, "mpi/rma/dynamic", &[]);
    hosts.passes(2, "mpi/rma/fence", &[]);
    hosts.passes(2, "mpi/rma/passive", &[]);
    hosts.passes(2, "mpi/rma/post_start", &[]);
}

#[test]
fn without_shared_memory_neighbours_use_the_interface_too() {
    let Some(hosts) = Hosts::make(2) else { return };
    hosts.passes(2, "mpi/coll/everyone", &["VMI_CONFIG=network/tcp.conf"]);
}

#[test]
fn a_cut_cable_is_named() {
    let Some(hosts) = Hosts::make(3) else { return };
    hosts.plug(0, 'c', "down");
    let outcome = hosts.run(1, "mpi/p2p/blocking", &[]);
    let both = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.code.is_some_and(|code| code != 0), "{}", outcome.report());
    assert!(both.contains("no usable interface"), "{}", outcome.report());
}

#[test]
fn two_networks_serve_a_job() {
    let Some(hosts) = Hosts::with_two_networks(4) else { return };
    hosts.passes(2, "mpi/coll/everyone", &["VMI_CONFIG=network/two.conf"]);
}

#[test]
fn datagrams_serve_a_job() {
    let Some(hosts) = Hosts::make(6) else { return };
    hosts.passes(1, "mpi/p2p/sizes", &["VMI_CONFIG=network/udp.conf"]);
    hosts.passes(2, "mpi/p2p/order", &["VMI_CONFIG=network/udp.conf"]);
    hosts.passes(2, "mpi/coll/mixed_traffic", &["VMI_CONFIG=network/udp.conf"]);
}

/// A network whose interface is down when the job starts is no reason not to start it.
#[test]
fn a_network_that_is_down_at_the_start_is_done_without() {
    let Some(hosts) = Hosts::with_two_networks(5) else { return };
    hosts.plug(0, 'a', "down");
    hosts.passes(1, "mpi/p2p/order", &["VMI_CONFIG=network/two.conf"]);
    hosts.plug(1, 'b', "down");
    let outcome = hosts.run(1, "mpi/p2p/blocking", &["VMI_CONFIG=network/two.conf"]);
    assert!(outcome.code.is_some_and(|code| code != 0), "{}", outcome.report());
}
