//! Collectives across hosts: over memory inside each host, and by messages between the first rank of each.
//!
//! Up: [`super::drive`] runs operations here that their table wants here, after the board and before messages. Down: two
//! hidden communicators, one of the ranks of this host with a board of its own, one of the leaders. Data crosses the
//! network once per host instead of once per rank.
//!
//! It takes some collectives until leaders are made, as with a board; only a blocking one can make them. Operations that
//! do not block use them when they are there, by messages inside the host too: turns of a board are taken in the
//! order of calls, and an operation under way cannot wait for its turn. Reductions that must keep the order of
//! operands come here only where the ranks of each host are neighbours; scans bring the operands of all to each.
//!
//! Blocks whose lengths not all ranks know travel in [`envelopes`].
//!
//! Invariant: a step that finds a wrong length takes note of it and the operation goes on, so that no rank waits for
//! another that has given up.

mod blocks;
mod crosswise;
mod envelopes;
mod map;
mod reductions;
mod scan;
mod whole;

pub use crosswise::limit as most_crosswise;
pub use map::Map;
pub use scan::may_scan;

use super::drive::Collective;
use super::needs::{Comm, Datatype};
use super::part::Part;
use super::wire::{Temp, Wire};
use super::{barrier, bcast, board, drive, gather, scatter};
use crate::constants::class;
use crate::error::{Error, Result};
use crate::{Eng, UserBuf};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// Blocking collectives not over a board on a communicator before it gets leaders.
const PATIENCE: u32 = 4;

/// Where a communicator keeps its leaders.
#[derive(Default)]
pub struct Place {
    /// None inside: leaders would save nothing.
    map: OnceCell<Option<Map>>,
    /// None inside: they could not be made.
    leaders: OnceCell<Option<Leaders>>,
    seen: Cell<u32>,
}

struct Leaders {
    /// The ranks of this host; the first is its leader.
    host: Rc<Comm>,
    /// The leaders of all hosts, on a leader.
    heads: Option<Rc<Comm>>,
}

/// Whether a blocking operation on `comm` goes over leaders, which are made when it is time and they are `wanted`. All
/// ranks see the same.
pub fn serve(e: Eng, comm: &Rc<Comm>, wanted: impl FnOnce(&Map) -> bool) -> bool {
    let place = &comm.coll.leaders;
    let Some(map) = map_of(e, comm) else { return false };
    place.seen.set(place.seen.get().saturating_add(1));
    if place.seen.get() < PATIENCE || !wanted(map) {
        return false;
    }
    let leaders = place.leaders.get();
    leaders.or_else(|| make(e, comm, map)).is_some_and(Option::is_some)
}

/// As [`serve`], for an operation that cannot wait until leaders are made.
pub fn are_there(e: Eng, comm: &Rc<Comm>, wanted: impl FnOnce(&Map) -> bool) -> bool {
    leaders_of(comm).is_some() && map_of(e, comm).is_some_and(wanted)
}

fn map_of(e: Eng, comm: &Comm) -> Option<&Map> {
    let map = || {
        let names: Vec<u32> = comm.group.procs().iter().map(|&process| e.host_of(process)).collect();
        (!comm.is_inter()).then(|| Map::new(&names)).filter(Map::pays)
    };
    comm.coll.leaders.map.get_or_init(map).as_ref()
}

fn leaders_of(comm: &Comm) -> Option<&Leaders> {
    comm.coll.leaders.leaders.get()?.as_ref()
}

#[cold]
fn make<'a>(e: Eng, comm: &'a Rc<Comm>, map: &Map) -> Option<&'a Option<Leaders>> {
    let me = comm.rank as usize;
    let part = |number: Option<usize>| crate::comm::private_part(e, comm, number).ok();
    let host = part(Some(map.host_of(me))).flatten();
    let heads = part((map.local(me) == 0).then_some(0)).flatten();
    Some(comm.coll.leaders.leaders.get_or_init(|| host.map(|host| Leaders { host, heads })))
}

/// Tags of an operation on the hidden communicators. One is enough on each: all ranks take the same steps, and
/// messages between two ranks stay in order.
#[derive(Clone, Copy)]
pub struct Tags {
    host: i32,
    heads: i32,
}

impl Tags {
    /// `next` takes a tag of a communicator; None where there are no leaders.
    pub fn take(comm: &Comm, next: impl Fn(&Comm) -> i32) -> Option<Tags> {
        let leaders = leaders_of(comm)?;
        let heads = leaders.heads.as_ref().map_or(0, |heads| next(heads));
        Some(Tags { host: next(&leaders.host), heads })
    }
}

