//! Processes: starting them so that they cannot outlive their parent, ending them, learning how they ended.
//!
//! A child is started with `clone(CLONE_VM | CLONE_VFORK)`: the parent waits until the child has called `execve`, no
//! page table is copied, and a failed `execve` reports its error through the shared memory.
#![allow(unsafe_code, reason = "clone, signals and wait")]

use super::fd::{OpenFiles, check};
use super::signal::SignalSet;
use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// A set of processors, as large as the kernel's largest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CpuSet(Vec<usize>);

impl CpuSet {
    pub fn new(mut cpus: Vec<usize>) -> CpuSet {
        cpus.sort_unstable();
        cpus.dedup();
        CpuSet(cpus)
    }

    pub fn cpus(&self) -> &[usize] {
        &self.0
    }

    fn mask(&self) -> [u64; CPU_WORDS] {
        let mut mask = [0; CPU_WORDS];
        for &cpu in &self.0 {
            if let Some(word) = mask.get_mut(cpu / 64) {
                *word |= 1 << (cpu % 64);
            }
        }
        mask
    }
}

const CPU_WORDS: usize = 128;

/// The processors this process may run on.
pub fn allowed_cpus() -> io::Result<CpuSet> {
    let mut mask = [0u64; CPU_WORDS];
    // SAFETY: the pointer and the size describe `mask`; glibc's type is only a smaller view of the same bits.
    check(unsafe { libc::sched_getaffinity(0, mem::size_of_val(&mask), mask.as_mut_ptr().cast()) })?;
    let cpus = (0..CPU_WORDS * 64).filter(|cpu| mask[cpu / 64] >> (cpu % 64) & 1 == 1).collect();
    Ok(CpuSet(cpus))
}

/// Everything a new process needs; complete before the process exists, because the child must not allocate.
pub struct Command {
    pub program: CString,
    pub arguments: Vec<CString>,
    pub environment: Vec<CString>,
    pub directory: Option<CString>,
    /// Becomes descriptors 0, 1 and 2.
    pub stdio: [RawFd; 3],
    pub cpus: Option<CpuSet>,
    /// The child's limits, where this process has raised its own.
    pub open_files: Option<OpenFiles>,
    /// Leads a process group of its own, so that a terminal's signals reach only the launcher.
    pub new_group: bool,
    /// Sent to the child when this process ends.
    pub parent_death_signal: c_int,
}

