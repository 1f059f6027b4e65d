//! Runs two processes and their networks in virtual time.

use super::super::Settings;
use super::Random;
use super::end::{End, Plan};
use super::net::{Net, Spec};

#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// Frames to this side vanish.
    Silent(usize),
    /// Frames vanish both ways.
    Dead,
    /// The link breaks, and both sides see it.
    Reset,
    /// The link breaks, and one side sees it.
    HalfReset(usize),
    /// The link breaks, and no new one can be made.
    Unplug,
    /// All is well again.
    Restore,
    /// One side's user takes the network down or up.
    Disable(usize),
    Enable(usize),
}

pub struct World {
    pub now: u64,
    pub nets: Vec<Net>,
    pub ends: [End; 2],
    pub random: Random,
    /// What happens when to which network, latest first.
    pub script: Vec<(u64, usize, Deed)>,
}

impl World {
    pub fn new(seed: u64, specs: &[Spec], settings: &Settings, plans: [Plan; 2]) -> World {
        let [a, b] = plans;
        let mut ends = [End::new(0, settings, a), End::new(1, settings, b)];
        for (id, spec) in specs.iter().enumerate() {
            for end in &mut ends {
                end.xfer.add_network(id as u8, &format!("net{id}"), spec.properties());
            }
        }
        let nets = specs.iter().map(|&spec| Net::new(spec)).collect();
        World { now: 0, nets, ends, random: Random::new(seed), script: Vec::new() }
    }

    pub fn script(&mut self, mut script: Vec<(u64, usize, Deed)>) {
        script.sort_by_key(|deed| std::cmp::Reverse(deed.0));
        self.script = script;
    }

    /// Both directions' sequences begin here.
    pub fn number_from(&mut self, first: u32) {
        self.ends.iter_mut().for_each(|end| end.xfer.number_from(first));
    }

    pub fn is_done(&self) -> bool {
        let [a, b] = &self.ends;
        let all = |from: &End, to: &End| from.sent == from.plan.frames && to.received == from.sent;
        all(a, b) && all(b, a) && a.xfer.is_drained() && b.xfer.is_drained()
    }

    /// Runs until everything is delivered and acknowledged, or until `limit`; true if all is.
    pub fn run(&mut self, limit: u64) -> bool {
        while self.now < limit && !(self.script.is_empty() && self.is_done()) {
            self.step();
        }
        self.is_done()
    }

    pub fn step(&mut self) {
        let deed = self.script.last().map_or(u64::MAX, |deed| deed.0);
        let mut next = deed;
        for end in &mut self.ends {
            let event = self.nets.iter().map(|net| net.next_event(end.side)).min().unwrap_or(u64::MAX);
            let lag = self.random.below(end.plan.inattention + 1);
            if event < end.next_poll {
                end.next_poll = end.next_poll.min(event.max(self.now).saturating_add(1 + lag));
            }
            next = next.min(end.next_poll);
        }
        assert_ne!(next, u64::MAX, "nothing will ever happen");
        self.now = self.now.max(next);
        if self.now >= deed
            && let Some((_, net, deed)) = self.script.pop()
        {
            self.act(net, deed);
        }
        self.nets.iter_mut().for_each(|net| net.advance(self.now));
        let [a, b] = &mut self.ends;
        if a.next_poll <= self.now {
            a.poll(&mut self.nets, &b.plan, self.now, &mut self.random);
        }
        if b.next_poll <= self.now {
            b.poll(&mut self.nets, &a.plan, self.now, &mut self.random);
        }
    }

    fn act(&mut self, index: usize, deed: Deed) {
        let (now, net) = (self.now, &mut self.nets[index]);
        match deed {
            Deed::Silent(to) => net.set_silent(to, true, now),
            Deed::Dead => (0..2).for_each(|to| net.set_silent(to, true, now)),
            Deed::Reset => net.reset(&[0, 1], "reset by peer"),
            Deed::HalfReset(side) => net.reset(&[side], "reset by peer"),
            Deed::Unplug => {
                net.unplugged = true;
                net.reset(&[0, 1], "network is unreachable");
            }
            Deed::Restore => {
                net.unplugged = false;
                (0..2).for_each(|to| net.set_silent(to, false, now));
            }
            Deed::Disable(side) => self.ends[side].xfer.set_enabled(index as u8, false, now),
            Deed::Enable(side) => self.ends[side].xfer.set_enabled(index as u8, true, now),
        }
        self.ends.iter_mut().for_each(|end| end.next_poll = end.next_poll.min(now));
    }

    pub fn describe(&self) -> String {
        let end = |end: &End| format!("sent {} received {} {}", end.sent, end.received, end.xfer.report());
        format!("at {} ms\n a: {}\n b: {}", self.now / 1_000_000, end(&self.ends[0]), end(&self.ends[1]))
    }
}
