//! The command line of `vmirun`.

use super::libraries;
use super::orders::{App, Binding};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

/// Printed by `--help`.
pub const HELP: &str = "\
Usage: vmirun [OPTIONS] PROGRAM [ARGUMENTS] [: [OPTIONS] PROGRAM [ARGUMENTS]]...

Starts an MPI job. Programs of one job may be built for different MPIs.

For each program (after a ':' too):
  -n, -np N               number of ranks (default: 1, or the sum of the counts in --hosts)
  -x NAME[=VALUE]         set a variable, or pass on the value it has here
  -genv, -env NAME VALUE  set a variable (-genv: for all programs)
  --wdir DIR              start in this directory
  --preload ABI           mpich, openmpi or abi: load our library before anything else; for a program with a
                          built-in search path (DT_RPATH) that a script starts

For the job:
  --hosts A:2,B:2         run on these hosts, so many ranks on each in turn; 'localhost' is this one
  --hostfile FILE         the same, one host a line, '#' starts a comment
  -ppn N                  ranks per host, for hosts without a count
  --launch-agent COMMAND  how to start the agent of a host instead of ssh; %h is the host's name
  --label                 begin each line of output with [rank]
  --bind share|core|none  processors for each rank: an equal share (default; one in turn where as many ranks
                          fall to each), one, or all; never fails
  --stdin 0|none          the rank that gets standard input (default 0)
  --timeout SECONDS       end the job after this time, exit code 124 (or set MPIEXEC_TIMEOUT)
  --json                  messages of vmirun itself as JSON lines on standard error
  --verbose               say what is being done
  --version, --help

There are no slots: any number of ranks may share a host. The exit code is that of the first rank that failed,
128 + the signal for a rank killed by a signal, 127 or 126 if the program cannot be found or run.
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Help,
    Version,
    /// This process is a remote agent.
    Agent,
    Run(Box<Options>),
}

/// One program and its number of ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub ranks: Option<u32>,
    pub app: App,
}

/// A host and how many ranks to place on it before the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub count: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub programs: Vec<Program>,
    pub hosts: Vec<Host>,
    pub per_host: Option<u32>,
    pub launch_agent: Option<String>,
    pub label: bool,
    pub binding: Binding,
    pub stdin_rank: Option<u32>,
    pub timeout: Option<Duration>,
    pub json: bool,
    pub verbose: bool,
    /// `NAME=VALUE` for all programs.
    pub environment: Vec<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            programs: Vec::new(),
            hosts: Vec::new(),
            per_host: None,
            launch_agent: None,
            label: false,
            binding: Binding::Share,
            stdin_rank: Some(0),
            timeout: None,
            json: false,
            verbose: false,
            environment: Vec::new(),
        }
    }
}

/// Reads the arguments after the program name.
///
/// # Errors
/// A sentence that names the option.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let mut parser =
        Parser { arguments: arguments.into_iter().collect::<Vec<_>>().into_iter(), inline: None };
    let mut options = Options::default();
    loop {
        match parser.program(&mut options)? {
            Step::Last => break,
            Step::More => {}
            Step::Instead(request) => return Ok(request),
        }
    }
    Ok(Request::Run(Box::new(options)))
}

fn positive_seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse().ok().filter(|s| *s > 0.0)?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl Options {
    /// The limit that the environment sets, as other launchers know it, where the command line sets none.
    ///
    /// # Errors
    /// A sentence that names the variable.
    pub fn limit_by(&mut self, variable: Option<OsString>) -> Result<(), String> {
        let Some(value) = variable.filter(|value| !value.is_empty() && self.timeout.is_none()) else {
            return Ok(());
        };
        let text = value.to_string_lossy();
        self.timeout = positive_seconds(&text);
        match self.timeout {
            Some(_) => Ok(()),
            None => Err(format!("MPIEXEC_TIMEOUT is '{text}', expected a positive number of seconds")),
        }
    }
}

/// What follows a program.
enum Step {
    Last,
    More,
    Instead(Request),
}

