//! Looking at and changing a running job: the control socket that every process of a job serves, and `vmi`, the
//! command line that talks to it.
//!
//! ```text
//!   vmi (cli) ──unix socket──► server, on the attendant's thread ──visit──► core::manage (the requests)
//!                                                                              └─relay──► processes on other hosts
//! ```
//! A process listens on an abstract name (no file, gone with the process) from which `vmi` learns the job, the rank
//! and the process: `@vmi/UID/JOB/RANK/PID`. Requests are lines, answers are lines of JSON. Only processes of the same
//! user, or root, are served; the kernel says who they are.
//!
//! Nothing here runs, or costs anything, while nobody is connected.

pub mod cli;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod json;
mod server;

use crate::core::attendant;
use crate::job::Job;
use crate::sys::unix_socket;
use sha2::{Digest, Sha256};

/// Set to 0: this process has no control socket.
const SWITCH: &str = "VMI_CONTROL";

/// Longest request, bytes.
const MOST_REQUEST: usize = 8192;

/// Where one process of a job listens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Address {
    pub uid: u32,
    pub job: String,
    pub rank: u32,
    pub pid: u32,
}

impl Address {
    /// Its name in the abstract namespace, without the leading `@`.
    pub fn name(&self) -> String {
        format!("vmi/{}/{}/{}/{}", self.uid, self.job, self.rank, self.pid)
    }

    /// Reads what [`Address::name`] wrote; None for anything else.
    pub fn parse(name: &str) -> Option<Address> {
        let mut parts = name.strip_prefix("vmi/")?.split('/');
        let mut next = || parts.next();
        let (uid, job, rank, pid) = (next()?, next()?, next()?, next()?);
        let is_job = job.len() == JOB_DIGITS && job.bytes().all(|b| b.is_ascii_hexdigit());
        let address = Address {
            uid: uid.parse().ok()?,
            job: job.to_string(),
            rank: rank.parse().ok()?,
            pid: pid.parse().ok()?,
        };
        // Also refuses what only looks like a number, such as +1 or 007.
        (is_job && next().is_none() && address.name() == name).then_some(address)
    }
}

/// Digits of a job's name.
const JOB_DIGITS: usize = 6;

/// What an operator calls the job: the same in all its processes, and no help to guess its secret.
pub fn job_name(secret: &[u8; 32]) -> String {
    let digest = Sha256::new().chain_update(b"name of a job").chain_update(secret).finalize();
    digest.iter().take(JOB_DIGITS / 2).map(|b| format!("{b:02x}")).collect()
}

/// The control socket of this process of `job`; None where the user wants none, or the name is taken: a process
/// that cannot be looked at still runs.
pub fn server(job: &Job) -> Option<Box<dyn attendant::Server>> {
    if std::env::var(SWITCH).is_ok_and(|v| v == "0") {
        return None;
    }
    let (uid, rank, pid) = (unix_socket::own_uid(), job.rank(), std::process::id());
    let address = Address { uid, job: job_name(&job.secret()), rank, pid };
    server::Door::open(&address).ok().map(|door| Box::new(door) as Box<dyn attendant::Server>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_not() {
        let address = Address { uid: 1000, job: "00ff0a".into(), rank: 17, pid: 4242 };
        assert_eq!(address.name(), "vmi/1000/00ff0a/17/4242");
        assert_eq!(Address::parse(&address.name()), Some(address));
        for bad in [
            "",
            "vmi",
            "vmi/0/00ff0a/1",
            "vmi/0/00ff0a/1/2/3",
            "vmi/0/00ff0g/1/2",
            "vmi/0/00ff/1/2",
            "vmi/-1/00ff0a/1/2",
            "vmi/0/00ff0a/+1/2",
            "xvmi/0/00ff0a/1/2",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_jobs_name_is_short_and_its_own() {
        assert_eq!(job_name(&[1; 32]).len(), JOB_DIGITS);
        assert_ne!(job_name(&[1; 32]), job_name(&[2; 32]));
    }
}
