//! Slabs: reading what has arrived, building what is sent.

use super::{call, value};
use crate::args::Out;
use crate::message;
use crate::types::*;
use std::ptr::null_mut;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Bytes_Remaining(slab: PVMI_SLAB) -> ULONG {
    value("VMI_Slab_Bytes_Remaining", 0, |e| Ok(message::remaining(e, slab)? as ULONG))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Size(slab: PVMI_SLAB) -> ULONG {
    value("VMI_Slab_Size", 0, |e| Ok(message::size(e, slab)? as ULONG))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Copy_Bytes(slab: PVMI_SLAB, size: ULONG, to: PVOID) -> VMI_STATUS {
    call("VMI_Slab_Copy_Bytes", |e| message::copy_bytes(e, slab, size as usize, to))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Try_Read(slab: PVMI_SLAB, size: *mut ULONG, pointer: PVOID) -> VMI_STATUS {
    call("VMI_Slab_Try_Read", |e| message::try_read_into(e, slab, size, pointer))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Save_State(slab: PVMI_SLAB, state: *mut PVMI_SLAB_STATE) -> VMI_STATUS {
    call("VMI_Slab_Save_State", |e| {
        let out = Out::new(state, "state")?;
        out.set(message::save(e, slab)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Restore_State(slab: PVMI_SLAB, state: PVMI_SLAB_STATE) -> VMI_STATUS {
    call("VMI_Slab_Restore_State", |e| message::restore(e, slab, state))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Get_Buffer_Ops(slab: PVMI_SLAB) -> PVMI_BUFFER_OP {
    value("VMI_Slab_Get_Buffer_Ops", null_mut(), |e| message::buffer_ops(e, slab))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Buffer_Op_Get_Address(op: PVMI_BUFFER_OP) -> PVOID {
    value("VMI_Buffer_Op_Get_Address", null_mut(), |e| message::address(e, op))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Grab(slab: PVMI_SLAB) -> VMI_STATUS {
    call("VMI_Slab_Grab", |e| message::grab(e, slab))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Release(slab: PVMI_SLAB) -> VMI_STATUS {
    call("VMI_Slab_Release", |e| message::release(e, slab))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Allocate(slab: *mut PVMI_SLAB) -> VMI_STATUS {
    call("VMI_Slab_Allocate", |e| {
        let out = Out::new(slab, "slab")?;
        out.set(e.outgoing.insert(Default::default()));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Deallocate(slab: PVMI_SLAB) -> VMI_STATUS {
    call("VMI_Slab_Deallocate", |e| e.outgoing.remove(slab).map(drop))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Push(
    slab: PVMI_SLAB,
    buffer: PVMI_BUFFER,
    address: PVOID,
    size: ULONG,
) -> VMI_STATUS {
    call("VMI_Slab_Push", |e| message::push(e, slab, buffer, address, size as usize))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Slab_Pop(slab: PVMI_SLAB) -> VMI_STATUS {
    call("VMI_Slab_Pop", |e| message::pop(e, slab))
}
