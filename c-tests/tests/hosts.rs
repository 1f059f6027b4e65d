//! Two hosts: network namespaces joined by virtual cables. Skipped where they cannot be made.

use std::time::Duration;
use vmi_c_tests::hosts::Hosts;

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

/// Leaders are made after some collectives; ranks reordered and split lie on the hosts in every way.
#[test]
fn collectives_go_over_the_leaders_of_hosts() {
    let Some(hosts) = Hosts::make(19) else { return };
    hosts.passes(2, "mpi/coll/board", &[]);
    hosts.passes(3, "mpi/coll/board", &[]);
    hosts.passes(3, "mpi/coll/user_ops", &[]);
    hosts.passes(3, "mpi/coll/rooted", &[]);
    let outcome = hosts.run(2, "mpi/coll/mismatch", &[], &["varying"], Duration::from_secs(120));
    assert!(outcome.code == Some(0), "{}", outcome.report());
    let all = ["GATHER", "SCATTER", "ALLGATHER"].map(|name| format!("VMI_COLL_{name}=leaders"));
    hosts.passes(3, "mpi/coll/board", &all.each_ref().map(String::as_str));
    hosts.passes(3, "mpi/coll/typed", &all.each_ref().map(String::as_str));
}

/// The names of the algorithms are those of the tables.
fn forced(ways: &[(&str, &str)]) -> Vec<String> {
    ways.iter().map(|(collective, way)| format!("VMI_COLL_{collective}={way}")).collect()
}

/// Over leaders, by messages in two ways, and as the tables have it.
#[test]
fn every_way_has_the_same_results() {
    let Some(hosts) = Hosts::make(20) else { return };
    let all = [
        "BCAST",
        "REDUCE",
        "ALLREDUCE",
        "REDUCE_SCATTER",
        "SCAN",
        "GATHER",
        "SCATTER",
        "ALLGATHER",
        "ALLTOALL",
    ];
    let few = ["tree", "tree", "star", "tree", "doubling", "tree", "tree", "bruck", "bruck"];
    let long = ["chain", "ring", "ring", "ring", "doubling", "linear", "linear", "ring", "direct"];
    let ways = |names: [&str; 9]| forced(&all.iter().copied().zip(names).collect::<Vec<_>>());
    for environment in [Vec::new(), ways(["leaders"; 9]), ways(few), ways(long)] {
        let environment: Vec<&str> = environment.iter().map(String::as_str).collect();
        hosts.passes(3, "mpi/coll/ways", &environment);
    }
    hosts.passes(4, "mpi/coll/ways", &[]);
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
    let outcome = hosts.run(1, "mpi/p2p/blocking", &[], &[], Duration::from_secs(120));
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
    let outcome =
        hosts.run(1, "mpi/p2p/blocking", &["VMI_CONFIG=network/two.conf"], &[], Duration::from_secs(120));
    assert!(outcome.code.is_some_and(|code| code != 0), "{}", outcome.report());
}

/// VMI in C: keys find processes on other hosts of the job, too.
#[test]
fn vmi_programs_run_across_two_hosts() {
    let Some(hosts) = Hosts::make(7) else { return };
    for (per_host, program) in [
        (2, "vmi/inline"),
        (1, "vmi/stream"),
        (1, "vmi/rdma"),
        (1, "vmi/eager"),
        (2, "vmi/nested"),
        (1, "vmi/devices"),
        (2, "vmi/leave"),
    ] {
        hosts.passes(per_host, program, &["T_KEY=across"]);
    }
    hosts.passes(2, "vmi1/pingpong", &[]);
}
