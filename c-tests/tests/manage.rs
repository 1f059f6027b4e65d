//! `vmi` on running jobs: what it shows, what it changes, whom it refuses, and that the program's result is the same.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use vmi_c_tests::hosts::Hosts;
use vmi_c_tests::job::{self, Outcome};
use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::stage::Stage;
use vmi_c_tests::{find_tool, home, root, skip};

const LIMIT: Duration = Duration::from_secs(60);
const WORK: &str = "live/work";

/// One job at a time: a rank that computes needs a processor, and the tests rely on it to do so for long enough.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A job that is killed when the test fails, or when it takes too long.
struct Job {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Dropped with the job.
    _end: Sender<()>,
}

impl Job {
    /// Starts `live/work`, which computes first; it is left when it does.
    fn start(ranks: usize, arguments: &[&str]) -> Job {
        let program = compile(WORK, Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
        let mut command = job::ranks(ranks, &program, arguments);
        command.env("VMI_CONFIG", home().join("network/pair.conf"));
        Job::of(&mut command)
    }

    fn of(command: &mut Command) -> Job {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("vmirun starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut job = Job { _end: job::end_after(child.id(), LIMIT), child, out };
        job.until("computing");
        job
    }

    /// Reads until the program says `word`.
    fn until(&mut self, word: &str) -> String {
        let mut line = String::new();
        while !line.starts_with(word) {
            line.clear();
            let got = self.out.read_line(&mut line).expect("output is text");
            assert!(got > 0, "the job ended before it said {word}");
        }
        line.trim().to_string()
    }

    /// `vmi VERB JOB ARGUMENTS…`
    fn vmi(&self, verb: &str, arguments: &str) -> Outcome {
        let mut command = Command::new(Stage::get().vmi());
        command.arg(verb).arg(self.child.id().to_string()).args(arguments.split_whitespace());
        job::run(&mut command, LIMIT)
    }

    fn does(&self, verb: &str, arguments: &str) -> String {
        let outcome = self.vmi(verb, arguments);
        assert!(outcome.code == Some(0), "vmi {verb} {arguments}: {}", outcome.report());
        outcome.stdout
    }

    /// It is refused with the code, and says so.
    fn refuses(&self, verb: &str, arguments: &str, code: i32, part: &str) {
        let outcome = self.vmi(verb, arguments);
        assert!(outcome.code == Some(code), "vmi {verb} {arguments}: {}", outcome.report());
        assert!(outcome.stderr.contains(part), "vmi {verb} {arguments}: {}", outcome.report());
    }

    fn result(mut self) -> String {
        let result = self.until("result");
        assert!(self.child.wait().expect("vmirun ends").success());
        result
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        job::kill_group(self.child.id());
        let _ = self.child.wait();
    }
}

/// What they hold is checked by the program itself. (Each rank sends 5600 frames in this way; scattered messages, which need
/// not be cold, make 900 of them at most.)
#[test]
fn messages_in_no_cache_pass_through_bounce_buffers() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 || !cfg!(target_arch = "x86_64") {
        return skip("bounce buffers need a processor for each of two ranks, and an x86-64 clock");
    }
    let _alone = alone();
    let program = compile("mpi/p2p/cold", Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
    let mut job = Job::of(&mut job::ranks(2, &program, ["6000"]));
    let status = job.does("status", "--json");
    let frames = |line: &str| line.split("\"bounced\":").nth(1)?.split('}').next()?.parse::<u64>().ok();
    let frames: Vec<u64> = status.lines().filter_map(frames).collect();
    assert!(frames.len() == 2 && frames.iter().all(|frames| *frames >= 3000), "{frames:?}: {status}");
    job.until("PASS");
}

#[test]
fn a_job_that_computes_is_shown_and_changed_and_its_result_is_the_same() {
    let _alone = alone();
    let undisturbed = Job::start(3, &["0", "300", "0"]).result();
    let job = Job::start(3, &["6000", "300", "2"]);
    let status = job.does("status", "--json");
    // Ranks that have not opened their door yet were asked through others, over connections live for a moment.
    assert_eq!((status.lines().count(), status.matches("\"route\":").count()), (3, 6), "{status}");
    assert!(job.does("attach", "pass").starts_with("attached pass: 3 connections"));
    let status = job.does("status", "--json");
    assert_eq!(status.matches("\"send\":[{\"name\":\"pass\"").count(), 6, "{status}");
    assert_eq!(status.matches("\"route\":\"live\"").count(), 6, "{status}");
    assert_eq!(status.matches("\"sent\":0").count(), 12, "the program was to compute all the time: {status}");
    assert!(job.does("devices", "").contains("pass"));
    job.does("detach", "pass");
    assert!(job.does("devices", "").starts_with("no device"));
    for request in ["up tcp", "down shm"] {
        let told = job.does("network", &format!("{request} --json"));
        assert!(told.contains("\"settled\":true"), "network {request}: {told}");
    }
    let status = job.does("status", "--json");
    assert_eq!(
        status.matches("{\"name\":\"shm\",\"device\":\"shm\",\"state\":\"down\",").count(),
        3,
        "{status}"
    );
    job.does("network", "up shm");
    for round in ["profile", "checksum", "compress", "crypt", "pass"] {
        job.does("attach", round);
        job.does("attach", &format!("{round} --ranks 0 --peers 2"));
        assert!(job.does("status", "").contains(round));
        job.does("detach", "all");
    }
    assert_eq!(job.result(), undisturbed);
}

#[test]
fn what_is_refused_changes_nothing() {
    let _alone = alone();
    let job = Job::start(2, &["1000", "10", "0"]);
    job.refuses("attach", "nonsense", 1, "no filter 'nonsense'");
    job.refuses("attach", "/no/such/device.so", 1, "nothing has changed");
    job.refuses("attach", "crypt colour=red", 1, "no option 'colour'");
    job.refuses("attach", "pass --ranks 7", 2, "no rank 7");
    job.refuses("detach", "pass", 1, "none of these connections");
    job.refuses("network", "down shm", 1, "nothing else reaches rank");
    job.refuses("network", "up ether", 1, "no network ether");
    assert!(job.does("devices", "").starts_with("no device"));
    let status = job.does("status", "--json");
    assert_eq!(status.matches("\"state\":\"up\"").count() % 2, 0, "{status}");
    job.result();
    let gone = job::run(Command::new(Stage::get().vmi()).args(["status", "nosuchjob"]), LIMIT);
    assert_eq!(gone.code, Some(3), "{}", gone.report());
}

#[test]
fn a_process_without_a_control_socket_is_not_found() {
    let _alone = alone();
    let program = compile(WORK, Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
    let job = Job::of(job::ranks(2, &program, ["500"]).env("VMI_CONTROL", "0"));
    job.refuses("status", "", 3, "there is no job");
    job.result();
}

/// The names under which the processes of `job` listen.
fn addresses(job: &Job) -> Vec<String> {
    let status = job.does("status", "--json");
    let sockets = std::fs::read_to_string("/proc/net/unix").expect("the kernel lists unix sockets");
    let pids: Vec<&str> =
        status.lines().filter_map(|l| l.split("\"pid\":").nth(1)?.split(',').next()).collect();
    let names = sockets.lines().filter(|l| l.contains(" 00010000 ")).filter_map(|l| l.split('@').nth(1));
    let ours = names.filter(|n| n.starts_with("vmi/") && pids.iter().any(|p| n.ends_with(&format!("/{p}"))));
    ours.map(String::from).collect()
}

fn connect(name: &str) -> Option<UnixStream> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).expect("a name")).ok()
}

