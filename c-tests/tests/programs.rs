//! Every line of `testlist`, for every ABI that can be built here, as one test each.
//!
//! Speaks enough of the standard test harness's command line and output that `cargo test` and tools that count results
//! see nothing unusual: names as filters, `--list`, `--exact`, `--skip`, `--test-threads`, `test result:` at the end.

use std::fs;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use vmi_c_tests::job::{self, Outcome};
use vmi_c_tests::program::{Abi, compile};
use vmi_c_tests::testlist::{self, Exit, Line};

/// One line for one ABI.
struct Case {
    name: String,
    line: Line,
    abi: Abi,
}

enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

#[derive(Default)]
struct Options {
    filters: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    list: bool,
    threads: Option<usize>,
}

impl Options {
    fn read() -> Options {
        let mut options = Options::default();
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => options.list = true,
                "--exact" => options.exact = true,
                "--skip" => options.skip.extend(args.next()),
                "--test-threads" => options.threads = args.next().and_then(|n| n.parse().ok()),
                "--format" | "--color" | "-Z" | "--logfile" => drop(args.next()),
                flag if flag.starts_with("--test-threads=") => options.threads = flag[15..].parse().ok(),
                flag if flag.starts_with('-') => {}
                _ => options.filters.push(arg),
            }
        }
        options
    }

    fn wants(&self, name: &str) -> bool {
        let matches =
            |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        (self.filters.is_empty() || self.filters.iter().any(matches)) && !self.skip.iter().any(matches)
    }
}

fn main() -> ExitCode {
    let options = Options::read();
    let file = vmi_c_tests::home().join("testlist");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = testlist::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let (cases, others): (Vec<Case>, Vec<Case>) =
        lines.iter().flat_map(cases_of).partition(|case| options.wants(&case.name));
    if options.list {
        cases.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", cases.len());
    let start = Instant::now();
    let threads = options.threads.unwrap_or(2);
    let counts = run_all(&cases, threads);
    let [passed, failed, skipped] = counts;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; {} filtered out; \
         finished in {:.2}s\n",
        others.len(),
        start.elapsed().as_secs_f64()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

fn cases_of(line: &Line) -> Vec<Case> {
    let wanted = |abi: &&Abi| line.abis.is_empty() || line.abis.iter().any(|name| name == abi.name());
    let args = if line.args.is_empty() { String::new() } else { format!(" {}", line.args.join(" ")) };
    let env: String = line.env.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    Abi::of_source(&line.name)
        .iter()
        .filter(wanted)
        .map(|&abi| Case {
            name: format!("{}{args}{env} ({}, n={})", line.name, abi.name(), line.ranks),
            line: line.clone(),
            abi,
        })
        .collect()
}

/// Returns how many passed, failed and were skipped.
fn run_all(cases: &[Case], threads: usize) -> [usize; 3] {
    let next = AtomicUsize::new(0);
    let done = Mutex::new([0usize; 3]);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = run_case(case);
                    let mut counts = done.lock().expect("no printer panics");
                    tell(case, &verdict, &mut counts);
                    if let Verdict::Failed(why) = verdict {
                        failures.lock().expect("no printer panics").push((case.name.clone(), why));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no printer panics");
    if !failures.is_empty() {
        println!("\nfailures:");
        failures.iter().for_each(|(name, why)| println!("\n---- {name}\n{why}"));
    }
    done.into_inner().expect("no printer panics")
}

fn tell(case: &Case, verdict: &Verdict, counts: &mut [usize; 3]) {
    match verdict {
        Verdict::Passed => {
            counts[0] += 1;
            println!("test {} ... ok", case.name);
        }
        Verdict::Failed(_) => {
            counts[1] += 1;
            println!("test {} ... FAILED", case.name);
        }
        Verdict::Skipped(why) => {
            counts[2] += 1;
            println!("test {} ... ignored, SKIPPED: {why}", case.name);
        }
    }
}

fn run_case(case: &Case) -> Verdict {
    if let Some(missing) = case.abi.missing() {
        return Verdict::Skipped(missing);
    }
    let program = match compile(&case.line.name, case.abi) {
        Ok(program) => program,
        Err(why) => return Verdict::Failed(why),
    };
    let limit = Duration::from_secs(case.line.timeout_s);
    let mut command = job::ranks(case.line.ranks, &program, &case.line.args);
    command.current_dir(vmi_c_tests::home());
    command.envs(case.line.env.iter().map(|(name, value)| (name, value)));
    let outcome = job::run(&mut command, limit);
    let mut verdict = judge(&case.line, &outcome);
    if verdict.is_none() && case.line.same {
        verdict = match job::reference(case.abi, case.line.ranks, &program, &case.line.args) {
            Some(mut real) => compare(&outcome, &job::run(&mut real, limit)),
            None => None,
        };
    }
    match (verdict, &case.line.xfail) {
        (None, None) => Verdict::Passed,
        (None, Some(reason)) => Verdict::Failed(format!("passes now, but testlist says xfail={reason}")),
        (Some(_), Some(reason)) => Verdict::Skipped(format!("known not to work: {reason}")),
        (Some(why), None) => Verdict::Failed(why),
    }
}

/// What is wrong with the outcome, if anything.
fn judge(line: &Line, outcome: &Outcome) -> Option<String> {
    let code_is_right = match (&line.exit, outcome.code) {
        (_, None) => false,
        (Exit::Code(want), Some(code)) => code == *want,
        (Exit::NonZero, Some(code)) => code != 0,
    };
    if !code_is_right {
        return Some(format!("expected exit {:?}\n{}", line.exit, outcome.report()));
    }
    if line.exit == Exit::Code(0) && outcome.stderr.contains("FAIL ") {
        return Some(outcome.report());
    }
    let both = format!("{}{}", outcome.stdout, outcome.stderr);
    let missing = line.says.iter().find(|text| !both.contains(text.as_str()))?;
    Some(format!("does not say '{missing}'\n{}", outcome.report()))
}

fn compare(ours: &Outcome, real: &Outcome) -> Option<String> {
    if real.code.is_none() {
        eprintln!("SKIPPED comparison: the real library did not finish in time, nothing to compare with");
        return None;
    }
    if ours.stdout == real.stdout {
        return None;
    }
    Some(format!(
        "stdout differs from the real library's\n--- ours\n{}--- real\n{}",
        ours.stdout, real.stdout
    ))
}
