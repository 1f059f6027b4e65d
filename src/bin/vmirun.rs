//! Starts MPI jobs; see `vmirun --help`. All logic is in `vmi::launch`.
#![forbid(unsafe_code)]

fn main() {
    std::process::exit(vmi::launch::main(std::env::args_os().skip(1)));
}
