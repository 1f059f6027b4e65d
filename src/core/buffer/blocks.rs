//! Copies between blocks that are scattered over the program's memory and a packed stream.
//!
//! What depends on the length of the blocks is decided once, outside of the loops. Invariant: as of [`super`].
#![allow(unsafe_code, reason = "reads and writes the program's memory, as `buffer` does")]

use super::{LINE, UserBuf, fetch_block_to_write, fetch_to_write};

/// Which way a copy between scattered memory and a packed stream goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Scattered memory → packed stream.
    Pack,
    /// Packed stream → scattered memory.
    Unpack,
}

/// `n` blocks of `len` bytes, `stride` bytes apart from `user` on, to or from the packed stream at `flat`.
pub fn copy_strided(way: Way, user: UserBuf, stride: i64, len: usize, n: u64, flat: UserBuf) {
    match way {
        Way::Pack => strided::<true>(user.0, stride as isize, len, n as usize, flat.0, len),
        Way::Unpack => strided::<false>(user.0, stride as isize, len, n as usize, flat.0, len),
    }
}

/// `n` repetitions, `stride` bytes apart, of the blocks `offsets[i]..+len`, to or from the stream at `flat`.
pub fn copy_listed(way: Way, user: UserBuf, stride: i64, n: u64, offsets: &[i64], len: usize, flat: UserBuf) {
    match way {
        Way::Pack => listed::<true>(user.0, stride as isize, n, offsets, len, flat.0),
        Way::Unpack => listed::<false>(user.0, stride as isize, n, offsets, len, flat.0),
    }
}

/// As [`copy_listed`] with blocks of different lengths: block `i` is `starts[i + 1] - starts[i]` bytes long.
pub fn copy_varied(
    way: Way,
    user: UserBuf,
    stride: i64,
    n: u64,
    offsets: &[i64],
    starts: &[u64],
    flat: UserBuf,
) {
    match way {
        _ if n == 1 && starts[offsets.len()] - starts[0] >= FAR => match way {
            Way::Pack => gather_far(user.0, offsets, starts, flat.0),
            Way::Unpack => spread_far(user.0, offsets, starts, flat.0),
        },
        Way::Pack => varied::<true>(user.0, stride as isize, n, offsets, starts, flat.0),
        Way::Unpack => varied::<false>(user.0, stride as isize, n, offsets, starts, flat.0),
    }
}

/// Copies `N` bytes between `user` and `flat`; the size is known, so this is a few moves.
///
/// SAFETY contract of this and the functions below: the bytes at both places are described by the call in
/// progress (module invariant).
#[inline(always)]
fn move_fixed<const PACK: bool, const N: usize>(user: *mut u8, flat: *mut u8) {
    let (from, to) = if PACK { (user, flat) } else { (flat, user) };
    // SAFETY: both blocks of N bytes are described by the call in progress (module invariant); the value passes
    // through a register or a local, so overlap does no harm.
    unsafe { to.cast::<[u8; N]>().write_unaligned(from.cast::<[u8; N]>().read_unaligned()) }
}

/// Copies `len` bytes; short blocks avoid the call to memmove. Long ones are asked for first: 1 KiB in blocks of 8 to 120
/// bytes takes 0.039 µs to pack, 0.050 in the other order.
#[inline(always)]
fn move_some<const PACK: bool>(user: *mut u8, flat: *mut u8, len: usize) {
    match len {
        65.. => {
            let (from, to) = if PACK { (user, flat) } else { (flat, user) };
            // SAFETY: as in `move_fixed`.
            unsafe { std::ptr::copy(from, to, len) }
        }
        33.. => move_ends::<PACK, 32>(user, flat, len),
        16.. => move_ends::<PACK, 16>(user, flat, len),
        8.. => move_ends::<PACK, 8>(user, flat, len),
        4.. => move_ends::<PACK, 4>(user, flat, len),
        2.. => move_ends::<PACK, 2>(user, flat, len),
        1 => move_fixed::<PACK, 1>(user, flat),
        0 => {}
    }
}

/// Copies `N..=2N` bytes as the first and the last `N` of them.
#[inline(always)]
fn move_ends<const PACK: bool, const N: usize>(user: *mut u8, flat: *mut u8, len: usize) {
    move_fixed::<PACK, N>(user, flat);
    move_fixed::<PACK, N>(user.wrapping_add(len - N), flat.wrapping_add(len - N));
}

