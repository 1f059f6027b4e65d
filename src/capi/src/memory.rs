//! Buffers of the program, and the registration cache: regions registered again and again share one entry.
//!
//! Registering costs nothing on the devices there are; the cache keeps the counts that programs rely on.

use crate::args::bytes;
use crate::engine::Eng;
use crate::status::{Result, fail};
use crate::table::Structures;
use crate::types::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
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
    e.buffers.remove(buffer).map(drop)
}

pub struct Cache {
    /// With the region of each.
    entries: Structures<VMI_CACHE_ENTRY, (usize, usize, PVMI_BUFFER)>,
    /// The entry of a region, and how often it is in use.
    regions: RefCell<HashMap<(usize, usize), (PVMI_CACHE_ENTRY, u32)>>,
    found: Cell<u64>,
    made: Cell<u64>,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            entries: Structures::new("cache entry"),
            regions: RefCell::default(),
            found: Cell::new(0),
            made: Cell::new(0),
        }
    }
}

pub fn cache(e: Eng, address: PVOID, size: usize) -> Result<PVMI_CACHE_ENTRY> {
    let region = (address.addr(), size);
    let shared = e.settings.borrow().use_cache;
    if shared && let Some((entry, uses)) = e.cache.regions.borrow_mut().get_mut(&region) {
        *uses += 1;
        e.cache.found.set(e.cache.found.get() + 1);
        return Ok(*entry);
    }
    let handle = register(e, address, size)?;
    let visible = VMI_CACHE_ENTRY { bufferHandle: handle, address, size: size as ULONG };
    let entry = e.cache.entries.insert(visible, (region.0, region.1, handle));
    if shared {
        e.cache.regions.borrow_mut().insert(region, (entry, 1));
    }
    e.cache.made.set(e.cache.made.get() + 1);
    Ok(entry)
}

pub fn uncache(e: Eng, entry: PVMI_CACHE_ENTRY) -> Result {
    let (address, size, handle) = e.cache.entries.get(entry)?;
    let mut regions = e.cache.regions.borrow_mut();
    if let Some((shared, uses)) = regions.get_mut(&(address, size))
        && *shared == entry
    {
        *uses -= 1;
        if *uses > 0 {
            return Ok(());
        }
        regions.remove(&(address, size));
    }
    e.cache.entries.remove(entry)?;
    e.buffers.remove(handle).map(drop)
}

pub fn stats(e: Eng) -> String {
    let (found, made) = (e.cache.found.get(), e.cache.made.get());
    format!(
        "registration cache: {made} regions registered, {found} found again, {} in use",
        e.cache.regions.borrow().len()
    )
}
