//! Epochs: how the two processes of a connection agree on a change of its filters while it is in use.
//!
//! Each direction of a connection has an epoch of its own. Its sender *proposes* epoch n+1 with the list of devices;
//! the receiver opens the inverse devices and *accepts*, or *refuses* and nothing has changed. From then on the
//! sender stamps its frames with n+1. Frames are delivered in sequence, so the receiver goes over to the new chain
//! at the first frame that carries the stamp; frames of epoch n before it still pass the old one. A device that
//! is in both lists moves over with its state.
//!
//! ```text
//!   sender   PROPOSE n+1 [devices] ──►  receiver opens what is new
//!            ◄── ACCEPT n+1  or  REFUSE n+1 why
//!            SWITCH, stamped n+1 ──►     receiver: old devices gone, chain of n+1
//! ```
//! A *mutual* proposal asks the receiver to do the same for the other direction.

use super::chain::Chain;
use super::device::Device;
use super::filter::{Half, Open, Site, Spec};
use std::collections::VecDeque;

/// Types of control frame (`meta[0]`); `meta[1]` is the epoch they are about.
pub mod control {
    pub const PROPOSE: u32 = 1;
    pub const ACCEPT: u32 = 2;
    pub const REFUSE: u32 = 3;
    pub const SWITCH: u32 = 4;
    /// A network's card: its name, a line feed, the card.
    pub const CARD: u32 = 5;
    /// The other direction cannot follow the mutual proposal of this epoch, and why.
    pub const FAILED: u32 = 6;
    /// A request of an operator, for the process itself; the epoch is the request's number.
    pub const REQUEST: u32 = 7;
    /// A piece of the answer to the request of this number: `+` (more follow) or `.` (the last), then text.
    pub const REPLY: u32 = 8;
    /// What was sent on the direct way lies before this frame.
    pub const MARK: u32 = 9;
    /// The last live frame: what follows takes the direct way.
    pub const DIRECT: u32 = 10;
}

/// Devices a connection may have in one direction: a bound on what a hostile peer can make us open.
pub const MOST_DEVICES: usize = 16;
/// Epochs a sender may be ahead of its frames.
const MOST_PREPARED: usize = 16;

/// A device in the list of an epoch. `id` is the sender's name for it, never used twice in one direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub id: u16,
    pub spec: Spec,
}

/// What a sender wants the next epoch to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    pub epoch: u16,
    /// The receiver is to change the other direction likewise.
    pub mutual: Option<Change>,
    /// The epoch of the mutual proposal that this one follows.
    pub follows: Option<u16>,
    pub devices: Vec<Listed>,
}

/// A change of one direction's filters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Puts a device nearest to the network.
    Attach(Spec),
    /// Takes the device of this name off; `all` takes every device off.
    Detach(String),
}

impl Proposal {
    /// The proposal as text: a line for itself, a line for each device.
    pub fn encode(&self) -> String {
        let mutual = match &self.mutual {
            None => "one-way".into(),
            Some(Change::Attach(spec)) => format!("attach {spec}"),
            Some(Change::Detach(name)) => format!("detach {name}"),
        };
        let follows = self.follows.map_or_else(|| "-".into(), |epoch| epoch.to_string());
        let devices: String = self.devices.iter().map(|d| format!("\n{} {}", d.id, d.spec)).collect();
        format!("{} {follows} {mutual}{devices}", self.epoch)
    }

    /// Reads what [`Proposal::encode`] wrote. Err: what is wrong with it.
    pub fn decode(text: &str) -> Result<Proposal, String> {
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let bad = || format!("the proposal begins with {head:?}");
        let mut words = head.splitn(3, ' ');
        let epoch = words.next().and_then(|w| w.parse().ok()).ok_or_else(bad)?;
        let follows = match words.next().ok_or_else(bad)? {
            "-" => None,
            number => Some(number.parse().map_err(|_| bad())?),
        };
        let mutual = match words.next().ok_or_else(bad)?.split_once(' ') {
            None => None,
            Some(("attach", spec)) => Some(Change::Attach(Spec::parse(spec)?)),
            Some(("detach", name)) => Some(Change::Detach(name.to_string())),
            Some(_) => return Err(bad()),
        };
        let devices = lines.map(|line| {
            let (id, spec) = line.split_once(' ').ok_or_else(|| format!("device line {line:?}"))?;
            let id = id.parse().map_err(|_| format!("device line {line:?}"))?;
            Ok(Listed { id, spec: Spec::parse(spec)? })
        });
        let devices = devices.collect::<Result<Vec<_>, String>>()?;
        if devices.len() > MOST_DEVICES {
            return Err(format!("{} devices, at most {MOST_DEVICES}", devices.len()));
        }
        Ok(Proposal { epoch, mutual, follows, devices })
    }
}

