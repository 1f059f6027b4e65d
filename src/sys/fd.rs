//! File descriptors: waiting for several, anonymous memory, random bytes.
//!
//! Thin and safe: every function returns `io::Result` and owns what it opens. Nothing here knows what the
//! descriptors are for.
#![allow(unsafe_code, reason = "system calls")]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Turns the -1 convention of system calls into a result.
pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Fills an array from the kernel's random source.
pub fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0u8; N];
    let mut filled = 0;
    while filled < N {
        let rest = &mut bytes[filled..];
        // SAFETY: `rest` is writable memory of exactly the length passed.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match got {
            n if n > 0 => filled += n as usize,
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(bytes)
}

/// An anonymous, zeroed memory file of `size` bytes that lives as long as somebody holds it.
pub fn memory_file(name: &CStr, size: u64) -> io::Result<OwnedFd> {
    // SAFETY: `name` is a valid C string; the call has no other memory argument.
    let fd =
        check(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) })?;
    // SAFETY: the call above returned a fresh descriptor that nobody else owns.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    let length = libc::off_t::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // SAFETY: a call without memory arguments on a descriptor we own.
    check(unsafe { libc::ftruncate(file.as_raw_fd(), length) })?;
    Ok(file)
}

/// Forbids every later change of a memory file's size, so that no peer can make a mapping fault.
pub fn seal_size(file: BorrowedFd<'_>) -> io::Result<()> {
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: fcntl with an integer argument on a live descriptor.
    check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }).map(drop)
}

/// True if nobody can change the file's size any more.
pub fn is_size_sealed(file: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: fcntl without memory arguments on a live descriptor.
    let seals = check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) })?;
    Ok(seals & libc::F_SEAL_SHRINK != 0 && seals & libc::F_SEAL_GROW != 0)
}

/// Takes over a descriptor this process inherited under a number that the environment names.
///
/// # Errors
/// When the number is not an open socket: a wrapper closed it, or the variable is left over from another process.
pub fn adopt_socket(fd: RawFd) -> io::Result<OwnedFd> {
    let mut kind: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the pointers name an int and its size.
    check(unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_TYPE, (&raw mut kind).cast(), &raw mut length)
    })?;
    // SAFETY: the descriptor is open, and by the launcher's convention it was inherited for us; we duplicate it, so
    // even a wrong convention cannot make two owners close the same number.
    let copy = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) })?;
    // SAFETY: the duplicate is fresh and owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// A second, independent opening of the same pipe or file, for reading.
pub fn reopen(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    std::fs::File::open(format!("/proc/self/fd/{}", fd.as_raw_fd())).map(OwnedFd::from)
}

/// Allows this process as many open files as the administrator allows at most; returns the limits from before.
pub fn raise_open_files() -> io::Result<OpenFiles> {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `old` is a local the kernel fills.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut old) })?;
    let new = libc::rlimit { rlim_cur: old.rlim_max, rlim_max: old.rlim_max };
    // SAFETY: `new` is a live local.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const new) })?;
    Ok(OpenFiles { soft: old.rlim_cur, hard: old.rlim_max })
}

/// Limits for the number of open files.
#[derive(Clone, Copy, Debug)]
pub struct OpenFiles {
    pub soft: u64,
    pub hard: u64,
}

/// Waits until the reader of a pipe has taken everything out of it, but no longer than `limit`. There is no event
/// for this, so it looks again every millisecond. On anything but a pipe it returns at once.
pub fn wait_until_taken(pipe: BorrowedFd<'_>, limit: Duration) {
    let deadline = std::time::Instant::now() + limit;
    loop {
        let mut waiting: libc::c_int = 0;
        // SAFETY: FIONREAD stores one int through the pointer.
        let result = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut waiting) };
        if result != 0 || waiting <= 0 || std::time::Instant::now() >= deadline {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Makes reads and writes of this open file return `WouldBlock` instead of waiting.
pub fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl without memory arguments on a live descriptor.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Sets or clears close-on-exec.
pub fn set_cloexec(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let flag = if on { libc::FD_CLOEXEC } else { 0 };
    // SAFETY: fcntl without memory arguments on a live descriptor.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, flag) }).map(drop)
}

/// Linux: which signal asynchronous notification sends; missing from the libc crate.
const F_SETSIG: libc::c_int = 10;

/// Asks the kernel to kill this process at the moment the other end of `lifeline` (a pipe) closes.
///
/// It needs no thread and no polling, and it works for a process that is not a direct child of the one it depends
/// on, which `PR_SET_PDEATHSIG` does not. The order belongs to the open file: processes must not share one.
pub fn die_when_closed(lifeline: BorrowedFd<'_>) -> io::Result<()> {
    let fd = lifeline.as_raw_fd();
    // SAFETY: getpid has no preconditions.
    let own = unsafe { libc::getpid() };
    for (command, value) in
        [(libc::F_SETOWN, own), (F_SETSIG, libc::SIGKILL), (libc::F_SETFL, libc::O_ASYNC | libc::O_NONBLOCK)]
    {
        // SAFETY: fcntl with an integer argument on a live descriptor.
        check(unsafe { libc::fcntl(fd, command, value) })?;
    }
    let mut set = PollSet::default();
    let slot = set.add(lifeline, Interest::Read);
    set.wait(Some(Duration::ZERO))?;
    if set.ready(slot) { Err(io::Error::from(io::ErrorKind::BrokenPipe)) } else { Ok(()) }
}

/// What to wait for on a descriptor; errors and hang-ups are always reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    Read,
    Write,
    Both,
    /// Only errors and hang-ups.
    Hangup,
}

