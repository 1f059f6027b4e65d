//! Views of the arguments a caller hands to an MPI function: arrays, strings, statuses, callbacks.
//!
//! One up: the emitters in `mpi-shim/kit` build these views from raw C arguments. One down: `mpi-shim/mpi`,
//! which contains no unsafe code, reads and writes through them.
//!
//! Invariant of the whole crate, kept by the emitters: a view is built only from an argument of the MPI call
//! in progress, and the MPI standard obliges the caller to make the array as long as the function's
//! description says. The engine never asks for an index outside of that description. A view is dropped before
//! the call returns, except for callbacks and for arrays that the standard keeps until completion.
#![allow(unsafe_code, reason = "raw arguments become safe views here and nowhere else")]

pub use vmi::core::buffer::UserBuf;

/// What an MPI status holds, free of any ABI's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub source: i32,
    pub tag: i32,
    /// Error class or code; 0 is MPI_SUCCESS.
    pub error: i32,
    /// Received bytes.
    pub bytes: u64,
    pub cancelled: bool,
}

impl Status {
    /// MPI-5.0 §3.7.3: the empty status (source any, tag any, error success, count 0, not cancelled).
    pub const EMPTY: Status = Status { source: -1, tag: -2, error: 0, bytes: 0, cancelled: false };
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident null $null:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(transparent)]
        pub struct $name(pub u32);
        impl $name { pub const NULL: $name = $name($null); }
        impl Handle for $name {
            const NULL_ID: u32 = $null;
            #[inline] fn from_u32(id: u32) -> Self { $name(id) }
            #[inline] fn to_u32(self) -> u32 { self.0 }
        }
    )*};
}

/// The engine's handles. Predefined objects carry the number that the MPI-5 standard ABI gives them (below
/// 1024), objects made at run time count from [`FIRST_DYNAMIC`].
pub trait Handle: Copy {
    /// Number of the null handle.
    const NULL_ID: u32;
    fn from_u32(id: u32) -> Self;
    fn to_u32(self) -> u32;
}

/// Handles of objects made at run time start here; all below are predefined.
pub const FIRST_DYNAMIC: u32 = 1024;

handles! {
    CommId null 256;
    GroupId null 264;
    WinId null 272;
    FileId null 280;
    SessionId null 288;
    MessageId null 296;
    InfoId null 304;
    ErrhandlerId null 320;
    RequestId null 384;
    OpId null 32;
    TypeId null 512;
}

/// How one ABI stores a handle in an array: loads and stores element `i`.
#[derive(Clone, Copy)]
pub struct HandleCodec {
    pub load: unsafe fn(*const u8, usize) -> u32,
    pub store: unsafe fn(*mut u8, usize, u32),
}

/// An array of handles (`MPI_Request[]`, `MPI_Datatype[]`, …), read and written through the ABI's codec.
#[derive(Clone, Copy)]
pub struct Handles<H> {
    ptr: *mut u8,
    codec: HandleCodec,
    _kind: std::marker::PhantomData<H>,
}

impl<H: Handle> Handles<H> {
    /// # Safety
    /// `ptr` is NULL or the handle array argument of the MPI call in progress, laid out as `codec` expects.
    pub unsafe fn new(ptr: *mut u8, codec: HandleCodec) -> Self {
        Handles { ptr, codec, _kind: std::marker::PhantomData }
    }
    /// A view of handles that the library itself owns, as engine numbers; the owner must outlive the view.
    pub fn of(ids: &mut [u32]) -> Self {
        // SAFETY: `i` lies within the array (crate invariant).
        unsafe fn load(ptr: *const u8, i: usize) -> u32 {
            // SAFETY: as above.
            unsafe { ptr.cast::<u32>().add(i).read_unaligned() }
        }
        // SAFETY: as for `load`.
        unsafe fn store(ptr: *mut u8, i: usize, id: u32) {
            // SAFETY: as above.
            unsafe { ptr.cast::<u32>().add(i).write_unaligned(id) }
        }
        let codec = HandleCodec { load, store };
        Handles { ptr: ids.as_mut_ptr().cast(), codec, _kind: std::marker::PhantomData }
    }
    pub fn is_null(&self) -> bool {
        self.ptr.is_null()
    }
    #[inline]
    pub fn get(&self, i: usize) -> H {
        // SAFETY: `i` lies within the count of the call (crate invariant).
        H::from_u32(unsafe { (self.codec.load)(self.ptr, i) })
    }
    #[inline]
    pub fn set(&self, i: usize, handle: H) {
        // SAFETY: as in `get`.
        unsafe { (self.codec.store)(self.ptr, i, handle.to_u32()) }
    }
}

