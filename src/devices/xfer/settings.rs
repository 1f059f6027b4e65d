//! What can be set.

/// How several networks are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Each frame goes over the network that delivers it first.
    Striping,
    /// All frames go over the first network that works; the others stand by.
    Standby,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    pub mode: Mode,
    /// A network that shows no sign of life for so long is given up. Probes leave after a quarter of it.
    pub dead_after_ns: u64,
    /// A peer that no network reaches for so long is given up.
    pub give_up_ns: u64,
    /// Most that is retained for sending again.
    pub window_bytes: usize,
    pub window_frames: usize,
    /// An ack leaves after so much has arrived …
    pub ack_bytes: usize,
    pub ack_frames: usize,
    /// … or when there is nothing else to do and something is unacknowledged for so long.
    pub ack_delay_ns: u64,
    /// Frames smaller than this always take the network that delivers them first.
    pub small_bytes: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            mode: Mode::Striping,
            dead_after_ns: 1_000_000_000,
            give_up_ns: 60_000_000_000,
            window_bytes: 16 << 20,
            window_frames: 4096,
            ack_bytes: 256 << 10,
            ack_frames: 256,
            ack_delay_ns: 50_000,
            small_bytes: 16 << 10,
        }
    }
}

impl Settings {
    /// The settings that the environment asks for: `VMI_DEAD_AFTER` and `VMI_GIVE_UP` in milliseconds,
    /// `VMI_STRIPING` 0 or 1, `VMI_WINDOW` in bytes.
    ///
    /// # Errors
    /// One sentence: which variable, its value, and what is expected.
    pub fn load(lookup: impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let number = |name: &str, least: u64, most: u64, unit: &str| match lookup(name) {
            Some(text) if !text.is_empty() => match text.parse() {
                Ok(n) if (least..=most).contains(&n) => Ok(Some(n)),
                _ => Err(format!("{name} is {text:?}, expected {least} to {most}{unit}")),
            },
            _ => Ok(None),
        };
        let mut settings = Settings::default();
        if let Some(ms) = number("VMI_DEAD_AFTER", 20, 3_600_000, " milliseconds")? {
            settings.dead_after_ns = ms * 1_000_000;
        }
        if let Some(ms) = number("VMI_GIVE_UP", 20, 86_400_000, " milliseconds")? {
            settings.give_up_ns = ms * 1_000_000;
        }
        if let Some(bytes) = number("VMI_WINDOW", 1 << 16, 1 << 32, " bytes")? {
            settings.window_bytes = bytes as usize;
        }
        if number("VMI_STRIPING", 0, 1, "")? == Some(0) {
            settings.mode = Mode::Standby;
        }
        Ok(settings)
    }

    /// With values that the wire format and the algorithms can bear.
    pub(super) fn clamped(mut self) -> Settings {
        self.dead_after_ns = self.dead_after_ns.max(1_000_000);
        self.window_frames = self.window_frames.clamp(4, super::wire::MOST / 2);
        self.window_bytes = self.window_bytes.max(4096);
        self.ack_frames = self.ack_frames.clamp(1, self.window_frames / 4);
        self.ack_bytes = self.ack_bytes.clamp(1, self.window_bytes / 4);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_and_checked() {
        let load = |name: &'static str, value: &'static str| {
            Settings::load(move |n| (n == name).then(|| value.to_string()))
        };
        assert_eq!(load("VMI_DEAD_AFTER", "300").map(|s| s.dead_after_ns), Ok(300_000_000));
        assert_eq!(load("VMI_STRIPING", "0").map(|s| s.mode), Ok(Mode::Standby));
        assert_eq!(load("VMI_GIVE_UP", ""), Ok(Settings::default()));
        let wrong = load("VMI_DEAD_AFTER", "soon").map(|_| ());
        assert_eq!(wrong, Err("VMI_DEAD_AFTER is \"soon\", expected 20 to 3600000 milliseconds".into()));
    }
}
