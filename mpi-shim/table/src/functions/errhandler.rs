//! Error handlers and error codes.

#[macro_export]
#[rustfmt::skip]
macro_rules! errhandler_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Add_error_class" (> errorclass: ErrCode);
        stub "MPI_Add_error_code" (errorclass: ErrCode, > errorcode: ErrCode);
        stub "MPI_Add_error_string" (errorcode: ErrCode, string: Str);
        stub "MPI_Comm_call_errhandler" (comm: Comm, errorcode: ErrCode);
        stub "MPI_Comm_create_errhandler" (comm_errhandler_fn: Fn, > errhandler: Errh);
        stub "MPI_Comm_get_errhandler" (comm: Comm, > errhandler: Errh);
        stub "MPI_Comm_set_errhandler" (comm: Comm, errhandler: Errh);
        stub "MPI_Errhandler_free" (errhandler: IoErrh);
        stub "MPI_Error_class" (errorcode: ErrCode, > errorclass: ErrCode);
        stub "MPI_Error_string" (errorcode: ErrCode, string: ErrorOut, > resultlen: Int);
        stub "MPI_File_call_errhandler" (fh: File, errorcode: ErrCode);
        stub "MPI_File_create_errhandler" (file_errhandler_fn: Fn, > errhandler: Errh);
        stub "MPI_File_get_errhandler" (file: File, > errhandler: Errh);
        stub "MPI_File_set_errhandler" (file: File, errhandler: Errh);
        stub "MPI_Remove_error_class" (errorclass: ErrCode);
        stub "MPI_Remove_error_code" (errorcode: ErrCode);
        stub "MPI_Remove_error_string" (errorcode: ErrCode);
        stub "MPI_Session_call_errhandler" (session: Session, errorcode: ErrCode);
        stub "MPI_Session_create_errhandler" (session_errhandler_fn: Fn, > errhandler: Errh);
        stub "MPI_Session_get_errhandler" (session: Session, > errhandler: Errh);
        stub "MPI_Session_set_errhandler" (session: Session, errhandler: Errh);
        stub "MPI_Win_call_errhandler" (win: Win, errorcode: ErrCode);
        stub "MPI_Win_create_errhandler" (win_errhandler_fn: Fn, > errhandler: Errh);
        stub "MPI_Win_get_errhandler" (win: Win, > errhandler: Errh);
        stub "MPI_Win_set_errhandler" (win: Win, errhandler: Errh);
    } };
}
