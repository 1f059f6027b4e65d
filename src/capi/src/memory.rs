//! Buffers of the program, and the registration cache: regions registered again and again share one entry.
//!
//! Registering costs nothing on the devices there are; the cache keeps the counts that programs rely on.

use crate::args::bytes;
use crate::engine::Eng;
use crate::rdma;
use crate::status::{Result, fail};
use crate::table::Structures;
use crate::types::*;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use vmi::core::buffer::Buffer;

/// Largest buffer the library allocates, bytes.
const MOST: usize = 1 << 40;

pub fn allocate(e: Eng, size: usize) -> Result<PVMI_BUFFER> {
    if size > MOST {
        fail!(Resource, "a buffer of {size} bytes is asked for, at most {MOST} are possible");
    }
    Ok(e.buffers.insert(Buffer::allocate(size)))
}

pub fn register(e: Eng, address: PVOID, size: usize) -> Result<PVMI_BUFFER> {
    let address = bytes(address, size, "address")?;
    if address.addr().checked_add(size).is_none() {
        fail!(Range, "{size} bytes at {:#x} go beyond the end of memory", address.addr());
    }
    Ok(e.buffers.insert(Buffer::register(address, size)))
}

/// `owned`: the library allocated it.
pub fn remove(e: Eng, buffer: PVMI_BUFFER, owned: bool) -> Result {
    if e.buffers.get(buffer)?.is_owned() != owned {
        fail!(Handle, "{buffer:p} was {} by the program", if owned { "registered" } else { "allocated" });
    }
    let buffer = e.buffers.remove(buffer)?;
    rdma::forget_buffer(e, &buffer);
    Ok(())
}

/// What the library knows of a cache entry.
#[derive(Clone)]
struct Entry {
    region: (usize, usize),
    buffer: PVMI_BUFFER,
    uses: Rc<Uses>,
}

#[derive(Default)]
struct Uses {
    count: Cell<u32>,
    /// Its place in the queue of unused entries, if it is there.
    idle: Cell<u64>,
}

pub struct Cache {
    entries: Structures<VMI_CACHE_ENTRY, Entry>,
    /// The entry that serves a region.
    regions: RefCell<HashMap<(usize, usize), PVMI_CACHE_ENTRY>>,
    /// Entries out of use, the oldest first, with their places. They are kept for a while: programs register the same
    /// regions again, and give some back twice.
    unused: RefCell<VecDeque<(u64, PVMI_CACHE_ENTRY)>>,
    places: Cell<u64>,
    found: Cell<u64>,
    made: Cell<u64>,
}

/// Entries kept out of use.
const UNUSED: usize = 1024;

impl Default for Cache {
    fn default() -> Self {
        Cache {
            entries: Structures::new("cache entry"),
            regions: RefCell::default(),
            unused: RefCell::default(),
            places: Cell::new(0),
            found: Cell::new(0),
            made: Cell::new(0),
        }
    }
}

impl Cache {
    /// Uses the entry of a region once more.
    fn again(&self, region: (usize, usize)) -> Option<PVMI_CACHE_ENTRY> {
        let entry = *self.regions.borrow().get(&region)?;
        let uses = self.entries.get(entry).ok()?.uses;
        uses.count.set(uses.count.get() + 1);
        uses.idle.set(0);
        self.found.set(self.found.get() + 1);
        Some(entry)
    }
}

pub fn cache(e: Eng, address: PVOID, size: usize) -> Result<PVMI_CACHE_ENTRY> {
    let region = (address.addr(), size);
    let shared = e.settings.borrow().use_cache;
    if shared && let Some(entry) = e.cache.again(region) {
        return Ok(entry);
    }
    let buffer = register(e, address, size)?;
    let visible = VMI_CACHE_ENTRY { bufferHandle: buffer, address, size: size as ULONG };
    let uses = Rc::new(Uses { count: Cell::new(1), ..Uses::default() });
    let entry = e.cache.entries.insert(visible, Entry { region, buffer, uses });
    if shared {
        e.cache.regions.borrow_mut().insert(region, entry);
    }
    e.cache.made.set(e.cache.made.get() + 1);
    Ok(entry)
}

pub fn uncache(e: Eng, entry: PVMI_CACHE_ENTRY) -> Result {
    let uses = e.cache.entries.get(entry)?.uses;
    match uses.count.get() {
        // Given back before: harmless as long as it is kept.
        0 => return Ok(()),
        1 => {
            let place = e.cache.places.get() + 1;
            e.cache.places.set(place);
            uses.idle.set(place);
            e.cache.unused.borrow_mut().push_back((place, entry));
            rdma::hide_buffer(e, &e.buffers.get(e.cache.entries.get(entry)?.buffer)?);
        }
        _ => {}
    }
    uses.count.set(uses.count.get() - 1);
    trim(e)
}

/// Forgets the oldest entries out of use.
fn trim(e: Eng) -> Result {
    loop {
        let mut unused = e.cache.unused.borrow_mut();
        if unused.len() <= UNUSED {
            return Ok(());
        }
        let oldest = unused.pop_front();
        drop(unused);
        if let Some((place, entry)) = oldest
            && e.cache.entries.get(entry).is_ok_and(|known| known.uses.idle.get() == place)
        {
            forget(e, entry)?;
        }
    }
}

fn forget(e: Eng, entry: PVMI_CACHE_ENTRY) -> Result {
    let known = e.cache.entries.remove(entry)?;
    let mut regions = e.cache.regions.borrow_mut();
    if regions.get(&known.region) == Some(&entry) {
        regions.remove(&known.region);
    }
    let buffer = e.buffers.remove(known.buffer)?;
    rdma::forget_buffer(e, &buffer);
    Ok(())
}

pub fn stats(e: Eng) -> String {
    let (found, made) = (e.cache.found.get(), e.cache.made.get());
    format!("registration cache: {made} regions registered, {found} found again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Eng {
        let e: Eng = Box::leak(Box::default());
        e.settings.borrow_mut().use_cache = true;
        e
    }

    fn at(address: usize) -> PVOID {
        std::ptr::without_provenance_mut(address)
    }

    #[test]
    fn a_region_given_back_twice_stays_for_others() {
        let e = engine();
        let first = cache(e, at(4096), 10).unwrap();
        assert_eq!(cache(e, at(4096), 10), Ok(first));
        for _ in 0..4 {
            uncache(e, first).unwrap();
        }
        assert_eq!(cache(e, at(4096), 10), Ok(first));
        assert_ne!(cache(e, at(4096), 11), Ok(first));
    }

    #[test]
    fn entries_out_of_use_are_bounded_and_those_in_use_stay() {
        let e = engine();
        let used = cache(e, at(64), 1).unwrap();
        uncache(e, used).unwrap();
        cache(e, at(64), 1).unwrap();
        let old = cache(e, at(65), 1).unwrap();
        let buffer = e.cache.entries.get(old).unwrap().buffer;
        uncache(e, old).unwrap();
        for region in 100..100 + 2 * UNUSED {
            let entry = cache(e, at(region), 1).unwrap();
            uncache(e, entry).unwrap();
        }
        assert!(e.buffers.get(buffer).is_err(), "long forgotten");
        assert!(e.cache.entries.get(used).is_ok());
        assert!(e.cache.unused.borrow().len() <= UNUSED && e.buffers.all().len() <= UNUSED + 1);
    }
}
