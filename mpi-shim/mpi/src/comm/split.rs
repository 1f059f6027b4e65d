//! Communicators of parts of a communicator: by colour, by resource, and MPI_Comm_create on an
//! intercommunicator (MPI-5.0 §7.4.2).
//!
//! Every member tells its colour, its key and a context id it made; each part uses the id of its first process.

use super::agree::{Agreed, AgreedInter, build_inter, conversation};
use super::context::{Lease, channel};
use super::wire::Wire;
use super::{Comm, Parts, publish};
use crate::constants::*;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::{CommId, Eng, InfoId, coll, fail};
use std::rc::Rc;

/// What one process tells about itself.
#[derive(Clone, Copy)]
struct Wish {
    color: i32,
    key: i32,
    context: u32,
    local_context: u32,
}

const WISH_BYTES: usize = 16;

impl Wish {
    fn to_bytes(self) -> [u8; WISH_BYTES] {
        let words = [self.color as u32, self.key as u32, self.context, self.local_context];
        let mut bytes = [0; WISH_BYTES];
        for (to, word) in bytes.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Wish {
        let word = |i: usize| u32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
        Wish { color: word(0) as i32, key: word(4) as i32, context: word(8), local_context: word(12) }
    }
}

pub fn comm_split(e: Eng, comm: CommId, color: i32, key: i32) -> Result<CommId> {
    let comm = e.comms.get(comm)?;
    if color < 0 && color != UNDEFINED {
        fail!(ARG, "color is {color}, expected 0 or more, or MPI_UNDEFINED");
    }
    split(e, &comm, color, key)
}

fn split(e: Eng, comm: &Rc<Comm>, color: i32, key: i32) -> Result<CommId> {
    let made = match &comm.local {
        None => split_intra(e, comm, color, key)?,
        Some(local) => split_inter(e, comm, local, color, key)?,
    };
    Ok(made.map_or(CommId::NULL, |new| publish(e, new)))
}

fn split_intra(e: Eng, comm: &Rc<Comm>, color: i32, key: i32) -> Result<Option<Comm>> {
    let lease = e.contexts.lease()?;
    let mine = Wish { color, key, context: lease.id(), local_context: 0 };
    let wishes = told(&coll::allgather_bytes(e, comm, &mine.to_bytes())?)?;
    if color == UNDEFINED {
        return Ok(None);
    }
    let ranks = part(&wishes, color);
    let group = Rc::new(group_of(e, &comm.group, &ranks));
    let agreed = chosen(wishes[ranks[0]].context, lease);
    Ok(Some(Comm::new(Parts::intra(agreed.context, agreed.lease, group, comm.errhandler.inherit()))))
}

fn split_inter(e: Eng, comm: &Rc<Comm>, local: &Rc<Comm>, color: i32, key: i32) -> Result<Option<Comm>> {
    let (inter, inside) = (e.contexts.lease()?, e.contexts.lease()?);
    let mine = Wish { color, key, context: inter.id(), local_context: inside.id() };
    let (ours, theirs) = tell_both_sides(e, comm, local, mine)?;
    let (ranks, remote_ranks) = (part(&ours, color), part(&theirs, color));
    if color == UNDEFINED || remote_ranks.is_empty() {
        return Ok(None);
    }
    let group = Rc::new(group_of(e, &comm.group, &ranks));
    let remote = Rc::new(group_of(e, comm.peers(), &remote_ranks));
    let first = group.proc_of(0) < remote.proc_of(0);
    let context = if first { ours[ranks[0]].context } else { theirs[remote_ranks[0]].context };
    let agreed =
        AgreedInter { inter: chosen(context, inter), local: chosen(ours[ranks[0]].local_context, inside) };
    Ok(Some(build_inter(&comm.errhandler, agreed, group, remote)))
}

/// The processes of `comm` that give the same number, in the order of their ranks, as a communicator that only the library
/// uses: it has no handle. None for a process that gives none.
pub(crate) fn private_part(e: Eng, comm: &Rc<Comm>, number: Option<usize>) -> Result<Option<Rc<Comm>>> {
    let color = number.map_or(UNDEFINED, |number| number as i32);
    Ok(split_intra(e, comm, color, 0)?.map(Rc::new))
}

/// The lease is kept by the process whose id was chosen.
fn chosen(context: u32, lease: Lease) -> Agreed {
    let lease = (lease.id() == context).then_some(lease);
    Agreed { context, lease }
}

/// MPI_Comm_create on an intercommunicator: the processes of the two groups, in the order of the groups.
pub(super) fn create_inter(e: Eng, comm: &Rc<Comm>, group: &Group) -> Result<CommId> {
    match group.rank() {
        UNDEFINED => split(e, comm, UNDEFINED, 0),
        rank => split(e, comm, 0, rank),
    }
}

/// What all processes of both groups told, by rank.
fn tell_both_sides(e: Eng, comm: &Rc<Comm>, local: &Rc<Comm>, mine: Wish) -> Result<(Vec<Wish>, Vec<Wish>)> {
    let ours = coll::allgather_bytes(e, local, &mine.to_bytes())?;
    let mut theirs = Vec::new();
    let wire = conversation(e, comm);
    if comm.rank == 0 {
        let max = WISH_BYTES * comm.remote_size() as usize;
        theirs = coll::block_on(e, wire.swap(0, &ours.concat(), max))?;
    }
    theirs.resize(WISH_BYTES * comm.remote_size() as usize, 0);
    let inside = Wire::new(e, local, channel::CREATE, wire.tag);
    let (count, me) = (local.size() as usize, local.rank as usize);
    coll::block_on(e, inside.spread(count, me, |i| i as i32, &mut theirs))?;
    let theirs = theirs.chunks_exact(WISH_BYTES).map(Wish::from_bytes).collect();
    Ok((told(&ours)?, theirs))
}

fn told(all: &[Vec<u8>]) -> Result<Vec<Wish>> {
    if all.iter().any(|bytes| bytes.len() != WISH_BYTES) {
        return Err(Error::new(class::OTHER, "members of comm are in different collective functions"));
    }
    Ok(all.iter().map(|bytes| Wish::from_bytes(bytes)).collect())
}

/// Ranks with `color`, in the order of their keys, then of their ranks.
fn part(wishes: &[Wish], color: i32) -> Vec<usize> {
    let mut ranks: Vec<usize> = (0..wishes.len()).filter(|&r| wishes[r].color == color).collect();
    ranks.sort_by_key(|&r| wishes[r].key);
    ranks
}

fn group_of(e: Eng, base: &Group, ranks: &[usize]) -> Group {
    base.derive(ranks.iter().map(|&r| base.procs()[r]).collect(), e.me.get())
}

/// MPI-5.0 §7.4.2: parts that share memory, or another resource of the machine.
pub fn comm_split_type(e: Eng, comm: CommId, split_type: i32, key: i32, info: InfoId) -> Result<CommId> {
    let comm = e.comms.get(comm)?;
    let hints = crate::info::pairs_of(e, info)?;
    let resource = hints.iter().find(|(k, _)| k == "mpi_hw_resource_type").map(|(_, v)| v.as_str());
    let host = e.host_of(e.me.get()) as i32;
    match split_type {
        UNDEFINED => split(e, &comm, UNDEFINED, key),
        COMM_TYPE_SHARED => split(e, &comm, host, key),
        COMM_TYPE_HW_GUIDED | COMM_TYPE_RESOURCE_GUIDED if resource == Some("mpi_shared_memory") => {
            split(e, &comm, host, key)
        }
        COMM_TYPE_HW_GUIDED | COMM_TYPE_RESOURCE_GUIDED => split(e, &comm, UNDEFINED, key),
        COMM_TYPE_HW_UNGUIDED => split_unguided(e, &comm, host, key, info),
        _ => fail!(ARG, "split_type is {split_type}, expected MPI_COMM_TYPE_… or MPI_UNDEFINED"),
    }
}

/// Parts must be smaller than the whole: hosts, if there are several; below a host we tell nothing apart.
fn split_unguided(e: Eng, comm: &Rc<Comm>, host: i32, key: i32, info: InfoId) -> Result<CommId> {
    let several = comm.group.procs().iter().any(|&p| e.host_of(p) as i32 != host);
    if several && info != InfoId::NULL {
        e.infos.get(info)?.set("mpi_hw_resource_type", "mpi_shared_memory");
    }
    split(e, comm, if several { host } else { UNDEFINED }, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_ordered_by_key_then_rank() {
        let wish = |color, key| Wish { color, key, context: 0, local_context: 0 };
        let wishes = [wish(1, 5), wish(0, 0), wish(1, -3), wish(1, 5), wish(UNDEFINED, 0), wish(1, 0)];
        assert_eq!(part(&wishes, 1), [2, 5, 0, 3]);
        assert_eq!(part(&wishes, 7), Vec::<usize>::new());
    }

    #[test]
    fn a_wish_survives_the_wire() {
        let wish = Wish { color: UNDEFINED, key: i32::MIN, context: 0x3fff_fffe, local_context: 8 };
        let copy = Wish::from_bytes(&wish.to_bytes());
        assert_eq!(
            (copy.color, copy.key, copy.context, copy.local_context),
            (UNDEFINED, i32::MIN, 0x3fff_fffe, 8)
        );
    }
}