/// What is attached sees the collectives too: they leave the shared board for as long, and come back to it.
#[test]
fn devices_come_and_go_while_ranks_meet_on_a_board() {
    let _alone = alone();
    let program = compile("mpi/coll/board", Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
    let mut job = Job::of(&mut job::ranks(3, &program, ["100", "6"]));
    for device in ["pass", "profile", "crypt", "pass --ranks 0 --peers 2"] {
        job.does("attach", device);
        std::thread::sleep(Duration::from_millis(300));
        assert!(job.does("status", "--json").contains("\"route\":\"live\""));
        job.does("detach", "all");
        std::thread::sleep(Duration::from_millis(300));
    }
    job.until("PASS");
    assert!(job.child.wait().expect("vmirun ends").success());
}

#[test]
fn hostile_clients_neither_crash_nor_hang_a_job() {
    let _alone = alone();
    let undisturbed = Job::start(2, &["0", "200", "1"]).result();
    let job = Job::start(2, &["1500", "200", "1"]);
    let names = addresses(&job);
    assert_eq!(names.len(), 2);
    let mut crowd = Vec::new();
    for (at, name) in (0..1000).zip(names.iter().cycle()) {
        let Some(mut socket) = connect(name) else { continue };
        let _ = socket.set_write_timeout(Some(Duration::from_millis(20)));
        let _ = match at % 5 {
            0 => socket.write_all(&vec![b'x'; 20_000]),
            1 => socket.write_all(b"stat"),
            2 => socket.write_all(&[0, 255, b'\n', 0x80]),
            3 => socket.write_all(b"attach 0-4294967295 pass =\nrelay 1 relay 0 x\nreply 9\nevents -1\n"),
            _ => Ok(()),
        };
        crowd.push(socket);
    }
    drop(crowd);
    assert!(job.does("status", "").contains("rank 1"));
    assert_eq!(job.result(), undisturbed);
}

const NOBODY: u32 = 65534;

#[test]
fn another_user_is_refused() {
    let _alone = alone();
    let job = Job::start(1, &["5000", "1"]);
    let name = addresses(&job).remove(0);
    let (Some(cc), Some(id)) = (find_tool("cc"), find_tool("id")) else {
        return skip("no C compiler");
    };
    if !Command::new(id).uid(NOBODY).stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        return skip("another user cannot be acted as (needs root)");
    }
    let knock = std::env::temp_dir().join(format!("vmi-knock-{}", std::process::id()));
    let built = Command::new(cc).arg("-o").args([&knock, &home().join("live/knock.c")]).status();
    assert!(built.is_ok_and(|s| s.success()));
    let ours = job::run(Command::new(&knock).arg(&name), LIMIT);
    let theirs = job::run(Command::new(&knock).arg(&name).uid(NOBODY), LIMIT);
    let _ = std::fs::remove_file(&knock);
    assert!(ours.stdout.starts_with("{\"ok\":true"), "{}", ours.report());
    assert!(theirs.stdout.contains("you are user 65534"), "{}", theirs.report());
    let tool = std::env::temp_dir().join(format!("vmi-of-nobody-{}", std::process::id()));
    std::fs::copy(Stage::get().vmi(), &tool).expect("a copy that others can reach");
    let outcome = job::run(Command::new(&tool).args(["status"]).uid(NOBODY), LIMIT);
    let _ = std::fs::remove_file(&tool);
    assert!(outcome.code == Some(3) && outcome.stdout.is_empty(), "{}", outcome.report());
    job.result();
}

