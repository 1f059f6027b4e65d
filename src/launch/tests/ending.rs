//! Jobs that end badly: one message, the right code.

use super::harness::{job, run};
use std::time::{Duration, Instant};

/// The message of `vmirun`, which must be one line.
fn message(err: &str) -> &str {
    let mut lines = err.lines().filter(|line| line.starts_with("vmirun: "));
    let line = lines.next().unwrap_or_default();
    assert_eq!(lines.next(), None, "more than one message: {err}");
    line
}

#[test]
fn a_killed_rank_ends_the_job_and_is_named() {
    for program in ["PROBE", "sh"] {
        let arguments: &[&str] = match program {
            "sh" => &["-n", "3", "sh", "-c", "[ $VMI_JOB_RANK != 1 ] || kill -9 $$; exec sleep 1000"],
            _ => &["-n", "3", "PROBE", "kill", "1"],
        };
        let begin = Instant::now();
        let outcome = run(arguments);
        assert!(begin.elapsed() < Duration::from_secs(10));
        assert_eq!(outcome.code, 137, "{}", outcome.err);
        let said = message(&outcome.err);
        assert!(said.contains("rank 1 (") && said.contains("signal 9 (SIGKILL)"), "{said}");
    }
}

#[test]
fn exit_codes_of_ranks_become_the_jobs() {
    let outcome = run(&["-n", "2", "sh", "-c", "exit $((VMI_JOB_RANK * 5))"]);
    assert_eq!((outcome.code, message(&outcome.err).contains("exited with code 5")), (5, true));
    assert_eq!(run(&["-n", "2", "PROBE", "after", "6"]).code, 6);
    assert_eq!(run(&["-n", "2", "PROBE", "after", "0"]).code, 0);
}

#[test]
fn leaving_without_finalize_is_an_error() {
    let outcome = run(&["-n", "3", "PROBE", "exit", "0", "2"]);
    assert_eq!(outcome.code, 1);
    assert!(
        message(&outcome.err).contains("exited with code 0 without calling MPI_Finalize"),
        "{}",
        outcome.err
    );
    assert_eq!(run(&["-n", "3", "PROBE", "exit", "4", "2"]).code, 4);
}

#[test]
fn all_programs_of_an_mpi_job_must_call_init() {
    let outcome = run(&["-n", "1", "true", ":", "-n", "1", "PROBE", "hello"]);
    assert_eq!(outcome.code, 1);
    assert!(message(&outcome.err).contains("rank 0 (true,"), "{}", outcome.err);
}

#[test]
fn abort_gives_its_code_and_its_reason() {
    let outcome = run(&["-n", "4", "PROBE", "abort", "42", "3"]);
    assert_eq!(outcome.code, 42);
    let said = message(&outcome.err);
    assert!(said.contains("rank 3 (") && said.ends_with("code 42: because"), "{said}");
}

#[test]
fn a_rank_behind_a_wrapper_is_missed() {
    let outcome = run(&["-n", "2", "sh", "-c", "\"$0\" kill 1; exec sleep 1000", "PROBE"]);
    assert_eq!(outcome.code, 1);
    assert!(message(&outcome.err).contains("rank 1 ("), "{}", outcome.err);
}

#[test]
fn a_rank_cannot_join_twice() {
    let outcome = run(&["-n", "1", "PROBE", "twice"]);
    assert!(
        outcome.code == 0 && outcome.out.contains("rank 0 has already joined"),
        "{}{}",
        outcome.out,
        outcome.err
    );
}

#[test]
fn what_cannot_be_started_is_explained() {
    for (arguments, code, part) in [
        (&["-n", "2", "no-such-program"][..], 127, "'no-such-program'"),
        (&["/etc/passwd"], 126, "not executable"),
        (&["/tmp"], 126, "directory"),
        (&["--wdir", "/no/such", "true"], 126, "/no/such"),
        (&["--unknown", "true"], 2, "--unknown"),
        (&["-n", "2"], 2, "no program"),
        (&["--stdin", "5", "true"], 2, "no rank 5"),
        (&["--launch-agent", "false", "--hosts", "far", "true"], 1, "host far: 'false far"),
        (&["--launch-agent", "no-such-agent", "--hosts", "far", "true"], 1, "no-such-agent"),
    ] {
        let outcome = run(arguments);
        let said = message(&outcome.err);
        assert!(outcome.code == code && said.contains(part), "{arguments:?}: {} {said}", outcome.code);
        assert_eq!(outcome.out, "");
    }
}

#[test]
fn a_time_limit_holds() {
    let outcome = run(&["-n", "2", "--timeout", "0.2", "PROBE", "compute"]);
    assert_eq!((outcome.code, message(&outcome.err)), (124, "vmirun: the job has not ended within 0.2 s"));
}

#[test]
fn messages_can_be_json() {
    let outcome = run(&["-n", "1", "--json", "sh", "-c", "exit 3"]);
    assert!(
        outcome.err.starts_with("{\"event\":\"exit\",\"rank\":0,\"text\":\"rank 0 (sh, process "),
        "{}",
        outcome.err
    );
}

#[test]
fn a_closed_output_ends_the_job_quietly() {
    let mut running = job(&["-n", "2", "yes"]).start();
    assert_eq!(running.line(), "y");
    let outcome = running.finish_without_reading();
    assert_eq!((outcome.code, outcome.err.as_str()), (141, ""));
}

#[test]
fn a_stale_environment_is_explained_not_ignored() {
    let output = std::process::Command::new(super::harness::probe())
        .arg("hello")
        .env("VMI_JOB_SOCKET", "vmi-nobody")
        .env("VMI_JOB_TICKET", "00".repeat(32))
        .env("VMI_JOB_RANK", "0")
        .env("VMI_JOB_SIZE", "1")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(9) && err.contains("VMI_JOB_SOCKET=vmi-nobody"), "{err}");
}
