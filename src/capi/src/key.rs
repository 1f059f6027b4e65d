//! What the library takes from the environment, once, at `VMI_Init`.

use crate::status::{Result, fail};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Longest key, bytes.
pub const MAX_KEY: usize = 263;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The name of this process; empty until [`Settings::complete_key`] if the environment has none.
    pub key: String,
    /// Largest inline message, bytes.
    pub inline_max: usize,
    pub use_cache: bool,
    pub connect_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let connect_timeout = Duration::from_secs(60);
        Settings { key: String::new(), inline_max: 64 << 10, use_cache: true, connect_timeout }
    }
}

impl Settings {
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Settings> {
        let mut settings = Settings::default();
        if let Some(key) = lookup("VMI_KEY") {
            settings.key = key;
        }
        if settings.key.len() > MAX_KEY - 12 {
            fail!(
                Argument,
                "VMI_KEY has {} bytes, at most {} are possible",
                settings.key.len(),
                MAX_KEY - 12
            );
        }
        let number = |name: &str, default: usize| match lookup(name).map(|text| (text.trim().parse(), text)) {
            None => Ok(default),
            Some((Ok(number), _)) => Ok(number),
            Some((Err(_), text)) => fail!(Argument, "{name}={text} is not a number"),
        };
        settings.inline_max = number("VMI_INLINED_DATA_SZ", settings.inline_max)?;
        settings.use_cache = number("VMI_DISABLE_REGCACHE", 0)? == 0;
        let seconds = number("VMI_CONNECT_TIMEOUT", settings.connect_timeout.as_secs() as usize)?;
        settings.connect_timeout = Duration::from_secs(seconds as u64);
        Ok(settings)
    }

    /// In a job a key without a colon gets the rank; a process without a key gets one of its own.
    pub fn complete_key(&mut self, rank: u32, size: u32, secret: &[u8; 32]) {
        if self.key.is_empty() {
            self.key = hex(&Sha256::digest(secret)[..4]);
        }
        if size > 1 && !self.key.contains(':') {
            self.key = format!("{}:{rank}", self.key);
        }
    }
}

/// The key of `rank`, if it is named as we are.
pub fn of_rank(own: &str, rank: u32) -> Result<String> {
    match own.rsplit_once(':') {
        Some((program, _)) => Ok(format!("{program}:{rank}")),
        None => fail!(State, "the own key '{own}' names no rank"),
    }
}

/// The abstract socket of the process `key` of user `uid`: keys may be too long for one.
pub fn socket_name(uid: u32, key: &str) -> String {
    format!("vmi-{uid}-{}", hex(&Sha256::digest(key.as_bytes())[..16]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Settings> {
        Settings::read(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
    }

    #[test]
    fn keys_name_the_rank() {
        for (key, size, complete) in [("a", 4, "a:2"), ("a:7", 4, "a:7"), ("a", 1, "a")] {
            let mut settings = with(&[("VMI_KEY", key)]).unwrap();
            settings.complete_key(2, size, &[0; 32]);
            assert_eq!(settings.key, complete);
        }
        let mut own = Settings::default();
        own.complete_key(3, 4, &[1; 32]);
        assert!(own.key.ends_with(":3") && own.key.len() == 10);
    }

    #[test]
    fn values_are_checked() {
        let settings = with(&[("VMI_INLINED_DATA_SZ", "99"), ("VMI_DISABLE_REGCACHE", "1")]).unwrap();
        assert_eq!((settings.inline_max, settings.use_cache), (99, false));
        let fault = with(&[("VMI_INLINED_DATA_SZ", "much")]).unwrap_err();
        assert_eq!(fault.text, "VMI_INLINED_DATA_SZ=much is not a number");
        assert!(with(&[("VMI_KEY", &"k".repeat(300))]).is_err());
    }

    #[test]
    fn sockets_are_per_user_and_short() {
        assert_ne!(socket_name(1, "a:0"), socket_name(2, "a:0"));
        assert!(socket_name(u32::MAX, &"k".repeat(260)).len() < 100);
    }
}
