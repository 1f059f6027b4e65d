//! The library under other launchers' `mpiexec`, where one is installed. VMI_TEST_MPIEXEC adds more, separated by
//! colons.

use super::harness::probe;
use std::path::PathBuf;
use std::process::{Command, Output};

fn launchers() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> =
        std::env::split_paths(&path).map(|place| place.join("mpiexec.hydra")).collect();
    found.truncate(64);
    let more = std::env::var_os("VMI_TEST_MPIEXEC").unwrap_or_default();
    found.extend(std::env::split_paths(&more));
    let mut found: Vec<PathBuf> = found.iter().filter_map(|file| file.canonicalize().ok()).collect();
    found.sort();
    found.dedup();
    if found.is_empty() {
        eprintln!("skipped: no mpiexec.hydra in PATH");
    }
    found
}

fn mpiexec(launcher: &PathBuf, arguments: &[&str]) -> Output {
    Command::new(launcher).args(arguments).env_remove("VMI_SINGLETON").output().expect("mpiexec runs")
}

#[test]
fn ranks_of_hydra_meet() {
    for launcher in launchers() {
        let output = mpiexec(&launcher, &["-n", "3", &probe(), "hello", ":", "-n", "1", &probe(), "hello"]);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {err}", launcher.display());
        for rank in 0..4 {
            let app = u32::from(rank == 3);
            assert!(out.contains(&format!("rank {rank} of 4 local [0, 1, 2, 3] app {app}")), "{out}");
        }
    }
}

#[test]
fn abort_reaches_hydra() {
    for launcher in launchers() {
        let output = mpiexec(&launcher, &["-n", "3", &probe(), "abort", "42", "1"]);
        assert_eq!(output.status.code(), Some(42), "{}", launcher.display());
        assert!(String::from_utf8_lossy(&output.stderr).contains("because"));
    }
}
