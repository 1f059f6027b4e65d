//! Point-to-point communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! p2p_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done p2p::bsend "MPI_Bsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        done p2p::bsend_init "MPI_Bsend_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::buffer_attach "MPI_Buffer_attach" large (buffer: Buf, size: Count);
        done p2p::buffer_detach "MPI_Buffer_detach" large (> buffer_addr: AttachedBuf, > size: Count);
        done p2p::buffer_flush "MPI_Buffer_flush" ();
        done p2p::buffer_iflush "MPI_Buffer_iflush" (> request: Req);
        done request::cancel "MPI_Cancel" (request: IoReq);
        done p2p::comm_attach_buffer "MPI_Comm_attach_buffer" large (comm: Comm, buffer: Buf, size: Count);
        done p2p::comm_detach_buffer "MPI_Comm_detach_buffer" large (comm: Comm, > buffer_addr: AttachedBuf, > size: Count);
        done p2p::comm_flush_buffer "MPI_Comm_flush_buffer" (comm: Comm);
        done p2p::comm_iflush_buffer "MPI_Comm_iflush_buffer" (comm: Comm, > request: Req);
        done request::grequest_complete "MPI_Grequest_complete" (request: Req);
        done request::grequest_start "MPI_Grequest_start" (query_fn: Fn, free_fn: Fn, cancel_fn: Fn, extra_state: Addr, > request: Req);
        done p2p::ibsend "MPI_Ibsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::improbe "MPI_Improbe" (source: Rank, tag: Tag, comm: Comm, > flag: Flag, > message: Message, status: Status);
        done p2p::imrecv "MPI_Imrecv" large (buf: Buf, count: Count, datatype: Type, message: IoMessage, > request: Req);
        done p2p::iprobe "MPI_Iprobe" (source: Rank, tag: Tag, comm: Comm, > flag: Flag, status: Status);
        done p2p::irecv "MPI_Irecv" large (buf: Buf, count: Count, datatype: Type, source: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::irsend "MPI_Irsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::isend "MPI_Isend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::isendrecv "MPI_Isendrecv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, dest: Rank, sendtag: Tag, recvbuf: Buf, recvcount: Count, recvtype: Type, source: Rank, recvtag: Tag, comm: Comm, > request: Req);
        done p2p::isendrecv_replace "MPI_Isendrecv_replace" large (buf: Buf, count: Count, datatype: Type, dest: Rank, sendtag: Tag, source: Rank, recvtag: Tag, comm: Comm, > request: Req);
        done p2p::issend "MPI_Issend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::mprobe "MPI_Mprobe" (source: Rank, tag: Tag, comm: Comm, > message: Message, status: Status);
        done p2p::mrecv "MPI_Mrecv" large (buf: Buf, count: Count, datatype: Type, message: IoMessage, status: Status);
        done p2p::probe "MPI_Probe" (source: Rank, tag: Tag, comm: Comm, status: Status);
        done p2p::recv "MPI_Recv" large (buf: Buf, count: Count, datatype: Type, source: Rank, tag: Tag, comm: Comm, status: Status);
        done p2p::recv_init "MPI_Recv_init" large (buf: Buf, count: Count, datatype: Type, source: Rank, tag: Tag, comm: Comm, > request: Req);
        done request::request_free "MPI_Request_free" (request: IoReq);
        done request::request_get_status "MPI_Request_get_status" (request: Req, > flag: Flag, status: Status);
        done request::request_get_status_all "MPI_Request_get_status_all" (count: Int, array_of_requests: Reqs, > flag: Flag, array_of_statuses: Statuses);
        done request::request_get_status_any "MPI_Request_get_status_any" (count: Int, array_of_requests: Reqs, > index: Int, > flag: Flag, status: Status);
        done request::request_get_status_some "MPI_Request_get_status_some" (incount: Int, array_of_requests: Reqs, > outcount: Int, array_of_indices: Ints, array_of_statuses: Statuses);
        done p2p::rsend "MPI_Rsend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        done p2p::rsend_init "MPI_Rsend_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::send "MPI_Send" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        done p2p::send_init "MPI_Send_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done p2p::sendrecv "MPI_Sendrecv" large (sendbuf: Buf, sendcount: Count, sendtype: Type, dest: Rank, sendtag: Tag, recvbuf: Buf, recvcount: Count, recvtype: Type, source: Rank, recvtag: Tag, comm: Comm, status: Status);
        done p2p::sendrecv_replace "MPI_Sendrecv_replace" large (buf: Buf, count: Count, datatype: Type, dest: Rank, sendtag: Tag, source: Rank, recvtag: Tag, comm: Comm, status: Status);
        done p2p::ssend "MPI_Ssend" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm);
        done p2p::ssend_init "MPI_Ssend_init" large (buf: Buf, count: Count, datatype: Type, dest: Rank, tag: Tag, comm: Comm, > request: Req);
        done request::start "MPI_Start" (request: IoReq);
        done request::startall "MPI_Startall" (count: Int, array_of_requests: Reqs);
        done request::test "MPI_Test" (request: IoReq, > flag: Flag, status: Status);
        done request::test_cancelled "MPI_Test_cancelled" (status: Status, > flag: Flag);
        done request::testall "MPI_Testall" (count: Int, array_of_requests: Reqs, > flag: Flag, array_of_statuses: Statuses);
        done request::testany "MPI_Testany" (count: Int, array_of_requests: Reqs, > index: Int, > flag: Flag, status: Status);
        done request::testsome "MPI_Testsome" (incount: Int, array_of_requests: Reqs, > outcount: Int, array_of_indices: Ints, array_of_statuses: Statuses);
        done request::wait "MPI_Wait" (request: IoReq, status: Status);
        done request::waitall "MPI_Waitall" (count: Int, array_of_requests: Reqs, array_of_statuses: Statuses);
        done request::waitany "MPI_Waitany" (count: Int, array_of_requests: Reqs, > index: Int, status: Status);
        done request::waitsome "MPI_Waitsome" (incount: Int, array_of_requests: Reqs, > outcount: Int, array_of_indices: Ints, array_of_statuses: Statuses);
    } };
}
