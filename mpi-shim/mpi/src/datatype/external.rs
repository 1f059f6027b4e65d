//! The external32 representation (MPI-5.0 §14.5.2): big endian, IEEE, no padding, and a few sizes of its own.
//!
//! Data goes through the native packed form; here only the bytes of each number change.

use super::basic::{Basic, Form, Num};
use super::construct::check_count;
use super::layout::{Layout, Shape};
use super::packing::{check_buffer, check_room};
use super::{Datatype, usable};
use crate::op::soft::{f80, f128};
use crate::{Eng, Result, TypeId, UserBuf, fail};

fn check_datarep(datarep: &str) -> Result {
    if datarep != "external32" {
        fail!(UNSUPPORTED_DATAREP, "datarep is \"{datarep}\", expected \"external32\"");
    }
    Ok(())
}

/// Bytes of one element in external32. `None`: beyond 64 bits.
fn size_of(layout: &Layout) -> Option<u64> {
    match &layout.shape {
        Shape::Empty => Some(0),
        Shape::Basic(b) => Some(numbers(*b).1 * u64::from(b.external)),
        Shape::Repeat { count, child, .. } => size_of(child)?.checked_mul(*count),
        Shape::Fields(fields) => fields.iter().try_fold(0u64, |sum, f| {
            let here = size_of(&f.child)?.checked_mul(f.len)?;
            sum.checked_add(here)
        }),
    }
}

/// The numbers an element of a type map consists of. (Pairs are two elements there.)
fn numbers(basic: Basic) -> (Num, u64) {
    match basic.form {
        Form::One(n) => (n, 1),
        Form::Complex(n) => (n, 2),
        Form::Pair(n, _) => (n, 1),
    }
}

fn total(dt: &Datatype, count: i64) -> Result<u64> {
    let total = size_of(dt.layout()).and_then(|n| n.checked_mul(count as u64));
    match total.filter(|&n| i64::try_from(n).is_ok()) {
        Some(n) => Ok(n),
        None => fail!(VALUE_TOO_LARGE, "{count} elements of {} exceed 2^63 - 1 bytes", dt.describe()),
    }
}

pub fn pack_external_size(e: Eng, datarep: &str, incount: i64, datatype: TypeId) -> Result<i64> {
    check_datarep(datarep)?;
    check_count(incount)?;
    Ok(total(&*e.types.get(datatype)?, incount)? as i64)
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn pack_external(
    e: Eng,
    datarep: &str,
    inbuf: UserBuf,
    incount: i64,
    datatype: TypeId,
    outbuf: UserBuf,
    outsize: i64,
    position: &mut i64,
) -> Result {
    check_datarep(datarep)?;
    check_count(incount)?;
    let dt = usable(e, datatype)?;
    check_buffer(inbuf, incount, &dt)?;
    let bytes = total(&dt, incount)?;
    check_room(*position, outsize, bytes, "outsize")?;
    let mut native = vec![0; dt.bytes(incount) as usize];
    dt.pack(inbuf, incount, 0, UserBuf::of(&mut native), native.len());
    let mut external = vec![0; bytes as usize];
    translate(&dt, incount, &mut native, &mut external, true)?;
    outbuf.write(*position as isize, &external);
    *position += bytes as i64;
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn unpack_external(
    e: Eng,
    datarep: &str,
    inbuf: UserBuf,
    insize: i64,
    position: &mut i64,
    outbuf: UserBuf,
    outcount: i64,
    datatype: TypeId,
) -> Result {
    check_datarep(datarep)?;
    check_count(outcount)?;
    let dt = usable(e, datatype)?;
    check_buffer(outbuf, outcount, &dt)?;
    let bytes = total(&dt, outcount)?;
    check_room(*position, insize, bytes, "insize")?;
    let mut external = vec![0; bytes as usize];
    inbuf.read(*position as isize, &mut external);
    let mut native = vec![0; dt.bytes(outcount) as usize];
    translate(&dt, outcount, &mut native, &mut external, false)?;
    dt.unpack(outbuf, outcount, 0, UserBuf::of(&mut native), native.len());
    *position += bytes as i64;
    Ok(())
}

/// Converts between the native and the external packed form of `count` elements.
fn translate(dt: &Datatype, count: i64, native: &mut [u8], external: &mut [u8], out: bool) -> Result {
    let (mut at, mut there, mut cut) = (0, 0, None);
    dt.layout().runs(count as u64, &mut |basic, n| {
        let (num, per) = numbers(basic);
        let (size, width) = (num.size(), usize::from(basic.external));
        for _ in 0..n * per {
            let (a, b) = (&mut native[at..at + size], &mut external[there..there + width]);
            let fits = if out { encode(num, a, b) } else { decode(num, b, a) };
            if !fits {
                cut = cut.or(Some(num));
            }
            (at, there) = (at + size, there + width);
        }
    });
    match cut {
        Some(num) => fail!(CONVERSION, "a value of {} ({num:?}) does not fit in external32", dt.describe()),
        None => Ok(()),
    }
}

/// A native number as big endian of the width of `to`. `false`: it does not fit.
fn encode(num: Num, from: &[u8], to: &mut [u8]) -> bool {
    if num == Num::F80 {
        to.copy_from_slice(&f128::pack(f80::unpack(load(from))).to_be_bytes());
        return true;
    }
    let kept = to.len().min(from.len());
    to.iter_mut().rev().zip(from).for_each(|(t, f)| *t = *f);
    let signed = matches!(num, Num::I8 | Num::I16 | Num::I32 | Num::I64 | Num::I128);
    let filler = if signed && from[kept - 1] & 0x80 != 0 { 0xff } else { 0 };
    from[kept..].iter().all(|&b| b == filler)
}

/// The reverse of [`encode`].
fn decode(num: Num, from: &[u8], to: &mut [u8]) -> bool {
    if num == Num::F80 {
        let quad = from.iter().fold(0, |v: u128, &b| v << 8 | u128::from(b));
        to.copy_from_slice(&f80::pack(f128::unpack(quad)).to_le_bytes());
        return true;
    }
    let signed = matches!(num, Num::I8 | Num::I16 | Num::I32 | Num::I64 | Num::I128);
    let filler = if signed && from[0] & 0x80 != 0 { 0xff } else { 0 };
    to.fill(filler);
    to.iter_mut().zip(from.iter().rev()).for_each(|(t, f)| *t = *f);
    true
}

fn load(bytes: &[u8]) -> u128 {
    bytes.iter().rev().fold(0, |v, &b| v << 8 | u128::from(b))
}
