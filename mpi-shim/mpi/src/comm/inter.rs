//! Intercommunicators (MPI-5.0 §7.6.2): two groups that talk to each other.

use super::agree::{self, Agreed, AgreedInter, build_inter, conversation, first_side};
use super::context::{Lease, channel};
use super::create::{check_intra, check_tag, on};
use super::wire::Wire;
use super::{Comm, Parts, publish};
use crate::constants::class;
use crate::errhandler::Slot;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::{CommId, Eng, coll, fail};
use std::rc::Rc;

/// What the leaders tell each other, and then their groups: made context ids and a list of processes.
pub(super) struct Card {
    inter: u32,
    local: u32,
    procs: Vec<u32>,
}

impl Card {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [self.inter, self.local].iter().chain(&self.procs).flat_map(|w| w.to_le_bytes()).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Card> {
        let mut words = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (inter, local) = (words.next()?, words.next()?);
        let procs: Vec<u32> = words.collect();
        (!procs.is_empty()).then_some(Card { inter, local, procs })
    }
}

/// `peer_comm` and `remote_leader` matter at the local leader only. When the leader finds an error, it tells
/// its group, so that nobody waits.
pub fn intercomm_create(
    e: Eng,
    local_comm: CommId,
    local_leader: i32,
    peer_comm: CommId,
    remote_leader: i32,
    tag: i32,
) -> Result<CommId> {
    let comm = e.comms.get(local_comm)?;
    check_intra(&comm)?;
    if local_leader < 0 || local_leader >= comm.size() {
        fail!(RANK, "local_leader is {local_leader}, expected 0 ≤ local_leader < {}", comm.size());
    }
    check_tag(tag)?;
    let mut leases = None;
    let mut bytes = Vec::new();
    let mut met = Ok(());
    if comm.rank == local_leader {
        let made = (e.contexts.lease()?, e.contexts.lease()?);
        let peer = peer_wire(e, peer_comm, remote_leader, tag);
        match peer.and_then(|wire| meet(&wire, &comm.group, remote_leader, (&made.0, &made.1))) {
            Ok(card) => bytes = card.to_bytes(),
            Err(error) => met = Err(error),
        }
        leases = Some(made);
    }
    coll::bcast_bytes(e, &comm, &mut bytes, local_leader)?;
    met?;
    match Card::from_bytes(&bytes) {
        Some(card) => Ok(publish(e, connect(comm.group.clone(), &comm.errhandler, e.me.get(), card, leases))),
        None => fail!(OTHER, "the local leader (rank {local_leader}) could not meet the remote leader"),
    }
}

/// The wire to the remote leader.
fn peer_wire(e: Eng, peer: CommId, leader: i32, tag: i32) -> Result<Wire> {
    let peer_comm = on(peer, e.comms.get(peer))?;
    if leader < 0 || leader >= peer_comm.remote_size() {
        let n = peer_comm.remote_size();
        fail!(RANK, "remote_leader is {leader}, expected 0 ≤ remote_leader < {n} (the size of peer_comm)");
    }
    Ok(Wire::new(e, &peer_comm, channel::LEADERS, tag))
}

/// The leaders exchange their groups. Returned is the card for the local group: the context ids to use, and the
/// processes of the remote group.
pub(super) fn meet(wire: &Wire, group: &Group, leader: i32, made: (&Lease, &Lease)) -> Result<Card> {
    let mine = Card { inter: made.0.id(), local: made.1.id(), procs: group.procs().to_vec() };
    let max = 4 * (2 + wire.e.world_size() as usize);
    let told = coll::block_on(wire.e, wire.swap(leader, &mine.to_bytes(), max))?;
    let theirs = Card::from_bytes(&told);
    let theirs = theirs.ok_or_else(|| Error::new(class::OTHER, "the remote leader told no group"))?;
    if theirs.procs.iter().any(|&p| group.rank_of(p).is_some()) {
        fail!(COMM, "the local and the remote group share a process, expected disjoint groups");
    }
    let first = mine.procs[0] < theirs.procs[0];
    Ok(Card { inter: if first { mine.inter } else { theirs.inter }, local: mine.local, procs: theirs.procs })
}

/// The intercommunicator of `group` and the processes on the card.
pub(super) fn connect(
    group: Rc<Group>,
    errhandler: &Slot,
    me: u32,
    card: Card,
    leases: Option<(Lease, Lease)>,
) -> Comm {
    let (inter, local) = leases.unzip();
    let inter = inter.filter(|lease| lease.id() == card.inter);
    let agreed = AgreedInter {
        inter: Agreed { context: card.inter, lease: inter },
        local: Agreed { context: card.local, lease: local },
    };
    let remote = Rc::new(group.derive(card.procs, me));
    build_inter(errhandler, agreed, group, remote)
}

/// The group whose processes gave `high` false comes first; if both gave the same, the order is ours.
pub fn intercomm_merge(e: Eng, intercomm: CommId, high: i32) -> Result<CommId> {
    let high = high != 0;
    let comm = e.comms.get(intercomm)?;
    let (Some(local), Some(remote)) = (&comm.local, &comm.remote) else {
        fail!(COMM, "intercomm is an intracommunicator, expected an intercommunicator");
    };
    let wire = conversation(e, &comm);
    let (agreed, their_high) = coll::block_on(e, agree::both_sides(&wire, local, high as u32))?;
    let first = match (high, their_high != 0) {
        (false, true) => true,
        (true, false) => false,
        _ => first_side(&comm),
    };
    let (a, b) = if first { (&comm.group, remote) } else { (remote, &comm.group) };
    let procs = a.procs().iter().chain(b.procs()).copied().collect();
    let group = Rc::new(comm.group.derive(procs, e.me.get()));
    let Agreed { context, lease } = agreed.inter;
    Ok(publish(e, Comm::new(Parts::intra(context, lease, group, comm.errhandler.inherit()))))
}