/// Runs `operation`, whose wire is `whole`.
pub async fn run(e: Eng, whole: Wire, tags: Tags, operation: &impl Collective, blocking: bool) -> Result {
    let comm = operation.comm();
    let (Some(map), Some(leaders)) = (map_of(e, comm), leaders_of(comm)) else {
        return whole.verdict(operation.run(&whole).await);
    };
    let mut wires = vec![whole, drive::wire(e, &leaders.host, tags.host)];
    wires.extend(leaders.heads.as_ref().map(|heads| drive::wire(e, heads, tags.heads)));
    let op = Op { e, map, comm: &leaders.host, tag: tags.host, wires, blocking };
    op.verdict(operation.over_leaders(&op).await)
}

/// One operation over leaders.
pub struct Op<'a> {
    e: Eng,
    map: &'a Map,
    /// The ranks of this host.
    comm: &'a Rc<Comm>,
    tag: i32,
    /// Between all ranks, between those of this host, and on a leader between leaders.
    wires: Vec<Wire>,
    /// Whether it may wait on the board of this host.
    blocking: bool,
}

impl Op<'_> {
    /// Between all ranks.
    pub fn whole(&self) -> &Wire {
        &self.wires[0]
    }

    fn host(&self) -> &Wire {
        &self.wires[1]
    }

    /// Between leaders, on a leader.
    fn heads(&self) -> Option<&Wire> {
        self.wires.get(2)
    }

    fn me(&self) -> usize {
        self.whole().rank
    }

    fn my_host(&self) -> usize {
        self.map.host_of(self.me())
    }

    fn is_here(&self, rank: usize) -> bool {
        self.map.host_of(rank) == self.my_host()
    }

    /// The result of the operation: `result`, or the first fault noted on the way.
    pub fn verdict(&self, result: Result) -> Result {
        self.wires.iter().fold(result, |result, wire| wire.verdict(result))
    }

    /// Temporary memory that messages of all wires may land in.
    fn temp(&self, len: usize) -> Temp<'_> {
        Temp::of(&self.wires, len)
    }

    /// As [`Op::temp`], for `count` elements of `dt`.
    fn temp_for(&self, dt: &Datatype, count: i64) -> Temp<'_> {
        Temp::for_elements(&self.wires, dt, count)
    }

    /// Takes note of data of a wrong length and goes on.
    fn unless_broken(&self, result: Result) -> Result {
        match result {
            Err(error) if error.code() == class::TRUNCATE => self.note(error),
            result => return result,
        }
        Ok(())
    }

    fn note(&self, error: Error) {
        self.whole().note(error);
    }

    /// A step inside the host: on its board where there is one, or by messages.
    async fn step(
        &self,
        on_board: impl FnOnce(&board::Op) -> board::Outcome,
        by_messages: impl AsyncFnOnce(&Wire) -> Result,
    ) -> Result {
        let board = if self.blocking { board::on(self.e, self.comm, self.tag) } else { None };
        match board.and_then(|op| on_board(&op)) {
            Some(result) => self.unless_broken(result),
            None => self.unless_broken(by_messages(self.host()).await),
        }
    }

    async fn barrier_in_host(&self) -> Result {
        self.step(board::barrier, async |w| barrier::barrier(w).await).await
    }

    async fn bcast_in_host(&self, part: Part<'_>, root: usize) -> Result {
        self.step(|op| board::bcast(op, part, root), async |w| bcast::bcast(w, part, root).await).await
    }

    /// To the leader, which gives places that are as long as what comes, or longer.
    async fn gather_in_host<'p>(&self, mine: Part<'_>, place: impl Fn(usize) -> Part<'p>) -> Result {
        let place = (self.host().rank == 0).then_some(&place);
        self.step(
            |op| board::gather(op, Some(mine), place, 0),
            async |w| gather::linear(w, Some(mine), place, 0).await,
        )
        .await
    }

    /// From the leader; `mine` is as long as what comes, or longer.
    async fn scatter_in_host<'p>(&self, block: impl Fn(usize) -> Part<'p>, mine: Part<'_>) -> Result {
        let block = (self.host().rank == 0).then_some(&block);
        self.step(
            |op| board::scatter(op, block, Some(mine), 0, false),
            async |w| scatter::linear(w, block, Some(mine), 0).await,
        )
        .await
    }

    /// Moves `out` of one rank of this host to `into` of another, which may be longer.
    async fn move_in_host(&self, from: usize, out: Part<'_>, to: usize, into: Part<'_>) -> Result {
        let w = self.host();
        match w.rank {
            rank if rank == from && from == to => super::part::copy(w, out, into),
            rank if rank == from => w.send(out, to).await,
            rank if rank == to => w.irecv_up_to(into, from)?.await,
            _ => Ok(()),
        }
    }
}

/// Nothing to move, or nowhere to.
fn nothing(w: &Wire) -> Part<'_> {
    w.bytes(UserBuf::BOTTOM, 0)
}
