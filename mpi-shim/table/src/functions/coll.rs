//! Collective communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! coll_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done coll::allgather "MPI_Allgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        done coll::allgather_init "MPI_Allgather_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::allgatherv "MPI_Allgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm);
        done coll::allgatherv_init "MPI_Allgatherv_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::allreduce "MPI_Allreduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm);
        done coll::allreduce_init "MPI_Allreduce_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        done coll::alltoall "MPI_Alltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        done coll::alltoall_init "MPI_Alltoall_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::alltoallv "MPI_Alltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm);
        done coll::alltoallv_init "MPI_Alltoallv_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::alltoallw "MPI_Alltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtypes: Types, comm: Comm);
        done coll::alltoallw_init "MPI_Alltoallw_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtypes: Types, comm: Comm, info: Info, > request: Req);
        done coll::barrier "MPI_Barrier" (comm: Comm);
        done coll::barrier_init "MPI_Barrier_init" (comm: Comm, info: Info, > request: Req);
        done coll::bcast "MPI_Bcast" large (buffer: Buf, count: Count, datatype: Type, root: Rank, comm: Comm);
        done coll::bcast_init "MPI_Bcast_init" large (buffer: Buf, count: Count, datatype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        done coll::exscan "MPI_Exscan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm);
        done coll::exscan_init "MPI_Exscan_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        done coll::gather "MPI_Gather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm);
        done coll::gather_init "MPI_Gather_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        done coll::gatherv "MPI_Gatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, root: Rank, comm: Comm);
        done coll::gatherv_init "MPI_Gatherv_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        done coll::iallgather "MPI_Iallgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        done coll::iallgatherv "MPI_Iallgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, > request: Req);
        done coll::iallreduce "MPI_Iallreduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        done coll::ialltoall "MPI_Ialltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        done coll::ialltoallv "MPI_Ialltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, > request: Req);
        done coll::ialltoallw "MPI_Ialltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtypes: Types, comm: Comm, > request: Req);
        done coll::ibarrier "MPI_Ibarrier" (comm: Comm, > request: Req);
        done coll::ibcast "MPI_Ibcast" large (buffer: Buf, count: Count, datatype: Type, root: Rank, comm: Comm, > request: Req);
        done coll::iexscan "MPI_Iexscan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        done coll::igather "MPI_Igather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        done coll::igatherv "MPI_Igatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        done coll::ineighbor_allgather "MPI_Ineighbor_allgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        done coll::ineighbor_allgatherv "MPI_Ineighbor_allgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, > request: Req);
        done coll::ineighbor_alltoall "MPI_Ineighbor_alltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        done coll::ineighbor_alltoallv "MPI_Ineighbor_alltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, > request: Req);
        done coll::ineighbor_alltoallw "MPI_Ineighbor_alltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Aints, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Aints, recvtypes: Types, comm: Comm, > request: Req);
        done coll::ireduce "MPI_Ireduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, root: Rank, comm: Comm, > request: Req);
        done coll::ireduce_scatter "MPI_Ireduce_scatter" large (sendbuf: Buf, recvbuf: Buf, recvcounts: Counts, datatype: Type, op: Op, comm: Comm, > request: Req);
        done coll::ireduce_scatter_block "MPI_Ireduce_scatter_block" large (sendbuf: Buf, recvbuf: Buf, recvcount: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        done coll::iscan "MPI_Iscan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        done coll::iscatter "MPI_Iscatter" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        done coll::iscatterv "MPI_Iscatterv" large (sendbuf: Buf, sendcounts: Counts, displs: Counts, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        done coll::neighbor_allgather "MPI_Neighbor_allgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        done coll::neighbor_allgather_init "MPI_Neighbor_allgather_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::neighbor_allgatherv "MPI_Neighbor_allgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm);
        done coll::neighbor_allgatherv_init "MPI_Neighbor_allgatherv_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::neighbor_alltoall "MPI_Neighbor_alltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        done coll::neighbor_alltoall_init "MPI_Neighbor_alltoall_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::neighbor_alltoallv "MPI_Neighbor_alltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm);
        done coll::neighbor_alltoallv_init "MPI_Neighbor_alltoallv_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        done coll::neighbor_alltoallw "MPI_Neighbor_alltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Aints, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Aints, recvtypes: Types, comm: Comm);
        done coll::neighbor_alltoallw_init "MPI_Neighbor_alltoallw_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Aints, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Aints, recvtypes: Types, comm: Comm, info: Info, > request: Req);
        done coll::reduce "MPI_Reduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, root: Rank, comm: Comm);
        done coll::reduce_init "MPI_Reduce_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, root: Rank, comm: Comm, info: Info, > request: Req);
        done coll::reduce_scatter "MPI_Reduce_scatter" large (sendbuf: Buf, recvbuf: Buf, recvcounts: Counts, datatype: Type, op: Op, comm: Comm);
        done coll::reduce_scatter_block "MPI_Reduce_scatter_block" large (sendbuf: Buf, recvbuf: Buf, recvcount: Count, datatype: Type, op: Op, comm: Comm);
        done coll::reduce_scatter_block_init "MPI_Reduce_scatter_block_init" large (sendbuf: Buf, recvbuf: Buf, recvcount: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        done coll::reduce_scatter_init "MPI_Reduce_scatter_init" large (sendbuf: Buf, recvbuf: Buf, recvcounts: Counts, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        done coll::scan "MPI_Scan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm);
        done coll::scan_init "MPI_Scan_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        done coll::scatter "MPI_Scatter" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm);
        done coll::scatter_init "MPI_Scatter_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        done coll::scatterv "MPI_Scatterv" large (sendbuf: Buf, sendcounts: Counts, displs: Counts, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm);
        done coll::scatterv_init "MPI_Scatterv_init" large (sendbuf: Buf, sendcounts: Counts, displs: Counts, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
    } };
}
