//! The monotonic clock, which all processes of a host share.

/// Nanoseconds since some point in the past, the same for all processes of this host. Never goes back.
#[inline]
pub fn monotonic_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is ours, and the clock exists on every Linux; the call cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// What [`monotonic_ns`] can tell apart.
pub fn resolution_ns() -> u64 {
    let mut step = libc::timespec { tv_sec: 0, tv_nsec: 1 };
    // SAFETY: as in `monotonic_ns`.
    unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC, &mut step) };
    step.tv_sec as u64 * 1_000_000_000 + step.tv_nsec as u64
}
