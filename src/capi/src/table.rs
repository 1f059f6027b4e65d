//! Handles: numbers that are looked up, so that any pointer a program passes is harmless.
//!
//! A handle has 16 bits that no address of a program has, which also say what it names; then a generation, so that
//! a freed handle is not mistaken for its successor; then an index.

use crate::status::{Fault, Result};
use crate::types::PVOID;
use std::cell::{RefCell, UnsafeCell};
use std::collections::HashMap;
use std::rc::Rc;

/// What a handle names. The upper 16 bits of a user address on x86-64 are zero, of these never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Tag {
    Connection = 0xB001,
    Buffer,
    Pool,
    Slab,
    Outgoing,
    BufferOp,
    SlabState,
    Received,
    Stream,
    Irb,
    Chain,
    Device,
}

impl Tag {
    fn name(self) -> &'static str {
        match self {
            Tag::Connection => "connection",
            Tag::Buffer => "buffer",
            Tag::Pool => "pool",
            Tag::Slab => "slab",
            Tag::Outgoing => "slab to send",
            Tag::BufferOp => "buffer op",
            Tag::SlabState => "slab state",
            Tag::Received => "received stream",
            Tag::Stream => "stream",
            Tag::Irb => "request",
            Tag::Chain => "chain",
            Tag::Device => "device",
        }
    }
}

/// A handle whose lower 48 bits are `value`.
pub fn tagged(tag: Tag, value: u64) -> PVOID {
    std::ptr::without_provenance_mut(((tag as u64) << 48 | value & ((1 << 48) - 1)) as usize)
}

/// The lower 48 bits of a handle of this kind.
pub fn untagged(tag: Tag, handle: PVOID) -> Result<u64> {
    let word = handle.addr() as u64;
    if word >> 48 != tag as u64 {
        return Err(unknown(tag, handle));
    }
    Ok(word & ((1 << 48) - 1))
}

#[cold]
fn unknown(tag: Tag, handle: PVOID) -> Fault {
    Fault::new(crate::status::Code::Handle, format!("{handle:p} is no {} (any more)", tag.name()))
}

struct Slot<T> {
    generation: u16,
    value: Option<Rc<T>>,
}

/// Objects of one kind, by handle.
pub struct Table<T> {
    tag: Tag,
    slots: RefCell<Vec<Slot<T>>>,
    free: RefCell<Vec<u32>>,
}

impl<T> Table<T> {
    pub fn new(tag: Tag) -> Self {
        Table { tag, slots: RefCell::default(), free: RefCell::default() }
    }

    pub fn insert(&self, value: Rc<T>) -> PVOID {
        let mut slots = self.slots.borrow_mut();
        let index = self.free.borrow_mut().pop().unwrap_or_else(|| {
            slots.push(Slot { generation: 0, value: None });
            slots.len() as u32 - 1
        });
        let slot = &mut slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.value = Some(value);
        tagged(self.tag, (slot.generation as u64) << 32 | index as u64)
    }

    #[inline]
    pub fn get(&self, handle: PVOID) -> Result<Rc<T>> {
        let word = untagged(self.tag, handle)?;
        let slots = self.slots.borrow();
        let slot =
            slots.get((word & 0xffff_ffff) as usize).filter(|slot| slot.generation == (word >> 32) as u16);
        match slot.and_then(|slot| slot.value.clone()) {
            Some(value) => Ok(value),
            None => Err(unknown(self.tag, handle)),
        }
    }

    pub fn remove(&self, handle: PVOID) -> Result<Rc<T>> {
        let value = self.get(handle)?;
        let index = (handle.addr() & 0xffff_ffff) as u32;
        self.slots.borrow_mut()[index as usize].value = None;
        self.free.borrow_mut().push(index);
        Ok(value)
    }

    /// All objects.
    pub fn all(&self) -> Vec<Rc<T>> {
        self.slots.borrow().iter().filter_map(|slot| slot.value.clone()).collect()
    }
}

type Live<T, P> = HashMap<usize, (Rc<UnsafeCell<T>>, P)>;

/// Structures that C programs read and write, found by their address, each with what only the library may change.
pub struct Structures<T, P> {
    what: &'static str,
    live: RefCell<Live<T, P>>,
}

impl<T, P: Clone> Structures<T, P> {
    pub fn new(what: &'static str) -> Self {
        Structures { what, live: RefCell::default() }
    }

