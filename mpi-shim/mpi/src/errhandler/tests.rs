//! Codes and texts.

use super::*;

#[test]
fn a_code_finds_its_own_text_until_the_ring_wraps() {
    let codes = Codes::default();
    let first = codes.remember(class::RANK, "MPI_Send: dest is 9");
    assert_eq!(number_of(first), class::RANK);
    assert_eq!(codes.class_of(first).unwrap(), class::RANK);
    assert_eq!(codes.text(first).unwrap(), "MPI_Send: dest is 9");
    for i in 0..300 {
        codes.remember(class::TAG, &format!("error {i}"));
    }
    assert!(codes.text(first).unwrap().starts_with("MPI_ERR_RANK"));
}

#[test]
fn slots_wrap_without_touching_the_sign() {
    let codes = Codes::default();
    for _ in 0..70_000 {
        assert!(codes.remember(class::RANK, "x") > 0);
    }
}

#[test]
fn every_class_has_a_text() {
    let codes = Codes::default();
    for c in 0..=class::ABI {
        assert_eq!(codes.class_of(c).unwrap(), c);
        assert!(codes.text(c).is_some());
    }
    assert!(codes.class_of(class::ABI + 1).is_err());
    assert!(codes.text(-1).is_none());
}

#[test]
fn user_classes_and_codes_come_and_go() {
    let codes = Codes::default();
    let mine = codes.add_class().unwrap();
    let code = codes.add_code(mine).unwrap();
    assert!(mine > class::LASTCODE && code > mine);
    assert_eq!(codes.last_used(), code);
    assert_eq!(codes.class_of(code).unwrap(), mine);
    codes.set_text(code, Some("mine")).unwrap();
    assert_eq!(codes.text(code).unwrap(), "mine");
    assert_eq!(codes.text(mine).unwrap(), "");
    assert!(codes.remove_class(mine).is_err());
    assert!(codes.add_code(code).is_err());
    assert!(codes.remove_code(code).is_err());
    codes.set_text(code, None).unwrap();
    codes.remove_code(code).unwrap();
    codes.remove_class(mine).unwrap();
    assert!(codes.class_of(code).is_err());
    assert_eq!(codes.last_used(), class::LASTCODE);
    assert!(codes.set_text(class::RANK, Some("no")).is_err());
}
