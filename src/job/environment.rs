//! Which launcher started this process, from its environment alone. A pure function, tested as one.
//!
//! `vmirun` removes the variables of other launchers from its ranks' environment. So when both are present, the
//! other launcher was started by a rank of `vmirun` and is the nearer one.

use super::JobError;
use super::protocol::{from_hex, variable};
use std::os::fd::RawFd;

/// What [`super::Job::discover`] has to talk to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Launcher {
    Own(OwnAgent),
    Pmi1(PmiServer),
    None,
}

/// The node agent of `vmirun`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OwnAgent {
    pub socket: String,
    pub ticket: [u8; 32],
    pub rank: u32,
    pub size: u32,
}

/// A PMI-1 server on an inherited socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PmiServer {
    pub fd: RawFd,
    pub rank: u32,
    pub size: u32,
}

/// Set to 1 to run a lone process whatever the environment says.
const SINGLETON: &str = "VMI_SINGLETON";

/// Variables of launchers we cannot talk to, with the remedy.
const FOREIGN: &[(&str, &str)] = &[
    ("PMIX_RANK", "PMIx is not supported yet"),
    ("PMIX_NAMESPACE", "PMIx is not supported yet"),
    ("OMPI_COMM_WORLD_RANK", "Open MPI's mpirun is not supported"),
    ("PMI_RANK", "its PMI server cannot be reached (no PMI_FD)"),
    ("PMI_ID", "its PMI server cannot be reached (no PMI_FD)"),
    ("MPIRUN_RANK", "that launcher is not supported"),
    ("MV2_COMM_WORLD_RANK", "that launcher is not supported"),
    ("ALPS_APP_PE", "that launcher is not supported"),
    ("FLUX_TASK_RANK", "Flux is not supported yet"),
];

/// Variables `vmirun` takes out of its ranks' environment, by prefix, because they speak of a job around it.
pub fn is_foreign_variable(name: &str) -> bool {
    const PREFIXES: &[&str] =
        &["PMI_", "PMIX_", "OMPI_COMM_WORLD_", "OMPI_MCA_ess", "PRTE_", "MV2_COMM_WORLD_"];
    const NAMES: &[&str] =
        &["MPI_LOCALRANKID", "MPI_LOCALNRANKS", "MPIRUN_RANK", "ALPS_APP_PE", "FLUX_TASK_RANK"];
    name.starts_with("VMI_JOB_") || PREFIXES.iter().any(|p| name.starts_with(p)) || NAMES.contains(&name)
}

/// Decides by the variables that `lookup` finds.
pub(super) fn detect(lookup: impl Fn(&str) -> Option<String>) -> Result<Launcher, JobError> {
    if lookup(SINGLETON).is_some_and(|v| v == "1") {
        return Ok(Launcher::None);
    }
    if lookup("PMI_FD").is_some() {
        return pmi_server(&lookup).map(Launcher::Pmi1);
    }
    if let Some((name, why)) = FOREIGN.iter().find(|(name, _)| lookup(name).is_some()) {
        return Err(unusable(name, &lookup(name).unwrap_or_default(), why));
    }
    if lookup(variable::SOCKET).is_some() {
        return own_agent(&lookup).map(Launcher::Own);
    }
    slurm(&lookup).map(|()| Launcher::None)
}

fn unusable(name: &str, value: &str, why: &str) -> JobError {
    JobError::Environment(format!(
        "{name}={value} says that a launcher started this process, but {why}; start the job with vmirun or with \
         mpiexec of MPICH, or set {SINGLETON}=1 to run this process alone"
    ))
}

/// A step of several tasks; a batch script's own shell has one task and may run a program alone.
fn slurm(lookup: &impl Fn(&str) -> Option<String>) -> Result<(), JobError> {
    let step = lookup("SLURM_STEP_NUM_TASKS").or_else(|| lookup("SLURM_NTASKS"));
    let tasks = step.and_then(|n| n.parse::<u32>().ok()).unwrap_or(1);
    match lookup("SLURM_PROCID") {
        Some(id) if tasks > 1 => Err(unusable(
            "SLURM_PROCID",
            &id,
            "srun's PMI cannot be reached (try srun --mpi=pmi1 where it exists)",
        )),
        _ => Ok(()),
    }
}

fn number<T: std::str::FromStr>(lookup: &impl Fn(&str) -> Option<String>, name: &str) -> Result<T, JobError> {
    let value = lookup(name).ok_or_else(|| JobError::Environment(format!("the environment lacks {name}")))?;
    value.parse().map_err(|_| JobError::Environment(format!("{name}={value} is not a number")))
}

