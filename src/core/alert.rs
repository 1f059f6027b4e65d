//! Alert manager: what went wrong, and who has to know.
//!
//! A device or manager raises an alert and goes on. The layer above takes them and decides: print, report to a
//! daemon, end the job. An alert about the same thing is raised once.
//!
//! Beside them it keeps the last [`HISTORY`] events of the process (alerts, links, epochs) for an operator who asks.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

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

/// Something that happened, for whoever watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Counts the events of this process from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub at: u64,
    /// `notice`, `fault`, `lost`, `link`, `epoch` or `network`.
    pub kind: &'static str,
    pub peer: Option<u32>,
    pub text: String,
}

/// Events kept.
pub const HISTORY: usize = 256;

#[derive(Default)]
pub struct Alerts {
    waiting: Vec<Alert>,
    raised: usize,
    history: VecDeque<Event>,
    events: u64,
}

/// Alerts kept until taken; later ones are only counted.
const KEPT: usize = 64;

impl Alerts {
    pub fn raise(&mut self, alert: Alert) {
        self.raised += 1;
        if self.waiting.contains(&alert) {
            return;
        }
        let kind = match alert.severity {
            Severity::Notice => "notice",
            Severity::Fault => "fault",
            Severity::Lost => "lost",
        };
        self.note(kind, alert.peer, alert.text.clone());
        if self.waiting.len() < KEPT {
            self.waiting.push(alert);
        }
    }

    /// Keeps an event that nobody has to be told of.
    pub fn note(&mut self, kind: &'static str, peer: Option<u32>, text: impl Into<String>) {
        if self.history.len() >= HISTORY {
            self.history.pop_front();
        }
        self.events += 1;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        self.history.push_back(Event { number: self.events, at, kind, peer, text: text.into() });
    }

    /// The events after number `since`, as far as they are kept.
    pub fn events_since(&self, since: u64) -> impl Iterator<Item = &Event> {
        self.history.iter().filter(move |e| e.number > since)
    }

    /// Number of the last event.
    pub fn last_event(&self) -> u64 {
        self.events
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_bounded_and_remembers_what_was_taken() {
        let mut alerts = Alerts::default();
        alerts.fault(3, "gone");
        alerts.fault(3, "gone");
        assert_eq!((alerts.take().len(), alerts.last_event()), (1, 1));
        (0..HISTORY).for_each(|i| alerts.note("link", None, format!("{i}")));
        let kept: Vec<u64> = alerts.events_since(0).map(|e| e.number).collect();
        assert_eq!((kept.len(), kept[0], alerts.last_event()), (HISTORY, 2, HISTORY as u64 + 1));
        assert_eq!(alerts.events_since(HISTORY as u64).count(), 1);
    }
}
