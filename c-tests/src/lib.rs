//! Runs C programs as users write them: built for each of the three ABIs, started by `vmirun`, results compared.
//!
//! - [`stage`] builds the workspace and lays out what a user would install: `bin lib include`.
//! - [`program`] compiles one C source for one ABI.
//! - [`job`] runs a command with a time limit and collects what it said.
//! - [`testlist`] reads the lines that say what to run and what to expect.
//!
//! It is not a test of modules (those are next to the modules) and knows nothing of their insides: it sees what a
//! user's shell sees.

#![forbid(unsafe_code)]

pub mod hosts;
pub mod job;
pub mod program;
pub mod stage;
pub mod testlist;

use std::path::{Path, PathBuf};

/// The folder of this package: the C sources are below it.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The repository's root.
pub fn root() -> &'static Path {
    home().parent().expect("the package lies in the repository")
}

/// A program on the PATH.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// Says that a test cannot run here. A skip is no pass: where everything is installed (`CI` is set) it is a failure.
pub fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
    assert!(std::env::var_os("CI").is_none(), "nothing may be skipped in CI: {why}");
}
