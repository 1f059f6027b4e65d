//! Epochs of one process on one window: what it may access now, and to whom it is exposed (MPI-5.0 §12.5).

use super::Win;
use crate::constants::class;
use crate::error::{Error, Result};
use crate::fail;
use std::cell::{Cell, RefCell};

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    Shared,
    Exclusive,
    /// MPI_MODE_NOCHECK: the program vouches that nobody holds a conflicting lock.
    Unchecked,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fence {
    No,
    /// A fence has opened an epoch, which has not been used.
    Open,
    /// … and operations have been started in it.
    Used,
}

pub struct Access {
    pub fence: Cell<Fence>,
    /// Ranks of the start-complete epoch.
    pub started: RefCell<Option<Vec<i32>>>,
    /// Ranks of the post-wait epoch.
    pub posted: RefCell<Option<Vec<i32>>>,
    /// By rank: a lock of this process there.
    pub locks: RefCell<Vec<Option<Held>>>,
    pub locked: Cell<u32>,
    pub all_locked: Cell<bool>,
    /// … and not with MPI_MODE_NOCHECK.
    pub all_checked: Cell<bool>,
}

impl Access {
    pub fn new(size: i32) -> Access {
        Access {
            fence: Cell::new(Fence::No),
            started: RefCell::new(None),
            posted: RefCell::new(None),
            locks: RefCell::new(vec![None; size as usize]),
            locked: Cell::new(0),
            all_locked: Cell::new(false),
            all_checked: Cell::new(false),
        }
    }

    /// In a passive target epoch for `rank`.
    pub fn is_passive(&self, rank: i32) -> bool {
        self.all_locked.get() || self.locks.borrow()[rank as usize].is_some()
    }

    pub fn any_passive(&self) -> bool {
        self.all_locked.get() || self.locked.get() > 0
    }

    /// What kind of epoch is open, in words.
    fn describe(&self) -> Option<&'static str> {
        if self.all_locked.get() {
            Some("an epoch of MPI_Win_lock_all")
        } else if self.locked.get() > 0 {
            Some("an epoch of MPI_Win_lock")
        } else if self.started.borrow().is_some() {
            Some("an epoch of MPI_Win_start")
        } else if self.posted.borrow().is_some() {
            Some("an epoch of MPI_Win_post")
        } else if self.fence.get() == Fence::Used {
            Some("an epoch of MPI_Win_fence with operations in it")
        } else {
            None
        }
    }

    /// No epoch but those named may be open.
    pub fn must_be_closed(&self, what: &str, allowed: &[Open]) -> Result {
        let mut hidden = Vec::new();
        for open in allowed {
            match open {
                Open::Fence => hidden.push("an epoch of MPI_Win_fence with operations in it"),
                Open::Post => hidden.push("an epoch of MPI_Win_post"),
                Open::Start => hidden.push("an epoch of MPI_Win_start"),
                Open::Lock => hidden.push("an epoch of MPI_Win_lock"),
            }
        }
        match self.describe().filter(|open| !hidden.contains(open)) {
            Some(open) => fail!(RMA_SYNC, "{open} is open, {what}"),
            None => Ok(()),
        }
    }
}

/// Epochs that may be open beside another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Open {
    Fence,
    Post,
    Start,
    Lock,
}

impl Win {
    /// An operation on the memory of `rank` starts now.
    pub(super) fn enter_access(&self, rank: i32) -> Result {
        let access = &self.access;
        if access.is_passive(rank) {
            return Ok(());
        }
        if let Some(started) = &*access.started.borrow() {
            if started.contains(&rank) {
                return Ok(());
            }
            fail!(RMA_SYNC, "target_rank is {rank}, which is not in the group of MPI_Win_start");
        }
        if access.fence.get() != Fence::No {
            access.fence.set(Fence::Used);
            return Ok(());
        }
        Err(self.no_epoch(rank))
    }

    #[cold]
    fn no_epoch(&self, rank: i32) -> Error {
        let why = match self.access.locked.get() {
            0 => "no epoch is open",
            _ => "it is not locked",
        };
        let text = format!(
            "target_rank is {rank}, and {why}: call MPI_Win_fence, MPI_Win_start, MPI_Win_lock or MPI_Win_lock_all first"
        );
        Error::new(class::RMA_SYNC, text)
    }
}

/// Bits of an assert argument.
pub mod assertion {
    pub const NOCHECK: i32 = 1024;
    pub const NOPRECEDE: i32 = 2048;
    pub const NOPUT: i32 = 4096;
    pub const NOSTORE: i32 = 8192;
    pub const NOSUCCEED: i32 = 16384;
}

/// `assert` must consist of bits that the function knows.
pub fn check_assert(assert: i32, known: i32, names: &str) -> Result {
    if assert & !known != 0 {
        fail!(ASSERT, "assert is {assert:#x}, expected 0 or a combination of {names}");
    }
    Ok(())
}
