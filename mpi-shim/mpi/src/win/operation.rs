//! The functions that start operations: their arguments are checked here (MPI-5.0 §12.3).

use super::apply::Elements;
use super::outbox::{self, There, Whole};
use super::{Flavor, Win, direct};
use crate::constants::PROC_NULL;
use crate::datatype::{self, Basic, Datatype};
use crate::error::Result;
use crate::op::{self, Which};
use crate::request::COMPLETED;
use crate::{Eng, OpId, RequestId, TypeId, UserBuf, WinId, fail, p2p};
use std::rc::Rc;

/// The target's part of an operation.
struct Aim {
    rank: i32,
    /// Bytes from the window's base, for a dynamic window the address.
    place: i64,
    count: i64,
    datatype: Rc<Datatype>,
}

impl Aim {
    fn there(&self) -> There<'_> {
        There { rank: self.rank, place: self.place, count: self.count, datatype: &self.datatype }
    }

    /// The target's elements, if this process reaches them itself.
    fn here(&self, win: &Win) -> Option<Elements> {
        let base = win.reach(self.rank)?;
        let buf = base.offset(self.place as isize);
        Some(Elements { buf, count: self.count, datatype: self.datatype.clone() })
    }
}

/// None: the target is MPI_PROC_NULL.
fn aim(e: Eng, win: &Win, rank: i32, disp: i64, count: i64, datatype: TypeId) -> Result<Option<Aim>> {
    if rank != PROC_NULL && (rank < 0 || rank >= win.size()) {
        fail!(RANK, "target_rank is {rank}, expected 0 to {} or MPI_PROC_NULL", win.size() - 1);
    }
    if count < 0 {
        fail!(COUNT, "target_count is {count}, expected 0 or more");
    }
    let datatype = datatype::usable(e, datatype)?;
    if rank == PROC_NULL {
        return Ok(None);
    }
    win.enter_access(rank)?;
    let place = match win.flavor {
        Flavor::Dynamic => disp,
        _ if disp < 0 => fail!(DISP, "target_disp is {disp}, expected 0 or more"),
        _ => match disp.checked_mul(win.parts[rank as usize].unit) {
            Some(place) => place,
            None => fail!(DISP, "target_disp is {disp}, beyond all addresses"),
        },
    };
    win.check_range(rank, place, count, &datatype)?;
    Ok(Some(Aim { rank, place, count, datatype }))
}

/// Elements of this process.
fn ours(e: Eng, buf: UserBuf, count: i64, datatype: TypeId, name: &str) -> Result<Elements> {
    if count < 0 {
        fail!(COUNT, "{name}_count is {count}, expected 0 or more");
    }
    let datatype = datatype::usable(e, datatype)?;
    p2p::check_buffer(buf, count, &datatype)?;
    Ok(Elements { buf, count, datatype })
}

fn same_bytes(here: &Elements, aim: &Aim, name: &str) -> Result {
    let (mine, theirs) = (here.bytes(), aim.datatype.bytes(aim.count));
    if mine != theirs {
        fail!(
            ARG,
            "the {name} has {mine} bytes and the target {theirs}: the two datatypes must have the same signature"
        );
    }
    Ok(())
}

/// The operation, and what the target consists of.
fn updates(e: Eng, op: OpId, datatype: &Datatype, count: i64) -> Result<(u32, Which, Basic)> {
    let object = e.ops.get(op)?;
    // No element, nothing that the operation would not be defined for.
    if count > 0 || !object.is_predefined() {
        op::check_accumulate(&object, datatype)?;
    }
    match (object.which(), datatype.uniform()) {
        (Some(which), Some(basic)) => Ok((op.0, which, basic)),
        (Some(which), None) if datatype.bytes(count) == 0 => Ok((op.0, which, empty())),
        _ => fail!(TYPE, "{} consists of several predefined types, expected one", datatype.describe()),
    }
}

/// Stands for the elements of a type without data.
fn empty() -> Basic {
    Basic::one(datatype::Num::U8, datatype::Family::Byte)
}

/// Only a passive target epoch may have operations with requests (MPI-5.0 §12.3.5).
fn passive(win: &Win, rank: i32) -> Result {
    if (0..win.size()).contains(&rank) && !win.access.is_passive(rank) {
        fail!(
            RMA_SYNC,
            "target_rank is {rank}, which is not locked: operations with requests need MPI_Win_lock or MPI_Win_lock_all"
        );
    }
    Ok(())
}

/// The kind of operation decides how its end is told.
fn run(e: Eng, win: WinId, rank: i32, start: impl FnOnce(&Rc<Win>, &Whole) -> Result) -> Result<RequestId> {
    let win = e.windows.table.get(win)?;
    passive(&win, rank)?;
    if win.reach_checked(rank) {
        start(&win, &Whole::none())?;
        return Ok(COMPLETED);
    }
    let whole = Whole::request(e);
    start(&win, &whole)?;
    Ok(whole.id())
}