/// Width of the integers in an argument array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    I32,
    I64,
}

/// Translation of `int` elements between an ABI's numbers and the engine's (ranks, distributions).
#[derive(Debug)]
pub struct IntMap {
    pub to_engine: fn(i32) -> i32,
    pub to_abi: fn(i32) -> i32,
}

/// An array of integers: `int[]`, `MPI_Aint[]` or `MPI_Count[]`, for input or output.
#[derive(Clone, Copy, Debug)]
pub struct Ints {
    ptr: *mut u8,
    width: Width,
    map: Option<&'static IntMap>,
}

impl Ints {
    /// # Safety
    /// `ptr` is NULL or the integer array argument of the MPI call in progress, of elements of `width`.
    pub unsafe fn new(ptr: *mut u8, width: Width) -> Self {
        Ints { ptr, width, map: None }
    }
    /// A view of numbers that the library itself owns; the owner must outlive the view.
    pub fn of(numbers: &mut [i64]) -> Self {
        Ints { ptr: numbers.as_mut_ptr().cast(), width: Width::I64, map: None }
    }
    /// As [`Ints::new`] for an `int[]` whose elements are translated by `map`.
    ///
    /// # Safety
    /// As [`Ints::new`].
    pub unsafe fn mapped(ptr: *mut u8, map: &'static IntMap) -> Self {
        Ints { ptr, width: Width::I32, map: Some(map) }
    }
    pub fn is_null(&self) -> bool {
        self.ptr.is_null()
    }
    /// Address of the array: tells sentinels (`MPI_UNWEIGHTED`) apart.
    pub fn addr(&self) -> usize {
        self.ptr as usize
    }
    #[inline]
    pub fn get(&self, i: usize) -> i64 {
        // SAFETY: `i` lies within the length that the call describes (crate invariant).
        let value = unsafe {
            match self.width {
                Width::I32 => self.ptr.cast::<i32>().add(i).read_unaligned() as i64,
                Width::I64 => self.ptr.cast::<i64>().add(i).read_unaligned(),
            }
        };
        match self.map {
            None => value,
            Some(map) => (map.to_engine)(value as i32) as i64,
        }
    }
    #[inline]
    pub fn set(&self, i: usize, value: i64) {
        let value = self.map.map_or(value, |map| (map.to_abi)(value as i32) as i64);
        // SAFETY: as in `get`.
        unsafe {
            match self.width {
                Width::I32 => self.ptr.cast::<i32>().add(i).write_unaligned(value as i32),
                Width::I64 => self.ptr.cast::<i64>().add(i).write_unaligned(value),
            }
        }
    }
    /// As [`Ints::set`] without translation, for the elements of a mapped array that are plain numbers.
    pub fn set_plain(&self, i: usize, value: i64) {
        Ints { map: None, ..*self }.set(i, value);
    }
    pub fn to_vec(&self, len: usize) -> Vec<i64> {
        (0..len).map(|i| self.get(i)).collect()
    }
}

/// One status or an array of them, written and read through the ABI's layout.
#[derive(Clone, Copy)]
pub struct Statuses {
    ptr: *mut u8,
    codec: StatusCodec,
}

/// How one ABI lays out a status in an array: loads and stores element `i`. The last argument of `store` tells
/// whether the `MPI_ERROR` field is written as well.
#[derive(Clone, Copy)]
pub struct StatusCodec {
    pub load: unsafe fn(*const u8, usize) -> Status,
    pub store: unsafe fn(*mut u8, usize, &Status, bool),
}

impl Statuses {
    /// # Safety
    /// `ptr` is NULL (`MPI_STATUS_IGNORE`, `MPI_STATUSES_IGNORE`) or the status argument of the MPI call in
    /// progress, laid out as `codec` expects.
    pub unsafe fn new(ptr: *mut u8, codec: StatusCodec) -> Self {
        Statuses { ptr, codec }
    }
    pub fn ignored(&self) -> bool {
        self.ptr.is_null()
    }
    /// Stores status `i`, unless the caller ignores statuses. The `MPI_ERROR` field keeps the caller's value
    /// (MPI-5.0 §3.2.5: only functions that return several statuses set it).
    #[inline]
    pub fn set(&self, i: usize, status: &Status) {
        if !self.ptr.is_null() {
            // SAFETY: `i` lies within the count of the call (crate invariant).
            unsafe { (self.codec.store)(self.ptr, i, status, false) }
        }
    }
    /// As [`Statuses::set`], and sets `MPI_ERROR` as well.
    #[inline]
    pub fn set_with_error(&self, i: usize, status: &Status) {
        if !self.ptr.is_null() {
            // SAFETY: as in `set`.
            unsafe { (self.codec.store)(self.ptr, i, status, true) }
        }
    }
    #[inline]
    pub fn get(&self, i: usize) -> Status {
        // SAFETY: as in `set`; callers check `ignored` first.
        unsafe { (self.codec.load)(self.ptr, i) }
    }
}

