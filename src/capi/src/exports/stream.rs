//! Messages and streams.

use super::{call, value};
use crate::args::{Out, Pieces};
use crate::stream::{self, Send};
use crate::table::{Tag, untagged};
use crate::types::*;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_Send_Inline(
    connection: PVMI_CONNECT,
    addresses: *mut PVOID,
    sizes: *mut ULONG,
    count: ULONG,
    total: ULONG,
) -> VMI_STATUS {
    call("VMI_Stream_Send_Inline", |e| {
        let pieces = Pieces::new(addresses, sizes, count)?;
        stream::send_inline(e, &*e.connection(connection)?, &pieces, total as usize)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_Send(
    connection: PVMI_CONNECT,
    buffers: *mut PVMI_BUFFER,
    addresses: *mut PVOID,
    sizes: *mut ULONG,
    count: ULONG,
    function: VMIStreamSend,
    context: PVOID,
    _last: BOOLEAN,
) -> VMI_STATUS {
    call("VMI_Stream_Send", |e| {
        let pieces = Pieces::new(addresses, sizes, count)?;
        stream::send(e, &*e.connection(connection)?, Send { buffers, pieces, function, context })
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_Begin(connection: PVMI_CONNECT, stream: *mut PVMI_STREAM) -> VMI_STATUS {
    call("VMI_Stream_Begin", |e| {
        let out = Out::new(stream, "stream")?;
        out.set(stream::begin(e, &*e.connection(connection)?)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_Send_Slab(
    stream: PVMI_STREAM,
    slab: PVMI_SLAB,
    function: VMIStreamSend,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_Stream_Send_Slab", |e| stream::send_slab(e, stream, slab, function, context))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_End(stream: PVMI_STREAM) -> VMI_STATUS {
    call("VMI_Stream_End", |e| stream::end(e, stream))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_Number(stream: PVMI_STREAM) -> UINT32 {
    value("VMI_Stream_Number", 0, |e| Ok(e.streams.get(stream)?.id))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Stream_Recv_Number(stream: PVMI_STREAM_RECV) -> UINT32 {
    value("VMI_Stream_Recv_Number", 0, |_| Ok(untagged(Tag::Received, stream)? as UINT32))
}