impl Win {
    /// Nothing stays under way after an operation on `rank`.
    fn reach_checked(&self, rank: i32) -> bool {
        !(0..self.size()).contains(&rank) || self.reach(rank).is_some()
    }
}

struct Put {
    origin: (UserBuf, i64, TypeId),
    target: (i32, i64, i64, TypeId),
}

impl Put {
    fn aim(&self, e: Eng, win: &Win) -> Result<Option<(Elements, Aim)>> {
        let (buf, count, datatype) = self.origin;
        let (rank, disp, target_count, target_type) = self.target;
        let Some(aim) = aim(e, win, rank, disp, target_count, target_type)? else { return Ok(None) };
        let origin = ours(e, buf, count, datatype, "origin")?;
        same_bytes(&origin, &aim, "origin")?;
        Ok((origin.bytes() > 0).then_some((origin, aim)))
    }

    fn put(&self, e: Eng, win: &Win, whole: &Whole) -> Result {
        let Some((origin, aim)) = self.aim(e, win)? else { return Ok(()) };
        match aim.here(win) {
            Some(target) => {
                direct::put(&origin, &target);
                Ok(())
            }
            None => outbox::put(e, win, &aim.there(), &origin, whole),
        }
    }

    fn get(&self, e: Eng, win: &Win, whole: &Whole) -> Result {
        let Some((origin, aim)) = self.aim(e, win)? else { return Ok(()) };
        match aim.here(win) {
            Some(target) => {
                direct::put(&target, &origin);
                Ok(())
            }
            None => outbox::get(e, win, &aim.there(), &origin, whole),
        }
    }
}

struct Accumulate {
    origin: (UserBuf, i64, TypeId),
    result: Option<(UserBuf, i64, TypeId)>,
    target: (i32, i64, i64, TypeId),
    op: OpId,
}

impl Accumulate {
    fn start(&self, e: Eng, win: &Win, whole: &Whole) -> Result {
        let (rank, disp, count, datatype) = self.target;
        let Some(aim) = aim(e, win, rank, disp, count, datatype)? else { return Ok(()) };
        let (id, which, basic) = updates(e, self.op, &aim.datatype, count)?;
        if which == Which::NoOp && self.result.is_none() {
            fail!(OP, "op is MPI_NO_OP, which only operations that fetch may use");
        }
        let origin = match which {
            Which::NoOp => None,
            _ => {
                let (buf, count, datatype) = self.origin;
                let origin = ours(e, buf, count, datatype, "origin")?;
                same_bytes(&origin, &aim, "origin")?;
                Some(origin)
            }
        };
        let result = match self.result {
            Some((buf, count, datatype)) => {
                let result = ours(e, buf, count, datatype, "result")?;
                same_bytes(&result, &aim, "result")?;
                Some(result)
            }
            None => None,
        };
        match aim.here(win) {
            Some(target) => {
                // An operation that only fetches takes nothing from its origin.
                let from = origin.or_else(|| result.clone()).unwrap_or_else(|| target.clone());
                direct::accumulate(win, rank, (which, basic), &from, &target, result.as_ref());
                Ok(())
            }
            None => {
                let (origin, result) = (origin.as_ref(), result.as_ref());
                outbox::accumulate(e, win, &aim.there(), (id, basic), origin, result, whole)
            }
        }
    }
}

macro_rules! transfers {
    ($($now:ident $request:ident $method:ident;)*) => {$(
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $now(e: Eng, origin_addr: UserBuf, origin_count: i64, origin_datatype: TypeId, target_rank: i32,
            target_disp: i64, target_count: i64, target_datatype: TypeId, win: WinId) -> Result {
            let origin = (origin_addr, origin_count, origin_datatype);
            let target = (target_rank, target_disp, target_count, target_datatype);
            Put { origin, target }.$method(e, &*e.windows.table.get(win)?, &Whole::none())
        }
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $request(e: Eng, origin_addr: UserBuf, origin_count: i64, origin_datatype: TypeId, target_rank: i32,
            target_disp: i64, target_count: i64, target_datatype: TypeId, win: WinId) -> Result<RequestId> {
            let origin = (origin_addr, origin_count, origin_datatype);
            let target = (target_rank, target_disp, target_count, target_datatype);
            run(e, win, target_rank, |win, whole| Put { origin, target }.$method(e, win, whole))
        }
    )*};
}

