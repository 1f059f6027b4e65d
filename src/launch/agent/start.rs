//! From a start order to running ranks.

use super::output::{Feed, Tap};
use crate::job::protocol::{to_hex, variable};
use crate::launch::libraries::Libraries;
use crate::launch::orders::{App, Binding, Start};
use crate::launch::program;
use crate::sys::fd::{self, OpenFiles};
use crate::sys::process::{self, Command, CpuSet, SpawnError, SpawnStep};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Why the ranks of a host do not run: the exit code of the job and a sentence.
#[derive(Debug)]
pub struct Failure {
    pub code: u32,
    pub reason: String,
}

/// A started rank: its process and its pipes.
pub struct Started {
    pub pid: i32,
    pub out: Tap,
    pub err: Tap,
    pub feed: Option<Feed>,
}

/// How the ranks of this host reach their agent.
pub struct Address {
    pub socket: String,
    pub ticket: [u8; 32],
}

/// A program of the job, found on this host.
struct Prepared {
    program: PathBuf,
    environment: Vec<Vec<u8>>,
}

/// Starts all local ranks. On failure the caller ends those that already run.
pub fn start_ranks(
    start: &Start,
    address: &Address,
    mut each: impl FnMut(u32, Started),
) -> Result<(), Failure> {
    let libraries = Libraries::find();
    let ranks = start.local_ranks();
    // Some descriptors for each rank; the ranks themselves keep the limit they would have had.
    let open_files = fd::raise_open_files().ok();
    let shares = share_cpus(start.binding, ranks.len());
    let mut prepared: Vec<Option<Prepared>> = start.apps.iter().map(|_| None).collect();
    for (index, &rank) in ranks.iter().enumerate() {
        let number = start.app_of[rank as usize] as usize;
        let app = &start.apps[number];
        if prepared[number].is_none() {
            prepared[number] = Some(prepare(start, app, &libraries)?);
        }
        let Some(program) = &prepared[number] else { continue };
        let identity = identity(start, address, rank, index, ranks.len());
        let wants_stdin = start.stdin_rank == Some(rank);
        each(rank, start_one(app, program, identity, shares.get(index).cloned(), open_files, wants_stdin)?);
    }
    Ok(())
}

/// The processors of each local rank; empty when ranks are not bound.
fn share_cpus(binding: Binding, ranks: usize) -> Vec<CpuSet> {
    let Ok(allowed) = process::allowed_cpus() else { return Vec::new() };
    match cpus_each(binding, ranks, allowed.cpus().len()) {
        0 => Vec::new(),
        width => {
            let shares = allowed.cpus().chunks(width).cycle();
            shares.take(ranks).map(|cpus| CpuSet::new(cpus.to_vec())).collect()
        }
    }
}

/// How many of `cpus` processors each rank gets; 0 leaves it to the scheduler.
///
/// Ranks that outnumber the processors, as many on each, take turns at them in the order of ranks: neighbours run at the
/// same time. The scheduler may keep neighbours on one processor, where one waits until the other has had its turn. Where
/// some ranks compute much more than others, `--bind none` is better: the scheduler evens that out. (4 ranks on 2
/// processors, gather of 8 bytes: 0.8 µs, 1.4 with ranks 0 and 1 on the same; gatherv of 256 KiB: 45, 33 unbound.)
fn cpus_each(binding: Binding, ranks: usize, cpus: usize) -> usize {
    let share = cpus / ranks.max(1);
    match binding {
        Binding::None => 0,
        Binding::Core => share.min(1),
        Binding::Share if ranks == 1 => 0,
        Binding::Share if share == 0 => usize::from(ranks.is_multiple_of(cpus)),
        Binding::Share => share,
    }
}

fn prepare(start: &Start, app: &App, libraries: &Libraries) -> Result<Prepared, Failure> {
    let mut environment = start.environment.clone();
    for entry in &app.environment {
        set(&mut environment, entry.clone());
    }
    let directory = app.directory.as_deref().map(|d| Path::new(OsStr::from_bytes(d)));
    let name = app.arguments.first().map(Vec::as_slice).unwrap_or_default();
    let program = program::find(name, lookup(&environment, b"PATH"), directory)?;
    for entry in libraries.environment_for(&program, &environment)? {
        set(&mut environment, entry);
    }
    Ok(Prepared { program, environment })
}

/// Sets `NAME=VALUE`, replacing an older value.
pub fn set(environment: &mut Vec<Vec<u8>>, entry: Vec<u8>) {
    let name_length = entry.iter().position(|b| *b == b'=').map_or(entry.len(), |at| at + 1);
    environment.retain(|old| !old.starts_with(&entry[..name_length]));
    environment.push(entry);
}

/// The value of a variable.
pub fn lookup<'a>(environment: &'a [Vec<u8>], name: &[u8]) -> Option<&'a [u8]> {
    environment.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
}

/// The variables by which a rank knows itself.
fn identity(start: &Start, address: &Address, rank: u32, index: usize, local: usize) -> Vec<Vec<u8>> {
    let cores = process::allowed_cpus().map_or(1, |set| set.cpus().len());
    let values = [
        (variable::SOCKET, address.socket.clone()),
        (variable::TICKET, to_hex(&address.ticket)),
        (variable::RANK, rank.to_string()),
        (variable::SIZE, start.size().to_string()),
        (variable::LOCAL_RANK, index.to_string()),
        (variable::LOCAL_SIZE, local.to_string()),
        (variable::CORES, cores.to_string()),
    ];
    values.map(|(name, value)| format!("{name}={value}").into_bytes()).to_vec()
}

