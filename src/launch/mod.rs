//! `vmirun`: starts the ranks of a job on this and other hosts, carries their output, ends them together.
//!
//! Two kinds of process. The *front* is what the user started: it reads the options, decides which rank runs where,
//! prints, and gives the job its exit code. An *agent* runs once per host: it starts the ranks, serves their
//! control connections ([`crate::job`]) and reports to the front. The local agent is a fork of the front, a remote
//! one is started by ssh; both speak [`orders`].
//!
//! Nothing outlives the job: the front and the agent watch each other, both are subreapers, and the kernel kills the
//! ranks when their agent dies. Single-threaded throughout; the loaded library uses nothing in here.

pub mod channel;
pub mod orders;
