//! Allgather, gather, scatter and alltoall.

use super::super::part::{Part, copy};
use super::super::shape::Blocks;
use super::super::wire::{Batch, Temp, Wire};
use super::super::{allgather, alltoall, gather, scatter};
use super::envelopes::{Bundle, Envelope, Limit};
use super::{Op, nothing};
use crate::error::Result;
use std::ops::Range;

/// In a gather or scatter.
const ROOTED: Limit = Limit(4 << 10);

/// In an alltoall of so many ranks: all envelopes that one writes fit in 64 KiB.
pub fn crosswise(ranks: usize) -> Limit {
    Limit((1 << 10).min((64 << 10) / ranks))
}

/// Memory for envelopes, each as long as one can be.
struct Room<'w> {
    memory: Temp<'w>,
    limit: Limit,
}

impl Room<'_> {
    /// The envelopes from number `at` on.
    fn bundle(&self, at: usize) -> Bundle {
        Bundle::at(self.memory.base.offset((at * self.limit.envelope()) as isize), self.limit)
    }

    fn part<'w>(&self, w: &'w Wire, envelopes: Range<usize>) -> Part<'w> {
        let at = self.memory.base.offset((envelopes.start * self.limit.envelope()) as isize);
        w.bytes(at, envelopes.len() * self.limit.envelope())
    }
}

