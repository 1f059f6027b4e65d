//! The lines of `testlist`: which program runs with how many ranks and what is expected of it.
//!
//! ```text
//! name  ranks  [key=value …]
//! ```
//!
//! `args=a,b` arguments · `env=NAME=VALUE` (repeatable) · `timeout=SECONDS` · `exit=CODE` or `exit=nonzero`
//! · `says=TEXT` must occur in stdout or stderr (`+` stands for a space) · `abi=std` only these builds (comma separated)
//! · `same` stdout must equal that of the real MPI of the build · `xfail=REASON` known not to work yet.

/// What the exit code must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exit {
    Code(i32),
    NonZero,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    pub ranks: usize,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub timeout_s: u64,
    pub exit: Exit,
    pub says: Vec<String>,
    pub abis: Vec<String>,
    pub same: bool,
    pub xfail: Option<String>,
}

/// Parses the whole file; the error names the line.
pub fn parse(text: &str) -> Result<Vec<Line>, String> {
    let numbered =
        text.lines().enumerate().map(|(at, line)| (at + 1, line.split('#').next().unwrap_or("").trim()));
    numbered
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| parse_line(line).map_err(|why| format!("testlist:{number}: {why}")))
        .collect()
}

fn parse_line(line: &str) -> Result<Line, String> {
    let mut words = line.split_whitespace();
    let name = words.next().ok_or("no name")?.to_string();
    let ranks = words.next().ok_or("no number of ranks")?;
    let ranks = ranks.parse().map_err(|_| format!("'{ranks}' is not a number of ranks"))?;
    let mut parsed = Line {
        name,
        ranks,
        args: Vec::new(),
        env: Vec::new(),
        timeout_s: 60,
        exit: Exit::Code(0),
        says: Vec::new(),
        abis: Vec::new(),
        same: false,
        xfail: None,
    };
    for word in words {
        option(&mut parsed, word)?;
    }
    Ok(parsed)
}

fn option(line: &mut Line, word: &str) -> Result<(), String> {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    match key {
        "args" => line.args = value.split(',').map(spaced).collect(),
        "env" => {
            let (name, value) =
                value.split_once('=').ok_or_else(|| format!("'{word}' is not env=NAME=VALUE"))?;
            line.env.push((name.into(), spaced(value)));
        }
        "timeout" => {
            line.timeout_s = value.parse().map_err(|_| format!("'{value}' is not a number of seconds"))?
        }
        "exit" if value == "nonzero" => line.exit = Exit::NonZero,
        "exit" => {
            line.exit = Exit::Code(value.parse().map_err(|_| format!("'{value}' is not an exit code"))?)
        }
        "says" => line.says.push(spaced(value)),
        "abi" => line.abis = value.split(',').map(String::from).collect(),
        "same" => line.same = true,
        "xfail" => line.xfail = Some(spaced(value)),
        _ => return Err(format!("unknown option '{word}'")),
    }
    Ok(())
}

fn spaced(text: &str) -> String {
    text.replace('+', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_understood() {
        let lines =
            parse("# comment\nmpi/p2p/flood 2 args=5000,64 timeout=9 exit=nonzero says=two+words same\n")
                .unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].ranks, lines[0].timeout_s, lines[0].same), (2, 9, true));
        assert_eq!(lines[0].args, ["5000", "64"]);
        assert_eq!(lines[0].exit, Exit::NonZero);
        assert_eq!(lines[0].says, ["two words"]);
    }

    #[test]
    fn mistakes_name_the_line() {
        assert_eq!(parse("a 2\nb x\n").unwrap_err(), "testlist:2: 'x' is not a number of ranks");
        assert_eq!(parse("a 2 wrong=1\n").unwrap_err(), "testlist:1: unknown option 'wrong=1'");
    }
}