fn own_agent(lookup: &impl Fn(&str) -> Option<String>) -> Result<OwnAgent, JobError> {
    let ticket = lookup(variable::TICKET).and_then(|t| from_hex(&t)).and_then(|t| t.try_into().ok());
    let missing = || JobError::Environment(format!("{} is missing or damaged", variable::TICKET));
    let agent = OwnAgent {
        socket: lookup(variable::SOCKET).unwrap_or_default(),
        ticket: ticket.ok_or_else(missing)?,
        rank: number(lookup, variable::RANK)?,
        size: number(lookup, variable::SIZE)?,
    };
    in_job(agent.rank, agent.size).map(|()| agent)
}

fn pmi_server(lookup: &impl Fn(&str) -> Option<String>) -> Result<PmiServer, JobError> {
    let server = PmiServer {
        fd: number(lookup, "PMI_FD")?,
        rank: number(lookup, "PMI_RANK")?,
        size: number(lookup, "PMI_SIZE")?,
    };
    if server.fd < 0 {
        return Err(JobError::Environment(format!("PMI_FD={} is not a descriptor", server.fd)));
    }
    in_job(server.rank, server.size).map(|()| server)
}

fn in_job(rank: u32, size: u32) -> Result<(), JobError> {
    if rank < size {
        return Ok(());
    }
    Err(JobError::Environment(format!("the environment gives this process rank {rank} in a job of {size}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Launcher, JobError> {
        detect(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
    }

    fn sentence(variables: &[(&str, &str)]) -> String {
        with(variables).unwrap_err().to_string()
    }

    const OWN: [(&str, &str); 4] = [
        ("VMI_JOB_SOCKET", "name"),
        ("VMI_JOB_TICKET", "0101010101010101010101010101010101010101010101010101010101010101"),
        ("VMI_JOB_RANK", "1"),
        ("VMI_JOB_SIZE", "2"),
    ];

    #[test]
    fn nothing_set_is_a_lone_process() {
        assert_eq!(with(&[]), Ok(Launcher::None));
        assert_eq!(with(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "1")]), Ok(Launcher::None));
    }

    #[test]
    fn own_agent_is_found() {
        let agent = OwnAgent { socket: "name".into(), ticket: [1; 32], rank: 1, size: 2 };
        assert_eq!(with(&OWN), Ok(Launcher::Own(agent)));
    }

    #[test]
    fn an_inner_launcher_wins_over_ours() {
        let mut variables = OWN.to_vec();
        variables.extend([("PMI_FD", "7"), ("PMI_RANK", "0"), ("PMI_SIZE", "3")]);
        assert_eq!(with(&variables), Ok(Launcher::Pmi1(PmiServer { fd: 7, rank: 0, size: 3 })));
    }

    #[test]
    fn a_launcher_that_cannot_be_used_is_named() {
        assert!(sentence(&[("PMIX_RANK", "3")]).starts_with("PMIX_RANK=3 says"));
        assert!(sentence(&[("OMPI_COMM_WORLD_RANK", "0")]).contains("vmirun"));
        assert!(sentence(&[("PMI_RANK", "0")]).contains("no PMI_FD"));
        assert!(sentence(&[("SLURM_PROCID", "1"), ("SLURM_NTASKS", "2")]).contains("SLURM_PROCID=1"));
        assert_eq!(with(&[("PMIX_RANK", "3"), ("VMI_SINGLETON", "1")]), Ok(Launcher::None));
    }

    #[test]
    fn damaged_variables_are_named() {
        assert!(sentence(&OWN[..1]).contains("VMI_JOB_TICKET"));
        assert!(sentence(&OWN[..3]).contains("VMI_JOB_SIZE"));
        assert!(sentence(&[("PMI_FD", "x")]).contains("PMI_FD=x"));
        assert!(
            sentence(&[("PMI_FD", "3"), ("PMI_RANK", "2"), ("PMI_SIZE", "2")])
                .contains("rank 2 in a job of 2")
        );
    }

    #[test]
    fn ranks_do_not_inherit_other_launchers() {
        assert!(is_foreign_variable("PMI_RANK") && is_foreign_variable("VMI_JOB_RANK"));
        assert!(!is_foreign_variable("PATH") && !is_foreign_variable("SLURM_JOB_ID"));
    }
}
