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
