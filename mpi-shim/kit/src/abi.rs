//! What one ABI is: the representation of handles, statuses, sentinels and numbers.
//!
//! Every method is arithmetic or one table index; nothing here allocates, locks or hashes.

use vmi_mpi::{
    CommId, ErrhandlerId, FileId, GroupId, Handle, InfoId, MessageId, OpId, RequestId, SessionId, TypeId,
    UserBuf, WinId,
};
use vmi_mpi_args::StatusCodec;
use vmi_mpi_table::constants::Int;

/// Selects a column of the constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    Std,
    Mpich,
    Ompi,
}

impl Column {
    pub const fn of(self, row: &Int) -> Option<i32> {
        match self {
            Column::Std => row.std,
            Column::Mpich => row.mpich,
            Column::Ompi => row.ompi,
        }
    }
}

/// Sizes of the string buffers that programs of an ABI provide, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub object_name: usize,
    pub processor_name: usize,
    pub error_string: usize,
    pub library_version: usize,
    pub port_name: usize,
    pub info_key: usize,
    pub datarep: usize,
}

/// An ABI, apart from its handles.
pub trait Abi: Copy + 'static {
    const COLUMN: Column;
    const LIMITS: Limits;
    const STATUS: StatusCodec;
    const STATUS_BYTES: usize;
    /// Returned error codes carry the slot of their text (see [`crate::errors`]); otherwise they are plain classes.
    const DETAILED_CODES: bool;
    /// What MPI_Get_version says: programs choose features by it that their header may not have.
    const VERSION: (i32, i32);

    fn rank_in(rank: i32) -> i32;
    fn rank_out(rank: i32) -> i32;
    fn tag_in(tag: i32) -> i32;
    fn tag_out(tag: i32) -> i32;
    /// Translates `MPI_BOTTOM`, `MPI_IN_PLACE` and `MPI_BUFFER_AUTOMATIC` (2 inside the engine).
    ///
    /// # Safety
    /// `ptr` is a buffer argument of the MPI call in progress.
    unsafe fn buffer(ptr: *mut u8) -> UserBuf;
    /// The reverse of [`Abi::buffer`] for the address of an attached buffer.
    fn attached_buffer(address: usize) -> usize {
        address
    }
    /// NULL for `MPI_STATUS_IGNORE` and `MPI_STATUSES_IGNORE`.
    fn statuses(ptr: *mut u8) -> *mut u8;
    /// 10 for `MPI_UNWEIGHTED`, 11 for `MPI_WEIGHTS_EMPTY`.
    fn weights(ptr: *mut u8) -> *mut u8;
    /// `UserFn::NULL` and `UserFn::DUP` for the predefined functions.
    fn copy_fn(func: usize) -> usize;
    fn delete_fn(func: usize) -> usize;
    /// The engine's number of an error class or code that the program added; None for a predefined class.
    fn user_code_in(code: i32) -> Option<i32>;
    fn user_code_out(number: i32) -> i32;
}

/// How an ABI represents handles of kind `H`.
pub trait Codec<H: Handle>: Abi {
    type C: Copy + 'static;
    /// # Safety
    /// `c` is what the program passed for a handle: a handle of this ABI, or something the ABI can tell from one.
    unsafe fn decode(c: Self::C) -> u32;
    fn encode(id: u32) -> Self::C;
    fn from_fint(f: i32) -> u32;
    fn to_fint(id: u32) -> i32;
}

/// An ABI with all its handles.
pub trait AnyAbi:
    Abi
    + Codec<CommId>
    + Codec<GroupId>
    + Codec<WinId>
    + Codec<FileId>
    + Codec<SessionId>
    + Codec<MessageId>
    + Codec<InfoId>
    + Codec<ErrhandlerId>
    + Codec<RequestId>
    + Codec<OpId>
    + Codec<TypeId>
{
}

impl<A> AnyAbi for A where
    A: Abi
        + Codec<CommId>
        + Codec<GroupId>
        + Codec<WinId>
        + Codec<FileId>
        + Codec<SessionId>
        + Codec<MessageId>
        + Codec<InfoId>
        + Codec<ErrhandlerId>
        + Codec<RequestId>
        + Codec<OpId>
        + Codec<TypeId>
{
}

/// An id that names no object: what a garbage handle becomes.
pub const INVALID: u32 = u32::MAX;

/// Names an ABI as a value, for functions of the kit that are generic over it.
#[derive(Clone, Copy)]
pub struct Using<A>(std::marker::PhantomData<A>);

impl<A> Using<A> {
    pub const fn new() -> Self {
        Using(std::marker::PhantomData)
    }
}

impl<A> Default for Using<A> {
    fn default() -> Self {
        Self::new()
    }
}
