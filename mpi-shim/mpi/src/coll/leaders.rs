//! Collectives across hosts: over memory inside each host, and by messages between the first rank of each.
//!
//! Up: families whose table says so offer their blocking operations here, after the board and before messages
//! ([`super::drive::block`]). Down: two hidden communicators, one of the ranks of this host with a board of its own,
//! one of the leaders. Data crosses the network once per host instead of once per rank.
//!
//! It takes some collectives until they are made, as with a board. Operations that must keep the order of operands
//! come here only where the ranks of each host are neighbours.

use super::fold::Fold;
use super::needs::Comm;
use super::part::Part;
use super::shape::Blocks;
use super::wire::{Temp, Wire};
use super::{allgather, allreduce, barrier, bcast, board, drive, gather, reduce, scatter};
use crate::error::Result;
use crate::{Eng, UserBuf};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// Collectives by messages on a communicator before it gets leaders.
const PATIENCE: u32 = 4;

/// Bytes of a broadcast that leaders pass on while the next ones are on the network.
const SEGMENT: usize = 256 << 10;

/// Where a communicator keeps its leaders.
#[derive(Default)]
pub struct Place {
    /// None inside: there will never be any.
    leaders: OnceCell<Option<Leaders>>,
    wishes: Cell<u32>,
}

pub struct Leaders {
    /// The ranks of this host; the first is its leader.
    host: Rc<Comm>,
    /// The leaders of all hosts, on a leader.
    heads: Option<Rc<Comm>>,
    /// This rank in the whole communicator.
    me: usize,
    map: Map,
}

/// Which rank is on which host; hosts are numbered in the order of their first ranks.
struct Map {
    host_of: Vec<usize>,
    /// Place of each rank when those of host 0 come first, then those of host 1, and so on.
    place: Vec<usize>,
    /// Ranks of each host.
    sizes: Vec<usize>,
}

impl Map {
    fn new(names: &[u32]) -> Map {
        let mut hosts: Vec<u32> = Vec::new();
        let mut number = |name: u32| {
            hosts.iter().position(|&known| known == name).unwrap_or_else(|| {
                hosts.push(name);
                hosts.len() - 1
            })
        };
        let host_of: Vec<usize> = names.iter().map(|&name| number(name)).collect();
        let sizes: Vec<usize> =
            (0..hosts.len()).map(|h| host_of.iter().filter(|&&x| x == h).count()).collect();
        let mut next: Vec<usize> = (0..hosts.len()).map(|h| sizes[..h].iter().sum()).collect();
        let place = host_of.iter().map(|&h| {
            next[h] += 1;
            next[h] - 1
        });
        Map { place: place.collect(), host_of, sizes }
    }

    /// Whether leaders save anything.
    fn pays(&self) -> bool {
        self.sizes.len() > 1 && self.sizes.iter().any(|&n| n > 1)
    }

    fn first_place(&self, host: usize) -> usize {
        self.sizes[..host].iter().sum()
    }

    /// The rank's number on its host.
    fn local(&self, rank: usize) -> usize {
        self.place[rank] - self.first_place(self.host_of[rank])
    }

    /// Whether the ranks of every host are neighbours.
    fn in_order(&self) -> bool {
        self.place.is_sorted()
    }
}

/// The leaders of `comm`, where it has several hosts and has had some collectives.
pub fn of(e: Eng, comm: &Rc<Comm>) -> Option<&Leaders> {
    let place = &comm.coll.leaders;
    match place.leaders.get() {
        Some(leaders) => leaders.as_ref(),
        None => wish(e, comm),
    }
}

fn wish(e: Eng, comm: &Rc<Comm>) -> Option<&Leaders> {
    let place = &comm.coll.leaders;
    let names: Vec<u32> = comm.group.procs().iter().map(|&process| e.host_of(process)).collect();
    let map = Map::new(&names);
    let possible = !comm.is_inter() && map.pays();
    place.wishes.set(place.wishes.get() + 1);
    if possible && place.wishes.get() < PATIENCE {
        return None;
    }
    let leaders = if possible { make(e, comm, map).unwrap_or(None) } else { None };
    place.leaders.get_or_init(|| leaders).as_ref()
}

fn make(e: Eng, comm: &Rc<Comm>, map: Map) -> Result<Option<Leaders>> {
    let me = comm.rank as usize;
    let host = crate::comm::private_part(e, comm, Some(map.host_of[me]))?;
    let heads = crate::comm::private_part(e, comm, (map.local(me) == 0).then_some(0))?;
    Ok(host.map(|host| Leaders { host, heads, me, map }))
}