/// A string output argument: a buffer of the caller and the longest text (with its final NUL) it may hold.
#[derive(Clone, Copy)]
pub struct StrOut {
    ptr: *mut u8,
    size: usize,
}

impl StrOut {
    /// # Safety
    /// `ptr` is NULL or a buffer of at least `size` bytes passed to the MPI call in progress.
    pub unsafe fn new(ptr: *mut u8, size: usize) -> Self {
        StrOut { ptr, size }
    }
    pub fn is_null(&self) -> bool {
        self.ptr.is_null()
    }
    /// Writes `text`, cut to fit, and a NUL. Returns the number of bytes written without the NUL.
    pub fn set(&self, text: &str) -> usize {
        self.set_limited(text, self.size)
    }
    /// As [`StrOut::set`], and not longer than `size`: a buffer length that the caller stated in another argument.
    pub fn set_limited(&self, text: &str, size: usize) -> usize {
        let size = size.min(self.size);
        if self.ptr.is_null() || size == 0 {
            return 0;
        }
        let n = text.len().min(size - 1);
        // SAFETY: `n + 1 <= size`, and the caller's buffer holds `size` bytes (constructor).
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), self.ptr, n);
            self.ptr.add(n).write(0);
        }
        n
    }
}

/// A function of the program, with the ABI's way of calling it.
///
/// `func` is the address as the program gave it (0 for the NULL function); it is only compared and handed to
/// the ABI's trampolines, never called from the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserFn {
    pub func: usize,
    pub large: bool,
    /// The function takes Fortran arguments (all by reference).
    pub fortran: bool,
}

impl UserFn {
    /// `func` of `MPI_COMM_NULL_COPY_FN`, `MPI_COMM_NULL_DELETE_FN` and their like: nothing to call.
    pub const NULL: usize = 0;
    /// `func` of `MPI_COMM_DUP_FN` and its like: the attribute value is copied. Never called.
    pub const DUP: usize = 1;
}

/// Calls an attribute copy callback; see [`Callbacks::attr_copy`].
pub type AttrCopy = fn(UserFn, AttrOn, u32, i32, usize, usize) -> (i32, bool, usize);

/// How to call the program's callbacks: one table per ABI, registered at load time by the ABI library.
/// Handles are passed as engine ids; the trampoline converts them to the ABI's form.
#[derive(Clone, Copy)]
pub struct Callbacks {
    /// `MPI_User_function`: (fn, in, inout, count, datatype).
    pub op: fn(UserFn, UserBuf, UserBuf, i64, TypeId),
    /// Copy callback: (fn, what, handle, keyval, extra_state, attribute in) → (error code, flag, attribute out).
    pub attr_copy: AttrCopy,
    /// Delete callback: (fn, what, handle, keyval, attribute, extra_state) → error code.
    pub attr_delete: fn(UserFn, AttrOn, u32, i32, usize, usize) -> i32,
    /// Error handler: (fn, what, handle, error code as the ABI numbers it).
    pub errhandler: fn(UserFn, ErrOn, u32, i32),
    /// Generalized request, query: (fn, extra_state) → (error code, status).
    pub greq_query: fn(UserFn, usize) -> (i32, Status),
    /// Generalized request, free: (fn, extra_state) → error code.
    pub greq_free: fn(UserFn, usize) -> i32,
    /// Generalized request, cancel: (fn, extra_state, complete) → error code.
    pub greq_cancel: fn(UserFn, usize, bool) -> i32,
}

static CALLBACKS: std::sync::OnceLock<Callbacks> = std::sync::OnceLock::new();

/// Called once by the ABI library when it is loaded.
pub fn register_callbacks(callbacks: Callbacks) {
    let _ = CALLBACKS.set(callbacks);
}

/// The callers of the program's functions; none before an ABI library is loaded (unit tests).
pub fn callbacks() -> Option<&'static Callbacks> {
    CALLBACKS.get()
}

/// Kinds of object that carry attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum AttrOn {
    Comm,
    Type,
    Win,
}

/// Kinds of object that carry an error handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ErrOn {
    Comm,
    Win,
    File,
    Session,
}
