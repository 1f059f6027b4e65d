//! Starting, stopping, time, memory and inquiries.

#[macro_export]
#[rustfmt::skip]
macro_rules! env_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Abi_get_fortran_booleans" (logical_size: Int, logical_true: Buf, logical_false: Buf, > is_set: Flag);
        stub "MPI_Abi_get_fortran_info" (> info: Info);
        stub "MPI_Abi_get_info" (> info: Info);
        stub "MPI_Abi_get_version" (> abi_major: Int, > abi_minor: Int);
        stub "MPI_Abi_set_fortran_booleans" (logical_size: Int, logical_true: Buf, logical_false: Buf);
        stub "MPI_Abi_set_fortran_info" (info: Info);
        stub "MPI_Abort" (comm: Comm, errorcode: ErrCode);
        stub "MPI_Alloc_mem" (size: Aint, info: Info, > baseptr: Addr);
        stub "MPI_Finalize" ();
        stub "MPI_Finalized" (> flag: Flag);
        stub "MPI_Free_mem" (base: Buf);
        stub "MPI_Get_hw_resource_info" (> hw_info: Info);
        stub "MPI_Get_library_version" (version: VersionOut, > resultlen: Int);
        stub "MPI_Get_processor_name" (name: ProcessorOut, > resultlen: Int);
        stub "MPI_Get_version" (> version: Int, > subversion: Int);
        stub "MPI_Init" (~ argc: Raw, ~ argv: Raw);
        stub "MPI_Init_thread" (~ argc: Raw, ~ argv: Raw, required: Thread, > provided: Thread);
        stub "MPI_Initialized" (> flag: Flag);
        stub "MPI_Is_thread_main" (> flag: Flag);
        stub "MPI_Pcontrol" (level: Int);
        stub "MPI_Query_thread" (> provided: Thread);
        kitvalue wtick "MPI_Wtick" () -> Double;
        kitvalue wtime "MPI_Wtime" () -> Double;
    } };
}
