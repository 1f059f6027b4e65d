//! Random types, built twice: by the functions of MPI and by the oracle.

use super::oracle::TypeMap;
use super::*;
use crate::constants::UNDEFINED;
use crate::datatype::*;
use crate::{Handles, Ints, UserBuf};

/// A type and what it should be.
struct Pair {
    id: TypeId,
    map: TypeMap,
}

fn random(e: Eng, dice: &mut Dice, depth: u32) -> Pair {
    if depth == 0 {
        let (id, size) = [(CHAR, 1), (SHORT, 2), (INT, 4), (DOUBLE, 8)][dice.roll(4) as usize];
        return Pair { id, map: TypeMap::basic(size) };
    }
    let old = random(e, dice, depth - 1);
    let ext = old.map.extent();
    // Empty types are rare, long ones too.
    let n = [0, 1, 2, 3, 4, 5, 6, 3, 2, 4, 5, 20][dice.roll(12) as usize];
    let len = [0, 1, 1, 2, 3, 4, 2, 1][dice.roll(8) as usize];
    let stride = dice.between(-3, 6);
    let block = |at: i64, len: i64, map: &TypeMap| map.contiguous(len).placed([at]);
    match dice.roll(9) {
        0 => Pair { id: type_contiguous(e, n, old.id).unwrap(), map: old.map.contiguous(n) },
        1 => {
            let map = old.map.contiguous(len).placed((0..n).map(|i| i * stride * ext));
            Pair { id: type_vector(e, n, len, stride, old.id).unwrap(), map }
        }
        2 => {
            let step = dice.between(-40, 60);
            let map = old.map.contiguous(len).placed((0..n).map(|i| i * step));
            Pair { id: type_create_hvector(e, n, len, step, old.id).unwrap(), map }
        }
        kind @ 3..=6 => {
            let unit = if kind % 2 == 1 { ext } else { 1 };
            let span = if unit == 1 { 64 } else { 8 };
            let mut lens: Vec<i64> = (0..n).map(|_| 4 - dice.between(1, 20).ilog2() as i64).collect();
            let mut disps: Vec<i64> = (0..n).map(|_| dice.between(-span, span)).collect();
            if kind >= 5 {
                lens.fill(len);
            }
            let parts = lens.iter().zip(&disps).map(|(&l, &d)| block(d * unit, l, &old.map));
            let map = TypeMap::joined(parts.collect::<Vec<_>>());
            let (l, d) = (Ints::of(&mut lens), Ints::of(&mut disps));
            let id = match kind {
                3 => type_indexed(e, n, l, d, old.id),
                4 => type_create_hindexed(e, n, l, d, old.id),
                5 => type_create_indexed_block(e, n, len, d, old.id),
                _ => type_create_hindexed_block(e, n, len, d, old.id),
            };
            Pair { id: id.unwrap(), map }
        }
        7 => {
            let others = [old, random(e, dice, depth - 1), random(e, dice, 0)];
            let mut lens: Vec<i64> = (0..3).map(|_| dice.between(0, 2)).collect();
            let mut disps: Vec<i64> = (0..3).map(|_| dice.between(-30, 90)).collect();
            let parts = (0..3).map(|i| block(disps[i], lens[i], &others[i].map)).collect::<Vec<_>>();
            let mut ids = others.map(|o| o.id.0);
            let id =
                type_create_struct(e, 3, Ints::of(&mut lens), Ints::of(&mut disps), Handles::of(&mut ids));
            Pair { id: id.unwrap(), map: TypeMap::joined(parts) }
        }
        _ => {
            let (lb, extent) = (dice.between(-20, 20), dice.between(-10, 80));
            let id = type_create_resized(e, old.id, lb, extent).unwrap();
            Pair { id, map: old.map.resized(lb, extent) }
        }
    }
}

fn compare_shape(dt: &Datatype, map: &TypeMap) {
    assert_eq!(dt.size() as i64, map.size(), "size");
    assert_eq!(dt.lb(), map.lb(), "lb");
    assert_eq!(dt.extent(), map.extent(), "extent");
    let (low, high) = map.true_bounds();
    assert_eq!((dt.true_lb(), dt.true_extent()), (low, high - low), "true bounds");
}