struct Parser {
    arguments: std::vec::IntoIter<OsString>,
    /// The value of `--name=value`.
    inline: Option<String>,
}

impl Parser {
    /// Reads options, a program and its arguments up to a ':' or the end.
    fn program(&mut self, options: &mut Options) -> Result<Step, String> {
        let app = App { arguments: Vec::new(), environment: Vec::new(), directory: None };
        let mut program = Program { ranks: None, app };
        loop {
            let argument = self.arguments.next().ok_or("no program given (see vmirun --help)")?;
            if argument == "--" {
                let name = self.arguments.next().ok_or("no program given after '--'")?;
                return self.arguments_of(name, program, options);
            }
            match argument.to_str().filter(|text| text.starts_with('-') && text.len() > 1) {
                None if argument == ":" => return Err("':' without a program before it".into()),
                None => return self.arguments_of(argument, program, options),
                Some(option) => {
                    if let Some(request) = self.option(option, &mut program, options)? {
                        return Ok(Step::Instead(request));
                    }
                }
            }
        }
    }

    fn arguments_of(
        &mut self,
        name: OsString,
        mut program: Program,
        options: &mut Options,
    ) -> Result<Step, String> {
        program.app.arguments.push(name.into_vec());
        let mut step = Step::Last;
        for argument in self.arguments.by_ref() {
            if argument == ":" {
                step = Step::More;
                break;
            }
            program.app.arguments.push(argument.into_vec());
        }
        options.programs.push(program);
        Ok(step)
    }

    fn option(
        &mut self,
        text: &str,
        program: &mut Program,
        all: &mut Options,
    ) -> Result<Option<Request>, String> {
        let (name, inline) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_string())),
            _ => (text, None),
        };
        self.inline = inline;
        match name {
            "-h" | "--help" => return Ok(Some(Request::Help)),
            "-V" | "--version" => return Ok(Some(Request::Version)),
            "--agent" => return Ok(Some(Request::Agent)),
            "-n" | "-np" | "--np" | "--n" => program.ranks = Some(self.positive(name)?),
            "-x" => program.app.environment.extend(self.variable(name)?),
            "-env" | "--env" => program.app.environment.push(self.pair(name)?),
            "-genv" | "--genv" => all.environment.push(self.pair(name)?),
            "-wdir" | "--wdir" | "-wd" | "--wd" => {
                program.app.directory = Some(self.raw(name)?.into_vec());
            }
            "--preload" => program.app.environment.push(self.preload(name)?),
            _ => self.job_option(name, all)?,
        }
        match self.inline {
            Some(_) => Err(format!("option {name} takes no value")),
            None => Ok(None),
        }
    }

    fn job_option(&mut self, name: &str, all: &mut Options) -> Result<(), String> {
        match name {
            "-hosts" | "--hosts" | "-host" | "--host" | "-H" => {
                all.hosts.extend(parse_hosts(&self.value(name)?)?)
            }
            "--hostfile" | "-hostfile" | "-f" => all.hosts.extend(read_hosts(&self.value(name)?)?),
            "-ppn" | "--ppn" => all.per_host = Some(self.positive(name)?),
            "--launch-agent" => all.launch_agent = Some(self.value(name)?),
            "--label" | "-l" => all.label = true,
            "--bind" => all.binding = self.binding(name)?,
            "--stdin" => all.stdin_rank = self.stdin(name)?,
            "--timeout" => all.timeout = Some(self.seconds(name)?),
            "--json" => all.json = true,
            "--verbose" | "-v" => all.verbose = true,
            // Accepted because scripts written for other launchers have them; here they are always true.
            "--oversubscribe" | "--allow-run-as-root" => {}
            _ => return Err(format!("unknown option {name} (see vmirun --help)")),
        }
        Ok(())
    }

    fn raw(&mut self, name: &str) -> Result<OsString, String> {
        let value = self.inline.take().map(OsString::from).or_else(|| self.arguments.next());
        value.ok_or_else(|| format!("option {name} needs a value"))
    }

    fn value(&mut self, name: &str) -> Result<String, String> {
        self.raw(name)?.into_string().map_err(|value| format!("option {name}: {value:?} is not text"))
    }

    fn positive(&mut self, name: &str) -> Result<u32, String> {
        let value = self.value(name)?;
        match value.parse() {
            Ok(number @ 1..=1_000_000) => Ok(number),
            _ => Err(format!("option {name}: '{value}' is not a number from 1 to 1000000")),
        }
    }

    fn seconds(&mut self, name: &str) -> Result<Duration, String> {
        let value = self.value(name)?;
        positive_seconds(&value)
            .ok_or_else(|| format!("option {name}: '{value}' is not a positive number of seconds"))
    }

    fn binding(&mut self, name: &str) -> Result<Binding, String> {
        match self.value(name)?.as_str() {
            "share" | "auto" => Ok(Binding::Share),
            "core" => Ok(Binding::Core),
            "none" => Ok(Binding::None),
            other => Err(format!("option {name}: '{other}' is none of share, core, none")),
        }
    }

    fn stdin(&mut self, name: &str) -> Result<Option<u32>, String> {
        match self.value(name)?.as_str() {
            "none" => Ok(None),
            value => value
                .parse()
                .map(Some)
                .map_err(|_| format!("option {name}: '{value}' is neither a rank nor 'none'")),
        }
    }

    fn preload(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let abi = self.value(name)?;
        let library = libraries::name_of_abi(&abi);
        let library =
            library.ok_or_else(|| format!("option {name}: '{abi}' is none of mpich, openmpi, abi"))?;
        Ok(format!("{}={library}", libraries::PRELOAD).into_bytes())
    }

    /// `NAME=VALUE`, or `NAME` with the value it has here, if it has one.
    fn variable(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let value = self.raw(name)?;
        let bytes = value.as_bytes();
        match bytes.iter().position(|b| *b == b'=') {
            Some(0) => Err(format!("option {name}: {value:?} has no name")),
            Some(_) => Ok(Some(value.into_vec())),
            None if bytes.is_empty() => Err(format!("option {name} needs a name")),
            None => Ok(std::env::var_os(&value).map(|here| [bytes, b"=", here.as_bytes()].concat())),
        }
    }

    fn pair(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let variable = self.raw(name)?;
        let value = self.arguments.next().ok_or_else(|| format!("option {name} needs a name and a value"))?;
        Ok([variable.as_bytes(), b"=", value.as_bytes()].concat())
    }
}