impl Leaders {
    /// Whether this reduction may go over leaders.
    pub fn may_fold(&self, fold: &Fold) -> bool {
        fold.commutes() || self.map.in_order()
    }

    pub fn barrier(&self, e: Eng) -> Result {
        barrier_on(e, &self.host)?;
        if let Some(heads) = &self.heads {
            barrier_on(e, heads)?;
        }
        barrier_on(e, &self.host)
    }

    /// Segment by segment: leaders have the next one on the network while the others read the last.
    pub fn bcast(&self, e: Eng, part: Part, root: usize) -> Result {
        let w = drive::wire(e, &self.host, drive::next_tag(&self.host));
        let flat = super::part::Flat::new(&w, part);
        let i_am_root = self.me == root;
        if i_am_root {
            flat.load(part);
        }
        for at in (0..part.len()).step_by(SEGMENT) {
            let segment = w.bytes(flat.base.offset(at as isize), SEGMENT.min(part.len() - at));
            self.bcast_segment(e, segment, root)?;
        }
        if !i_am_root {
            flat.store(part);
        }
        Ok(())
    }

    fn bcast_segment(&self, e: Eng, part: Part, root: usize) -> Result {
        let (here, local) = (self.is_here(root), self.map.local(root));
        // The leader of the root's host has the data of another rank first.
        if here && local != 0 {
            bcast_on(e, &self.host, part, local)?;
        }
        if let Some(heads) = &self.heads {
            bcast_on(e, heads, part, self.map.host_of[root])?;
        }
        if here && local != 0 { Ok(()) } else { bcast_on(e, &self.host, part, 0) }
    }

    fn is_here(&self, rank: usize) -> bool {
        self.map.host_of[rank] == self.my_host()
    }

    /// As [`reduce::reduce`].
    pub fn reduce(
        &self,
        e: Eng,
        fold: &Fold,
        send: UserBuf,
        recv: UserBuf,
        count: i64,
        root: usize,
    ) -> Result {
        let w = drive::wire(e, &self.host, drive::next_tag(&self.host));
        let mine = if send.is_in_place() { recv } else { send };
        let sums = self.heads.as_ref().map(|_| [w.temp_for(fold.dt(), count), w.temp_for(fold.dt(), count)]);
        let place = |i: usize| sums.as_ref().map_or(UserBuf::BOTTOM, |sums: &[Temp; 2]| sums[i].base);
        reduce_on(e, &self.host, fold, (mine, place(0)), count, 0)?;
        if let Some(heads) = &self.heads {
            reduce_on(e, heads, fold, (place(0), place(1)), count, self.map.host_of[root])?;
        }
        let part = |buf| Part::new(buf, count, fold.dt());
        let local = self.map.local(root);
        let moved = async {
            match self.is_here(root) {
                true if w.rank == 0 && local == 0 => super::part::copy(&w, part(place(1)), part(recv)),
                true if w.rank == 0 => w.send(part(place(1)), local).await,
                true if w.rank == local => w.recv(part(recv), 0).await,
                _ => Ok(()),
            }
        };
        drive::block_on(e, async { w.verdict(moved.await) })
    }

    /// As [`allreduce::allreduce`].
    pub fn allreduce(&self, e: Eng, fold: &Fold, send: UserBuf, recv: UserBuf, count: i64) -> Result {
        let send = if send.is_in_place() && self.host.rank != 0 { recv } else { send };
        reduce_on(e, &self.host, fold, (send, recv), count, 0)?;
        if let Some(heads) = &self.heads {
            let w = drive::wire(e, heads, drive::next_tag(heads));
            let all = allreduce::allreduce(&w, fold, UserBuf::IN_PLACE, recv, count);
            drive::block_on(e, async { w.verdict(all.await) })?;
        }
        self.bcast_in_host(e, Part::new(recv, count, fold.dt()))
    }

    fn bcast_in_host(&self, e: Eng, part: Part) -> Result {
        bcast_on(e, &self.host, part, 0)
    }