/// Calls `$body` with the constant `$n` equal to `$len` where that is a usual block size.
macro_rules! by_length {
    ($len:expr, $n:ident => $body:expr, _ => $other:expr) => {
        match $len {
            1 => {
                const $n: usize = 1;
                $body
            }
            2 => {
                const $n: usize = 2;
                $body
            }
            4 => {
                const $n: usize = 4;
                $body
            }
            8 => {
                const $n: usize = 8;
                $body
            }
            12 => {
                const $n: usize = 12;
                $body
            }
            16 => {
                const $n: usize = 16;
                $body
            }
            24 => {
                const $n: usize = 24;
                $body
            }
            32 => {
                const $n: usize = 32;
                $body
            }
            48 => {
                const $n: usize = 48;
                $body
            }
            64 => {
                const $n: usize = 64;
                $body
            }
            _ => $other,
        }
    };
}

/// `n` blocks of `len` bytes: the scattered ones `stride` apart, the packed ones `step` apart. What depends on the
/// length is decided once, outside of the loop.
fn strided<const PACK: bool>(user: *mut u8, stride: isize, len: usize, n: usize, flat: *mut u8, step: usize) {
    let blocks = Strided { user, stride, n, flat, step };
    by_length!(len,
        N => if step == N { dense::<PACK, N>(blocks) } else { blocks.each(move_fixed::<PACK, N>) },
        _ => match len {
            3 => blocks.each(|u, f| move_ends::<PACK, 2>(u, f, len)),
            5..=7 => blocks.each(|u, f| move_ends::<PACK, 4>(u, f, len)),
            9..=15 => blocks.each(|u, f| move_ends::<PACK, 8>(u, f, len)),
            17..=31 => blocks.each(|u, f| move_ends::<PACK, 16>(u, f, len)),
            33..=63 => blocks.each(|u, f| move_ends::<PACK, 32>(u, f, len)),
            65..=128 => blocks.each(|u, f| move_ends::<PACK, 64>(u, f, len)),
            _ if are_rows(len, n * len) => rows::<PACK>(blocks, len),
            _ => blocks.each(|u, f| move_some::<PACK>(u, f, len)),
        }
    )
}

/// Blocks whose packed form has no gaps: distances that the compiler knows save an addition for each. The processor does
/// not fetch lines ahead that are written in small pieces with gaps. (64 KiB in blocks of 8 bytes, every second one,
/// unpacked: 2.24 µs, 2.58 without both.)
#[inline(always)]
fn dense<const PACK: bool, const N: usize>(blocks: Strided) {
    let ahead = AHEAD * blocks.stride;
    Strided { step: N, ..blocks }.each_fours(move_fixed::<PACK, N>, |user| {
        if !PACK && N <= SMALL {
            fetch_to_write(UserBuf(user.wrapping_offset(ahead)));
        }
    });
}

/// Blocks of up to so many bytes are small; a line is brought in so many of them before it is written.
const SMALL: usize = 16;
const AHEAD: isize = 64;

/// Shortest and longest block that is a row, in bytes.
const ROW: usize = 256;
const LONGEST_ROW: usize = 8 << 10;
/// From so many bytes on it pays to move rows in their own way.
const MANY_ROWS: usize = 4 << 10;
/// Rows up to this length are brought in before they are written, as many packed bytes before.
const ROWS_AHEAD: usize = 2 << 10;

/// Whether `bytes` in blocks of `len` are moved as rows.
fn are_rows(len: usize, bytes: usize) -> bool {
    (ROW..=LONGEST_ROW).contains(&len) && bytes >= MANY_ROWS && has_wide_moves()
}

/// Whether the processor moves 32 bytes at a time.
fn has_wide_moves() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Copies rows, each as [`row`] does.
#[inline(never)]
fn rows<const PACK: bool>(rows: Strided, len: usize) {
    let ahead = rows.stride.wrapping_mul((ROWS_AHEAD / len) as isize);
    rows.each(|user, flat| row::<PACK>(user, flat, len, ahead));
}

