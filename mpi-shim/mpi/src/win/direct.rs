//! Operations by load and store, on memory that this process reaches itself.

use super::Win;
use super::apply::Elements;
use crate::UserBuf;
use crate::datatype::Basic;
use crate::op::Which;
use vmi::shm::window::Update;

/// Keeps updates of other processes away from the memory of `rank`. Where a window's memory is not shared, the
/// engine's lock does.
fn hold(win: &Win, rank: i32) -> Option<Update<'_>> {
    win.shared().map(|memory| memory.lock(rank as usize).update())
}

pub fn put(origin: &Elements, target: &Elements) {
    origin.copy_to(target, origin.bytes().min(target.bytes()));
}

pub fn accumulate(
    win: &Win,
    rank: i32,
    (which, basic): (Which, Basic),
    origin: &Elements,
    target: &Elements,
    result: Option<&Elements>,
) {
    let len = target.bytes();
    let _alone = hold(win, rank);
    origin.accumulate(which, basic, target, result, len);
}

/// Stores `new` at `target` if `compare` is there; `result` gets what was there.
pub fn compare_and_swap(win: &Win, rank: i32, size: usize, [new, compare, result, target]: [UserBuf; 4]) {
    let _alone = hold(win, rank);
    swap_if_equal(size, [new, compare, result, target]);
}

/// As [`compare_and_swap`], for a caller that keeps others away.
pub fn swap_if_equal(size: usize, [new, compare, result, target]: [UserBuf; 4]) {
    let size = size.min(16);
    let [mut value, mut wanted, mut found] = [[0u8; 16]; 3];
    new.read(0, &mut value[..size]);
    compare.read(0, &mut wanted[..size]);
    target.read(0, &mut found[..size]);
    if found[..size] == wanted[..size] {
        target.write(0, &value[..size]);
    }
    result.write(0, &found[..size]);
}
