//! I/O manager: I/O request blocks (IRBs) and their way along a chain.
//!
//! An IRB is dispatched on a chain and visits its devices in order. A device *forwards* it (after changing it, and
//! perhaps asking to hear of its completion), *completes* it, or *pends* it: keeps it and completes it later.
//! Completion unwinds the stack: every device that asked is told, last one first. A device that does not know
//! a command forwards the IRB.

use super::chain::Chain;
use super::frame::Header;
use super::slab::Slab;

/// Types of request (the paper's Table I; from `Publish` on our own).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    Attach,
    Detach,
    Connect,
    Disconnect,
    ConnectRequest,
    DisconnectRequest,
    Send,
    Receive,
    Alert,
    Publish,
    Put,
    Get,
    Flush,
    Reconfigure,
}

/// How a request ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    Success,
    /// One sentence.
    Failed(String),
}

/// One device's place on an IRB's stack: which device wants to hear of the completion, with what context.
#[derive(Clone, Copy, Debug, Default)]
struct StackFrame {
    device: usize,
    context: u64,
}

/// The first frames need no memory of their own: most chains are short, and an allocation costs as much as a device.
#[derive(Default)]
struct Stack {
    first: [StackFrame; 4],
    depth: usize,
    others: Vec<StackFrame>,
}

impl Stack {
    #[inline]
    fn push(&mut self, frame: StackFrame) {
        match self.first.get_mut(self.depth) {
            Some(place) => *place = frame,
            None => self.others.push(frame),
        }
        self.depth += 1;
    }

    #[inline]
    fn pop(&mut self) -> Option<StackFrame> {
        self.depth = self.depth.checked_sub(1)?;
        self.first.get(self.depth).copied().or_else(|| self.others.pop())
    }
}

/// I/O request block.
pub struct Irb {
    pub command: Command,
    /// Peer of the connection concerned.
    pub connection: u32,
    /// The protocol's header, for `Send` and `Receive`.
    pub header: Header,
    pub slab: Slab,
    pub status: Status,
    /// Device-specific arguments, in and out.
    pub args: [u64; 2],
    stack: Stack,
    /// The device that sees the IRB next.
    position: usize,
}

impl Irb {
    pub fn new(command: Command, connection: u32, header: Header, slab: Slab) -> Box<Irb> {
        let status = Status::Success;
        Box::new(Irb {
            command,
            connection,
            header,
            slab,
            status,
            args: [0; 2],
            stack: Stack::default(),
            position: 0,
        })
    }

    /// Makes a completed request a new one.
    pub fn reuse(&mut self, command: Command, connection: u32, header: Header) {
        (self.command, self.connection, self.header) = (command, connection, header);
        (self.status, self.args, self.position) = (Status::Success, [0; 2], 0);
        self.stack.depth = 0;
        self.stack.others.clear();
    }

    /// Some device wants to hear of the completion.
    pub fn has_stack(&self) -> bool {
        self.stack.depth > 0
    }

    /// A request that device `at` had pended goes on with the device after it.
    pub fn resumed(mut self: Box<Irb>, at: usize) -> Box<Irb> {
        self.position = at + 1;
        self
    }

    /// Asks that the device that is looking at the IRB be told of its completion, with `context`.
    pub fn on_completion(&mut self, context: u64) {
        self.stack.push(StackFrame { device: self.position, context });
    }
}

/// What a device does with an IRB.
pub enum Step {
    Forward(Box<Irb>),
    Complete(Box<Irb>),
    /// The device keeps it and hands it back by [`super::device::Device::poll`].
    Pend,
}

/// Where an IRB is after a dispatch.
pub enum Outcome {
    /// It passed the last device: the stream manager (or the sink) has the word.
    Passed(Box<Irb>),
    Completed(Box<Irb>),
    Pending,
}

/// Sends `irb` along `chain`, from the device after the one that looked at it last.
#[inline]
pub fn dispatch(chain: &mut Chain, mut irb: Box<Irb>) -> Outcome {
    while let Some(device) = chain.device_mut(irb.position) {
        match device.dispatch(irb) {
            Step::Forward(next) => {
                irb = next;
                irb.position += 1;
            }
            Step::Complete(done) => return Outcome::Completed(complete(chain, done)),
            Step::Pend => return Outcome::Pending,
        }
    }
    Outcome::Passed(irb)
}

/// Tells the devices on the stack, last one first.
#[inline]
pub fn complete(chain: &mut Chain, mut irb: Box<Irb>) -> Box<Irb> {
    while let Some(StackFrame { device, context }) = irb.stack.pop() {
        if let Some(device) = chain.device_mut(device) {
            device.completed(&mut irb, context);
        }
    }
    irb
}
