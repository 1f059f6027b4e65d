//! The predefined objects of Open MPI: data symbols whose addresses are the handles.
//!
//! A program that was not compiled as position-independent code holds its own copy of each object it uses (a copy relocation
//! of the stated size), and all libraries see the copy's address. So an object carries its engine id inside itself, and addresses
//! are taken through the global offset table, never assumed.
#![allow(non_upper_case_globals, reason = "names of the ABI")]

use std::ptr;

/// First word of every object. Tells a handle from a stray pointer.
const MAGIC: u64 = 0x564d_495f_4f42_4a31;

/// A predefined object of `WORDS` 8-byte words: magic, engine id, nothing.
#[repr(C, align(64))]
pub struct Object<const WORDS: usize>([u64; WORDS]);

const fn object<const WORDS: usize>(id: u32) -> Object<WORDS> {
    let mut words = [0; WORDS];
    words[0] = MAGIC;
    words[1] = id as u64;
    Object(words)
}

/// The engine id of the object at `ptr`, if there is one.
///
/// # Safety
/// `ptr` is a handle of the program; a pointer that is no handle must at least be readable.
#[inline(always)]
pub unsafe fn id_of(ptr: *const u8) -> Option<u32> {
    const LOWEST: usize = 4096;
    if (ptr as usize) < LOWEST || !(ptr as usize).is_multiple_of(8) {
        return None;
    }
    // SAFETY: readable (caller), aligned (checked).
    let words = unsafe { ptr.cast::<[u64; 2]>().read() };
    (words[0] == MAGIC).then_some(words[1] as u32)
}

/// Addresses of the objects of one kind, by id from `FIRST` on.
pub struct Addresses<const FIRST: usize, const N: usize>([*const u8; N]);

// SAFETY: addresses of constants.
unsafe impl<const FIRST: usize, const N: usize> Sync for Addresses<FIRST, N> {}

impl<const FIRST: usize, const N: usize> Addresses<FIRST, N> {
    /// The handle of a predefined object; NULL where this ABI has none.
    #[inline(always)]
    pub fn of(&self, id: u32) -> *const u8 {
        self.0.get((id as usize).wrapping_sub(FIRST)).copied().unwrap_or(ptr::null())
    }
}

/// Objects: symbol, size in words, engine id. The first symbol of an id is the one that handles are made of.
macro_rules! objects {
    ($($kind:ident $first:literal $n:literal { $($name:ident $words:literal $id:literal;)* })*) => {
        $($(
            #[unsafe(no_mangle)]
            pub static $name: Object<$words> = object($id);
        )*)*
        $(
            #[allow(unused_assignments, reason = "the last object of a kind need not know it is known")]
            pub static $kind: Addresses<$first, $n> = {
                let mut addresses = [ptr::null(); $n];
                let mut known = [false; $n];
                $(
                    if !known[$id - $first] {
                        addresses[$id - $first] = (&raw const $name).cast();
                        known[$id - $first] = true;
                    }
                )*
                Addresses(addresses)
            };
        )*
    };
}

