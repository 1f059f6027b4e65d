//! Memory that is attached to a window after it was made (MPI-5.0 §12.2.4).

use super::{Flavor, Win};
use crate::error::Result;
use crate::{Eng, UserBuf, WinId, fail};
use std::rc::Rc;

fn dynamic(e: Eng, win: WinId) -> Result<Rc<Win>> {
    let win = e.windows.table.get(win)?;
    if win.flavor != Flavor::Dynamic {
        fail!(RMA_FLAVOR, "win has memory of its own, expected one made by MPI_Win_create_dynamic");
    }
    Ok(win)
}

pub fn win_attach(e: Eng, win: WinId, base: UserBuf, size: i64) -> Result {
    let win = dynamic(e, win)?;
    let Ok(len) = usize::try_from(size) else {
        fail!(SIZE, "size is {size}, expected 0 or more");
    };
    if base.is_null() && len > 0 {
        fail!(BASE, "base is NULL, expected {len} bytes of memory");
    }
    let mut attached = win.attached.borrow_mut();
    let (from, to) = (base.addr(), base.addr().saturating_add(len));
    if let Some((at, n)) = attached.iter().find(|(at, n)| *at < to && from < at + n) {
        fail!(
            RMA_ATTACH,
            "the {len} bytes at {from:#x} overlap the {n} bytes at {at:#x}, which are attached already"
        );
    }
    attached.push((from, len));
    Ok(())
}

pub fn win_detach(e: Eng, win: WinId, base: UserBuf) -> Result {
    let win = dynamic(e, win)?;
    let mut attached = win.attached.borrow_mut();
    match attached.iter().position(|(at, _)| *at == base.addr()) {
        Some(i) => {
            attached.swap_remove(i);
            Ok(())
        }
        None => fail!(BASE, "base is {:#x}, where no attached memory begins", base.addr()),
    }
}

impl Win {
    /// The bytes `low..high` are attached memory of this process; several regions may adjoin.
    pub(super) fn check_attached(&self, low: i64, high: i64) -> Result {
        let attached = self.attached.borrow();
        let (mut at, end) = (low as usize, high as usize);
        while at < end {
            match attached.iter().find(|(from, len)| *from <= at && at < from + len) {
                Some((from, len)) => at = from + len,
                None => fail!(
                    RMA_RANGE,
                    "the operation means {} bytes at {low:#x} of rank {}, which are not attached to the window",
                    end - low as usize,
                    self.rank()
                ),
            }
        }
        Ok(())
    }
}
