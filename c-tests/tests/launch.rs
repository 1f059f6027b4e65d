//! What `vmirun` promises a user at the shell: exit codes, deaths, leftovers, output, input, environment, mistakes.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use vmi_c_tests::job::{self, Outcome};
use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::{home, stage::Stage};

const LIMIT: Duration = Duration::from_secs(30);

fn program(name: &str) -> PathBuf {
    compile(name, Abi::Standard).unwrap_or_else(|error| panic!("{error}"))
}

fn run(ranks: usize, name: &str, args: &[&str]) -> Outcome {
    job::run(&mut job::ranks(ranks, &program(name), args), LIMIT)
}

/// The one message about the end of a job must contain all of these.
fn says(outcome: &Outcome, parts: &[&str]) {
    for part in parts {
        assert!(outcome.stderr.contains(part), "'{part}' is missing:\n{}", outcome.report());
    }
    let told = outcome.stderr.lines().filter(|line| line.starts_with("vmirun:")).count();
    assert_eq!(told, 1, "one message only:\n{}", outcome.report());
}

#[test]
fn hello_prints_one_line_per_rank() {
    for ranks in [1, 2, 5] {
        let outcome = run(ranks, "launch/hello", &[]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.report());
        let lines: HashSet<&str> = outcome.stdout.lines().collect();
        assert_eq!(lines.len(), ranks, "{}", outcome.report());
        assert!(lines.contains(format!("hello from {} of {ranks}", ranks - 1).as_str()));
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn without_a_launcher_a_program_is_a_job_of_one() {
    let mut command = Command::new(program("launch/hello"));
    let outcome = job::run(command.env("LD_LIBRARY_PATH", Stage::get().lib()), LIMIT);
    assert_eq!(outcome.stdout, "hello from 0 of 1\n", "{}", outcome.report());
}

#[test]
fn exit_codes_reach_the_shell() {
    for code in [0, 3, 255] {
        assert_eq!(run(2, "launch/ends", &["exit", &code.to_string()]).code, Some(code));
    }
    let outcome = run(2, "launch/ends", &["after"]);
    assert_eq!(outcome.code, Some(9), "{}", outcome.report());
}

#[test]
fn abort_ends_the_job_with_its_code() {
    let outcome = run(3, "launch/ends", &["abort", "42"]);
    assert_eq!(outcome.code, Some(42), "{}", outcome.report());
    says(&outcome, &["rank 1", "42"]);
}

#[test]
fn leaving_without_finalize_ends_the_job() {
    let outcome = run(3, "launch/ends", &["leave"]);
    assert_eq!(outcome.code, Some(7), "{}", outcome.report());
    says(&outcome, &["rank 1", "7"]);
}

#[test]
fn a_signal_is_named() {
    let outcome = run(3, "launch/ends", &["segv"]);
    assert_eq!(outcome.code, Some(128 + 11), "{}", outcome.report());
    says(&outcome, &["rank 1", "SIGSEGV"]);
    let outcome = run(3, "launch/ends", &["kill"]);
    assert_eq!(outcome.code, Some(128 + 9), "{}", outcome.report());
    says(&outcome, &["rank 1", "SIGKILL"]);
}

/// A job whose ranks wait for ever, and the process ids they printed.
struct Waiting {
    launcher: Child,
    ranks: Vec<u32>,
}

impl Waiting {
    fn start(ranks: usize) -> Waiting {
        let mut command = job::ranks(ranks, &program("launch/ends"), ["wait"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut launcher = command.spawn().expect("vmirun starts");
        let lines = BufReader::new(launcher.stdout.take().expect("a pipe was asked for")).lines();
        let ids = lines.take(ranks).map(|line| {
            let line = line.expect("ranks print whole lines");
            line.rsplit(' ').next().and_then(|id| id.parse().ok()).expect("'pid RANK PID'")
        });
        let ranks = ids.collect();
        Waiting { launcher, ranks }
    }

    /// Kills one process and waits until everything is gone; returns how long that took.
    fn kill(mut self, victim: u32) -> Duration {
        let start = Instant::now();
        let killed = Command::new("kill").args(["-KILL", &victim.to_string()]).status().expect("kill runs");
        assert!(killed.success());
        let _ = self.launcher.wait();
        while self.ranks.iter().any(|&id| alive(id)) && start.elapsed() < LIMIT {
            sleep(Duration::from_millis(5));
        }
        start.elapsed()
    }
}

/// A process that still runs (a zombie waiting for its parent does not).
fn alive(id: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    text.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z')
}

fn names_in(dir: &str) -> HashSet<PathBuf> {
    let entries = fs::read_dir(dir).map(|entries| entries.flatten().map(|entry| entry.path()));
    entries.map(|paths| paths.filter(|path| is_ours(path)).collect()).unwrap_or_default()
}

/// Other tests and users work in the same folders: only what carries our name counts.
fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().contains("vmi"))
}

#[test]
fn nothing_is_left_after_a_kill() {
    let before: Vec<_> = ["/dev/shm", "/tmp"].map(names_in).into();
    let job = Waiting::start(3);
    let victim = job.ranks[1];
    let took = job.kill(victim);
    assert!(took < LIMIT, "ranks of a dead job go on");
    let job = Waiting::start(3);
    let launcher = job.launcher.id();
    let took = job.kill(launcher);
    assert!(took < LIMIT, "ranks survive their launcher");
    let after: Vec<_> = ["/dev/shm", "/tmp"].map(names_in).into();
    for (before, after) in before.iter().zip(&after) {
        let left: Vec<_> = after.difference(before).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

#[test]
fn a_blocked_rank_sleeps() {
    let outcome = run(2, "launch/idle", &["1"]);
    let share = outcome.stdout.trim().strip_prefix("idle ").and_then(|text| text.parse::<f64>().ok());
    let share = share.unwrap_or_else(|| panic!("{}", outcome.report()));
    assert!(share < 2.0, "a rank blocked in MPI_Recv used {share} % of a core");
}

#[test]
fn input_goes_to_rank_zero() {
    let input: Vec<u8> = (0..200_000u32).flat_map(|i| format!("{i}\n").into_bytes()).collect();
    let expected = format!("rank 0 read {} bytes, 200000 lines\n", input.len());
    let outcome =
        job::run_with_input(&mut job::ranks(3, &program("launch/stdin"), [""; 0]), LIMIT, Some(input));
    assert_eq!(outcome.stdout, expected, "{}", outcome.report());
}

#[test]
fn lines_stay_whole() {
    let outcome = run(4, "launch/lines", &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.report());
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.pop(), Some("the last line has no end"));
    assert_eq!(lines.len(), 200);
    for line in lines {
        let first = line.chars().next().expect("no empty line");
        assert!(line.len() == 60 && line.chars().all(|letter| letter == first), "mixed line: {line}");
    }
}

#[test]
fn labels_name_the_rank() {
    let mut command = job::vmirun();
    command.args(["--label", "-n", "2"]).arg(program("launch/hello"));
    let outcome = job::run(&mut command, LIMIT);
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{}", outcome.report());
    for (rank, line) in lines.iter().enumerate() {
        assert!(line.ends_with(&format!("hello from {rank} of 2")) && line.len() > 17, "no label: {line}");
        assert!(line.split("hello").next().is_some_and(|label| label.contains(&rank.to_string())), "{line}");
    }
}

#[test]
fn environment_directory_and_arguments_are_passed() {
    let folder = home().join("launch");
    let mut command = job::ranks(2, &program("launch/environment"), ["one", "two words", "", "*"]);
    command.env("VMI_TEST_VALUE", "a b").current_dir(folder);
    let outcome = job::run(&mut command, LIMIT);
    let expected = "0: a b launch [one] [two words] [] [*]\n1: a b launch [one] [two words] [] [*]\n";
    assert_eq!(outcome.stdout, expected, "{}", outcome.report());
}

#[test]
fn two_programs_make_one_job() {
    let mut command = job::vmirun();
    command.args(["-n", "1"]).arg(program("launch/environment")).args(["first", ":", "-n", "2"]);
    command.arg(program("launch/environment")).arg("second");
    let outcome = job::run(&mut command, LIMIT);
    let tails: Vec<&str> = outcome.stdout.lines().filter_map(|line| line.split(" [").nth(1)).collect();
    assert_eq!(tails, ["first]", "second]", "second]"], "{}", outcome.report());
}

/// The ranks of one job may come from different MPIs.
#[test]
fn ranks_of_three_abis_work_together() {
    let builds = [Abi::Mpich, Abi::OpenMpi, Abi::Standard];
    let (have, missing): (Vec<Abi>, Vec<Abi>) = builds.iter().partition(|abi| abi.missing().is_none());
    if have.len() < 2 {
        vmi_c_tests::skip(&format!("{missing:?} are not installed, nothing to mix"));
        return;
    }
    let mut command = job::vmirun();
    for (at, &abi) in have.iter().enumerate() {
        command.args(if at > 0 { &[":", "-n", "1"][..] } else { &["-n", "1"][..] });
        command.arg(compile("mixed/mixed", abi).unwrap_or_else(|error| panic!("{error}")));
    }
    let outcome = job::run(&mut command, LIMIT);
    assert_eq!(outcome.code, Some(0), "{}", outcome.report());
    assert!(outcome.stdout.contains("rank 0 was built for MPICH"), "{}", outcome.report());
    assert!(outcome.stdout.contains("PASS"), "{}", outcome.report());
}

#[test]
fn mistakes_get_one_clear_sentence() {
    let hello = program("launch/hello");
    let hello = hello.to_str().expect("the build folder has a plain name");
    let cases: [(&[&str], &str); 6] = [
        (&["-n", "2", "./no_such_program"], "no_such_program"),
        (&["-n", "two", hello], "two"),
        (&["-n", "0", hello], "0"),
        (&["--no-such-option", hello], "--no-such-option"),
        (&["-n", "2"], "program"),
        (&["-n", "1", "/etc/hostname"], "/etc/hostname"),
    ];
    for (args, part) in cases {
        let outcome = job::run(job::vmirun().args(args), LIMIT);
        assert!(outcome.code.is_some_and(|code| code != 0), "{args:?}: {}", outcome.report());
        assert!(outcome.stderr.contains(part), "{args:?}: '{part}' is missing: {}", outcome.report());
        assert!(outcome.stderr.trim().lines().count() <= 2, "{args:?}: {}", outcome.report());
    }
}

/// Variables of a launcher that is not there: an error, not many jobs of one.
#[test]
fn a_lost_launcher_is_an_error() {
    let mut command = Command::new(program("launch/hello"));
    command.env("LD_LIBRARY_PATH", Stage::get().lib());
    command.envs([("PMI_RANK", "1"), ("PMI_SIZE", "4"), ("PMI_FD", "99")]);
    let outcome = job::run(&mut command, LIMIT);
    assert!(outcome.code.is_some_and(|code| code != 0), "{}", outcome.report());
    assert!(outcome.stderr.contains("PMI"), "{}", outcome.report());
}

/// MPICH's own launcher starts our ranks by PMI-1.
#[test]
fn hydra_starts_our_ranks() {
    let Some(mpiexec) = vmi_c_tests::find_tool("mpiexec.mpich") else {
        vmi_c_tests::skip("mpiexec.mpich is not installed");
        return;
    };
    let mut command = Command::new(mpiexec);
    command.env("LD_LIBRARY_PATH", Stage::get().lib()).args(["-n", "3"]).arg(program("launch/hello"));
    let outcome = job::run(&mut command, LIMIT);
    let lines: HashSet<&str> = outcome.stdout.lines().collect();
    assert!(lines.contains("hello from 2 of 3") && lines.len() == 3, "{}", outcome.report());
}

/// More ranks than cores, all talking: nothing collapses.
#[test]
fn many_ranks_on_few_cores_finish() {
    let outcome = run(32, "mpi/coll/subgroups", &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.report());
}
