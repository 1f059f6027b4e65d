//! Reading and writing what pointers from C programs name.
//!
//! Invariant, kept by the program: a pointer that is not NULL names as many bytes as the header says, valid for the
//! length of the call (`include/vmi.h`). NULL is checked here.
#![allow(unsafe_code, reason = "the program's arguments")]

use crate::status::{Result, fail};
use crate::types::*;
use std::ffi::{CStr, c_char};
use vmi::core::buffer::UserBuf;

/// A place for a result, found not to be NULL before anything is done.
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    pub fn new(at: *mut T, name: &str) -> Result<Out<T>> {
        if at.is_null() {
            fail!(Argument, "{name} is NULL, expected a place for the result");
        }
        Ok(Out(at))
    }

    pub fn set(self, value: T) {
        // SAFETY: not NULL, and by the module's invariant writable.
        unsafe { self.0.write(value) }
    }
}

/// The value at `at`.
pub fn read<T: Copy>(at: *const T, name: &str) -> Result<T> {
    if at.is_null() {
        fail!(Argument, "{name} is NULL");
    }
    // SAFETY: not NULL, and by the module's invariant readable.
    Ok(unsafe { at.read() })
}

/// A string of the program.
pub fn text(at: *const c_char, name: &str) -> Result<String> {
    if at.is_null() {
        fail!(Argument, "{name} is NULL, expected a string");
    }
    // SAFETY: not NULL, and by the module's invariant a string with its end.
    let text = unsafe { CStr::from_ptr(at) };
    Ok(text.to_string_lossy().into_owned())
}

/// Bytes of the program that a call describes.
pub fn bytes(at: PVOID, len: usize, name: &str) -> Result<UserBuf> {
    if at.is_null() && len > 0 {
        fail!(Argument, "{name} is NULL, expected {len} bytes");
    }
    // SAFETY: by the module's invariant the program vouches for `len` bytes.
    Ok(unsafe { UserBuf::from_raw(at.cast()) })
}

/// A piece of a message: where, and how many bytes.
#[derive(Clone, Copy)]
pub struct Piece {
    pub at: UserBuf,
    pub len: usize,
}

/// The arrays by which C programs describe a scattered message.
#[derive(Clone, Copy)]
pub struct Pieces {
    addresses: *const PVOID,
    sizes: *const ULONG,
    pub count: usize,
    pub total: usize,
}

impl Pieces {
    pub fn new(addresses: *const PVOID, sizes: *const ULONG, count: ULONG) -> Result<Pieces> {
        let mut pieces = Pieces { addresses, sizes, count: count as usize, total: 0 };
        if count > 0 && (addresses.is_null() || sizes.is_null()) {
            fail!(Argument, "the arrays of {count} addresses and sizes must not be NULL");
        }
        for at in 0..pieces.count {
            let piece = pieces.get(at);
            if piece.at.is_null() && piece.len > 0 {
                fail!(Argument, "address {at} is NULL, expected {} bytes", piece.len);
            }
            match pieces.total.checked_add(piece.len) {
                Some(total) => pieces.total = total,
                None => fail!(Argument, "size {at} is {}, which is more than there is", piece.len),
            }
        }
        Ok(pieces)
    }

    #[inline]
    pub fn get(&self, at: usize) -> Piece {
        assert!(at < self.count, "index within the arrays");
        // SAFETY: not NULL for count > 0 (`new`), and by the module's invariant `count` elements long. The bytes a
        // piece names are vouched for by the program.
        unsafe {
            Piece {
                at: UserBuf::from_raw((*self.addresses.add(at)).cast()),
                len: *self.sizes.add(at) as usize,
            }
        }
    }

    /// Copies all pieces, one after the other.
    #[inline]
    pub fn gather(&self, to: UserBuf) {
        let mut done = 0;
        for at in 0..self.count {
            let piece = self.get(at);
            piece.at.copy_to(to.offset(done as isize), piece.len);
            done += piece.len;
        }
    }
}

/// Element `at` of an array of `count` handles.
pub fn element(array: *const PVOID, at: usize, name: &str) -> Result<PVOID> {
    read(if array.is_null() { array } else { array.wrapping_add(at) }, name)
}

/// Copies a string into a fixed field, with its end.
pub fn store_text<const N: usize>(field: &mut [c_char; N], text: &str, name: &str) -> Result {
    if text.len() >= N || text.contains('\0') {
        fail!(Argument, "{name} has {} characters, at most {} are possible", text.len(), N - 1);
    }
    field.fill(0);
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
    Ok(())
}

/// Copies a string to a place of the program with room for `room` bytes.
pub fn write_text(to: *mut c_char, room: usize, text: &str, name: &str) -> Result {
    if to.is_null() || text.len() >= room {
        fail!(Argument, "{name} has room for {room} bytes, expected {}", text.len() + 1);
    }
    let bytes = text.bytes().chain([0]);
    for (at, byte) in bytes.enumerate() {
        // SAFETY: not NULL, and there are more than `text.len()` bytes by the module's invariant.
        unsafe { to.add(at).write(byte as c_char) };
    }
    Ok(())
}

/// The string in a fixed field.
pub fn field_text(field: &[c_char]) -> String {
    let bytes: Vec<u8> = field.iter().take_while(|c| **c != 0).map(|c| *c as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A structure that the program may give back with `free`.
pub fn allocate<T: Copy>(value: T) -> Result<*mut T> {
    // SAFETY: a plain allocation; the result is checked, and is aligned for any plain structure.
    let at: *mut T = unsafe { libc::malloc(size_of::<T>()) }.cast();
    if at.is_null() {
        fail!(Resource, "no memory for {} bytes", size_of::<T>());
    }
    // SAFETY: fresh memory of the right size.
    unsafe { at.write(value) };
    Ok(at)
}

/// Frees what [`allocate`] made.
pub fn release<T>(at: *mut T) {
    // SAFETY: by the header the program passes what it got from `allocate`, or NULL.
    unsafe { libc::free(at.cast()) }
}

/// The user with this name, if the system knows one.
pub fn uid_of(name: &str) -> Option<u32> {
    let name = std::ffi::CString::new(name).ok()?;
    // SAFETY: an all-zero passwd is valid plain data that the call fills.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut space = vec![0 as c_char; 16 * 1024];
    let mut found = std::ptr::null_mut();
    // SAFETY: all pointers name live locals; the length is that of `space`.
    let code = unsafe {
        libc::getpwnam_r(name.as_ptr(), &raw mut entry, space.as_mut_ptr(), space.len(), &raw mut found)
    };
    (code == 0 && !found.is_null()).then_some(entry.pw_uid)
}

/// The name of this process's user.
pub fn own_user() -> String {
    // SAFETY: as in `uid_of`.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut space = vec![0 as c_char; 16 * 1024];
    let mut found = std::ptr::null_mut();
    let uid = vmi::sys::unix_socket::own_uid();
    // SAFETY: all pointers name live locals; the length is that of `space`.
    let code =
        unsafe { libc::getpwuid_r(uid, &raw mut entry, space.as_mut_ptr(), space.len(), &raw mut found) };
    match code == 0 && !found.is_null() {
        true => text(entry.pw_name, "name").unwrap_or_else(|_| uid.to_string()),
        false => uid.to_string(),
    }
}

/// Calls `f` when the process ends by `exit` or by the end of `main`.
pub fn at_exit(f: extern "C" fn()) {
    // SAFETY: a function without arguments that stays loaded: the library is never unloaded once initialized.
    unsafe { libc::atexit(f) };
}
