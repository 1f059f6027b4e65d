//! Starting, stopping, time, memory and inquiries.

#[macro_export]
#[rustfmt::skip]
macro_rules! env_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        any env::abi_get_fortran_booleans "MPI_Abi_get_fortran_booleans" (logical_size: Int, logical_true: Buf, logical_false: Buf, > is_set: Flag);
        any env::abi_get_fortran_info "MPI_Abi_get_fortran_info" (> info: Info);
        any env::abi_get_info "MPI_Abi_get_info" (> info: Info);
        any env::abi_get_version "MPI_Abi_get_version" (> abi_major: Int, > abi_minor: Int);
        any env::abi_set_fortran_booleans "MPI_Abi_set_fortran_booleans" (logical_size: Int, logical_true: Buf, logical_false: Buf);
        any env::abi_set_fortran_info "MPI_Abi_set_fortran_info" (info: Info);
        any env::abort "MPI_Abort" (comm: Comm, errorcode: ErrCode);
        any env::alloc_mem "MPI_Alloc_mem" (size: Aint, info: Info, > baseptr: Addr);
        done env::finalize "MPI_Finalize" ();
        any env::finalized "MPI_Finalized" (> flag: Flag);
        any env::free_mem "MPI_Free_mem" (base: Buf);
        done env::get_hw_resource_info "MPI_Get_hw_resource_info" (> hw_info: Info);
        any env::get_library_version "MPI_Get_library_version" (version: VersionOut, > resultlen: Int);
        done env::get_processor_name "MPI_Get_processor_name" (name: ProcessorOut, > resultlen: Int);
        anykit get_version "MPI_Get_version" (> version: Int, > subversion: Int);
        any env::init "MPI_Init" (~ argc: Raw, ~ argv: Raw);
        any env::init_thread "MPI_Init_thread" (~ argc: Raw, ~ argv: Raw, required: Thread, > provided: Thread);
        any env::initialized "MPI_Initialized" (> flag: Flag);
        done env::is_thread_main "MPI_Is_thread_main" (> flag: Flag);
        any env::pcontrol "MPI_Pcontrol" (level: Int);
        done env::query_thread "MPI_Query_thread" (> provided: Thread);
        value env::wtick "MPI_Wtick" () -> Double;
        value env::wtime "MPI_Wtime" () -> Double;
    } };
}
