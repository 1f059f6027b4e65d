//! The attendant: one helper thread for what must happen while the program's threads sleep or compute.
//!
//! - It waits in the kernel on behalf of a process that is about to sleep ([`Attendant::arm`]) and rings its bell
//!   when a network has something for it. An awake process is not disturbed, and nor are its peers: nothing waits for its
//!   networks then. (A second set around a socket's costs whoever sends to it 90 ns a packet.)
//! - While networks need it ([`Attendant::pulse`]) it runs a step of progress every [`PULSE`], so that peers
//!   get their acknowledgements from a process that computes.
//! - It serves the control socket ([`Server`]).
//!
//! It starts when one of these is first needed; a process on one host without a control socket has none.

use super::Core;
use crate::sys::fd::{Interest, PollSet};
use crate::sys::net::EventCounter;
use crate::sys::signal::SignalSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The owner of a core, as the attendant sees it. Callable from the attendant's thread only.
pub trait Host: Send + Sync {
    /// Runs one step of progress while no thread of the program is inside the library.
    fn progress(&self);
    /// Runs `work` on the core while no thread of the program is inside.
    fn visit(&self, work: &mut dyn FnMut(&mut Core));
}

/// Wakes the program's threads that sleep in the library; callable from any thread.
pub type Bell = Arc<dyn Fn() + Send + Sync>;

/// Serves requests from outside, on the attendant's thread.
pub trait Server: Send {
    /// Readable when there is something to do.
    fn fd(&self) -> BorrowedFd<'_>;
    /// Does what there is to do; Some: call again after that time at the latest.
    fn serve(&mut self, host: &dyn Host) -> Option<Duration>;
}

const IDLE: u32 = 0;
const ARMED: u32 = 1;
/// Armed, and to be woken after [`PULSE`] at the latest, because a time limit runs.
const TICKING: u32 = 2;
const STOP: u32 = 3;

/// Time between two steps of progress on behalf of a process that computes, and between two looks at the clock on
/// behalf of one that sleeps. A fraction of the time after which a silent peer counts as dead.
pub const PULSE: Duration = Duration::from_millis(50);

struct Shared {
    state: AtomicU32,
    pulse: AtomicBool,
    /// Wakes the attendant itself.
    counter: EventCounter,
}

pub struct Attendant {
    shared: Arc<Shared>,
    networks: mpsc::Sender<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Attendant {
    pub fn start(host: Arc<dyn Host>, bell: Bell, server: Option<Box<dyn Server>>) -> io::Result<Attendant> {
        let shared = Arc::new(Shared {
            state: AtomicU32::new(IDLE),
            pulse: AtomicBool::new(false),
            counter: EventCounter::new()?,
        });
        let (networks, fresh) = mpsc::channel();
        let (own, watched) = (shared.clone(), Vec::new());
        let mut attending = Attending { shared: own, fresh, watched, host, bell, server, again: None };
        // The program's signals are not the attendant's to handle; it inherits this mask.
        let before = SignalSet::all().block()?;
        let thread = std::thread::Builder::new()
            .name("vmi-attendant".into())
            .stack_size(512 * 1024)
            .spawn(move || while attending.step() {});
        before.set()?;
        Ok(Attendant { shared, networks, thread: Some(thread?) })
    }

    /// From now on `network` counts as well, until the end.
    pub fn watch(&self, network: BorrowedFd<'_>) -> io::Result<()> {
        // Nobody takes it only if the thread could not wait any more.
        let _ = self.networks.send(network.try_clone_to_owned()?);
        self.shared.counter.raise();
        Ok(())
    }

    /// From now on the next event rings the bell. `ticking`: so does the passing of a moment.
    pub fn arm(&self, ticking: bool) {
        let wanted = if ticking { TICKING } else { ARMED };
        // AcqRel: pairs with the attendant's; an event before this call is seen by its poll.
        if self.shared.state.swap(wanted, Ordering::AcqRel) != wanted {
            self.shared.counter.raise();
        }
    }

    /// Whether steps of progress are needed while the program computes.
    pub fn pulse(&self, needed: bool) {
        if self.shared.pulse.swap(needed, Ordering::AcqRel) != needed {
            self.shared.counter.raise();
        }
    }

    /// Ends the thread. The caller must not be inside the library if it could be visiting.
    pub fn stop(&mut self) {
        self.shared.state.store(STOP, Ordering::Release);
        self.shared.counter.raise();
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        self.stop();
        // Not joined: it may be waiting to visit while we are inside. It ends by itself.
        drop(self.thread.take());
    }
}

struct Attending {
    shared: Arc<Shared>,
    /// Descriptors of networks, and where more come from.
    watched: Vec<OwnedFd>,
    fresh: mpsc::Receiver<OwnedFd>,
    host: Arc<dyn Host>,
    bell: Bell,
    server: Option<Box<dyn Server>>,
    /// When the server wants to be called again.
    again: Option<Duration>,
}

impl Attending {
    /// Waits for something to do and does it; false at the end.
    fn step(&mut self) -> bool {
        let state = self.shared.state.load(Ordering::Acquire);
        if state == STOP {
            return false;
        }
        let pulse = state == IDLE && self.shared.pulse.load(Ordering::Acquire);
        let tick = (state == TICKING || pulse).then_some(PULSE);
        let limit = [tick, self.again].into_iter().flatten().min();
        self.watched.extend(self.fresh.try_iter());
        let mut set = PollSet::default();
        let counter = set.add(self.shared.counter.fd(), Interest::Read);
        let mut networks = Vec::new();
        if state != IDLE {
            networks.extend(self.watched.iter().map(|network| set.add(network.as_fd(), Interest::Read)));
        }
        let server = self.server.as_ref().map(|s| set.add(s.fd(), Interest::Read));
        if set.wait(limit).is_err() {
            return false;
        }
        let called = set.ready(counter);
        if called {
            self.shared.counter.clear();
        }
        let happened = networks.iter().any(|slot| set.ready(*slot));
        let asked = server.is_some_and(|slot| set.ready(slot));
        self.attend(state, happened, !called);
        if asked || (self.again.is_some() && !called) {
            self.again = self.server.as_mut().and_then(|s| s.serve(&*self.host));
        }
        true
    }

