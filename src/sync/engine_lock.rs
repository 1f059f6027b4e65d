//! The one lock around an engine whose state is not thread-safe by itself.
//!
//! Until [`EngineLock::share`] is called the program has promised (MPI_THREAD_SINGLE to SERIALIZED) that no two
//! threads are inside at once, so entering costs one load. Afterwards entering takes a recursive lock, because
//! callbacks of the program may call back into the library.
#![allow(unsafe_code, reason = "shares a !Sync engine between threads under a lock")]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

pub struct EngineLock<T> {
    shared: AtomicBool,
    owner: AtomicUsize,
    depth: Cell<u32>,
    /// 0 free, 1 held, 2 held and someone waits.
    state: AtomicU32,
    value: T,
}

// SAFETY: `value` and `depth` are reached only through a `Guard`; before `share` the program promises that calls
// are not concurrent, afterwards the lock below makes them so.
unsafe impl<T> Sync for EngineLock<T> {}
// SAFETY: as above; the value moves between threads only with the lock.
unsafe impl<T> Send for EngineLock<T> {}

impl<T> EngineLock<T> {
    pub const fn new(value: T) -> Self {
        EngineLock {
            shared: AtomicBool::new(false),
            owner: AtomicUsize::new(0),
            depth: Cell::new(0),
            state: AtomicU32::new(0),
            value,
        }
    }

    /// From now on several threads may be inside the library (MPI_THREAD_MULTIPLE). Called while one thread is.
    pub fn share(&self) {
        self.shared.store(true, Ordering::Release);
    }

    #[inline]
    pub fn enter(&self) -> Guard<'_, T> {
        let shared = self.shared.load(Ordering::Relaxed);
        if shared {
            self.lock();
        }
        Guard { lock: self, locked: shared }
    }

    /// Lets another waiting thread in for a moment. The caller must be inside and hold no `RefCell` borrow.
    pub fn give_way(&self) {
        if self.shared.load(Ordering::Relaxed) {
            self.release_while(std::thread::yield_now);
        }
    }

    /// True if several threads may be inside the library.
    pub fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Leaves the lock altogether while `f` runs (a sleep), then comes back to the same depth.
    pub fn release_while<R>(&self, f: impl FnOnce() -> R) -> R {
        if !self.is_shared() || self.owner.load(Ordering::Relaxed) != thread_id() {
            return f();
        }
        let depth = self.depth.replace(0);
        self.owner.store(0, Ordering::Relaxed);
        self.unlock_raw();
        let result = f();
        self.lock_raw();
        self.owner.store(thread_id(), Ordering::Relaxed);
        self.depth.set(depth);
        result
    }

    #[cold]
    fn lock(&self) {
        let me = thread_id();
        if self.owner.load(Ordering::Relaxed) != me {
            self.lock_raw();
            self.owner.store(me, Ordering::Relaxed);
        }
        self.depth.set(self.depth.get() + 1);
    }

    #[cold]
    fn unlock(&self) {
        let depth = self.depth.get() - 1;
        self.depth.set(depth);
        if depth == 0 {
            self.owner.store(0, Ordering::Relaxed);
            self.unlock_raw();
        }
    }

    fn lock_raw(&self) {
        if self.state.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return;
        }
        while self.state.swap(2, Ordering::Acquire) != 0 {
            crate::sys::futex::wait(&self.state, 2, None);
        }
    }

    fn unlock_raw(&self) {
        // Release: pairs with the Acquire of the next `lock_raw`.
        if self.state.swap(0, Ordering::Release) == 2 {
            crate::sys::futex::wake(&self.state, 1);
        }
    }
}

/// Proof of being inside.
pub struct Guard<'a, T> {
    lock: &'a EngineLock<T>,
    locked: bool,
}

impl<T> Guard<'static, T> {
    /// The value, for as long as the engine lives. Use it only while inside.
    #[inline]
    pub fn value(&self) -> &'static T {
        &self.lock.value
    }
}

impl<T> std::ops::Deref for Guard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.lock.value
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.locked {
            self.lock.unlock();
        }
    }
}

/// A number that no other live thread has.
fn thread_id() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|m| std::ptr::from_ref(m) as usize)
}
