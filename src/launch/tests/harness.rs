//! Running `vmirun` from a test, with a limit, and finding what it left behind.
//!
//! Every job carries a mark in its environment, so that its processes can be told from those of other tests.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Far more than any test needs; a test that runs into it has failed.
pub const LIMIT: Duration = Duration::from_secs(60);

const MARK: &str = "VMI_TEST_MARK";

/// The result of a job.
pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A job being prepared.
pub struct Job {
    pub command: Command,
    pub mark: String,
}

/// The program that joins a job and does what it is told.
pub fn probe() -> String {
    // Examples lie beside the directory of the test programs.
    let tests = std::env::current_exe().expect("own file");
    let target = tests.parent().and_then(|deps| deps.parent()).expect("target directory");
    let path = target.join("examples/job_probe");
    assert!(path.exists(), "{} is not built (cargo build --examples)", path.display());
    path.to_string_lossy().into_owned()
}

pub fn vmirun() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_vmirun"))
}

/// `vmirun` with these arguments; `PROBE` stands for the probe.
pub fn job(arguments: &[&str]) -> Job {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mark = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut command = Command::new(vmirun());
    command.args(arguments.iter().map(|a| if *a == "PROBE" { probe() } else { a.to_string() }));
    command.env(MARK, &mark).env_remove("VMI_SINGLETON").stdin(Stdio::null());
    Job { command, mark }
}

/// Runs a job to its end and checks that nothing of it is left.
pub fn run(arguments: &[&str]) -> Outcome {
    job(arguments).run()
}

impl Job {
    pub fn run(mut self) -> Outcome {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.command.spawn().expect("vmirun starts");
        let outcome = finish(child);
        assert_eq!(processes(&self.mark), Vec::<i32>::new(), "processes left by {:?}", self.command);
        outcome
    }

    /// Starts a job whose output is read line by line.
    pub fn start(mut self) -> Running {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("vmirun starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        Running { child, lines, mark: self.mark }
    }
}

/// A job in progress.
pub struct Running {
    pub child: Child,
    lines: BufReader<std::process::ChildStdout>,
    pub mark: String,
}

impl Running {
    /// The next line of output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("output is text");
        line.trim_end().to_string()
    }

    pub fn signal(&self, signal: i32) {
        vmi::sys::process::kill(self.child.id() as i32, signal).expect("vmirun is there");
    }

    /// Closes the output and waits for the end.
    pub fn finish_without_reading(self) -> Outcome {
        drop(self.lines);
        finish(self.child)
    }

    pub fn finish(self) -> Outcome {
        let Running { mut child, mut lines, .. } = self;
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).map(|_| rest).unwrap_or_default()
        });
        child.stdout = None;
        let mut outcome = finish(child);
        outcome.out = rest.join().expect("reader");
        outcome
    }
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.map(|mut stream| stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn finish(mut child: Child) -> Outcome {
    use std::os::unix::process::ExitStatusExt;
    let (out, err) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        match child.try_wait().expect("wait") {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                let _ = child.kill();
                panic!("the job hangs: {}{}", out.join().unwrap_or_default(), err.join().unwrap_or_default());
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Outcome { code, out: out.join().expect("reader"), err: err.join().expect("reader") }
}

/// The running processes that carry a mark.
pub fn processes(mark: &str) -> Vec<i32> {
    let wanted = format!("{MARK}={mark}\0").into_bytes();
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let marked = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        [&environment[..], b"\0"].concat().windows(wanted.len()).any(|window| window == wanted)
    };
    pids.filter(marked).collect()
}

/// Whether an abstract socket of this name exists.
pub fn socket_exists(name: &str) -> bool {
    std::fs::read_to_string("/proc/net/unix").expect("/proc/net/unix").contains(&format!("@{name}"))
}

/// Waits for something that must come true by itself.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