    /// The structure does not move until it is removed.
    pub fn insert(&self, value: T, private: P) -> *mut T {
        let value = Rc::new(UnsafeCell::new(value));
        let at = value.get();
        self.live.borrow_mut().insert(at.addr(), (value, private));
        at
    }

    /// Err unless there is such a structure at `at`.
    pub fn get(&self, at: *mut T) -> Result<P> {
        let live = self.live.borrow();
        live.get(&at.addr()).map(|(_, private)| private.clone()).ok_or_else(|| self.unknown(at))
    }

    pub fn remove(&self, at: *mut T) -> Result<P> {
        let found = self.live.borrow_mut().remove(&at.addr());
        found.map(|(_, private)| private).ok_or_else(|| self.unknown(at))
    }

    #[cold]
    fn unknown(&self, at: *mut T) -> Fault {
        Fault::new(crate::status::Code::Handle, format!("{at:p} is no {} (any more)", self.what))
    }
}

/// Objects that a peer names by a number.
pub struct Numbers<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Numbers { slots: Vec::new(), free: Vec::new() }
    }
}

/// A number is a generation (11 bits) above an index (20 bits); bit 31 is free for other use.
const INDEX_BITS: u32 = 20;

impl<T> Numbers<T> {
    /// None: too many at a time.
    pub fn insert(&mut self, value: T) -> Option<u32> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() < 1 << INDEX_BITS => {
                self.slots.push((0, None));
                self.slots.len() as u32 - 1
            }
            None => return None,
        };
        let (generation, slot) = &mut self.slots[index as usize];
        *generation = (*generation + 1) & 0x7ff;
        *slot = Some(value);
        Some(*generation << INDEX_BITS | index)
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (generation, slot) = self.slots.get_mut((number & ((1 << INDEX_BITS) - 1)) as usize)?;
        if *generation == number >> INDEX_BITS { slot.as_mut() } else { None }
    }

    pub fn remove(&mut self, number: u32) -> Option<T> {
        self.get_mut(number)?;
        let index = number & ((1 << INDEX_BITS) - 1);
        self.free.push(index);
        self.slots[index as usize].1.take()
    }

    /// Numbers of those that `which` says.
    pub fn numbers(&self, which: impl Fn(&T) -> bool) -> Vec<u32> {
        let number = |(index, (generation, slot)): (usize, &(u32, Option<T>))| {
            slot.as_ref().filter(|value| which(value)).map(|_| generation << INDEX_BITS | index as u32)
        };
        self.slots.iter().enumerate().filter_map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_and_foreign_handles_are_refused() {
        let table = Table::new(Tag::Buffer);
        let first = table.insert(Rc::new(1));
        assert_eq!(*table.get(first).unwrap(), 1);
        table.remove(first).unwrap();
        let second = table.insert(Rc::new(2));
        assert!(table.get(first).is_err() && table.remove(first).is_err());
        assert_eq!(*table.get(second).unwrap(), 2);
        let mut local = 0u64;
        for wrong in [std::ptr::null_mut(), (&raw mut local).cast(), tagged(Tag::Slab, 1 << 32)] {
            assert!(table.get(wrong).is_err());
        }
        let fault = table.get(std::ptr::null_mut()).unwrap_err();
        assert_eq!(fault.text, "0x0 is no buffer (any more)");
    }

    #[test]
    fn structures_stay_where_they_are() {
        let all = Structures::new("op");
        let places: Vec<*mut [u8; 40]> = (0..100).map(|i| all.insert([i; 40], i)).collect();
        assert_eq!(all.remove(places[7]), Ok(7));
        assert_eq!((all.get(places[7]).is_err(), all.get(places[8])), (true, Ok(8)));
    }

    #[test]
    fn numbers_of_removed_objects_are_not_reused_at_once() {
        let mut all = Numbers::default();
        let first = all.insert('a').unwrap();
        assert_eq!((all.remove(first), all.remove(first)), (Some('a'), None));
        let second = all.insert('b').unwrap();
        assert!(first != second && first >> 31 == 0);
        assert_eq!(all.get_mut(first), None);
        assert_eq!(all.get_mut(second), Some(&mut 'b'));
        let gone = all.numbers(|value| *value == 'b');
        assert_eq!(gone.into_iter().filter_map(|number| all.remove(number)).collect::<Vec<_>>(), ['b']);
        assert_eq!(all.get_mut(second), None);
    }
}
