//! Constructors of derived types. Each exists in a small and a large count form (`_c`); they differ in what
//! `MPI_Type_get_envelope` reports.

use super::Datatype;
use super::layout::{Field, Layout};
use super::recipe::Recipe;
use crate::attr::Owner;
use crate::constants::combiner;
use crate::error::Error;
use crate::{AttrOn, Eng, Ints, Result, TypeId, fail};
use std::rc::Rc;

/// Two public functions from one body: `$small` and `$large` call `$body` with `large` false and true.
macro_rules! both_forms {
    ($small:ident, $large:ident => $body:ident($($arg:ident: $t:ty),*)) => {
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $small(e: $crate::Eng, $($arg: $t),*) -> $crate::Result<$crate::TypeId> {
            $body(e, false, $($arg),*)
        }
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        pub fn $large(e: $crate::Eng, $($arg: $t),*) -> $crate::Result<$crate::TypeId> {
            $body(e, true, $($arg),*)
        }
    };
}
pub(super) use both_forms;

both_forms!(type_contiguous, type_contiguous_c => contiguous(count: i64, oldtype: TypeId));
both_forms!(type_vector, type_vector_c => vector(count: i64, blocklength: i64, stride: i64, oldtype: TypeId));
both_forms!(type_create_hvector, type_create_hvector_c =>
    hvector(count: i64, blocklength: i64, stride: i64, oldtype: TypeId));
both_forms!(type_indexed, type_indexed_c =>
    indexed(count: i64, blocklengths: Ints, displacements: Ints, oldtype: TypeId));
both_forms!(type_create_hindexed, type_create_hindexed_c =>
    hindexed(count: i64, blocklengths: Ints, displacements: Ints, oldtype: TypeId));
both_forms!(type_create_indexed_block, type_create_indexed_block_c =>
    indexed_block(count: i64, blocklength: i64, displacements: Ints, oldtype: TypeId));
both_forms!(type_create_hindexed_block, type_create_hindexed_block_c =>
    hindexed_block(count: i64, blocklength: i64, displacements: Ints, oldtype: TypeId));
both_forms!(type_create_struct, type_create_struct_c =>
    structure(count: i64, blocklengths: Ints, displacements: Ints, types: crate::Handles<TypeId>));
both_forms!(type_create_resized, type_create_resized_c => resized(oldtype: TypeId, lb: i64, extent: i64));

/// Registers a new type, or says that it is too large.
pub(super) fn register(e: Eng, layout: Option<Rc<Layout>>, recipe: Recipe) -> Result<TypeId> {
    let layout = layout.ok_or_else(too_large)?;
    Ok(e.types.insert(Datatype::derived(layout, recipe)))
}

#[cold]
pub(super) fn too_large() -> Error {
    let text = "the datatype's size or bounds exceed 2^63 - 1 bytes";
    Error::new(crate::constants::class::VALUE_TOO_LARGE, text)
}

pub(super) fn check_count(count: i64) -> Result<u64> {
    match u64::try_from(count) {
        Ok(n) => Ok(n),
        Err(_) => fail!(COUNT, "count is {count}, expected 0 or more"),
    }
}

pub(super) fn check_length(what: &str, value: i64) -> Result<u64> {
    match u64::try_from(value) {
        Ok(n) => Ok(n),
        Err(_) => fail!(ARG, "{what} is {value}, expected 0 or more"),
    }
}

pub(super) fn check_array(what: &str, array: Ints, len: u64) -> Result<Vec<i64>> {
    if array.is_null() && len > 0 {
        fail!(ARG, "{what} is NULL, expected an array of {len} elements");
    }
    Ok(array.to_vec(len as usize))
}

fn check_lengths(array: Ints, count: u64) -> Result<Vec<i64>> {
    let lengths = check_array("array_of_blocklengths", array, count)?;
    for (i, &n) in lengths.iter().enumerate() {
        check_length(&format!("array_of_blocklengths[{i}]"), n)?;
    }
    Ok(lengths)
}

fn contiguous(e: Eng, large: bool, count: i64, oldtype: TypeId) -> Result<TypeId> {
    let n = check_count(count)?;
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::CONTIGUOUS, large).count(count).of(&old);
    register(e, Layout::contiguous(n, &old.layout), recipe)
}

fn blocks(count: u64, blocklength: u64, stride: i64, old: &Rc<Layout>) -> Option<Rc<Layout>> {
    Layout::repeat(count, stride, &Layout::contiguous(blocklength, old)?)
}

fn vector(e: Eng, large: bool, count: i64, blocklength: i64, stride: i64, oldtype: TypeId) -> Result<TypeId> {
    let (n, len) = (check_count(count)?, check_length("blocklength", blocklength)?);
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::VECTOR, large).counts(&[count, blocklength, stride]).of(&old);
    let step = stride.checked_mul(old.extent());
    register(e, step.and_then(|s| blocks(n, len, s, &old.layout)), recipe)
}

pub(super) fn hvector(
    e: Eng,
    large: bool,
    count: i64,
    blocklength: i64,
    stride: i64,
    oldtype: TypeId,
) -> Result<TypeId> {
    let (n, len) = (check_count(count)?, check_length("blocklength", blocklength)?);
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::HVECTOR, large).counts(&[count, blocklength]).aint(stride).of(&old);
    register(e, blocks(n, len, stride, &old.layout), recipe)
}

