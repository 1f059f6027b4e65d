//! STATUS.md, generated from the table. `VMI_UPDATE=1 cargo test -p vmi-mpi-table` writes it, otherwise it is compared.

use crate::rows::{self, Function};
use std::fmt::Write;
use std::fs;
use std::path::Path;

fn generate() -> String {
    let mut text = String::from(
        "# Status\n\nGenerated from `mpi-shim/table`; `VMI_UPDATE=1 cargo test -p vmi-mpi-table` writes it anew.\n\n\
         Every function is exported from `libmpi_abi.so.1`, `libmpi.so.12` and `libmpi.so.40`. A stub returns\n\
         `MPI_ERR_UNSUPPORTED_OPERATION` and names itself. `_c` marks functions with a large-count form, of the same status.\n\n",
    );
    let (done, all) = (rows::all().filter(|f| f.is_done()).count(), rows::all().count());
    writeln!(text, "{done} of {all} functions are done.\n").expect("strings can be written");
    text.push_str("| chapter | done | all |\n|---|---|---|\n");
    for (chapter, list) in rows::CHAPTERS {
        let done = list.iter().filter(|f| f.is_done()).count();
        writeln!(text, "| {chapter} | {done} | {} |", list.len()).expect("strings can be written");
    }
    for (chapter, list) in rows::CHAPTERS {
        writeln!(text, "\n## {chapter}\n\n| function | std | mpich | ompi |\n|---|---|---|---|")
            .expect("as above");
        for f in *list {
            let s = if f.is_done() { "done" } else { "stub" };
            writeln!(text, "| {} | {s} | {s} | {s} |", label(f)).expect("strings can be written");
        }
    }
    text
}

fn label(f: &Function) -> String {
    if f.large { format!("{} `_c`", f.name) } else { f.name.to_string() }
}

#[test]
fn status_table_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../STATUS.md");
    let expected = generate();
    if std::env::var_os("VMI_UPDATE").is_some() {
        fs::write(&file, &expected).expect("STATUS.md can be written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{} is stale: run VMI_UPDATE=1 cargo test -p vmi-mpi-table", file.display());
}
