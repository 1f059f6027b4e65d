//! Alltoall in all its forms: what a rank has for all goes to its leader in one message, and what all have for it comes
//! from there in one.

use super::super::alltoall;
use super::super::part::{Part, copy};
use super::super::wire::{Batch, Wire};
use super::envelopes::{Bundle, Envelope, Limit, Room};
use super::{Op, nothing};
use crate::error::Result;

/// In an alltoall of so many ranks: 1 KiB (8 ranks: 31 µs, 321 straight), as long as all envelopes
/// that one writes fit in 64 KiB.
pub fn limit(ranks: usize) -> Limit {
    Limit((1 << 10).min((64 << 10) / ranks))
}

impl Op<'_> {
    /// Blocks of any length. `out` may be `into` if no block is longer than the limit.
    pub async fn alltoall<'p, 'q>(
        &self,
        out: impl Fn(usize) -> Part<'p>,
        into: impl Fn(usize) -> Part<'q>,
    ) -> Result {
        let (map, host) = (self.map, self.host());
        let limit = limit(map.ranks());
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
