//! Buffers: contiguous memory that a message is read from or written to.
//!
//! [`UserBuf`] is the only way in which the library touches memory that belongs to the program. It carries no
//! length: what may be touched follows from the call the program made (count × datatype, an argument array).
//!
//! Invariant, kept by whoever builds a `UserBuf` from a raw pointer: the program that passed the pointer
//! promised, by the rules of the function it called, that the bytes the call describes are valid until the
//! operation completes. The offsets used below come from that same description.
//! A [`Buffer`] is memory that messages may lie in: allocated by the library, or the program's own, registered.
#![allow(unsafe_code, reason = "the one place that reads and writes the program's memory")]

mod blocks;
mod cold;

pub use blocks::{Way, copy_listed, copy_strided, copy_varied};

/// Address of memory owned by the calling program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UserBuf(*mut u8);

impl UserBuf {
    /// `MPI_BOTTOM`: addresses in the datatype are absolute.
    pub const BOTTOM: UserBuf = UserBuf(std::ptr::null_mut());
    /// `MPI_IN_PLACE`: the value is never dereferenced, and is no valid address of an object.
    pub const IN_PLACE: UserBuf = UserBuf(std::ptr::without_provenance_mut(1));

    /// # Safety
    /// The bytes that the operation using this buffer describes must stay valid until it completes.
    pub const unsafe fn from_raw(ptr: *mut u8) -> Self {
        UserBuf(ptr)
    }

    /// A view of memory the library itself owns; the owner must outlive the operation.
    pub fn of(bytes: &mut [u8]) -> Self {
        UserBuf(bytes.as_mut_ptr())
    }

    pub fn addr(self) -> usize {
        self.0 as usize
    }

    pub fn as_ptr(self) -> *mut u8 {
        self.0
    }

    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub fn is_in_place(self) -> bool {
        self == Self::IN_PLACE
    }

    /// The address `bytes` further on (or back).
    #[inline]
    pub fn offset(self, bytes: isize) -> Self {
        UserBuf(self.0.wrapping_offset(bytes))
    }

    /// Copies out of the program's memory.
    #[inline]
    pub fn read(self, at: isize, dst: &mut [u8]) {
        // SAFETY: the program vouches for the described bytes (module invariant); `dst` is ours. `copy` allows overlap.
        unsafe { std::ptr::copy(self.0.wrapping_offset(at), dst.as_mut_ptr(), dst.len()) }
    }

    /// Copies into the program's memory.
    #[inline]
    pub fn write(self, at: isize, src: &[u8]) {
        // SAFETY: as in `read`, with the roles exchanged.
        unsafe { std::ptr::copy(src.as_ptr(), self.0.wrapping_offset(at), src.len()) }
    }

    /// `len` bytes as the kernel takes them for a scattered read; it only writes.
    pub fn io_slice_mut<'a>(self, len: usize) -> std::io::IoSliceMut<'a> {
        // SAFETY: the program vouches for the described bytes until the operation completes (module invariant), and uses
        // them no earlier; the slice is given to the kernel at once.
        std::io::IoSliceMut::new(unsafe { std::slice::from_raw_parts_mut(self.0, len) })
    }

    /// Appends `len` bytes of the program's memory to bytes of our own.
    #[inline]
    pub fn append_to(self, len: usize, to: &mut Vec<u8>) {
        to.reserve(len);
        // SAFETY: as in `read`; `reserve` made room for `len` more bytes, and all of them are written before they count.
        unsafe {
            std::ptr::copy(self.0, to.as_mut_ptr().add(to.len()), len);
            to.set_len(to.len() + len);
        }
    }

    /// Copies between two places of the program's memory; they may overlap.
    #[inline]
    pub fn copy_to(self, dst: UserBuf, len: usize) {
        // SAFETY: as in `read`, on both sides.
        unsafe { std::ptr::copy(self.0, dst.0, len) }
    }

    /// Copies to memory that is no longer in cache and not needed there soon: lines are written without being read
    /// first. The two places must not overlap. (Two cores at once, 64 MiB each from 1 MiB in cache: 18 GB/s for each
    /// core, 8 with `copy_to`.)
    #[inline]
    pub fn stream_to(self, dst: UserBuf, len: usize) {
        let head = (dst.addr().wrapping_neg() % LINE).min(len);
        let lines = (len - head) / LINE;
        let body = head as isize;
        let tail = head + lines * LINE;
        self.copy_to(dst, head);
        stream_lines(self.offset(body), dst.offset(body), lines);
        self.offset(tail as isize).copy_to(dst.offset(tail as isize), len - tail);
    }

