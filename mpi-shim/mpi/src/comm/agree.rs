//! What the members of a new communicator agree on: its context id.

use super::context::{Lease, channel};
use super::wire::Wire;
use super::{Comm, Parts};
use crate::Eng;
use crate::errhandler::Slot;
use crate::error::Result;
use crate::group::Group;
use std::rc::Rc;

/// A context id, with its lease in the process that made it.
pub struct Agreed {
    pub context: u32,
    pub lease: Option<Lease>,
}

/// Ids of a new intercommunicator: its own, and that of its hidden local communicator.
pub struct AgreedInter {
    pub inter: Agreed,
    pub local: Agreed,
}

/// The next conversation of the members of `comm`. Functions that make communicators are collective, so all
/// members count alike.
pub fn conversation(e: Eng, comm: &Rc<Comm>) -> Wire {
    let tag = comm.creations.get();
    comm.creations.set((tag + 1) & i32::MAX);
    Wire::new(e, comm, channel::CREATE, tag)
}

/// The members are `group`, a part of the communicator of `wire`, and this process is one of them.
pub async fn members(wire: &Wire, group: &Group) -> Result<Agreed> {
    let base = wire.comm.group.clone();
    let rank_of = |i: usize| base.rank_of(group.proc_of(i as i32)).unwrap_or(0);
    let lease = (group.rank() == 0).then(|| wire.e.contexts.lease()).transpose()?;
    let mut bytes = lease.as_ref().map_or(0, Lease::id).to_le_bytes();
    wire.spread(group.size() as usize, group.rank() as usize, rank_of, &mut bytes).await?;
    Ok(Agreed { context: u32::from_le_bytes(bytes), lease })
}

/// Both groups of the intercommunicator of `wire` take part. `word` is told to the other side by the first
/// process of each; returned is what the other side told.
pub async fn both_sides(wire: &Wire, local: &Rc<Comm>, word: u32) -> Result<(AgreedInter, u32)> {
    let comm = &wire.comm;
    let (mut inter, mut own) = (None, None);
    let mut bytes = [0; 12];
    if comm.rank == 0 {
        let (a, b) = (wire.e.contexts.lease()?, wire.e.contexts.lease()?);
        let told = wire.swap(0, &pack([a.id(), word, 0]), 12).await?;
        let [theirs, their_word, _] = unpack(&told);
        let first = first_side(comm);
        bytes = pack([if first { a.id() } else { theirs }, their_word, b.id()]);
        (inter, own) = (first.then_some(a), Some(b));
    }
    let inside = Wire::new(wire.e, local, channel::CREATE, wire.tag);
    inside.spread(local.size() as usize, local.rank as usize, |i| i as i32, &mut bytes).await?;
    let [context, their_word, local_context] = unpack(&bytes);
    let inter = Agreed { context, lease: inter };
    Ok((AgreedInter { inter, local: Agreed { context: local_context, lease: own } }, their_word))
}

/// Whether the local group of an intercommunicator comes first where an order is needed: the two groups share no
/// process, so their first processes differ.
pub fn first_side(comm: &Comm) -> bool {
    comm.group.proc_of(0) < comm.peers().proc_of(0)
}

fn pack(words: [u32; 3]) -> [u8; 12] {
    let mut bytes = [0; 12];
    for (to, word) in bytes.chunks_exact_mut(4).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn unpack(bytes: &[u8]) -> [u32; 3] {
    let mut words = [0; 3];
    for (word, from) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_le_bytes([from[0], from[1], from[2], from[3]]);
    }
    words
}

/// An intercommunicator between `group` and `remote`.
pub fn build_inter(errhandler: &Slot, agreed: AgreedInter, group: Rc<Group>, remote: Rc<Group>) -> Comm {
    let AgreedInter { inter, local } = agreed;
    let inside = Parts::intra(local.context, local.lease, group.clone(), errhandler.inherit());
    let mut parts = Parts::intra(inter.context, inter.lease, group, errhandler.inherit());
    parts.remote = Some(remote);
    parts.local = Some(Rc::new(Comm::new(inside)));
    Comm::new(parts)
}
