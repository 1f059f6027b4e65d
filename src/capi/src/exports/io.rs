//! Devices on connections; chains, devices and requests of the program.

use super::{call, value};
use crate::args::{self, Out};
use crate::status::fail;
use crate::types::*;
use crate::{devices, io};
use std::cell::Cell;
use std::ffi::c_char;
use std::ptr::null_mut;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Device_Attach(
    connection: PVMI_CONNECT,
    device: *const c_char,
    function: VMIDeviceChanged,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_Device_Attach", |e| {
        devices::attach(e, &*e.connection(connection)?, &args::text(device, "device")?, function, context)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Device_Detach(
    connection: PVMI_CONNECT,
    name: *const c_char,
    function: VMIDeviceChanged,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_Device_Detach", |e| {
        devices::detach(e, &*e.connection(connection)?, &args::text(name, "name")?, function, context)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Device_Report(
    connection: PVMI_CONNECT,
    json: *mut c_char,
    room: ULONG,
) -> VMI_STATUS {
    call("VMI_Device_Report", |e| devices::report(&*e.connection(connection)?, json, room as usize))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Device_Create(
    name: *const c_char,
    function: VMIDeviceDispatch,
    context: PVOID,
    device: *mut PVMI_DEVICE,
) -> VMI_STATUS {
    call("VMI_Device_Create", |e| {
        let out = Out::new(device, "device")?;
        out.set(io::new_device(e, args::text(name, "name")?, function, context)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Device_Destroy(device: PVMI_DEVICE) -> VMI_STATUS {
    call("VMI_Device_Destroy", |e| io::destroy_device(e, device))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Chain_Create(chain: *mut PVMI_CHAIN) -> VMI_STATUS {
    call("VMI_Chain_Create", |e| {
        let out = Out::new(chain, "chain")?;
        out.set(e.io.chains.insert(Default::default()));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Chain_Destroy(chain: PVMI_CHAIN) -> VMI_STATUS {
    call("VMI_Chain_Destroy", |e| io::destroy_chain(e, chain))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Chain_Attach(chain: PVMI_CHAIN, device: PVMI_DEVICE) -> VMI_STATUS {
    call("VMI_Chain_Attach", |e| io::attach(e, chain, device))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Chain_Detach(chain: PVMI_CHAIN, device: PVMI_DEVICE) -> VMI_STATUS {
    call("VMI_Chain_Detach", |e| io::detach(e, chain, device))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Set_Send_Chain(
    connection: PVMI_CONNECT,
    chain: PVMI_CHAIN,
) -> VMI_STATUS {
    call("VMI_Connection_Set_Send_Chain", |e| {
        let found = if chain.is_null() { None } else { Some(e.io.chains.get(chain)?) };
        *e.connection(connection)?.send_chain.borrow_mut() = found;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Set_Receive_Chain(
    connection: PVMI_CONNECT,
    chain: PVMI_CHAIN,
) -> VMI_STATUS {
    call("VMI_Connection_Set_Receive_Chain", |e| {
        let found = if chain.is_null() { None } else { Some(e.io.chains.get(chain)?) };
        *e.connection(connection)?.receive_chain.borrow_mut() = found;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Allocate(
    command: VMI_IRB_COMMAND,
    connection: PVMI_CONNECT,
    irb: *mut PVMI_IRB,
) -> VMI_STATUS {
    call("VMI_IRB_Allocate", |e| {
        let out = Out::new(irb, "irb")?;
        out.set(io::new_irb(e, command, connection)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Deallocate(irb: PVMI_IRB) -> VMI_STATUS {
    call("VMI_IRB_Deallocate", |e| io::free_irb(e, irb))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Get_Command(irb: PVMI_IRB) -> VMI_IRB_COMMAND {
    value("VMI_IRB_Get_Command", u32::MAX, |e| Ok(e.io.irbs.get(irb)?.command))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Get_Connection(irb: PVMI_IRB) -> PVMI_CONNECT {
    value("VMI_IRB_Get_Connection", null_mut(), |e| Ok(e.io.irbs.get(irb)?.connection))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Get_Slab(irb: PVMI_IRB) -> PVMI_SLAB {
    value("VMI_IRB_Get_Slab", null_mut(), |e| Ok(e.io.irbs.get(irb)?.slab))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Get_Argument(irb: PVMI_IRB, index: UINT32) -> UINT64 {
    value("VMI_IRB_Get_Argument", 0, |e| {
        Ok(e.io.irbs.get(irb)?.arguments.get(index as usize).map_or(0, Cell::get))
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_Set_Argument(irb: PVMI_IRB, index: UINT32, value: UINT64) -> VMI_STATUS {
    call("VMI_IRB_Set_Argument", |e| match e.io.irbs.get(irb)?.arguments.get(index as usize) {
        Some(argument) => {
            argument.set(value);
            Ok(())
        }
        None => fail!(Argument, "index is {index}, expected 0 to 3"),
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IRB_On_Completion(
    irb: PVMI_IRB,
    function: VMIIRBComplete,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_IRB_On_Completion", |e| io::on_completion(e, irb, function, context))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IO_Dispatch(chain: PVMI_CHAIN, irb: PVMI_IRB) -> VMI_STATUS {
    call("VMI_IO_Dispatch", |e| io::dispatch(e, chain, irb))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IO_Forward(irb: PVMI_IRB) -> VMI_STATUS {
    call("VMI_IO_Forward", |e| io::forward(e, irb))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_IO_Complete(irb: PVMI_IRB, status: VMI_STATUS) -> VMI_STATUS {
    call("VMI_IO_Complete", |e| io::complete(e, irb, status))
}