/// Which step of starting a process failed.
#[derive(Debug)]
pub struct SpawnError {
    pub step: SpawnStep,
    pub error: io::Error,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpawnStep {
    Clone,
    Directory,
    Stdio,
    Execute,
}

/// What the child sees: raw pointers into memory the parent keeps alive, because it sleeps until the `execve`.
struct Plan {
    program: *const c_char,
    argv: *const *const c_char,
    envp: *const *const c_char,
    directory: *const c_char,
    stdio: [RawFd; 3],
    cpu_mask: Option<[u64; CPU_WORDS]>,
    open_files: Option<OpenFiles>,
    new_group: bool,
    death_signal: c_int,
    parent: libc::pid_t,
    step: SpawnStep,
    errno: c_int,
}

const STACK_SIZE: usize = 64 * 1024;

/// Starts a process and returns its id. `Err` means that no process was left behind.
pub fn spawn(command: &Command) -> Result<i32, SpawnError> {
    let pointers = |strings: &[CString]| -> Vec<*const c_char> {
        strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(&command.arguments), pointers(&command.environment));
    let mut plan = Plan {
        program: command.program.as_ptr(),
        argv: argv.as_ptr(),
        envp: envp.as_ptr(),
        directory: command.directory.as_ref().map_or(ptr::null(), |d| d.as_ptr()),
        stdio: command.stdio,
        cpu_mask: command.cpus.as_ref().map(CpuSet::mask),
        open_files: command.open_files,
        new_group: command.new_group,
        death_signal: command.parent_death_signal,
        parent: std::process::id() as libc::pid_t,
        step: SpawnStep::Clone,
        errno: 0,
    };
    let pid = clone_child(&mut plan)?;
    if plan.errno != 0 {
        let _ = wait_for(pid);
        return Err(SpawnError { step: plan.step, error: io::Error::from_raw_os_error(plan.errno) });
    }
    Ok(pid)
}

fn clone_child(plan: &mut Plan) -> Result<i32, SpawnError> {
    let mut stack = vec![0u128; STACK_SIZE / 16];
    let all = SignalSet::all();
    let previous = all.block().map_err(|error| SpawnError { step: SpawnStep::Clone, error })?;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child runs `child_main` on its own stack, whose top is 16-byte aligned; CLONE_VFORK keeps this
    // thread, and with it `plan`, its strings and the stack, in place until the child has executed or exited.
    let pid = unsafe {
        libc::clone(child_main, stack.as_mut_ptr().add(stack.len()).cast(), flags, (&raw mut *plan).cast())
    };
    let result = check(pid).map_err(|error| SpawnError { step: SpawnStep::Clone, error });
    let _ = previous.set();
    result
}

/// Runs in the child, on borrowed memory: only system calls, no allocation, no locks, no panics.
extern "C" fn child_main(argument: *mut c_void) -> c_int {
    // SAFETY: `clone_child` passes its exclusively borrowed plan and does not touch it until the child is gone.
    let plan = unsafe { &mut *argument.cast::<Plan>() };
    // SAFETY: `run_child` is called in a fresh child made by clone, as it requires.
    plan.errno = unsafe { run_child(plan) };
    // SAFETY: _exit ends only this child and runs no handlers of the parent.
    unsafe { libc::_exit(127) }
}

/// # Safety
/// Only in a child that shares memory with a parent suspended until `execve` or `_exit`.
unsafe fn run_child(plan: &mut Plan) -> c_int {
    let errno = || io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
    // SAFETY: system calls with integers or with pointers the suspended parent keeps alive. Signal dispositions are
    // this child's own copy (no CLONE_SIGHAND).
    unsafe {
        if plan.new_group {
            libc::setpgid(0, 0);
        }
        if plan.death_signal != 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, plan.death_signal as libc::c_ulong);
            // The parent may have died before the request took effect.
            if libc::getppid() != plan.parent {
                libc::_exit(127);
            }
        }
        if let Some(mask) = &plan.cpu_mask {
            // Binding is a wish: a processor that has gone away must not stop the program.
            libc::sched_setaffinity(0, mem::size_of_val(mask), mask.as_ptr().cast());
        }
        if let Some(files) = plan.open_files {
            let limits = libc::rlimit { rlim_cur: files.soft, rlim_max: files.hard };
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limits);
        }
        plan.step = SpawnStep::Directory;
        if !plan.directory.is_null() && libc::chdir(plan.directory) != 0 {
            return errno();
        }
        plan.step = SpawnStep::Stdio;
        for (wanted, &fd) in plan.stdio.iter().enumerate() {
            if fd == wanted as RawFd {
                libc::fcntl(fd, libc::F_SETFD, 0);
            } else if libc::dup2(fd, wanted as c_int) < 0 {
                return errno();
            }
        }
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        plan.step = SpawnStep::Execute;
        libc::execve(plan.program, plan.argv, plan.envp);
        errno()
    }
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

impl Exit {
    fn from_status(status: c_int) -> Exit {
        if libc::WIFSIGNALED(status) {
            Exit::Signal(libc::WTERMSIG(status))
        } else {
            Exit::Code(libc::WEXITSTATUS(status))
        }
    }

    /// The exit code a shell would show.
    pub fn shell_code(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
        }
    }
}

/// Waits until the given child has ended.
pub fn wait_for(pid: i32) -> io::Result<Exit> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a local the kernel fills.
        match check(unsafe { libc::waitpid(pid, &raw mut status, 0) }) {
            Ok(_) => return Ok(Exit::from_status(status)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the given child has ended, but no longer than `limit`.
pub fn wait_for_at_most(pid: i32, limit: std::time::Duration) -> Option<Exit> {
    // SAFETY: pidfd_open takes integers; the result is checked before use.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: a fresh descriptor that nobody else owns.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut set = super::fd::PollSet::default();
    let slot = set.add(std::os::fd::AsFd::as_fd(&fd), super::fd::Interest::Read);
    set.wait(Some(limit)).ok()?;
    if set.ready(slot) { wait_for(pid).ok() } else { None }
}

/// The result of asking for an ended child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaped {
    Child(i32, Exit),
    /// Children exist, none has ended.
    Running,
    NoChildren,
}

/// Collects one ended child, if there is one.
pub fn reap() -> Reaped {
    let mut status = 0;
    // SAFETY: `status` is a local the kernel fills.
    match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
        0 => Reaped::Running,
        pid if pid > 0 => Reaped::Child(pid, Exit::from_status(status)),
        _ => Reaped::NoChildren,
    }
}

