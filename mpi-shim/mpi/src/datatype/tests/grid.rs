//! `subarray` and `darray` against the elements that belong to them, found one by one.

use super::*;
use crate::Ints;
use crate::constants::*;
use crate::datatype::*;

/// Element numbers in the order of memory that `keep` wants, given all coordinates.
fn chosen(sizes: &[i64], order: i32, keep: impl Fn(&[i64]) -> bool) -> Vec<i64> {
    let total: i64 = sizes.iter().product();
    (0..total)
        .filter(|&n| {
            let mut left = n;
            let mut at = vec![0; sizes.len()];
            let dims: Vec<usize> =
                if order == ORDER_C { (0..sizes.len()).rev().collect() } else { (0..sizes.len()).collect() };
            for d in dims {
                at[d] = left % sizes[d];
                left /= sizes[d];
            }
            keep(&at)
        })
        .collect()
}

fn elements(dt: &Datatype, total: i64) -> Vec<i64> {
    let mut memory: Vec<i64> = (0..total).collect();
    let mut out = vec![0i64; (dt.size() / 8) as usize];
    let len = out.len() * 8;
    dt.pack(crate::UserBuf::of_slice(&mut memory), 1, 0, crate::UserBuf::of_slice(&mut out), len);
    out
}

#[test]
fn subarrays_hold_their_block() {
    let e = engine();
    let mut dice = Dice(77);
    for _ in 0..300 {
        let n = dice.between(1, 4) as usize;
        let mut sizes: Vec<i64> = (0..n).map(|_| dice.between(1, 5)).collect();
        let mut subs: Vec<i64> = sizes.iter().map(|&s| dice.between(1, s)).collect();
        let mut starts: Vec<i64> = (0..n).map(|i| dice.between(0, sizes[i] - subs[i])).collect();
        let order = if dice.roll(2) == 0 { ORDER_C } else { ORDER_FORTRAN };
        let expected =
            chosen(&sizes, order, |at| (0..n).all(|d| (starts[d]..starts[d] + subs[d]).contains(&at[d])));
        let total = sizes.iter().product();
        let (a, b, c) = (Ints::of(&mut sizes), Ints::of(&mut subs), Ints::of(&mut starts));
        let dt = e.types.get(type_create_subarray(e, n as i32, a, b, c, order, DOUBLE).unwrap()).unwrap();
        assert_eq!(elements(&dt, total), expected);
        assert_eq!((dt.lb(), dt.extent()), (0, total * 8));
    }
}

/// The process that holds coordinate `at` of a dimension, by the words of the standard.
fn owner(at: i64, size: i64, distrib: i32, darg: i64, procs: i64) -> i64 {
    let default = darg == i64::from(DISTRIBUTE_DFLT_DARG);
    match distrib {
        DISTRIBUTE_NONE => 0,
        DISTRIBUTE_BLOCK => at / if default { (size + procs - 1) / procs } else { darg },
        _ => at / if default { 1 } else { darg } % procs,
    }
}

#[test]
fn darrays_deal_out_every_element_once() {
    let e = engine();
    let mut dice = Dice(1234);
    for _ in 0..200 {
        let n = dice.between(1, 3) as usize;
        let mut gsizes: Vec<i64> = (0..n).map(|_| dice.between(1, 9)).collect();
        let mut distribs: Vec<i64> = (0..n)
            .map(|_| i64::from([DISTRIBUTE_NONE, DISTRIBUTE_BLOCK, DISTRIBUTE_CYCLIC][dice.roll(3) as usize]))
            .collect();
        let mut psizes: Vec<i64> = distribs
            .iter()
            .map(|&d| if d == i64::from(DISTRIBUTE_NONE) { 1 } else { dice.between(1, 3) })
            .collect();
        let mut dargs: Vec<i64> = (0..n)
            .map(|d| match (dice.roll(2), distribs[d] as i32) {
                (0, _) | (_, DISTRIBUTE_NONE) => i64::from(DISTRIBUTE_DFLT_DARG),
                (_, DISTRIBUTE_BLOCK) => (gsizes[d] + psizes[d] - 1) / psizes[d] + dice.between(0, 1),
                _ => dice.between(1, 4),
            })
            .collect();
        let order = if dice.roll(2) == 0 { ORDER_C } else { ORDER_FORTRAN };
        let (total, size): (i64, i64) = (gsizes.iter().product(), psizes.iter().product());
        let mut seen = 0;
        for rank in 0..size {
            let mut place = vec![0; n];
            let mut left = rank;
            for d in (0..n).rev() {
                place[d] = left % psizes[d];
                left /= psizes[d];
            }
            let expected = chosen(&gsizes, order, |at| {
                (0..n).all(|d| owner(at[d], gsizes[d], distribs[d] as i32, dargs[d], psizes[d]) == place[d])
            });
            seen += expected.len() as i64;
            let views =
                (Ints::of(&mut gsizes), Ints::of(&mut distribs), Ints::of(&mut dargs), Ints::of(&mut psizes));
            let id = type_create_darray(
                e,
                size as i32,
                rank as i32,
                n as i32,
                views.0,
                views.1,
                views.2,
                views.3,
                order,
                DOUBLE,
            );
            let dt = e.types.get(id.unwrap()).unwrap();
            assert_eq!(elements(&dt, total), expected);
            assert_eq!((dt.lb(), dt.extent()), (0, total * 8));
        }
        assert_eq!(seen, total);
    }
}
