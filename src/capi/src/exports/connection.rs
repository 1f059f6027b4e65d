//! Connections.

use super::{call, call_anytime, value};
use crate::args::{self, Out};
use crate::connection;
use crate::engine;
use crate::traffic;
use crate::types::*;
use std::ffi::c_char;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Accept_Fn(function: VMIConnectAccept) -> VMI_STATUS {
    call_anytime("VMI_Connection_Accept_Fn", |e| {
        e.connections.accept.set(function);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Disconnect_Fn(function: VMIConnectDisconnect) -> VMI_STATUS {
    call_anytime("VMI_Connection_Disconnect_Fn", |e| {
        e.connections.lost.set(function);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Create(connection: *mut PVMI_CONNECT) -> VMI_STATUS {
    call("VMI_Connection_Create", |e| {
        let out = Out::new(connection, "connection")?;
        out.set(connection::create(e));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Free(connection: PVMI_CONNECT) -> VMI_STATUS {
    call("VMI_Connection_Free", |e| connection::free(e, connection))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Allocate_IPV4_Address(
    host: *mut c_char,
    port: USHORT,
    user: *mut c_char,
    key: *mut c_char,
    address: *mut PVMI_NETADDRESS,
) -> VMI_STATUS {
    call("VMI_Connection_Allocate_IPV4_Address", |_| {
        let out = Out::new(address, "address")?;
        let (host, user) = (args::text(host, "host")?, args::text(user, "user")?);
        let address = engine::address(&host, port.into(), &user, &args::text(key, "key")?)?;
        out.set(args::allocate(address)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Deallocate_Address(address: PVMI_NETADDRESS) -> VMI_STATUS {
    call("VMI_Connection_Deallocate_Address", |_| {
        args::release(address);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Bind(
    _local: VMI_NETADDRESS,
    remote: VMI_NETADDRESS,
    connection: PVMI_CONNECT,
) -> VMI_STATUS {
    call("VMI_Connection_Bind", |e| connection::bind(&*e.connection(connection)?, remote))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Issue(
    connection: PVMI_CONNECT,
    data: PVMI_BUFFER,
    function: VMIConnectIssue,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_Connection_Issue", |e| {
        let data = connection::data_of(e, data)?;
        connection::issue(e, &e.connection(connection)?, &data, function, context)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Disconnect(
    connection: PVMI_CONNECT,
    function: VMIDisconnectResponse,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_Connection_Disconnect", |e| {
        connection::disconnect(e, &*e.connection(connection)?, function, context)
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Set_Receive_Context(
    connection: PVMI_CONNECT,
    context: PVOID,
) -> VMI_STATUS {
    call("VMI_Connection_Set_Receive_Context", |e| {
        e.connection(connection)?.context.set(context);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Get_Receive_Context(connection: PVMI_CONNECT) -> PVOID {
    value("VMI_Connection_Get_Receive_Context", std::ptr::null_mut(), |e| {
        Ok(e.connection(connection)?.context.get())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_One_Way_Latency(connection: PVMI_CONNECT) -> ULONG {
    value("VMI_Connection_One_Way_Latency", 0, |e| {
        let site = e.connection(connection)?.open_site()?;
        Ok(traffic::latency_us(&site).into())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Connection_Waiting(connection: PVMI_CONNECT) -> ULONG {
    value("VMI_Connection_Waiting", 0, |e| {
        let site = e.connection(connection)?.open_site()?;
        Ok(site.way.with_peer(site.rank, |peer| peer.waiting) as ULONG)
    })
}
