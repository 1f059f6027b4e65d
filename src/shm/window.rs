//! Memory of a window that all its processes map: a lock block for each of them, then their data.
//!
//! ```text
//!   64 bytes × n   TargetLock of each process of the window, padded to whole pages
//!   then           the data, in the order of the processes
//! ```
//! One up: `mpi-shim/mpi`'s windows. Peers may write every byte at any time: nothing here is believed, only waited
//! for. A wait that a broken peer makes endless ends with the job.

use super::segment::PAGE;
use crate::core::buffer::UserBuf;
use crate::sync::{AtomicU32, Ordering};
use crate::sys::fd::{memory_file, seal_size};
use crate::sys::memory::{Mapping, file_len};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Who may access the memory of one process: a fair lock for epochs, and a short one for atomic updates.
#[repr(C, align(64))]
pub struct TargetLock {
    /// Next ticket to give out, and the one whose turn it is.
    next: AtomicU32,
    serving: AtomicU32,
    /// Shared holders.
    readers: AtomicU32,
    /// 1 while somebody updates the memory atomically.
    busy: AtomicU32,
}

const _: () = assert!(size_of::<TargetLock>() == 64);

/// A place in the queue for a [`TargetLock`].
#[derive(Clone, Copy, Debug)]
pub struct Ticket(u32);

impl TargetLock {
    pub fn queue_up(&self) -> Ticket {
        Ticket(self.next.fetch_add(1, Ordering::AcqRel))
    }

    /// Takes the lock for one holder alone, if it is the ticket's turn and nobody shares it.
    pub fn try_exclusive(&self, ticket: Ticket) -> bool {
        // Acquire: pairs with Release in `leave_exclusive` and `leave_shared`.
        self.serving.load(Ordering::Acquire) == ticket.0 && self.readers.load(Ordering::Acquire) == 0
    }

    /// Takes the lock for a holder that shares it, if it is the ticket's turn.
    pub fn try_shared(&self, ticket: Ticket) -> bool {
        // Acquire: pairs with Release in `leave_exclusive`.
        let turn = self.serving.load(Ordering::Acquire) == ticket.0;
        if turn {
            self.readers.fetch_add(1, Ordering::AcqRel);
            self.serving.store(ticket.0.wrapping_add(1), Ordering::Release);
        }
        turn
    }

    pub fn leave_exclusive(&self) {
        // Release: pairs with Acquire in `try_exclusive` and `try_shared`.
        self.serving.fetch_add(1, Ordering::Release);
    }

    pub fn leave_shared(&self) {
        // Release: pairs with Acquire in `try_exclusive`.
        self.readers.fetch_sub(1, Ordering::Release);
    }

    /// Keeps other updates away until the guard is dropped. For a few instructions or a short copy.
    pub fn update(&self) -> Update<'_> {
        let mut tries = 0u32;
        // Acquire: pairs with Release in the guard's drop.
        while self.busy.swap(1, Ordering::Acquire) != 0 {
            tries += 1;
            match tries {
                0..100 => std::hint::spin_loop(),
                _ => std::thread::yield_now(),
            }
        }
        Update(self)
    }
}

/// The right to update; see [`TargetLock::update`].
pub struct Update<'a>(&'a TargetLock);

impl Drop for Update<'_> {
    fn drop(&mut self) {
        // Release: pairs with Acquire in `update`.
        self.0.busy.store(0, Ordering::Release);
    }
}

/// The mapped memory of a window.
pub struct WindowMemory {
    map: Mapping,
    processes: usize,
    data: usize,
}

fn header(processes: usize) -> usize {
    (processes * size_of::<TargetLock>()).next_multiple_of(PAGE)
}

impl WindowMemory {
    /// A memory file for `processes` with `data` bytes altogether; its size is sealed. It costs memory as it is
    /// touched.
    pub fn file(processes: usize, data: usize) -> io::Result<OwnedFd> {
        let total = header(processes).checked_add(data).ok_or(io::ErrorKind::OutOfMemory)?;
        let file = memory_file(c"vmi-window", total as u64)?;
        seal_size(file.as_fd())?;
        Ok(file)
    }

    /// Maps such a file.
    ///
    /// # Errors
    /// The file is shorter than it must be, or there is no address space.
    pub fn map(file: BorrowedFd<'_>, processes: usize, data: usize) -> io::Result<WindowMemory> {
        let total = header(processes).checked_add(data).ok_or(io::ErrorKind::OutOfMemory)?;
        if file_len(file)? < total as u64 {
            return Err(io::Error::other(format!("the window's memory file is shorter than {total} bytes")));
        }
        Ok(WindowMemory { map: Mapping::shared(file, total)?, processes, data })
    }

    pub fn lock(&self, process: usize) -> &TargetLock {
        assert!(process < self.processes, "a process of the window");
        // SAFETY: within the mapping (its size was checked in `map`), aligned, atomics only.
        unsafe { &*self.map.base().cast::<TargetLock>().add(process) }
    }

    /// The data from `offset` on; `len` bytes of it are there.
    pub fn data(&self, offset: usize, len: usize) -> UserBuf {
        let end = offset.checked_add(len);
        assert!(end.is_some_and(|end| end <= self.data), "data of the window");
        let at = self.map.base().wrapping_add(header(self.processes) + offset);
        // SAFETY: `len` bytes from here on lie within the mapping, which lives as long as `self`; the window gives
        // its memory up only when no operation uses it any more.
        unsafe { UserBuf::from_raw(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn memory(processes: usize, data: usize) -> Arc<WindowMemory> {
        let file = WindowMemory::file(processes, data).unwrap();
        Arc::new(WindowMemory::map(file.as_fd(), processes, data).unwrap())
    }

    #[test]
    fn two_mappings_of_one_file_share_it() {
        let file = WindowMemory::file(3, 100).unwrap();
        let maps = [(); 2].map(|()| WindowMemory::map(file.as_fd(), 3, 100).unwrap());
        maps[0].data(40, 3).write(0, b"abc");
        let mut read = [0; 3];
        maps[1].data(40, 3).read(0, &mut read);
        assert_eq!(&read, b"abc");
        assert!(WindowMemory::map(file.as_fd(), 3, 5000).is_err());
    }

    #[test]
    fn the_lock_is_fair() {
        let memory = memory(1, 0);
        let lock = memory.lock(0);
        let (a, b, c, d) = (lock.queue_up(), lock.queue_up(), lock.queue_up(), lock.queue_up());
        assert!(lock.try_shared(a) && lock.try_shared(b));
        assert!(!lock.try_exclusive(c) && !lock.try_shared(d), "readers must not overtake a waiting writer");
        lock.leave_shared();
        assert!(!lock.try_exclusive(c));
        lock.leave_shared();
        assert!(lock.try_exclusive(c) && !lock.try_shared(d));
        lock.leave_exclusive();
        assert!(lock.try_shared(d));
    }

    #[test]
    fn updates_exclude_each_other() {
        let memory = memory(2, 8);
        let work = |memory: Arc<WindowMemory>| {
            for _ in 0..2000 {
                let _update = memory.lock(1).update();
                let cell = memory.data(0, 8);
                cell.store::<u64>(0, cell.load::<u64>(0) + 1);
            }
        };
        let threads = [(); 4].map(|()| {
            let memory = memory.clone();
            std::thread::spawn(move || work(memory))
        });
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(memory.data(0, 8).load::<u64>(0), 8000);
    }
}
