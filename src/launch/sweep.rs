//! Nothing is left: ends every descendant of this process.
//!
//! Works because the process is a subreaper: when a process in between ends, its children become ours.

use crate::sys::process::{self, Reaped};

/// Kills and collects all children and their children, until there are none, except those `spare` names.
/// Returns the children that had ended, with how.
pub fn sweep(spare: impl Fn(i32) -> bool) -> Vec<(i32, process::Exit)> {
    let mut ended = Vec::new();
    loop {
        match process::reap() {
            Reaped::Child(pid, exit) => ended.push((pid, exit)),
            Reaped::NoChildren => return ended,
            Reaped::Running => {
                let victims: Vec<i32> = children().into_iter().filter(|pid| !spare(*pid)).collect();
                if victims.is_empty() {
                    return ended;
                }
                for pid in victims {
                    let _ = process::kill(pid, libc::SIGKILL);
                    if let Ok(exit) = process::wait_for(pid) {
                        ended.push((pid, exit));
                    }
                }
            }
        }
    }
}

/// The children of this process, from /proc.
fn children() -> Vec<i32> {
    let own = std::process::id() as i32;
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(own)).collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    status_field(pid, 1)?.parse().ok()
}

/// Whether a process exists and has not ended.
pub fn is_running(pid: i32) -> bool {
    status_field(pid, 0).is_some_and(|state| !matches!(state.as_str(), "Z" | "X"))
}

/// A field of /proc/PID/stat, counted after the name, which may itself contain spaces and brackets.
fn status_field(pid: i32, index: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(index).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_is_read_from_proc() {
        let parent = std::os::unix::process::parent_id() as i32;
        assert_eq!(parent_of(std::process::id() as i32), Some(parent));
        assert_eq!(parent_of(-1), None);
    }
}
