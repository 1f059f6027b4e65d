//! The beginning and the end of windows (MPI-5.0 §12.2).

use super::access::{Access, Open};
use super::inbox::Inbox;
use super::outbox::{self, Outbox};
use super::query::Numbers;
use super::{Flavor, Memory, Part, Win, share};
use crate::attr::{AttrSet, Owner};
use crate::comm::{Comm, private_copy};
use crate::constants::predefined::ERRORS_ARE_FATAL;
use crate::error::Result;
use crate::info::{self, Info};
use crate::{AttrOn, CommId, Eng, InfoId, UserBuf, WinId, coll, fail};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vmi::core::buffer::Buffer;

/// Memory that the library makes begins on a boundary of so many bytes, in every process.
const PAGE: usize = 4096;

/// What a process asks for.
struct Wish {
    flavor: Flavor,
    base: UserBuf,
    size: i64,
    unit: i64,
    hints: Vec<(String, String)>,
}

fn wish(e: Eng, flavor: Flavor, base: UserBuf, size: i64, unit: i64, info: InfoId) -> Result<Wish> {
    if size < 0 {
        fail!(SIZE, "size is {size}, expected 0 or more");
    }
    if unit <= 0 {
        fail!(DISP, "disp_unit is {unit}, expected 1 or more");
    }
    if flavor == Flavor::Create && base.is_null() && size > 0 {
        fail!(BASE, "base is NULL, expected {size} bytes of memory");
    }
    Ok(Wish { flavor, base, size, unit, hints: info::pairs_of(e, info)? })
}

fn members(e: Eng, comm: CommId) -> Result<Rc<Comm>> {
    let comm = e.comms.get(comm)?;
    if comm.is_inter() {
        fail!(COMM, "comm is an intercommunicator, expected an intracommunicator");
    }
    Ok(comm)
}

pub fn win_create(
    e: Eng,
    base: UserBuf,
    size: i64,
    disp_unit: i64,
    info: InfoId,
    comm: CommId,
) -> Result<WinId> {
    let comm = members(e, comm)?;
    let wish = wish(e, Flavor::Create, base, size, disp_unit, info)?;
    Ok(make(e, &comm, wish)?.id.get())
}

/// Returns the address of this process's memory as well.
pub fn win_allocate(e: Eng, size: i64, disp_unit: i64, info: InfoId, comm: CommId) -> Result<(usize, WinId)> {
    let comm = members(e, comm)?;
    let wish = wish(e, Flavor::Allocate, UserBuf::BOTTOM, size, disp_unit, info)?;
    let win = make(e, &comm, wish)?;
    Ok((win.base.addr(), win.id.get()))
}

/// As [`win_allocate`]; all processes can load and store in each other's memory.
pub fn win_allocate_shared(
    e: Eng,
    size: i64,
    disp_unit: i64,
    info: InfoId,
    comm: CommId,
) -> Result<(usize, WinId)> {
    let comm = members(e, comm)?;
    let wish = wish(e, Flavor::Shared, UserBuf::BOTTOM, size, disp_unit, info)?;
    let far = comm.group.procs().iter().position(|&p| e.host_of(p) != e.host_of(e.me.get()));
    if let Some(far) = far {
        fail!(
            RMA_SHARED,
            "rank {far} of comm is on another host than rank {}: use MPI_Comm_split_type with MPI_COMM_TYPE_SHARED",
            comm.rank
        );
    }
    let win = make(e, &comm, wish)?;
    Ok((win.base.addr(), win.id.get()))
}

pub fn win_create_dynamic(e: Eng, info: InfoId, comm: CommId) -> Result<WinId> {
    let comm = members(e, comm)?;
    let wish = wish(e, Flavor::Dynamic, UserBuf::BOTTOM, 0, 1, info)?;
    Ok(make(e, &comm, wish)?.id.get())
}