transfers! {
    put rput put;
    get rget get;
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn accumulate(
    e: Eng,
    origin_addr: UserBuf,
    origin_count: i64,
    origin_datatype: TypeId,
    target_rank: i32,
    target_disp: i64,
    target_count: i64,
    target_datatype: TypeId,
    op: OpId,
    win: WinId,
) -> Result {
    let origin = (origin_addr, origin_count, origin_datatype);
    let target = (target_rank, target_disp, target_count, target_datatype);
    let win = e.windows.table.get(win)?;
    Accumulate { origin, result: None, target, op }.start(e, &win, &Whole::none())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn raccumulate(
    e: Eng,
    origin_addr: UserBuf,
    origin_count: i64,
    origin_datatype: TypeId,
    target_rank: i32,
    target_disp: i64,
    target_count: i64,
    target_datatype: TypeId,
    op: OpId,
    win: WinId,
) -> Result<RequestId> {
    let origin = (origin_addr, origin_count, origin_datatype);
    let target = (target_rank, target_disp, target_count, target_datatype);
    let operation = Accumulate { origin, result: None, target, op };
    run(e, win, target_rank, |win, whole| operation.start(e, win, whole))
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn get_accumulate(
    e: Eng,
    origin_addr: UserBuf,
    origin_count: i64,
    origin_datatype: TypeId,
    result_addr: UserBuf,
    result_count: i64,
    result_datatype: TypeId,
    target_rank: i32,
    target_disp: i64,
    target_count: i64,
    target_datatype: TypeId,
    op: OpId,
    win: WinId,
) -> Result {
    let origin = (origin_addr, origin_count, origin_datatype);
    let result = Some((result_addr, result_count, result_datatype));
    let target = (target_rank, target_disp, target_count, target_datatype);
    let win = e.windows.table.get(win)?;
    Accumulate { origin, result, target, op }.start(e, &win, &Whole::none())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn rget_accumulate(
    e: Eng,
    origin_addr: UserBuf,
    origin_count: i64,
    origin_datatype: TypeId,
    result_addr: UserBuf,
    result_count: i64,
    result_datatype: TypeId,
    target_rank: i32,
    target_disp: i64,
    target_count: i64,
    target_datatype: TypeId,
    op: OpId,
    win: WinId,
) -> Result<RequestId> {
    let origin = (origin_addr, origin_count, origin_datatype);
    let result = Some((result_addr, result_count, result_datatype));
    let target = (target_rank, target_disp, target_count, target_datatype);
    let operation = Accumulate { origin, result, target, op };
    run(e, win, target_rank, |win, whole| operation.start(e, win, whole))
}

/// One element of a predefined type, which the two operations on single elements want.
fn single(e: Eng, datatype: TypeId) -> Result<Basic> {
    let object = e.types.get(datatype)?;
    match object.basic() {
        Some(basic) => Ok(basic),
        None => fail!(TYPE, "datatype is the {}, expected a predefined one", object.describe()),
    }
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn fetch_and_op(
    e: Eng,
    origin_addr: UserBuf,
    result_addr: UserBuf,
    datatype: TypeId,
    target_rank: i32,
    target_disp: i64,
    op: OpId,
    win: WinId,
) -> Result {
    single(e, datatype)?;
    let (origin, result) = ((origin_addr, 1, datatype), Some((result_addr, 1, datatype)));
    let target = (target_rank, target_disp, 1, datatype);
    let win = e.windows.table.get(win)?;
    Accumulate { origin, result, target, op }.start(e, &win, &Whole::none())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn compare_and_swap(
    e: Eng,
    origin_addr: UserBuf,
    compare_addr: UserBuf,
    result_addr: UserBuf,
    datatype: TypeId,
    target_rank: i32,
    target_disp: i64,
    win: WinId,
) -> Result {
    use datatype::Family::*;
    let win = e.windows.table.get(win)?;
    let basic = single(e, datatype)?;
    if !matches!(basic.family, Integer | Multi | Logical | Byte | Character) {
        let name = e.types.get(datatype)?.describe();
        fail!(TYPE, "datatype is {name}, expected an integer, logical or byte type");
    }
    let Some(aim) = aim(e, &win, target_rank, target_disp, 1, datatype)? else { return Ok(()) };
    let origin = ours(e, origin_addr, 1, datatype, "origin")?;
    let compare = ours(e, compare_addr, 1, datatype, "compare")?;
    let result = ours(e, result_addr, 1, datatype, "result")?;
    match aim.here(&win) {
        Some(target) => {
            let places = [origin.buf, compare.buf, result.buf, target.buf];
            direct::compare_and_swap(&win, target_rank, basic.size(), places);
            Ok(())
        }
        None => outbox::compare_and_swap(e, &win, &aim.there(), [origin.buf, compare.buf], &result),
    }
}
