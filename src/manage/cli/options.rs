//! The command line of `vmi`.

use std::time::Duration;

/// Printed by `vmi --help`.
pub const HELP: &str = "\
Usage: vmi COMMAND [JOB] [ARGUMENTS] [OPTIONS]

Looks at and changes MPI jobs of yours that run on this node, while they run.

  vmi jobs                              which jobs run here
  vmi status  [JOB]                     networks, connections, devices and what they report
  vmi devices [JOB]                     which devices are attached where; --list: which there are
  vmi attach  [JOB] DEVICE [KEY=VALUE…] put a device on connections
  vmi detach  [JOB] DEVICE|all          take it off
  vmi network [JOB] up|down NAME        use a network, or move the traffic to the others
  vmi watch   [JOB]                     print what happens, as it happens

JOB is the name that 'vmi jobs' prints (its beginning suffices), or the process id of a rank or of its vmirun. It may
be left out while only one job runs here. The ranks on other nodes are reached through the job itself.

  --json          answers as JSON, one object a line
  --help          after a command: its options
  --version

Exit code: 0 done; 1 refused or failed, with the reason on standard error and nothing changed where possible; 2 the
command line makes no sense; 3 there is no such job.
";

const JOBS: &str = "\
Usage: vmi jobs [--json]

Lists your jobs on this node (root: everybody's): name, ranks here and in all, user, program.
";

const STATUS: &str = "\
Usage: vmi status [JOB] [--rank RANKS] [--json]

Prints for each rank: its networks, and its connections with their way (a network by name: a direct call; live: through
the devices and networks shown), epoch, devices, links and bytes.
With --rank (such as 0,4-7) also the devices' full reports, histograms included.
--json prints one object per rank.
";

const DEVICES: &str = "\
Usage: vmi devices [JOB] [--json]
       vmi devices --list [--json]

Prints which devices are attached to which connections; --list: the devices there are, and their options.
";

const ATTACH: &str = "\
Usage: vmi attach [JOB] DEVICE [KEY=VALUE…] [--ranks RANKS] [--peers PEERS] [--timeout S] [--json]

Puts a device on connections, in both directions, nearest to the network. DEVICE is a name from 'vmi devices --list' or
the path of a plug-in. It waits until every connection has changed. If one refuses, those that have changed
go back, and nothing has changed.

  --ranks RANKS   connections of these ranks, such as 0,4-7 (default: all)
  --peers PEERS   connections to these peers: all (default), local (on the same host), remote, or ranks
  --timeout S     give up after S seconds (default 30)

Example: vmi attach crypt --peers remote
";

const DETACH: &str = "\
Usage: vmi detach [JOB] DEVICE|all [--ranks RANKS] [--peers PEERS] [--timeout S] [--json]

Takes a device (the one attached last, if there are several of that name) or all devices off connections, in both
directions. Options as for 'vmi attach'.
";

const NETWORK: &str = "\
Usage: vmi network [JOB] up NAME [--ranks RANKS] [--json]
       vmi network [JOB] down NAME [--ranks RANKS] [--force] [--json]

NAME is a network of the machine configuration file.
up: opens it if need be, and lets traffic use it.
down: no new message takes it; what is under way arrives; traffic moves to the other networks. A network that is the only
way to some rank goes down only with --force: the job then waits for it to come back, and ends if it does not.
";

const WATCH: &str = "\
Usage: vmi watch [JOB] [--interval S] [--count N] [--json]

Prints what happens in the job: alerts, links that go down or come up, epochs, and the rates of the networks that
carry traffic, every S seconds (default 1). Ends with the job, or after N intervals.
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub job: Option<String>,
    pub json: bool,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Help(&'static str),
    Version,
    Jobs,
    Status { rank: Option<String> },
    Devices,
    List,
    Attach(Change),
    Detach(Change),
    Network { name: String, up: bool, ranks: Option<String>, force: bool },
    Watch { interval: Duration, count: Option<u64> },
}

/// An attach or a detach.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub device: String,
    pub options: Vec<(String, String)>,
    pub ranks: Option<String>,
    pub peers: String,
    pub limit: Duration,
}