/// `a:2,b` — the count follows the last colon; an IPv6 address is written in brackets.
fn parse_hosts(list: &str) -> Result<Vec<Host>, String> {
    list.split(',').filter(|item| !item.trim().is_empty()).map(|item| parse_host(item.trim())).collect()
}

fn parse_host(item: &str) -> Result<Host, String> {
    let bad = || format!("host '{item}': expected NAME or NAME:COUNT");
    let (name, count) = match item.rsplit_once(':') {
        Some((name, _)) if name.contains(':') && !name.ends_with(']') => return Err(bad()),
        Some((name, count)) => (name, Some(count.parse::<u32>().ok().filter(|c| *c > 0).ok_or_else(bad)?)),
        None => (item, None),
    };
    // A name that starts with '-' would be an option of ssh.
    if name.is_empty() || name.starts_with('-') || name.contains(char::is_whitespace) {
        return Err(bad());
    }
    Ok(Host { name: name.trim_matches(['[', ']']).to_string(), count })
}

fn read_hosts(file: &str) -> Result<Vec<Host>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("host file {file}: {error}"))?;
    let mut hosts = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_ascii_whitespace();
        let Some(first) = words.next() else { continue };
        // Open MPI writes "name slots=2".
        let count = words.next().and_then(|w| w.strip_prefix("slots="));
        let item = count.map_or(first.to_string(), |count| format!("{first}:{count}"));
        hosts.push(parse_host(&item).map_err(|error| format!("{file}, line {}: {error}", number + 1))?);
    }
    if hosts.is_empty() { Err(format!("host file {file} names no host")) } else { Ok(hosts) }
}

#[cfg(test)]
mod tests;
