//! Single functions: predefined types, envelopes, bounds of old, external32, errors.

use super::*;
use crate::constants::{class, combiner, typeclass};
use crate::datatype::*;
use crate::{Handles, Ints, UserBuf};

fn shape(e: Eng, id: u32) -> (i64, i64) {
    let id = TypeId(id);
    (type_size(e, id).unwrap(), type_get_extent(e, id).unwrap().1)
}

#[test]
fn predefined_types_have_the_sizes_of_c() {
    let e = engine();
    assert_eq!(shape(e, 521), (4, 4));
    assert_eq!(shape(e, 544), (16, 16));
    assert_eq!(shape(e, 552), (8, 8), "MPI_FLOAT_INT");
    assert_eq!(shape(e, 553), (12, 16), "MPI_DOUBLE_INT");
    assert_eq!(shape(e, 554), (12, 16), "MPI_LONG_INT");
    assert_eq!(shape(e, 556), (6, 8), "MPI_SHORT_INT");
    assert_eq!(shape(e, 557), (20, 32), "MPI_LONG_DOUBLE_INT");
    assert_eq!(shape(e, 747), (32, 32), "MPI_COMPLEX32");
    assert_eq!(shape(e, 900), (16, 16), "MPI_2COMPLEX");
}

#[test]
fn predefined_types_are_committed_named_and_permanent() {
    let e = engine();
    let dt = e.types.get(INT).unwrap();
    assert!(dt.committed() && dt.is_contiguous());
    assert_eq!(dt.describe(), "MPI_INT");
    assert_eq!(type_free(e, &mut INT.clone()).unwrap_err().code(), class::TYPE);
    assert_eq!(e.types.get(TypeId::NULL).err().map(|x| x.code()), Some(class::TYPE));
}

#[test]
fn freed_types_live_on_in_types_made_of_them() {
    let e = engine();
    let mut vector = type_vector(e, 2, 1, 2, INT).unwrap();
    let of_it = type_contiguous(e, 3, vector).unwrap();
    type_free(e, &mut vector).unwrap();
    assert_eq!(vector, TypeId::NULL);
    assert_eq!(type_size(e, of_it).unwrap(), 24);
    let mut ids = [0];
    let none = Ints::of(&mut []);
    let mut count = [0];
    type_get_contents(e, of_it, 1, 0, 1, Ints::of(&mut count), none, Handles::of(&mut ids)).unwrap();
    assert_eq!(count, [3]);
    assert_eq!(type_get_envelope(e, TypeId(ids[0])).unwrap(), (3, 0, 1, combiner::VECTOR));
}

#[test]
fn envelopes_tell_the_form_of_the_constructor() {
    let e = engine();
    let (mut lens, mut disps) = ([1, 2], [0, 16]);
    let (l, d) = (Ints::of(&mut lens), Ints::of(&mut disps));
    let small = type_create_hindexed(e, 2, l, d, INT).unwrap();
    let large = type_create_hindexed_c(e, 2, l, d, INT).unwrap();
    assert_eq!(type_get_envelope(e, small).unwrap(), (3, 2, 1, combiner::HINDEXED));
    assert_eq!(type_get_envelope_c(e, small).unwrap(), (3, 2, 0, 1, combiner::HINDEXED));
    assert_eq!(type_get_envelope_c(e, large).unwrap(), (0, 0, 5, 1, combiner::HINDEXED));
    assert_eq!(type_get_envelope(e, large).unwrap_err().code(), class::TYPE);
    let (mut counts, mut ids) = ([0; 5], [0]);
    let none = Ints::of(&mut []);
    type_get_contents_c(e, large, 0, 0, 5, 1, none, none, Ints::of(&mut counts), Handles::of(&mut ids))
        .unwrap();
    assert_eq!((counts, ids), ([2, 1, 2, 0, 16], [521]));
    let refused = type_get_contents(e, small, 3, 1, 1, none, none, Handles::of(&mut ids));
    assert_eq!(refused.unwrap_err().text(), "max_addresses is 1, expected at least 2");
}

#[test]
fn old_markers_set_the_bounds() {
    let e = engine();
    let (mut lens, mut disps, mut ids) = ([1, 1, 1], [-3, 0, 6], [905, 521, 906]);
    let id = type_struct(e, 3, Ints::of(&mut lens), Ints::of(&mut disps), Handles::of(&mut ids)).unwrap();
    let bounds = |id| (type_lb(e, id).unwrap(), type_ub(e, id).unwrap(), type_extent(e, id).unwrap());
    assert_eq!(bounds(id), (-3, 6, 9));
    assert_eq!(type_get_true_extent(e, id).unwrap(), (0, 4));
    let two = type_contiguous(e, 2, id).unwrap();
    assert_eq!(bounds(two), (-3, 15, 18));
}

