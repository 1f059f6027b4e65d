//! Alert manager: what went wrong, and who has to know.
//!
//! A device or manager raises an alert and goes on. The layer above takes them and decides: print, report to a
//! daemon, end the job. An alert about the same thing is raised once.

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a line; nothing is lost.
    Notice,
    /// A way to a peer is gone, or a peer misbehaves.
    Fault,
    /// A peer cannot be reached any more, or a message of it is lost: the job cannot go on.
    Lost,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    pub severity: Severity,
    /// World process number of the peer concerned.
    pub peer: Option<u32>,
    /// One sentence.
    pub text: String,
}

#[derive(Default)]
pub struct Alerts {
    waiting: Vec<Alert>,
    raised: usize,
}

/// Alerts kept until taken; later ones are only counted.
const KEPT: usize = 64;

impl Alerts {
    pub fn raise(&mut self, alert: Alert) {
        self.raised += 1;
        if self.waiting.len() < KEPT && !self.waiting.contains(&alert) {
            self.waiting.push(alert);
        }
    }

    pub fn notice(&mut self, text: impl Into<String>) {
        self.raise(Alert { severity: Severity::Notice, peer: None, text: text.into() });
    }

    pub fn fault(&mut self, peer: u32, text: impl Into<String>) {
        self.raise(Alert { severity: Severity::Fault, peer: Some(peer), text: text.into() });
    }

    pub fn lost(&mut self, peer: u32, text: impl Into<String>) {
        self.raise(Alert { severity: Severity::Lost, peer: Some(peer), text: text.into() });
    }

    /// The job cannot go on.
    pub fn is_urgent(&self) -> bool {
        self.waiting.last().is_some_and(|a| a.severity == Severity::Lost)
    }

    /// All alerts since the last call.
    pub fn take(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.waiting)
    }

    /// Alerts raised since the start, taken or not.
    pub fn raised(&self) -> usize {
        self.raised
    }
}
