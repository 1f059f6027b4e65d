//! Nothing is left: not after signals, not after kill -9 of any part of the launcher.

use super::harness::{Running, eventually, job, processes, socket_exists};

/// Starts computing ranks, one of them behind a shell that also has another child; returns the socket's name too.
fn computing(arguments: &[&str]) -> (Running, String) {
    let mut running = job(arguments).start();
    let line = running.line();
    let socket = line.split(' ').nth(1).unwrap_or_default().to_string();
    assert!(socket_exists(&socket), "{line}");
    // The other rank has come through the fence too.
    running.line();
    (running, socket)
}

const DIRECT: &[&str] = &["-n", "2", "PROBE", "compute"];
const WRAPPED: &[&str] =
    &["-n", "2", "sh", "-c", "sleep 1000 & setsid sleep 1000 & \"$0\" compute; true", "PROBE"];

fn gone(mark: &str, socket: &str) {
    eventually("all processes end", || processes(mark).is_empty());
    eventually("the socket vanishes", || !socket_exists(socket));
}

#[test]
fn kill_9_of_vmirun_leaves_nothing() {
    for arguments in [DIRECT, WRAPPED] {
        let (running, socket) = computing(arguments);
        let mark = running.mark.clone();
        running.signal(9);
        running.finish();
        gone(&mark, &socket);
    }
}

/// The agent is the child of `vmirun`.
fn agent_of(running: &Running) -> i32 {
    let front = running.child.id().to_string();
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.split(' ').nth(2) == Some(&front))
    };
    *processes(&running.mark).iter().find(|pid| is_child(pid)).expect("an agent")
}

#[test]
fn kill_9_of_the_agent_leaves_nothing_and_is_told() {
    for arguments in [DIRECT, WRAPPED] {
        let (running, socket) = computing(arguments);
        let mark = running.mark.clone();
        vmi::sys::process::kill(agent_of(&running), 9).unwrap();
        let outcome = running.finish();
        assert_eq!(processes(&mark), Vec::<i32>::new());
        gone(&mark, &socket);
        assert_eq!(outcome.code, 1);
        assert!(outcome.err.contains("agent of this host"), "{}", outcome.err);
    }
}

#[test]
fn kill_9_of_front_and_agent_together_leaves_no_rank() {
    let (running, socket) = computing(&["-n", "4", "sh", "-c", "\"$0\" compute; true", "PROBE"]);
    let (mark, agent) = (running.mark.clone(), agent_of(&running));
    vmi::sys::process::kill(agent, 19).unwrap();
    running.signal(9);
    vmi::sys::process::kill(agent, 9).unwrap();
    running.finish();
    gone(&mark, &socket);
}

#[test]
fn signals_end_the_job() {
    for (signal, code) in [(2, 130), (15, 143), (1, 129)] {
        let (running, socket) = computing(WRAPPED);
        let mark = running.mark.clone();
        running.signal(signal);
        let outcome = running.finish();
        assert_eq!(outcome.code, code, "{}", outcome.err);
        assert_eq!(outcome.err.lines().filter(|l| l.starts_with("vmirun:")).count(), 1, "{}", outcome.err);
        gone(&mark, &socket);
    }
}

#[test]
fn a_second_signal_kills_ranks_that_ignore_the_first() {
    let script = "trap '' INT TERM; echo ready; while :; do sleep 1000; done";
    let mut running = job(&["-n", "2", "sh", "-c", script]).start();
    assert_eq!((running.line(), running.line()), ("ready".into(), "ready".into()));
    let mark = running.mark.clone();
    running.signal(2);
    running.signal(15);
    assert_eq!(running.finish().code, 130);
    assert_eq!(processes(&mark), Vec::<i32>::new());
}

#[test]
fn ranks_may_end_in_order_on_a_signal() {
    let mut running =
        job(&["sh", "-c", "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done"])
            .start();
    assert_eq!(running.line(), "ready");
    running.signal(15);
    let outcome = running.finish();
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "saved\n"));
}

#[test]
fn children_left_by_a_rank_are_ended() {
    let outcome = super::harness::run(&["-n", "2", "sh", "-c", "sleep 1000 & setsid sleep 1000 & echo done"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "done\ndone\n"));
}

#[test]
fn strangers_on_the_socket_do_no_harm() {
    use std::io::Write;
    let (running, socket) = computing(DIRECT);
    let mut silent = vmi::sys::unix_socket::connect_abstract(&socket).unwrap();
    for garbage in [&[0xff; 100][..], &[0; 1000]] {
        let mut loud = vmi::sys::unix_socket::connect_abstract(&socket).unwrap();
        loud.write_all(garbage).unwrap();
        // The agent hangs up on nonsense.
        assert!(matches!(std::io::Read::read(&mut loud, &mut [0; 8]), Ok(0) | Err(_)));
    }
    silent.write_all(&[1, 0, 0]).unwrap();
    let mark = running.mark.clone();
    assert!(processes(&mark).len() >= 4, "the job goes on");
    running.signal(15);
    let outcome = running.finish();
    let told =
        outcome.err.lines().filter(|line| line.contains("is dropped, because it sends nonsense")).count();
    assert_eq!((outcome.code, told), (143, 1), "{}", outcome.err);
    gone(&mark, &socket);
}
