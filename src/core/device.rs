//! Device manager: what every sink offers, and what it says of itself.

use super::buffer::UserBuf;
use super::frame::{Header, Incoming, Token};
use super::io::{Irb, Step};

/// What a sink guarantees and costs. The transfer layer adds only what is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Properties {
    /// Largest payload of one frame, bytes.
    pub max_payload: usize,
    /// Frames of one sender arrive in the order sent.
    pub ordered: bool,
    /// A frame that was accepted arrives as long as both processes live.
    pub reliable: bool,
    /// Latency of a small frame, nanoseconds, as a first guess.
    pub latency_ns: u32,
    /// Bandwidth, MB/s, as a first guess.
    pub bandwidth_mb: u32,
}

/// Why a frame was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// No room now; try again after progress.
    Full,
    /// The peer cannot be reached over this sink any more.
    Lost(String),
}

/// A device that talks to a network: the end of a send chain, the start of a receive chain.
///
/// Not thread-safe: the engine's lock is held around every call. No call blocks.
pub trait Sink {
    fn name(&self) -> &'static str;
    fn properties(&self) -> Properties;

    /// Sends one frame to `slot` (the sink's own number of a peer). `fill` writes exactly `header.len` bytes.
    fn send(&mut self, slot: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), SendError>
    where
        Self: Sized;

    /// The next frame that has arrived, if any. It stays where it is until [`Sink::release`].
    fn next(&mut self) -> Option<Incoming>;

    fn release(&mut self, token: Token);
}

/// A device in the middle of a chain: it looks at requests, changes them, counts them, keeps them.
///
/// Not thread-safe: the engine's lock is held around every call. No call blocks.
pub trait Device {
    fn name(&self) -> &str;

    /// A request on its way along the chain. Forward what you do not know.
    fn dispatch(&mut self, irb: Box<Irb>) -> Step;

    /// A request that asked for it ([`Irb::on_completion`]) is complete; its status is set.
    fn completed(&mut self, _irb: &mut Irb, _context: u64) {}

    /// Requests that were pended and go on now (forwarded to the next device), in order.
    fn poll(&mut self) -> Vec<Box<Irb>> {
        Vec::new()
    }

    /// The device keeps requests; it has to be polled.
    fn is_pending(&self) -> bool {
        false
    }

    /// What went wrong since the last call without harm to any message, one sentence each.
    fn take_alerts(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What the device has to tell, as a JSON value. `null` if nothing.
    fn report(&self) -> String {
        "null".into()
    }
}
