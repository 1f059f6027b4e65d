//! Progress and waiting.
//!
//! A blocked process polls for a moment, then gives the processor away, then sleeps until a message arrives. How
//! long it polls depends on whether every local rank can have a processor of its own.

use crate::constants::class;
use crate::engine::Engine;
use crate::error::Result;
use crate::request;
use std::cell::Cell;
use vmi::core::alert::{Alert, Severity};

/// Fruitless polls after which polling goes on at a gentler pace.
const PAUSE_AFTER: u32 = 2_000;

/// Looks at shared memory between two steps of progress.
const LOOKS: u32 = 16;

/// How a process waits; set when the library starts.
pub struct Waiting {
    /// Fruitless steps since the last event.
    idle: Cell<u32>,
    /// Steps of polling, then of yielding, before sleep.
    spin: Cell<u32>,
    yields: Cell<u32>,
    /// Processors that the ranks of this host share.
    cores: Cell<usize>,
    /// Threads of this process that sleep.
    sleepers: Cell<u32>,
}

impl Default for Waiting {
    fn default() -> Self {
        let zero = || Cell::new(0);
        let waiting =
            Waiting { idle: zero(), spin: zero(), yields: zero(), cores: Cell::new(0), sleepers: zero() };
        waiting.tune(1, 2);
        waiting
    }
}

impl Waiting {
    /// Chooses the limits for `ranks` local ranks on `cores` processors. (8 ranks on 2, a step of an allreduce of 8 bytes:
    /// 4.5 µs; 8 to 10 with 24 or 32 polls before a process yields, 9 with 64 in each of its turns. A ring of 1 KiB, 3.1 to
    /// 3.5 µs, is not quicker with any of that: what counts there is the order in which the system lets the ranks run.)
    pub fn tune(&self, ranks: usize, cores: usize) {
        let (spin, yields) = if ranks <= cores { (20_000, 20) } else { (2, 100) };
        self.spin.set(spin);
        self.yields.set(yields);
        self.cores.set(cores);
    }

    pub fn cores(&self) -> usize {
        self.cores.get()
    }

    /// Whether every local rank can have a processor of its own.
    pub fn is_roomy(&self) -> bool {
        self.spin.get() >= PAUSE_AFTER
    }
}

impl Waiting {
    /// Polls that a blocking call may make without letting other threads in.
    pub fn polls(&self) -> u32 {
        if crate::engine::is_shared() { 64.min(self.spin.get()) } else { self.spin.get() }
    }
}

impl Engine {
    /// One step of progress that never blocks; true if anything happened.
    #[inline]
    pub fn progress(&'static self) -> bool {
        self.progress_for(false)
    }

    /// As [`Engine::progress`]; `waits`: for a caller that does nothing else until something has happened.
    #[inline]
    fn progress_for(&'static self, waits: bool) -> bool {
        let mut any = self.traffic.borrow_mut().step(waits);
        if self.generic_live.get() > 0 {
            any |= request::step_generic(self);
        }
        if self.windows.any() {
            any |= crate::win::step(self);
        }
        if any && self.waiting.sleepers.get() > 0 {
            self.wake_sleepers();
        }
        any
    }

    /// Progress on behalf of a test function: lets others run now and then, so that a loop around MPI_Test does
    /// not keep the processor from the rank it waits for.
    pub fn progress_test(&'static self) {
        if self.progress() {
            self.waiting.idle.set(0);
            return;
        }
        let idle = self.waiting.idle.get().saturating_add(1);
        self.waiting.idle.set(idle);
        crate::engine::give_way();
        if idle > self.waiting.spin.get() {
            std::thread::yield_now();
        }
    }

    /// Runs one step of progress, lets other threads in, and sleeps when there is nothing to do for long.
    /// Blocking calls loop over it until their condition holds. No `RefCell` may be borrowed by the caller.
    #[inline]
    pub fn progress_wait(&'static self) -> Result {
        self.progress_or_rest(&|| false)
    }

    /// Makes progress until `ready` says yes, which other processes bring about in memory that this one shares with
    /// them; then they ring the bell of a sleeper.
    #[inline(never)]
    pub fn wait_until(&'static self, ready: &dyn Fn() -> bool) -> Result {
        self.waiting.idle.set(0);
        let looks = if self.waiting.spin.get() > LOOKS { LOOKS } else { 1 };
        loop {
            if (0..looks).any(|_| ready()) {
                return Ok(());
            }
            self.progress_or_rest(ready)?;
        }
    }

    #[inline]
    fn progress_or_rest(&'static self, ready: &dyn Fn() -> bool) -> Result {
        if self.progress_for(true) {
            self.waiting.idle.set(0);
            return Ok(());
        }
        let idle = self.waiting.idle.get() + 1;
        self.waiting.idle.set(idle);
        if idle <= self.waiting.spin.get() {
            // The processor's pause instruction takes long: not while a message may be on its way.
            if idle > PAUSE_AFTER {
                std::hint::spin_loop();
            }
            if idle.is_multiple_of(64) {
                crate::engine::give_way();
            }
            return Ok(());
        }
        self.rest(idle, ready)
    }

    #[cold]
    fn rest(&'static self, idle: u32, ready: &dyn Fn() -> bool) -> Result {
        if self.traffic.borrow().core.has_urgent_alert() {
            self.report_alerts();
        }
        if idle <= self.waiting.spin.get() + self.waiting.yields.get()
            || self.traffic.borrow().must_watch_for_room()
        {
            crate::engine::outside(std::thread::yield_now);
            return Ok(());
        }
        self.report_alerts();
        let sleep = self.traffic.borrow_mut().announce_sleep();
        if let Some(sleep) = sleep {
            // The sleep is announced: whoever makes `ready` true from now on rings.
            if !ready() {
                self.waiting.sleepers.set(self.waiting.sleepers.get() + 1);
                crate::engine::outside(|| sleep.sleep());
                self.waiting.sleepers.set(self.waiting.sleepers.get() - 1);
            }
            self.traffic.borrow_mut().core.end_sleep();
        } else {
            crate::engine::outside(std::thread::yield_now);
        }
        self.waiting.idle.set(self.waiting.spin.get());
        Ok(())
    }

    /// Wakes threads of this process that sleep in a blocking call.
    pub fn wake_sleepers(&self) {
        if self.waiting.sleepers.get() > 0 {
            self.traffic.borrow().core.ring_own_bell();
        }
    }

    /// Prints what went wrong since the last time.
    #[cold]
    pub fn tell_alerts(&self) -> Vec<Alert> {
        let alerts = self.traffic.borrow_mut().core.take_alerts();
        for alert in &alerts {
            eprintln!("VMI: rank {}: {}", self.me.get(), alert.text);
        }
        alerts
    }

    #[cold]
    fn report_alerts(&self) {
        let alerts = self.tell_alerts();
        if alerts.iter().any(|a| a.severity == Severity::Lost) {
            // No message can tell the peers: the launcher does.
            let texts: Vec<String> = alerts.into_iter().map(|a| a.text).collect();
            crate::env::end_job(self, class::PROC_ABORTED, &texts.join("; "));
        }
    }
}
