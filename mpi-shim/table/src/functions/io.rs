//! Parallel files.

#[macro_export]
#[rustfmt::skip]
macro_rules! io_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_File_close" (fh: IoFile);
        stub "MPI_File_delete" (filename: Str, info: Info);
        stub "MPI_File_get_amode" (fh: File, > amode: Amode);
        stub "MPI_File_get_atomicity" (fh: File, > flag: Flag);
        stub "MPI_File_get_byte_offset" (fh: File, offset: Aint, > disp: Aint);
        stub "MPI_File_get_group" (fh: File, > group: Group);
        stub "MPI_File_get_info" (fh: File, > info_used: Info);
        stub "MPI_File_get_position" (fh: File, > offset: Aint);
        stub "MPI_File_get_position_shared" (fh: File, > offset: Aint);
        stub "MPI_File_get_size" (fh: File, > size: Aint);
        stub "MPI_File_get_type_extent" large (fh: File, datatype: Type, > extent: Aint);
        stub "MPI_File_get_view" (fh: File, > disp: Aint, > etype: Type, > filetype: Type, datarep: StrOut);
        stub "MPI_File_iread" large (fh: File, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iread_all" large (fh: File, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iread_at" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iread_at_all" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iread_shared" large (fh: File, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iwrite" large (fh: File, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iwrite_all" large (fh: File, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iwrite_at" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iwrite_at_all" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_iwrite_shared" large (fh: File, buf: Buf, count: Count, datatype: Type, > request: Req);
        stub "MPI_File_open" (comm: Comm, filename: Str, amode: Amode, info: Info, > fh: File);
        stub "MPI_File_preallocate" (fh: File, size: Aint);
        stub "MPI_File_read" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_read_all" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_read_all_begin" large (fh: File, buf: Buf, count: Count, datatype: Type);
        stub "MPI_File_read_all_end" (fh: File, buf: Buf, status: Status);
        stub "MPI_File_read_at" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_read_at_all" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_read_at_all_begin" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type);
        stub "MPI_File_read_at_all_end" (fh: File, buf: Buf, status: Status);
        stub "MPI_File_read_ordered" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_read_ordered_begin" large (fh: File, buf: Buf, count: Count, datatype: Type);
        stub "MPI_File_read_ordered_end" (fh: File, buf: Buf, status: Status);
        stub "MPI_File_read_shared" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_seek" (fh: File, offset: Aint, whence: Whence);
        stub "MPI_File_seek_shared" (fh: File, offset: Aint, whence: Whence);
        stub "MPI_File_set_atomicity" (fh: File, flag: Flag);
        stub "MPI_File_set_info" (fh: File, info: Info);
        stub "MPI_File_set_size" (fh: File, size: Aint);
        stub "MPI_File_set_view" (fh: File, disp: Aint, etype: Type, filetype: Type, datarep: Str, info: Info);
        stub "MPI_File_sync" (fh: File);
        stub "MPI_File_write" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_write_all" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_write_all_begin" large (fh: File, buf: Buf, count: Count, datatype: Type);
        stub "MPI_File_write_all_end" (fh: File, buf: Buf, status: Status);
        stub "MPI_File_write_at" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_write_at_all" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_write_at_all_begin" large (fh: File, offset: Aint, buf: Buf, count: Count, datatype: Type);
        stub "MPI_File_write_at_all_end" (fh: File, buf: Buf, status: Status);
        stub "MPI_File_write_ordered" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_File_write_ordered_begin" large (fh: File, buf: Buf, count: Count, datatype: Type);
        stub "MPI_File_write_ordered_end" (fh: File, buf: Buf, status: Status);
        stub "MPI_File_write_shared" large (fh: File, buf: Buf, count: Count, datatype: Type, status: Status);
        stub "MPI_Register_datarep" large (datarep: Str, read_conversion_fn: PolyFn, write_conversion_fn: PolyFn, dtype_file_extent_fn: Fn, extra_state: Addr);
    } };
}
