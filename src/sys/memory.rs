//! Memory without names: memfd files and their mappings.

use crate::core::buffer::UserBuf;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A new anonymous memory file of `len` bytes, sparse: pages cost memory only once touched.
pub fn memfd(name: &std::ffi::CStr, len: u64) -> io::Result<OwnedFd> {
    // SAFETY: `name` is a valid C string; the result is checked and owned by nobody else.
    let fd = unsafe {
        let fd = libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(fd)
    };
    // SAFETY: a plain system call on a descriptor we own.
    if unsafe { libc::ftruncate(fd.as_raw_fd(), len as libc::off_t) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fd)
}

/// Size of the file behind `fd`, in bytes.
pub fn file_len(fd: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: `stat` is plain data and the kernel fills it.
    let stat = unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        if libc::fstat(fd.as_raw_fd(), &mut stat) != 0 {
            return Err(io::Error::last_os_error());
        }
        stat
    };
    Ok(stat.st_size as u64)
}

/// A shared mapping of a memory file. Never shrinks while mapped on our side; unmapped on drop.
pub struct Mapping {
    base: *mut u8,
    len: usize,
}

// SAFETY: the mapping is plain memory; who may touch which part when is decided by the structures inside it.
unsafe impl Send for Mapping {}
// SAFETY: as above; a shared reference only tells where the memory is.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `len` bytes of `fd`, readable and writable, shared.
    pub fn shared(fd: BorrowedFd<'_>, len: usize) -> io::Result<Mapping> {
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
        // SAFETY: a fresh mapping at an address the kernel chooses.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), len, prot, flags, fd.as_raw_fd(), 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Mapping { base: base.cast(), len })
    }

    pub fn base(&self) -> *mut u8 {
        self.base
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: base and len are those of our own mapping.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}

/// Copies `len` bytes at `remote` in process `pid` to `local` (process_vm_readv).
///
/// # Errors
/// EPERM where ptrace is forbidden, EFAULT for unmapped addresses, or fewer bytes than asked.
pub fn read_process(pid: i32, remote: usize, local: UserBuf, len: usize) -> io::Result<()> {
    // SAFETY: `local` describes `len` writable bytes of the program (UserBuf invariant); the kernel checks the remote side.
    piecewise(remote, local, len, |to, from| unsafe { libc::process_vm_readv(pid, to, 1, from, 1, 0) })
}

/// Copies `len` bytes at `local` to `remote` in process `pid` (process_vm_writev). Errors as [`read_process`].
pub fn write_process(pid: i32, remote: usize, local: UserBuf, len: usize) -> io::Result<()> {
    // SAFETY: as above, with `len` readable bytes; the kernel checks the remote side.
    piecewise(remote, local, len, |from, to| unsafe { libc::process_vm_writev(pid, from, 1, to, 1, 0) })
}

fn piecewise(
    remote: usize,
    local: UserBuf,
    len: usize,
    copy: impl Fn(&libc::iovec, &libc::iovec) -> isize,
) -> io::Result<()> {
    let mut done = 0;
    while done < len {
        let here = libc::iovec { iov_base: local.as_ptr().wrapping_add(done).cast(), iov_len: len - done };
        let there = libc::iovec { iov_base: (remote.wrapping_add(done)) as *mut _, iov_len: len - done };
        match copy(&here, &there) {
            n if n > 0 => done += n as usize,
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => return Err(io::Error::last_os_error()),
        }
    }
    Ok(())
}
