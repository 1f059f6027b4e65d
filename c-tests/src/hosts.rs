//! Two hosts for tests: network namespaces joined by virtual cables, one agent in each. Needs root and `ip`.

use crate::job::{self, Outcome};
use crate::program::{Abi, compile};
use crate::stage::Stage;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Two namespaces and the cables between them; gone when dropped.
pub struct Hosts {
    pub names: [String; 2],
}

/// Runs `ip` with these arguments; true if it succeeded.
pub fn ip(arguments: &str) -> bool {
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
            crate::skip("network namespaces cannot be made here (needs root and iproute2)");
        }
        made.then_some(hosts)
    }

    /// Two hosts with one network.
    pub fn make(number: u8) -> Option<Hosts> {
        Hosts::joined_by(number, &['c'])
    }

    /// Two hosts with two networks, as `network/two.conf` has them.
    pub fn with_two_networks(number: u8) -> Option<Hosts> {
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
    pub fn plug(&self, at: usize, cable: char, state: &str) {
        assert!(ip(&format!("-n {} link set {cable}0 {state}", self.names[at])));
    }

    /// Runs `program` with `ranks` on each of the hosts.
    pub fn run(
        &self,
        ranks: usize,
        program: &str,
        environment: &[&str],
        args: &[&str],
        limit: Duration,
    ) -> Outcome {
        let program = compile(program, Abi::of_source(program)[0]).unwrap_or_else(|why| panic!("{why}"));
        self.run_program(ranks, &program, environment, args, limit)
    }

    /// As [`Hosts::run`], for a program that is there already.
    pub fn run_program(
        &self,
        ranks: usize,
        program: &Path,
        environment: &[&str],
        args: &[&str],
        limit: Duration,
    ) -> Outcome {
        let [a, b] = &self.names;
        let mut command = job::vmirun();
        command.current_dir(crate::home());
        command.args(["--hosts", &format!("{a}:{ranks},{b}:{ranks}")]);
        command.args(["--launch-agent", "ip netns exec %h"]);
        command.arg("-x").arg(format!("VMI_LIB_DIR={}", Stage::get().lib().display()));
        for variable in environment {
            command.args(["-x", variable]);
        }
        job::run(command.arg("-n").arg((2 * ranks).to_string()).arg(program).args(args), limit)
    }

    /// Runs `program`, which must succeed.
    pub fn passes(&self, ranks: usize, program: &str, environment: &[&str]) {
        let outcome = self.run(ranks, program, environment, &[], LIMIT);
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
