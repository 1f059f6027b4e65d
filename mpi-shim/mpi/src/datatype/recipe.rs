//! Recipes: how a type was made, kept for `MPI_Type_get_envelope` and `MPI_Type_get_contents`.

use super::Datatype;
use crate::constants::{DISTRIBUTE_DFLT_DARG, combiner};
use crate::{Eng, Handles, Ints, Result, TypeId, fail};
use std::rc::Rc;

/// The arguments of a constructor, sorted by kind, in the order of MPI-5.0 §5.1.13.
#[derive(Default)]
pub struct Recipe {
    combiner: i32,
    /// Made by the large count form: counts and displacements are in `counts`.
    large: bool,
    ints: Vec<i64>,
    aints: Vec<i64>,
    counts: Vec<i64>,
    types: Vec<Rc<Datatype>>,
}

impl Recipe {
    pub(super) fn named() -> Self {
        Recipe { combiner: combiner::NAMED, ..Recipe::default() }
    }
    pub(super) fn new(combiner: i32, large: bool) -> Self {
        Recipe { combiner, large, ..Recipe::default() }
    }
    /// An argument that is an `int` in both forms.
    pub(super) fn int(mut self, value: i64) -> Self {
        self.ints.push(value);
        self
    }
    pub(super) fn ints(mut self, values: &[i64]) -> Self {
        self.ints.extend(values);
        self
    }
    /// An argument that is an `int` in the small form and an `MPI_Count` in the large one.
    pub(super) fn count(self, value: i64) -> Self {
        self.counts(&[value])
    }
    pub(super) fn counts(mut self, values: &[i64]) -> Self {
        if self.large { &mut self.counts } else { &mut self.ints }.extend(values);
        self
    }
    /// An argument that is an `MPI_Aint` in the small form and an `MPI_Count` in the large one.
    pub(super) fn aint(self, value: i64) -> Self {
        self.aints(&[value])
    }
    pub(super) fn aints(mut self, values: &[i64]) -> Self {
        if self.large { &mut self.counts } else { &mut self.aints }.extend(values);
        self
    }
    pub(super) fn of(mut self, dt: &Rc<Datatype>) -> Self {
        self.types.push(dt.clone());
        self
    }
    pub(super) fn combiner_name(&self) -> &'static str {
        combiner::name(self.combiner)
    }
}

/// (integers, addresses, datatypes, combiner)
pub fn type_get_envelope(e: Eng, datatype: TypeId) -> Result<(i32, i32, i32, i32)> {
    let dt = e.types.get(datatype)?;
    let r = &dt.recipe;
    if r.large {
        fail!(TYPE, "the {} was made by a large count function, use MPI_Type_get_envelope_c", dt.describe());
    }
    Ok((r.ints.len() as i32, r.aints.len() as i32, r.types.len() as i32, r.combiner))
}

/// (integers, addresses, large counts, datatypes, combiner)
pub fn type_get_envelope_c(e: Eng, datatype: TypeId) -> Result<(i64, i64, i64, i64, i32)> {
    let dt = e.types.get(datatype)?;
    let r = &dt.recipe;
    let len = |n: usize| n as i64;
    Ok((len(r.ints.len()), len(r.aints.len()), len(r.counts.len()), len(r.types.len()), r.combiner))
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn type_get_contents(
    e: Eng,
    datatype: TypeId,
    max_integers: i32,
    max_addresses: i32,
    max_datatypes: i32,
    integers: Ints,
    addresses: Ints,
    datatypes: Handles<TypeId>,
) -> Result {
    let dt = e.types.get(datatype)?;
    if dt.recipe.large {
        fail!(TYPE, "the {} was made by a large count function, use MPI_Type_get_contents_c", dt.describe());
    }
    let room = [max_integers, max_addresses, 0, max_datatypes].map(i64::from);
    contents(e, &dt, room, [integers, addresses, addresses], datatypes)
}

#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn type_get_contents_c(
    e: Eng,
    datatype: TypeId,
    max_integers: i64,
    max_addresses: i64,
    max_large_counts: i64,
    max_datatypes: i64,
    integers: Ints,
    addresses: Ints,
    large_counts: Ints,
    datatypes: Handles<TypeId>,
) -> Result {
    let dt = e.types.get(datatype)?;
    let room = [max_integers, max_addresses, max_large_counts, max_datatypes];
    contents(e, &dt, room, [integers, addresses, large_counts], datatypes)
}

fn contents(e: Eng, dt: &Datatype, room: [i64; 4], numbers: [Ints; 3], types: Handles<TypeId>) -> Result {
    let r = &dt.recipe;
    if r.combiner == combiner::NAMED {
        fail!(TYPE, "{} is predefined: it has no contents", dt.describe());
    }
    let have = [r.ints.len(), r.aints.len(), r.counts.len(), r.types.len()];
    let names = ["max_integers", "max_addresses", "max_large_counts", "max_datatypes"];
    for i in 0..4 {
        if room[i] < have[i] as i64 {
            fail!(ARG, "{} is {}, expected at least {}", names[i], room[i], have[i]);
        }
    }
    for (out, values) in numbers.iter().zip([&r.ints, &r.aints, &r.counts]) {
        values.iter().enumerate().for_each(|(i, v)| out.set_plain(i, *v));
    }
    constant_places(r).into_iter().for_each(|i| numbers[0].set(i, r.ints[i]));
    for (i, t) in r.types.iter().enumerate() {
        types.set(i, handle_for(e, t));
    }
    Ok(())
}

/// Which integers of a recipe are MPI constants, which every ABI numbers in its own way.
fn constant_places(r: &Recipe) -> Vec<usize> {
    let last = r.ints.len().saturating_sub(1);
    match r.combiner {
        combiner::SUBARRAY => vec![last],
        combiner::DARRAY => {
            let ndims = r.ints[2] as usize;
            let distribs = if r.large { 3 } else { 3 + ndims };
            let dargs = distribs + ndims;
            let default = |&i: &usize| r.ints[i] == i64::from(DISTRIBUTE_DFLT_DARG);
            (distribs..dargs).chain((dargs..dargs + ndims).filter(default)).chain([last]).collect()
        }
        _ => Vec::new(),
    }
}

/// A handle that the program may free: a new one, except for a type that is never freed.
fn handle_for(e: Eng, dt: &Rc<Datatype>) -> TypeId {
    dt.permanent.get().unwrap_or_else(|| {
        dt.handles.set(dt.handles.get() + 1);
        e.types.insert_rc(dt.clone())
    })
}
