//! What the core asks of the job it belongs to: where the peers are and what they have put up for each other.
//!
//! The core does not know the job; whoever opens the core hands it an implementation.

/// The job as the devices see it. Calls may wait for the launcher; none is on a fast path.
pub trait Directory {
    /// Puts up a card of this process.
    fn put(&self, key: &str, value: &[u8]) -> Result<(), String>;
    /// Reads a card that `rank` put up before the last fence.
    fn get(&self, rank: u32, key: &str) -> Result<Vec<u8>, String>;
    /// Waits until every process of the job has come here.
    fn fence(&self) -> Result<(), String>;
    /// Name of the host of `rank`.
    fn host(&self, rank: u32) -> String;
    /// Known to the members of the job only.
    fn secret(&self) -> [u8; 32];
}