    /// `mine` is this rank's block; `block(rank)` is known alike on all ranks, up to layout.
    pub fn allgather<'a>(&self, e: Eng, mine: Part, block: impl Fn(usize) -> Part<'a>) -> Result {
        let w = drive::wire(e, &self.host, drive::next_tag(&self.host));
        let packed = self.packed(&w, |rank| block(rank).len());
        gather_on(e, &self.host, mine, Some(|local| packed.of_host(&w, self.my_host(), local)), 0)?;
        if let Some(heads) = &self.heads {
            let w = drive::wire(e, heads, drive::next_tag(heads));
            let all = allgather::allgather(&w, |host| packed.host(&w, host));
            drive::block_on(e, async { w.verdict(all.await) })?;
        }
        self.bcast_in_host(e, packed.all(&w))?;
        (0..self.map.place.len()).for_each(|rank| block(rank).unpack_from(packed.at(rank)));
        Ok(())
    }

    /// `mine` is `None` for a contribution in place; all blocks are of `len` bytes.
    pub fn gather<'a>(
        &self,
        e: Eng,
        len: usize,
        mine: Option<Part>,
        block: Option<impl Fn(usize) -> Part<'a>>,
        root: usize,
    ) -> Result {
        let w = drive::wire(e, &self.host, drive::next_tag(&self.host));
        let packed = self.packed(&w, |_| len);
        let own = block.as_ref().map(|block| block(root));
        let Some(mine) = mine.or(own) else { return Ok(()) };
        gather_on(e, &self.host, mine, Some(|local| packed.of_host(&w, self.my_host(), local)), 0)?;
        if let Some(heads) = &self.heads {
            let w = drive::wire(e, heads, drive::next_tag(heads));
            let sent = packed.host(&w, self.my_host());
            let all =
                gather::linear(&w, Some(sent), Some(|host| packed.host(&w, host)), self.map.host_of[root]);
            drive::block_on(e, async { w.verdict(all.await) })?;
        }
        self.between_leader_and(e, &w, packed.all(&w), root, true)?;
        if let Some(block) = block {
            (0..self.map.place.len()).for_each(|rank| block(rank).unpack_from(packed.at(rank)));
        }
        Ok(())
    }

    /// `mine` is `None` when the root's block stays in place; all blocks are of `len` bytes.
    pub fn scatter<'a>(
        &self,
        e: Eng,
        len: usize,
        block: Option<impl Fn(usize) -> Part<'a>>,
        mine: Option<Part>,
        root: usize,
    ) -> Result {
        let w = drive::wire(e, &self.host, drive::next_tag(&self.host));
        let packed = self.packed(&w, |_| len);
        if let Some(block) = block {
            (0..self.map.place.len()).for_each(|rank| block(rank).pack_into(packed.at(rank)));
        }
        self.between_leader_and(e, &w, packed.all(&w), root, false)?;
        if let Some(heads) = &self.heads {
            let w = drive::wire(e, heads, drive::next_tag(heads));
            let received = packed.host(&w, self.my_host());
            let all = scatter::linear(
                &w,
                Some(|host| packed.host(&w, host)),
                Some(received),
                self.map.host_of[root],
            );
            drive::block_on(e, async { w.verdict(all.await) })?;
        }
        let own = w.bytes(packed.of_host(&w, self.my_host(), w.rank).buf, len);
        scatter_on(
            e,
            &self.host,
            Some(|local| packed.of_host(&w, self.my_host(), local)),
            mine.unwrap_or(own),
        )
    }

    /// The leader of the root's host sends `part` to the root, or receives it from there.
    fn between_leader_and(&self, e: Eng, w: &Wire, part: Part, root: usize, to_root: bool) -> Result {
        let local = self.map.local(root);
        if !self.is_here(root) || local == 0 {
            return Ok(());
        }
        let (from, to) = if to_root { (0, local) } else { (local, 0) };
        let moved = async {
            match w.rank {
                rank if rank == from => w.send(part, to).await,
                rank if rank == to => w.recv(part, from).await,
                _ => Ok(()),
            }
        };
        drive::block_on(e, async { w.verdict(moved.await) })
    }

    fn my_host(&self) -> usize {
        self.map.host_of[self.me]
    }

    /// Memory for the blocks of all ranks, those of a host together.
    fn packed<'w>(&self, w: &'w Wire, len: impl Fn(usize) -> usize) -> Packed<'w, '_> {
        let mut lengths = vec![0; self.map.place.len()];
        for (rank, &place) in self.map.place.iter().enumerate() {
            lengths[place] = len(rank) as i64;
        }
        let blocks = Blocks::of(lengths);
        Packed { memory: w.temp(blocks.total() as usize), blocks, map: &self.map }
    }
}

