//! Active target synchronization: fences, and start, complete, post, wait (MPI-5.0 §12.5.1, §12.5.2).

use super::Win;
use super::access::{Fence, Open, assertion, check_assert};
use super::outbox;
use super::wire::{Head, Kind};
use crate::error::Result;
use crate::{Eng, GroupId, WinId, coll, fail};
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};

pub fn win_fence(e: Eng, assert: i32, win: WinId) -> Result {
    use assertion::*;
    let win = e.windows.table.get(win)?;
    let names = "MPI_MODE_NOSTORE, MPI_MODE_NOPUT, MPI_MODE_NOPRECEDE and MPI_MODE_NOSUCCEED";
    check_assert(assert, NOSTORE | NOPUT | NOPRECEDE | NOSUCCEED, names)?;
    win.access.must_be_closed("MPI_Win_fence cannot be called", &[Open::Fence])?;
    // First everything is done everywhere that this process has asked for, then everybody knows.
    outbox::flush_all(e, &win)?;
    fence(Ordering::SeqCst);
    coll::barrier_on(e, &win.comm)?;
    let next = if assert & NOSUCCEED != 0 { Fence::No } else { Fence::Open };
    win.access.fence.set(next);
    win.verdict()
}

/// The ranks of a group's processes in the window.
fn ranks_of(e: Eng, win: &Win, group: GroupId) -> Result<Vec<i32>> {
    let group = e.groups.get(group)?;
    let mut ranks = Vec::new();
    for (i, &proc) in group.procs().iter().enumerate() {
        match win.comm.group.rank_of(proc) {
            Some(rank) => ranks.push(rank),
            None => fail!(GROUP, "rank {i} of group is no process of the window"),
        }
    }
    Ok(ranks)
}

pub fn win_start(e: Eng, group: GroupId, assert: i32, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    let ranks = ranks_of(e, &win, group)?;
    check_assert(assert, assertion::NOCHECK, "MPI_MODE_NOCHECK")?;
    win.access.must_be_closed("MPI_Win_start cannot open another epoch", &[Open::Post])?;
    win.access.fence.set(Fence::No);
    if assert & assertion::NOCHECK == 0 {
        let posted = |rank: &i32| win.outbox.targets.borrow()[*rank as usize].posts > 0;
        win.wait(e, || ranks.iter().all(posted))?;
        let mut targets = win.outbox.targets.borrow_mut();
        ranks.iter().for_each(|&rank| targets[rank as usize].posts -= 1);
    }
    *win.access.started.borrow_mut() = Some(ranks);
    Ok(())
}

pub fn win_complete(e: Eng, win: WinId) -> Result {
    let win = e.windows.table.get(win)?;
    let Some(ranks) = win.access.started.borrow().clone() else {
        fail!(RMA_SYNC, "no epoch of MPI_Win_start is open");
    };
    fence(Ordering::SeqCst);
    for &rank in &ranks {
        outbox::forget(&win, rank);
        outbox::post(e, &win, rank, Head::control(Kind::Complete, 0).letter(&[]))?;
    }
    win.wait(e, || ranks.iter().all(|&rank| outbox::is_quiet(&win, rank)))?;
    *win.access.started.borrow_mut() = None;
    win.verdict()
}

pub fn win_post(e: Eng, group: GroupId, assert: i32, win: WinId) -> Result {
    use assertion::*;
    let win = e.windows.table.get(win)?;
    let ranks = ranks_of(e, &win, group)?;
    let names = "MPI_MODE_NOCHECK, MPI_MODE_NOSTORE and MPI_MODE_NOPUT";
    check_assert(assert, NOCHECK | NOSTORE | NOPUT, names)?;
    win.access.must_be_closed("MPI_Win_post cannot open another epoch", &[Open::Start, Open::Lock])?;
    fence(Ordering::SeqCst);
    if assert & NOCHECK == 0 {
        for &rank in &ranks {
            outbox::post(e, &win, rank, Head::control(Kind::Post, 0).letter(&[]))?;
        }
    }
    *win.access.posted.borrow_mut() = Some(ranks);
    Ok(())
}

fn exposed(e: Eng, win: WinId) -> Result<(Rc<Win>, Vec<i32>)> {
    let win = e.windows.table.get(win)?;
    let posted = win.access.posted.borrow().clone();
    match posted {
        Some(ranks) => Ok((win, ranks)),
        None => fail!(RMA_SYNC, "no epoch of MPI_Win_post is open"),
    }
}

fn end_exposure(win: &Win, ranks: &[i32]) -> Result {
    win.inbox.use_completes(ranks);
    *win.access.posted.borrow_mut() = None;
    fence(Ordering::SeqCst);
    win.verdict()
}

pub fn win_wait(e: Eng, win: WinId) -> Result {
    let (win, ranks) = exposed(e, win)?;
    win.wait(e, || win.inbox.all_complete(&ranks))?;
    end_exposure(&win, &ranks)
}

pub fn win_test(e: Eng, win: WinId) -> Result<bool> {
    let (win, ranks) = exposed(e, win)?;
    if !win.inbox.all_complete(&ranks) {
        e.progress_test();
    }
    let complete = win.inbox.all_complete(&ranks);
    if complete {
        end_exposure(&win, &ranks)?;
    }
    Ok(complete)
}
