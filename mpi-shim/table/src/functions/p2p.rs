//! Point-to-point communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! p2p_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Bsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        stub "MPI_Bsend_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Buffer_attach" large (buffer: Buf, size: Count);
        stub "MPI_Buffer_detach" large (> buffer_addr: Addr, > size: Count);
        stub "MPI_Buffer_flush" ();
        stub "MPI_Buffer_iflush" (> request: Req);
        stub "MPI_Cancel" (request: IoReq);
        stub "MPI_Comm_attach_buffer" large (comm: Comm, buffer: Buf, size: Count);
        stub "MPI_Comm_detach_buffer" large (comm: Comm, > buffer_addr: Addr, > size: Count);
        stub "MPI_Comm_flush_buffer" (comm: Comm);
        stub "MPI_Comm_iflush_buffer" (comm: Comm, > request: Req);
        stub "MPI_Grequest_complete" (request: Req);
        stub "MPI_Grequest_start" (query_fn: Fn, free_fn: Fn, cancel_fn: Fn, extra_state: Addr, > request: Req);
        stub "MPI_Ibsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Improbe" (source: Rank, tag: Tag, comm: Comm, > flag: Flag, > message: Message, status: Status);
        stub "MPI_Imrecv" large (buf: Buf, count: Count, datatype: Type, message: IoMessage, > request: Req);
        stub "MPI_Iprobe" (source: Rank, tag: Tag, comm: Comm, > flag: Flag, status: Status);
        stub "MPI_Irecv" large (buf: Buf, count: Count, datatype: Type, source: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Irsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Isend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Isendrecv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, dest: Rank, sendtag: Tag, recvbuf: Buf, recvcount: Count, recvtype: Type, source: Rank, recvtag: Tag, comm: Comm, > request: Req);
        stub "MPI_Isendrecv_replace" large (buf: Buf, count: Count, datatype: Type, dest: Rank, sendtag: Tag, source: Rank, recvtag: Tag, comm: Comm, > request: Req);
        stub "MPI_Issend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Mprobe" (source: Rank, tag: Tag, comm: Comm, > message: Message, status: Status);
        stub "MPI_Mrecv" large (buf: Buf, count: Count, datatype: Type, message: IoMessage, status: Status);
        stub "MPI_Probe" (source: Rank, tag: Tag, comm: Comm, status: Status);
        stub "MPI_Recv" large (buf: Buf, count: Count, datatype: Type, source: Rank, tag: Tag, comm: Comm, status: Status);
        stub "MPI_Recv_init" large (buf: Buf, count: Count, datatype: Type, source: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Request_free" (request: IoReq);
        stub "MPI_Request_get_status" (request: Req, > flag: Flag, status: Status);
        stub "MPI_Request_get_status_all" (count: Int, array_of_requests: Reqs, > flag: Flag, array_of_statuses: Statuses);
        stub "MPI_Request_get_status_any" (count: Int, array_of_requests: Reqs, > index: Int, > flag: Flag, status: Status);
        stub "MPI_Request_get_status_some" (incount: Int, array_of_requests: Reqs, > outcount: Int, array_of_indices: Ints, array_of_statuses: Statuses);
        stub "MPI_Rsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        stub "MPI_Rsend_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Send" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        stub "MPI_Send_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Sendrecv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, dest: Rank, sendtag: Tag, recvbuf: Buf, recvcount: Count, recvtype: Type, source: Rank, recvtag: Tag, comm: Comm, status: Status);
        stub "MPI_Sendrecv_replace" large (buf: Buf, count: Count, datatype: Type, dest: Rank, sendtag: Tag, source: Rank, recvtag: Tag, comm: Comm, status: Status);
        stub "MPI_Ssend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        stub "MPI_Ssend_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        stub "MPI_Start" (request: IoReq);
        stub "MPI_Startall" (count: Int, array_of_requests: Reqs);
        stub "MPI_Test" (request: IoReq, > flag: Flag, status: Status);
        stub "MPI_Test_cancelled" (status: Status, > flag: Flag);
        stub "MPI_Testall" (count: Int, array_of_requests: Reqs, > flag: Flag, array_of_statuses: Statuses);
        stub "MPI_Testany" (count: Int, array_of_requests: Reqs, > index: Int, > flag: Flag, status: Status);
        stub "MPI_Testsome" (incount: Int, array_of_requests: Reqs, > outcount: Int, array_of_indices: Ints, array_of_statuses: Statuses);
        stub "MPI_Wait" (request: IoReq, status: Status);
        stub "MPI_Waitall" (count: Int, array_of_requests: Reqs, array_of_statuses: Statuses);
        stub "MPI_Waitany" (count: Int, array_of_requests: Reqs, > index: Int, status: Status);
        stub "MPI_Waitsome" (incount: Int, array_of_requests: Reqs, > outcount: Int, array_of_indices: Ints, array_of_statuses: Statuses);
    } };
}
