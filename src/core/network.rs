//! What a network is to the core: a sink that can lose its way to a peer and find it again.
//!
//! Shared memory and loopback are wired into [`super::Core`] for speed; everything else that reaches a peer
//! (tcp, udp, plug-ins) is a [`Network`], and frames over it carry a connection's epoch and sequence
//! (the live module).

use super::buffer::{Buffer, UserBuf};
use super::device::{Properties, SendError};
use super::frame::{Begun, Header, Incoming, Token};
use super::rdma::Rdma;
use super::slab::Slab;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// The way over one network to one peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// Not asked for yet.
    Unused,
    /// Being made.
    Opening,
    Up,
    /// Broken, for a reason. [`Network::open`] tries again.
    Down(String),
    /// The peer has ended orderly; it will not come back.
    Finished,
}

/// A network of this machine, under its name in the machine configuration file.
///
/// Not thread-safe: the engine's lock is held around every call. No call blocks, except [`Network::close`].
pub trait Network {
    /// Unique in a process; the same network has the same name in every process of the job.
    fn name(&self) -> &str;
    /// The device that drives it: `tcp`, `udp`, …
    fn device(&self) -> &str;
    fn properties(&self) -> Properties;

    /// Whether frames arrive in order, and its link ends when one is lost: then it can be used with nothing above it.
    fn stands_alone(&self) -> bool {
        let Properties { ordered, reliable, .. } = self.properties();
        ordered && reliable
    }

    /// Why it cannot be used now, if it cannot; it may come up later.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// How peers reach this process over this network; they give it to [`Network::set_card`].
    fn card(&self) -> Vec<u8>;
    /// Err: the card makes no sense.
    fn set_card(&mut self, peer: u32, card: &[u8]) -> Result<(), String>;

    /// Begins making a link to `peer` unless there is one; a broken one is made again.
    fn open(&mut self, peer: u32);
    /// Gives up the link to `peer`, as if it had broken.
    fn drop_link(&mut self, peer: u32, why: &str);
    fn link(&self, peer: u32) -> Link;

    /// Sends one frame whose payload is what `slab` holds from its cursor on (`header.len` bytes). The network may keep
    /// clones of the slab's pieces until the kernel has them; nobody changes them meanwhile.
    fn send(&mut self, peer: u32, header: Header, slab: &Slab) -> Result<(), SendError>;
    /// Copies what it still refers to of `buffer` for `peer`: the owner would like to have it back.
    fn copy_out_of(&mut self, _peer: u32, _buffer: &Rc<Buffer>) {}
    /// The next frame that has arrived, if any. It stays where it is until [`Network::release`].
    fn next(&mut self) -> Option<Incoming>;
    fn release(&mut self, token: Token);

    /// A long frame whose beginning has arrived, once each: the rest may land where it is wanted, uncopied.
    fn begun(&mut self) -> Option<Begun> {
        None
    }
    /// What a frame that has begun holds behind its [`HEAD`](super::frame::HEAD) goes to `at`, where there is room for it.
    /// That memory may be written until the frame is handed out, or [`Network::retract`].
    fn land(&mut self, _begun: &Begun, _at: UserBuf) {}
    /// As if [`Network::land`] had not been called: the frame from `peer` that was to land arrives as any other does.
    fn retract(&mut self, _peer: u32) {}

    /// Its remote memory, if it has any.
    fn rdma(&mut self) -> Option<&mut dyn Rdma> {
        None
    }

    /// Why it has none.
    fn no_rdma(&self) -> &str {
        "the device moves frames only"
    }

    /// What the device has to tell, as a JSON value. `null` if nothing.
    fn report(&self) -> String {
        "null".into()
    }

    /// Accepted frames have not left this process.
    fn owes(&self) -> bool;
    /// A time limit runs: call [`Network::next`] now and then.
    fn is_ticking(&self) -> bool;
    /// Looks once more for work before a sleep; true if there is none.
    fn is_quiet(&mut self) -> bool;
    /// Readable when there may be something to do.
    fn fd(&self) -> Option<BorrowedFd<'_>>;
    /// What went wrong since the last call: the peer, if one is concerned, and one sentence each.
    fn take_alerts(&mut self) -> Vec<(Option<u32>, String)>;
    /// Ends all links orderly; may take a moment.
    fn close(&mut self);
}
