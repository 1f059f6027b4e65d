//! Scan and exscan: of hosts and inside them, where their ranks are neighbours, or of the operands of all.

use super::super::board;
use super::super::fold::Fold;
use super::super::part::{Part, copy};
use super::super::reduce::Operands;
use super::super::scan::{self, Kind};
use super::super::wire::Wire;
use super::{Map, Op};
use crate::UserBuf;
use crate::error::Result;

/// Most bytes of the operands of all ranks that come to each. (8 ranks on two cores, dealt out over two hosts: 64 KiB
/// together 63 µs, 76 by messages; 512 KiB 638 and 376.)
const ALL: usize = 64 << 10;

/// Whether vectors of `bytes` may be scanned over leaders.
pub fn may_scan(map: &Map, bytes: usize) -> bool {
    map.in_order() || bytes.saturating_mul(map.ranks()) <= ALL
}

impl Op<'_> {
    /// As [`scan::scan`].
    pub async fn scan(&self, fold: &Fold, mine: UserBuf, recv: UserBuf, count: i64, kind: Kind) -> Result {
        match self.map.in_order() {
            true => self.scan_by_hosts(fold, mine, recv, count, kind).await,
            false => self.scan_of_all(fold, mine, recv, count, kind).await,
        }
    }

    /// What the hosts before this one have, combined with a scan inside this one.
    async fn scan_by_hosts(
        &self,
        fold: &Fold,
        mine: UserBuf,
        recv: UserBuf,
        count: i64,
        kind: Kind,
    ) -> Result {
        let temps = [(); 2].map(|()| self.temp_for(fold.dt(), count));
        let [sum, before] = [temps[0].base, temps[1].base];
        self.reduce_in_host(fold, mine, sum, count).await?;
        self.scan_in_host(fold, mine, recv, count, kind).await?;
        if let Some(heads) = self.heads() {
            scan::scan(heads, fold, sum, before, count, Kind::Exclusive).await?;
        }
        if self.my_host() == 0 {
            return Ok(());
        }
        let part = |buf| Part::new(buf, count, fold.dt());
        self.bcast_in_host(part(before), 0).await?;
        match kind == Kind::Exclusive && self.host().rank == 0 {
            true => copy(self.host(), part(before), part(recv)),
            false => self.host().fold(fold, before, recv, count),
        }
    }

    async fn scan_in_host(
        &self,
        fold: &Fold,
        mine: UserBuf,
        recv: UserBuf,
        count: i64,
        kind: Kind,
    ) -> Result {
        let on_board = |op: &board::Op| match board::serves(fold) {
            true => board::scan(op, fold, mine, recv, count, kind == Kind::Inclusive),
            false => None,
        };
        self.step(on_board, async |w: &Wire| scan::scan(w, fold, mine, recv, count, kind).await).await
    }

    /// The operands of all ranks come to each, which combines those before its own.
    async fn scan_of_all(&self, fold: &Fold, mine: UserBuf, recv: UserBuf, count: i64, kind: Kind) -> Result {
        let operands = Operands::new(self.whole(), fold, count, mine)?;
        self.allgather(operands.of(self.me()), |rank| operands.of(rank)).await?;
        let last = match kind {
            Kind::Inclusive => self.me() + 1,
            Kind::Exclusive => self.me(),
        };
        if last == 0 { Ok(()) } else { operands.combine(self.whole(), last, recv) }
    }
}
