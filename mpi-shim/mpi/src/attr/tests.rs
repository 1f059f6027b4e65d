//! Attributes without a program: the callbacks are the NULL and DUP functions.

use super::*;
use crate::constants::keyval;
use crate::{CommId, Engine, comm};

fn engine() -> Eng {
    let e: Eng = Box::leak(Box::new(Engine::default()));
    comm::set_up(e, 1, 4).unwrap();
    e
}

fn function(func: usize) -> UserFn {
    UserFn { func, large: false, fortran: false }
}

const WORLD: CommId = CommId(257);

#[test]
fn values_are_set_replaced_and_deleted() {
    let e = engine();
    let key = comm_create_keyval(e, function(UserFn::NULL), function(UserFn::NULL), 0).unwrap();
    assert_eq!(comm_get_attr(e, WORLD, key).unwrap(), (0, false));
    comm_set_attr(e, WORLD, key, 7).unwrap();
    comm_set_attr(e, WORLD, key, 8).unwrap();
    assert_eq!(comm_get_attr(e, WORLD, key).unwrap(), (8, true));
    comm_delete_attr(e, WORLD, key).unwrap();
    assert_eq!(comm_get_attr(e, WORLD, key).unwrap(), (0, false));
    assert!(comm_delete_attr(e, WORLD, key).is_err());
}

#[test]
fn a_freed_keyval_serves_the_attributes_that_use_it() {
    let e = engine();
    let key = comm_create_keyval(e, function(UserFn::DUP), function(UserFn::NULL), 0).unwrap();
    comm_set_attr(e, WORLD, key, 5).unwrap();
    let mut handle = key;
    comm_free_keyval(e, &mut handle).unwrap();
    assert_eq!(handle, crate::constants::KEYVAL_INVALID);
    assert_eq!(comm_get_attr(e, WORLD, key).unwrap(), (5, true));
    comm_delete_attr(e, WORLD, key).unwrap();
    assert_eq!(comm_set_attr(e, WORLD, key, 5).unwrap_err().code(), class::KEYVAL);
    assert_eq!(comm_free_keyval(e, &mut handle).unwrap_err().code(), class::KEYVAL);
}

#[test]
fn only_the_dup_function_copies() {
    let e = engine();
    let on = Owner::new(AttrOn::Comm, WORLD);
    let (from, to) = (AttrSet::default(), AttrSet::default());
    let dup = comm_create_keyval(e, function(UserFn::DUP), function(UserFn::NULL), 0).unwrap();
    let null = comm_create_keyval(e, function(UserFn::NULL), function(UserFn::NULL), 0).unwrap();
    from.set(e, on, dup, 1).unwrap();
    from.set(e, on, null, 2).unwrap();
    from.copy_to(on, &to).unwrap();
    assert_eq!(to.get(e, AttrOn::Comm, dup).unwrap(), Some(1));
    assert_eq!(to.get(e, AttrOn::Comm, null).unwrap(), None);
}

#[test]
fn keyvals_are_for_one_kind_of_object() {
    let e = engine();
    let key = type_create_keyval(e, function(UserFn::NULL), function(UserFn::NULL), 0).unwrap();
    assert_eq!(comm_set_attr(e, WORLD, key, 1).unwrap_err().code(), class::KEYVAL);
    assert_eq!(comm_set_attr(e, WORLD, keyval::TAG_UB, 1).unwrap_err().code(), class::KEYVAL);
}

#[test]
fn predefined_attributes_have_lasting_addresses() {
    let e = engine();
    let (address, found) = comm_get_attr(e, WORLD, keyval::TAG_UB).unwrap();
    assert!(found && address != 0);
    assert_eq!(predefined_value(e, keyval::TAG_UB), Some(crate::constants::TAG_UB));
    assert_eq!(comm_get_attr(e, WORLD, keyval::APPNUM).unwrap(), (0, false));
    let code = crate::errhandler::add_error_class(e).unwrap();
    assert_eq!(predefined_value(e, keyval::LASTUSEDCODE), Some(code));
}
