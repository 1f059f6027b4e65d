//! Passive target synchronization: locks, and completion inside of their epochs (MPI-5.0 §12.5.3, §12.5.4).

use super::Win;
use super::access::{Fence, Held, Open, assertion, check_assert};
use super::outbox;
use super::wire::{Head, Kind};
use crate::constants::PROC_NULL;
use crate::error::Result;
use crate::{Eng, WinId, engine, fail};
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;
use vmi::shm::window::WindowMemory;

const LOCK_EXCLUSIVE: i32 = 301;
const LOCK_SHARED: i32 = 302;

/// Fruitless looks at a lock in shared memory before a process sleeps between them, and how long it sleeps.
const LOOKS: u32 = 40_000;
const NAP: Duration = Duration::from_micros(50);

fn check_rank(win: &Win, rank: i32) -> Result {
    if rank != PROC_NULL && (rank < 0 || rank >= win.size()) {
        fail!(RANK, "rank is {rank}, expected 0 to {} or MPI_PROC_NULL", win.size() - 1);
    }
    Ok(())
}

pub fn win_lock(e: Eng, lock_type: i32, rank: i32, assert: i32, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    if lock_type != LOCK_EXCLUSIVE && lock_type != LOCK_SHARED {
        fail!(LOCKTYPE, "lock_type is {lock_type}, expected MPI_LOCK_EXCLUSIVE or MPI_LOCK_SHARED");
    }
    check_rank(&win, rank)?;
    check_assert(assert, assertion::NOCHECK, "MPI_MODE_NOCHECK")?;
    if rank == PROC_NULL {
        return Ok(());
    }
    if win.access.locks.borrow()[rank as usize].is_some() {
        fail!(RMA_SYNC, "rank is {rank}, which this process has locked already");
    }
    let beside: &[Open] = if win.access.all_locked.get() { &[] } else { &[Open::Lock, Open::Post] };
    win.access.must_be_closed("MPI_Win_lock cannot open another epoch", beside)?;
    win.access.fence.set(Fence::No);
    let held = match lock_type {
        _ if assert & assertion::NOCHECK != 0 => Held::Unchecked,
        LOCK_EXCLUSIVE => Held::Exclusive,
        _ => Held::Shared,
    };
    acquire(e, &win, rank, held)?;
    win.access.locks.borrow_mut()[rank as usize] = Some(held);
    win.access.locked.set(win.access.locked.get() + 1);
    Ok(())
}

fn acquire(e: Eng, win: &Win, rank: i32, held: Held) -> Result {
    match (held, win.shared()) {
        (Held::Unchecked, _) => {}
        (_, Some(memory)) => acquire_shared_memory(e, memory, rank, held == Held::Exclusive),
        (_, None) => {
            request_lock(e, win, rank, held)?;
            win.wait(e, || win.outbox.targets.borrow()[rank as usize].granted)?;
        }
    }
    fence(Ordering::SeqCst);
    Ok(())
}

fn request_lock(e: Eng, win: &Win, rank: i32, held: Held) -> Result {
    win.outbox.targets.borrow_mut()[rank as usize].granted = false;
    let alone = u32::from(held == Held::Exclusive);
    outbox::post(e, win, rank, Head::control(Kind::Lock, alone).letter(&[]))
}

/// Nobody wakes a process that waits for such a lock, because its holder may be computing when it lets go.
fn acquire_shared_memory(e: Eng, memory: &WindowMemory, rank: i32, alone: bool) {
    let lock = memory.lock(rank as usize);
    let ticket = lock.queue_up();
    let mut looks = 0u32;
    while !(if alone { lock.try_exclusive(ticket) } else { lock.try_shared(ticket) }) {
        e.progress_test();
        looks = looks.saturating_add(1);
        if looks > LOOKS {
            engine::outside(|| std::thread::sleep(NAP));
        }
    }
}

/// Ends the access to `rank`: operations are done there when the lock is free for others.
fn release(e: Eng, win: &Win, rank: i32, held: Held) -> Result {
    // What was stored is seen by whoever takes the lock next.
    fence(Ordering::SeqCst);
    match (held, win.shared()) {
        (Held::Unchecked, Some(_)) => {}
        (Held::Exclusive, Some(memory)) => memory.lock(rank as usize).leave_exclusive(),
        (Held::Shared, Some(memory)) => memory.lock(rank as usize).leave_shared(),
        (Held::Unchecked, None) => {
            outbox::ask(e, win, rank)?;
        }
        (_, None) => outbox::ask_unlock(e, win, rank, true)?,
    }
    Ok(())
}