/// What it takes to open a device of this direction.
#[derive(Clone, Copy)]
pub struct Opener {
    pub open: Open,
    pub sender: u32,
    pub receiver: u32,
    pub secret: [u8; 32],
}

impl Opener {
    fn device(&self, half: Half, listed: &Listed) -> Result<Box<dyn Device>, String> {
        let site = Site {
            half,
            sender: self.sender,
            receiver: self.receiver,
            epoch: listed.id,
            secret: self.secret,
        };
        (self.open)(&listed.spec, &site)
    }
}

/// A direction's devices, in the order in which the sender's requests visit them.
#[derive(Default)]
struct Stages {
    list: Vec<Listed>,
    chain: Chain,
}

impl Stages {
    /// The stages of `list`: devices of `self` that stay in it move over, the others come from `opened`.
    fn moved(&mut self, list: Vec<Listed>, mut opened: Vec<(u16, Box<dyn Device>)>, reverse: bool) -> Stages {
        let order = |list: &[Listed]| -> Vec<u16> {
            let ids = list.iter().map(|l| l.id);
            if reverse { ids.rev().collect() } else { ids.collect() }
        };
        let mut old: Vec<_> = order(&self.list).into_iter().zip(self.chain.take()).collect();
        let mut chain = Chain::new();
        for id in order(&list) {
            let of = |devices: &mut Vec<(u16, Box<dyn Device>)>| {
                devices.iter().position(|(i, _)| *i == id).map(|at| devices.remove(at).1)
            };
            if let Some(device) = of(&mut old).or_else(|| of(&mut opened)) {
                chain.attach(device);
            }
        }
        Stages { list, chain }
    }
}

/// The sender's side of a direction.
pub struct Outward {
    opener: Opener,
    epoch: u16,
    next_id: u16,
    stages: Stages,
    proposed: Option<Proposed>,
}

struct Proposed {
    proposal: Proposal,
    opened: Vec<(u16, Box<dyn Device>)>,
}

impl Outward {
    pub fn new(opener: Opener) -> Outward {
        Outward { opener, epoch: 0, next_id: 1, stages: Stages::default(), proposed: None }
    }

    pub fn epoch(&self) -> u16 {
        self.epoch
    }

    pub fn chain(&mut self) -> &mut Chain {
        &mut self.stages.chain
    }

    pub fn devices(&self) -> &[Listed] {
        &self.stages.list
    }

    /// Whether a change could be done on this side. Err: why not.
    pub fn check(&self, change: &Change) -> Result<(), String> {
        match change {
            Change::Attach(spec) => {
                let listed = Listed { id: self.next_id, spec: spec.clone() };
                self.opener.device(Half::Send, &listed).map(|_| ())
            }
            Change::Detach(_) => Ok(()),
        }
    }

    pub fn reports(&self) -> Vec<(String, String)> {
        self.stages.chain.reports()
    }

    /// Begins a change. Err: it cannot be done on this side; nothing has changed.
    pub fn propose(
        &mut self,
        change: &Change,
        mutual: bool,
        follows: Option<u16>,
    ) -> Result<Proposal, String> {
        let mut devices = self.stages.list.clone();
        let mut opened = Vec::new();
        match change {
            Change::Attach(spec) => {
                let listed = Listed { id: self.next_id, spec: spec.clone() };
                opened.push((listed.id, self.opener.device(Half::Send, &listed)?));
                devices.push(listed);
            }
            Change::Detach(name) if name == "all" => devices.clear(),
            Change::Detach(name) => {
                let at = devices.iter().rposition(|d| d.spec.name == *name);
                let Some(at) = at else {
                    let there: Vec<&str> = devices.iter().map(|d| d.spec.name.as_str()).collect();
                    return Err(format!(
                        "no device {name} is attached, expected one of: {}",
                        there.join(" ")
                    ));
                };
                devices.remove(at);
            }
        }
        if devices.len() > MOST_DEVICES {
            return Err(format!("{MOST_DEVICES} devices are attached already"));
        }
        self.next_id = self.next_id.checked_add(1).ok_or("too many devices were attached in this job")?;
        let epoch = self.epoch.wrapping_add(1);
        let proposal = Proposal { epoch, mutual: mutual.then(|| change.clone()), follows, devices };
        self.proposed = Some(Proposed { proposal: proposal.clone(), opened });
        Ok(proposal)
    }

