//! A command run to its end or to its time limit; what it wrote is kept.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::Abi;
use crate::stage::Stage;

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// None: it ran past its time limit and was killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub seconds: f64,
}

impl Outcome {
    /// Everything a reader needs after a failure.
    pub fn report(&self) -> String {
        let code = self.code.map_or("killed at its time limit".into(), |code| format!("exit code {code}"));
        format!(
            "{code} after {:.1} s\n--- stdout\n{}--- stderr\n{}",
            self.seconds,
            tail(&self.stdout),
            tail(&self.stderr)
        )
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(40);
    lines[from..].iter().map(|line| format!("{line}\n")).collect()
}

/// `vmirun` on the staged libraries, with the variables it needs.
pub fn vmirun() -> Command {
    let stage = Stage::get();
    let mut command = Command::new(stage.vmirun());
    command.env("VMI_LIB_DIR", stage.lib());
    command
}

/// `vmirun -n RANKS PROGRAM ARGS…`
pub fn ranks<S: Into<OsString>>(count: usize, program: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = vmirun();
    command.arg("-n").arg(count.to_string()).arg(program);
    command.args(args.into_iter().map(Into::into));
    command
}

/// The same program under the MPI it was built for, when that is installed.
pub fn reference<S: Into<OsString>>(
    abi: Abi,
    count: usize,
    program: &Path,
    args: impl IntoIterator<Item = S>,
) -> Option<Command> {
    let tool = match abi {
        Abi::Standard | Abi::Vmi => return None,
        Abi::Mpich => "mpiexec.mpich",
        Abi::OpenMpi => "mpiexec.openmpi",
    };
    let mut command = Command::new(crate::find_tool(tool)?);
    if abi == Abi::OpenMpi {
        command.args(["--allow-run-as-root", "--oversubscribe", "--mca", "btl", "self,vader"]);
    }
    command.arg("-n").arg(count.to_string()).arg(program);
    command.args(args.into_iter().map(Into::into));
    Some(command)
}

/// Runs the command in a process group of its own; at the limit the whole group is killed.
pub fn run(command: &mut Command, limit: Duration) -> Outcome {
    run_with_input(command, limit, None)
}

pub fn run_with_input(command: &mut Command, limit: Duration, input: Option<Vec<u8>>) -> Outcome {
    let start = Instant::now();
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => panic!("cannot start {command:?}: {error}"),
    };
    if let (Some(text), Some(mut pipe)) = (input, child.stdin.take()) {
        // A job that does not read its input breaks the pipe: that is no failure.
        thread::spawn(move || drop(pipe.write_all(&text)));
    }
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let code = wait(&mut child, limit);
    Outcome {
        code,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
        seconds: start.elapsed().as_secs_f64(),
    }
}

fn collect<R: Read + Send + 'static>(pipe: Option<R>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Polls, because the standard library has no wait with a limit.
fn wait(child: &mut Child, limit: Duration) -> Option<i32> {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                return Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
            }
            Ok(None) if Instant::now() < end => thread::sleep(pause),
            _ => break,
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    kill_group(child.id());
    let _ = child.wait();
    None
}

/// Ends a command that we started as the leader of its own group.
pub fn kill_group(leader: u32) {
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).stderr(Stdio::null()).status();
}

/// From now on a command that we started as the leader of its own group is ended after `limit`, with a look at the job
/// it may be, so that a test that waits for it fails. Until the sender is dropped.
pub fn end_after(leader: u32, limit: Duration) -> Sender<()> {
    let (end, ended) = channel();
    thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let look = run(Command::new(Stage::get().vmi()).args(["status", &leader.to_string()]), limit);
            eprintln!("process {leader} has not ended after {limit:?}; vmi status: {}", look.report());
            kill_group(leader);
        }
    });
    end
}
