//! Handles of Open MPI: addresses of objects, or odd numbers.

use crate::{Ompi, objects};
use vmi_mpi_kit::abi::{Codec, INVALID};
use vmi_mpi_kit::args::FIRST_DYNAMIC;
use vmi_mpi_kit::engine::{
    CommId, ErrhandlerId, FileId, GroupId, InfoId, MessageId, OpId, RequestId, SessionId, TypeId, WinId,
};
use vmi_mpi_kit::table::constants as table;

/// # Safety
/// `c` is what the program passed for a handle (see [`objects::id_of`]).
#[inline(always)]
unsafe fn decode(c: *mut u8) -> u32 {
    if c as usize & 1 == 1 {
        return u32::try_from(c as usize >> 1).unwrap_or(INVALID);
    }
    // SAFETY: a handle (caller).
    unsafe { objects::id_of(c) }.unwrap_or(INVALID)
}

#[inline(always)]
fn dynamic(id: u32) -> *mut u8 {
    std::ptr::without_provenance_mut((id as usize) << 1 | 1)
}

fn from_fint(rows: &[table::Handle], f: i32) -> u32 {
    match rows.iter().find(|row| row.ompi_fortran == Some(f)) {
        Some(row) => row.id,
        None if f >= FIRST_DYNAMIC as i32 => f as u32,
        None => INVALID,
    }
}

fn to_fint(rows: &[table::Handle], id: u32) -> i32 {
    rows.iter().find(|row| row.id == id).and_then(|row| row.ompi_fortran).unwrap_or(id as i32)
}

macro_rules! codecs {
    ($($id:ty, $rows:ident;)*) => {$(
        impl Codec<$id> for Ompi {
            type C = *mut u8;
            #[inline(always)]
            unsafe fn decode(c: *mut u8) -> u32 {
                // SAFETY: the caller's promise.
                unsafe { decode(c) }
            }
            #[inline(always)]
            fn encode(id: u32) -> *mut u8 {
                if id >= FIRST_DYNAMIC {
                    return dynamic(id);
                }
                let address = objects::$rows.of(id);
                if address.is_null() { objects::$rows.of(<$id>::NULL.0).cast_mut() } else { address.cast_mut() }
            }
            fn from_fint(f: i32) -> u32 {
                from_fint(table::$rows, f)
            }
            fn to_fint(id: u32) -> i32 {
                to_fint(table::$rows, id)
            }
        }
    )*};
}

codecs! {
    CommId, COMMS;
    GroupId, GROUPS;
    TypeId, TYPES;
    ErrhandlerId, ERRHANDLERS;
    OpId, OPS;
    InfoId, INFOS;
    WinId, WINS;
    RequestId, REQUESTS;
    MessageId, MESSAGES;
    SessionId, SESSIONS;
    FileId, FILES;
}
