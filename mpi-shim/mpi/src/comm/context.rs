//! Context ids: the number in every message that tells its communicator.
//!
//! An id is made by one process alone, from its world number and a counter, and told to the other members
//! together with the data they exchange anyway. So ids differ between communicators of different makers
//! without any agreement, and between those of one maker by the counter. Nothing has to be locked over a
//! collective call: threads that create communicators at the same time, MPI_Comm_create_group and
//! MPI_Comm_idup in flight cannot disturb each other, and any number of communicators may live.
//!
//! The maker is always a member of the new communicator, so it knows which of its ids are in use: a
//! [`Lease`] keeps the id until the communicator's last user is gone. Ids are used again only after the counter
//! has gone through its whole range, so a message that is still on its way to a communicator freed long ago does
//! not match in a new one.
//!
//! Layout, from the top: 2 bits channel, the counter, the maker's world number, 1 bit point-to-point or
//! collective. Counter 0 is for the predefined ids: 0 is MPI_COMM_WORLD and 2 is MPI_COMM_SELF, which never
//! leaves its process.

use crate::error::Result;
use crate::fail;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

pub const WORLD: u32 = 0;
pub const SELF: u32 = 2;
/// Of a communicator that is not finished; no message carries it.
pub const NONE: u32 = 3 << 30 | 0xff_fffe;

/// Messages about a communicator that must not meet its own messages. Added to its context id.
pub mod channel {
    /// MPI_Comm_create_group, with the tag of the program.
    pub const CREATE_GROUP: u32 = 1 << 30;
    /// The leaders of MPI_Intercomm_create, with the tag of the program.
    pub const LEADERS: u32 = (1 << 30) | 1;
    /// Functions that all members call in the same order, numbered.
    pub const CREATE: u32 = 2 << 30;
    /// MPI_Comm_create_from_group and MPI_Intercomm_create_from_groups, on the context of MPI_COMM_WORLD.
    pub const FROM_GROUP: u32 = 3 << 30;
}

const CHANNEL_BITS: u32 = 2;

/// Makes context ids.
#[derive(Default)]
pub struct Contexts {
    me: Cell<u32>,
    proc_bits: Cell<u32>,
    last: Cell<u32>,
    leased: Rc<RefCell<HashSet<u32>>>,
}

impl Contexts {
    /// `me` of `world` processes.
    pub fn set_up(&self, me: u32, world: u32) {
        self.me.set(me);
        self.proc_bits.set((world.max(4) - 1).ilog2() + 1);
    }

    /// An id that no living communicator made here uses. It is taken until the lease is dropped.
    pub fn lease(&self) -> Result<Lease> {
        let counters = 1u32 << (32 - CHANNEL_BITS - 1 - self.proc_bits.get());
        for _ in 0..counters {
            let counter = self.last.get() % (counters - 1) + 1;
            self.last.set(counter);
            let id = (counter << self.proc_bits.get() | self.me.get()) << 1;
            if self.leased.borrow_mut().insert(id) {
                return Ok(Lease { id, leased: self.leased.clone() });
            }
        }
        fail!(OTHER, "all {counters} communicator context ids of this process are in use")
    }
}

/// A context id made by this process and in use.
pub struct Lease {
    id: u32,
    leased: Rc<RefCell<HashSet<u32>>>,
}

impl Lease {
    pub fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leased.borrow_mut().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(me: u32, world: u32) -> Contexts {
        let contexts = Contexts::default();
        contexts.set_up(me, world);
        contexts
    }

    #[test]
    fn makers_never_give_the_same_id() {
        let mut seen = HashSet::from([WORLD, WORLD + 1, SELF, SELF + 1]);
        for me in 0..7 {
            let contexts = of(me, 7);
            for _ in 0..2000 {
                let lease = contexts.lease().unwrap();
                assert!(seen.insert(lease.id()) && seen.insert(lease.id() + 1));
                assert_eq!(lease.id() >> 30, 0);
            }
        }
    }

    #[test]
    fn ids_in_use_are_skipped_when_the_counter_wraps() {
        let contexts = of(0, 1 << 24);
        let counters = 1 << (32 - 3 - 24);
        let kept = contexts.lease().unwrap();
        for _ in 0..3 * counters {
            assert_ne!(contexts.lease().unwrap().id(), kept.id());
        }
        let all: Vec<Lease> = (0..counters - 2).map(|_| contexts.lease().unwrap()).collect();
        assert!(contexts.lease().is_err());
        drop(all);
        assert!(contexts.lease().is_ok());
    }
}
