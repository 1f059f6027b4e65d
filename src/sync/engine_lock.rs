//! The one lock around an engine whose state is not thread-safe by itself.
//!
//! Until [`EngineLock::share`] is called the program has promised (MPI_THREAD_SINGLE to SERIALIZED) that no two
//! of its threads are inside at once, so entering costs a store and two loads. Afterwards entering takes a
//! recursive lock, because callbacks of the program may call back into the library.
//!
//! The library's own helper thread *visits*: it asks, imposes a barrier on the program's threads
//! ([`crate::sys::barrier`]) and waits until nobody is inside. The program pays no fence for it: this is Dekker's
//! algorithm with all the cost on the visitor's side.
#![allow(unsafe_code, reason = "shares a !Sync engine between threads under a lock")]

use crate::sys::futex;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, compiler_fence};

pub struct EngineLock<T> {
    shared: AtomicBool,
    /// 1 while a thread of the program is inside without the lock.
    inside: AtomicU32,
    /// 1 while a visitor wants in or is inside.
    visitor: AtomicU32,
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
            inside: AtomicU32::new(0),
            visitor: AtomicU32::new(0),
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
        if self.shared.load(Ordering::Relaxed) {
            self.lock();
            return Guard { lock: self, held: Held::Lock };
        }
        if self.inside.load(Ordering::Relaxed) != 0 {
            return Guard { lock: self, held: Held::Nothing };
        }
        self.step_in();
        Guard { lock: self, held: Held::Inside }
    }

    #[inline]
    fn step_in(&self) {
        self.inside.store(1, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        // Acquire: pairs with the visitor's release when it leaves.
        if self.visitor.load(Ordering::Acquire) != 0 {
            self.let_visitor_in();
        }
    }

    #[inline]
    fn step_out(&self) {
        self.inside.store(0, Ordering::Release);
        compiler_fence(Ordering::SeqCst);
        if self.visitor.load(Ordering::Relaxed) != 0 {
            futex::wake(&self.inside, 1);
        }
    }

    /// Steps out for as long as a visitor wants in.
    #[cold]
    fn let_visitor_in(&self) {
        loop {
            self.inside.store(0, Ordering::SeqCst);
            futex::wake(&self.inside, 1);
            while self.visitor.load(Ordering::Acquire) != 0 {
                futex::wait(&self.visitor, 1, None);
            }
            self.inside.store(1, Ordering::SeqCst);
            if self.visitor.load(Ordering::SeqCst) == 0 {
                return;
            }
        }
    }

    /// Runs `work` on behalf of the library while no thread of the program is inside; waits for that. One visitor at
    /// a time: only the library's helper thread calls it. Needs [`crate::sys::barrier::register`] to have succeeded,
    /// or the lock to be shared.
    pub fn visit<R>(&self, work: impl FnOnce(&T) -> R) -> R {
        self.visitor.store(1, Ordering::SeqCst);
        crate::sys::barrier::everywhere();
        while self.inside.load(Ordering::Acquire) != 0 {
            futex::wait(&self.inside, 1, None);
        }
        let shared = self.is_shared();
        if shared {
            self.lock();
        }
        let result = work(&self.value);
        if shared {
            self.unlock();
        }
        self.visitor.store(0, Ordering::Release);
        futex::wake(&self.visitor, i32::MAX);
        result
    }

    /// Lets another waiting thread in for a moment. The caller must be inside and hold no `RefCell` borrow.
    #[inline]
    pub fn give_way(&self) {
        if self.shared.load(Ordering::Relaxed) {
            self.release_while(std::thread::yield_now);
        } else if self.visitor.load(Ordering::Relaxed) != 0 && self.inside.load(Ordering::Relaxed) != 0 {
            self.let_visitor_in();
        }
    }

    /// True if several threads may be inside the library.
    pub fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Leaves the lock altogether while `f` runs (a sleep), then comes back to the same depth.
    pub fn release_while<R>(&self, f: impl FnOnce() -> R) -> R {
        if self.inside.load(Ordering::Relaxed) != 0 {
            self.step_out();
            let result = f();
            self.step_in();
            return result;
        }
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
            futex::wait(&self.state, 2, None);
        }
    }

    fn unlock_raw(&self) {
        // Release: pairs with the Acquire of the next `lock_raw`.
        if self.state.swap(0, Ordering::Release) == 2 {
            futex::wake(&self.state, 1);
        }
    }
}

/// Proof of being inside.
pub struct Guard<'a, T> {
    lock: &'a EngineLock<T>,
    held: Held,
}

/// What a guard gives back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Lock,
    Inside,
    /// An outer guard of the same thread holds it.
    Nothing,
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
        match self.held {
            Held::Lock => self.lock.unlock(),
            Held::Inside => self.lock.step_out(),
            Held::Nothing => {}
        }
    }
}

/// A number that no other live thread has.
fn thread_id() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|m| std::ptr::from_ref(m) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Visits and calls alternate; neither ever sees the other inside.
    #[test]
    fn visitors_and_callers_exclude_each_other() {
        assert!(crate::sys::barrier::register());
        let lock = Arc::new(EngineLock::new((Cell::new(0u64), Cell::new(0u64))));
        let visited = lock.clone();
        let visitor = std::thread::spawn(move || {
            for _ in 0..2_000 {
                visited.visit(|v| {
                    v.0.set(v.0.get() + 1);
                    std::hint::spin_loop();
                    v.1.set(v.1.get() + 1);
                    assert_eq!(v.0.get(), v.1.get());
                });
            }
        });
        let mut calls = 0;
        while !visitor.is_finished() {
            let guard = lock.enter();
            let inner = lock.enter();
            inner.0.set(inner.0.get() + 1);
            std::hint::spin_loop();
            inner.1.set(inner.1.get() + 1);
            assert_eq!(guard.0.get(), guard.1.get());
            drop(inner);
            lock.give_way();
            lock.release_while(|| ());
            calls += 1;
        }
        visitor.join().unwrap();
        assert_eq!(lock.enter().0.get(), calls + 2_000);
    }
}