    /// The receiver has accepted: requests pass the new chain from now on. False if nothing was proposed under this number.
    pub fn accepted(&mut self, epoch: u16) -> bool {
        let Some(Proposed { proposal, opened }) = self.proposed.take_if(|p| p.proposal.epoch == epoch) else {
            return false;
        };
        self.stages = self.stages.moved(proposal.devices, opened, false);
        self.epoch = epoch;
        true
    }

    /// The receiver has refused: nothing changes.
    pub fn refused(&mut self, epoch: u16) -> bool {
        self.proposed.take_if(|p| p.proposal.epoch == epoch).is_some()
    }
}

/// The receiver's side of a direction.
pub struct Inward {
    opener: Opener,
    epoch: u16,
    stages: Stages,
    /// Accepted, and no frame of them has been delivered.
    prepared: VecDeque<Proposed>,
}

impl Inward {
    pub fn new(opener: Opener) -> Inward {
        Inward { opener, epoch: 0, stages: Stages::default(), prepared: VecDeque::new() }
    }

    pub fn epoch(&self) -> u16 {
        self.epoch
    }

    pub fn chain(&mut self) -> &mut Chain {
        &mut self.stages.chain
    }

    pub fn devices(&self) -> &[Listed] {
        &self.stages.list
    }

    pub fn reports(&self) -> Vec<(String, String)> {
        self.stages.chain.reports()
    }

    /// No device is here, and none is on its way.
    pub fn is_bare(&self) -> bool {
        self.stages.list.is_empty() && self.prepared.is_empty()
    }

    /// Opens the inverse of what is new in `proposal`. Err: why it is refused; nothing has changed.
    pub fn prepare(&mut self, proposal: Proposal) -> Result<(), String> {
        let last = self.prepared.back().map_or(self.epoch, |p| p.proposal.epoch);
        if proposal.epoch != last.wrapping_add(1) || self.prepared.len() >= MOST_PREPARED {
            return Err(format!("epoch {} after epoch {last}", proposal.epoch));
        }
        let before = self.prepared.back().map_or(&self.stages.list, |p| &p.proposal.devices);
        let mut opened = Vec::new();
        for (at, listed) in proposal.devices.iter().enumerate() {
            if proposal.devices[..at].iter().any(|other| other.id == listed.id) {
                return Err(format!("device number {} is in the list twice", listed.id));
            }
            match before.iter().find(|other| other.id == listed.id) {
                None => opened.push((listed.id, self.opener.device(Half::Receive, listed)?)),
                Some(known) if known.spec == listed.spec => {}
                Some(known) => {
                    return Err(format!("device number {} is {}, not {}", known.id, known.spec, listed.spec));
                }
            }
        }
        self.prepared.push_back(Proposed { proposal, opened });
        Ok(())
    }

