//! Wakes a process that sleeps on its bell when the network has something for it.
//!
//! One helper thread waits in the kernel on behalf of the sleeping process. It is armed when the process is about
//! to sleep, rings the bell once, and then waits to be armed again: an awake process is not disturbed. It touches
//! nothing of the engine.

use crate::sys::fd::{Interest, PollSet};
use crate::sys::net::EventCounter;
use crate::sys::signal::SignalSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Rings the process's own bell; callable from any thread.
pub type Bell = Arc<dyn Fn() + Send + Sync>;

const IDLE: u32 = 0;
const ARMED: u32 = 1;
/// Armed, and to be woken after [`TICK`] at the latest, because a time limit runs.
const TICKING: u32 = 2;
const STOP: u32 = 3;

const TICK: Duration = Duration::from_millis(250);

struct Shared {
    state: AtomicU32,
    /// Wakes the helper itself.
    counter: EventCounter,
}

pub struct Waker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Waker {
    /// Watches `events` for the owner of `bell`.
    pub fn start(events: BorrowedFd<'_>, bell: Bell) -> io::Result<Waker> {
        let events = events.try_clone_to_owned()?;
        let shared = Arc::new(Shared { state: AtomicU32::new(IDLE), counter: EventCounter::new()? });
        let helper = shared.clone();
        // The program's signals are not the helper's to handle; it inherits this mask.
        let before = SignalSet::all().block()?;
        let thread = std::thread::Builder::new()
            .name("vmi-waker".into())
            .stack_size(256 * 1024)
            .spawn(move || watch(&helper, &events, &bell));
        before.set()?;
        Ok(Waker { shared, thread: Some(thread?) })
    }

    /// From now on the next event rings the bell. `ticking`: so does the passing of a moment.
    pub fn arm(&self, ticking: bool) {
        let wanted = if ticking { TICKING } else { ARMED };
        // AcqRel: pairs with the helper's; an event before this call is seen by its poll.
        if self.shared.state.swap(wanted, Ordering::AcqRel) != wanted {
            self.shared.counter.raise();
        }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.shared.state.store(STOP, Ordering::Release);
        self.shared.counter.raise();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(shared: &Shared, events: &OwnedFd, bell: &Bell) {
    let mut set = PollSet::default();
    loop {
        let state = shared.state.load(Ordering::Acquire);
        if state == STOP {
            return;
        }
        set.clear();
        let counter = set.add(shared.counter.fd(), Interest::Read);
        let network = (state != IDLE).then(|| set.add(events.as_fd(), Interest::Read));
        if set.wait((state == TICKING).then_some(TICK)).is_err() {
            return;
        }
        if set.ready(counter) {
            shared.counter.clear();
        }
        let happened = network.is_some_and(|slot| set.ready(slot));
        let passed = state == TICKING && !set.ready(counter);
        if (happened || passed)
            && shared.state.compare_exchange(state, IDLE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        {
            bell();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::time::Instant;

    fn waiting_for(rung: &AtomicU32, count: u32) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if rung.load(Ordering::SeqCst) >= count {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    #[test]
    fn rings_once_per_arming() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let rung = Arc::new(AtomicU32::new(0));
        let count = rung.clone();
        let bell: Bell = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let waker = Waker::start(reader.as_fd(), bell).unwrap();
        writer.write_all(b"x").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(rung.load(Ordering::SeqCst), 0);
        waker.arm(false);
        assert!(waiting_for(&rung, 1));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(rung.load(Ordering::SeqCst), 1);
        reader.read_exact(&mut [0]).unwrap();
        waker.arm(true);
        assert!(waiting_for(&rung, 2));
        drop(waker);
    }
}
