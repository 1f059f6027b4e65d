//! Scan and exscan.

use super::board;
use super::choice::{self, Scan as Algorithm};
use super::drive::Collective;
use super::fold::Fold;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy};
use super::wire::Wire;
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, OpId, TypeId, UserBuf};
use std::rc::Rc;

pub struct Scan {
    comm: Rc<Comm>,
    sendbuf: UserBuf,
    recvbuf: UserBuf,
    count: i64,
    fold: Fold,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Rank r's result covers ranks 0 to r.
    Inclusive,
    /// Rank r's result covers ranks 0 to r-1; rank 0 has none.
    Exclusive,
}

impl Scan {
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        recvbuf: UserBuf,
        count: i64,
        datatype: TypeId,
        op: OpId,
        comm: CommId,
    ) -> Result<Self> {
        Self::with(e, (sendbuf, recvbuf), count, (datatype, op), comm, Kind::Inclusive)
    }

    pub fn exclusive(
        e: Eng,
        sendbuf: UserBuf,
        recvbuf: UserBuf,
        count: i64,
        datatype: TypeId,
        op: OpId,
        comm: CommId,
    ) -> Result<Self> {
        Self::with(e, (sendbuf, recvbuf), count, (datatype, op), comm, Kind::Exclusive)
    }

    fn with(
        e: Eng,
        (sendbuf, recvbuf): (UserBuf, UserBuf),
        count: i64,
        (datatype, op): (TypeId, OpId),
        comm: CommId,
        kind: Kind,
    ) -> Result<Self> {
        let comm = check::intra_comm(e, comm)?;
        let fold = check::fold(e, op, count, datatype)?;
        // MPI-5.0 §6.11.2: the receive buffer of rank 0 is not significant in exscan.
        if kind == Kind::Inclusive || comm.rank != 0 {
            check::operands(&comm, sendbuf, count, recvbuf, count, &fold)?;
        }
        Ok(Scan { comm, sendbuf, recvbuf, count, fold, kind })
    }
}

impl Scan {
    /// This rank's operand.
    fn mine(&self) -> UserBuf {
        if self.sendbuf.is_in_place() { self.recvbuf } else { self.sendbuf }
    }
}

impl Collective for Scan {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        if self.count == 0 {
            return Some(Ok(()));
        }
        let usable = |a| a != Algorithm::Board || board::serves(&self.fold);
        if choice::scan(self.comm.size() as usize, self.fold.bytes(self.count), usable) != Algorithm::Board {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        board::scan(&op, &self.fold, self.mine(), self.recvbuf, self.count, self.kind == Kind::Inclusive)
    }

    fn wants_leaders(&self, map: &Map) -> bool {
        let bytes = self.fold.bytes(self.count);
        let usable = |a| a != Algorithm::Board && (a != Algorithm::Leaders || leaders::may_scan(map, bytes));
        choice::scan(map.ranks(), bytes, usable) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        op.scan(&self.fold, self.mine(), self.recvbuf, self.count, self.kind).await
    }

    async fn run(&self, w: &Wire) -> Result {
        scan(w, &self.fold, self.mine(), self.recvbuf, self.count, self.kind).await
    }
}

/// In each step every rank exchanges what its group of ranks has with the neighbouring group of the same size;
/// what comes from lower ranks is part of the result. Operands keep the order of ranks.
pub async fn scan(w: &Wire, fold: &Fold, mine: UserBuf, recvbuf: UserBuf, count: i64, kind: Kind) -> Result {
    let part = |buf| Part::new(buf, count, fold.dt());
    if count == 0 {
        return Ok(());
    }
    if w.size == 2 && kind == Kind::Exclusive {
        return if w.rank == 0 { w.send(part(mine), 1).await } else { w.recv(part(recvbuf), 0).await };
    }
    let memory = [w.temp_for(fold.dt(), count), w.temp_for(fold.dt(), count)];
    let [mut group, mut landed] = [memory[0].base, memory[1].base];
    copy(w, part(mine), part(group))?;
    let mut have_result = kind == Kind::Inclusive;
    if have_result {
        copy(w, part(mine), part(recvbuf))?;
    }
    let mut distance = 1;
    while distance < w.size {
        let partner = w.rank ^ distance;
        distance *= 2;
        if partner >= w.size {
            continue;
        }
        let last = distance >= w.size;
        if last && partner > w.rank {
            // Nobody wants what the higher group has.
            return w.send(part(group), partner).await;
        }
        if last {
            w.recv(part(landed), partner).await?;
        } else {
            w.exchange(part(group), partner, part(landed), partner).await?;
        }
        if partner > w.rank {
            w.fold(fold, group, landed, count)?;
            std::mem::swap(&mut group, &mut landed);
            continue;
        }
        if have_result {
            w.fold(fold, landed, recvbuf, count)?;
        } else {
            copy(w, part(landed), part(recvbuf))?;
            have_result = true;
        }
        if !last {
            w.fold(fold, landed, group, count)?;
        }
    }
    Ok(())
}
