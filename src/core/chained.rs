//! The way of a connection whose chain has devices besides the sink.
//!
//! A frame becomes a slab in an IRB, passes the send chain, and goes to the sink; on the other side a frame from
//! the sink becomes a slab in an IRB, passes the receive chain, and is handed up. A frame that the sink has no
//! room for waits here, already transformed, and keeps its place.

use super::buffer::{Buffer, UserBuf};
use super::chain::Chain;
use super::frame::{Header, Incoming, Token};
use super::io::{Command, Irb, Outcome, Status, dispatch};
use super::slab::Slab;
use std::collections::VecDeque;

/// Frames that may wait for room; beyond it the sender is told to try again.
const WAITING: usize = 64;

pub struct Chained {
    pub send: Chain,
    pub receive: Chain,
    /// Through the send chain, not yet taken by the sink.
    waiting: VecDeque<Box<Irb>>,
    /// Through the receive chain, not yet handed up.
    arrived: VecDeque<Box<Irb>>,
    handed: Option<Box<Irb>>,
    sink: u8,
}

/// Payload bytes by which devices may lengthen a frame.
pub const ROOM: usize = 128;

impl Chained {
    /// `sink` is the number in the tokens of frames handed up from here.
    pub fn new(send: Chain, receive: Chain, sink: u8) -> Chained {
        let (waiting, arrived) = (VecDeque::new(), VecDeque::new());
        Chained { send, receive, waiting, arrived, handed: None, sink }
    }

    /// Nothing waits in either direction.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.arrived.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING
    }

    /// Sends a frame down the chain; what comes out waits for [`Chained::front`]. Err: a device refused it.
    pub fn push(&mut self, peer: u32, header: Header, fill: impl FnOnce(UserBuf)) -> Result<(), String> {
        let buffer = Buffer::allocate(header.len);
        fill(buffer.address());
        let irb = Irb::new(Command::Send, peer, header, Slab::of(buffer));
        match dispatch(&mut self.send, irb) {
            Outcome::Passed(irb) => self.waiting.push_back(irb),
            Outcome::Completed(irb) => match irb.status {
                Status::Success => {}
                Status::Failed(why) => return Err(why),
            },
            Outcome::Pending => {}
        }
        Ok(())
    }

    /// The first frame that waits for the sink, with its header as it goes out.
    pub fn front(&self) -> Option<(u32, Header, &Slab)> {
        let irb = self.waiting.front()?;
        Some((irb.connection, Header { len: irb.slab.len(), ..irb.header }, &irb.slab))
    }

    /// The sink has taken (or lost) the first frame: its devices hear of it.
    pub fn sent(&mut self, status: Status) {
        if let Some(mut irb) = self.waiting.pop_front() {
            irb.status = status;
            super::io::complete(&mut self.send, irb);
        }
    }

    /// A frame from the sink goes up the chain. Err: a device refused it.
    pub fn arrive(&mut self, frame: &Incoming) -> Result<(), String> {
        let buffer = Buffer::allocate(frame.header.len);
        frame.payload.copy_to(buffer.address(), frame.header.len);
        let irb = Irb::new(Command::Receive, frame.peer, frame.header, Slab::of(buffer));
        match dispatch(&mut self.receive, irb) {
            Outcome::Passed(irb) => self.arrived.push_back(irb),
            Outcome::Completed(irb) => match irb.status {
                Status::Success => {}
                Status::Failed(why) => return Err(why),
            },
            Outcome::Pending => {}
        }
        Ok(())
    }

    /// Lets pended requests go on.
    pub fn poll(&mut self) {
        for at in 0..self.send.names().len() {
            let going = self.send.device_mut(at).map(|d| d.poll()).unwrap_or_default();
            for irb in going {
                if let Outcome::Passed(irb) = dispatch(&mut self.send, irb.resumed(at)) {
                    self.waiting.push_back(irb);
                }
            }
        }
        for at in 0..self.receive.names().len() {
            let going = self.receive.device_mut(at).map(|d| d.poll()).unwrap_or_default();
            for irb in going {
                if let Outcome::Passed(irb) = dispatch(&mut self.receive, irb.resumed(at)) {
                    self.arrived.push_back(irb);
                }
            }
        }
    }

    /// The next frame for the layer above, one at a time.
    pub fn next(&mut self) -> Option<Incoming> {
        if self.handed.is_some() {
            return None;
        }
        let mut irb = self.arrived.pop_front()?;
        let (len, payload) = contiguous(&mut irb.slab);
        let header = Header { len, ..irb.header };
        let token = Token { sink: self.sink, slot: 0, line: 0 };
        let frame = Incoming { peer: irb.connection, header, payload, token };
        self.handed = Some(irb);
        Some(frame)
    }

    /// The layer above is done with the frame handed up last.
    pub fn release(&mut self) {
        if let Some(irb) = self.handed.take() {
            super::io::complete(&mut self.receive, irb);
        }
    }
}

/// The slab's bytes in one piece; a scattered slab is gathered into a buffer of its own first.
fn contiguous(slab: &mut Slab) -> (usize, UserBuf) {
    if slab.ops().len() != 1 {
        let whole = Buffer::allocate(slab.len());
        let len = slab.len();
        slab.read(whole.address(), len);
        *slab = Slab::of(whole);
    }
    (slab.len(), slab.ops().first().map_or(UserBuf::BOTTOM, |op| op.address()))
}