fn make(e: Eng, comm: &Rc<Comm>, wish: Wish) -> Result<Rc<Win>> {
    let comm = private_copy(e, comm)?;
    let (mut parts, can_map) = exchange(e, &comm, &wish)?;
    arrange(&mut parts, wish.flavor == Flavor::Shared && !is_set(&wish.hints, "alloc_shared_noncontig"));
    let memory = match wish.flavor {
        Flavor::Create | Flavor::Dynamic => Memory::Program,
        Flavor::Shared => Memory::Shared(share::map(e, &comm, &parts)?),
        Flavor::Allocate if can_map => match share::map(e, &comm, &parts) {
            Ok(memory) => Memory::Shared(memory),
            Err(_) => own(wish.size)?,
        },
        Flavor::Allocate => own(wish.size)?,
    };
    let mine = parts[comm.rank as usize];
    let base = match &memory {
        Memory::Program => wish.base,
        Memory::Own(buffer) => aligned(buffer.address()),
        Memory::Shared(memory) => memory.data(mine.offset, mine.size as usize),
    };
    let size = comm.size();
    let win = Rc::new(Win {
        id: Cell::new(WinId::NULL),
        flavor: wish.flavor,
        base,
        memory,
        attached: RefCell::default(),
        access: Access::new(size),
        outbox: Outbox::new(size),
        inbox: Inbox::new(size),
        attrs: AttrSet::default(),
        errhandler: e.errors.slot(ERRORS_ARE_FATAL)?,
        name: RefCell::default(),
        info: Info::default(),
        numbers: Numbers::new(e, wish.flavor, &mine),
        fault: RefCell::new(None),
        parts,
        comm,
    });
    win.set_hints(&wish.hints);
    win.id.set(e.windows.table.insert_rc(win.clone()));
    e.windows.add(&win);
    Ok(win)
}

fn is_set(hints: &[(String, String)], key: &str) -> bool {
    hints.iter().any(|(k, v)| k == key && v == "true")
}

/// What every process put up, and whether all of them can map common memory.
fn exchange(e: Eng, comm: &Rc<Comm>, wish: &Wish) -> Result<(Vec<Part>, bool)> {
    // Memory is shared where messages are: a job that is told to use its network does so.
    let near = |&proc: &u32| e.host_of(proc) == e.host_of(e.me.get()) && e.traffic.borrow().is_near(proc);
    let can_map = comm.group.procs().iter().all(near);
    let words = [wish.size, wish.unit, i64::from(can_map), wish.flavor as i64];
    let mine: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let all = coll::allgather_bytes(e, comm, &mine)?;
    let mut parts = Vec::new();
    let mut everywhere = true;
    for (rank, bytes) in all.iter().enumerate() {
        let words: Vec<i64> =
            bytes.chunks_exact(8).map(|c| i64::from_le_bytes(c.try_into().unwrap_or_default())).collect();
        let &[size, unit, near, flavor] = words.as_slice() else {
            fail!(OTHER, "rank {rank} of comm is in another collective function");
        };
        if flavor != wish.flavor as i64 || size < 0 {
            fail!(OTHER, "rank {rank} of comm makes another kind of window");
        }
        everywhere &= near != 0;
        parts.push(Part { size, unit, offset: 0 });
    }
    Ok((parts, everywhere))
}

/// Where each part begins in shared memory: one directly behind the other, or on a page of its own.
fn arrange(parts: &mut [Part], dense: bool) {
    let mut next = 0usize;
    for part in parts {
        part.offset = next;
        next = next.saturating_add(part.size as usize);
        if !dense {
            next = next.checked_next_multiple_of(PAGE).unwrap_or(usize::MAX);
        }
    }
}

/// Memory of this process alone.
fn own(size: i64) -> Result<Memory> {
    let Some(len) = (size as usize).checked_add(ALIGN) else {
        fail!(NO_MEM, "size is {size}, more memory than there is");
    };
    match Buffer::try_allocate(len) {
        Some(buffer) => Ok(Memory::Own(buffer)),
        None => fail!(NO_MEM, "size is {size}, more memory than there is"),
    }
}

const ALIGN: usize = 64;

fn aligned(at: UserBuf) -> UserBuf {
    at.offset((at.addr().next_multiple_of(ALIGN) - at.addr()) as isize)
}

/// Everybody must have ended their epochs; the attributes go first, while the window still works.
pub fn win_free(e: Eng, win: &mut WinId) -> Result {
    let object = e.windows.table.get(*win)?;
    object.access.must_be_closed("MPI_Win_free cannot be called", &[Open::Fence])?;
    object.attrs.delete_all(Owner::new(AttrOn::Win, *win))?;
    outbox::flush_all(e, &object)?;
    coll::barrier_on(e, &object.comm)?;
    object.wait(e, || object.outbox.has_left())?;
    e.windows.table.remove(*win)?;
    e.windows.remove(&object);
    *win = WinId::NULL;
    object.verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_together_or_on_pages() {
        let make = || [10, 0, 5000, 7].map(|size| Part { size, unit: 1, offset: 0 });
        let mut dense = make();
        arrange(&mut dense, true);
        assert_eq!(dense.map(|p| p.offset), [0, 10, 10, 5010]);
        let mut paged = make();
        arrange(&mut paged, false);
        assert_eq!(paged.map(|p| p.offset), [0, 4096, 4096, 12288]);
    }
}
