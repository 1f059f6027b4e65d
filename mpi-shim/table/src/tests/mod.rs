//! The table is well formed: sorted within chapters, no name twice, values of constants unambiguous.

mod header;
mod status;

use crate::constants::*;
use crate::rows;
use std::collections::HashSet;

#[test]
fn rows_are_sorted_within_a_chapter() {
    for (chapter, list) in rows::CHAPTERS {
        for pair in list.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "{chapter}: {} must come after {}",
                pair[0].name,
                pair[1].name
            );
        }
    }
}

#[test]
fn no_function_has_two_rows() {
    let mut seen = HashSet::new();
    for f in rows::all() {
        assert!(seen.insert(f.name.to_string()), "{} twice", f.name);
        if f.large {
            assert!(seen.insert(format!("{}_c", f.name)), "{}_c twice", f.name);
        }
    }
    assert!(seen.len() > 780, "only {} functions", seen.len());
}

#[test]
fn stubs_have_no_path_and_others_have_one() {
    for f in rows::all() {
        assert_eq!(f.path.is_empty(), !f.is_done(), "{}", f.name);
    }
}

fn distinct(what: &str, values: impl Iterator<Item = Option<i64>>) {
    let mut seen = HashSet::new();
    for v in values.flatten() {
        assert!(seen.insert(v), "{what}: value {v} twice");
    }
}

#[test]
fn translated_constants_are_unambiguous() {
    for (what, rows) in [
        ("error classes", ERROR_CLASSES),
        ("keyvals", KEYVALS),
        ("thread levels", THREAD_LEVELS),
        ("combiners", COMBINERS),
        ("split types", SPLIT_TYPES),
        ("distributions", DISTRIBUTIONS),
    ] {
        distinct(what, rows.iter().map(|r| r.std.map(i64::from)));
        distinct(what, rows.iter().map(|r| r.mpich.map(i64::from)));
        distinct(what, rows.iter().map(|r| r.ompi.map(i64::from)));
    }
}

#[test]
fn handles_of_one_kind_are_distinct() {
    for rows in [COMMS, GROUPS, INFOS, ERRHANDLERS, OPS] {
        distinct("handle", rows.iter().map(|r| r.mpich.map(i64::from)));
        distinct("handle", rows.iter().map(|r| Some(i64::from(r.id))));
    }
    for r in TYPES {
        assert!(r.id < 1024, "{} is no predefined id", r.name);
    }
}
