//! Each library exports everything that the libraries it stands for export; data objects have their exact sizes.
//!
//! A missing symbol ends a program that binds early before `main`; a data object of another size breaks the copy that an
//! executable makes of it.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use vmi_c_tests::root;
use vmi_c_tests::stage::Stage;

/// Exported symbols of a library with their sizes.
fn exported(library: &str) -> HashMap<String, u64> {
    let file = Stage::get().lib().join(library);
    let output =
        Command::new("nm").args(["-D", "-S", "--defined-only"]).arg(&file).output().expect("nm runs");
    assert!(output.status.success(), "nm {}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("symbols are ASCII");
    text.lines().filter_map(symbol).collect()
}

/// `address size kind name`.
fn symbol(line: &str) -> Option<(String, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let size = u64::from_str_radix(fields.get(1)?, 16).ok()?;
    Some((fields.get(3)?.to_string(), size))
}

/// What is missing or has the wrong size.
fn complaints(facts: &str, exported: &HashMap<String, u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut need = |name: String, size: Option<u64>| match exported.get(&name) {
        None => wrong.push(format!("{name} is missing")),
        Some(&ours) if size.is_some_and(|size| size != ours) => {
            wrong.push(format!("{name} has {ours} bytes, expected {}", size.unwrap_or(0)));
        }
        Some(_) => {}
    };
    for line in facts.lines().filter(|line| !line.starts_with('#')) {
        match *line.split(' ').collect::<Vec<_>>() {
            ["both", name] => {
                need(name.to_string(), None);
                need(format!("P{name}"), None);
            }
            ["func", name] => need(name.to_string(), None),
            ["data", name, size] => need(name.to_string(), size.parse().ok()),
            _ => panic!("{line:?} is no fact"),
        }
    }
    wrong
}

fn check(library: &str, abi: &str) {
    let file = root().join("mpi-shim").join(abi).join("peer-symbols.txt");
    let facts = fs::read_to_string(&file).expect("the facts are in the repository");
    let wrong = complaints(&facts, &exported(library));
    assert!(wrong.is_empty(), "{library}:\n{}", wrong.join("\n"));
}

#[test]
fn standard_abi_exports_what_its_peers_export() {
    check("libmpi_abi.so.1", "abi-std");
}

#[test]
fn mpich_abi_exports_what_its_peers_export() {
    check("libmpi.so.12", "abi-mpich");
}

#[test]
fn open_mpi_abi_exports_what_its_peers_export() {
    check("libmpi.so.40", "abi-ompi");
}

#[test]
fn libraries_are_named_as_programs_ask_for_them() {
    for name in ["libmpi_abi.so.1", "libmpi.so.12", "libmpi.so.40"] {
        let file = Stage::get().lib().join(name);
        let output = Command::new("readelf").arg("-d").arg(&file).output().expect("readelf runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&format!("[{name}]")), "{} has another SONAME", file.display());
    }
}

#[test]
fn only_names_of_mpi_are_exported() {
    let ours = ["MPI", "PMPI", "ompi_", "OMPI_", "mpi_", "rust_eh_personality"];
    for library in ["libmpi_abi.so.1", "libmpi.so.12", "libmpi.so.40"] {
        for name in exported(library).keys() {
            assert!(ours.iter().any(|prefix| name.starts_with(prefix)), "{library} exports {name}");
        }
    }
}
