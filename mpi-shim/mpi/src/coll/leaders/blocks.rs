//! Allgather, gather and scatter.

use super::super::part::{Part, copy};
use super::super::shape::Blocks;
use super::super::wire::{Batch, Pending};
use super::super::{allgather, gather, scatter};
use super::envelopes::{Bundle, Limit, Room};
use super::{Op, nothing};
use crate::error::Result;
use std::ops::Range;

/// In a gather or scatter. (16 KiB through leaders 137 µs, straight 90.)
const ROOTED: Limit = Limit(4 << 10);

impl Op<'_> {
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
        let host = self.host();
        let expected = block.as_ref().map(|block| self.expect_long(block, root)).transpose()?;
        let sealed = self.room(ROOTED, 1);
        let mut own = sealed.bundle(0);
        let sent = mine.filter(|_| self.me() != root);
        let follows = own.put(sent.unwrap_or(nothing(host)));
        let sent = sent.filter(|_| follows).map(|part| self.whole().isend(part, root)).transpose()?;
        let slots = self.room_of_leader(ROOTED, host.size);
        self.gather_in_host(own.passed(host), |local| slots.part(host, local..local + 1)).await?;
        let all = self.room_of_leader(ROOTED, self.map.ranks());
        let whole = self.gather_of_hosts(&slots, &all, root).await?;
        if let (Some(block), Some(expected)) = (block, expected) {
            let received = self.room(ROOTED, self.map.ranks());
            let into = received.part(host, 0..self.map.ranks());
            self.move_in_host(0, whole, self.map.local(root), into).await?;
            self.open_gathered(received.bundle(0), mine, block, root, expected).await?;
        } else if self.is_here(root) {
            self.move_in_host(0, whole, self.map.local(root), nothing(host)).await?;
        }
        match sent {
            Some(sent) => sent.await,
            None => Ok(()),
        }
    }

    /// Posts the receives of blocks too long for an envelope, by place, before the envelopes say that they come: whoever
    /// sends early need not wait. (256 KiB from each of 2 × 4 ranks: 670 µs without, 470 with.)
    fn expect_long<'w, 'p>(
        &'w self,
        block: &impl Fn(usize) -> Part<'p>,
        root: usize,
    ) -> Result<Vec<Option<Pending<'w>>>> {
        let expect = |place: usize| {
            let rank = self.map.rank_at(place);
            let long = rank != root && !ROOTED.holds(block(rank).len());
            long.then(|| self.whole().irecv_up_to(block(rank), rank)).transpose()
        };
        (0..self.map.ranks()).map(expect).collect()
    }

    /// What the ranks of all hosts have, in `all` of the leader of the root's host.
    async fn gather_of_hosts<'w>(
        &'w self,
        slots: &Room<'_>,
        all: &Room<'_>,
        root: usize,
    ) -> Result<Part<'w>> {
        let (map, host) = (self.map, self.host());
        let mut whole = all.bundle(0);
        let Some(heads) = self.heads() else { return Ok(nothing(host)) };
        let bundles = self.room(ROOTED, map.ranks());
        let mut out = bundles.bundle(map.places(self.my_host()).start);
        (0..host.size).for_each(|local| out.forward(slots.bundle(local).next()));
        let place = |host| bundles.part(heads, map.places(host));
        gather::linear(heads, Some(out.passed(heads)), Some(place), map.host_of(root)).await?;
        if self.is_here(root) {
            for places in (0..map.hosts()).map(|host| map.places(host)) {
                whole.forward_from(&mut bundles.bundle(places.start), places.len());
            }
        }
        Ok(whole.passed(host))
    }

    async fn open_gathered<'p>(
        &self,
        mut bundle: Bundle,
        mine: Option<Part<'_>>,
        block: impl Fn(usize) -> Part<'p>,
        root: usize,
        expected: Vec<Option<Pending<'_>>>,
    ) -> Result {
        let mut arrivals = Batch::new();
        for (place, expected) in expected.into_iter().enumerate() {
            let (rank, envelope) = (self.map.rank_at(place), bundle.next());
            if let Some(expected) = expected {
                if envelope.inside {
                    expected.withdraw();
                }
                arrivals.push(expected);
                if !envelope.inside {
                    continue;
                }
            }
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
}