pub fn win_unlock(e: Eng, rank: i32, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    check_rank(&win, rank)?;
    if rank == PROC_NULL {
        return Ok(());
    }
    let Some(held) = win.access.locks.borrow()[rank as usize] else {
        fail!(RMA_SYNC, "rank is {rank}, which this process has not locked");
    };
    release(e, &win, rank, held)?;
    win.wait(e, || outbox::is_quiet(&win, rank))?;
    win.access.locks.borrow_mut()[rank as usize] = None;
    win.access.locked.set(win.access.locked.get() - 1);
    win.verdict()
}

pub fn win_lock_all(e: Eng, assert: i32, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    check_assert(assert, assertion::NOCHECK, "MPI_MODE_NOCHECK")?;
    win.access.must_be_closed("MPI_Win_lock_all cannot open another epoch", &[Open::Post])?;
    win.access.fence.set(Fence::No);
    if assert & assertion::NOCHECK == 0 {
        share_all(e, &win)?;
    }
    win.access.all_checked.set(assert & assertion::NOCHECK == 0);
    win.access.all_locked.set(true);
    Ok(())
}

fn share_all(e: Eng, win: &Win) -> Result {
    if let Some(memory) = win.shared() {
        (0..win.size()).for_each(|rank| acquire_shared_memory(e, memory, rank, false));
        fence(Ordering::SeqCst);
        return Ok(());
    }
    for rank in 0..win.size() {
        request_lock(e, win, rank, Held::Shared)?;
    }
    win.wait(e, || win.outbox.targets.borrow().iter().all(|target| target.granted))
}

pub fn win_unlock_all(e: Eng, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    if !win.access.all_locked.get() {
        fail!(RMA_SYNC, "no epoch of MPI_Win_lock_all is open");
    }
    let held = if win.access.all_checked.get() { Held::Shared } else { Held::Unchecked };
    for rank in 0..win.size() {
        release(e, &win, rank, held)?;
    }
    win.wait(e, || (0..win.size()).all(|rank| outbox::is_quiet(&win, rank)))?;
    win.access.all_locked.set(false);
    win.verdict()
}

/// The window, in a passive target epoch for `rank`.
fn passive(e: Eng, win: WinId, rank: i32) -> Result<Rc<Win>> {
    let win = e.windows.table.get(win)?;
    check_rank(&win, rank)?;
    if rank != PROC_NULL && !win.access.is_passive(rank) {
        fail!(RMA_SYNC, "rank is {rank}, which this process has not locked");
    }
    Ok(win)
}

fn any_passive(e: Eng, win: WinId) -> Result<Rc<Win>> {
    let win = e.windows.table.get(win)?;
    if !win.access.any_passive() {
        fail!(RMA_SYNC, "no epoch of MPI_Win_lock or MPI_Win_lock_all is open");
    }
    Ok(win)
}

pub fn win_flush(e: Eng, rank: i32, win: WinId) -> Result {
    let win = passive(e, win, rank)?;
    fence(Ordering::SeqCst);
    if rank != PROC_NULL {
        outbox::flush(e, &win, rank)?;
    }
    win.verdict()
}

pub fn win_flush_all(e: Eng, win: WinId) -> Result {
    let win = any_passive(e, win)?;
    fence(Ordering::SeqCst);
    outbox::flush_all(e, &win)?;
    win.verdict()
}

pub fn win_flush_local(e: Eng, rank: i32, win: WinId) -> Result {
    let win = passive(e, win, rank)?;
    if rank != PROC_NULL {
        win.wait(e, || outbox::is_locally_quiet(&win, rank))?;
    }
    win.verdict()
}

pub fn win_flush_local_all(e: Eng, win: WinId) -> Result {
    let win = any_passive(e, win)?;
    outbox::flush_local_all(e, &win)?;
    win.verdict()
}

/// Orders this process's loads and stores. Programs call it while they wait for another process, so it lets
/// operations of others proceed as well.
pub fn win_sync(e: Eng, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    fence(Ordering::SeqCst);
    e.progress_test();
    win.verdict()
}