/// Copies a row front to back: the processor fetches ahead of that, row after row, where memmove begins with both ends of
/// each. It does not fetch the lines that are written in gaps, so those are brought in `ahead` bytes before. (1 MiB in rows
/// of 1 KiB, unpacked and sent: 83 and 143 µs by memmove, 75 and 126 so; four of 256 bytes in a plane, unpacked: 98 µs
/// by memmove, 87 front to back, 80 brought in as well.)
#[inline(always)]
fn row<const PACK: bool>(user: *mut u8, flat: *mut u8, len: usize, ahead: isize) {
    if !PACK && len <= ROWS_AHEAD {
        fetch_block_to_write(UserBuf(user.wrapping_offset(ahead)), len);
    }
    let (from, to) = if PACK { (user, flat) } else { (flat, user) };
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as in `move_fixed`; `are_rows` has asked the processor whether it can.
    unsafe {
        move_row(from, to, len)
    };
    #[cfg(not(target_arch = "x86_64"))]
    move_some::<true>(from, to, len);
}

/// # Safety
/// As in `move_fixed`, with `len` bytes, 64 or more.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx")]
unsafe fn move_row(from: *const u8, to: *mut u8, len: usize) {
    let step = |at: usize| {
        // SAFETY: `at + 64` is at most `len`.
        unsafe {
            to.add(at).cast::<[u8; 64]>().write_unaligned(from.add(at).cast::<[u8; 64]>().read_unaligned())
        }
    };
    for at in (0..len - 64).step_by(64) {
        step(at);
    }
    step(len - 64);
}

struct Strided {
    user: *mut u8,
    stride: isize,
    n: usize,
    flat: *mut u8,
    step: usize,
}

impl Strided {
    #[inline(always)]
    fn each(self, copy: impl Fn(*mut u8, *mut u8)) {
        self.each_fours(copy, |_| ());
    }

    /// As [`Strided::each`]; `before` is called for every fourth block.
    #[inline(always)]
    fn each_fours(self, copy: impl Fn(*mut u8, *mut u8), before: impl Fn(*mut u8)) {
        let Strided { mut user, stride, n, mut flat, step } = self;
        for _ in 0..n / 4 {
            before(user);
            copy(user, flat);
            copy(user.wrapping_offset(stride), flat.wrapping_add(step));
            copy(user.wrapping_offset(2 * stride), flat.wrapping_add(2 * step));
            copy(user.wrapping_offset(3 * stride), flat.wrapping_add(3 * step));
            user = user.wrapping_offset(4 * stride);
            flat = flat.wrapping_add(4 * step);
        }
        for _ in 0..n % 4 {
            copy(user, flat);
            user = user.wrapping_offset(stride);
            flat = flat.wrapping_add(step);
        }
    }
}

fn listed<const PACK: bool>(
    user: *mut u8,
    stride: isize,
    n: u64,
    offsets: &[i64],
    len: usize,
    flat: *mut u8,
) {
    by_length!(len,
        N => listed_with::<PACK>(user, stride, n, offsets, N, flat, |u, f, _| move_fixed::<PACK, N>(u, f)),
        _ => match are_rows(len, n as usize * offsets.len() * len) {
            // The rows of the next repetition are brought in while one is copied.
            true => {
                listed_with::<PACK>(user, stride, n, offsets, len, flat, |u, f, n| row::<PACK>(u, f, n, stride))
            }
            false => listed_with::<PACK>(user, stride, n, offsets, len, flat, move_some::<PACK>),
        }
    )
}

#[inline(always)]
fn listed_with<const PACK: bool>(
    user: *mut u8,
    stride: isize,
    n: u64,
    offsets: &[i64],
    len: usize,
    flat: *mut u8,
    copy: impl Fn(*mut u8, *mut u8, usize),
) {
    let (mut user, mut flat) = (user, flat);
    for _ in 0..n {
        for &offset in offsets {
            copy(user.wrapping_offset(offset as isize), flat, len);
            flat = flat.wrapping_add(len);
        }
        user = user.wrapping_offset(stride);
    }
}

/// Packed bytes handled together, field after field: few enough to stay in the first-level cache.
const TOGETHER: usize = 4096;

