//! Pools: pieces of one size, handed out and taken back fast.

use crate::engine::Eng;
use crate::status::{Result, fail};
use crate::types::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use vmi::core::buffer::Buffer;

const HANDLE: ULONG = 2;
const REGISTER: ULONG = 4;
/// Largest pool, bytes.
const MOST: usize = 1 << 36;

pub struct Pool {
    size: usize,
    alignment: usize,
    /// Distance between pieces.
    step: usize,
    grow: usize,
    handles: bool,
    inside: RefCell<Inside>,
}

#[derive(Default)]
struct Inside {
    /// By address of the first piece.
    blocks: BTreeMap<usize, Block>,
    /// Addresses of free pieces.
    free: Vec<usize>,
    bytes: usize,
}

struct Block {
    memory: Rc<Buffer>,
    count: usize,
    /// The handle of each piece, once it has one, and whether the piece is in use.
    pieces: Vec<(PVMI_BUFFER, bool)>,
}

impl Pool {
    pub fn new(
        size: usize,
        alignment: usize,
        prealloc: usize,
        grow: usize,
        flags: ULONG,
    ) -> Result<Rc<Pool>> {
        if size == 0 {
            fail!(Argument, "size is 0");
        }
        if !alignment.is_power_of_two() {
            fail!(Argument, "alignment is {alignment}, expected a power of two");
        }
        let Some(step) = size.checked_next_multiple_of(alignment) else { fail!(Range, "size is {size}") };
        let handles = flags & (HANDLE | REGISTER) != 0;
        let pool = Pool { size, alignment, step, grow: grow.max(1), handles, inside: RefCell::default() };
        pool.grow(prealloc)?;
        Ok(Rc::new(pool))
    }

    fn grow(&self, count: usize) -> Result {
        if count == 0 {
            return Ok(());
        }
        let bytes = self.step.checked_mul(count).and_then(|bytes| bytes.checked_add(self.alignment));
        let mut inside = self.inside.borrow_mut();
        let Some(bytes) = bytes.filter(|bytes| inside.bytes + bytes <= MOST) else {
            fail!(Resource, "{count} more pieces of {} bytes are more than {MOST} bytes", self.size);
        };
        let memory = Buffer::allocate(bytes);
        let base = memory.address().addr().next_multiple_of(self.alignment);
        inside.bytes += bytes;
        inside.free.extend((0..count).rev().map(|at| base + at * self.step));
        let pieces = vec![(std::ptr::null_mut(), false); count];
        inside.blocks.insert(base, Block { memory, count, pieces });
        Ok(())
    }
}

impl Inside {
    /// The block and the number of the piece that begins at `address`.
    fn piece(&mut self, address: usize, step: usize) -> Option<(&mut Block, usize)> {
        let (base, block) = self.blocks.range_mut(..=address).next_back()?;
        let offset = address - base;
        (offset.is_multiple_of(step) && offset / step < block.count).then_some((block, offset / step))
    }
}

pub fn allocate(e: Eng, pool: &Pool) -> Result<(PVOID, PVMI_BUFFER)> {
    if pool.inside.borrow().free.is_empty() {
        pool.grow(pool.grow)?;
    }
    let mut inside = pool.inside.borrow_mut();
    let Some(address) = inside.free.pop() else { fail!(Resource, "the pool cannot grow") };
    let Some((block, at)) = inside.piece(address, pool.step) else { fail!(State, "the pool is damaged") };
    let from = block.memory.address();
    let place = from.offset((address - from.addr()) as isize);
    let (handle, used) = &mut block.pieces[at];
    *used = true;
    if pool.handles && handle.is_null() {
        *handle = e.buffers.insert(Buffer::register(place, pool.size));
    }
    Ok((place.as_ptr().cast(), *handle))
}

pub fn deallocate(pool: &Pool, address: PVOID) -> Result {
    let mut inside = pool.inside.borrow_mut();
    let used = inside.piece(address.addr(), pool.step).map(|(block, at)| &mut block.pieces[at].1);
    match used {
        Some(used) if *used => *used = false,
        Some(_) => fail!(Handle, "the piece at {address:p} is free already"),
        None => fail!(Handle, "{address:p} is no piece of this pool"),
    }
    inside.free.push(address.addr());
    Ok(())
}

/// Pieces still in use become invalid.
pub fn destroy(e: Eng, pool: PVMI_BUFFER_POOL) -> Result {
    let pool = e.pools.remove(pool)?;
    let inside = pool.inside.take();
    for (handle, _) in inside.blocks.values().flat_map(|block| &block.pieces) {
        if !handle.is_null() {
            let _ = e.buffers.remove(*handle);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Eng {
        Box::leak(Box::default())
    }

    #[test]
    fn pieces_are_aligned_and_checked() {
        let (e, pool) = (engine(), Pool::new(1000, 64, 3, 2, HANDLE).unwrap());
        let mut all: Vec<usize> = Vec::new();
        for _ in 0..7 {
            let (at, handle) = allocate(e, &pool).unwrap();
            assert_eq!((at.addr() % 64, e.buffers.get(handle).unwrap().len()), (0, 1000));
            all.push(at.addr());
        }
        all.sort();
        assert!(all.windows(2).all(|two| two[1] - two[0] >= 1000));
        let first: PVOID = std::ptr::without_provenance_mut(all[0]);
        assert!(deallocate(&pool, first.wrapping_byte_add(8)).is_err());
        deallocate(&pool, first).unwrap();
        assert!(deallocate(&pool, first).unwrap_err().text.ends_with("is free already"));
        assert_eq!(allocate(e, &pool).unwrap().0, first);
    }

    #[test]
    fn senseless_sizes_are_refused() {
        for (size, alignment, count) in [(0, 8, 1), (8, 3, 1), (usize::MAX, 8, 1), (1 << 30, 8, 1 << 40)] {
            assert!(Pool::new(size, alignment, count, 1, 0).is_err());
        }
    }
}
