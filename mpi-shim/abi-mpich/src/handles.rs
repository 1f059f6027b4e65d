//! Handles of MPICH: integers that say themselves what they are.
//!
//! Bits 30 and 31: 0 null, 1 predefined, 2 dynamic (also the pair types); bits 26 to 29: the kind; below: predefined handles
//! are told apart by their low byte, dynamic ones carry the engine's id, which is 1024 or more.

use crate::Mpich;
use vmi_mpi_kit::abi::{Codec, INVALID};
use vmi_mpi_kit::args::FIRST_DYNAMIC;
use vmi_mpi_kit::engine::{
    CommId, ErrhandlerId, FileId, GroupId, InfoId, MessageId, OpId, RequestId, SessionId, TypeId, WinId,
};
use vmi_mpi_kit::table::constants::{self as table, Handle};

const ID_BITS: u32 = 26;
const ID_MASK: u32 = (1 << ID_BITS) - 1;

/// Predefined handles of one kind, both ways. `encode[id]` is 0 where this ABI has no such object.
struct Predefined {
    encode: [u32; FIRST_DYNAMIC as usize],
    decode: [u16; 1024],
}

/// Where a predefined handle is found in `decode`: its low byte and its two highest bits.
const fn slot(handle: u32) -> usize {
    ((handle & 0xff) | (handle >> 30) << 8) as usize
}

const fn predefined(rows: &[Handle]) -> Predefined {
    let mut p = Predefined { encode: [0; FIRST_DYNAMIC as usize], decode: [0; 1024] };
    let mut i = 0;
    while i < rows.len() {
        if let Some(handle) = rows[i].mpich {
            let id = rows[i].id;
            if p.encode[id as usize] == 0 {
                p.encode[id as usize] = handle;
            }
            assert!(
                p.decode[slot(handle)] == 0 || p.decode[slot(handle)] == id as u16,
                "two handles share a slot"
            );
            p.decode[slot(handle)] = id as u16;
        }
        i += 1;
    }
    p
}

impl Predefined {
    #[inline(always)]
    fn decode(&self, kind: u32, handle: u32) -> u32 {
        let id = handle & ID_MASK;
        if handle >> ID_BITS == 0x20 | kind && id >= FIRST_DYNAMIC {
            return id;
        }
        let found = self.decode[slot(handle)] as u32;
        if self.encode[found as usize] == handle && found != 0 { found } else { INVALID }
    }

    #[inline(always)]
    fn encode(&self, kind: u32, null: u32, id: u32) -> u32 {
        if id >= FIRST_DYNAMIC {
            return (0x20 | kind) << ID_BITS | (id & ID_MASK);
        }
        match self.encode[id as usize] {
            0 => self.encode[null as usize],
            handle => handle,
        }
    }
}

macro_rules! codecs {
    ($($id:ty, $kind:literal, $rows:ident;)*) => {$(
        impl Codec<$id> for Mpich {
            type C = i32;
            #[inline(always)]
            unsafe fn decode(c: i32) -> u32 {
                static P: Predefined = predefined(table::$rows);
                P.decode($kind, c as u32)
            }
            #[inline(always)]
            fn encode(id: u32) -> i32 {
                static P: Predefined = predefined(table::$rows);
                P.encode($kind, <$id>::NULL.0, id) as i32
            }
            fn from_fint(f: i32) -> u32 {
                // SAFETY: an integer handle is followed nowhere.
                unsafe { <Self as Codec<$id>>::decode(f) }
            }
            fn to_fint(id: u32) -> i32 {
                <Self as Codec<$id>>::encode(id)
            }
        }
    )*};
}

codecs! {
    CommId, 0x1, COMMS;
    GroupId, 0x2, GROUPS;
    TypeId, 0x3, TYPES;
    ErrhandlerId, 0x5, ERRHANDLERS;
    OpId, 0x6, OPS;
    InfoId, 0x7, INFOS;
    WinId, 0x8, WINS;
    RequestId, 0xb, REQUESTS;
    MessageId, 0xb, MESSAGES;
    SessionId, 0xe, SESSIONS;
}

/// A file is a pointer in this ABI: NULL, or the engine's id as an address that is never followed.
impl Codec<FileId> for Mpich {
    type C = usize;
    unsafe fn decode(c: usize) -> u32 {
        match c {
            0 => FileId::NULL.0,
            _ => u32::try_from(c).unwrap_or(INVALID),
        }
    }
    fn encode(id: u32) -> usize {
        if id == FileId::NULL.0 { 0 } else { id as usize }
    }
    fn from_fint(f: i32) -> u32 {
        if f == 0 { FileId::NULL.0 } else { f as u32 }
    }
    fn to_fint(id: u32) -> i32 {
        if id == FileId::NULL.0 { 0 } else { id as i32 }
    }
}