#[inline(never)]
fn varied<const PACK: bool>(
    user: *mut u8,
    stride: isize,
    n: u64,
    offsets: &[i64],
    starts: &[u64],
    flat: *mut u8,
) {
    let size = (starts[offsets.len()] - starts[0]) as usize;
    let most = (TOGETHER / size.max(1)).max(1) as u64;
    let mut done = 0;
    while done < n {
        let here = (n - done).min(most);
        let user = user.wrapping_offset(done as isize * stride);
        let flat = flat.wrapping_add(done as usize * size);
        for (&offset, bounds) in offsets.iter().zip(starts.windows(2)) {
            let (at, len) = ((bounds[0] - starts[0]) as usize, (bounds[1] - bounds[0]) as usize);
            let (user, flat) = (user.wrapping_offset(offset as isize), flat.wrapping_add(at));
            if here == 1 {
                move_some::<PACK>(user, flat, len);
            } else {
                strided::<PACK>(user, stride, len, here as usize, flat, size);
            }
        }
        done += here;
    }
}

/// From so many bytes on, irregular blocks go in their own way: packed front to back; brought in, so many blocks ahead,
/// before they are written. (1 MiB in blocks of 8 to 120 bytes, unpacked: 66 µs, 73 without.)
const FAR: u64 = 256 << 10;
const BLOCKS_AHEAD: usize = 16;

/// Packs irregular blocks of more memory than the nearest caches hold: front to back, as the processor fetches ahead, where
/// memmove begins with both ends of a block. (1 MiB in blocks of 8 to 120 bytes: 64 µs, 69 as [`varied`] does it.)
#[inline(never)]
fn gather_far(user: *mut u8, offsets: &[i64], starts: &[u64], flat: *mut u8) {
    for (&offset, bounds) in offsets.iter().zip(starts.windows(2)) {
        let (at, len) = ((bounds[0] - starts[0]) as usize, (bounds[1] - bounds[0]) as usize);
        let (user, flat) = (user.wrapping_offset(offset as isize), flat.wrapping_add(at));
        match len {
            16..=STEPS => move_steps(user, flat, len),
            _ => move_some::<true>(user, flat, len),
        }
    }
}

/// Longest block that goes by steps of 16 bytes.
const STEPS: usize = 256;

/// Packs a block of 16 bytes or more front to back.
#[inline(always)]
fn move_steps(user: *mut u8, flat: *mut u8, len: usize) {
    let (mut at, last) = (0, len - 16);
    while at < last {
        move_fixed::<true, 16>(user.wrapping_add(at), flat.wrapping_add(at));
        at += 16;
    }
    move_fixed::<true, 16>(user.wrapping_add(last), flat.wrapping_add(last));
}

