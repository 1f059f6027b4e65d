//! Remote memory.

use super::call;
use crate::args::Out;
use crate::rdma::{self, Offer};
use crate::traffic::Event;
use crate::types::*;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Alloc_Op(op: *mut PVMI_RDMA_OP) -> VMI_STATUS {
    call("VMI_RDMA_Alloc_Op", |e| {
        let out = Out::new(op, "op")?;
        out.set(rdma::new_op(e));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Dealloc_Op(op: PVMI_RDMA_OP) -> VMI_STATUS {
    call("VMI_RDMA_Dealloc_Op", |e| rdma::free_op(e, op))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Dealloc_Buffer(buffer: PVMI_REMOTE_BUFFER) -> VMI_STATUS {
    call("VMI_RDMA_Dealloc_Buffer", |e| rdma::free_remote(e, buffer))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Publish_Buffer(
    connection: PVMI_CONNECT,
    buffer: PVMI_BUFFER,
    address: VMI_virt_addr_t,
    size: UINT32,
    remote_ctx: VMI_virt_addr_t,
    local_ctx: UINT32,
    data: PVOID,
    data_size: ULONG,
) -> VMI_STATUS {
    call("VMI_RDMA_Publish_Buffer", |e| {
        let (connection, data) = (&e.connection(connection)?, (data, data_size));
        let (remote_context, local_context) = (remote_ctx, local_ctx);
        rdma::publish(
            e,
            &Offer { connection, buffer, address, size, remote_context, local_context, data },
            None,
        )
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Publish_Buffer20(
    connection: PVMI_CONNECT,
    buffer: PVMI_BUFFER,
    address: VMI_virt_addr_t,
    size: UINT32,
    remote_ctx: VMI_virt_addr_t,
    local_ctx: UINT32,
) -> VMI_STATUS {
    VMI_RDMA_Publish_Buffer(connection, buffer, address, size, remote_ctx, local_ctx, std::ptr::null_mut(), 0)
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Publish_Buffer_With_Callback(
    connection: PVMI_CONNECT,
    buffer: PVMI_BUFFER,
    address: VMI_virt_addr_t,
    size: UINT32,
    remote_ctx: VMI_virt_addr_t,
    local_ctx: UINT32,
    data: PVOID,
    data_size: ULONG,
    context: PVOID,
    function: VMIRDMAPublish,
) -> VMI_STATUS {
    call("VMI_RDMA_Publish_Buffer_With_Callback", |e| {
        let (connection, data) = (&e.connection(connection)?, (data, data_size));
        let (remote_context, local_context) = (remote_ctx, local_ctx);
        let offer = Offer { connection, buffer, address, size, remote_context, local_context, data };
        rdma::publish(e, &offer, Some(Event::Sent(function, context)))
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Put(
    connection: PVMI_CONNECT,
    op: PVMI_RDMA_OP,
    context: PVOID,
    function: VMIRDMACompleteNotification,
) -> VMI_STATUS {
    call("VMI_RDMA_Put", |e| rdma::put(e, &e.connection(connection)?, op, context, function))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Get(
    connection: PVMI_CONNECT,
    op: PVMI_RDMA_OP,
    context: PVOID,
    function: VMIRDMACompleteNotification,
) -> VMI_STATUS {
    call("VMI_RDMA_Get", |e| rdma::get(e, &e.connection(connection)?, op, context, function))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Set_Publish_Callback(
    connection: PVMI_CONNECT,
    function: VMIRDMABuffer21,
) -> VMI_STATUS {
    call("VMI_RDMA_Set_Publish_Callback", |e| {
        e.connection(connection)?.on_publish.set(function);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Set_Publish_Callback20(
    connection: PVMI_CONNECT,
    function: VMIRDMABuffer20,
) -> VMI_STATUS {
    call("VMI_RDMA_Set_Publish_Callback20", |e| {
        e.connection(connection)?.on_publish20.set(function);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Set_Put_Notification_Callback(
    connection: PVMI_CONNECT,
    function: VMIRDMAPutNotification,
) -> VMI_STATUS {
    call("VMI_RDMA_Set_Put_Notification_Callback", |e| {
        e.connection(connection)?.on_put.set(function);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_RDMA_Set_Get_Notification_Callback(
    connection: PVMI_CONNECT,
    function: VMIRDMAGetNotification,
) -> VMI_STATUS {
    call("VMI_RDMA_Set_Get_Notification_Callback", |e| {
        e.connection(connection)?.on_get.set(function);
        Ok(())
    })
}
