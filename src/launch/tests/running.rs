//! Jobs that run well.

use super::harness::{job, run};
use std::io::Write;
use std::process::Stdio;

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn programs_without_mpi_run() {
    let outcome = run(&["-n", "3", "--label", "echo", "hello"]);
    assert_eq!((outcome.code, sorted(&outcome.out)), (0, vec!["[0] hello", "[1] hello", "[2] hello"]));
    assert_eq!(outcome.err, "");
}

#[test]
fn ranks_meet_share_memory_and_exchange_cards() {
    let outcome = run(&["-n", "4", "PROBE", "hello"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    let lines = sorted(&outcome.out);
    assert_eq!(lines.len(), 4);
    assert!(lines[2].starts_with("rank 2 of 4 local [0, 1, 2, 3] app 0"), "{lines:?}");
}

#[test]
fn several_programs_make_one_job() {
    let outcome = run(&["-n", "1", "PROBE", "hello", ":", "-n", "2", "PROBE", "hello"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(outcome.out.contains("rank 0 of 3 local [0, 1, 2] app 0"));
    assert!(outcome.out.contains("rank 2 of 3 local [0, 1, 2] app 1"));
}

#[test]
fn a_wrapper_may_stand_between() {
    for script in ["exec \"$0\" hello", "\"$0\" hello; exit $?"] {
        let outcome = run(&["-n", "2", "sh", "-c", script, "PROBE"]);
        assert_eq!((outcome.code, outcome.out.lines().count()), (0, 2), "{}", outcome.err);
    }
}

#[test]
fn many_ranks_need_no_option() {
    let outcome = run(&["-n", "32", "PROBE", "hello"]);
    assert_eq!((outcome.code, outcome.out.lines().count()), (0, 32), "{}", outcome.err);
}

#[test]
fn one_rank_gets_standard_input() {
    for (option, text) in [("0", "to rank 0\n"), ("none", "")] {
        let mut job = job(&["-n", "2", "--stdin", option, "cat"]);
        job.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = job.command.spawn().unwrap();
        // With "none" nobody reads, and nobody has to.
        let _ = child.stdin.take().unwrap().write_all(b"to rank 0\n");
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()),
            (Some(0), text)
        );
    }
}

#[test]
fn a_large_input_passes_unchanged() {
    let mut job = job(&["-n", "2", "sh", "-c", "cksum"]);
    let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    let mut direct = std::process::Command::new("cksum");
    let mut sums = Vec::new();
    for command in [&mut job.command, &mut direct] {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        sums.push(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap());
    }
    assert!(sums[0].lines().any(|line| line == sums[1].trim_end()), "{sums:?}");
}

#[test]
fn lines_of_ranks_never_mix_and_none_is_lost() {
    let script = "i=0; while [ $i -lt 2000 ]; do echo \"rank $VMI_JOB_RANK line $i end\"; i=$((i+1)); done";
    let outcome = run(&["-n", "4", "sh", "-c", script]);
    assert_eq!(outcome.code, 0);
    for rank in 0..4 {
        let mine = outcome.out.lines().filter(|line| line.starts_with(&format!("rank {rank} ")));
        let expected = (0..2000).map(|i| format!("rank {rank} line {i} end"));
        assert!(mine.eq(expected), "rank {rank}");
    }
}

#[test]
fn output_without_a_last_newline_and_large_output_arrive() {
    assert_eq!(run(&["printf", "no newline"]).out, "no newline");
    let outcome = run(&["sh", "-c", "head -c 5000000 /dev/zero"]);
    assert_eq!((outcome.code, outcome.out.len()), (0, 5_000_000));
}

#[test]
fn a_prompt_is_seen_before_its_answer() {
    let mut job =
        job(&["-n", "2", "sh", "-c", "[ $VMI_JOB_RANK = 0 ] || exit 0; printf 'name? '; read n; echo hi $n"]);
    job.command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = job.command.spawn().unwrap();
    let mut prompt = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut prompt).unwrap();
    assert_eq!(&prompt, b"name? ");
    child.stdin.take().unwrap().write_all(b"you\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"hi you\n");
}

#[test]
fn variables_and_directory_reach_the_program() {
    let mut job =
        job(&["-x", "A=1", "-x", "B", "-genv", "C", "3", "--wdir", "/", "sh", "-c", "echo $A $B $C $PWD"]);
    job.command.env("B", "2").env("PMI_RANK", "7");
    assert_eq!(job.run().out, "1 2 3 /\n");
    let mut job = super::harness::job(&["sh", "-c", "echo [$PMI_RANK$PMIX_RANK]"]);
    job.command.env("PMI_RANK", "7").env("PMIX_RANK", "7");
    assert_eq!(job.run().out, "[]\n");
}

#[test]
fn binding_never_refuses() {
    for binding in ["core", "share", "none"] {
        assert_eq!(run(&["-n", "9", "--bind", binding, "true"]).code, 0);
    }
    let cpus = |out: &str| out.split_whitespace().last().map(str::to_string);
    let outcome = run(&["-n", "1", "--bind", "core", "grep", "Cpus_allowed_list", "/proc/self/status"]);
    assert!(cpus(&outcome.out).unwrap().parse::<u32>().is_ok(), "{}", outcome.out);
}

#[test]
fn a_job_inside_a_job_is_its_own() {
    let inner = format!("{} -n 2 $0 hello", super::harness::vmirun().display());
    let outcome = run(&["-n", "1", "sh", "-c", &inner, "PROBE"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(outcome.out.contains("rank 1 of 2"));
}
