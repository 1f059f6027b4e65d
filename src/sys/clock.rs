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

/// A counter that is cheaper to read than the clock (about 10 ns against 25 to 50) and runs at a constant rate. Only
/// differences on one host mean something; [`Scale`] says how much.
#[inline]
pub fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has the instruction; it reads a register.
    #[allow(unused_unsafe, reason = "safe in newer standard libraries")]
    unsafe {
        std::arch::x86_64::_rdtsc()
    }
    #[cfg(not(target_arch = "x86_64"))]
    monotonic_ns()
}

/// How long a tick is, measured from when the scale was made until it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    ticks: u64,
    ns: u64,
}

impl Scale {
    pub fn start() -> Scale {
        Scale { ticks: ticks(), ns: monotonic_ns() }
    }

    /// Nanoseconds per tick; asked within a microsecond it is a rough guess.
    pub fn ns_per_tick(&self) -> f64 {
        let (ticks, ns) = (ticks().saturating_sub(self.ticks), monotonic_ns() - self.ns);
        if ticks == 0 { 1.0 } else { ns as f64 / ticks as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_measure_time() {
        let (scale, before, begun) = (Scale::start(), ticks(), monotonic_ns());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let (counted, passed) = (ticks() - before, monotonic_ns() - begun);
        let measured = counted as f64 * scale.ns_per_tick();
        assert!((0.9..1.1).contains(&(measured / passed as f64)), "{measured} ns instead of {passed}");
    }
}
