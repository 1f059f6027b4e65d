//! Integer constants, with the values of the MPI-5 standard ABI.

pub const SUCCESS: i32 = 0;
pub const ANY_SOURCE: i32 = -1;
pub const ANY_TAG: i32 = -2;
pub const PROC_NULL: i32 = -3;
pub const ROOT: i32 = -4;
pub const UNDEFINED: i32 = -32766;
/// Largest tag we accept (value of the MPI_TAG_UB attribute).
pub const TAG_UB: i32 = i32::MAX;
pub const KEYVAL_INVALID: i32 = 0;

pub const THREAD_SINGLE: i32 = 0;
pub const THREAD_FUNNELED: i32 = 1024;
pub const THREAD_SERIALIZED: i32 = 2048;
pub const THREAD_MULTIPLE: i32 = 4096;

pub const IDENT: i32 = 201;
pub const CONGRUENT: i32 = 202;
pub const SIMILAR: i32 = 203;
pub const UNEQUAL: i32 = 204;

pub const CART: i32 = 211;
pub const GRAPH: i32 = 212;
pub const DIST_GRAPH: i32 = 213;

pub const COMM_TYPE_SHARED: i32 = 221;
pub const COMM_TYPE_HW_UNGUIDED: i32 = 222;
pub const COMM_TYPE_HW_GUIDED: i32 = 223;
pub const COMM_TYPE_RESOURCE_GUIDED: i32 = 224;

pub const BSEND_OVERHEAD: i32 = 512;
pub const MAX_PROCESSOR_NAME: usize = 256;
pub const MAX_OBJECT_NAME: usize = 128;
pub const MAX_ERROR_STRING: usize = 512;
pub const MAX_INFO_KEY: usize = 256;
pub const MAX_INFO_VAL: usize = 1024;
pub const MAX_LIBRARY_VERSION_STRING: usize = 8192;

pub const ORDER_C: i32 = 12;
pub const ORDER_FORTRAN: i32 = 15;
pub const DISTRIBUTE_NONE: i32 = 16;
pub const DISTRIBUTE_BLOCK: i32 = 17;
pub const DISTRIBUTE_CYCLIC: i32 = 18;
/// Not the standard ABI's 19: in the other ABIs that is an ordinary block size.
pub const DISTRIBUTE_DFLT_DARG: i32 = -49767;

/// Predefined communicator, attribute and other handles are `CommId(257)` and so on.
pub mod predefined {
    use crate::*;
    pub const COMM_WORLD: CommId = CommId(257);
    pub const COMM_SELF: CommId = CommId(258);
    pub const GROUP_EMPTY: GroupId = GroupId(265);
    pub const MESSAGE_NO_PROC: MessageId = MessageId(297);
    pub const INFO_ENV: InfoId = InfoId(305);
    pub const ERRORS_ARE_FATAL: ErrhandlerId = ErrhandlerId(321);
    pub const ERRORS_ABORT: ErrhandlerId = ErrhandlerId(322);
    pub const ERRORS_RETURN: ErrhandlerId = ErrhandlerId(323);
}

/// Predefined attribute keyvals.
pub mod keyval {
    pub const TAG_UB: i32 = 501;
    pub const IO: i32 = 502;
    pub const HOST: i32 = 503;
    pub const WTIME_IS_GLOBAL: i32 = 504;
    pub const APPNUM: i32 = 505;
    pub const LASTUSEDCODE: i32 = 506;
    pub const UNIVERSE_SIZE: i32 = 507;
    pub const WIN_BASE: i32 = 601;
    pub const WIN_DISP_UNIT: i32 = 602;
    pub const WIN_SIZE: i32 = 603;
    pub const WIN_CREATE_FLAVOR: i32 = 604;
    pub const WIN_MODEL: i32 = 605;
}

