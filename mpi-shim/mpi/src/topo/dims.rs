//! MPI_Dims_create: a number as a product of factors that are as close to each other as possible.

use super::int_array;
use crate::error::Result;
use crate::{Eng, Ints, fail};
use std::collections::HashSet;

/// MPI-5.0 §8.5.2: dimensions that are 0 are filled, largest first; others are kept.
pub fn dims_create(_e: Eng, nnodes: i32, ndims: i32, dims: Ints) -> Result {
    if nnodes < 1 {
        fail!(ARG, "nnodes is {nnodes}, expected 1 or more");
    }
    if ndims < 0 {
        fail!(DIMS, "ndims is {ndims}, expected 0 or more");
    }
    let given = int_array("dims", dims, ndims)?;
    let filled = fill(nnodes, &given)?;
    super::put(dims, filled);
    Ok(())
}

pub(super) fn fill(nnodes: i32, given: &[i32]) -> Result<Vec<i32>> {
    let mut product = 1i64;
    for (i, &dim) in given.iter().enumerate() {
        if dim < 0 {
            fail!(DIMS, "dims[{i}] is {dim}, expected 0 or more");
        }
        product = product.saturating_mul(dim.max(1) as i64);
    }
    if nnodes as i64 % product != 0 {
        fail!(DIMS, "nnodes is {nnodes}, which the given dims (product {product}) do not divide");
    }
    let (rest, open) = (nnodes as i64 / product, given.iter().filter(|&&d| d == 0).count());
    if open == 0 && rest != 1 {
        fail!(DIMS, "the given dims describe {product} processes, expected nnodes = {nnodes}");
    }
    let mut factors = factors(rest, open).into_iter();
    Ok(given.iter().map(|&d| if d == 0 { factors.next().unwrap_or(1) as i32 } else { d }).collect())
}

/// `count` factors of `n`, in falling order; the largest is as small as possible, then the second, and so on.
fn factors(n: i64, count: usize) -> Vec<i64> {
    let divisors = divisors(n);
    let mut found = Vec::with_capacity(count);
    Search { divisors: &divisors, dead: HashSet::new() }.extend(n, count, n, &mut found);
    found
}

struct Search<'a> {
    divisors: &'a [i64],
    /// (number, factors, largest allowed) that cannot be done.
    dead: HashSet<(i64, usize, i64)>,
}

impl Search<'_> {
    fn extend(&mut self, n: i64, count: usize, most: i64, found: &mut Vec<i64>) -> bool {
        if count == 0 {
            return n == 1;
        }
        if self.dead.contains(&(n, count, most)) {
            return false;
        }
        for &f in self.divisors.iter().filter(|&&f| f <= most) {
            if n % f != 0 || !enough(f, count, n) {
                continue;
            }
            found.push(f);
            if self.extend(n / f, count - 1, f, found) {
                return true;
            }
            found.pop();
        }
        self.dead.insert((n, count, most));
        false
    }
}

/// Whether `count` factors of at most `f` can reach `n`.
fn enough(f: i64, count: usize, n: i64) -> bool {
    let mut reach = 1i64;
    for _ in 0..count {
        reach = reach.saturating_mul(f);
        if reach >= n {
            return true;
        }
    }
    reach >= n
}

/// Divisors of `n`, rising.
fn divisors(n: i64) -> Vec<i64> {
    let small: Vec<i64> = (1..).take_while(|d| d * d <= n).filter(|d| n % d == 0).collect();
    let large = small.iter().rev().map(|d| n / d).filter(|l| l * l != n);
    small.iter().copied().chain(large).collect()
}
