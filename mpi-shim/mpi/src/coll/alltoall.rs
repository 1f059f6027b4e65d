//! Alltoall, alltoallv and alltoallw.

use super::board;
use super::choice::{self, Alltoall as Algorithm, IN_FLIGHT};
use super::drive::Collective;
use super::leaders::{self, Map};
use super::needs::Comm;
use super::part::{Part, copy};
use super::spread::{RECV, RECVS, SEND, SENDS, Spread};
use super::wire::{Batch, Wire};
use super::{Eng, check};
use crate::error::Result;
use crate::{CommId, Handles, Ints, TypeId, UserBuf};
use std::rc::Rc;

/// All three functions; they differ in how the buffers are described.
pub struct Alltoall {
    comm: Rc<Comm>,
    /// What this rank sends; `None`: the blocks in the receive buffer.
    send: Option<Spread>,
    recv: Spread,
    /// All blocks have one size, which all ranks know.
    even: bool,
}

impl Alltoall {
    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Alltoall")]
    pub fn new(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcount: i64,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let recv = Spread::even(e, RECV, recvbuf, recvcount, recvtype)?;
        Self::with(comm, sendbuf, recv, true, |_| Spread::even(e, SEND, sendbuf, sendcount, sendtype))
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Alltoallv")]
    pub fn varying(
        e: Eng,
        sendbuf: UserBuf,
        sendcounts: Ints,
        sdispls: Ints,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcounts: Ints,
        rdispls: Ints,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let n = comm.remote_size() as usize;
        let recv = Spread::varying(e, RECVS, recvbuf, (recvcounts, rdispls), recvtype, n)?;
        let send = |n| Spread::varying(e, SENDS, sendbuf, (sendcounts, sdispls), sendtype, n);
        Self::with(comm, sendbuf, recv, false, send)
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Alltoallw")]
    pub fn each(
        e: Eng,
        sendbuf: UserBuf,
        sendcounts: Ints,
        sdispls: Ints,
        sendtypes: Handles<TypeId>,
        recvbuf: UserBuf,
        recvcounts: Ints,
        rdispls: Ints,
        recvtypes: Handles<TypeId>,
        comm: CommId,
    ) -> Result<Self> {
        let comm = check::comm(e, comm)?;
        let n = comm.remote_size() as usize;
        let recv = Spread::each(e, RECVS, recvbuf, (recvcounts, rdispls), recvtypes, n)?;
        let send = |n| Spread::each(e, SENDS, sendbuf, (sendcounts, sdispls), sendtypes, n);
        Self::with(comm, sendbuf, recv, false, send)
    }

    fn with(
        comm: Rc<Comm>,
        sendbuf: UserBuf,
        recv: Spread,
        even: bool,
        send: impl FnOnce(usize) -> Result<Spread>,
    ) -> Result<Self> {
        check::not_in_place(&comm, "sendbuf", sendbuf)?;
        if sendbuf.is_in_place() {
            return Ok(Alltoall { comm, send: None, recv, even });
        }
        let send = send(comm.remote_size() as usize)?;
        let moved =
            (0..comm.remote_size() as usize).any(|i| send.part(i).len() > 0 && recv.part(i).len() > 0);
        check::no_alias(("sendbuf", sendbuf), ("recvbuf", recv.buf()), moved as usize)?;
        Ok(Alltoall { comm, send: Some(send), recv, even })
    }
}

impl Collective for Alltoall {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    #[inline]
    fn on_board(&self, e: Eng, tag: i32) -> board::Outcome {
        if self.comm.is_inter() || (self.send.is_none() && !self.even) {
            return None;
        }
        let into = |rank| self.recv.part(rank);
        let out = |rank| self.send.as_ref().unwrap_or(&self.recv).part(rank);
        let size = self.comm.size() as usize;
        let len = if self.even { into(0).len() } else { 0 };
        if self.even && out(0).len() != len {
            return None;
        }
        if self.even && len == 0 {
            return Some(Ok(()));
        }
        if choice::alltoall(size, len, |_| true) != Algorithm::Board {
            return None;
        }
        let op = board::on(e, &self.comm, tag)?;
        match self.even {
            true => board::alltoall(&op, len, out, into, self.send.is_none()),
            false => board::alltoall_varying(&op, out, into),
        }
    }

    /// What is in place can only travel with what leaders pass on: its place is written to meanwhile.
    fn wants_leaders(&self, map: &Map) -> bool {
        let len = if self.even { self.recv.part(0).len() } else { 0 };
        let usable = self.send.is_some() || (self.even && leaders::most_crosswise(map.ranks()).holds(len));
        let usable = |a| a != Algorithm::Board && (a != Algorithm::Leaders || usable);
        choice::alltoall(map.ranks(), len, usable) == Algorithm::Leaders
    }

    async fn over_leaders(&self, op: &leaders::Op<'_>) -> Result {
        let out = |rank| self.send.as_ref().unwrap_or(&self.recv).part(rank);
        op.alltoall(out, |rank| self.recv.part(rank)).await
    }

    async fn run(&self, w: &Wire) -> Result {
        let into = |rank| self.recv.part(rank);
        match &self.send {
            Some(send) if self.comm.is_inter() => direct(w, |rank| send.part(rank), into, None).await,
            Some(send) => alltoall(w, |rank| send.part(rank), into, self.even).await,
            None => in_place(w, into).await,
        }
    }
}

pub async fn alltoall<'a, 'b>(
    w: &Wire,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
    even: bool,
) -> Result {
    match choice::alltoall(w.size, into(0).len(), |a| {
        a == Algorithm::Direct || (even && a == Algorithm::Bruck)
    }) {
        Algorithm::Bruck => bruck(w, out, into).await,
        Algorithm::Direct | Algorithm::Board | Algorithm::Leaders => {
            // The others' part is done whatever becomes of it.
            let kept = copy(w, out(w.rank), into(w.rank));
            kept.and(direct(w, out, into, Some(w.rank)).await)
        }
    }
}

/// Every block goes straight to its rank. Each rank begins with its next neighbour, so no rank is flooded.
pub async fn direct<'a, 'b>(
    w: &Wire,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
    except: Option<usize>,
) -> Result {
    let mut batch = Batch::new();
    for i in 0..w.peers {
        let (to, from) = ((w.rank + i) % w.peers, (w.rank % w.peers + w.peers - i) % w.peers);
        if Some(from) != except {
            batch.push(w.irecv_up_to(into(from), from)?);
        }
        if Some(to) != except {
            batch.push(w.isend(out(to), to)?);
        }
        if except.is_some() {
            batch.shrink_to(IN_FLIGHT).await?;
        }
    }
    batch.all().await
}

/// A block for the rank `d` further on travels in steps of the powers of two that make up `d`.
pub async fn bruck<'a, 'b>(
    w: &Wire,
    out: impl Fn(usize) -> Part<'a>,
    into: impl Fn(usize) -> Part<'b>,
) -> Result {
    let len = into(0).len();
    let temp = w.temp(3 * w.size * len);
    let area = |k: usize| temp.base.offset((k * w.size * len) as isize);
    let (blocks, packed, landed) = (area(0), area(1), area(2));
    let at = |area: UserBuf, i: usize, n: usize| w.bytes(area.offset((i * len) as isize), n * len);
    for d in 1..w.size {
        copy(w, out((w.rank + d) % w.size), at(blocks, d, 1))?;
    }
    copy(w, out(w.rank), into(w.rank))?;
    let mut step = 1;
    while step < w.size {
        let moving = || (1..w.size).filter(|d| d & step != 0);
        for (i, d) in moving().enumerate() {
            copy(w, at(blocks, d, 1), at(packed, i, 1))?;
        }
        let n = moving().count();
        let (to, from) = ((w.rank + step) % w.size, (w.rank + w.size - step) % w.size);
        w.exchange(at(packed, 0, n), to, at(landed, 0, n), from).await?;
        for (i, d) in moving().enumerate() {
            copy(w, at(landed, i, 1), at(blocks, d, 1))?;
        }
        step *= 2;
    }
    // The block that has travelled `d` comes from the rank `d` before.
    for d in 1..w.size {
        copy(w, at(blocks, d, 1), into((w.rank + w.size - d) % w.size))?;
    }
    Ok(())
}

/// Pairs of ranks exchange their blocks, one pair of each rank at a time; a packed copy is sent, because the
/// block that arrives takes its place.
pub async fn in_place<'a>(w: &Wire, block: impl Fn(usize) -> Part<'a>) -> Result {
    for round in 0..w.size {
        let partner = (round + w.size - w.rank) % w.size;
        if partner == w.rank {
            continue;
        }
        let part = block(partner);
        let temp = w.temp(part.len());
        part.pack_into(temp.base);
        let sent = w.isend(w.bytes(temp.base, part.len()), partner)?;
        let received = w.irecv_up_to(part, partner)?;
        received.await?;
        sent.await?;
    }
    Ok(())
}