/// Error classes.
pub mod class {
    pub const BUFFER: i32 = 1;
    pub const COUNT: i32 = 2;
    pub const TYPE: i32 = 3;
    pub const TAG: i32 = 4;
    pub const COMM: i32 = 5;
    pub const RANK: i32 = 6;
    pub const REQUEST: i32 = 7;
    pub const ROOT: i32 = 8;
    pub const GROUP: i32 = 9;
    pub const OP: i32 = 10;
    pub const TOPOLOGY: i32 = 11;
    pub const DIMS: i32 = 12;
    pub const ARG: i32 = 13;
    pub const UNKNOWN: i32 = 14;
    pub const TRUNCATE: i32 = 15;
    pub const OTHER: i32 = 16;
    pub const INTERN: i32 = 17;
    pub const PENDING: i32 = 18;
    pub const IN_STATUS: i32 = 19;
    pub const ACCESS: i32 = 20;
    pub const AMODE: i32 = 21;
    pub const ASSERT: i32 = 22;
    pub const BAD_FILE: i32 = 23;
    pub const BASE: i32 = 24;
    pub const CONVERSION: i32 = 25;
    pub const DISP: i32 = 26;
    pub const DUP_DATAREP: i32 = 27;
    pub const FILE_EXISTS: i32 = 28;
    pub const FILE_IN_USE: i32 = 29;
    pub const FILE: i32 = 30;
    pub const INFO_KEY: i32 = 31;
    pub const INFO_NOKEY: i32 = 32;
    pub const INFO_VALUE: i32 = 33;
    pub const INFO: i32 = 34;
    pub const IO: i32 = 35;
    pub const KEYVAL: i32 = 36;
    pub const LOCKTYPE: i32 = 37;
    pub const NAME: i32 = 38;
    pub const NO_MEM: i32 = 39;
    pub const NOT_SAME: i32 = 40;
    pub const NO_SPACE: i32 = 41;
    pub const NO_SUCH_FILE: i32 = 42;
    pub const PORT: i32 = 43;
    pub const QUOTA: i32 = 44;
    pub const READ_ONLY: i32 = 45;
    pub const RMA_ATTACH: i32 = 46;
    pub const RMA_CONFLICT: i32 = 47;
    pub const RMA_RANGE: i32 = 48;
    pub const RMA_SHARED: i32 = 49;
    pub const RMA_SYNC: i32 = 50;
    pub const SERVICE: i32 = 51;
    pub const SIZE: i32 = 52;
    pub const SPAWN: i32 = 53;
    pub const UNSUPPORTED_DATAREP: i32 = 54;
    pub const UNSUPPORTED_OPERATION: i32 = 55;
    pub const WIN: i32 = 56;
    pub const RMA_FLAVOR: i32 = 57;
    pub const PROC_ABORTED: i32 = 58;
    pub const VALUE_TOO_LARGE: i32 = 59;
    pub const SESSION: i32 = 60;
    pub const ERRHANDLER: i32 = 61;
    pub const ABI: i32 = 62;
    pub const LASTCODE: i32 = 16383;
}

/// How a datatype was made.
pub mod combiner {
    macro_rules! combiners {
        ($($name:ident $value:literal)*) => {
            $(pub const $name: i32 = $value;)*
            /// The constant's name without `MPI_COMBINER_`.
            pub fn name(value: i32) -> &'static str {
                match value { $($value => stringify!($name),)* _ => "unknown" }
            }
        };
    }
    combiners! {
        NAMED 101 DUP 102 CONTIGUOUS 103 VECTOR 104 HVECTOR 105 INDEXED 106 HINDEXED 107 INDEXED_BLOCK 108
        HINDEXED_BLOCK 109 STRUCT 110 SUBARRAY 111 DARRAY 112 F90_REAL 113 F90_COMPLEX 114 F90_INTEGER 115
        RESIZED 116 VALUE_INDEX 117
    }
}

/// Classes of types for `MPI_Type_match_size`.
pub mod typeclass {
    pub const INTEGER: i32 = 192;
    pub const REAL: i32 = 193;
    pub const COMPLEX: i32 = 194;
}