impl Interest {
    fn events(self) -> libc::c_short {
        match self {
            Interest::Read => libc::POLLIN,
            Interest::Write => libc::POLLOUT,
            Interest::Both => libc::POLLIN | libc::POLLOUT,
            Interest::Hangup => 0,
        }
    }
}

/// A set of descriptors to wait for; built anew for every wait.
#[derive(Default)]
pub struct PollSet {
    fds: Vec<libc::pollfd>,
}

impl PollSet {
    pub fn clear(&mut self) {
        self.fds.clear();
    }

    /// Adds a descriptor; the returned slot asks for its state after [`PollSet::wait`].
    pub fn add(&mut self, fd: BorrowedFd<'_>, interest: Interest) -> usize {
        self.add_raw(fd.as_raw_fd(), interest)
    }

    fn add_raw(&mut self, fd: RawFd, interest: Interest) -> usize {
        self.fds.push(libc::pollfd { fd, events: interest.events(), revents: 0 });
        self.fds.len() - 1
    }

    /// Waits until a descriptor is ready or `timeout` (rounded up to a millisecond) has passed; `None` waits
    /// for ever. Being interrupted counts as a wait in which nothing became ready.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let milliseconds = match timeout {
            None => -1,
            Some(t) => i32::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX),
        };
        // SAFETY: the pointer and the length describe the vector, which stays borrowed during the call.
        let result =
            unsafe { libc::poll(self.fds.as_mut_ptr(), self.fds.len() as libc::nfds_t, milliseconds) };
        match check(result) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.fds.iter_mut().for_each(|fd| fd.revents = 0);
                Ok(())
            }
            other => other.map(drop),
        }
    }

    fn state(&self, slot: usize) -> libc::c_short {
        self.fds.get(slot).map_or(0, |fd| fd.revents)
    }

    /// Anything at all happened: data, space, an error or a hang-up.
    pub fn ready(&self, slot: usize) -> bool {
        self.state(slot) != 0
    }

    /// A read would not block (it may return an error or the end of the stream).
    pub fn readable(&self, slot: usize) -> bool {
        self.state(slot) & (libc::POLLIN | libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0
    }

    /// A write would not block (it may return an error).
    pub fn writable(&self, slot: usize) -> bool {
        self.state(slot) & (libc::POLLOUT | libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
    }

    #[test]
    fn poll_reports_data_and_hangup() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut set = PollSet::default();
        let slot = set.add(reader.as_fd(), Interest::Read);
        set.wait(Some(Duration::ZERO)).unwrap();
        assert!(!set.ready(slot));
        writer.write_all(b"x").unwrap();
        set.wait(None).unwrap();
        assert!(set.readable(slot));
        drop(writer);
        set.wait(None).unwrap();
        assert!(set.readable(slot) && !set.writable(99));
    }

    #[test]
    fn a_pipe_is_taken_when_it_is_empty() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"x").unwrap();
        let taker = std::thread::spawn(move || io::Read::read(&mut reader, &mut [0; 4]).map(|n| (n, reader)));
        wait_until_taken(writer.as_fd(), Duration::from_secs(60));
        assert_eq!(taker.join().unwrap().unwrap().0, 1);
    }

    #[test]
    fn sealed_memory_file_keeps_its_size() {
        let file = memory_file(c"test", 4096).unwrap();
        seal_size(file.as_fd()).unwrap();
        assert!(std::fs::File::from(file).set_len(10).is_err());
    }
}