/// Options, as they come.
#[derive(Default)]
struct Given {
    words: Vec<String>,
    settings: Vec<(String, String)>,
    json: bool,
    help: bool,
    list: bool,
    force: bool,
    rank: Option<String>,
    ranks: Option<String>,
    peers: Option<String>,
    timeout: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u64>,
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// One sentence.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut arguments = arguments.into_iter();
    let Some(verb) = arguments.next() else { return Err("no command given (see vmi --help)".into()) };
    let plain = |command| Ok(Request { job: None, json: false, command });
    let (help, takes): (_, &[&str]) = match verb.as_str() {
        "-h" | "--help" | "help" => return plain(Command::Help(HELP)),
        "-V" | "--version" => return plain(Command::Version),
        "jobs" => (JOBS, &[]),
        "status" => (STATUS, &["--rank"]),
        "devices" => (DEVICES, &["--list"]),
        "attach" => (ATTACH, &["--ranks", "--peers", "--timeout"]),
        "detach" => (DETACH, &["--ranks", "--peers", "--timeout"]),
        "network" => (NETWORK, &["--ranks", "--force"]),
        "watch" => (WATCH, &["--interval", "--count"]),
        other => return Err(format!("'{other}' is no command (see vmi --help)")),
    };
    let given = read(&verb, takes, arguments)?;
    if given.help {
        return plain(Command::Help(help));
    }
    let json = given.json;
    let (job, command) = command(&verb, given).map_err(|why| format!("{why} (see vmi {verb} --help)"))?;
    Ok(Request { job, json, command })
}

/// Reads the options of `verb`.
fn read(verb: &str, takes: &[&str], arguments: impl Iterator<Item = String>) -> Result<Given, String> {
    let mut given = Given::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if !argument.starts_with('-') {
            match argument.split_once('=') {
                Some((key, value)) if verb == "attach" && !given.words.is_empty() => {
                    given.settings.push((key.into(), value.into()));
                }
                _ => given.words.push(argument),
            }
            continue;
        }
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_string(), Some(value.to_string())),
            None => (argument, None),
        };
        let common = ["-h", "--help", "--json"].contains(&name.as_str());
        if !common && !takes.contains(&name.as_str()) {
            return Err(format!("vmi {verb} has no option {name} (see vmi {verb} --help)"));
        }
        match name.as_str() {
            "-h" | "--help" => given.help = true,
            "--json" => given.json = true,
            "--list" => given.list = true,
            "--force" => given.force = true,
            _ => {
                let value = inline.or_else(|| arguments.next());
                given.set(&name, value.ok_or_else(|| format!("option {name} needs a value"))?)?;
            }
        }
    }
    Ok(given)
}

impl Given {
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let seconds = |value: &str| {
            let seconds = value.parse::<f64>().ok().filter(|s| *s > 0.0);
            let duration = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
            duration.ok_or_else(|| format!("option {name}: '{value}' is not a positive number of seconds"))
        };
        match name {
            "--rank" => self.rank = Some(value),
            "--ranks" => self.ranks = Some(value).filter(|v| v != "all"),
            "--peers" => self.peers = Some(value),
            "--timeout" => self.timeout = Some(seconds(&value)?),
            "--interval" => self.interval = Some(seconds(&value)?),
            _ => {
                let count = value.parse().ok().filter(|n| *n > 0);
                self.count =
                    Some(count.ok_or_else(|| format!("option {name}: '{value}' is not a positive number"))?);
            }
        }
        Ok(())
    }

    /// The words after an optional JOB: exactly `N`.
    fn after_job<const N: usize>(&mut self, expected: &str) -> Result<(Option<String>, [String; N]), String> {
        let mut words = std::mem::take(&mut self.words);
        let job = (words.len() == N + 1).then(|| words.remove(0));
        let words = words.try_into().map_err(|words: Vec<String>| {
            let told = if words.is_empty() { "nothing".into() } else { format!("'{}'", words.join(" ")) };
            format!("expected {expected}, found {told}")
        })?;
        Ok((job, words))
    }

    fn change(mut self) -> Result<(Option<String>, Change), String> {
        let (job, [device]) = self.after_job("a device")?;
        let peers = self.peers.unwrap_or_else(|| "all".into());
        crate::core::manage::Peers::parse(&peers)?;
        let limit = self.timeout.unwrap_or(Duration::from_secs(30));
        Ok((job, Change { device, options: self.settings, ranks: self.ranks, peers, limit }))
    }
}

