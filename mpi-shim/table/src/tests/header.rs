//! `include/mpi.h` says what the table says: the same functions with the same parameters, the same constants.

use crate::constants::*;
use crate::rows::{self, Function};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

fn header() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/mpi.h");
    fs::read_to_string(file).expect("the header is in the repository")
}

/// Declared functions: name → (result, parameters), spaces made uniform.
fn declarations(text: &str) -> HashMap<String, (String, Vec<String>)> {
    let text = text.lines().filter(|l| !l.starts_with('#')).collect::<Vec<_>>().join(" ");
    let text = without_comments(&text);
    let mut found = HashMap::new();
    for statement in text.split(';').filter(|s| !s.contains("typedef") && s.trim_end().ends_with(')')) {
        let Some((head, tail)) = statement.split_once('(') else { continue };
        let name = head.rsplit([' ', '*']).next().expect("split gives one part").to_string();
        let result = head[..head.len() - name.len()].replace("extern \"C\" {", "").trim().to_string();
        let params = tail.trim_end().trim_end_matches(')').split(',');
        let params = params.map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "));
        found.insert(name, (result, params.filter(|p| p != "void").collect()));
    }
    found
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

/// The C types of a scalar of a kind.
fn c_types(kind: &str, large: bool) -> Vec<String> {
    let of = |types: &[&str]| types.iter().map(|t| t.to_string()).collect();
    match kind {
        "Comm" | "Group" | "Win" | "File" | "Session" | "Message" | "Info" | "Op" => {
            vec![format!("MPI_{kind}")]
        }
        "Req" => of(&["MPI_Request"]),
        "Type" => of(&["MPI_Datatype"]),
        "Errh" => of(&["MPI_Errhandler"]),
        // Displacement units of windows are counts that become MPI_Aint.
        "Count" => of(if large { &["MPI_Count", "MPI_Aint"] } else { &["int"] }),
        "Aint" => of(&["MPI_Aint", "MPI_Offset", "MPI_Count"]),
        "Fint" => of(&["MPI_Fint"]),
        "Addr" | "AttachedBuf" | "AttrVal" => of(&["void"]),
        _ => of(&["int"]),
    }
}

/// Whether a declared parameter fits a kind.
fn accepts(kind: &str, output: bool, large: bool, declared: &str) -> bool {
    let scalar = c_types(kind, large);
    let base = declared.trim_start_matches("const ");
    let is = |suffix: &str| scalar.iter().any(|t| base.starts_with(&format!("{t} {suffix}")));
    match kind {
        "Raw" | "Status" | "Statuses" => {
            declared.contains('*') || declared.contains("[]") || declared.contains("function ")
        }
        "Fn" | "PolyFn" | "CopyFn" | "DeleteFn" => declared.contains("_function"),
        "Str" | "StrOut" => declared.contains("char *"),
        k if k.ends_with("Out") => declared.contains("char *"),
        "Ints" | "Ranks" | "Weights" | "Distribs" => {
            base.starts_with("int ") && declared.contains(['[', '*'])
        }
        "Counts" => {
            let wide = base.starts_with("MPI_Count ") || base.starts_with("MPI_Aint ");
            declared.contains('[') && if large { wide } else { base.starts_with("int ") }
        }
        "Aints" => {
            declared.contains('[') && (base.starts_with("MPI_Aint ") || base.starts_with("MPI_Count "))
        }
        k if k.starts_with("Io") => base.contains('*'),
        "Comms" | "Types" | "Reqs" | "Infos" => declared.contains('['),
        "Addr" | "Buf" if !output => declared.contains('*'),
        _ if output => is("*"),
        "Thread" | "Int" if declared.contains("MPI_T_") => true,
        _ => is("") && !declared.contains('*'),
    }
}

fn compare(f: &Function, large: bool, declared: &(String, Vec<String>), wrong: &mut Vec<String>) {
    let (_, params) = declared;
    let name = if large { format!("{}_c", f.name) } else { f.name.to_string() };
    if params.len() != f.params.len() {
        // MPI_Pcontrol takes more; nothing else does.
        if name != "MPI_Pcontrol" {
            wrong.push(format!(
                "{name}: the header has {} parameters, the row {}",
                params.len(),
                f.params.len()
            ));
        }
        return;
    }
    for (p, c) in f.params.iter().zip(params) {
        let tool = f.status == "tool" && !matches!(p.kind, "Comm" | "Type");
        if !tool && !accepts(p.kind, p.output, large, c) {
            wrong.push(format!("{name}: {}: {} does not fit {c:?}", p.name, p.kind));
        }
    }
}

#[test]
fn functions_have_the_parameters_of_their_rows() {
    let declared = declarations(&header());
    let mut wrong = Vec::new();
    for f in rows::all().filter(|f| !f.name.starts_with("MPIX_")) {
        for large in [false, true] {
            let name = if large { format!("{}_c", f.name) } else { f.name.to_string() };
            if large && !f.large {
                continue;
            }
            for name in [name.clone(), format!("P{name}")] {
                match declared.get(&name) {
                    Some(d) => compare(f, large, d, &mut wrong),
                    None if removed(f.name) => {}
                    None => wrong.push(format!("{name} is not declared")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Functions that MPI-3 removed and the standard ABI's header does not declare.
fn removed(name: &str) -> bool {
    matches!(
        name,
        // An extension of Open MPI 5.
        "MPI_Session_set_info"
            | "MPI_Address"
            | "MPI_Errhandler_create"
            | "MPI_Errhandler_get"
            | "MPI_Errhandler_set"
            | "MPI_Type_extent"
            | "MPI_Type_hindexed"
            | "MPI_Type_hvector"
            | "MPI_Type_lb"
            | "MPI_Type_struct"
            | "MPI_Type_ub"
    )
}

#[test]
fn every_declared_function_has_a_row() {
    let mut rows: Vec<String> = rows::all().map(|f| f.name.to_string()).collect();
    rows.extend(rows::all().filter(|f| f.large).map(|f| format!("{}_c", f.name)));
    for name in declarations(&header()).keys() {
        let plain = name.strip_prefix('P').unwrap_or(name);
        assert!(rows.iter().any(|r| r == plain), "{name} has no row");
    }
}

fn defines(text: &str) -> HashMap<&str, &str> {
    let lines = text.lines().filter_map(|l| l.strip_prefix("#define "));
    lines.filter_map(|l| l.split_once(' ')).collect()
}

#[test]
fn constants_have_the_values_of_the_table() {
    let text = header();
    let defined = defines(&text);
    let groups = [
        ERROR_CLASSES,
        KEYVALS,
        RANKS,
        TAGS,
        THREAD_LEVELS,
        COMPARISONS,
        TOPOLOGIES,
        SPLIT_TYPES,
        COMBINERS,
        ORDERS,
        DISTRIBUTIONS,
        TYPECLASSES,
        LOCKS,
        ASSERTIONS,
        ACCESS_MODES,
        WHENCES,
        WINDOW_KINDS,
        LIMITS,
    ];
    for row in groups.iter().flat_map(|g| g.iter()) {
        let Some(value) = row.std else { continue };
        let text = defined.get(row.name).unwrap_or_else(|| panic!("{} is not defined", row.name));
        let text = text.trim_start_matches('(').trim_end_matches(')');
        assert_eq!(text.parse(), Ok(value), "{}", row.name);
    }
}

#[test]
fn handles_have_the_values_of_the_table() {
    let text = header();
    let defined = defines(&text);
    let groups = [COMMS, GROUPS, WINS, FILES, SESSIONS, MESSAGES, INFOS, ERRHANDLERS, REQUESTS, OPS, TYPES];
    for row in groups.iter().flat_map(|g| g.iter()).filter(|r| r.id < 900) {
        let text = defined.get(row.name).unwrap_or_else(|| panic!("{} is not defined", row.name));
        assert!(
            text.ends_with(&format!(")0x{:03x})", row.id)),
            "{} is {text}, expected {:#x}",
            row.name,
            row.id
        );
    }
}