/// Sends a signal to a process; a negative id means a process group.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill has no memory arguments.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// True while there is a process with this id.
pub fn is_alive(pid: i32) -> bool {
    kill(pid, 0).map_or_else(|error| error.raw_os_error() == Some(libc::EPERM), |()| true)
}

/// Orphaned descendants become children of this process instead of leaving for init.
pub fn become_subreaper() -> io::Result<()> {
    // SAFETY: prctl with integer arguments.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1 as libc::c_ulong) }).map(drop)
}

/// Sends `signal` to this process when its parent ends.
pub fn die_with_parent(signal: i32) -> io::Result<()> {
    // SAFETY: prctl with integer arguments.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong) }).map(drop)
}

/// The name `ps` and `pkill` see.
pub fn set_name(name: &std::ffi::CStr) {
    // SAFETY: `name` is a valid C string; the kernel reads at most 16 bytes of it.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Which side of a [`fork`] this is.
pub enum Fork {
    Parent(i32),
    Child,
}

/// Duplicates this process, which must have one thread: other threads would not continue in the child.
///
/// # Errors
/// `Unsupported` when the process has more than one thread.
pub fn fork() -> io::Result<Fork> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    // SAFETY: there is a single thread, so no lock can be left held in the child.
    match check(unsafe { libc::fork() })? {
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// Makes this process the leader of a new process group.
pub fn new_group() -> io::Result<()> {
    // SAFETY: setpgid has no memory arguments.
    check(unsafe { libc::setpgid(0, 0) }).map(drop)
}

/// Whether `fd` is a terminal in whose foreground group this process is not, so that reading would stop us.
pub fn is_background_terminal(fd: BorrowedFd<'_>) -> bool {
    // SAFETY: calls without memory arguments.
    unsafe {
        let group = libc::tcgetpgrp(fd.as_raw_fd());
        group >= 0 && group != libc::getpgrp()
    }
}

/// Ends the process without running exit handlers or flushing streams of the host program.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    fn shell(script: &str, out: RawFd) -> Command {
        let text = |s: &str| CString::new(s).unwrap();
        Command {
            program: text("/bin/sh"),
            arguments: vec![text("sh"), text("-c"), text(script)],
            environment: vec![text("GREETING=hello")],
            directory: None,
            stdio: [0, out, 2],
            cpus: None,
            open_files: None,
            new_group: true,
            parent_death_signal: libc::SIGKILL,
        }
    }

    #[test]
    fn child_gets_environment_and_stdout() {
        let (mut reader, writer) = io::pipe().unwrap();
        let pid = spawn(&shell("echo $GREETING; exit 7", writer.as_raw_fd())).unwrap();
        drop(writer);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), wait_for(pid).unwrap()), ("hello\n", Exit::Code(7)));
    }

    #[test]
    fn death_by_signal_is_told_apart() {
        let pid = spawn(&shell("kill -9 $$", 1)).unwrap();
        assert_eq!(wait_for(pid).unwrap(), Exit::Signal(9));
        assert_eq!(Exit::Signal(9).shell_code(), 137);
    }

    #[test]
    fn failed_execute_reports_the_step_and_leaves_no_child() {
        let mut command = shell("", 1);
        command.program = CString::new("/no/such/program").unwrap();
        let failure = spawn(&command).unwrap_err();
        assert_eq!((failure.step, failure.error.raw_os_error()), (SpawnStep::Execute, Some(libc::ENOENT)));
        let mut command = shell("", 1);
        command.directory = Some(CString::new("/no/such/directory").unwrap());
        assert_eq!(spawn(&command).unwrap_err().step, SpawnStep::Directory);
    }

    #[test]
    fn a_processor_set_is_sorted_and_bounded() {
        let set = CpuSet::new(vec![3, 1, 3, 1 << 20]);
        assert_eq!(set.cpus(), [1, 3, 1 << 20]);
        assert_eq!(set.mask()[0], 0b1010);
        assert!(!allowed_cpus().unwrap().cpus().is_empty());
    }
}
