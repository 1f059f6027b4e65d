//! Communicators.
//!
//! A [`Comm`] pairs a group with a context id. It is built once, by one of the functions in `create`, `split`,
//! `inter` or [`crate::topo`], and shared by `Rc`: its handle holds it, and so does every request that
//! uses it, which is how MPI_Comm_free waits for pending operations without blocking.
//!
//! Two down: [`crate::coll`] for what the members must agree on, [`crate::request`] for messages between a part
//! of them.

mod agree;
pub mod context;
mod create;
mod free;
mod from_group;
mod info;
mod inter;
mod query;
mod split;
mod wire;

pub use create::*;
pub use free::*;
pub use from_group::*;
pub use info::*;
pub use inter::*;
pub use query::*;
pub use split::*;

use crate::attr::AttrSet;
use crate::constants::predefined;
use crate::errhandler::Slot;
use crate::error::Result;
use crate::group::Group;
use crate::topo::Topology;
use crate::{CommId, Eng, info::Info};
use context::Lease;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub struct Comm {
    /// Point-to-point messages travel on `context`, collectives on `context + 1`. Both sides of an
    /// intercommunicator use the same id: their groups share no process, so no message can be mistaken.
    pub context: u32,
    /// Rank of this process in the local group.
    pub rank: i32,
    pub group: Rc<Group>,
    /// The other group of an intercommunicator.
    pub remote: Option<Rc<Group>>,
    /// Of an intercommunicator: a communicator of the local group, with a context of its own and no handle.
    pub local: Option<Rc<Comm>>,
    pub topo: Option<Rc<Topology>>,
    pub attrs: AttrSet,
    pub errhandler: Slot,
    pub info: Info,
    pub name: RefCell<String>,
    /// Its handle, once it has one.
    pub id: Cell<CommId>,
    /// What its collectives keep.
    pub coll: crate::coll::PerComm,
    /// Counts the communicators made from this one by all its members.
    creations: Cell<i32>,
    /// Held by the process that made the context id.
    _lease: Option<Lease>,
}

/// What a new communicator is built from; the rest starts empty.
pub(crate) struct Parts {
    pub context: u32,
    pub lease: Option<Lease>,
    pub group: Rc<Group>,
    pub remote: Option<Rc<Group>>,
    pub local: Option<Rc<Comm>>,
    pub topo: Option<Rc<Topology>>,
    pub errhandler: Slot,
}

impl Parts {
    /// An intracommunicator of `group`.
    pub fn intra(context: u32, lease: Option<Lease>, group: Rc<Group>, errhandler: Slot) -> Parts {
        Parts { context, lease, group, remote: None, local: None, topo: None, errhandler }
    }
}

impl Comm {
    pub(crate) fn new(parts: Parts) -> Comm {
        Comm {
            context: parts.context,
            rank: parts.group.rank(),
            group: parts.group,
            remote: parts.remote,
            local: parts.local,
            topo: parts.topo,
            attrs: AttrSet::default(),
            errhandler: parts.errhandler,
            info: Info::default(),
            name: RefCell::default(),
            id: Cell::new(CommId::NULL),
            coll: crate::coll::PerComm::default(),
            creations: Cell::new(0),
            _lease: parts.lease,
        }
    }

    /// What the program has done to `stand_in` so far, done to this communicator, which takes its place.
    fn take_over(mut self, stand_in: &Comm) -> Comm {
        self.attrs = stand_in.attrs.take();
        self.errhandler = stand_in.errhandler.inherit();
        self.info = stand_in.info.clone();
        self.name = stand_in.name.clone();
        self
    }

    /// Size of the local group.
    #[inline]
    pub fn size(&self) -> i32 {
        self.group.size()
    }

    /// Size of the group that messages go to: the remote one of an intercommunicator, else the local one.
    #[inline]
    pub fn remote_size(&self) -> i32 {
        self.peers().size()
    }

    /// The group that ranks in point-to-point calls refer to.
    #[inline]
    pub fn peers(&self) -> &Rc<Group> {
        self.remote.as_ref().unwrap_or(&self.group)
    }

    /// World process number of a peer, whose rank the caller has checked.
    #[inline]
    pub fn proc_of(&self, rank: i32) -> u32 {
        self.peers().proc_of(rank)
    }

    pub fn is_inter(&self) -> bool {
        self.remote.is_some()
    }
}

/// Makes MPI_COMM_WORLD and MPI_COMM_SELF: this process is number `me` of `size`.
pub fn set_up(e: Eng, me: u32, size: u32) -> Result {
    e.me.set(me);
    e.contexts.set_up(me, size);
    e.groups.set_predefined(predefined::GROUP_EMPTY, Group::new(Vec::new(), me));
    let add = |id, name: &str, context, procs| {
        let comm = Comm::new(Parts::intra(
            context,
            None,
            Rc::new(Group::new(procs, me)),
            e.errors.initial.inherit(),
        ));
        *comm.name.borrow_mut() = name.to_string();
        comm.id.set(id);
        e.comms.set_predefined(id, comm);
    };
    add(predefined::COMM_WORLD, "MPI_COMM_WORLD", context::WORLD, (0..size).collect());
    add(predefined::COMM_SELF, "MPI_COMM_SELF", context::SELF, vec![me]);
    Ok(())
}

/// Gives `comm` a handle.
pub(crate) fn publish(e: Eng, comm: Comm) -> CommId {
    let id = e.comms.reserve();
    publish_at(e, id, comm);
    id
}

/// As [`publish`], with a handle that was reserved before.
pub(crate) fn publish_at(e: Eng, id: CommId, comm: Comm) {
    comm.id.set(id);
    e.comms.fill(id, Rc::new(comm));
}
