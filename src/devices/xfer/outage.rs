//! When no network reaches the peer: since when, and what was tried.

use super::Xfer;
use super::path::Phase;

/// No network reaches the peer, and there is something to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outage {
    pub since: u64,
    /// What was tried: each network and why it does not work.
    pub text: String,
}

#[derive(Default)]
pub struct Watch {
    /// Networks that can take frames.
    pub usable: usize,
    /// Since when there is none although there is something to send.
    pub outage: Option<u64>,
    /// Length of the last outage, ns.
    pub last_outage: u64,
    pub outages: u64,
    /// When the peer last acknowledged anything, or began to have something to acknowledge.
    pub progress: u64,
    /// There was traffic since the networks were last tested.
    pub active: bool,
}

impl Xfer {
    /// After the state of a network has changed.
    pub(super) fn count_usable(&mut self, now: u64) {
        self.watch.usable = self.paths.iter().filter(|path| path.is_usable()).count();
        self.alarm = 0;
        if self.watch.usable == 0 {
            if !self.window.is_empty() {
                self.watch.outage.get_or_insert(now);
            }
        } else if let Some(since) = self.watch.outage.take() {
            self.watch.last_outage = now.saturating_sub(since);
            self.watch.outages += 1;
        }
    }

    /// There is something to send and no network to send it over.
    pub fn outage(&self) -> Option<Outage> {
        let since = self.watch.outage.filter(|_| !self.window.is_empty())?;
        Some(Outage { since, text: self.tried() })
    }

    fn tried(&self) -> String {
        let tell = |path: &super::Path| match path.phase {
            _ if !path.enabled => format!("{}: taken down by the user", path.name),
            Phase::Usable => format!("{}: up", path.name),
            _ => format!("{}: {}", path.name, path.why),
        };
        let all: Vec<String> = self.paths.iter().map(tell).collect();
        if all.is_empty() { "no network is configured".into() } else { all.join("; ") }
    }

    /// Some if there is no hope: the peer has ended, or nothing has reached it for [`super::Settings::give_up_ns`].
    pub fn given_up(&self, now: u64) -> Option<Outage> {
        if self.window.is_empty() {
            return None;
        }
        let since = self.watch.outage.unwrap_or(self.watch.progress);
        let finished = !self.paths.is_empty() && self.paths.iter().all(|path| path.phase == Phase::Finished);
        let over = now >= since + self.settings.give_up_ns;
        (over || finished).then(|| Outage { since, text: self.tried() })
    }
}