/// A type that has been told to another process is the same.
fn compare_copy(e: Eng, dt: &Datatype, map: &TypeMap) {
    let bytes = wire::encode(dt);
    let copy = wire::decode(e, &bytes).expect("a type can be told");
    compare_shape(&copy, map);
    assert_eq!(copy.uniform(), dt.uniform(), "uniform");
    for cut in [1, bytes.len() / 2, bytes.len() - 1] {
        // Damaged descriptions do no harm.
        let _ = wire::decode(e, &bytes[..cut]);
    }
}

fn compare_elements(dt: &Datatype, map: &TypeMap, dice: &mut Dice) {
    for _ in 0..8 {
        let bytes = dice.between(0, 3 * map.size() + 2);
        let expected = map.elements(bytes).unwrap_or(UNDEFINED.into());
        assert_eq!(elements_of(dt.layout(), bytes as u64), expected, "elements in {bytes} bytes");
        if expected > 0 {
            assert_eq!(dt.layout().bytes_of_elements(expected as u64), Some(bytes as u64));
        }
    }
}

/// Packs and unpacks windows of the stream.
fn compare_bytes(dt: &Datatype, map: &TypeMap, count: i64, dice: &mut Dice) {
    let places = map.bytes(count);
    let low = places.iter().min().copied().unwrap_or(0);
    let high = places.iter().max().copied().unwrap_or(0) + 1;
    let mut memory: Vec<u8> = (low..high).map(|i| ((i * 31) ^ ((i >> 8) * 7)) as u8).collect();
    let base = |m: &mut Vec<u8>| UserBuf::of(m).offset(-low as isize);
    let stream: Vec<u8> = places.iter().map(|at| memory[(at - low) as usize]).collect();
    let distinct = places.iter().collect::<std::collections::HashSet<_>>().len() == places.len();
    for round in 0..6 {
        let from = if round == 0 { 0 } else { dice.between(0, stream.len() as i64) as usize };
        let len =
            if round == 0 { stream.len() } else { dice.roll((stream.len() - from) as u64 + 1) as usize };
        let mut out = vec![0xEE; len + 16];
        dt.pack(base(&mut memory), count, from as u64, UserBuf::of(&mut out).offset(8), len);
        assert_eq!(out[8..8 + len], stream[from..from + len], "packed {from}..+{len}");
        assert!(out[..8].iter().chain(&out[8 + len..]).all(|&b| b == 0xEE), "wrote outside of the window");
        if distinct {
            let mut expected: Vec<u8> = memory.iter().map(|b| !b).collect();
            let mut target = expected.clone();
            places[from..from + len].iter().for_each(|at| {
                expected[(at - low) as usize] = memory[(at - low) as usize];
            });
            dt.unpack(base(&mut target), count, from as u64, UserBuf::of(&mut out).offset(8), len);
            assert!(target == expected, "unpacked {from}..+{len}");
        }
    }
    if let Some((at, len)) = dt.contiguous_window(base(&mut memory), count) {
        let mut out = vec![0; len as usize];
        at.read(0, &mut out);
        assert_eq!(out, stream, "contiguous window");
    }
}

#[test]
fn random_types_agree_with_the_oracle() {
    let e = engine();
    for seed in 1..3000 {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15u64.wrapping_mul(seed));
        let depth = 1 + dice.roll(4) as u32;
        let pair = random(e, &mut dice, depth);
        if pair.map.0.len() > 4000 {
            continue;
        }
        let dt = e.types.get(pair.id).unwrap();
        let count = dice.between(0, 4);
        // A failing test shows its seed.
        println!("seed {seed}: {count} × {:?}", dt.layout().program());
        compare_shape(&dt, &pair.map);
        compare_copy(e, &dt, &pair.map);
        compare_elements(&dt, &pair.map, &mut dice);
        compare_bytes(&dt, &pair.map, count, &mut dice);
    }
}
