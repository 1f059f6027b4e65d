//! Several hosts, played by this one: the launch agent is a command that runs its arguments.

use super::harness::{eventually, job, processes, run};
use std::path::PathBuf;

/// A launch agent that drops the host's name and prints what a login shell might.
fn shell_agent(name: &str, body: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("vmi-agent-{}-{name}", std::process::id()));
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn ranks_of_two_hosts_are_one_job() {
    let agent = shell_agent("plain", "shift; echo Welcome to this machine; exec \"$@\"");
    let agent = agent.to_string_lossy().into_owned();
    let outcome = run(&["--launch-agent", &agent, "--hosts", "a:2,b:2", "PROBE", "hello"]);
    assert_eq!((outcome.code, outcome.out.lines().count()), (0, 4), "{}", outcome.err);
    assert!(outcome.out.contains("rank 1 of 4 local [0, 1] app 0 hosts [\"a\", \"a\", \"b\", \"b\"]"));
    assert!(outcome.out.contains("rank 3 of 4 local [2, 3]"), "{}", outcome.out);

    let failure = run(&["--launch-agent", &agent, "--hosts", "a:1,b:1", "PROBE", "kill", "1"]);
    assert_eq!(failure.code, 137);
    assert!(failure.err.contains("rank 1 (") && failure.err.contains(" on b)"), "{}", failure.err);
    let missing = run(&["--launch-agent", &agent, "--hosts", "a:1,b:1", "no-such-program"]);
    assert!(missing.code == 127 && missing.err.starts_with("vmirun: host "), "{}", missing.err);
    let _ = std::fs::remove_file(agent);
}

#[test]
fn ssh_starts_agents_and_nothing_secret_is_in_its_arguments() {
    use std::os::unix::fs::PermissionsExt;
    let place = std::env::temp_dir().join(format!("vmi-ssh-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    // As sshd does: the words after the host's name are one line for a shell in the home directory.
    let script = "#!/bin/sh\nshift 2; host=$1; shift; cd /; HERE=$host; export HERE; exec sh -c \"$*\"\n";
    std::fs::write(place.join("ssh"), script).unwrap();
    std::fs::set_permissions(place.join("ssh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", place.display(), std::env::var("PATH").unwrap_or_default());
    let script = "echo $VMI_JOB_RANK $HERE $PWD $A";
    let mut job = job(&["-n", "2", "--hosts", "one,two", "-x", "A=1", "--wdir", "/tmp", "sh", "-c", script]);
    job.command.env("PATH", path);
    let outcome = job.run();
    let mut lines: Vec<&str> = outcome.out.lines().collect();
    lines.sort_unstable();
    assert_eq!((outcome.code, lines), (0, vec!["0 one /tmp 1", "1 two /tmp 1"]), "{}", outcome.err);
    let _ = std::fs::remove_dir_all(place);
}

#[test]
fn a_lost_host_ends_the_job_and_is_named() {
    let agent = shell_agent("pid", "echo $$ > \"$VMI_TEST_PLACE-$1\"; shift; exec \"$@\"");
    let place = std::env::temp_dir().join(format!("vmi-pid-{}", std::process::id()));
    let agent_text = agent.to_string_lossy().into_owned();
    let mut job = job(&["--launch-agent", &agent_text, "--hosts", "a:1,b:1", "PROBE", "compute"]);
    job.command.env("VMI_TEST_PLACE", &place);
    let mut running = job.start();
    let mark = running.mark.clone();
    running.line();
    running.line();
    let file = format!("{}-b", place.display());
    let pid = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    vmi::sys::process::kill(pid, 9).unwrap();
    let outcome = running.finish();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("host b: the connection to its agent is lost"), "{}", outcome.err);
    eventually("all processes end", || processes(&mark).is_empty());
    let _ = std::fs::remove_file(agent);
    let _ = std::fs::remove_file(file);
    let _ = std::fs::remove_file(format!("{}-a", place.display()));
}

/// Two network namespaces; gone at the end of the test.
struct Namespaces([String; 2]);

impl Namespaces {
    fn new() -> Option<Namespaces> {
        let names = ["a", "b"].map(|side| format!("vmit{}{side}", std::process::id()));
        let namespaces = Namespaces(names);
        let made = namespaces.0.iter().all(|name| ip(&["netns", "add", name]));
        made.then_some(namespaces)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.0 {
            ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    let output = std::process::Command::new("ip").args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn network_namespaces_are_hosts() {
    let Some(namespaces) = Namespaces::new() else {
        eprintln!("skipped: network namespaces need root and iproute2");
        return;
    };
    let [a, b] = &namespaces.0;
    let hosts = format!("{a}:2,{b}:1");
    let outcome = run(&["--launch-agent", "ip netns exec %h", "--hosts", &hosts, "PROBE", "hello"]);
    assert_eq!((outcome.code, outcome.out.lines().count()), (0, 3), "{}", outcome.err);
    assert!(outcome.out.contains("rank 2 of 3 local [2]"), "{}", outcome.out);
}
