//! New communicators from old ones: copies, and the communicator of a group (MPI-5.0 §7.4.2).

use super::agree::{self, Agreed, build_inter, conversation};
use super::context::channel;
use super::wire::Wire;
use super::{Comm, Parts, context, publish, publish_at};
use crate::attr::Owner;
use crate::coll;
use crate::constants::{TAG_UB, class};
use crate::error::{Error, On, Result};
use crate::group::Group;
use crate::topo::Topology;
use crate::{AttrOn, CommId, Eng, GroupId, InfoId, RequestId, fail, info};
use std::rc::Rc;

pub fn comm_dup(e: Eng, comm: CommId) -> Result<CommId> {
    duplicate(e, comm, Vec::new())
}

pub fn comm_dup_with_info(e: Eng, comm: CommId, info: InfoId) -> Result<CommId> {
    let hints = info::pairs_of(e, info)?;
    duplicate(e, comm, hints)
}

fn duplicate(e: Eng, id: CommId, hints: Vec<(String, String)>) -> Result<CommId> {
    let comm = e.comms.get(id)?;
    let wire = conversation(e, &comm);
    let new = coll::block_on(e, copy_of(wire))?;
    copy_attributes(id, &comm, &new)?;
    super::info::set_hints(&new, &hints);
    Ok(publish(e, new))
}

/// A communicator of the same processes that only the library uses: it has no handle.
pub(crate) fn private_copy(e: Eng, comm: &Rc<Comm>) -> Result<Rc<Comm>> {
    coll::block_on(e, copy_of(conversation(e, comm))).map(Rc::new)
}

/// Attributes whose callbacks ran before one failed are deleted again with the new communicator.
fn copy_attributes(id: CommId, comm: &Comm, new: &Comm) -> Result {
    let copied = comm.attrs.copy_to(Owner::new(AttrOn::Comm, id), &new.attrs);
    if copied.is_err() {
        let _ = new.attrs.delete_all(Owner::new(AttrOn::Comm, id));
    }
    copied
}

/// The copy of a communicator, without attributes and hints.
async fn copy_of(wire: Wire) -> Result<Comm> {
    let comm = wire.comm.clone();
    if let (Some(local), Some(remote)) = (&comm.local, &comm.remote) {
        let (agreed, _) = agree::both_sides(&wire, local, 0).await?;
        return Ok(build_inter(&comm.errhandler, agreed, comm.group.clone(), remote.clone()));
    }
    let Agreed { context, lease } = agree::members(&wire, &comm.group).await?;
    let mut parts = Parts::intra(context, lease, comm.group.clone(), comm.errhandler.inherit());
    parts.topo = comm.topo.clone();
    Ok(Comm::new(parts))
}

pub fn comm_idup(e: Eng, comm: CommId) -> Result<(CommId, RequestId)> {
    duplicate_later(e, comm, Vec::new())
}

pub fn comm_idup_with_info(e: Eng, comm: CommId, info: InfoId) -> Result<(CommId, RequestId)> {
    let hints = info::pairs_of(e, info)?;
    duplicate_later(e, comm, hints)
}

/// The handle is the program's at once: it names a stand-in, of which everything but communication can be used,
/// and the communicator itself when the request is complete.
fn duplicate_later(e: Eng, id: CommId, hints: Vec<(String, String)>) -> Result<(CommId, RequestId)> {
    let comm = e.comms.get(id)?;
    let wire = conversation(e, &comm);
    let stand_in = Comm::new(stand_in_of(&comm));
    copy_attributes(id, &comm, &stand_in)?;
    super::info::set_hints(&stand_in, &hints);
    let handle = publish(e, stand_in);
    let stand_in = e.comms.get(handle)?;
    let task = async move {
        let new = copy_of(wire).await?;
        if e.comms.find(handle).is_some_and(|found| Rc::ptr_eq(&found, &stand_in)) {
            publish_at(e, handle, new.take_over(&stand_in));
        }
        Ok(())
    };
    Ok((handle, coll::spawn(e, task)))
}

/// A copy of `comm` whose context id is not known yet.
fn stand_in_of(comm: &Comm) -> Parts {
    let mut parts = Parts::intra(context::NONE, None, comm.group.clone(), comm.errhandler.inherit());
    (parts.remote, parts.local, parts.topo) = (comm.remote.clone(), comm.local.clone(), comm.topo.clone());
    parts
}

