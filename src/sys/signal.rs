//! Signals as data: blocked sets, a descriptor that delivers them, their names.
#![allow(unsafe_code, reason = "signal calls")]

use super::fd::check;
use std::ffi::c_int;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// Whether this process was started with the signal ignored, as `nohup` and background shells do.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: a zeroed sigaction is a valid place for the kernel's answer; nothing is changed.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// A set of signals.
#[derive(Clone, Copy)]
pub struct SignalSet(libc::sigset_t);

impl SignalSet {
    pub fn all() -> SignalSet {
        // SAFETY: a zeroed sigset is a valid argument of sigfillset, which initialises it.
        unsafe {
            let mut set = mem::zeroed();
            libc::sigfillset(&raw mut set);
            SignalSet(set)
        }
    }

    pub fn of(signals: &[i32]) -> SignalSet {
        // SAFETY: sigemptyset initialises the set; sigaddset rejects bad numbers.
        unsafe {
            let mut set = mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for &signal in signals {
                libc::sigaddset(&raw mut set, signal);
            }
            SignalSet(set)
        }
    }

    /// Blocks these signals as well; returns the mask from before.
    pub fn block(&self) -> io::Result<SignalSet> {
        self.change(libc::SIG_BLOCK)
    }

    /// Makes this the mask; returns the one from before.
    pub fn set(&self) -> io::Result<SignalSet> {
        self.change(libc::SIG_SETMASK)
    }

    fn change(&self, how: c_int) -> io::Result<SignalSet> {
        // SAFETY: both sets are locals; a zeroed one is filled by the call.
        unsafe {
            let mut old: libc::sigset_t = mem::zeroed();
            check(libc::sigprocmask(how, &raw const self.0, &raw mut old))?;
            Ok(SignalSet(old))
        }
    }
}

/// A descriptor that delivers blocked signals as data.
pub struct SignalFd(OwnedFd);

impl SignalFd {
    /// Blocks the signals and delivers them here from now on.
    pub fn new(signals: &[i32]) -> io::Result<SignalFd> {
        let set = SignalSet::of(signals);
        set.block()?;
        // SAFETY: the set is a live local; -1 asks for a new descriptor.
        let fd =
            check(unsafe { libc::signalfd(-1, &raw const set.0, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })?;
        // SAFETY: a fresh descriptor that nobody else owns.
        Ok(SignalFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// The next pending signal and the process that sent it.
    pub fn next(&self) -> Option<(i32, u32)> {
        // SAFETY: signalfd_siginfo is plain integers, for which zero is valid.
        let mut info: libc::signalfd_siginfo = unsafe { mem::zeroed() };
        let size = mem::size_of_val(&info);
        // SAFETY: the pointer and size describe `info`.
        let got = unsafe { libc::read(self.0.as_raw_fd(), (&raw mut info).cast(), size) };
        (got == size as isize).then_some((info.ssi_signo as i32, info.ssi_pid))
    }
}

/// "SIGKILL" for 9, and so on.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_signals_have_names() {
        assert_eq!((signal_name(9), signal_name(40)), ("SIGKILL".into(), "signal 40".into()));
    }
}
