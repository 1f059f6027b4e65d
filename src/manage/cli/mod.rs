//! `vmi`: the operator's command line. `options` reads it, `find` finds the job, `team` talks to its processes; the other
//! files are one command each.

mod change;
mod find;
mod network;
mod options;
mod ranges;
mod show;
mod table;
mod team;
mod watch;

use options::{Command, Request};
use std::ffi::OsString;
use team::Team;

/// Why a command was not done.
pub enum Fail {
    /// The command line makes no sense.
    Usage(String),
    /// There is no such job.
    NoJob(String),
    /// The job refuses, or something failed on the way.
    Refused(String),
}

impl From<String> for Fail {
    fn from(why: String) -> Fail {
        Fail::Refused(why)
    }
}

/// Runs `vmi` with the arguments after its name; the result is its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> i32 {
    let text = |word: OsString| word.into_string().map_err(|word| format!("{word:?} is not text"));
    let words: Result<Vec<String>, String> = arguments.into_iter().map(text).collect();
    let done = words.and_then(options::parse).map_err(Fail::Usage).and_then(|request| run(&request));
    let (code, why) = match done {
        Ok(()) => return 0,
        Err(Fail::Refused(why)) => (1, why),
        Err(Fail::Usage(why)) => (2, why),
        Err(Fail::NoJob(why)) => (3, why),
    };
    eprintln!("vmi: {why}");
    code
}

fn run(request: &Request) -> Result<(), Fail> {
    let json = request.json;
    match &request.command {
        Command::Help(text) => print!("{text}"),
        Command::Version => println!("vmi {}", env!("CARGO_PKG_VERSION")),
        Command::List => show::filters(json),
        Command::Jobs => show::jobs(&find::jobs()?, json),
        Command::Status { rank } => show::status(&mut team(request)?, rank.as_deref(), json)?,
        Command::Devices => show::devices(&mut team(request)?, json)?,
        Command::Attach(change) => change::attach(&mut team(request)?, change, json)?,
        Command::Detach(change) => change::detach(&mut team(request)?, change, json)?,
        Command::Network { name, up, ranks, force } => {
            network::switch(&mut team(request)?, name, *up, ranks.as_deref(), *force, json)?;
        }
        Command::Watch { interval, count } => watch::watch(&mut team(request)?, *interval, *count, json)?,
    }
    Ok(())
}

fn team(request: &Request) -> Result<Team, Fail> {
    let job = find::choose(find::jobs()?, request.job.as_deref()).map_err(Fail::NoJob)?;
    Ok(Team::open(job)?)
}