    /// Copies to memory that is in no cache and needed there soon: its lines come meanwhile, of several pages at a time. The
    /// two places must not overlap. (Two cores, 1 MiB through a ring into memory in no cache, in C: 97 µs, 121 with `copy_to`,
    /// 92 with `stream_to`.)
    #[inline]
    pub fn copy_to_cold(self, dst: UserBuf, len: usize) {
        copy_pages::<true>(self, dst, len);
    }

    /// Copies from memory that is in no cache, or in another core's. The two places must not overlap. (Broadcast of 256 KiB
    /// between two cores, in C: 12.6 µs, 13.7 by [`fetch_pages`] and `copy_to`.)
    #[inline]
    pub fn copy_cold_to(self, dst: UserBuf, len: usize) {
        copy_pages::<false>(self, dst, len);
    }
}

/// Bytes of a cache line.
pub const LINE: usize = 64;
/// Bytes of a page.
const PAGE: usize = 4096;
/// Pages that are copied side by side.
const PAGES: usize = 4;
/// Bytes that are copied of one page before the next one's turn.
const PAIR: usize = 2 * LINE;
/// The same where the processor does more than copy.
const STRIP: usize = 8 * LINE;
/// Bytes of a page that are on their way while those before are written.
const AHEAD: usize = 4 * PAIR;

/// Calls `copy` for `len` bytes with places and lengths, a pair of lines of each of four pages in turn: the processor
/// fetches ahead inside of a page only. (Two cores at once, 512 MiB in no cache, streamed, in C: 17 GB/s together, 12.4 one
/// page after the other. Allreduce of 4 MiB among 8 to 32 ranks: 3 to 6 % quicker.)
#[inline(always)]
fn pages_in_turn(len: usize, copy: impl FnMut(usize, usize)) {
    strips_in_turn::<PAIR>(len, copy);
}

/// As [`pages_in_turn`], so many bytes at a time.
#[inline(always)]
fn strips_in_turn<const BYTES: usize>(len: usize, mut copy: impl FnMut(usize, usize)) {
    let whole = len - len % (PAGES * PAGE);
    for group in (0..whole).step_by(PAGES * PAGE) {
        for at in (group..group + PAGE).step_by(BYTES) {
            (0..PAGES).for_each(|page| copy(at + page * PAGE, BYTES));
        }
    }
    copy(whole, len - whole);
}

/// Copies pages side by side; `BRINGS`: lines are brought in before they are written. (Two cores, 1 MiB in no cache through a
/// ring, in C: 96 µs, 99 without AVX2.)
fn copy_pages<const BRINGS: bool>(from: UserBuf, to: UserBuf, len: usize) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { copy_pages_by_avx2::<BRINGS>(from, to, len) };
    }
    copy_pages_plainly::<BRINGS>(from, to, len);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn copy_pages_by_avx2<const BRINGS: bool>(from: UserBuf, to: UserBuf, len: usize) {
    copy_pages_plainly::<BRINGS>(from, to, len);
}

#[inline(always)]
fn copy_pages_plainly<const BRINGS: bool>(from: UserBuf, to: UserBuf, len: usize) {
    pages_in_turn(len, |at, part| {
        let (src, dst) = (from.offset(at as isize).0, to.offset(at as isize).0);
        if part != PAIR {
            // SAFETY: as in `UserBuf::read`, on both sides.
            return unsafe { std::ptr::copy_nonoverlapping(src, dst, part) };
        }
        if BRINGS {
            let next = at + AHEAD;
            // What follows the end of a page is begun with the next four.
            let next = if next % PAGE < AHEAD { next + (PAGES - 1) * PAGE } else { next };
            fetch_block_to_write(to.offset(next as isize), PAIR);
        }
        // SAFETY: as above.
        unsafe { dst.cast::<[u8; PAIR]>().write_unaligned(src.cast::<[u8; PAIR]>().read_unaligned()) };
    });
}

/// `to` lies at the start of a line.
#[cfg(target_arch = "x86_64")]
fn stream_lines(from: UserBuf, to: UserBuf, lines: usize) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { stream_lines_by_avx2(from, to, lines) };
    } else {
        stream_with::<__m128i>(from, to, lines, |from, to| {
            // SAFETY: within the two pieces of the program's memory (`UserBuf`'s invariant); `to` is aligned.
            unsafe { _mm_stream_si128(to, _mm_loadu_si128(from)) }
        });
    }
    // SAFETY: every x86-64 processor has it. Such stores are ordered with later ones, which may publish them, by a fence
    // only.
    unsafe { _mm_sfence() };
}