#[test]
fn watch_tells_what_happens() {
    let _alone = alone();
    let job = Job::start(2, &["2500", "100", "1"]);
    let mut command = Command::new(Stage::get().vmi());
    command.arg("watch").arg(job.child.id().to_string()).args(["--interval", "0.2", "--json"]);
    let mut watch = command.stdout(Stdio::piped()).spawn().expect("vmi starts");
    // Its first line says that it watches.
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe"));
    let mut text = String::new();
    lines.read_line(&mut text).expect("a line");
    job.does("attach", "pass");
    job.result();
    lines.read_to_string(&mut text).expect("text");
    assert!(watch.wait().expect("watch ends").success());
    for part in ["send epoch 1: pass", "receive epoch 1: pass", "\"kind\":\"rate\"", "\"kind\":\"end\""] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

/// From one of two hosts all ranks are reached, also those that compute; only the connections between the hosts get
/// the device.
#[test]
fn a_job_on_two_hosts_is_changed_from_one() {
    let _alone = alone();
    let Some(hosts) = Hosts::make(41) else { return };
    let [a, b] = &hosts.names;
    let program = compile(WORK, Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
    let mut command = job::vmirun();
    command.current_dir(root()).args([
        "--hosts",
        &format!("{a}:2,{b}:2"),
        "--launch-agent",
        "ip netns exec %h",
    ]);
    command.arg("-x").arg(format!("VMI_LIB_DIR={}", Stage::get().lib().display())).args(["-n", "4"]);
    let job = Job::of(command.arg(program).args(["6000", "100", "1"]));
    let vmi = |arguments: &str| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", b]).arg(Stage::get().vmi()).args(arguments.split(' '));
        let outcome = job::run(&mut command, LIMIT);
        assert!(outcome.code == Some(0), "vmi {arguments}: {}", outcome.report());
        outcome.stdout
    };
    assert!(vmi("jobs").contains("2-3"));
    assert_eq!(vmi("status --json").lines().count(), 4);
    assert!(vmi("attach crypt --peers remote").starts_with("attached crypt: 4 connections"));
    let status = vmi("status --json");
    assert_eq!(status.matches("\"send\":[{\"name\":\"crypt\"").count(), 8, "{status}");
    assert_eq!(
        status.matches("\"frames\":0").count(),
        16,
        "the program was to compute all the time: {status}"
    );
    vmi("attach pass --peers local");
    let status = vmi("status --json");
    assert_eq!(status.matches("\"send\":[{\"name\":\"pass\"").count(), 4, "{status}");
    vmi("detach all");
    assert!(vmi("devices").starts_with("no device"));
    vmi("attach crypt --peers remote");
    job.result();
}

/// What is attached, and networks that come and go, while collectives go over the leaders of two hosts: all that leaders
/// send to each other, and what the ranks of a host share.
#[test]
fn devices_and_networks_come_and_go_while_leaders_meet() {
    let _alone = alone();
    let Some(hosts) = Hosts::with_two_networks(42) else { return };
    let [a, b] = &hosts.names;
    let program = compile("mpi/coll/board", Abi::Standard).unwrap_or_else(|why| panic!("{why}"));
    let mut command = job::vmirun();
    command.current_dir(home()).args(["--hosts", &format!("{a}:3,{b}:3")]);
    command.args(["--launch-agent", "ip netns exec %h", "-x", "VMI_CONFIG=network/two.conf"]);
    command.arg("-x").arg(format!("VMI_LIB_DIR={}", Stage::get().lib().display())).args(["-n", "6"]);
    let mut job = Job::of(command.arg(program).args(["100", "8"]));
    let vmi = |arguments: &str| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", b]).arg(Stage::get().vmi()).args(arguments.split(' '));
        let outcome = job::run(&mut command, LIMIT);
        assert!(outcome.code == Some(0), "vmi {arguments}: {}", outcome.report());
        std::thread::sleep(Duration::from_millis(100));
    };
    for device in ["crypt --peers remote", "pass", "checksum --peers local", "profile --ranks 0 --peers 3"] {
        vmi(&format!("attach {device}"));
        vmi("detach all");
    }
    for network in ["a", "b", "shm"] {
        vmi(&format!("network down {network}"));
        vmi("attach pass");
        vmi(&format!("network up {network}"));
        vmi("detach all");
    }
    job.until("PASS");
    assert!(job.child.wait().expect("vmirun ends").success());
}