fn command(verb: &str, mut given: Given) -> Result<(Option<String>, Command), String> {
    Ok(match verb {
        "jobs" => given.after_job::<0>("no more words").and_then(|(job, _)| match job {
            None => Ok((None, Command::Jobs)),
            Some(word) => Err(format!("expected no more words, found '{word}'")),
        })?,
        "status" => (given.after_job::<0>("a job")?.0, Command::Status { rank: given.rank }),
        "devices" if given.list => (given.after_job::<0>("no more words")?.0, Command::List),
        "devices" => (given.after_job::<0>("a job")?.0, Command::Devices),
        "attach" => given.change().map(|(job, change)| (job, Command::Attach(change)))?,
        "detach" => given.change().map(|(job, change)| (job, Command::Detach(change)))?,
        "network" => {
            let (job, [state, name]) = given.after_job("up or down, and a network")?;
            let up = match state.as_str() {
                "up" => true,
                "down" => false,
                other => return Err(format!("expected up or down, found '{other}'")),
            };
            (job, Command::Network { name, up, ranks: given.ranks, force: given.force })
        }
        _ => {
            let interval = given.interval.unwrap_or(Duration::from_secs(1));
            (given.after_job::<0>("a job")?.0, Command::Watch { interval, count: given.count })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn a_job_may_be_left_out() {
        let network = |job: Option<&str>| Request {
            job: job.map(String::from),
            json: false,
            command: Command::Network { name: "shm".into(), up: false, ranks: None, force: false },
        };
        assert_eq!(read("network down shm"), Ok(network(None)));
        assert_eq!(read("network ab12 down shm"), Ok(network(Some("ab12"))));
        let Command::Attach(change) = read("attach log file=/tmp/x --peers=remote").unwrap().command else {
            panic!("not attach")
        };
        assert_eq!((change.device.as_str(), change.peers.as_str()), ("log", "remote"));
        assert_eq!(change.options, [("file".to_string(), "/tmp/x".to_string())]);
        assert_eq!(read("attach 17 --json pass").unwrap().job.as_deref(), Some("17"));
        assert!(read("status 17 --rank 0").unwrap().job.is_some());
    }

    #[test]
    fn a_wrong_line_is_answered_with_what_was_expected() {
        for (line, part) in [
            ("", "no command"),
            ("dance", "'dance' is no command"),
            ("attach", "expected a device, found nothing"),
            ("attach a b c", "found 'a b c'"),
            ("attach pass --peers nobody", "names no peers"),
            ("attach pass --timeout 0", "positive"),
            ("attach pass --rank 0", "no option --rank"),
            ("network sideways shm", "expected up or down"),
            ("network shm", "expected up or down, and a network"),
            ("jobs now", "found 'now'"),
            ("watch --interval", "needs a value"),
        ] {
            let why = read(line).unwrap_err();
            assert!(why.contains(part), "{line}: {why}");
        }
    }

    #[test]
    fn every_command_has_help() {
        for verb in ["jobs", "status", "devices", "attach", "detach", "network", "watch"] {
            let Command::Help(text) = read(&format!("{verb} --help")).unwrap().command else {
                panic!("{verb}")
            };
            assert!(text.starts_with(&format!("Usage: vmi {verb}")) && HELP.contains(&format!("vmi {verb}")));
            assert!(text.lines().all(|line| line.chars().count() <= 122), "{verb}");
        }
    }
}
