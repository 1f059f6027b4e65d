//! Error handlers and error codes.

#[macro_export]
#[rustfmt::skip]
macro_rules! errhandler_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        any errhandler::add_error_class "MPI_Add_error_class" (> errorclass: ErrCode);
        any errhandler::add_error_code "MPI_Add_error_code" (errorclass: ErrCode, > errorcode: ErrCode);
        any errhandler::add_error_string "MPI_Add_error_string" (errorcode: ErrCode, string: Str);
        done errhandler::comm_call_errhandler "MPI_Comm_call_errhandler" (comm: Comm, errorcode: ErrCode);
        any errhandler::comm_create_errhandler "MPI_Comm_create_errhandler" (comm_errhandler_fn: Fn, > errhandler: Errh);
        done errhandler::comm_get_errhandler "MPI_Comm_get_errhandler" (comm: Comm, > errhandler: Errh);
        done errhandler::comm_set_errhandler "MPI_Comm_set_errhandler" (comm: Comm, errhandler: Errh);
        any errhandler::errhandler_free "MPI_Errhandler_free" (errhandler: IoErrh);
        any errhandler::error_class "MPI_Error_class" (errorcode: ErrCode, > errorclass: ErrCode);
        any errhandler::error_string "MPI_Error_string" (errorcode: ErrText, string: ErrorOut, > resultlen: Int);
        done errhandler::file_call_errhandler "MPI_File_call_errhandler" (fh: File, errorcode: ErrCode);
        any errhandler::file_create_errhandler "MPI_File_create_errhandler" (file_errhandler_fn: Fn, > errhandler: Errh);
        done errhandler::file_get_errhandler "MPI_File_get_errhandler" (file: File, > errhandler: Errh);
        done errhandler::file_set_errhandler "MPI_File_set_errhandler" (file: File, errhandler: Errh);
        any errhandler::remove_error_class "MPI_Remove_error_class" (errorclass: ErrCode);
        any errhandler::remove_error_code "MPI_Remove_error_code" (errorcode: ErrCode);
        any errhandler::remove_error_string "MPI_Remove_error_string" (errorcode: ErrCode);
        any errhandler::session_call_errhandler "MPI_Session_call_errhandler" (session: Session, errorcode: ErrCode);
        any errhandler::session_create_errhandler "MPI_Session_create_errhandler" (session_errhandler_fn: Fn, > errhandler: Errh);
        any errhandler::session_get_errhandler "MPI_Session_get_errhandler" (session: Session, > errhandler: Errh);
        any errhandler::session_set_errhandler "MPI_Session_set_errhandler" (session: Session, errhandler: Errh);
        done errhandler::win_call_errhandler "MPI_Win_call_errhandler" (win: Win, errorcode: ErrCode);
        any errhandler::win_create_errhandler "MPI_Win_create_errhandler" (win_errhandler_fn: Fn, > errhandler: Errh);
        done errhandler::win_get_errhandler "MPI_Win_get_errhandler" (win: Win, > errhandler: Errh);
        done errhandler::win_set_errhandler "MPI_Win_set_errhandler" (win: Win, errhandler: Errh);
    } };
}
