//! The rules of the house, checked on the files git knows: who may use whom, where `unsafe` may be, sizes, tables.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use vmi_c_tests::root;

/// Tracked and new files that git does not ignore, relative to the root.
fn files(ending: &str) -> Vec<String> {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "this is no git checkout");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let exists = |name: &&str| name.ends_with(ending) && root().join(name).is_file();
    text.lines().filter(exists).map(String::from).collect()
}

fn read(name: &str) -> String {
    String::from_utf8_lossy(&fs::read(root().join(name)).expect("git names existing files")).into_owned()
}

/// The lines that are code: no comments, and nothing from `mod tests` on in files that end with their tests.
fn code_lines(name: &str) -> Vec<(usize, String)> {
    let text = read(name);
    let lines = text.lines().enumerate();
    let lines = lines.take_while(|(_, line)| line.trim() != "mod tests {").map(|(at, line)| (at + 1, line));
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at, line.to_string()))
        .collect()
}

fn is_test(name: &str) -> bool {
    name.contains("/tests") || name.ends_with("tests.rs")
}

/// Complains about every found line at once.
fn none(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// Places of code lines of files for which `wrong` gives a reason.
fn search(names: &[String], wrong: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        for (at, line) in code_lines(name) {
            if wrong(name, &line) {
                found.push(format!("{name}:{at}: {}", line.trim()));
            }
        }
    }
    found
}

/// The layers of package `vmi`, top to bottom; a module may name those below it and itself.
///
/// `core::buffer` is vocabulary, a view of memory without a thought of its own: everybody may name it.
const LAYERS: [&[&str]; 5] =
    [&["bin"], &["launch", "manage"], &["core", "devices", "job"], &["shm"], &["sync", "sys"]];

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn arrows_go_down_only() {
    let names: Vec<String> =
        files(".rs").into_iter().filter(|name| name.starts_with("src/") && !is_test(name)).collect();
    let found = search(&names, |name, line| {
        let from = name.trim_start_matches("src/").split(['/', '.']).next().and_then(layer_of);
        let line = line.replace("crate::core::buffer", "");
        let used = line.split("crate::").skip(1).filter_map(|rest| {
            layer_of(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
        });
        from.is_some_and(|from| used.into_iter().any(|to| to < from))
    });
    none(found, "a module names one above it");
}

#[test]
fn a_device_names_no_other_device() {
    let names: Vec<String> =
        files(".rs").into_iter().filter(|name| name.starts_with("src/devices/") && !is_test(name)).collect();
    let device = |name: &str| {
        name.trim_start_matches("src/devices/").split(['/', '.']).next().unwrap_or("").to_string()
    };
    let all: BTreeSet<String> = names.iter().map(|name| device(name)).filter(|name| name != "mod").collect();
    let found = search(&names, |name, line| {
        let mine = device(name);
        mine != "mod" && all.iter().any(|other| *other != mine && line.contains(&format!("devices::{other}")))
    });
    none(found, "a device names another device");
}

/// Packages that make a shared library.
const LEAVES: [&str; 5] =
    ["mpi-shim/abi-std/", "mpi-shim/abi-mpich/", "mpi-shim/abi-ompi/", "mpi-shim/fortran/", "src/capi/"];

/// Emitters: macros that write exported functions for the leaves.
const EMITTERS: [&str; 1] = ["mpi-shim/kit/"];

/// Vocabulary that all filters share.
const FILTER_WORDS: [&str; 5] = ["bytes", "classes", "options", "mod", "tests"];

#[test]
fn a_filter_names_no_other_filter() {
    let names: Vec<String> = files(".rs")
        .into_iter()
        .filter(|name| name.starts_with("src/devices/filters/") && !is_test(name))
        .collect();
    let filter = |name: &str| {
        name.trim_start_matches("src/devices/filters/").split(['/', '.']).next().unwrap_or("").to_string()
    };
    let all: BTreeSet<String> =
        names.iter().map(|name| filter(name)).filter(|name| !FILTER_WORDS.contains(&name.as_str())).collect();
    let found = search(&names, |name, line| {
        let mine = filter(name);
        let others = |other: &&String| **other != mine && line.contains(&format!("super::{other}"));
        mine != "mod" && all.iter().any(|other| others(&other))
    });
    none(found, "a filter names another filter");
}

#[test]
fn symbols_are_exported_by_leaves_only() {
    let inside = |name: &String| !LEAVES.iter().chain(&EMITTERS).any(|leaf| name.starts_with(leaf));
    let names: Vec<String> =
        files(".rs").into_iter().filter(inside).filter(|name| !name.starts_with("c-tests/")).collect();
    let found = search(&names, |_, line| line.contains("no_mangle") || line.contains("export_name"));
    none(found, "an exported symbol outside a leaf package would appear in every library");
}

#[test]
fn nothing_inside_calls_an_exported_function() {
    let names: Vec<String> =
        files(".rs").into_iter().filter(|name| !name.starts_with("c-tests/") && !is_test(name)).collect();
    let names: Vec<String> =
        names.into_iter().filter(|name| !LEAVES.iter().any(|leaf| name.starts_with(leaf))).collect();
    let found = search(&names, |_, line| {
        ["MPI_", "PMPI_", "VMI_"].iter().any(|prefix| {
            line.match_indices(prefix).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let rest = &line[at..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let quoted = line[..at].matches('"').count() % 2 == 1 || line[..at].contains('`');
                let function = rest[end..].starts_with('(') && rest[..end].chars().any(char::is_lowercase);
                function
                    && !quoted
                    && !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                    && !line.contains("fn MPI_")
            })
        })
    });
    none(found, "a call of an exported function from inside");
}

