//! What it takes to open one half of a filter on a connection.
//!
//! A filter is two devices: one on the sending process's send chain, its inverse on the receiving process's receive
//! chain. Each direction of each connection has halves of its own. Within an epoch both halves see the same
//! frames in the same order, each exactly once.

use super::device::Device;

/// A filter and its options, as on the command line: `compress level=3`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spec {
    /// Name of a built-in filter, or the path of a plug-in (contains a `/`).
    pub name: String,
    pub options: Vec<(String, String)>,
}

impl Spec {
    /// Reads `name key=value …`.
    pub fn parse(text: &str) -> Result<Spec, String> {
        let mut words = text.split_whitespace();
        let Some(name) = words.next() else { return Err("a device without a name".into()) };
        let options = words.map(|word| match word.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_string(), value.to_string())),
            _ => Err(format!("'{word}' is no option of device {name}, expected key=value")),
        });
        Ok(Spec { name: name.to_string(), options: options.collect::<Result<_, _>>()? })
    }

    /// It is `crypt`, or what somebody may have typed for it: a connection that begins with it is never used without.
    pub fn asks_for_encryption(&self) -> bool {
        const WORD: &str = "crypt";
        let name = self.name.to_lowercase();
        name.contains(WORD) || is_one_slip_from(name.as_bytes(), WORD.as_bytes())
    }

    /// Reads a list as in `VMI_CHAIN`: `checksum,compress level=3`.
    pub fn parse_list(text: &str) -> Result<Vec<Spec>, String> {
        text.split(',').filter(|part| !part.trim().is_empty()).map(Spec::parse).collect()
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)?;
        self.options.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

/// One letter more, less, wrong, or two exchanged.
fn is_one_slip_from(typed: &[u8], word: &[u8]) -> bool {
    let same = typed.iter().zip(word).take_while(|(a, b)| a == b).count();
    let (typed, word) = (&typed[same..], &word[same..]);
    match (typed, word) {
        ([a, b, rest @ ..], [c, d, end @ ..]) if (a, b) == (d, c) && rest == end => true,
        ([_, rest @ ..], [_, end @ ..]) if rest == end => true,
        ([_, rest @ ..], _) if rest == word => true,
        (_, [_, end @ ..]) => typed == end,
        _ => typed == word,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    Send,
    Receive,
}

/// Where a half is opened.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub half: Half,
    /// World process numbers of the sender and the receiver of this direction.
    pub sender: u32,
    pub receiver: u32,
    /// The epoch from which on the half is used.
    pub epoch: u16,
    /// Known to the members of the job only.
    pub secret: [u8; 32],
}

/// Opens one half. Err: one sentence; nothing has changed then.
pub type Open = fn(&Spec, &Site) -> Result<Box<dyn Device>, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_recognized_misspelt() {
        let asks = |name: &str| Spec::parse(name).expect("a name").asks_for_encryption();
        let yes = [
            "crypt",
            "Crypt",
            "crypto",
            "encrypt",
            "crpyt",
            "cript",
            "cryp",
            "ccrypt",
            "/l/crypt.so",
            "rypt",
        ];
        yes.iter().for_each(|name| assert!(asks(name), "{name}"));
        let no = ["checksum", "compress", "nonsense", "log", "c", "/l/rot.so", "script", "crt", "pyt"];
        no.iter().for_each(|name| assert!(!asks(name), "{name}"));
    }
}
