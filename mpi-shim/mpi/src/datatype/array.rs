//! Pieces of multidimensional arrays: `subarray` (a block) and `darray` (what one process of a grid holds).

use super::construct::{both_forms, check_array, register};
use super::layout::{Field, Layout};
use super::recipe::Recipe;
use crate::constants::{
    DISTRIBUTE_BLOCK, DISTRIBUTE_CYCLIC, DISTRIBUTE_DFLT_DARG, DISTRIBUTE_NONE, ORDER_C, ORDER_FORTRAN,
    combiner,
};
use crate::{Eng, Ints, Result, TypeId, fail};
use std::rc::Rc;

both_forms!(type_create_subarray, type_create_subarray_c =>
    subarray(ndims: i32, sizes: Ints, subsizes: Ints, starts: Ints, order: i32, oldtype: TypeId));
both_forms!(type_create_darray, type_create_darray_c =>
    darray(size: i32, rank: i32, ndims: i32, gsizes: Ints, distribs: Ints, dargs: Ints, psizes: Ints, order: i32,
        oldtype: TypeId));

fn check_dims(ndims: i32, order: i32) -> Result<u64> {
    if ndims < 1 {
        fail!(ARG, "ndims is {ndims}, expected 1 or more");
    }
    if order != ORDER_C && order != ORDER_FORTRAN {
        fail!(ARG, "order is {order}, expected MPI_ORDER_C or MPI_ORDER_FORTRAN");
    }
    Ok(ndims as u64)
}

/// Dimensions from the one that varies fastest on.
fn fastest_first(ndims: usize, order: i32) -> impl Iterator<Item = usize> {
    (0..ndims).map(move |i| if order == ORDER_C { ndims - 1 - i } else { i })
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
fn subarray(
    e: Eng,
    large: bool,
    ndims: i32,
    sizes: Ints,
    subsizes: Ints,
    starts: Ints,
    order: i32,
    oldtype: TypeId,
) -> Result<TypeId> {
    let n = check_dims(ndims, order)?;
    let sizes = check_array("array_of_sizes", sizes, n)?;
    let subsizes = check_array("array_of_subsizes", subsizes, n)?;
    let starts = check_array("array_of_starts", starts, n)?;
    for i in 0..n as usize {
        let (size, sub, start) = (sizes[i], subsizes[i], starts[i]);
        if size < 1 {
            fail!(ARG, "array_of_sizes[{i}] is {size}, expected 1 or more");
        }
        if sub < 1 || sub > size {
            fail!(ARG, "array_of_subsizes[{i}] is {sub}, expected 1 to {size}");
        }
        if start < 0 || start > size - sub {
            fail!(ARG, "array_of_starts[{i}] is {start}, expected 0 to {}", size - sub);
        }
    }
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::SUBARRAY, large)
        .int(ndims.into())
        .counts(&sizes)
        .counts(&subsizes)
        .counts(&starts)
        .int(order.into())
        .of(&old);
    register(e, subarray_layout(&sizes, &subsizes, &starts, order, old.layout()), recipe)
}

fn subarray_layout(
    sizes: &[i64],
    subsizes: &[i64],
    starts: &[i64],
    order: i32,
    old: &Rc<Layout>,
) -> Option<Rc<Layout>> {
    let mut layout = old.clone();
    let (mut step, mut disp) = (old.extent(), 0i64);
    for d in fastest_first(sizes.len(), order) {
        layout = Layout::repeat(subsizes[d] as u64, step, &layout)?;
        disp = disp.checked_add(starts[d].checked_mul(step)?)?;
        step = step.checked_mul(sizes[d])?;
    }
    Layout::resized(0, step, &Layout::shifted(disp, &layout)?)
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
fn darray(
    e: Eng,
    large: bool,
    size: i32,
    rank: i32,
    ndims: i32,
    gsizes: Ints,
    distribs: Ints,
    dargs: Ints,
    psizes: Ints,
    order: i32,
    oldtype: TypeId,
) -> Result<TypeId> {
    let n = check_dims(ndims, order)?;
    if size < 1 || rank < 0 || rank >= size {
        fail!(ARG, "rank is {rank} and size is {size}, expected 0 ≤ rank < size");
    }
    let gsizes = check_array("array_of_gsizes", gsizes, n)?;
    let distribs = check_array("array_of_distribs", distribs, n)?;
    let dargs = check_array("array_of_dargs", dargs, n)?;
    let psizes = check_array("array_of_psizes", psizes, n)?;
    let grid = psizes.iter().try_fold(1i64, |all, &p| all.checked_mul(p));
    if psizes.iter().any(|&p| p < 1) || grid != Some(size.into()) {
        fail!(ARG, "array_of_psizes is {psizes:?}, expected positive numbers with the product {size}");
    }
    let dims = (0..n as usize)
        .map(|i| Dim::new(i, gsizes[i], distribs[i], dargs[i], psizes[i]))
        .collect::<Result<Vec<_>>>()?;
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::DARRAY, large)
        .ints(&[size.into(), rank.into(), ndims.into()])
        .counts(&gsizes)
        .ints(&distribs)
        .ints(&dargs)
        .ints(&psizes)
        .int(order.into())
        .of(&old);
    register(e, darray_layout(&dims, rank.into(), size.into(), order, old.layout()), recipe)
}