/// Unpacks irregular blocks into more memory than the nearest caches hold: the processor does not fetch lines ahead that are
/// written in pieces with gaps.
#[inline(never)]
fn spread_far(user: *mut u8, offsets: &[i64], starts: &[u64], flat: *mut u8) {
    let place = |i: usize| user.wrapping_offset(offsets[i] as isize);
    for (i, bounds) in starts.windows(2).enumerate() {
        let later = UserBuf(place((i + BLOCKS_AHEAD).min(offsets.len() - 1)));
        fetch_to_write(later);
        fetch_to_write(later.offset(LINE as isize));
        let (at, len) = ((bounds[0] - starts[0]) as usize, (bounds[1] - bounds[0]) as usize);
        move_some::<false>(place(i), flat.wrapping_add(at), len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irregular_blocks_far_apart_reach_their_places_and_nothing_else() {
        let lens = (0..6000).map(|i| i * 37 % 301);
        let starts: Vec<u64> = std::iter::once(0)
            .chain(lens.scan(0, |end, len: u64| {
                *end += len;
                Some(*end)
            }))
            .collect();
        assert!(starts[6000] >= FAR);
        let offsets: Vec<i64> = (0..6000).rev().map(|place| place * 310).collect();
        let mut flat: Vec<u8> = (0..starts[6000]).map(|at| (at % 250 + 1) as u8).collect();
        let mut spread = vec![0; 6000 * 310];
        copy_varied(Way::Unpack, UserBuf::of(&mut spread), 0, 1, &offsets, &starts, UserBuf::of(&mut flat));
        for (bounds, place) in starts.windows(2).zip(spread.rchunks(310)) {
            let block = &flat[bounds[0] as usize..bounds[1] as usize];
            assert_eq!(&place[..block.len()], block);
            assert!(place[block.len()..].iter().all(|byte| *byte == 0));
        }
        let mut back = vec![0; flat.len()];
        copy_varied(Way::Pack, UserBuf::of(&mut spread), 0, 1, &offsets, &starts, UserBuf::of(&mut back));
        assert_eq!(back, flat);
    }

    #[test]
    fn irregular_blocks_reach_their_places_and_nothing_else() {
        let lens: Vec<usize> = (0..140).map(|i| i * 11 % 140).collect();
        let ends = lens.iter().scan(0, |end, len| {
            *end += *len as u64;
            Some(*end)
        });
        let starts: Vec<u64> = std::iter::once(0).chain(ends).collect();
        let offsets: Vec<i64> = (0..140).rev().map(|place| place * 150).collect();
        let mut flat: Vec<u8> = (0..starts[140]).map(|at| (at % 250 + 1) as u8).collect();
        let mut spread = vec![0; 140 * 150];
        copy_varied(Way::Unpack, UserBuf::of(&mut spread), 0, 1, &offsets, &starts, UserBuf::of(&mut flat));
        for (i, place) in spread.rchunks(150).enumerate() {
            assert_eq!(place[..lens[i]], flat[starts[i] as usize..][..lens[i]]);
            assert!(place[lens[i]..].iter().all(|byte| *byte == 0));
        }
        let mut back = vec![0; flat.len()];
        copy_varied(Way::Pack, UserBuf::of(&mut spread), 0, 1, &offsets, &starts, UserBuf::of(&mut back));
        assert_eq!(back, flat);
    }

    #[test]
    fn lists_of_blocks_of_every_length_reach_their_places_and_nothing_else() {
        for len in [1, 65, ROW, ROW + 1, ROWS_AHEAD, ROWS_AHEAD + 64, LONGEST_ROW, LONGEST_ROW + 1] {
            let (n, offsets) = (MANY_ROWS / len + 2, [len as i64 + 3, 0]);
            let stride = 2 * len + 9;
            let mut spread: Vec<u8> = (0..n * stride).map(|at| (at % 251) as u8).collect();
            let mut flat = vec![0; 2 * n * len];
            let (user, packed) = (UserBuf::of(&mut spread), UserBuf::of(&mut flat));
            copy_listed(Way::Pack, user, stride as i64, n as u64, &offsets, len, packed);
            let mut back = vec![0; n * stride];
            let user = UserBuf::of(&mut back);
            copy_listed(Way::Unpack, user, stride as i64, n as u64, &offsets, len, UserBuf::of(&mut flat));
            for (i, (place, original)) in back.chunks(stride).zip(spread.chunks(stride)).enumerate() {
                let [second, first] = [&original[..len], &original[len + 3..2 * len + 3]];
                assert_eq!(flat[2 * i * len..][..2 * len], [first, second].concat(), "{len}");
                assert_eq!(place[..2 * len + 3], [second, &[0; 3], first].concat(), "{len}");
                assert_eq!(place[2 * len + 3..], [0; 6], "{len}");
            }
        }
    }

    #[test]
    fn blocks_of_every_length_reach_their_places_and_nothing_else() {
        for len in [1, 64, 65, ROW - 1, ROW, ROW + 1, ROW + 64, 1000, LONGEST_ROW, LONGEST_ROW + 1] {
            let (n, stride) = (MANY_ROWS / len + 3, len + 7);
            let mut spread: Vec<u8> = (0..n * stride).map(|at| (at % 251) as u8).collect();
            let mut flat = vec![0; n * len];
            let places = (UserBuf::of(&mut spread), UserBuf::of(&mut flat));
            copy_strided(Way::Pack, places.0, stride as i64, len, n as u64, places.1);
            let blocks: Vec<u8> = spread.chunks(stride).flat_map(|block| &block[..len]).copied().collect();
            assert_eq!(flat, blocks, "{len}");
            let mut back = vec![0; n * stride];
            copy_strided(
                Way::Unpack,
                UserBuf::of(&mut back),
                stride as i64,
                len,
                n as u64,
                UserBuf::of(&mut flat),
            );
            for (block, original) in back.chunks(stride).zip(spread.chunks(stride)) {
                assert_eq!(block[..len], original[..len], "{len}");
                assert_eq!(block[len..], [0; 7], "{len}");
            }
        }
    }
}