fn start_one(
    app: &App,
    prepared: &Prepared,
    identity: Vec<Vec<u8>>,
    cpus: Option<CpuSet>,
    open_files: Option<OpenFiles>,
    wants_stdin: bool,
) -> Result<Started, Failure> {
    let resources = |error: io::Error| Failure { code: 1, reason: format!("cannot start a rank: {error}") };
    let (out_reader, out_writer) = io::pipe().map_err(resources)?;
    let (err_reader, err_writer) = io::pipe().map_err(resources)?;
    let (stdin, feed) = make_stdin(wants_stdin).map_err(resources)?;
    let environment = prepared.environment.iter().cloned().chain(identity);
    let command = Command {
        program: c_string(prepared.program.as_os_str().as_bytes().to_vec())?,
        arguments: app.arguments.iter().cloned().map(c_string).collect::<Result<_, _>>()?,
        environment: environment.map(c_string).collect::<Result<_, _>>()?,
        directory: app.directory.clone().map(c_string).transpose()?,
        stdio: [stdin.as_raw_fd(), out_writer.as_raw_fd(), err_writer.as_raw_fd()],
        cpus,
        open_files,
        new_group: true,
        parent_death_signal: libc::SIGKILL,
    };
    let pid = process::spawn(&command).map_err(|error| explain(&command, &prepared.program, error))?;
    let tap = |pipe: io::PipeReader| Tap::new(OwnedFd::from(pipe), wants_stdin).map_err(resources);
    Ok(Started { pid, out: tap(out_reader)?, err: tap(err_reader)?, feed })
}

fn make_stdin(wanted: bool) -> io::Result<(OwnedFd, Option<Feed>)> {
    if !wanted {
        return Ok((OwnedFd::from(File::open("/dev/null")?), None));
    }
    let (reader, writer) = io::pipe()?;
    Ok((OwnedFd::from(reader), Some(Feed::new(OwnedFd::from(writer))?)))
}

fn c_string(bytes: Vec<u8>) -> Result<CString, Failure> {
    CString::new(bytes).map_err(|error| Failure {
        code: 1,
        reason: format!(
            "argument or variable {:?} contains a zero byte",
            OsStr::from_bytes(&error.into_vec())
        ),
    })
}

fn explain(command: &Command, program: &Path, failure: SpawnError) -> Failure {
    let error = &failure.error;
    let program = program.display();
    match failure.step {
        SpawnStep::Directory => {
            let directory = command.directory.as_ref().map(|d| d.to_string_lossy().into_owned());
            let reason = format!("cannot enter the directory {}: {error}", directory.unwrap_or_default());
            Failure { code: 126, reason }
        }
        SpawnStep::Execute if error.kind() == io::ErrorKind::NotFound => Failure {
            code: 127,
            reason: format!("cannot run {program}: the interpreter it names does not exist"),
        },
        SpawnStep::Execute => Failure { code: 126, reason: format!("cannot run {program}: {error}") },
        SpawnStep::Clone | SpawnStep::Stdio => {
            Failure { code: 1, reason: format!("cannot start {program}: {error}") }
        }
    }
}

/// The inherited environment without the traces of other launchers, as `NAME=VALUE`.
pub fn own_environment() -> Vec<Vec<u8>> {
    let ours = std::env::vars_os()
        .filter(|(name, _)| name.to_str().is_none_or(|name| !crate::job::is_foreign_variable(name)));
    let join = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        [name.into_vec(), b"=".to_vec(), value.into_vec()].concat()
    };
    ours.map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_shared_equally() {
        let allowed = process::allowed_cpus().unwrap().cpus().len();
        assert_eq!(share_cpus(Binding::Core, allowed).len(), allowed);
        assert_eq!(share_cpus(Binding::None, 1), []);
        assert_eq!(share_cpus(Binding::Share, 1), []);
    }

    #[test]
    fn ranks_that_outnumber_processors_take_turns_at_them_if_that_is_fair() {
        let widths = [1, 2, 3, 4, 5, 8, 9].map(|ranks| cpus_each(Binding::Share, ranks, 4));
        assert_eq!(widths, [0, 2, 1, 1, 0, 1, 0]);
        let allowed = process::allowed_cpus().unwrap().cpus().len();
        let twice = share_cpus(Binding::Share, 2 * allowed);
        assert_eq!(twice.len(), 2 * allowed);
        assert_eq!(twice[..allowed], twice[allowed..]);
    }

    #[test]
    fn a_later_value_replaces_an_earlier() {
        let mut environment = vec![b"A=1".to_vec(), b"AB=2".to_vec()];
        set(&mut environment, b"A=3".to_vec());
        assert_eq!(lookup(&environment, b"A"), Some(&b"3"[..]));
        assert_eq!(lookup(&environment, b"AB"), Some(&b"2"[..]));
        assert_eq!((environment.len(), lookup(&environment, b"C")), (2, None));
    }
}
