//! Pass: forwards everything and counts it. The smallest device, and the measure of what a chain costs.

use crate::core::device::Device;
use crate::core::io::{Command, Irb, Step};

#[derive(Default)]
pub struct Pass {
    sent: u64,
    completed: u64,
    received: u64,
}

impl Device for Pass {
    fn name(&self) -> &str {
        "pass"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        match irb.command {
            Command::Send => {
                self.sent += 1;
                irb.on_completion(0);
            }
            Command::Receive => self.received += 1,
            _ => {}
        }
        Step::Forward(irb)
    }

    fn completed(&mut self, _irb: &mut Irb, _context: u64) {
        self.completed += 1;
    }

    fn report(&self) -> String {
        let Pass { sent, completed, received } = self;
        format!("{{\"sent\":{sent},\"completed\":{completed},\"received\":{received}}}")
    }
}
