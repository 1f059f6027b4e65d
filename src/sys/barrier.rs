//! Asymmetric memory barrier: the rare side pays a system call, the frequent side nothing.
//!
//! A sender that has published a frame must know whether its receiver sleeps, and a receiver that is about to
//! sleep must see every published frame. With ordinary fences each send would pay one; `membarrier(2)` lets
//! the receiver impose a full barrier on all registered processes at the moment it falls asleep.

/// linux/membarrier.h.
const GLOBAL_EXPEDITED: libc::c_int = 1 << 1;
const REGISTER_GLOBAL_EXPEDITED: libc::c_int = 1 << 2;

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: takes integers only.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Registers this process; false where the kernel (or a seccomp filter) refuses.
pub fn register() -> bool {
    membarrier(REGISTER_GLOBAL_EXPEDITED)
}

/// A full barrier on every thread of every registered process that is running now.
pub fn everywhere() -> bool {
    membarrier(GLOBAL_EXPEDITED)
}