/// MPI-5.0 §7.4.2: all members of `comm` call; those in `group` get the new communicator. Processes may give
/// different groups, if these share no process.
pub fn comm_create(e: Eng, comm: CommId, group: GroupId) -> Result<CommId> {
    let comm = e.comms.get(comm)?;
    let group = e.groups.get(group)?;
    check_part(&comm, &group)?;
    if comm.is_inter() {
        return super::split::create_inter(e, &comm, &group);
    }
    let wire = conversation(e, &comm);
    from_part(e, wire, &group)
}

/// Only the members of `group` call; concurrent calls are told apart by `tag`.
pub fn comm_create_group(e: Eng, comm: CommId, group: GroupId, tag: i32) -> Result<CommId> {
    let comm = e.comms.get(comm)?;
    let group = e.groups.get(group)?;
    check_intra(&comm)?;
    check_part(&comm, &group)?;
    check_tag(tag)?;
    from_part(e, Wire::new(e, &comm, channel::CREATE_GROUP, tag), &group)
}

fn from_part(e: Eng, wire: Wire, group: &Rc<Group>) -> Result<CommId> {
    if group.rank() < 0 {
        return Ok(CommId::NULL);
    }
    let Agreed { context, lease } = coll::block_on(e, agree::members(&wire, group))?;
    let parts = Parts::intra(context, lease, group.clone(), wire.comm.errhandler.inherit());
    Ok(publish(e, Comm::new(parts)))
}

/// A communicator of the first `count` members of the intracommunicator `comm`, with a topology; MPI_COMM_NULL
/// for the other members. All members call.
pub(crate) fn first_members(e: Eng, comm: &Rc<Comm>, count: i32, topo: Topology) -> Result<CommId> {
    if comm.rank >= count {
        let _ = conversation(e, comm);
        return Ok(CommId::NULL);
    }
    let group = match count == comm.size() {
        true => comm.group.clone(),
        false => Rc::new(comm.group.derive(comm.group.procs()[..count as usize].to_vec(), e.me.get())),
    };
    with_topology(e, comm, group, topo)
}

/// As [`first_members`], of the members at `ranks`, where this process is. All members call, each with the ranks of
/// its own part.
pub(crate) fn some_members(e: Eng, comm: &Rc<Comm>, ranks: &[i32], topo: Topology) -> Result<CommId> {
    let procs = ranks.iter().map(|&rank| comm.group.proc_of(rank)).collect();
    with_topology(e, comm, Rc::new(comm.group.derive(procs, e.me.get())), topo)
}

fn with_topology(e: Eng, comm: &Rc<Comm>, group: Rc<Group>, topo: Topology) -> Result<CommId> {
    let wire = conversation(e, comm);
    let Agreed { context, lease } = coll::block_on(e, agree::members(&wire, &group))?;
    let mut parts = Parts::intra(context, lease, group, comm.errhandler.inherit());
    parts.topo = Some(Rc::new(topo));
    Ok(publish(e, Comm::new(parts)))
}

/// Every member of `group` must be in the local group of `comm`.
fn check_part(comm: &Comm, group: &Group) -> Result {
    let outside = group.procs().iter().position(|&p| comm.group.rank_of(p).is_none());
    match outside {
        None => Ok(()),
        Some(rank) => {
            let text = format!("group has a process (its rank {rank}) that is not in the group of comm");
            Err(Error::new(class::GROUP, text))
        }
    }
}

pub(crate) fn check_intra(comm: &Comm) -> Result {
    match comm.is_inter() {
        false => Ok(()),
        true => fail!(COMM, "comm is an intercommunicator, expected an intracommunicator"),
    }
}

pub(super) fn check_tag(tag: i32) -> Result {
    match tag {
        0..=TAG_UB => Ok(()),
        _ => fail!(TAG, "tag is {tag}, expected 0 ≤ tag ≤ {TAG_UB}"),
    }
}

/// Errors of `result` are reported to the error handler of `comm`, which is not the first communicator argument.
pub(super) fn on<T>(comm: CommId, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.on(On::Comm(comm)))
}