/// Blocks of one type; displacements in units of `unit` bytes.
fn fields(
    lengths: impl Iterator<Item = i64>,
    disps: &[i64],
    unit: i64,
    old: &Rc<Layout>,
) -> Option<Rc<Layout>> {
    let field = |(len, &at): (i64, &i64)| {
        Some(Field { disp: at.checked_mul(unit)?, len: len as u64, child: old.clone() })
    };
    Layout::fields(lengths.zip(disps).map(field).collect::<Option<Vec<_>>>()?)
}

fn indexed(
    e: Eng,
    large: bool,
    count: i64,
    blocklengths: Ints,
    displacements: Ints,
    oldtype: TypeId,
) -> Result<TypeId> {
    let n = check_count(count)?;
    let lengths = check_lengths(blocklengths, n)?;
    let disps = check_array("array_of_displacements", displacements, n)?;
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::INDEXED, large).count(count).counts(&lengths).counts(&disps).of(&old);
    register(e, fields(lengths.iter().copied(), &disps, old.extent(), &old.layout), recipe)
}

pub(super) fn hindexed(
    e: Eng,
    large: bool,
    count: i64,
    blocklengths: Ints,
    displacements: Ints,
    oldtype: TypeId,
) -> Result<TypeId> {
    let n = check_count(count)?;
    let lengths = check_lengths(blocklengths, n)?;
    let disps = check_array("array_of_displacements", displacements, n)?;
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::HINDEXED, large).count(count).counts(&lengths).aints(&disps).of(&old);
    register(e, fields(lengths.iter().copied(), &disps, 1, &old.layout), recipe)
}

fn indexed_block(
    e: Eng,
    large: bool,
    count: i64,
    blocklength: i64,
    displacements: Ints,
    oldtype: TypeId,
) -> Result<TypeId> {
    let n = check_count(count)?;
    check_length("blocklength", blocklength)?;
    let disps = check_array("array_of_displacements", displacements, n)?;
    let old = e.types.get(oldtype)?;
    let recipe =
        Recipe::new(combiner::INDEXED_BLOCK, large).counts(&[count, blocklength]).counts(&disps).of(&old);
    register(e, fields(std::iter::repeat(blocklength), &disps, old.extent(), &old.layout), recipe)
}

fn hindexed_block(
    e: Eng,
    large: bool,
    count: i64,
    blocklength: i64,
    displacements: Ints,
    oldtype: TypeId,
) -> Result<TypeId> {
    let n = check_count(count)?;
    check_length("blocklength", blocklength)?;
    let disps = check_array("array_of_displacements", displacements, n)?;
    let old = e.types.get(oldtype)?;
    let recipe =
        Recipe::new(combiner::HINDEXED_BLOCK, large).counts(&[count, blocklength]).aints(&disps).of(&old);
    register(e, fields(std::iter::repeat(blocklength), &disps, 1, &old.layout), recipe)
}

pub(super) fn structure(
    e: Eng,
    large: bool,
    count: i64,
    blocklengths: Ints,
    displacements: Ints,
    types: crate::Handles<TypeId>,
) -> Result<TypeId> {
    let n = check_count(count)?;
    let lengths = check_lengths(blocklengths, n)?;
    let disps = check_array("array_of_displacements", displacements, n)?;
    if types.is_null() && n > 0 {
        fail!(ARG, "array_of_types is NULL, expected an array of {n} datatypes");
    }
    let types = (0..n as usize).map(|i| e.types.get(types.get(i))).collect::<Result<Vec<_>>>()?;
    let mut recipe = Recipe::new(combiner::STRUCT, large).count(count).counts(&lengths).aints(&disps);
    let mut fields = Vec::with_capacity(types.len());
    for (i, t) in types.iter().enumerate() {
        recipe = recipe.of(t);
        fields.push(Field { disp: disps[i], len: lengths[i] as u64, child: t.layout.clone() });
    }
    register(e, Layout::fields(fields), recipe)
}

fn resized(e: Eng, large: bool, oldtype: TypeId, lb: i64, extent: i64) -> Result<TypeId> {
    let old = e.types.get(oldtype)?;
    let recipe = Recipe::new(combiner::RESIZED, large).aints(&[lb, extent]).of(&old);
    register(e, Layout::resized(lb, extent, &old.layout), recipe)
}

pub fn type_dup(e: Eng, oldtype: TypeId) -> Result<TypeId> {
    let old = e.types.get(oldtype)?;
    let mut new = Datatype::derived(old.layout.clone(), Recipe::new(combiner::DUP, false).of(&old));
    new.committed.set(old.committed());
    new.basic = old.basic;
    old.attrs.copy_to(Owner::new(AttrOn::Type, oldtype), &new.attrs)?;
    Ok(e.types.insert(new))
}

pub fn type_commit(e: Eng, datatype: &mut TypeId) -> Result {
    let dt = e.types.get(*datatype)?;
    dt.layout.program();
    dt.committed.set(true);
    Ok(())
}

pub fn type_free(e: Eng, datatype: &mut TypeId) -> Result {
    let dt = e.types.get(*datatype)?;
    if dt.is_permanent() {
        fail!(TYPE, "{} is predefined and cannot be freed", dt.describe());
    }
    if dt.handles.get() == 1 {
        dt.attrs.delete_all(Owner::new(AttrOn::Type, *datatype))?;
    }
    dt.handles.set(dt.handles.get() - 1);
    e.types.remove(*datatype)?;
    *datatype = TypeId::NULL;
    Ok(())
}