impl Op<'_> {
    fn room(&self, limit: Limit, envelopes: usize) -> Room<'_> {
        Room { memory: self.temp(envelopes * limit.envelope()), limit }
    }

    /// Room for the envelopes of `ranks` ranks on a leader, for none elsewhere.
    fn room_of_leader(&self, limit: Limit, ranks: usize) -> Room<'_> {
        self.room(limit, if self.heads().is_some() { ranks } else { 0 })
    }

    /// Puts the block of `rank` into its place, or posts the receive for it.
    fn deliver<'w>(
        &'w self,
        envelope: Envelope,
        rank: usize,
        into: Part,
        arrivals: &mut Batch<'w>,
    ) -> Result {
        match envelope.inside {
            true => self.unless_broken(envelope.open(rank, into))?,
            false => arrivals.push(self.whole().irecv_up_to(into, rank)?),
        }
        Ok(())
    }

    /// `mine` is this rank's block; `block(rank)` is known alike on all ranks, up to layout.
    pub async fn allgather<'p>(&self, mine: Part<'_>, block: impl Fn(usize) -> Part<'p>) -> Result {
        let (map, host) = (self.map, self.host());
        let places = Blocks::of((0..map.ranks()).map(|place| block(map.rank_at(place)).len() as i64));
        let memory = self.temp(places.total() as usize);
        let run = |range: Range<usize>| {
            let at = memory.base.offset(places.start(range.start) as isize);
            host.bytes(at, places.within(range) as usize)
        };
        let first = map.places(self.my_host()).start;
        self.gather_in_host(mine, |local| run(first + local..first + local + 1)).await?;
        if let Some(heads) = self.heads() {
            allgather::allgather(heads, |host| run(map.places(host))).await?;
        }
        self.bcast_in_host(run(0..map.ranks()), 0).await?;
        (0..map.ranks()).for_each(|at| block(map.rank_at(at)).unpack_from(run(at..at + 1).buf));
        Ok(())
    }

    /// `mine` is `None` for a contribution in place.
    pub async fn gather<'p>(
        &self,
        mine: Option<Part<'_>>,
        block: Option<impl Fn(usize) -> Part<'p>>,
        root: usize,
    ) -> Result {
        let (map, host) = (self.map, self.host());
        let sealed = self.room(ROOTED, 1);
        let mut own = sealed.bundle(0);
        let sent = mine.filter(|_| self.me() != root);
        let follows = own.put(sent.unwrap_or(nothing(host)));
        let sent = sent.filter(|_| follows).map(|part| self.whole().isend(part, root)).transpose()?;
        let slots = self.room_of_leader(ROOTED, host.size);
        self.gather_in_host(own.passed(host), |local| slots.part(host, local..local + 1)).await?;
        let (bundles, all) =
            (self.room_of_leader(ROOTED, map.ranks()), self.room_of_leader(ROOTED, map.ranks()));
        let mut whole = all.bundle(0);
        if let Some(heads) = self.heads() {
            let mut out = bundles.bundle(map.places(self.my_host()).start);
            (0..host.size).for_each(|local| out.forward(slots.bundle(local).next()));
            let place = |host| bundles.part(heads, map.places(host));
            gather::linear(heads, Some(out.passed(heads)), Some(place), map.host_of(root)).await?;
            if self.is_here(root) {
                for places in (0..map.hosts()).map(|host| map.places(host)) {
                    whole.forward_from(&mut bundles.bundle(places.start), places.len());
                }
            }
        }
        if let Some(block) = block {
            let received = self.room(ROOTED, map.ranks());
            let into = received.part(host, 0..map.ranks());
            self.move_in_host(0, whole.passed(host), map.local(root), into).await?;
            self.open_gathered(received.bundle(0), mine, block, root).await?;
        } else if self.is_here(root) {
            self.move_in_host(0, whole.passed(host), map.local(root), nothing(host)).await?;
        }
        match sent {
            Some(sent) => sent.await,
            None => Ok(()),
        }
    }

    async fn open_gathered<'p>(
        &self,
        mut bundle: Bundle,
        mine: Option<Part<'_>>,
        block: impl Fn(usize) -> Part<'p>,
        root: usize,
    ) -> Result {
        let mut arrivals = Batch::new();
        for rank in (0..self.map.ranks()).map(|place| self.map.rank_at(place)) {
            let envelope = bundle.next();
            if rank != root {
                self.deliver(envelope, rank, block(rank), &mut arrivals)?;
            } else if let Some(mine) = mine {
                self.unless_broken(copy(self.whole(), mine, block(root)))?;
            }
        }
        arrivals.all().await
    }

    /// `mine` is `None` when the root's block stays in place.
    pub async fn scatter<'p>(
        &self,
        block: Option<impl Fn(usize) -> Part<'p>>,
        mine: Option<Part<'_>>,
        root: usize,
    ) -> Result {
        let (map, host) = (self.map, self.host());
        let i_have_all = block.is_some() || (self.is_here(root) && host.rank == 0);
        let all = self.room(ROOTED, if i_have_all { map.ranks() } else { 0 });
        let (mut written, mut sends) = (all.bundle(0), Batch::new());
        if let Some(block) = &block {
            for rank in (0..map.ranks()).map(|place| map.rank_at(place)) {
                let part = if rank == root { nothing(host) } else { block(rank) };
                if written.put(part) {
                    sends.push(self.whole().isend(part, rank)?);
                }
            }
        }
        if self.is_here(root) {
            let into = all.part(host, 0..map.ranks());
            self.move_in_host(map.local(root), written.passed(host), 0, into).await?;
        }
        let here = self.room_of_leader(ROOTED, host.size);
        if let Some(heads) = self.heads() {
            let mut whole = all.bundle(0);
            let out: Vec<Part> = match self.is_here(root) {
                true => (0..map.hosts()).map(|host| whole.pass(heads, map.ranks_on(host))).collect(),
                false => Vec::new(),
            };
            let mine = here.part(heads, 0..host.size);
            scatter::linear(heads, Some(|host: usize| out[host]), Some(mine), map.host_of(root)).await?;
        }
        let sealed = self.room(ROOTED, 1);
        self.deal_in_host(here.bundle(0), 1, sealed.part(host, 0..1)).await?;
        let mut arrivals = Batch::new();
        match (mine, block) {
            (Some(mine), Some(block)) => self.unless_broken(copy(self.whole(), block(root), mine))?,
            (Some(mine), None) => self.deliver(sealed.bundle(0).next(), root, mine, &mut arrivals)?,
            _ => (),
        }
        arrivals.all().await?;
        sends.all().await
    }

    /// From the leader `each` envelopes to every rank of the host.
    async fn deal_in_host(&self, mut bundle: Bundle, each: usize, mine: Part<'_>) -> Result {
        let host = self.host();
        let locals = if host.rank == 0 { host.size } else { 0 };
        let blocks: Vec<Part> = (0..locals).map(|_| bundle.pass(host, each)).collect();
        self.scatter_in_host(|local| blocks[local], mine).await
    }

    /// Blocks of any length. `out` may be `into` if no block is longer than the limit.
    pub async fn alltoall<'p, 'q>(
        &self,
        out: impl Fn(usize) -> Part<'p>,
        into: impl Fn(usize) -> Part<'q>,
    ) -> Result {
        let (map, host) = (self.map, self.host());
        let limit = crosswise(map.ranks());
        let sealed = self.room(limit, map.ranks());
        let (mut written, mut sends) = (sealed.bundle(0), Batch::new());
        for rank in (0..map.ranks()).map(|place| map.rank_at(place)) {
            let part = if rank == self.me() { nothing(host) } else { out(rank) };
            if written.put(part) {
                sends.push(self.whole().isend(part, rank)?);
            }
        }
        let rows = self.room_of_leader(limit, host.size * map.ranks());
        let row = |local: usize| local * map.ranks()..(local + 1) * map.ranks();
        self.gather_in_host(written.passed(host), |local| rows.part(host, row(local))).await?;
        let sorted = self.room_of_leader(limit, host.size * map.ranks());
        if let Some(heads) = self.heads() {
            self.cross(heads, &rows, &sorted).await?;
        }
        self.deal_in_host(sorted.bundle(0), map.ranks(), sealed.part(host, 0..map.ranks())).await?;
        let (mut received, mut arrivals) = (sealed.bundle(0), Batch::new());
        for rank in (0..map.ranks()).map(|place| map.rank_at(place)) {
            let envelope = received.next();
            match rank == self.me() {
                true => self.unless_broken(copy(self.whole(), out(rank), into(rank)))?,
                false => self.deliver(envelope, rank, into(rank), &mut arrivals)?,
            }
        }
        arrivals.all().await?;
        sends.all().await
    }

    /// Turns what each rank of this host has for all, in `rows`, into what all ranks have for each of this host, in
    /// `sorted`.
    async fn cross(&self, heads: &Wire, rows: &Room<'_>, sorted: &Room<'_>) -> Result {
        let (map, locals) = (self.map, self.host().size);
        let mut readers: Vec<Bundle> = (0..locals).map(|local| rows.bundle(local * map.ranks())).collect();
        let mut written = sorted.bundle(0);
        let mut for_host = |host| {
            let mut run = written.rest();
            readers.iter_mut().for_each(|reader| run.forward_from(reader, map.ranks_on(host)));
            written = run.rest();
            run.passed(heads)
        };
        let out: Vec<Part> = (0..map.hosts()).map(&mut for_host).collect();
        let from_host = |host: usize| {
            let places = map.places(host);
            rows.part(heads, places.start * locals..places.end * locals)
        };
        copy(heads, out[self.my_host()], from_host(self.my_host()))?;
        alltoall::direct(heads, |host| out[host], from_host, Some(self.my_host())).await?;
        let envelopes: Vec<Envelope> = (0..map.hosts())
            .flat_map(|host| {
                let mut bundle = rows.bundle(map.places(host).start * locals);
                (0..map.ranks_on(host) * locals).map(move |_| bundle.next())
            })
            .collect();
        let mut written = sorted.bundle(0);
        for local in 0..locals {
            (0..map.ranks()).for_each(|place| written.forward(envelopes[place * locals + local]));
        }
        Ok(())
    }
}
