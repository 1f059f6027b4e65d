//! Why a process cannot take its place in a job.

use std::fmt;

/// Each variant carries a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobError {
    /// The environment names a launcher that cannot be used.
    Environment(String),
    /// The launcher answered with a refusal.
    Refused(String),
    /// The launcher is gone, or does not answer.
    Lost(String),
    /// Somebody broke the rules of the conversation.
    Protocol(String),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Environment(text) => write!(f, "{text}"),
            JobError::Refused(text) => write!(f, "the launcher refused: {text}"),
            JobError::Lost(text) => write!(f, "lost the launcher: {text}"),
            JobError::Protocol(text) => {
                write!(f, "unexpected answer in the job's control connection: {text}")
            }
        }
    }
}

impl std::error::Error for JobError {}
