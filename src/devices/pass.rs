//! Pass: forwards everything and counts it. The smallest device, and the measure of what a chain costs.

use crate::core::device::Device;
use crate::core::io::{Command, Irb, Step};
use std::cell::Cell;
use std::rc::Rc;

/// What has passed, shared by the device's two halves (send and receive chain).
#[derive(Default, Debug)]
pub struct Counts {
    pub sent: Cell<u64>,
    pub completed: Cell<u64>,
    pub received: Cell<u64>,
}

pub struct Pass {
    counts: Rc<Counts>,
}

impl Pass {
    pub fn new(counts: Rc<Counts>) -> Pass {
        Pass { counts }
    }
}

impl Device for Pass {
    fn name(&self) -> &str {
        "pass"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        match irb.command {
            Command::Send => {
                self.counts.sent.set(self.counts.sent.get() + 1);
                irb.on_completion(0);
            }
            Command::Receive => self.counts.received.set(self.counts.received.get() + 1),
            _ => {}
        }
        Step::Forward(irb)
    }

    fn completed(&mut self, _irb: &mut Irb, _context: u64) {
        self.counts.completed.set(self.counts.completed.get() + 1);
    }

    fn report(&self) -> String {
        let Counts { sent, completed, received } = &*self.counts;
        let (sent, completed, received) = (sent.get(), completed.get(), received.get());
        format!(r#"{{"sent":{sent},"completed":{completed},"received":{received}}}"#)
    }
}
