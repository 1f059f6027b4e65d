//! The types of `include/vmi.h`, under the names they have there. Layouts are checked against the header by
//! `c-tests/vmi/layout.c`.
#![allow(
    non_camel_case_types,
    non_snake_case,
    clippy::upper_case_acronyms,
    reason = "the names of the C header"
)]

use std::ffi::{c_char, c_void};

pub type PVOID = *mut c_void;
pub type ULONG = std::ffi::c_ulong;
pub type USHORT = u16;
pub type UINT32 = u32;
pub type UINT64 = u64;
pub type BOOLEAN = u8;
pub type VMI_STATUS = u32;
pub type VMI_CONNECT_RESPONSE = u32;
pub type VMI_RECV_STATUS = u32;
pub type VMI_STREAM_COMMAND = u32;
pub type VMI_virt_addr_t = u64;

/// A handle: see [`crate::table`].
macro_rules! handles { ($($name:ident)*) => { $( pub type $name = PVOID; )* } }
handles!(PVMI_CONNECT PVMI_BUFFER PVMI_BUFFER_OP PVMI_BUFFER_POOL PVMI_SLAB PVMI_SLAB_STATE PVMI_STREAM_RECV
         PVMI_STREAM PVMI_IRB PVMI_CHAIN PVMI_DEVICE);

/// The name of a process.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VMI_NETADDRESS {
    pub version: UINT32,
    pub port: UINT32,
    pub host: [c_char; 256],
    pub user: [c_char; 64],
    pub key: [c_char; 264],
}
pub type PVMI_NETADDRESS = *mut VMI_NETADDRESS;

#[repr(C)]
pub struct VMI_CACHE_ENTRY {
    pub bufferHandle: PVMI_BUFFER,
    pub address: PVOID,
    pub size: ULONG,
}
pub type PVMI_CACHE_ENTRY = *mut VMI_CACHE_ENTRY;

#[repr(C)]
pub struct VMI_REMOTE_BUFFER {
    pub rsz: UINT32,
    pub id: UINT32,
    pub lctxt: UINT64,
}
pub type PVMI_REMOTE_BUFFER = *mut VMI_REMOTE_BUFFER;

pub const RDMA_MAX_BUFFERS: usize = 16;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct VMI_RDMA_OP {
    pub numBufs: ULONG,
    pub buffers: [PVMI_BUFFER; RDMA_MAX_BUFFERS],
    pub addr: [PVOID; RDMA_MAX_BUFFERS],
    pub sz: [ULONG; RDMA_MAX_BUFFERS],
    pub rbuffer: PVMI_REMOTE_BUFFER,
    pub roffset: UINT32,
    pub notify: BOOLEAN,
}
pub type PVMI_RDMA_OP = *mut VMI_RDMA_OP;

/// Answers to a connect request.
pub mod response {
    pub const ACCEPT: u32 = 0;
    pub const REJECT: u32 = 1;
    pub const ERROR: u32 = 2;
}

/// Types of request that the library itself dispatches.
pub mod command {
    pub const ATTACH: u32 = 0;
    pub const DETACH: u32 = 1;
    pub const SEND: u32 = 6;
    pub const RECEIVE: u32 = 7;
}

pub mod action {
    pub const FORWARD: u32 = 0;
    pub const COMPLETE: u32 = 1;
    pub const PEND: u32 = 2;
}

pub const SLAB_GRABBED: VMI_RECV_STATUS = 1;
pub const STREAM_DATA: VMI_STREAM_COMMAND = 0;
pub const STREAM_END: VMI_STREAM_COMMAND = 1;

pub type VMIConnectAccept =
    Option<unsafe extern "C" fn(PVMI_CONNECT, PVMI_SLAB, ULONG) -> VMI_CONNECT_RESPONSE>;
pub type VMIConnectIssue = Option<unsafe extern "C" fn(PVOID, PVOID, USHORT, PVOID, VMI_CONNECT_RESPONSE)>;
pub type VMIConnectDisconnect = Option<unsafe extern "C" fn(PVMI_CONNECT)>;
pub type VMIDisconnectResponse = Option<unsafe extern "C" fn(PVMI_CONNECT, PVOID, VMI_STATUS)>;
pub type VMIStreamRecv = Option<
    unsafe extern "C" fn(
        PVMI_CONNECT,
        PVMI_STREAM_RECV,
        VMI_STREAM_COMMAND,
        PVOID,
        PVMI_SLAB,
    ) -> VMI_RECV_STATUS,
>;
pub type VMIStreamSend = Option<unsafe extern "C" fn(PVOID, VMI_STATUS)>;
pub type VMIRDMABuffer21 = Option<unsafe extern "C" fn(PVMI_CONNECT, PVMI_REMOTE_BUFFER, PVMI_SLAB, ULONG)>;
pub type VMIRDMABuffer20 = Option<unsafe extern "C" fn(PVMI_CONNECT, PVMI_REMOTE_BUFFER)>;
pub type VMIRDMAPublish = Option<unsafe extern "C" fn(PVOID, VMI_STATUS)>;
pub type VMIRDMACompleteNotification = Option<unsafe extern "C" fn(PVMI_RDMA_OP, PVOID, VMI_STATUS)>;
pub type VMIRDMAPutNotification = Option<unsafe extern "C" fn(PVMI_CONNECT, UINT32, UINT32, VMI_STATUS)>;
pub type VMIRDMAGetNotification = Option<unsafe extern "C" fn(PVMI_CONNECT, UINT32, VMI_STATUS)>;
pub type VMI_IRB_COMMAND = u32;
pub type VMI_IRB_ACTION = u32;
pub type VMIDeviceChanged = Option<unsafe extern "C" fn(PVMI_CONNECT, PVOID, VMI_STATUS)>;
pub type VMIDeviceDispatch = Option<unsafe extern "C" fn(PVMI_DEVICE, PVMI_IRB, PVOID) -> VMI_IRB_ACTION>;
pub type VMIIRBComplete = Option<unsafe extern "C" fn(PVMI_IRB, PVOID, VMI_STATUS)>;
pub type VMIAlert = Option<unsafe extern "C" fn(UINT32, *const c_char)>;

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<VMI_NETADDRESS>() == 592 && offset_of!(VMI_NETADDRESS, key) == 328);
    assert!(offset_of!(VMI_NETADDRESS, host) == 8 && offset_of!(VMI_NETADDRESS, user) == 264);
    assert!(size_of::<VMI_CACHE_ENTRY>() == 24 && offset_of!(VMI_CACHE_ENTRY, size) == 16);
    assert!(size_of::<VMI_REMOTE_BUFFER>() == 16 && offset_of!(VMI_REMOTE_BUFFER, lctxt) == 8);
    assert!(size_of::<VMI_RDMA_OP>() == 408 && offset_of!(VMI_RDMA_OP, addr) == 136);
    assert!(offset_of!(VMI_RDMA_OP, sz) == 264 && offset_of!(VMI_RDMA_OP, rbuffer) == 392);
    assert!(offset_of!(VMI_RDMA_OP, roffset) == 400 && offset_of!(VMI_RDMA_OP, notify) == 404);
};