/// One dimension of a distributed array: blocks of `block` elements are dealt out in turn to `procs` processes.
struct Dim {
    size: i64,
    block: i64,
    procs: i64,
}

impl Dim {
    fn new(i: usize, size: i64, distrib: i64, darg: i64, procs: i64) -> Result<Dim> {
        if size < 1 {
            fail!(ARG, "array_of_gsizes[{i}] is {size}, expected 1 or more");
        }
        let default = darg == i64::from(DISTRIBUTE_DFLT_DARG);
        if !default && darg < 1 && distrib != i64::from(DISTRIBUTE_NONE) {
            fail!(ARG, "array_of_dargs[{i}] is {darg}, expected 1 or more or MPI_DISTRIBUTE_DFLT_DARG");
        }
        let block = match distrib as i32 {
            DISTRIBUTE_BLOCK if default => size.div_ceil_positive(procs),
            DISTRIBUTE_BLOCK if darg.saturating_mul(procs) < size => {
                fail!(ARG, "array_of_dargs[{i}] is {darg}: {procs} blocks of that size do not cover {size}")
            }
            DISTRIBUTE_CYCLIC if default => 1,
            DISTRIBUTE_BLOCK | DISTRIBUTE_CYCLIC => darg,
            DISTRIBUTE_NONE if procs != 1 => {
                fail!(ARG, "array_of_psizes[{i}] is {procs}, expected 1 with MPI_DISTRIBUTE_NONE")
            }
            DISTRIBUTE_NONE => size,
            other => {
                fail!(ARG, "array_of_distribs[{i}] is {other}, expected MPI_DISTRIBUTE_BLOCK, CYCLIC or NONE")
            }
        };
        Ok(Dim { size, block, procs })
    }

    /// What process `index` of this dimension holds of elements `step` bytes apart.
    fn layout(&self, index: i64, step: i64, element: &Rc<Layout>) -> Option<Rc<Layout>> {
        let first = index.checked_mul(self.block)?;
        let turn = self.block.checked_mul(self.procs)?;
        let piece = |at: i64, len: i64, copies: i64| {
            let block = Layout::repeat(len as u64, step, element)?;
            let child = Layout::repeat(copies as u64, turn.checked_mul(step)?, &block)?;
            Some(Field { disp: at.checked_mul(step)?, len: 1, child })
        };
        let whole =
            if first + self.block <= self.size { (self.size - first - self.block) / turn + 1 } else { 0 };
        let tail = first.checked_add(whole.checked_mul(turn)?)?;
        let mut fields = Vec::new();
        if whole > 0 {
            fields.push(piece(first, self.block, whole)?);
        }
        if tail < self.size {
            fields.push(piece(tail, self.size - tail, 1)?);
        }
        Layout::fields(fields)
    }
}

trait DivCeil {
    fn div_ceil_positive(self, by: i64) -> i64;
}
impl DivCeil for i64 {
    fn div_ceil_positive(self, by: i64) -> i64 {
        (self - 1) / by + 1
    }
}

/// MPI-5.0 §5.1.4: processes are ordered as in a C array, whatever the order of the data.
fn darray_layout(dims: &[Dim], rank: i64, size: i64, order: i32, old: &Rc<Layout>) -> Option<Rc<Layout>> {
    let (mut left, mut group) = (rank, size);
    let mut place = Vec::with_capacity(dims.len());
    for d in dims {
        group /= d.procs;
        place.push(left / group);
        left %= group;
    }
    let mut layout = old.clone();
    let mut step = old.extent();
    for d in fastest_first(dims.len(), order) {
        layout = dims[d].layout(place[d], step, &layout)?;
        step = step.checked_mul(dims[d].size)?;
    }
    Layout::resized(0, step, &layout)
}
