//! Chain manager: ordered lists of devices. A process has a default send and a default receive chain; each
//! connection may have chains of its own.

use super::device::Device;

/// Devices in the order in which a request visits them.
#[derive(Default)]
pub struct Chain {
    devices: Vec<Box<dyn Device>>,
}

impl Chain {
    pub fn new() -> Chain {
        Chain::default()
    }

    /// Appends a device: on a send chain nearer to the network, on a receive chain nearer to the program.
    pub fn attach(&mut self, device: Box<dyn Device>) {
        self.devices.push(device);
    }

    /// Takes the device named `name` off the chain.
    pub fn detach(&mut self, name: &str) -> Option<Box<dyn Device>> {
        let at = self.devices.iter().position(|d| d.name() == name)?;
        Some(self.devices.remove(at))
    }

    /// Takes all devices off, in their order.
    pub fn take(&mut self) -> Vec<Box<dyn Device>> {
        std::mem::take(&mut self.devices)
    }

    pub fn device_mut(&mut self, at: usize) -> Option<&mut (dyn Device + 'static)> {
        self.devices.get_mut(at).map(|d| &mut **d)
    }

    /// Some device keeps requests.
    pub fn is_pending(&self) -> bool {
        self.devices.iter().any(|d| d.is_pending())
    }

    /// What the devices have to tell: name and JSON value each.
    pub fn reports(&self) -> Vec<(String, String)> {
        self.devices.iter().map(|d| (d.name().to_string(), d.report())).collect()
    }

    pub fn len(&self) -> usize {
        self.devices.len()
    }

    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    pub fn names(&self) -> Vec<&str> {
        self.devices.iter().map(|d| d.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::frame::Header;
    use crate::core::io::{Command, Irb, Outcome, Status, Step, dispatch};
    use crate::core::slab::Slab;
    use std::cell::RefCell;
    use std::rc::Rc;

    type Log = Rc<RefCell<Vec<String>>>;

    /// Writes down what it sees; completes commands it is told to.
    struct Spy(&'static str, Log, Option<Command>);

    impl Device for Spy {
        fn name(&self) -> &str {
            self.0
        }
        fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
            self.1.borrow_mut().push(format!("{} {:?}", self.0, irb.command));
            irb.on_completion(7);
            if self.2 == Some(irb.command) {
                irb.status = Status::Failed("as told".into());
                return Step::Complete(irb);
            }
            Step::Forward(irb)
        }
        fn completed(&mut self, irb: &mut Irb, context: u64) {
            self.1.borrow_mut().push(format!("{} done {context} {}", self.0, irb.status == Status::Success));
        }
    }

    fn irb(command: Command) -> Box<Irb> {
        Irb::new(command, 1, Header { kind: 1, meta: [0; 3], len: 0 }, Slab::default())
    }

    #[test]
    fn completion_unwinds_in_reverse_order() {
        let log = Log::default();
        let mut chain = Chain::new();
        chain.attach(Box::new(Spy("a", log.clone(), None)));
        chain.attach(Box::new(Spy("b", log.clone(), Some(Command::Connect))));
        chain.attach(Box::new(Spy("c", log.clone(), None)));
        assert!(matches!(dispatch(&mut chain, irb(Command::Connect)), Outcome::Completed(_)));
        assert_eq!(*log.borrow(), ["a Connect", "b Connect", "b done 7 false", "a done 7 false"]);
    }

    #[test]
    fn long_chains_unwind_as_well() {
        let log = Log::default();
        let mut chain = Chain::new();
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        names.iter().for_each(|name| chain.attach(Box::new(Spy(name, log.clone(), None))));
        let Outcome::Passed(irb) = dispatch(&mut chain, irb(Command::Send)) else { panic!("not passed") };
        log.borrow_mut().clear();
        crate::core::io::complete(&mut chain, irb);
        let expected: Vec<String> = names.iter().rev().map(|name| format!("{name} done 7 true")).collect();
        assert_eq!(*log.borrow(), expected);
    }

    #[test]
    fn an_irb_nobody_completes_passes_the_chain_and_detached_devices_do_not_see_it() {
        let log = Log::default();
        let mut chain = Chain::new();
        chain.attach(Box::new(Spy("a", log.clone(), None)));
        chain.attach(Box::new(Spy("b", log.clone(), None)));
        assert!(chain.detach("a").is_some() && chain.detach("x").is_none());
        assert!(matches!(dispatch(&mut chain, irb(Command::Flush)), Outcome::Passed(_)));
        assert_eq!((chain.names(), log.borrow().len()), (vec!["b"], 1));
    }
}