    fn attend(&self, state: u32, happened: bool, passed: bool) {
        if state == IDLE {
            if passed && self.shared.pulse.load(Ordering::Acquire) {
                self.host.progress();
            }
            return;
        }
        if (happened || (state == TICKING && passed))
            && self.shared.state.compare_exchange(state, IDLE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        {
            (self.bell)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::time::Instant;

    #[derive(Default)]
    struct Counts {
        rung: AtomicU32,
        steps: AtomicU32,
    }

    impl Host for Counts {
        fn progress(&self) {
            self.steps.fetch_add(1, Ordering::SeqCst);
        }
        fn visit(&self, work: &mut dyn FnMut(&mut Core)) {
            work(&mut Core::alone());
        }
    }

    fn attend(counts: &Arc<Counts>, server: Option<Box<dyn Server>>) -> Attendant {
        let rung = counts.clone();
        let bell: Bell = Arc::new(move || {
            rung.rung.fetch_add(1, Ordering::SeqCst);
        });
        Attendant::start(counts.clone(), bell, server).unwrap()
    }

    fn reaches(counter: &AtomicU32, count: u32) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if counter.load(Ordering::SeqCst) >= count {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    #[test]
    fn rings_once_per_arming() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let counts = Arc::new(Counts::default());
        let attendant = attend(&counts, None);
        attendant.watch(reader.as_fd()).unwrap();
        writer.write_all(b"x").unwrap();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(counts.rung.load(Ordering::SeqCst), 0);
        attendant.arm(false);
        assert!(reaches(&counts.rung, 1));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(counts.rung.load(Ordering::SeqCst), 1);
        reader.read_exact(&mut [0]).unwrap();
        attendant.arm(true);
        assert!(reaches(&counts.rung, 2));
        assert_eq!(counts.steps.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_computing_process_makes_progress_while_it_is_needed() {
        let counts = Arc::new(Counts::default());
        let attendant = attend(&counts, None);
        attendant.pulse(true);
        assert!(reaches(&counts.steps, 2));
        attendant.pulse(false);
        std::thread::sleep(2 * PULSE);
        let seen = counts.steps.load(Ordering::SeqCst);
        std::thread::sleep(3 * PULSE);
        assert_eq!(counts.steps.load(Ordering::SeqCst), seen);
    }

    struct Door(std::io::PipeReader, Arc<AtomicU32>);

    impl Server for Door {
        fn fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
        fn serve(&mut self, host: &dyn Host) -> Option<Duration> {
            let mut byte = [0];
            if self.1.load(Ordering::SeqCst) == 0 {
                self.0.read_exact(&mut byte).unwrap();
            }
            host.visit(&mut |core| assert!(core.take_alerts().is_empty()));
            (self.1.fetch_add(1, Ordering::SeqCst) < 3).then_some(Duration::from_millis(1))
        }
    }

    #[test]
    fn the_server_is_called_when_asked_and_again_as_it_wishes() {
        let (reader, mut writer) = io::pipe().unwrap();
        let served = Arc::new(AtomicU32::new(0));
        let server = Box::new(Door(reader, served.clone()));
        let _attendant = attend(&Arc::default(), Some(server));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(served.load(Ordering::SeqCst), 0);
        writer.write_all(b"x").unwrap();
        assert!(reaches(&served, 4));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(served.load(Ordering::SeqCst), 4);
    }
}
