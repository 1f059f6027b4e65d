//! Sessions.

#[macro_export]
#[rustfmt::skip]
macro_rules! session_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done p2p::session_attach_buffer "MPI_Session_attach_buffer" large (session: Session, buffer: Buf, size: Count);
        done p2p::session_detach_buffer "MPI_Session_detach_buffer" large (session: Session, > buffer_addr: AttachedBuf, > size: Count);
        any session::session_finalize "MPI_Session_finalize" (session: IoSession);
        done p2p::session_flush_buffer "MPI_Session_flush_buffer" (session: Session);
        any session::session_get_info "MPI_Session_get_info" (session: Session, > info_used: Info);
        done session::session_get_nth_pset "MPI_Session_get_nth_pset" (session: Session, info: Info, n: Int, pset_len: IoInt, pset_name: StrOut);
        done session::session_get_num_psets "MPI_Session_get_num_psets" (session: Session, info: Info, > npset_names: Int);
        done session::session_get_pset_info "MPI_Session_get_pset_info" (session: Session, pset_name: Str, > info: Info);
        done p2p::session_iflush_buffer "MPI_Session_iflush_buffer" (session: Session, > request: Req);
        any session::session_init "MPI_Session_init" (info: Info, errhandler: Errh, > session: Session);
        any session::session_set_info "MPI_Session_set_info" (session: Session, info: Info);
    } };
}
