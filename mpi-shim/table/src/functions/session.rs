//! Sessions.

#[macro_export]
#[rustfmt::skip]
macro_rules! session_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Session_attach_buffer" large (session: Session, buffer: Buf, size: Count);
        stub "MPI_Session_detach_buffer" large (session: Session, > buffer_addr: Addr, > size: Count);
        stub "MPI_Session_finalize" (session: IoSession);
        stub "MPI_Session_flush_buffer" (session: Session);
        stub "MPI_Session_get_info" (session: Session, > info_used: Info);
        stub "MPI_Session_get_nth_pset" (session: Session, info: Info, n: Int, pset_len: IoInt, pset_name: StrOut);
        stub "MPI_Session_get_num_psets" (session: Session, info: Info, > npset_names: Int);
        stub "MPI_Session_get_pset_info" (session: Session, pset_name: Str, > info: Info);
        stub "MPI_Session_iflush_buffer" (session: Session, > request: Req);
        stub "MPI_Session_init" (info: Info, errhandler: Errh, > session: Session);
        stub "MPI_Session_set_info" (session: Session, info: Info);
    } };
}