/// (Two cores, 1 MiB both ways in no cache through a ring, in C: 75 µs, 76 to 78 with moves of half the size.)
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn stream_lines_by_avx2(from: UserBuf, to: UserBuf, lines: usize) {
    use std::arch::x86_64::{__m256i, _mm256_loadu_si256, _mm256_stream_si256};
    stream_with::<__m256i>(from, to, lines, |from, to| {
        // SAFETY: as above.
        unsafe { _mm256_stream_si256(to, _mm256_loadu_si256(from)) }
    });
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn stream_with<T>(from: UserBuf, to: UserBuf, lines: usize, move_one: impl Fn(*const T, *mut T)) {
    pages_in_turn(lines * LINE, |at, len| {
        for at in (at..at + len).step_by(size_of::<T>()) {
            let (from, to) = (from.offset(at as isize).as_ptr(), to.offset(at as isize).as_ptr());
            move_one(from.cast(), to.cast());
        }
    });
}

#[cfg(not(target_arch = "x86_64"))]
fn stream_lines(from: UserBuf, to: UserBuf, lines: usize) {
    from.copy_to(to, lines * LINE);
}

/// Tells the processor that another core will read this line next: it moves the line to the shared cache, where
/// it has such an instruction, and does nothing elsewhere. (Measured with a bare ring in C on two cores: a 64-byte
/// message takes 0.19 µs without, 0.17 with; 1 KiB 0.50 and 0.41.)
#[inline]
pub fn demote(at: UserBuf) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; it reads and writes nothing, and is a no-op on processors that do not know it.
    unsafe {
        std::arch::asm!("cldemote [{}]", in(reg) at.as_ptr(), options(nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// [`demote`] for all lines of `len` bytes.
#[inline]
pub fn demote_all(at: UserBuf, len: usize) {
    for line in (0..len).step_by(LINE) {
        demote(at.offset(line as isize));
    }
}

/// Brings in a line that is going to be written: the other core's copy of it is dropped, off the critical path.
#[inline]
pub fn fetch_to_write(at: UserBuf) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; it reads and writes nothing and cannot fault.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) at.as_ptr(), options(nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// [`fetch_to_write`] for all lines of `len` bytes.
#[inline(always)]
pub fn fetch_block_to_write(at: UserBuf, len: usize) {
    for line in (0..len).step_by(LINE) {
        fetch_to_write(at.offset(line as isize));
    }
}

/// Bytes that [`write_ahead`] writes in one step.
pub const STEP: usize = 2 << 10;

/// Writes `len` bytes at `dst`, which another core has had: while one step is written, the lines of the next one come.
/// `write` gets how far it is, and the place and the length of a step. The first step's lines are for the caller to
/// bring in.
#[inline]
pub fn write_ahead(dst: UserBuf, len: usize, mut write: impl FnMut(usize, UserBuf, usize)) {
    let mut at = 0;
    while at < len {
        let next = (at + STEP).min(len);
        fetch_block_to_write(dst.offset(next as isize), STEP.min(len - next));
        write(at, dst.offset(at as isize), next - at);
        at = next;
    }
}

/// Brings in what another core has written, a line of every page in turn: the processor fetches ahead inside of a page
/// only, so more lines are under way at a time than where they are read one after the other. (Allreduce of
/// 256 KiB between two cores, in C: 17.6 µs, 19.0 without.)
#[inline]
pub fn fetch_pages(at: UserBuf, len: usize) {
    for line in (0..len.min(PAGE)).step_by(LINE) {
        for page in (line..len).step_by(PAGE) {
            fetch_to_read(at.offset(page as isize));
        }
    }
}

#[inline]
fn fetch_to_read(at: UserBuf) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; it reads and writes nothing and cannot fault.
    unsafe {
        std::arch::asm!("prefetcht0 [{}]", in(reg) at.as_ptr(), options(nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Numbers that may be read from and written to any bytes: every bit pattern is a value.
///
/// # Safety
/// The type has no padding and no invalid bit pattern.
pub unsafe trait Plain: Copy {}
macro_rules! plain { ($($t:ty)*) => { $(
    // SAFETY: a primitive number; all bit patterns are valid and there is no padding.
    unsafe impl Plain for $t {}
)* } }
plain!(u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 f32 f64);
// SAFETY: an array has no padding between its elements.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// `inout[i] = f(input[i], inout[i])` for `n` elements; neither side need be aligned.
#[inline(always)]
pub fn combine<T: Plain>(input: UserBuf, inout: UserBuf, n: usize, f: impl Fn(T, T) -> T) {
    let (a, b) = (input.0.cast::<T>(), inout.0.cast::<T>());
    for i in 0..n {
        // SAFETY: the program vouches for `n` elements on both sides (module invariant); any bytes make a `T`.
        unsafe {
            let value = f(a.wrapping_add(i).read_unaligned(), b.wrapping_add(i).read_unaligned());
            b.wrapping_add(i).write_unaligned(value);
        }
    }
}

/// As [`combine`], where `f` takes less time than the memory: pages are combined side by side, unless an element does not
/// divide a strip. (Two cores at once, doubles, `input` in no cache, in C: 12.5 GB/s each, 9.6 without AVX2, 8.1 one page
/// after the other. Allreduce of 4 MiB, 16 ranks on two cores: 5.8 ms, 6.9 one page after the other.)
#[inline]
pub fn combine_quickly<T: Plain>(input: UserBuf, inout: UserBuf, n: usize, f: impl Fn(T, T) -> T) {
    if !STRIP.is_multiple_of(size_of::<T>()) || n < 2 * PAGES * PAGE / size_of::<T>() {
        return combine(input, inout, n, f);
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { combine_pages_by_avx2(input, inout, n, f) };
    }
    combine_pages(input, inout, n, f);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn combine_pages_by_avx2<T: Plain>(input: UserBuf, inout: UserBuf, n: usize, f: impl Fn(T, T) -> T) {
    combine_pages(input, inout, n, f);
}

#[inline(always)]
fn combine_pages<T: Plain>(input: UserBuf, inout: UserBuf, n: usize, f: impl Fn(T, T) -> T) {
    strips_in_turn::<STRIP>(n * size_of::<T>(), |at, len| {
        let (input, inout) = (input.offset(at as isize), inout.offset(at as isize));
        match len {
            // A number that the compiler knows: nothing is left over.
            STRIP => combine(input, inout, const { STRIP / size_of::<T>() }, &f),
            _ => combine(input, inout, len / size_of::<T>(), &f),
        }
    });
}

impl UserBuf {
    /// A view of numbers the library itself owns; the owner must outlive the operation.
    pub fn of_slice<T: Plain>(numbers: &mut [T]) -> Self {
        UserBuf(numbers.as_mut_ptr().cast())
    }

    /// Reads a number at byte offset `at`, aligned or not.
    #[inline]
    pub fn load<T: Plain>(self, at: isize) -> T {
        // SAFETY: as in `read`; any bytes make a `T`.
        unsafe { self.0.wrapping_offset(at).cast::<T>().read_unaligned() }
    }

    /// Writes a number at byte offset `at`, aligned or not.
    #[inline]
    pub fn store<T: Plain>(self, at: isize, value: T) {
        // SAFETY: as in `write`.
        unsafe { self.0.wrapping_offset(at).cast::<T>().write_unaligned(value) }
    }
}

/// Contiguous memory that may hold messages (a memory region, in VIA's terms).
pub struct Buffer {
    address: UserBuf,
    len: usize,
    /// The memory, if the library allocated it; its heap block does not move, and nobody lengthens it.
    owned: Option<Vec<u8>>,
}

impl Buffer {
    /// `len` bytes of zeroed memory.
    pub fn allocate(len: usize) -> std::rc::Rc<Buffer> {
        Buffer::adopt(vec![0; len])
    }

    /// Bytes that somebody has prepared become a buffer; nothing is copied.
    pub fn adopt(mut bytes: Vec<u8>) -> std::rc::Rc<Buffer> {
        std::rc::Rc::new(Buffer { address: UserBuf::of(&mut bytes), len: bytes.len(), owned: Some(bytes) })
    }

    /// As [`Buffer::allocate`]; None if there is not so much memory.
    pub fn try_allocate(len: usize) -> Option<std::rc::Rc<Buffer>> {
        let mut owned = Vec::new();
        owned.try_reserve_exact(len).ok()?;
        owned.resize(len, 0);
        Some(Buffer::adopt(owned))
    }

    /// Memory of the program. It must stay valid while anything refers to the buffer (the promise that made
    /// the `UserBuf`).
    pub fn register(address: UserBuf, len: usize) -> std::rc::Rc<Buffer> {
        std::rc::Rc::new(Buffer { address, len, owned: None })
    }

    pub fn address(&self) -> UserBuf {
        self.address
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A piece as the kernel takes it for a gathered write; it only reads. The piece ends where the buffer ends.
    pub fn io_slice(&self, offset: usize, len: usize) -> std::io::IoSlice<'_> {
        let offset = offset.min(self.len);
        let len = len.min(self.len - offset);
        if len == 0 {
            return std::io::IoSlice::new(&[]);
        }
        // SAFETY: the bytes lie inside of the buffer, which lives as long as the borrow (the program's memory by the
        // promise that made the `UserBuf`), and nobody changes a message that is being sent.
        std::io::IoSlice::new(unsafe { std::slice::from_raw_parts(self.address.0.wrapping_add(offset), len) })
    }

    /// True if the library allocated the memory.
    pub fn is_owned(&self) -> bool {
        self.owned.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_pages_reach_their_places_and_nothing_else() {
        for len in [0, 1, PAGES * PAGE - 1, PAGES * PAGE, 2 * PAGES * PAGE, 2 * PAGES * PAGE + 77] {
            for shift in [0, 3] {
                let mut from: Vec<u8> = (0..len + shift).map(|at| (at * 7 % 251) as u8).collect();
                for copy in [UserBuf::copy_to_cold, UserBuf::copy_cold_to] {
                    let mut to = vec![0xaa; len + 2 * LINE];
                    copy(UserBuf::of(&mut from[shift..]), UserBuf::of(&mut to[LINE - shift..]), len);
                    assert_eq!(to[LINE - shift..][..len], from[shift..], "{len}, {shift}");
                    let (before, after) = (&to[..LINE - shift], &to[LINE - shift + len..]);
                    assert!(before.iter().chain(after).all(|byte| *byte == 0xaa), "{len}, {shift}");
                }
            }
        }
    }

    #[test]
    fn copies_past_the_caches_of_every_length_reach_their_place_and_nothing_else() {
        let four = PAGES * PAGE;
        let ways: [fn(UserBuf, UserBuf, usize); 2] = [UserBuf::stream_to, UserBuf::copy_cold_to];
        for (way, copy) in ways.into_iter().enumerate() {
            for len in [0, 1, 63, 64, 200, PAGE, four - 1, four, four + 1, four + 64, 3 * four + 5000] {
                for offset in [0, 1, 63] {
                    let mut from: Vec<u8> = (0..len).map(|at| (at % 250 + 1) as u8).collect();
                    let mut to = vec![0; offset + len + 64];
                    copy(UserBuf::of(&mut from), UserBuf::of(&mut to[offset..]), len);
                    let around = to[..offset].iter().chain(&to[offset + len..]);
                    assert!(around.into_iter().all(|byte| *byte == 0), "way {way}: {len}");
                    assert_eq!(to[offset..][..len], from, "way {way}: {len} at {offset}");
                }
            }
        }
    }

    #[test]
    fn pages_are_combined_as_single_elements_are() {
        fn check<T: Plain + PartialEq + std::fmt::Debug>(of: fn(usize) -> T, f: fn(T, T) -> T) {
            let whole = 2 * PAGES * PAGE / size_of::<T>();
            for n in [0, 1, whole - 1, whole, whole + 1, whole + 1000, 2 * whole + STRIP] {
                let input: Vec<T> = (0..n).map(of).collect();
                let mut inout: Vec<T> = (0..n + 1).map(|i| of(i + 77)).collect();
                let expected: Vec<T> = (0..n).map(|i| f(input[i], inout[i])).collect();
                let last = inout[n];
                let mut both = [inout.clone(), inout.clone()];
                // From an odd address.
                let mut bytes = vec![0; n * size_of::<T>() + 1];
                let from = UserBuf::of(&mut bytes[1..]);
                input
                    .iter()
                    .enumerate()
                    .for_each(|(i, value)| from.store((i * size_of::<T>()) as isize, *value));
                combine_quickly(from, UserBuf::of_slice(&mut both[0]), n, f);
                let pages =
                    if STRIP.is_multiple_of(size_of::<T>()) { combine_pages } else { combine_quickly };
                pages(from, UserBuf::of_slice(&mut both[1]), n, f);
                combine(from, UserBuf::of_slice(&mut inout), n, f);
                for result in [&both[0], &both[1], &inout] {
                    assert_eq!((&result[..n], result[n]), (&expected[..], last), "{n}");
                }
            }
        }
        check(|i| (i * 37 % 251) as u8, u8::wrapping_add);
        check(|i| i as f64 / 3.0, |a, b| a + b);
        check(|i| i as i128 * 3 - 5, |a, b| a * b + 1);
        check(|i| [i as u16; 3], |a, b| [a[0] ^ b[0], a[1], b[2]]);
    }
}
