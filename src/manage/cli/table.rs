//! Columns of text, as wide as their widest word.

#[derive(Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heads: &[&str]) -> Table {
        Table { rows: vec![heads.iter().map(|h| h.to_string()).collect()] }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, each after `indent`. Columns in which every cell but the head is a number are set to the right.
    pub fn text(&self, indent: &str) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
        let width = |at: usize| self.rows.iter().map(|r| cell(r, at).chars().count()).max().unwrap_or(0);
        let numeric = |at: usize| {
            let is_number =
                |c: String| c.starts_with(|c: char| c.is_ascii_digit() || c == '-') || c.is_empty();
            self.rows.len() > 1 && self.rows[1..].iter().all(|r| is_number(cell(r, at)))
        };
        let shape: Vec<(usize, bool)> =
            (0..columns).map(|at| (width(at), numeric(at) && at + 1 < columns)).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = indent.to_string();
            for (at, (width, right)) in shape.iter().enumerate() {
                let text = cell(row, at);
                line += &if *right { format!("{text:>width$}  ") } else { format!("{text:<width$}  ") };
            }
            out += line.trim_end();
            out.push('\n');
        }
        out
    }
}

/// A number of bytes for a reader.
pub fn bytes(count: u64) -> String {
    scaled(count as f64, &["B", "kB", "MB", "GB", "TB", "PB"], 1000.0)
}

/// A time for a reader.
pub fn nanoseconds(count: f64) -> String {
    scaled(count, &["ns", "us", "ms", "s"], 1000.0)
}

fn scaled(mut value: f64, units: &[&str], step: f64) -> String {
    let mut at = 0;
    while value >= step && at + 1 < units.len() {
        value /= step;
        at += 1;
    }
    if at == 0 || value >= 100.0 {
        format!("{value:.0} {}", units[at])
    } else {
        format!("{value:.1} {}", units[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_needed() {
        let mut table = Table::new(&["N", "NAME", "WHAT"]);
        table.row(vec!["1".into(), "long name".into(), "x".into()]);
        table.row(vec!["10".into(), "é".into()]);
        assert_eq!(table.text(" "), "  N  NAME       WHAT\n  1  long name  x\n 10  é\n");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!((bytes(999).as_str(), bytes(1500).as_str()), ("999 B", "1.5 kB"));
        assert_eq!((bytes(u64::MAX).as_str(), nanoseconds(2.5e6).as_str()), ("18447 PB", "2.5 ms"));
    }
}