/// Folders and files that may hold `unsafe`, each with a reason in its module documentation.
const UNSAFE: [&str; 13] = [
    "src/core/buffer.rs",
    "src/core/buffer/",
    "src/shm/",
    "src/sys/",
    "src/sync/",
    "src/capi/",
    "src/devices/plugin/",
    "mpi-shim/args/",
    "mpi-shim/kit/",
    "mpi-shim/abi-std/",
    "mpi-shim/abi-mpich/",
    "mpi-shim/abi-ompi/",
    "mpi-shim/fortran/",
];

#[test]
fn unsafe_is_where_the_list_says() {
    let names: Vec<String> = files(".rs")
        .into_iter()
        .filter(|name| !is_test(name) && !name.contains("/examples/") && !name.starts_with("c-tests/"))
        .collect();
    let found = search(&names, |name, line| {
        let word = line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl");
        word && !UNSAFE.iter().any(|place| name.starts_with(place))
    });
    none(found, "unsafe outside the list");
    let engine = read("mpi-shim/mpi/src/lib.rs");
    assert!(engine.contains("#![forbid(unsafe_code)]"), "the MPI layer forbids unsafe");
}

/// Every use of `unsafe` in the library says why it is sound.
#[test]
fn unsafe_blocks_are_explained() {
    for name in files(".rs").iter().filter(|name| !is_test(name)) {
        let text = read(name);
        let blocks = text
            .lines()
            .filter(|line| line.contains("unsafe {") && !line.trim_start().starts_with("//"))
            .count();
        let reasons = text.matches("SAFETY").count();
        assert!(blocks == 0 || reasons > 0, "{name}: {blocks} unsafe blocks and no SAFETY comment");
    }
}

/// Long files that are tables: rows, not code.
const TABLES: [&str; 3] = ["mpi-shim/table/", "include/", "Cargo.lock"];

#[test]
fn files_are_short() {
    let sources = [".rs", ".c", ".h"].iter().flat_map(|ending| files(ending));
    let long = sources.filter(|name| !TABLES.iter().any(|table| name.starts_with(table)));
    let long: Vec<String> = long
        .map(|name| (read(&name).lines().count(), name))
        .filter(|(lines, _)| *lines > 800)
        .map(|(lines, name)| format!("{name}: {lines} lines"))
        .collect();
    none(long, "a file is one idea, at most 800 lines");
}

#[test]
fn modules_say_what_they_are() {
    let names = files(".rs").into_iter().filter(|name| name.contains("src/") && !is_test(name));
    let silent: Vec<String> = names.filter(|name| !read(name).trim_start().starts_with("//!")).collect();
    none(silent, "no module documentation at the top");
}

#[test]
fn table_rows_are_sorted() {
    for name in files(".rs").iter().filter(|name| name.starts_with("mpi-shim/table/src/functions/")) {
        if name.ends_with("mod.rs") {
            continue;
        }
        let rows: Vec<String> = read(name).lines().filter_map(row_name).collect();
        let mut seen = BTreeSet::new();
        for row in &rows {
            assert!(seen.insert(row.clone()), "{name}: {row} has two rows");
        }
    }
}

/// The MPI name of a table row.
fn row_name(line: &str) -> Option<String> {
    let line = line.trim();
    if !line.starts_with("done ") && !line.starts_with("stub ") {
        return None;
    }
    line.split('"').nth(1).map(String::from)
}

/// Paths of a developer's machine do not belong into the repository.
#[test]
fn no_machine_paths() {
    // Where this checkout lies, and where people's files usually do.
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|p| format!("{}/", p.display()));
    let mut places = ["home", "root", "Users"].map(|place| format!("/{place}/")).to_vec();
    places.extend(here);
    let mut found = Vec::new();
    for name in files("").iter().filter(|name| !name.ends_with("structure.rs")) {
        for (at, line) in read(name).lines().enumerate() {
            if places.iter().any(|place| line.contains(place.as_str())) {
                found.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    none(found, "a path of one machine");
}

/// The top level is what was agreed; new things find a place below it.
#[test]
fn the_top_level_is_small() {
    let wanted = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "include",
        "mpi-shim",
        "c-tests",
        "cmake",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "rustfmt.toml",
        "clippy.toml",
        "STATUS.md",
    ];
    let top: BTreeSet<String> =
        files("").iter().map(|name| name.split('/').next().unwrap_or("").to_string()).collect();
    let odd: Vec<String> =
        top.into_iter().filter(|name| !name.starts_with('.') && !wanted.contains(&name.as_str())).collect();
    none(odd, "not part of the top level");
}
