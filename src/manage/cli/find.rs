//! Which jobs run on this node: the names of their control sockets, which the kernel lists.

use crate::manage::Address;
use crate::sys::unix_socket::own_uid;
use std::collections::BTreeMap;
use std::fs;

/// A job, as far as it runs on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub name: String,
    pub uid: u32,
    /// Processes of this node, by rank.
    pub members: Vec<Address>,
}

/// The jobs of this user on this node (root: of all users).
pub fn jobs() -> Result<Vec<Job>, String> {
    let list = "/proc/net/unix";
    let text = fs::read_to_string(list).map_err(|e| format!("cannot read {list}: {e}"))?;
    let own = own_uid();
    Ok(gather(&text).into_iter().filter(|job| own == 0 || job.uid == own).collect())
}

/// The jobs in a listing of unix sockets.
fn gather(listing: &str) -> Vec<Job> {
    let mut jobs: BTreeMap<(String, u32), Vec<Address>> = BTreeMap::new();
    for line in listing.lines() {
        // The eighth word is the name. A listener has flag 0x10000; accepted connections bear its name too.
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(flags), Some(name)) = (words.get(3), words.get(7).and_then(|w| w.strip_prefix('@'))) else {
            continue;
        };
        if *flags == "00010000"
            && let Some(address) = Address::parse(name)
        {
            jobs.entry((address.job.clone(), address.uid)).or_default().push(address);
        }
    }
    let job = |((name, uid), mut members): ((String, u32), Vec<Address>)| {
        members.sort_by_key(|m| (m.rank, m.pid));
        members.dedup_by_key(|m| m.rank);
        Job { name, uid, members }
    };
    jobs.into_iter().map(job).collect()
}

/// The job that the user means: by the beginning of its name, by the process id of a rank or of something that
/// started it, or the only one.
///
/// # Errors
/// A sentence that says what there is.
pub fn choose(jobs: Vec<Job>, wanted: Option<&str>) -> Result<Job, String> {
    let known = |jobs: &[Job]| -> String {
        let names: Vec<&str> = jobs.iter().map(|j| j.name.as_str()).collect();
        names.join(" ")
    };
    let all = known(&jobs);
    let Some(wanted) = wanted else {
        let mut jobs = jobs.into_iter();
        return match (jobs.next(), jobs.next()) {
            (None, _) => Err("no job of yours runs on this node".into()),
            (Some(job), None) => Ok(job),
            _ => Err(format!("there are several jobs here, name one: {all}")),
        };
    };
    let mut found: Vec<&Job> = jobs.iter().filter(|j| j.name.starts_with(wanted)).collect();
    if found.len() != 1
        && let Ok(pid) = wanted.parse::<u32>()
    {
        found = jobs.iter().filter(|j| j.members.iter().any(|m| descends(m.pid, pid))).collect();
    }
    match found.as_slice() {
        [job] => Ok((*job).clone()),
        [] if all.is_empty() => Err(format!("there is no job {wanted}: no job of yours runs on this node")),
        [] => Err(format!("there is no job {wanted} on this node, expected one of: {all}")),
        several => {
            let names: Vec<&str> = several.iter().map(|j| j.name.as_str()).collect();
            Err(format!("{wanted} may be each of these jobs: {}", names.join(" ")))
        }
    }
}

/// Process `pid` is `ancestor`, or was started by it.
fn descends(mut pid: u32, ancestor: u32) -> bool {
    for _ in 0..64 {
        if pid == ancestor {
            return true;
        }
        let Some(parent) = parent(pid).filter(|p| *p > 1) else { return false };
        pid = parent;
    }
    false
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The program that process `pid` runs, and its arguments.
pub fn program(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = line
        .split(|b| *b == 0)
        .filter(|w| !w.is_empty())
        .map(|w| String::from_utf8_lossy(w).into_owned())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
Num       RefCount Protocol Flags    Type St Inode Path
0000: 00000002 00000000 00010000 0001 01 100 @vmi/7/aaaaaa/1/11
0000: 00000002 00000000 00010000 0001 01 101 @vmi/7/aaaaaa/0/10
0000: 00000003 00000000 00000000 0001 03 102 @vmi/7/aaaaaa/0/10
0000: 00000002 00000000 00010000 0001 01 103 @vmi/7/ab0000/0/12
0000: 00000002 00000000 00010000 0001 01 104 @vmi/7/zz/0/12
0000: 00000002 00000000 00010000 0001 01 105 /run/vmi/7/ab0000/0/12
0000: 00000002 00000000 00010000 0001 01 106
";

    #[test]
    fn listeners_become_jobs() {
        let jobs = gather(LISTING);
        let ranks = |job: &Job| job.members.iter().map(|m| (m.rank, m.pid)).collect::<Vec<_>>();
        assert_eq!(jobs.len(), 2);
        assert_eq!((jobs[0].name.as_str(), ranks(&jobs[0])), ("aaaaaa", vec![(0, 10), (1, 11)]));
    }

    #[test]
    fn a_job_is_meant_or_it_is_said_which_there_are() {
        let jobs = gather(LISTING);
        assert_eq!(choose(jobs.clone(), Some("aa")).unwrap().name, "aaaaaa");
        assert!(choose(jobs.clone(), Some("a")).unwrap_err().contains("aaaaaa ab0000"));
        assert!(choose(jobs.clone(), Some("b")).unwrap_err().contains("aaaaaa ab0000"));
        assert!(choose(jobs.clone(), None).unwrap_err().contains("several"));
        assert_eq!(choose(jobs[1..].to_vec(), None).unwrap().name, "ab0000");
        assert_eq!(choose(jobs[1..].to_vec(), Some("12")).unwrap().name, "ab0000");
        assert!(choose(vec![], None).unwrap_err().contains("no job of yours"));
    }

    #[test]
    fn a_process_descends_from_its_parent() {
        let own = std::process::id();
        assert!(descends(own, own) && descends(own, parent(own).unwrap()) && !descends(own, u32::MAX));
        assert!(!program(own).is_empty());
    }
}