    /// A frame of `epoch` is next. Err: it was never agreed on.
    pub fn go_to(&mut self, epoch: u16) -> Result<(), String> {
        while self.epoch != epoch {
            let Some(Proposed { proposal, opened }) = self.prepared.pop_front() else {
                return Err(format!("a frame of epoch {epoch}, expected {}", self.epoch));
            };
            self.epoch = proposal.epoch;
            self.stages = self.stages.moved(proposal.devices, opened, true);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::io::{Irb, Step};

    struct Named(String);
    impl Device for Named {
        fn name(&self) -> &str {
            &self.0
        }
        fn dispatch(&mut self, irb: Box<Irb>) -> Step {
            Step::Forward(irb)
        }
    }

    fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
        if spec.name == "lame" && site.half == Half::Receive {
            return Err("no inverse".into());
        }
        Ok(Box::new(Named(format!("{}{}", spec.name, site.epoch))))
    }

    fn pair() -> (Outward, Inward) {
        let opener = Opener { open, sender: 0, receiver: 1, secret: [0; 32] };
        (Outward::new(opener), Inward::new(opener))
    }

    fn attach(name: &str) -> Change {
        Change::Attach(Spec { name: name.into(), options: vec![] })
    }

    /// Runs a change through both sides.
    fn change(out: &mut Outward, inward: &mut Inward, change: &Change) -> Result<(), String> {
        let proposal = out.propose(change, false, None)?;
        let proposal = Proposal::decode(&proposal.encode())?;
        let epoch = proposal.epoch;
        match inward.prepare(proposal) {
            Ok(()) => assert!(out.accepted(epoch)),
            Err(why) => {
                assert!(out.refused(epoch));
                return Err(why);
            }
        }
        Ok(())
    }

    #[test]
    fn both_sides_see_inverse_chains_and_devices_keep_their_state() {
        let (mut out, mut inward) = pair();
        change(&mut out, &mut inward, &attach("a")).unwrap();
        change(&mut out, &mut inward, &attach("b")).unwrap();
        inward.go_to(2).unwrap();
        assert_eq!((out.chain().names(), inward.chain().names()), (vec!["a1", "b2"], vec!["b2", "a1"]));
        change(&mut out, &mut inward, &Change::Detach("a".into())).unwrap();
        change(&mut out, &mut inward, &attach("a")).unwrap();
        assert_eq!((out.chain().names(), inward.chain().names()), (vec!["b2", "a4"], vec!["b2", "a1"]));
        inward.go_to(4).unwrap();
        assert_eq!(inward.chain().names(), ["a4", "b2"]);
        change(&mut out, &mut inward, &Change::Detach("all".into())).unwrap();
        inward.go_to(5).unwrap();
        assert!(out.chain().is_empty() && inward.chain().is_empty());
        assert!(inward.go_to(7).is_err());
    }

    #[test]
    fn a_list_that_contradicts_itself_or_the_last_one_is_refused() {
        let (mut out, mut inward) = pair();
        change(&mut out, &mut inward, &attach("a")).unwrap();
        let text = ["2 - one-way\n1 a\n1 a", "2 - one-way\n7 b\n7 b", "2 - one-way\n1 b"];
        let refused = text.map(|text| inward.prepare(Proposal::decode(text).unwrap()).unwrap_err());
        assert_eq!(
            refused,
            [
                "device number 1 is in the list twice",
                "device number 7 is in the list twice",
                "device number 1 is a, not b"
            ]
        );
        change(&mut out, &mut inward, &attach("b")).unwrap();
        inward.go_to(2).unwrap();
        assert_eq!(inward.chain().names(), ["b2", "a1"]);
    }

    #[test]
    fn a_refusal_changes_nothing() {
        let (mut out, mut inward) = pair();
        change(&mut out, &mut inward, &attach("a")).unwrap();
        assert_eq!(change(&mut out, &mut inward, &attach("lame")).unwrap_err(), "no inverse");
        assert_eq!((out.epoch(), out.chain().names()), (1, vec!["a1"]));
        change(&mut out, &mut inward, &attach("b")).unwrap();
        inward.go_to(2).unwrap();
        assert_eq!(inward.chain().names(), ["b3", "a1"]);
        assert!(out.propose(&Change::Detach("x".into()), false, None).unwrap_err().contains("a b"));
    }

    #[test]
    fn proposals_survive_the_wire_and_garbage_is_an_error() {
        for mutual in [None, Some(attach("log")), Some(Change::Detach("all".into()))] {
            let options = vec![("file".to_string(), "/tmp/x".to_string())];
            let devices = vec![Listed { id: 9, spec: Spec { name: "log".into(), options } }];
            let proposal = Proposal { epoch: 7, mutual, follows: Some(3), devices };
            assert_eq!(Proposal::decode(&proposal.encode()), Ok(proposal));
        }
        for bad in ["", "x", "1", "1 -", "1 - eat x", "1 - one-way\nz", "1 - one-way\n1 ", "70000 - one-way"]
        {
            assert!(Proposal::decode(bad).is_err(), "{bad:?}");
        }
        let many = format!("1 - one-way{}", "\n1 a".repeat(17));
        assert!(Proposal::decode(&many).is_err());
    }
}
