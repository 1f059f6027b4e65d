//! Calling the program's functions. No `RefCell` may be borrowed by the caller: they may call the library.
//!
//! Invariant, kept by the program: a function it passed has the type the header asks for and may be called inside
//! `VMI_Poll` and inside the function it was passed to, as long as the object it was set on lives.
#![allow(unsafe_code, reason = "calls functions of the program")]

use crate::types::*;
use std::ffi::CString;

/// One function per type of callback: does nothing (and gives the default) if there is none.
macro_rules! callers { ($( $name:ident($function:ident $(, $arg:ident: $ty:ty)*) $(-> $out:ty = $default:expr)?; )*) => { $(
    pub fn $name(f: $function $(, $arg: $ty)*) $(-> $out)? {
        match f {
            // SAFETY: the module's invariant.
            Some(f) => unsafe { f($($arg),*) },
            None => { $( $default )? }
        }
    }
)* } }

callers! {
    accept(VMIConnectAccept, connection: PVMI_CONNECT, data: PVMI_SLAB, size: ULONG) -> VMI_CONNECT_RESPONSE = response::REJECT;
    issued(VMIConnectIssue, context: PVOID, data: PVOID, size: USHORT, handle: PVOID, answer: VMI_CONNECT_RESPONSE);
    lost(VMIConnectDisconnect, connection: PVMI_CONNECT);
    disconnected(VMIDisconnectResponse, connection: PVMI_CONNECT, context: PVOID, status: VMI_STATUS);
    receive(VMIStreamRecv, connection: PVMI_CONNECT, stream: PVMI_STREAM_RECV, command: VMI_STREAM_COMMAND, context: PVOID, slab: PVMI_SLAB) -> VMI_RECV_STATUS = 0;
    sent(VMIStreamSend, context: PVOID, status: VMI_STATUS);
    published21(VMIRDMABuffer21, connection: PVMI_CONNECT, buffer: PVMI_REMOTE_BUFFER, data: PVMI_SLAB, size: ULONG);
    published20(VMIRDMABuffer20, connection: PVMI_CONNECT, buffer: PVMI_REMOTE_BUFFER);
    moved(VMIRDMACompleteNotification, op: PVMI_RDMA_OP, context: PVOID, status: VMI_STATUS);
    changed(VMIDeviceChanged, connection: PVMI_CONNECT, context: PVOID, status: VMI_STATUS);
    dispatch(VMIDeviceDispatch, device: PVMI_DEVICE, irb: PVMI_IRB, context: PVOID) -> VMI_IRB_ACTION = action::FORWARD;
    completed(VMIIRBComplete, irb: PVMI_IRB, context: PVOID, status: VMI_STATUS);
    put(VMIRDMAPutNotification, connection: PVMI_CONNECT, size: UINT32, context: UINT32, status: VMI_STATUS);
    got(VMIRDMAGetNotification, connection: PVMI_CONNECT, context: UINT32, status: VMI_STATUS);
}

/// False if there is no function.
pub fn alert(f: VMIAlert, severity: u32, text: &str) -> bool {
    let Some(f) = f else { return false };
    let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the module's invariant; the string lives during the call.
    unsafe { f(severity, text.as_ptr()) };
    true
}
