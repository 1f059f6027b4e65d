//! Builds everything and runs one C program: `cargo run --release -p vmi-c-tests -- [-n RANKS] [PROGRAM [ARGS…]]`.
//!
//! Without arguments: the heat equation on four ranks. `--stage` only builds and prints where the installed tree is.

use std::process::ExitCode;

use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::{job, stage::Stage};

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--stage") {
        println!("{}", Stage::get().dir.display());
        return ExitCode::SUCCESS;
    }
    let mut ranks = 4;
    if args.len() >= 2 && args[0] == "-n" {
        let Ok(wanted) = args[1].parse() else {
            eprintln!("try: -n {} is not a number of ranks", args[1]);
            return ExitCode::from(2);
        };
        ranks = wanted;
        args.drain(..2);
    }
    let program = if args.is_empty() { "apps/heat".to_string() } else { args.remove(0) };
    let program = program.trim_start_matches("c-tests/").trim_end_matches(".c").to_string();
    let built = match compile(&program, Abi::Standard) {
        Ok(built) => built,
        Err(error) => {
            eprintln!("try: {error}");
            return ExitCode::from(2);
        }
    };
    match job::ranks(ranks, &built, args).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(1) as u8),
        Err(error) => {
            eprintln!("try: vmirun does not start: {error}");
            ExitCode::from(2)
        }
    }
}
