//! Predefined types without a name of their own: by Fortran precision and range; and the
//! look-up of types by size, or by value and index.
//!
//! Equal arguments give the same handle, which is never freed (MPI-5.0 §19.1.9).

use super::Datatype;
use super::basic::{Basic, Family, LONG_DOUBLE, Num};
use super::predefined::layout_of;
use super::recipe::Recipe;
use crate::constants::{UNDEFINED, combiner, typeclass};
use crate::{Eng, Result, TypeId, fail};
use std::cell::RefCell;
use std::collections::HashMap;

/// The unnamed types made so far, by combiner and two arguments.
#[derive(Default)]
pub struct Unnamed(RefCell<HashMap<(i32, i64, i64), TypeId>>);

impl Unnamed {
    fn get_or_make(e: Eng, key: (i32, i64, i64), make: impl FnOnce() -> Datatype) -> TypeId {
        if let Some(&id) = e.unnamed_types.0.borrow().get(&key) {
            return id;
        }
        let id = e.types.insert(make());
        if let Some(dt) = e.types.find(id) {
            dt.permanent.set(Some(id));
        }
        e.unnamed_types.0.borrow_mut().insert(key, id);
        id
    }
}

fn unnamed(basic: Basic, recipe: Recipe) -> Datatype {
    let mut dt = Datatype::derived(layout_of(basic), recipe);
    dt.committed.set(true);
    dt.basic = Some(basic);
    dt
}

/// Decimal digits and decimal exponent that each kind of REAL has at least.
const REALS: [(i32, i32, Num); 4] =
    [(6, 37, Num::F32), (15, 307, Num::F64), (18, 4931, LONG_DOUBLE), (33, 4931, Num::F128)];

/// Decimal digits that each kind of INTEGER has at least.
const INTEGERS: [(i32, Num); 5] =
    [(2, Num::I8), (4, Num::I16), (9, Num::I32), (18, Num::I64), (38, Num::I128)];

fn real_kind(p: i32, r: i32) -> Result<Num> {
    if p == UNDEFINED && r == UNDEFINED {
        fail!(ARG, "p and r are both MPI_UNDEFINED, expected at most one of them to be");
    }
    // MPI_UNDEFINED is negative: every kind is precise enough then.
    match REALS.iter().find(|k| p <= k.0 && r <= k.1) {
        Some(kind) => Ok(kind.2),
        None => fail!(ARG, "no real type has {p} decimal digits and a decimal exponent range of {r}"),
    }
}

pub fn type_create_f90_real(e: Eng, p: i32, r: i32) -> Result<TypeId> {
    let basic = Basic::one(real_kind(p, r)?, Family::Floating);
    Ok(made(e, combiner::F90_REAL, p, r, basic))
}

pub fn type_create_f90_complex(e: Eng, p: i32, r: i32) -> Result<TypeId> {
    let basic = Basic::complex(real_kind(p, r)?);
    Ok(made(e, combiner::F90_COMPLEX, p, r, basic))
}

fn made(e: Eng, combiner: i32, p: i32, r: i32, basic: Basic) -> TypeId {
    let recipe = || Recipe::new(combiner, false).ints(&[p.into(), r.into()]);
    Unnamed::get_or_make(e, (combiner, p.into(), r.into()), || unnamed(basic, recipe()))
}

pub fn type_create_f90_integer(e: Eng, r: i32) -> Result<TypeId> {
    let Some(kind) = INTEGERS.iter().find(|k| r <= k.0) else {
        fail!(ARG, "no integer type has a decimal exponent range of {r}");
    };
    let basic = Basic::one(kind.1, Family::Integer);
    let recipe = || Recipe::new(combiner::F90_INTEGER, false).int(r.into());
    Ok(Unnamed::get_or_make(e, (combiner::F90_INTEGER, r.into(), 0), || unnamed(basic, recipe())))
}

pub fn type_match_size(_e: Eng, typeclass: i32, size: i32) -> Result<TypeId> {
    let id = match (typeclass, size) {
        (typeclass::REAL, 2) => 714,
        (typeclass::REAL, 4) => 722,
        (typeclass::REAL, 8) => 730,
        (typeclass::REAL, 16) if LONG_DOUBLE.size() == 16 => 544,
        (typeclass::REAL, 16) => 738,
        (typeclass::COMPLEX, 4) => 723,
        (typeclass::COMPLEX, 8) => 731,
        (typeclass::COMPLEX, 16) => 739,
        (typeclass::COMPLEX, 32) => 548,
        (typeclass::INTEGER, 1) => 705,
        (typeclass::INTEGER, 2) => 713,
        (typeclass::INTEGER, 4) => 721,
        (typeclass::INTEGER, 8) => 729,
        (typeclass::INTEGER, 16) => 737,
        (typeclass::REAL | typeclass::COMPLEX | typeclass::INTEGER, _) => {
            fail!(ARG, "size is {size}: no type of this class has that many bytes")
        }
        _ => fail!(ARG, "typeclass is {typeclass}, expected MPI_TYPECLASS_INTEGER, REAL or COMPLEX"),
    };
    Ok(TypeId(id))
}

/// Named pair types: value, index, pair.
const NAMED_PAIRS: [(u32, u32, u32); 9] = [
    (528, 521, 552),
    (532, 521, 553),
    (522, 521, 554),
    (521, 521, 555),
    (520, 521, 556),
    (544, 521, 557),
    (538, 538, 560),
    (540, 540, 561),
    (537, 537, 562),
];

/// The type of a (value, index) pair, or `MPI_DATATYPE_NULL` when there is none (MPI-5.0 §6.9.4). Only pairs with
/// names exist: programs written for other MPI libraries expect no more.
pub fn type_get_value_index(e: Eng, value_type: TypeId, index_type: TypeId) -> Result<TypeId> {
    e.types.get(value_type)?;
    e.types.get(index_type)?;
    let row = NAMED_PAIRS.iter().find(|row| (row.0, row.1) == (value_type.0, index_type.0));
    Ok(row.map_or(TypeId::NULL, |row| TypeId(row.2)))
}