#[rustfmt::skip]
objects! {
    COMMS 256 8 {
        ompi_mpi_comm_null 64 256;
        ompi_mpi_comm_world 64 257;
        ompi_mpi_comm_self 64 258;
    }
    ERRHANDLERS 320 8 {
        ompi_mpi_errhandler_null 128 320;
        ompi_mpi_errors_are_fatal 128 321;
        ompi_mpi_errors_abort 128 322;
        ompi_mpi_errors_return 128 323;
        ompi_mpi_errors_throw_exceptions 128 321;
    }
    FILES 280 8 {
        ompi_mpi_file_null 192 280;
    }
    GROUPS 264 8 {
        ompi_mpi_group_null 32 264;
        ompi_mpi_group_empty 32 265;
    }
    INFOS 304 8 {
        ompi_mpi_info_null 32 304;
        ompi_mpi_info_env 32 305;
    }
    MESSAGES 296 8 {
        ompi_message_null 32 296;
        ompi_message_no_proc 32 297;
    }
    OPS 32 32 {
        ompi_mpi_op_null 256 32;
        ompi_mpi_op_sum 256 33;
        ompi_mpi_op_min 256 34;
        ompi_mpi_op_max 256 35;
        ompi_mpi_op_prod 256 36;
        ompi_mpi_op_band 256 40;
        ompi_mpi_op_bor 256 41;
        ompi_mpi_op_bxor 256 42;
        ompi_mpi_op_land 256 48;
        ompi_mpi_op_lor 256 49;
        ompi_mpi_op_lxor 256 50;
        ompi_mpi_op_minloc 256 56;
        ompi_mpi_op_maxloc 256 57;
        ompi_mpi_op_replace 256 60;
        ompi_mpi_op_no_op 256 61;
    }
    REQUESTS 384 8 {
        ompi_request_null 32 384;
    }
    SESSIONS 288 8 {
        ompi_mpi_instance_null 64 288;
    }
    TYPES 512 512 {
        ompi_mpi_datatype_null 64 512;
        ompi_mpi_aint 64 513;
        ompi_mpi_count 64 514;
        ompi_mpi_offset 64 515;
        ompi_mpi_packed 64 519;
        ompi_mpi_short 64 520;
        ompi_mpi_int 64 521;
        ompi_mpi_long 64 522;
        ompi_mpi_long_long_int 64 523;
        ompi_mpi_unsigned_short 64 524;
        ompi_mpi_unsigned 64 525;
        ompi_mpi_unsigned_long 64 526;
        ompi_mpi_unsigned_long_long 64 527;
        ompi_mpi_float 64 528;
        ompi_mpi_c_float_complex 64 530;
        ompi_mpi_cxx_cplex 64 531;
        ompi_mpi_double 64 532;
        ompi_mpi_c_double_complex 64 534;
        ompi_mpi_cxx_dblcplex 64 535;
        ompi_mpi_logical 64 536;
        ompi_mpi_integer 64 537;
        ompi_mpi_real 64 538;
        ompi_mpi_cplex 64 539;
        ompi_mpi_dblprec 64 540;
        ompi_mpi_dblcplex 64 541;
        ompi_mpi_character 64 542;
        ompi_mpi_long_double 64 544;
        ompi_mpi_c_long_double_complex 64 548;
        ompi_mpi_float_int 64 552;
        ompi_mpi_double_int 64 553;
        ompi_mpi_long_int 64 554;
        ompi_mpi_2int 64 555;
        ompi_mpi_short_int 64 556;
        ompi_mpi_longdbl_int 64 557;
        ompi_mpi_2real 64 560;
        ompi_mpi_2dblprec 64 561;
        ompi_mpi_2integer 64 562;
        ompi_mpi_c_bool 64 568;
        ompi_mpi_cxx_bool 64 569;
        ompi_mpi_wchar 64 572;
        ompi_mpi_int8_t 64 576;
        ompi_mpi_uint8_t 64 577;
        ompi_mpi_char 64 579;
        ompi_mpi_signed_char 64 580;
        ompi_mpi_unsigned_char 64 581;
        ompi_mpi_byte 64 583;
        ompi_mpi_int16_t 64 584;
        ompi_mpi_uint16_t 64 585;
        ompi_mpi_int32_t 64 592;
        ompi_mpi_uint32_t 64 593;
        ompi_mpi_int64_t 64 600;
        ompi_mpi_uint64_t 64 601;
        ompi_mpi_logical1 64 704;
        ompi_mpi_integer1 64 705;
        ompi_mpi_logical2 64 712;
        ompi_mpi_integer2 64 713;
        ompi_mpi_logical4 64 720;
        ompi_mpi_integer4 64 721;
        ompi_mpi_real4 64 722;
        ompi_mpi_logical8 64 728;
        ompi_mpi_integer8 64 729;
        ompi_mpi_real8 64 730;
        ompi_mpi_complex8 64 731;
        ompi_mpi_real16 64 738;
        ompi_mpi_complex16 64 739;
        ompi_mpi_complex32 64 747;
        ompi_mpi_2cplex 64 900;
        ompi_mpi_2dblcplex 64 901;
        ompi_mpi_c_complex 64 530;
        ompi_mpi_cxx_ldblcplex 64 549;
        ompi_mpi_lb 64 905;
        ompi_mpi_ub 64 906;
    }
    WINS 272 8 {
        ompi_mpi_win_null 64 272;
    }
}
