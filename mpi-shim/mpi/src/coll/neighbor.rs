//! Neighbourhood collectives: each process exchanges with its neighbours in the communicator's topology.

use super::drive::Collective;
use super::needs::Comm;
use super::part::Part;
use super::spread::{Names, RECV, RECVS, SEND, SENDS, Spread};
use super::wire::{Batch, Wire};
use super::{Eng, check};
use crate::constants::PROC_NULL;
use crate::error::Result;
use crate::topo::{self, Topology};
use crate::{CommId, Handles, Ints, TypeId, UserBuf};
use std::rc::Rc;

/// All five functions; they differ in how the buffers are described.
pub struct Neighbor {
    comm: Rc<Comm>,
    sources: Vec<i32>,
    destinations: Vec<i32>,
    send: Spread,
    recv: Spread,
}

/// A communicator and this process's neighbours in it.
struct Around {
    comm: Rc<Comm>,
    sources: Vec<i32>,
    destinations: Vec<i32>,
}

impl Around {
    fn of(e: Eng, comm: CommId) -> Result<Around> {
        let comm = check::intra_comm(e, comm)?;
        let (sources, destinations) = topo::neighbors(&comm)?;
        Ok(Around { comm, sources, destinations })
    }

    fn exchange(self, send: Spread, recv: Spread) -> Neighbor {
        Neighbor { comm: self.comm, sources: self.sources, destinations: self.destinations, send, recv }
    }
}

impl Neighbor {
    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Neighbor_allgather")]
    pub fn allgather(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcount: i64,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let around = Around::of(e, comm)?;
        let send = Spread::one(e, SEND, sendbuf, sendcount, sendtype)?;
        let recv = Spread::even(e, RECV, recvbuf, recvcount, recvtype)?;
        Ok(around.exchange(send, recv))
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Neighbor_allgatherv")]
    pub fn allgatherv(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcounts: Ints,
        displs: Ints,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let around = Around::of(e, comm)?;
        let send = Spread::one(e, SEND, sendbuf, sendcount, sendtype)?;
        let names = Names { count: "recvcounts", ..RECV };
        let n = around.sources.len();
        let recv = Spread::varying(e, names, recvbuf, (recvcounts, displs), recvtype, n)?;
        Ok(around.exchange(send, recv))
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Neighbor_alltoall")]
    pub fn alltoall(
        e: Eng,
        sendbuf: UserBuf,
        sendcount: i64,
        sendtype: TypeId,
        recvbuf: UserBuf,
        recvcount: i64,
        recvtype: TypeId,
        comm: CommId,
    ) -> Result<Self> {
        let around = Around::of(e, comm)?;
        let send = Spread::even(e, SEND, sendbuf, sendcount, sendtype)?;
        let recv = Spread::even(e, RECV, recvbuf, recvcount, recvtype)?;
        Ok(around.exchange(send, recv))
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Neighbor_alltoallv")]
    pub fn alltoallv(
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
        let around = Around::of(e, comm)?;
        let (to, from) = (around.destinations.len(), around.sources.len());
        let send = Spread::varying(e, SENDS, sendbuf, (sendcounts, sdispls), sendtype, to)?;
        let recv = Spread::varying(e, RECVS, recvbuf, (recvcounts, rdispls), recvtype, from)?;
        Ok(around.exchange(send, recv))
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of MPI_Neighbor_alltoallw")]
    pub fn alltoallw(
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
        let around = Around::of(e, comm)?;
        let (to, from) = (around.destinations.len(), around.sources.len());
        let send = Spread::each(e, SENDS, sendbuf, (sendcounts, sdispls), sendtypes, to)?;
        let recv = Spread::each(e, RECVS, recvbuf, (recvcounts, rdispls), recvtypes, from)?;
        Ok(around.exchange(send, recv))
    }
}

impl Collective for Neighbor {
    fn comm(&self) -> &Rc<Comm> {
        &self.comm
    }

    async fn run(&self, w: &Wire) -> Result {
        let grid = matches!(self.comm.topo.as_deref(), Some(Topology::Cart(_)));
        let (out, into) = (|i| self.send.part(i), |i| self.recv.part(i));
        exchange(w, (&self.destinations, out), (&self.sources, into), grid).await
    }
}

/// Sends block `i` to the `i`-th destination, receives block `i` from the `i`-th source.
///
/// Two processes may be neighbours twice. On a graph their messages match in order. On a grid what leaves in the
/// negative direction arrives from the positive one (MPI-5.0 §8.6): neighbours come in pairs (negative,
/// positive), and the receives of a pair are posted the other way round.
pub async fn exchange<'a, 'b>(
    w: &Wire,
    (destinations, out): (&[i32], impl Fn(usize) -> Part<'a>),
    (sources, into): (&[i32], impl Fn(usize) -> Part<'b>),
    grid: bool,
) -> Result {
    let mut batch = Batch::new();
    for k in 0..sources.len() {
        let i = if grid { k ^ 1 } else { k };
        if sources[i] != PROC_NULL {
            batch.push(w.irecv_up_to(into(i), sources[i] as usize)?);
        }
    }
    for (i, &to) in destinations.iter().enumerate().filter(|&(_, &to)| to != PROC_NULL) {
        batch.push(w.isend(out(i), to as usize)?);
    }
    batch.all().await
}
