//! Remote memory over the libfabric device: puts and gets pass by the frames where they may, nowhere else, and arrive in
//! order and whole whatever becomes of the network.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use vmi_c_tests::hosts::{Hosts, ip};
use vmi_c_tests::job::{self, Outcome};
use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::stage::Stage;
use vmi_c_tests::{root, skip};

const LIMIT: Duration = Duration::from_secs(100);
const PROGRAM: &str = "vmi/memory";

/// A folder with the compiled device, configurations and marks; gone when dropped.
struct Folder(PathBuf);

impl Folder {
    /// None where libfabric is not installed.
    fn new() -> Option<Folder> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !Path::new("/usr/include/rdma/fabric.h").exists() {
            skip("the headers of libfabric are not installed");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("vmi-rdma-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        let folder = Folder(path);
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-fPIC", "-shared", "-I"]).arg(root().join("include")).arg("-o").arg(folder.device());
        let made = cc.arg(root().join("src/devices/libfabric/libfabric.c")).output().expect("cc runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(folder)
    }

    fn device(&self) -> PathBuf {
        self.0.join("libfabric.so")
    }

    /// `VMI_CONFIG=` a file of one network over libfabric, and of others.
    fn config(&self, options: &str, others: &str) -> String {
        let device = self.device();
        let line =
            format!("fabric plugin path={} provider=tcp;ofi_rxm {options}\n{others}\n", device.display());
        let file = self.0.join(format!("{}.conf", line.len()));
        std::fs::write(&file, line).expect("the folder can be written");
        format!("VMI_CONFIG={}", file.display())
    }

    fn mark(&self) -> PathBuf {
        self.0.join("moving")
    }

    /// Waits until the program has made its first round, or is over.
    fn wait_for_mark(&self, over: impl Fn() -> bool) {
        while !self.mark().exists() && !over() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start(environment: &[&str], arguments: &[&str]) -> Command {
    let program = compile(PROGRAM, Abi::Vmi).unwrap_or_else(|why| panic!("{why}"));
    let mut command = job::vmirun();
    command.args(["-n", "2"]);
    for variable in environment {
        command.args(["-x", variable]);
    }
    command.arg(program).args(arguments);
    command
}

/// The network cannot be had on this machine.
fn is_missing(outcome: &Outcome) -> bool {
    let missing = ["libfabric is not installed", "no provider of libfabric"];
    let found = missing.iter().any(|part| outcome.stderr.contains(part));
    if found {
        skip("this machine's libfabric has no tcp provider");
    }
    found
}

fn passes(environment: &[&str], arguments: &[&str]) {
    let outcome = job::run(&mut start(environment, arguments), LIMIT);
    if !is_missing(&outcome) {
        let right = outcome.code == Some(0) && outcome.stdout.contains("PASS");
        assert!(right, "{environment:?} {arguments:?}: {}", outcome.report());
    }
}

#[test]
fn large_puts_and_gets_pass_by_the_frames() {
    let Some(folder) = Folder::new() else { return };
    let config = folder.config("interface=lo", "");
    passes(&[&config], &["rdma"]);
    passes(&[&folder.config("interface=127.0.0.1 rdma=on", "")], &["rdma"]);
}

#[test]
fn nothing_passes_by_the_frames_where_it_must_not() {
    let Some(folder) = Folder::new() else { return };
    let on = folder.config("interface=lo", "");
    passes(&[&folder.config("interface=lo rdma=off", "")], &["frames"]);
    for chain in ["crypt", "checksum,compress"] {
        passes(&[&on, &format!("VMI_CHAIN={chain}")], &["frames"]);
    }
    // Within a host there is shared memory.
    passes(&[&folder.config("interface=lo", "shm shm")], &["frames"]);
}

#[test]
fn while_crypt_is_attached_nothing_passes_by_it() {
    let Some(folder) = Folder::new() else { return };
    passes(&[&folder.config("interface=lo", "")], &["crypt"]);
}

/// Numbers of the line `puts N gets N failed N`.
fn account(output: &str) -> Vec<u64> {
    let line = output.lines().find(|line| line.starts_with("puts ")).unwrap_or("");
    line.split(' ').filter_map(|word| word.parse().ok()).collect()
}

/// A job that is killed when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        job::kill_group(self.0.id());
        let _ = self.0.wait();
    }
}

#[test]
fn an_operator_takes_the_network_away_and_gives_it_back() {
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    let Some(folder) = Folder::new() else { return };
    let config = folder.config("interface=lo", "tcp tcp interface=lo");
    let mark = format!("T_MOVING={}", folder.mark().display());
    let mut command = start(&[&config, &mark], &["long", "180"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut job = Running(command.spawn().expect("vmirun starts"));
    let _end = job::end_after(job.0.id(), LIMIT);
    let pid = job.0.id().to_string();
    let began = Instant::now();
    folder.wait_for_mark(|| began.elapsed() > LIMIT);
    let vmi = |verb: &str, arguments: &str| {
        let mut command = Command::new(Stage::get().vmi());
        command.args([verb, &pid]).args(arguments.split(' '));
        job::run(&mut command, Duration::from_secs(30))
    };
    let status = vmi("status", "--json");
    assert!(status.stdout.contains("\"rdma\":{\"puts\":"), "{}", status.report());
    let mut changes = 0;
    while matches!(job.0.try_wait(), Ok(None)) && changes < 10 {
        let change = if changes % 2 == 0 { "down fabric" } else { "up fabric" };
        changes += i32::from(vmi("network", change).code == Some(0));
        std::thread::sleep(Duration::from_millis(150));
    }
    assert!(changes > 1, "the job was over after {changes} changes");
    let status = job.0.wait().expect("vmirun ends");
    let (mut out, mut err) = (String::new(), String::new());
    job.0.stdout.take().map(|mut pipe| pipe.read_to_string(&mut out));
    job.0.stderr.take().map(|mut pipe| pipe.read_to_string(&mut err));
    assert!(status.success() && out.contains("PASS"), "after {changes} changes: {status}\n{out}{err}");
    let [puts, gets, _] = account(&out)[..] else { panic!("no account: {out}") };
    assert!(puts > 0 && gets > 0, "{out}");
    println!("{changes} changes: {}", out.trim());
}

/// libfabric uses an interface that is up when the job starts.
fn wait_for_cable(host: &str) {
    let is_up = || {
        let shown = Command::new("ip").args(["-n", host, "link", "show", "a0"]).output();
        shown.is_ok_and(|shown| String::from_utf8_lossy(&shown.stdout).contains("state UP"))
    };
    let began = Instant::now();
    while !is_up() && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Cables are pulled, packets vanish, connections are reset while operations are under way.
#[test]
fn what_a_broken_network_had_begun_is_repeated() {
    let Some(hosts) = Hosts::with_two_networks(31) else { return };
    let Some(folder) = Folder::new() else { return };
    let config = folder.config("interface=a0", "b tcp interface=b0");
    let mark = format!("T_MOVING={}", folder.mark().display());
    hosts.names.iter().for_each(|host| wait_for_cable(host));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let job = scope.spawn(|| {
            let environment = [config.as_str(), &mark, "VMI_DEAD_AFTER=300", "T_KEY=cables"];
            let outcome = hosts.run(1, PROGRAM, &environment, &["long", "400"], LIMIT);
            over.store(true, Ordering::SeqCst);
            outcome
        });
        let is_over = || over.load(Ordering::SeqCst);
        folder.wait_for_mark(is_over);
        let (a, b) = (&hosts.names[0], &hosts.names[1]);
        let peers = [(a, "10.97.31.2"), (b, "10.97.31.1")];
        let mut cuts = 0;
        for round in 0..12 {
            if is_over() {
                break;
            }
            std::thread::sleep(Duration::from_millis(60 + 37 * round));
            match round % 3 {
                0 => drop(
                    Command::new("ip").args(["netns", "exec", a, "ss", "-K", "dst", peers[0].1]).output(),
                ),
                1 => {
                    hosts.plug(0, 'a', "down");
                    std::thread::sleep(Duration::from_millis(300));
                    hosts.plug(0, 'a', "up");
                }
                _ => {
                    for (host, peer) in peers {
                        let wrong = "lladdr 02:00:00:00:00:99 dev a0 nud permanent";
                        assert!(ip(&format!("-n {host} neigh replace {peer} {wrong}")));
                    }
                    // Once for longer than anybody waits.
                    std::thread::sleep(Duration::from_millis(if round == 5 { 7000 } else { 400 }));
                    peers.iter().for_each(|(host, peer)| {
                        ip(&format!("-n {host} neigh del {peer} dev a0"));
                    });
                }
            }
            cuts += 1;
        }
        let outcome = job.join().expect("the job was run");
        if is_missing(&outcome) {
            return;
        }
        let right = outcome.code == Some(0) && outcome.stdout.contains("PASS");
        assert!(right, "after {cuts} cuts: {}", outcome.report());
        println!("{cuts} cuts in {:.1} s: {}", outcome.seconds, outcome.stdout.trim());
        assert!(cuts > 0 && account(&outcome.stdout).first().is_some_and(|puts| *puts > 0));
    });
}
