//! Reduce, allreduce and reduce_scatter: each host combines its operands, leaders those of hosts.

use super::super::fold::Fold;
use super::super::part::{Part, copy};
use super::super::shape::Blocks;
use super::super::wire::{Temp, Wire};
use super::super::{allreduce, board, reduce, reduce_scatter};
use super::Op;
use crate::UserBuf;
use crate::error::Result;

/// Two vectors, on a leader.
struct Sums<'w>(Option<[Temp<'w>; 2]>);

impl Sums<'_> {
    fn at(&self, i: usize) -> UserBuf {
        self.0.as_ref().map_or(UserBuf::BOTTOM, |sums| sums[i].base)
    }
}

impl Op<'_> {
    fn sums(&self, fold: &Fold, count: i64) -> Sums<'_> {
        let sum = || self.temp_for(fold.dt(), count);
        Sums(self.heads().map(|_| [sum(), sum()]))
    }

    /// The leader's `out` gets what the host has.
    pub(super) async fn reduce_in_host(
        &self,
        fold: &Fold,
        mine: UserBuf,
        out: UserBuf,
        count: i64,
    ) -> Result {
        let send = if mine == out && self.heads().is_some() { UserBuf::IN_PLACE } else { mine };
        let on_board = |op: &board::Op| match board::serves(fold) {
            true => board::reduce(op, fold, send, out, count, 0),
            false => None,
        };
        let by_messages = async |w: &Wire| reduce::reduce(w, fold, send, out, count, 0).await;
        self.step(on_board, by_messages).await
    }

    /// As [`reduce::reduce`].
    pub async fn reduce(&self, fold: &Fold, send: UserBuf, recv: UserBuf, count: i64, root: usize) -> Result {
        let mine = if send.is_in_place() { recv } else { send };
        let sums = self.sums(fold, count);
        self.reduce_in_host(fold, mine, sums.at(0), count).await?;
        if let Some(heads) = self.heads() {
            reduce::reduce(heads, fold, sums.at(0), sums.at(1), count, self.map.host_of(root)).await?;
        }
        if !self.is_here(root) {
            return Ok(());
        }
        let part = |buf| Part::new(buf, count, fold.dt());
        self.move_in_host(0, part(sums.at(1)), self.map.local(root), part(recv)).await
    }

    /// As [`allreduce::allreduce`].
    pub async fn allreduce(&self, fold: &Fold, send: UserBuf, recv: UserBuf, count: i64) -> Result {
        let mine = if send.is_in_place() { recv } else { send };
        self.reduce_in_host(fold, mine, recv, count).await?;
        if let Some(heads) = self.heads() {
            allreduce::allreduce(heads, fold, UserBuf::IN_PLACE, recv, count).await?;
        }
        self.bcast_in_host(Part::new(recv, count, fold.dt()), 0).await
    }

    /// As [`reduce_scatter::reduce_scatter`].
    pub async fn reduce_scatter(&self, fold: &Fold, send: UserBuf, recv: UserBuf, blocks: &Blocks) -> Result {
        let mine = if send.is_in_place() { recv } else { send };
        let sums = self.sums(fold, blocks.total());
        self.reduce_in_host(fold, mine, sums.at(0), blocks.total()).await?;
        let packed = Blocks::of((0..self.map.ranks()).map(|place| blocks.len(self.map.rank_at(place))));
        if let Some(heads) = self.heads() {
            let part = |buf| Part::new(buf, 0, fold.dt());
            for (place, rank) in (0..self.map.ranks()).map(|place| (place, self.map.rank_at(place))) {
                let from = part(sums.at(0)).at(blocks.start(rank), blocks.len(rank));
                copy(heads, from, part(sums.at(1)).at(packed.start(place), packed.len(place)))?;
            }
            let hosts = Blocks::of((0..self.map.hosts()).map(|host| packed.within(self.map.places(host))));
            reduce_scatter::reduce_scatter(heads, fold, sums.at(1), sums.at(0), &hosts).await?;
        }
        let first = self.map.places(self.my_host()).start;
        let block = |local: usize| {
            let at = packed.start(first + local) - packed.start(first);
            Part::new(sums.at(0), 0, fold.dt()).at(at, packed.len(first + local))
        };
        self.scatter_in_host(block, Part::new(recv, blocks.len(self.me()), fold.dt())).await
    }
}