#[test]
fn sizes_beyond_64_bits_are_refused() {
    let e = engine();
    let big = type_contiguous_c(e, 1 << 40, DOUBLE).unwrap();
    assert_eq!(type_size(e, big).unwrap(), 8 << 40);
    assert_eq!(type_contiguous_c(e, 1 << 40, big).unwrap_err().code(), class::VALUE_TOO_LARGE);
    assert_eq!(type_vector(e, 2, 1, i64::MAX, big).unwrap_err().code(), class::VALUE_TOO_LARGE);
    assert_eq!(type_contiguous(e, -1, INT).unwrap_err().text(), "count is -1, expected 0 or more");
}

#[test]
fn regular_types_compile_to_one_loop() {
    let e = engine();
    let program = |id| format!("{:?}", e.types.get(id).unwrap().layout().program());
    let mut disps = [0, 4, 8, 12];
    let indexed = type_create_indexed_block(e, 4, 2, Ints::of(&mut disps), INT).unwrap();
    let vector = type_vector(e, 4, 2, 4, INT).unwrap();
    assert_eq!(program(indexed), program(vector));
    let dense = type_vector(e, 4, 3, 3, INT).unwrap();
    assert!(e.types.get(dense).unwrap().is_contiguous());
    let row = type_vector(e, 5, 1, 2, DOUBLE).unwrap();
    let padded = type_create_resized(e, row, 0, 80).unwrap();
    let plane = type_contiguous(e, 7, padded).unwrap();
    assert_eq!(program(plane), program(type_vector(e, 35, 1, 2, DOUBLE).unwrap()));
}

#[test]
fn types_by_size_precision_and_index() {
    let e = engine();
    assert_eq!(type_match_size(e, typeclass::REAL, 8).unwrap(), TypeId(730));
    assert!(type_match_size(e, typeclass::REAL, 3).is_err());
    let real = type_create_f90_real(e, 15, crate::constants::UNDEFINED).unwrap();
    assert_eq!(type_size(e, real).unwrap(), 8);
    assert_eq!(type_create_f90_real(e, 15, crate::constants::UNDEFINED).unwrap(), real, "the same handle");
    assert_eq!(type_get_envelope(e, real).unwrap(), (2, 0, 0, combiner::F90_REAL));
    assert!(type_create_f90_integer(e, 39).is_err());
    assert_eq!(type_get_value_index(e, DOUBLE, INT).unwrap(), TypeId(553));
    assert_eq!(type_get_value_index(e, TypeId(530), INT).unwrap(), TypeId::NULL);
}

#[test]
fn external32_is_big_endian_with_its_own_sizes() {
    let e = engine();
    assert_eq!(pack_external_size(e, "external32", 3, TypeId(522)).unwrap(), 12, "MPI_LONG has 4 bytes");
    let mut values = [1i64, -2, 3];
    let mut out = [0u8; 16];
    let (from, to) = (UserBuf::of_slice(&mut values), UserBuf::of(&mut out));
    let mut position = 2;
    pack_external(e, "external32", from, 3, TypeId(522), to, 16, &mut position).unwrap();
    assert_eq!(position, 14);
    assert_eq!(out, [0, 0, 0, 0, 0, 1, 255, 255, 255, 254, 0, 0, 0, 3, 0, 0]);
    let mut back = [0i64; 3];
    position = 2;
    let to = UserBuf::of_slice(&mut back);
    unpack_external(e, "external32", UserBuf::of(&mut out), 16, &mut position, to, 3, TypeId(522)).unwrap();
    assert_eq!(back, values);
    values[0] = 1 << 40;
    let from = UserBuf::of_slice(&mut values);
    let cut = pack_external(e, "external32", from, 3, TypeId(522), UserBuf::of(&mut out), 16, &mut 0);
    assert_eq!(cut.unwrap_err().code(), class::CONVERSION);
}

#[test]
fn long_double_travels_as_ieee_quad() {
    let e = engine();
    let long_double = TypeId(544);
    // 0.1L as x87 stores it.
    let mut value = [0x3ffb_cccc_cccc_cccc_cccd_u128];
    let mut out = [0u8; 16];
    let from = UserBuf::of_slice(&mut value);
    pack_external(e, "external32", from, 1, long_double, UserBuf::of(&mut out), 16, &mut 0).unwrap();
    assert_eq!(out[..10], [0x3f, 0xfb, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]);
    let mut back = [0u128];
    let to = UserBuf::of_slice(&mut back);
    unpack_external(e, "external32", UserBuf::of(&mut out), 16, &mut 0, to, 1, long_double).unwrap();
    assert_eq!(back, value);
}
