//! One-sided communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! rma_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Accumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win);
        stub "MPI_Compare_and_swap" (origin_addr: Buf, compare_addr: Buf, result_addr: Buf, datatype: Type, target_rank: Rank, target_disp: Aint, win: Win);
        stub "MPI_Fetch_and_op" (origin_addr: Buf, result_addr: Buf, datatype: Type, target_rank: Rank, target_disp: Aint, op: Op, win: Win);
        stub "MPI_Get" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win);
        stub "MPI_Get_accumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, result_addr: Buf, result_count: Count, result_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win);
        stub "MPI_Put" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win);
        stub "MPI_Raccumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win, > request: Req);
        stub "MPI_Rget" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win, > request: Req);
        stub "MPI_Rget_accumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, result_addr: Buf, result_count: Count, result_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win, > request: Req);
        stub "MPI_Rput" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win, > request: Req);
        stub "MPI_Win_allocate" large (size: Aint, disp_unit: Count, info: Info, comm: Comm, > baseptr: Addr, > win: Win);
        stub "MPI_Win_allocate_shared" large (size: Aint, disp_unit: Count, info: Info, comm: Comm, > baseptr: Addr, > win: Win);
        stub "MPI_Win_attach" (win: Win, base: Buf, size: Aint);
        stub "MPI_Win_complete" (win: Win);
        stub "MPI_Win_create" large (base: Buf, size: Aint, disp_unit: Count, info: Info, comm: Comm, > win: Win);
        stub "MPI_Win_create_dynamic" (info: Info, comm: Comm, > win: Win);
        stub "MPI_Win_detach" (win: Win, base: Buf);
        stub "MPI_Win_fence" (assert: Assert, win: Win);
        stub "MPI_Win_flush" (rank: Rank, win: Win);
        stub "MPI_Win_flush_all" (win: Win);
        stub "MPI_Win_flush_local" (rank: Rank, win: Win);
        stub "MPI_Win_flush_local_all" (win: Win);
        stub "MPI_Win_free" (win: IoWin);
        stub "MPI_Win_get_group" (win: Win, > group: Group);
        stub "MPI_Win_get_info" (win: Win, > info_used: Info);
        stub "MPI_Win_get_name" (win: Win, win_name: NameOut, > resultlen: Int);
        stub "MPI_Win_lock" (lock_type: Lock, rank: Rank, assert: Assert, win: Win);
        stub "MPI_Win_lock_all" (assert: Assert, win: Win);
        stub "MPI_Win_post" (group: Group, assert: Assert, win: Win);
        stub "MPI_Win_set_info" (win: Win, info: Info);
        stub "MPI_Win_set_name" (win: Win, win_name: Str);
        stub "MPI_Win_shared_query" large (win: Win, rank: Rank, > size: Aint, > disp_unit: Count, > baseptr: Addr);
        stub "MPI_Win_start" (group: Group, assert: Assert, win: Win);
        stub "MPI_Win_sync" (win: Win);
        stub "MPI_Win_test" (win: Win, > flag: Flag);
        stub "MPI_Win_unlock" (rank: Rank, win: Win);
        stub "MPI_Win_unlock_all" (win: Win);
        stub "MPI_Win_wait" (win: Win);
    } };
}