/// Blocks of all ranks, those of a host together.
struct Packed<'w, 'm> {
    memory: Temp<'w>,
    blocks: Blocks,
    map: &'m Map,
}

impl Packed<'_, '_> {
    fn bytes<'b>(&self, w: &'b Wire, places: std::ops::Range<usize>) -> Part<'b> {
        let at = self.memory.base.offset(self.blocks.start(places.start) as isize);
        w.bytes(at, self.blocks.within(places) as usize)
    }

    /// Where the block of `rank` lies.
    fn at(&self, rank: usize) -> UserBuf {
        self.memory.base.offset(self.blocks.start(self.map.place[rank]) as isize)
    }

    /// All blocks of `host`.
    fn host<'b>(&self, w: &'b Wire, host: usize) -> Part<'b> {
        let first = self.map.first_place(host);
        self.bytes(w, first..first + self.map.sizes[host])
    }

    /// The block of the rank with number `local` on `host`.
    fn of_host<'b>(&self, w: &'b Wire, host: usize, local: usize) -> Part<'b> {
        let place = self.map.first_place(host) + local;
        self.bytes(w, place..place + 1)
    }

    fn all<'b>(&self, w: &'b Wire) -> Part<'b> {
        self.bytes(w, 0..self.map.place.len())
    }
}

/// An operation on a hidden communicator: on its board, where it has one, or by messages.
fn either(
    e: Eng,
    comm: &Rc<Comm>,
    on_board: impl FnOnce(&board::Op) -> board::Outcome,
    by_messages: impl AsyncFnOnce(&Wire) -> Result,
) -> Result {
    let tag = drive::next_tag(comm);
    if let Some(result) = board::on(e, comm, tag).and_then(|op| on_board(&op)) {
        return result;
    }
    let w = drive::wire(e, comm, tag);
    drive::block_on(e, async { w.verdict(by_messages(&w).await) })
}

fn barrier_on(e: Eng, comm: &Rc<Comm>) -> Result {
    either(e, comm, board::barrier, async |w| barrier::barrier(w).await)
}

fn bcast_on(e: Eng, comm: &Rc<Comm>, part: Part, root: usize) -> Result {
    either(e, comm, |op| board::bcast(op, part, root), async |w| bcast::bcast(w, part, root).await)
}

fn reduce_on(
    e: Eng,
    comm: &Rc<Comm>,
    fold: &Fold,
    (send, recv): (UserBuf, UserBuf),
    count: i64,
    root: usize,
) -> Result {
    let on_board = |op: &board::Op| {
        if board::serves(fold) { board::reduce(op, fold, send, recv, count, root) } else { None }
    };
    either(e, comm, on_board, async |w| reduce::reduce(w, fold, send, recv, count, root).await)
}

fn gather_on<'a>(
    e: Eng,
    comm: &Rc<Comm>,
    mine: Part,
    block: Option<impl Fn(usize) -> Part<'a>>,
    root: usize,
) -> Result {
    let block = block.filter(|_| comm.rank as usize == root);
    let block = block.as_ref();
    either(
        e,
        comm,
        |op| board::gather(op, Some(mine), block, root),
        async |w| gather::linear(w, Some(mine), block, root).await,
    )
}

/// From rank 0, blocks of one length.
fn scatter_on<'a>(e: Eng, comm: &Rc<Comm>, block: Option<impl Fn(usize) -> Part<'a>>, mine: Part) -> Result {
    let block = block.filter(|_| comm.rank == 0);
    let block = block.as_ref();
    either(
        e,
        comm,
        |op| board::scatter(op, block, Some(mine), 0, true),
        async |w| scatter::linear(w, block, Some(mine), 0).await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_a_host_get_neighbouring_places() {
        let map = Map::new(&[7, 3, 7, 3, 3]);
        assert_eq!(
            (map.host_of, map.place, map.sizes),
            (vec![0, 1, 0, 1, 1], vec![0, 2, 1, 3, 4], vec![2, 3])
        );
        let map = Map::new(&[7, 3, 7, 3, 3]);
        assert!(map.pays() && !map.in_order());
        assert_eq!((0..5).map(|rank| map.local(rank)).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
        assert!(Map::new(&[1, 1, 2]).in_order() && !Map::new(&[1, 2, 3]).pays() && !Map::new(&[1, 1]).pays());
    }
}
