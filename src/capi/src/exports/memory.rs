//! Buffers, registration cache, pools.

use super::{call, value};
use crate::args::Out;
use crate::memory;
use crate::pool::{self, Pool};
use crate::types::*;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Allocate(size: ULONG, buffer: *mut PVMI_BUFFER) -> VMI_STATUS {
    call("VMI_Buffer_Allocate", |e| {
        let out = Out::new(buffer, "buffer")?;
        out.set(memory::allocate(e, size as usize)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Deallocate(buffer: PVMI_BUFFER) -> VMI_STATUS {
    call("VMI_Buffer_Deallocate", |e| memory::remove(e, buffer, true))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Register(
    address: PVOID,
    size: ULONG,
    buffer: *mut PVMI_BUFFER,
) -> VMI_STATUS {
    call("VMI_Buffer_Register", |e| {
        let out = Out::new(buffer, "buffer")?;
        out.set(memory::register(e, address, size as usize)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Deregister(buffer: PVMI_BUFFER) -> VMI_STATUS {
    call("VMI_Buffer_Deregister", |e| memory::remove(e, buffer, false))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Address(buffer: PVMI_BUFFER) -> PVOID {
    value("VMI_Buffer_Address", std::ptr::null_mut(), |e| {
        Ok(e.buffers.get(buffer)?.address().as_ptr().cast())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Size(buffer: PVMI_BUFFER) -> ULONG {
    value("VMI_Buffer_Size", 0, |e| Ok(e.buffers.get(buffer)?.len() as ULONG))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Cache_Register(
    address: PVOID,
    size: ULONG,
    entry: *mut PVMI_CACHE_ENTRY,
) -> VMI_STATUS {
    call("VMI_Cache_Register", |e| {
        let out = Out::new(entry, "entry")?;
        out.set(memory::cache(e, address, size as usize)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Cache_Deregister(entry: PVMI_CACHE_ENTRY) -> VMI_STATUS {
    call("VMI_Cache_Deregister", |e| memory::uncache(e, entry))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Cache_Stats() -> VMI_STATUS {
    call("VMI_Cache_Stats", |e| {
        eprintln!("VMI: {}: {}", e.settings.borrow().key, memory::stats(e));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Pool_Create_Buffer_Pool(
    size: ULONG,
    alignment: ULONG,
    prealloc: ULONG,
    grow: ULONG,
    flags: ULONG,
    pool: *mut PVMI_BUFFER_POOL,
) -> VMI_STATUS {
    call("VMI_Pool_Create_Buffer_Pool", |e| {
        let out = Out::new(pool, "pool")?;
        let pool = Pool::new(size as usize, alignment as usize, prealloc as usize, grow as usize, flags)?;
        out.set(e.pools.insert(pool));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Pool_Destroy_Buffer_Pool(pool: PVMI_BUFFER_POOL) -> VMI_STATUS {
    call("VMI_Pool_Destroy_Buffer_Pool", |e| pool::destroy(e, pool))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Pool_Allocate_Buffer(
    pool: PVMI_BUFFER_POOL,
    address: *mut PVOID,
    buffer: *mut PVMI_BUFFER,
) -> VMI_STATUS {
    call("VMI_Pool_Allocate_Buffer", |e| {
        let out = Out::new(address, "address")?;
        let (address, handle) = pool::allocate(e, &*e.pools.get(pool)?)?;
        out.set(address);
        if let Ok(out) = Out::new(buffer, "buffer") {
            out.set(handle);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Pool_Deallocate_Buffer(pool: PVMI_BUFFER_POOL, address: PVOID) -> VMI_STATUS {
    call("VMI_Pool_Deallocate_Buffer", |e| pool::deallocate(&*e.pools.get(pool)?, address))
}
