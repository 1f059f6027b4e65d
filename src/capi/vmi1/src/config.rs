//! The machine-specific configuration file: one network a line.

use std::path::PathBuf;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub network: String,
    pub module: String,
    /// The rest of the line.
    pub options: String,
}

/// The networks of this machine.
///
/// # Errors
/// One sentence: a file that cannot be read, or a line that is wrong.
pub fn load() -> Result<Vec<Line>, String> {
    let named = std::env::var_os("VMI1_CONFIG").map(PathBuf::from);
    let usual = Some(PathBuf::from("/etc/vmi1.conf")).filter(|file| file.is_file());
    let Some(file) = named.or(usual) else { return Ok(vec![default()]) };
    let text = std::fs::read_to_string(&file);
    let text = text.map_err(|error| format!("cannot read the configuration {}: {error}", file.display()))?;
    parse(&text).map_err(|wrong| format!("{}, {wrong}", file.display()))
}

fn default() -> Line {
    Line { network: "vmi2".into(), module: "vmivmi".into(), options: String::new() }
}

fn parse(text: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default();
        let mut words = text.split_whitespace();
        let Some(network) = words.next() else { continue };
        let Some(module) = words.next() else {
            return Err(format!("line {number}: network '{network}' has no module"));
        };
        if lines.iter().any(|line| line.network == network) {
            return Err(format!("line {number}: there is a network '{network}' already"));
        }
        let options = words.collect::<Vec<_>>().join(" ");
        lines.push(Line { network: network.into(), module: module.into(), options });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commented_line_is_no_network() {
        let lines = parse("# a b\nvmi2 vmivmi # fast\n#gm gm\n\n x\t/lib/x.so  depth=1  y \n").unwrap();
        assert_eq!(lines[0], default());
        assert_eq!((lines[1].module.as_str(), lines[1].options.as_str()), ("/lib/x.so", "depth=1 y"));
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(parse("a b\nc").unwrap_err(), "line 2: network 'c' has no module");
        assert_eq!(parse("a b\na c").unwrap_err(), "line 2: there is a network 'a' already");
    }
}
