//! The bells of some ranks of this host, for who publishes in memory that they watch.

use super::node::Node;
use crate::sync::Ordering;
use crate::sys::futex;
use std::sync::Arc;

pub struct Bells {
    node: Arc<Node>,
    /// Local index of each member.
    members: Vec<u32>,
    me: usize,
    /// Some member issues no barrier when it falls asleep (see [`crate::sys::barrier`]): fence after a publish.
    fence: bool,
}

impl Bells {
    /// `members` are local indices; `me` is this process's place among them. All have started.
    pub fn new(node: Arc<Node>, members: Vec<u32>, me: usize) -> Bells {
        let issues = |&m: &u32| node.control(m as usize).barrier.load(Ordering::Relaxed) != 0;
        let fence = !members.iter().all(issues);
        Bells { node, members, me, fence }
    }

    /// After a publish: wakes `member` if it sleeps.
    #[inline]
    pub fn wake(&self, member: usize) {
        self.order();
        self.wake_sleeper(member);
    }

    /// After a publish: wakes all members that sleep.
    #[inline]
    pub fn wake_all(&self) {
        self.order();
        for member in (0..self.members.len()).filter(|&m| m != self.me) {
            self.wake_sleeper(member);
        }
    }

    /// The publish comes before the look at `sleeping`. (Dekker; the sleeper's half is `Shm::announce_sleep`.)
    #[inline]
    fn order(&self) {
        if self.fence {
            // SeqCst: a store before a load.
            std::sync::atomic::fence(Ordering::SeqCst);
        } else {
            std::sync::atomic::compiler_fence(Ordering::SeqCst);
        }
    }

    #[inline]
    fn wake_sleeper(&self, member: usize) {
        let control = self.node.control(self.members[member] as usize);
        if control.sleeping.load(Ordering::Relaxed) != 0 {
            self.ring(member);
        }
    }

    #[cold]
    fn ring(&self, member: usize) {
        let control = self.node.control(self.members[member] as usize);
        control.bell.fetch_add(1, Ordering::SeqCst);
        futex::wake(&control.bell, i32::MAX);
    }
}
