//! Communicators from groups alone, without a parent (MPI-5.0 §7.4.2 and §7.6.2): what sessions use.
//!
//! The members find each other on a channel of the world's context, under a tag made from `stringtag`.

use super::agree::{self, Agreed};
use super::context::channel;
use super::inter::{Card, connect, meet};
use super::wire::Wire;
use super::{Comm, Parts, publish};
use crate::constants::{UNDEFINED, class, predefined};
use crate::errhandler::Slot;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::{CommId, Eng, ErrhandlerId, GroupId, InfoId, coll, fail};
use std::rc::Rc;

fn wire(e: Eng, stringtag: &str) -> Result<Wire> {
    let world = e.comms.get(predefined::COMM_WORLD)?;
    Ok(Wire::new(e, &world, channel::FROM_GROUP, tag_of(stringtag)))
}

/// Different texts give different tags but for rare accidents, which matter only between creations in flight.
fn tag_of(text: &str) -> i32 {
    let hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ b as u64).wrapping_mul(0x100_0000_01b3));
    ((hash >> 32) ^ hash) as i32 & i32::MAX
}

fn check_member(group: &Group, name: &str) -> Result {
    match group.rank() {
        UNDEFINED if group.size() > 0 => fail!(GROUP, "{name} does not contain the calling process"),
        _ => Ok(()),
    }
}

/// MPI_GROUP_EMPTY gives MPI_COMM_NULL.
pub fn comm_create_from_group(
    e: Eng,
    group: GroupId,
    stringtag: &str,
    info: InfoId,
    errhandler: ErrhandlerId,
) -> Result<CommId> {
    let group = e.groups.get(group)?;
    check_member(&group, "group")?;
    let hints = crate::info::pairs_of(e, info)?;
    let errhandler = Slot::new(e.errors.table.get(errhandler)?);
    if group.size() == 0 {
        return Ok(CommId::NULL);
    }
    let Agreed { context, lease } = coll::block_on(e, agree::members(&wire(e, stringtag)?, &group))?;
    let new = Comm::new(Parts::intra(context, lease, group, errhandler));
    super::info::set_hints(&new, &hints);
    Ok(publish(e, new))
}

/// `remote_group` and `remote_leader` matter at the local leader only.
#[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
pub fn intercomm_create_from_groups(
    e: Eng,
    local_group: GroupId,
    local_leader: i32,
    remote_group: GroupId,
    remote_leader: i32,
    stringtag: &str,
    info: InfoId,
    errhandler: ErrhandlerId,
) -> Result<CommId> {
    let group = e.groups.get(local_group)?;
    check_member(&group, "local_group")?;
    crate::info::pairs_of(e, info)?;
    let errhandler = Slot::new(e.errors.table.get(errhandler)?);
    if local_leader < 0 || local_leader >= group.size() {
        fail!(RANK, "local_leader is {local_leader}, expected 0 ≤ local_leader < {}", group.size());
    }
    let wire = wire(e, stringtag)?;
    let (mut bytes, mut leases, mut met) = (Vec::new(), None, Ok(()));
    if group.rank() == local_leader {
        let made = (e.contexts.lease()?, e.contexts.lease()?);
        let peer = world_rank(e, &wire, remote_group, remote_leader);
        match peer.and_then(|peer| meet(&wire, &group, peer, (&made.0, &made.1))) {
            Ok(card) => bytes = card.to_bytes(),
            Err(error) => met = Err(error),
        }
        leases = Some(made);
    }
    coll::block_on(e, tell(&wire, &group, local_leader, &mut bytes))?;
    met?;
    match Card::from_bytes(&bytes) {
        Some(card) => Ok(publish(e, connect(group, &errhandler, e.me.get(), card, leases))),
        None => fail!(OTHER, "the local leader (rank {local_leader}) could not meet the remote leader"),
    }
}

/// Rank in the world of the remote leader.
fn world_rank(e: Eng, wire: &Wire, group: GroupId, leader: i32) -> Result<i32> {
    let group = e.groups.get(group)?;
    if leader < 0 || leader >= group.size() {
        fail!(RANK, "remote_leader is {leader}, expected 0 ≤ remote_leader < {}", group.size());
    }
    let rank = wire.comm.group.rank_of(group.proc_of(leader));
    rank.ok_or_else(|| Error::new(class::GROUP, "remote_leader is not in this job"))
}

/// Tells bytes of any length from the leader to its group.
async fn tell(wire: &Wire, group: &Rc<Group>, leader: i32, bytes: &mut Vec<u8>) -> Result {
    let (count, base) = (group.size(), wire.comm.group.clone());
    let me = (group.rank() - leader).rem_euclid(count) as usize;
    let rank_of = |i: usize| base.rank_of(group.proc_of((leader + i as i32) % count)).unwrap_or(0);
    let mut len = (bytes.len() as u64).to_le_bytes();
    wire.spread(count as usize, me, rank_of, &mut len).await?;
    bytes.resize(u64::from_le_bytes(len) as usize, 0);
    wire.spread(count as usize, me, rank_of, bytes).await
}
