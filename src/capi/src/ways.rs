//! Ways: the cores of this process. The first is the job's (a process started by hand is a job of one); each peer
//! that was started by hand and is no member of our job adds one of two processes, over a segment of its own.

use crate::bypass::{Flights, Reach};
use crate::traffic::Out;
use crate::types::PVOID;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use vmi::core::Core;
use vmi::core::stream::Streams;

/// What this process keeps of a peer.
#[derive(Default)]
pub struct Peer {
    /// The connection whose end we are: [0] the one that asked, [1] the one that was asked. Both only with ourselves.
    pub ends: [Option<PVOID>; 2],
    /// What waits for room, in the order of the calls.
    pub queue: VecDeque<Out>,
    /// Bytes in `queue`, and how many of them were copied.
    pub waiting: usize,
    pub copied: usize,
    /// Reading the peer's memory has failed.
    pub unreadable: bool,
    /// Its published regions that a network reaches, by number.
    pub reaches: HashMap<u32, Rc<Reach>>,
}

/// The other side of a way between two processes started by hand.
pub struct Hand {
    /// Ends when the peer does.
    pub socket: UnixStream,
    pub pid: i32,
    /// There has been a connection.
    pub used: Cell<bool>,
    /// The peer has ended; what it has sent before is still to be read.
    pub gone: Cell<bool>,
}

pub struct Way {
    pub core: RefCell<Core>,
    pub peers: RefCell<Vec<Peer>>,
    pub streams: RefCell<Streams>,
    /// Operations on remote memory under way.
    pub flights: Flights,
    /// Peers with something in their queue.
    pub busy: RefCell<Vec<u32>>,
    pub me: u32,
    pub hand: Option<Hand>,
}

impl Way {
    pub fn of(core: Core, size: u32, me: u32, hand: Option<Hand>) -> Rc<Way> {
        let peers = (0..size).map(|_| Peer::default()).collect();
        Rc::new(Way {
            core: RefCell::new(core),
            peers: RefCell::new(peers),
            streams: RefCell::default(),
            flights: Flights::default(),
            busy: RefCell::default(),
            me,
            hand,
        })
    }

    /// A way that served a connection and serves none any more.
    pub fn is_over(&self) -> bool {
        self.hand.as_ref().is_some_and(|hand| hand.used.get()) && self.is_idle()
    }

    pub fn with_peer<R>(&self, rank: u32, f: impl FnOnce(&mut Peer) -> R) -> R {
        f(&mut self.peers.borrow_mut()[rank as usize])
    }

    /// Process id of a peer on this host.
    pub fn pid(&self, rank: u32) -> Option<i32> {
        match &self.hand {
            Some(hand) if rank != self.me => Some(hand.pid),
            _ => self.core.borrow().pid(rank),
        }
    }

    /// No connection is left here, and nothing waits to leave.
    fn is_idle(&self) -> bool {
        self.peers.borrow().iter().all(|peer| peer.ends == [None, None] && peer.queue.is_empty())
    }
}

/// A peer: on which way, and its number there.
#[derive(Clone)]
pub struct Site {
    pub way: Rc<Way>,
    pub rank: u32,
}

impl Site {
    pub fn is_self(&self) -> bool {
        self.rank == self.way.me
    }

    pub fn same(&self, other: &Site) -> bool {
        Rc::ptr_eq(&self.way, &other.way) && self.rank == other.rank
    }
}

#[derive(Default)]
pub struct Ways {
    all: RefCell<Vec<Rc<Way>>>,
}

impl Ways {
    pub fn add(&self, way: Rc<Way>) -> Rc<Way> {
        self.all.borrow_mut().push(way.clone());
        way
    }

    #[inline]
    pub fn get(&self, at: usize) -> Option<Rc<Way>> {
        self.all.borrow().get(at).cloned()
    }

    pub fn remove(&self, way: &Rc<Way>) {
        self.all.borrow_mut().retain(|w| !Rc::ptr_eq(w, way));
    }

    pub fn len(&self) -> usize {
        self.all.borrow().len()
    }

    pub fn close(&self) {
        for way in self.all.borrow_mut().drain(..) {
            way.core.borrow_mut().close();
        }
    }
}
