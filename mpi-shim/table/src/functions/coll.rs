//! Collective communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! coll_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Allgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        stub "MPI_Allgather_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Allgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm);
        stub "MPI_Allgatherv_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Allreduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm);
        stub "MPI_Allreduce_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        stub "MPI_Alltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        stub "MPI_Alltoall_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Alltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm);
        stub "MPI_Alltoallv_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Alltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtypes: Types, comm: Comm);
        stub "MPI_Alltoallw_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtypes: Types, comm: Comm, info: Info, > request: Req);
        stub "MPI_Barrier" (comm: Comm);
        stub "MPI_Barrier_init" (comm: Comm, info: Info, > request: Req);
        stub "MPI_Bcast" large (buffer: Buf, count: Count, datatype: Type, root: Rank, comm: Comm);
        stub "MPI_Bcast_init" large (buffer: Buf, count: Count, datatype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        stub "MPI_Exscan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm);
        stub "MPI_Exscan_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        stub "MPI_Gather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm);
        stub "MPI_Gather_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        stub "MPI_Gatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, root: Rank, comm: Comm);
        stub "MPI_Gatherv_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        stub "MPI_Iallgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Iallgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Iallreduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        stub "MPI_Ialltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Ialltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Ialltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtypes: Types, comm: Comm, > request: Req);
        stub "MPI_Ibarrier" (comm: Comm, > request: Req);
        stub "MPI_Ibcast" large (buffer: Buf, count: Count, datatype: Type, root: Rank, comm: Comm, > request: Req);
        stub "MPI_Iexscan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        stub "MPI_Igather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        stub "MPI_Igatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        stub "MPI_Ineighbor_allgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Ineighbor_allgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Ineighbor_alltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Ineighbor_alltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, > request: Req);
        stub "MPI_Ineighbor_alltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Aints, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Aints, recvtypes: Types, comm: Comm, > request: Req);
        stub "MPI_Ireduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, root: Rank, comm: Comm, > request: Req);
        stub "MPI_Ireduce_scatter" large (sendbuf: Buf, recvbuf: Buf, recvcounts: Counts, datatype: Type, op: Op, comm: Comm, > request: Req);
        stub "MPI_Ireduce_scatter_block" large (sendbuf: Buf, recvbuf: Buf, recvcount: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        stub "MPI_Iscan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, > request: Req);
        stub "MPI_Iscatter" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        stub "MPI_Iscatterv" large (sendbuf: Buf, sendcounts: Counts, displs: Counts, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, > request: Req);
        stub "MPI_Neighbor_allgather" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        stub "MPI_Neighbor_allgather_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Neighbor_allgatherv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm);
        stub "MPI_Neighbor_allgatherv_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcounts: Counts, displs: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Neighbor_alltoall" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm);
        stub "MPI_Neighbor_alltoall_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Neighbor_alltoallv" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm);
        stub "MPI_Neighbor_alltoallv_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Counts, sendtype: Type, recvbuf: Buf, recvcounts: Counts, rdispls: Counts, recvtype: Type, comm: Comm, info: Info, > request: Req);
        stub "MPI_Neighbor_alltoallw" large (sendbuf: Buf, sendcounts: Counts, sdispls: Aints, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Aints, recvtypes: Types, comm: Comm);
        stub "MPI_Neighbor_alltoallw_init" large (sendbuf: Buf, sendcounts: Counts, sdispls: Aints, sendtypes: Types, recvbuf: Buf, recvcounts: Counts, rdispls: Aints, recvtypes: Types, comm: Comm, info: Info, > request: Req);
        stub "MPI_Reduce" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, root: Rank, comm: Comm);
        stub "MPI_Reduce_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, root: Rank, comm: Comm, info: Info, > request: Req);
        stub "MPI_Reduce_scatter" large (sendbuf: Buf, recvbuf: Buf, recvcounts: Counts, datatype: Type, op: Op, comm: Comm);
        stub "MPI_Reduce_scatter_block" large (sendbuf: Buf, recvbuf: Buf, recvcount: Count, datatype: Type, op: Op, comm: Comm);
        stub "MPI_Reduce_scatter_block_init" large (sendbuf: Buf, recvbuf: Buf, recvcount: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        stub "MPI_Reduce_scatter_init" large (sendbuf: Buf, recvbuf: Buf, recvcounts: Counts, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        stub "MPI_Scan" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm);
        stub "MPI_Scan_init" large (sendbuf: Buf, recvbuf: Buf, count: Count, datatype: Type, op: Op, comm: Comm, info: Info, > request: Req);
        stub "MPI_Scatter" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm);
        stub "MPI_Scatter_init" large (sendbuf: Buf, sendcount: Count, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
        stub "MPI_Scatterv" large (sendbuf: Buf, sendcounts: Counts, displs: Counts, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm);
        stub "MPI_Scatterv_init" large (sendbuf: Buf, sendcounts: Counts, displs: Counts, sendtype: Type, recvbuf: Buf, recvcount: Count, recvtype: Type, root: Rank, comm: Comm, info: Info, > request: Req);
    } };
}
