//! What is known about every rank, and when that means that the job has failed. Pure: facts in, a verdict out.

use super::super::placement::Placement;
use crate::sys::process::Exit;
use crate::sys::signal::signal_name;

/// Why the job ends before its ranks do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub code: i32,
    /// One word for machines.
    pub event: &'static str,
    pub rank: Option<u32>,
    pub text: String,
}

#[derive(Debug, Clone, Default)]
struct Record {
    pid: u32,
    joined: bool,
    finalized: bool,
    exit: Option<Exit>,
}

/// The facts about all ranks.
pub struct Ledger {
    placement: Placement,
    programs: Vec<String>,
    records: Vec<Record>,
    /// The first exit code that was not 0, of a rank that ended in order.
    first_failure: Option<(u32, i32)>,
}

impl Ledger {
    pub fn new(placement: Placement, programs: Vec<String>) -> Ledger {
        let records = vec![Record::default(); placement.host_of.len()];
        Ledger { placement, programs, records, first_failure: None }
    }

    pub fn host_of(&self, rank: u32) -> Option<u32> {
        self.placement.host_of.get(rank as usize).copied()
    }

    /// The ranks of a host have been started.
    pub fn started(&mut self, host: u32, pids: &[u32]) {
        let local = (0..self.records.len()).filter(|rank| self.placement.host_of[*rank] == host);
        for (rank, pid) in local.zip(pids) {
            self.records[rank].pid = *pid;
        }
    }

    fn record(&mut self, rank: u32) -> Option<&mut Record> {
        self.records.get_mut(rank as usize)
    }

    /// "rank 2 (./prog, process 4711 on host a)"
    fn name(&self, rank: u32) -> String {
        let pid = self.records.get(rank as usize).map_or(0, |record| record.pid);
        let program =
            self.placement.app_of.get(rank as usize).and_then(|app| self.programs.get(*app as usize));
        let program = program.map_or("?", String::as_str);
        let host = self.host_of(rank).and_then(|host| self.placement.hosts.get(host as usize));
        format!("rank {rank} ({program}, process {pid} on {})", host.map_or("?", String::as_str))
    }

    pub fn joined(&mut self, rank: u32) -> Option<Verdict> {
        self.record(rank)?.joined = true;
        let absent = self.records.iter().position(|record| !record.joined && record.exit.is_some())?;
        Some(self.never_joined(absent as u32))
    }

    pub fn finalized(&mut self, rank: u32) {
        if let Some(record) = self.record(rank) {
            record.finalized = true;
        }
    }

    pub fn aborted(&self, rank: u32, code: i32, text: &str) -> Verdict {
        let reason = if text.is_empty() { String::new() } else { format!(": {}", text.trim_end()) };
        let text = format!("{} ended the job with code {code}{reason}", self.name(rank));
        let code = if code != 0 && code & 0xff == 0 { 1 } else { code & 0xff };
        Verdict { code, event: "abort", rank: Some(rank), text }
    }

    pub fn vanished(&self, rank: u32, pid: u32) -> Verdict {
        let text = format!(
            "{}: its MPI process {pid} ended without calling MPI_Finalize, although the program that started it still runs",
            self.name(rank)
        );
        Verdict { code: 1, event: "vanished", rank: Some(rank), text }
    }

    fn never_joined(&self, rank: u32) -> Verdict {
        let text =
            format!("{} ended without calling MPI_Init, although other ranks call it", self.name(rank));
        Verdict { code: 1, event: "no-init", rank: Some(rank), text }
    }

    /// A rank's process has ended.
    pub fn exited(&mut self, rank: u32, exit: Exit) -> Option<Verdict> {
        let record = self.record(rank)?;
        record.exit = Some(exit);
        let (joined, finalized) = (record.joined, record.finalized);
        let someone_joined = self.records.iter().any(|record| record.joined);
        let (event, code, what) = match exit {
            Exit::Signal(signal) => {
                ("killed", 128 + signal, format!("was killed by signal {signal} ({})", signal_name(signal)))
            }
            Exit::Code(code) if finalized => {
                if code != 0 {
                    self.first_failure.get_or_insert((rank, code));
                }
                return None;
            }
            Exit::Code(code) if joined => {
                let what = format!("exited with code {code} without calling MPI_Finalize");
                ("exit", if code == 0 { 1 } else { code }, what)
            }
            Exit::Code(0) if someone_joined => return Some(self.never_joined(rank)),
            Exit::Code(0) => return None,
            Exit::Code(code) => ("exit", code, format!("exited with code {code}")),
        };
        Some(Verdict { code, event, rank: Some(rank), text: format!("{} {what}", self.name(rank)) })
    }

    /// For a job that ended by itself: the code of the first rank that failed, and a sentence about it.
    pub fn outcome(&self) -> Option<Verdict> {
        let (rank, code) = self.first_failure?;
        let text = format!("{} exited with code {code} after MPI_Finalize", self.name(rank));
        Some(Verdict { code, event: "exit", rank: Some(rank), text })
    }

    /// For a job that was told to end: the exit code of the first rank that did not end well.
    pub fn first_bad_exit(&self) -> Option<i32> {
        let codes = self.records.iter().filter_map(|record| record.exit.map(Exit::shell_code));
        codes.into_iter().find(|code| *code != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let placement =
            Placement { hosts: vec!["a".into(), "b".into()], host_of: vec![0, 1, 1], app_of: vec![0, 0, 0] };
        let mut ledger = Ledger::new(placement, vec!["./prog".into()]);
        ledger.started(1, &[10, 11]);
        ledger
    }

    #[test]
    fn a_signal_names_rank_host_and_signal() {
        let verdict = ledger().exited(2, Exit::Signal(9)).unwrap();
        assert_eq!(verdict.text, "rank 2 (./prog, process 11 on b) was killed by signal 9 (SIGKILL)");
        assert_eq!((verdict.code, verdict.rank), (137, Some(2)));
    }

    #[test]
    fn ranks_outside_mpi_may_exit_with_0_only() {
        let mut ledger = ledger();
        assert_eq!(ledger.exited(0, Exit::Code(0)), None);
        assert_eq!(ledger.exited(1, Exit::Code(3)).unwrap().code, 3);
    }

    #[test]
    fn all_ranks_must_join_if_one_does() {
        let mut first = ledger();
        first.exited(0, Exit::Code(0));
        assert!(first.joined(1).unwrap().text.contains("rank 0"));
        let mut second = ledger();
        assert_eq!(second.joined(1), None);
        assert_eq!(second.exited(0, Exit::Code(0)).unwrap().event, "no-init");
    }

    #[test]
    fn members_must_finalize() {
        let mut ledger = ledger();
        ledger.joined(0);
        let verdict = ledger.exited(0, Exit::Code(0)).unwrap();
        assert!(verdict.code == 1 && verdict.text.ends_with("without calling MPI_Finalize"));
        ledger.joined(1);
        ledger.finalized(1);
        assert_eq!((ledger.exited(1, Exit::Code(4)), ledger.outcome().unwrap().code), (None, 4));
    }

    #[test]
    fn abort_codes_stay_failures() {
        let code = |code| ledger().aborted(0, code, "").code;
        assert_eq!((code(0), code(7), code(256), code(-1)), (0, 7, 1, 255));
        assert!(ledger().aborted(1, 7, "why\n").text.ends_with("with code 7: why"));
    }
}
