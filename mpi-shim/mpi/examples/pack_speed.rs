//! How fast typical datatypes are packed and unpacked, next to a copy of as many bytes:
//! `cargo run --release -p vmi-mpi --example pack_speed [bytes of data]`.
//!
//! The last column is what counts: the time relative to a copy in the same run.

use std::time::Instant;
use vmi_mpi::datatype::*;
use vmi_mpi::{Eng, Handles, Ints, TypeId, UserBuf};

const CHAR: TypeId = TypeId(579);
const INT: TypeId = TypeId(521);
const FLOAT: TypeId = TypeId(528);
const DOUBLE: TypeId = TypeId(532);

fn main() {
    let bytes = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1 << 20);
    let e: Eng = Box::leak(Box::default());
    let mut memory = vec![1u8; 64 * bytes + 4096];
    let mut flat = vec![1u8; bytes + 4096];
    let (user, flat) = (UserBuf::of(&mut memory), UserBuf::of(&mut flat));
    let copy = time(|| user.copy_to(flat, bytes));
    println!("{bytes} bytes, copy {:.1} GB/s", rate(bytes, copy));
    println!("{:34} {:>10} {:>12} {:>8} {:>8}", "", "pack GB/s", "unpack GB/s", "÷ copy", "÷ copy");
    for (name, id) in types(e, bytes as i64) {
        let mut id = id;
        type_commit(e, &mut id).expect("a type of this run");
        let dt = usable(e, id).expect("committed");
        let count = bytes as i64 / dt.size() as i64;
        let len = dt.bytes(count) as usize;
        let pack = time(|| dt.pack(user, count, 0, flat, len));
        let unpack = time(|| dt.unpack(user, count, 0, flat, len));
        let (p, u) = (rate(len, pack), rate(len, unpack));
        println!("{name:34} {p:10.1} {u:12.1} {:8.2} {:8.2}", pack / copy, unpack / copy);
    }
}

/// Fastest of several runs, in seconds.
fn time(mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..200 {
        let start = Instant::now();
        f();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

fn rate(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / seconds / 1e9
}

fn types(e: Eng, bytes: i64) -> Vec<(String, TypeId)> {
    let mut list: Vec<(String, vmi_mpi::Result<TypeId>)> = Vec::new();
    list.push(("contiguous".into(), type_contiguous(e, bytes / 8, DOUBLE)));
    for (len, stride) in [(1, 2), (1, 8), (2, 4), (4, 8), (7, 11), (64, 128)] {
        let n = bytes / 8 / len;
        list.push((format!("vector {len} of {stride} doubles"), type_vector(e, n, len, stride, DOUBLE)));
    }
    list.push(("vector 1 of 2 floats".into(), type_vector(e, bytes / 4, 1, 2, FLOAT)));
    for len in [1, 3, 8] {
        let n = bytes / 8 / len;
        let mut disps: Vec<i64> = (0..n).map(|i| i * 2 * len + i % 3 % 2 * len / 2 + i % 2).collect();
        let id = type_create_indexed_block(e, n, len, Ints::of(&mut disps), DOUBLE);
        list.push((format!("indexed blocks of {len} doubles"), id));
    }
    let mut lens: Vec<i64> = (0..bytes / 16).map(|i| 1 + i % 3).collect();
    let mut disps: Vec<i64> = (0..bytes / 16).map(|i| i * 5).collect();
    let id = type_indexed(e, bytes / 16, Ints::of(&mut lens), Ints::of(&mut disps), DOUBLE);
    list.push(("indexed, 1 to 3 doubles".into(), id));
    list.push(("struct {int, double, char[3]}".into(), structure(e)));
    for (what, sub, start) in [("x face", [64, 64, 1], [0, 0, 63]), ("y face", [64, 1, 64], [0, 9, 0])] {
        list.push((format!("subarray {what} of 64³ doubles"), cube(e, sub, start)));
    }
    list.push(("subarray 60³ of 64³ doubles".into(), cube(e, [60, 60, 60], [2, 2, 2])));
    list.into_iter().map(|(name, id)| (name, id.expect("arguments of this file"))).collect()
}

fn structure(e: Eng) -> vmi_mpi::Result<TypeId> {
    let (mut lens, mut disps) = ([1, 1, 3], [0, 8, 16]);
    let mut ids = [INT.0, DOUBLE.0, CHAR.0];
    type_create_struct(e, 3, Ints::of(&mut lens), Ints::of(&mut disps), Handles::of(&mut ids))
}

fn cube(e: Eng, mut sub: [i64; 3], mut start: [i64; 3]) -> vmi_mpi::Result<TypeId> {
    let mut sizes = [64; 3];
    let (a, b, c) = (Ints::of(&mut sizes), Ints::of(&mut sub), Ints::of(&mut start));
    type_create_subarray(e, 3, a, b, c, vmi_mpi::constants::ORDER_C, DOUBLE)
}
