//! `vmirun`: starts the ranks of a job on this and other hosts, carries their output, ends them together.
//!
//! Two kinds of process. The *front* is what the user started: it reads the options, decides which rank runs where,
//! prints, and gives the job its exit code. An *agent* runs once per host: it starts the ranks, serves their
//! control connections ([`crate::job`]) and reports to the front. The local agent is a fork of the front, a remote
//! one is started by ssh; both speak [`orders`].
//!
//! Nothing outlives the job: the front and the agent watch each other, both are subreapers, and the kernel kills the
//! ranks when their agent dies. Single-threaded throughout; the loaded library uses nothing in here.

mod agent;
mod channel;
mod elf;
mod front;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod libraries;
mod options;
mod orders;
mod placement;
mod program;
mod remote;
mod sweep;

use options::Request;
use std::ffi::OsString;

/// The exit code for a command line that makes no sense.
const USAGE_CODE: i32 = 2;

/// Runs `vmirun` with the arguments after its name; the result is its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> i32 {
    let request = options::parse(arguments).and_then(|mut request| {
        if let Request::Run(options) = &mut request {
            options.limit_by(std::env::var_os("MPIEXEC_TIMEOUT"))?;
        }
        Ok(request)
    });
    match request {
        Ok(Request::Run(options)) => front::run(&options),
        Ok(Request::Agent) => remote::agent_main(),
        Ok(Request::Help) => {
            print!("{}", options::HELP);
            0
        }
        Ok(Request::Version) => {
            println!("vmirun {}", env!("CARGO_PKG_VERSION"));
            0
        }
        Err(text) => {
            eprintln!("vmirun: {text}");
            USAGE_CODE
        }
    }
}
