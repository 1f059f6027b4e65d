//! Looks at and changes running jobs; see `vmi --help`. All logic is in `vmi::manage`.
#![forbid(unsafe_code)]

fn main() {
    std::process::exit(vmi::manage::cli::main(std::env::args_os().skip(1)));
}
