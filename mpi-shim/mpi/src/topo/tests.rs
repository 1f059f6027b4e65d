//! Grid arithmetic and dimensions.

use super::cart::Cart;
use super::dims::fill;
use crate::constants::{PROC_NULL, class};

#[test]
fn ranks_and_coordinates_are_inverse() {
    let cart = Cart { dims: vec![3, 4, 2], periods: vec![true, false, false] };
    for rank in 0..cart.size() {
        assert_eq!(cart.rank(&cart.coords(rank)), Some(rank));
    }
    assert_eq!(cart.coords(1), [0, 0, 1]);
    assert_eq!(cart.coords(23), [2, 3, 1]);
    assert_eq!(cart.rank(&[-1, 0, 0]), cart.rank(&[2, 0, 0]));
    assert_eq!(cart.rank(&[0, -1, 0]), None);
    assert_eq!(cart.rank(&[0, 0, 2]), None);
}

#[test]
fn neighbours_wrap_only_in_periodic_dimensions() {
    let cart = Cart { dims: vec![2, 3], periods: vec![true, false] };
    assert_eq!(cart.around(0), [3, 3, PROC_NULL, 1]);
    assert_eq!(cart.around(4), [1, 1, 3, 5]);
    let point = Cart { dims: vec![], periods: vec![] };
    assert_eq!((point.size(), point.coords(0), point.rank(&[])), (1, vec![], Some(0)));
}

#[test]
fn dims_are_balanced_and_falling() {
    let of = |n: i32, given: &[i32]| fill(n, given).unwrap();
    assert_eq!(of(6, &[0, 0]), [3, 2]);
    assert_eq!(of(7, &[0, 0]), [7, 1]);
    assert_eq!(of(6, &[0, 3, 0]), [2, 3, 1]);
    assert_eq!(of(16, &[0, 0, 0]), [4, 2, 2]);
    assert_eq!(of(1024, &[0, 0, 0]), [16, 8, 8]);
    assert_eq!(of(72, &[0, 0, 0]), [6, 4, 3]);
    assert_eq!(of(1, &[0, 0, 0, 0]), [1, 1, 1, 1]);
    assert_eq!(of(1_000_000_007, &[0, 0]), [1_000_000_007, 1]);
    assert_eq!(of(i32::MAX - 7, &[0; 8]).iter().map(|&d| d as i64).product::<i64>(), (i32::MAX - 7) as i64);
    for n in 1..500 {
        for count in 1..5 {
            let dims = of(n, &vec![0; count]);
            assert_eq!(dims.iter().product::<i32>(), n);
            assert!(dims.is_sorted_by(|a, b| a >= b));
        }
    }
}

#[test]
fn impossible_dims_are_errors() {
    assert_eq!(fill(7, &[2, 0]).unwrap_err().code(), class::DIMS);
    assert_eq!(fill(4, &[2, 1]).unwrap_err().code(), class::DIMS);
    assert_eq!(fill(4, &[-1, 0]).unwrap_err().code(), class::DIMS);
    assert_eq!(fill(4, &[2, 2]).unwrap(), [2, 2]);
}
